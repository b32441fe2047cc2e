// SPDX-License-Identifier: BSD-3-Clause
//
// net_memif between two processes, in copy mode and without huge pages: frames pass whole or in
// pieces, and a peer that vanishes does no harm, however busy the worker is with its rings. Each
// test has two processes.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_arp.h>
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include "child.h"
#include "drivers/port_burst.h"
#include "drivers/system_state.h"
#include "raw.h"
#include "support/cmocka_headers.h"
#include "support/mbufs.h"

#define SERVER "net_memif0,role=server,socket=pollux-memif-test"
#define CLIENT "net_memif0,role=client,socket=pollux-memif-test"

enum {
	FRAMES = 2000,
	VANISHING_PEERS = 12,
	NOTICE_US = 100000, // until a server takes another client
};

// Sends back what comes, and has stopped reading before the client leaves.
static void echo_frames(int client)
{
	struct system *system = raw_start(SERVER);

	CHILD_CHECK(write(client, "r", 1) == 1);
	for (unsigned i = 0; i < FRAMES; i++)
		raw_send_mbuf(system, raw_receive_mbuf(system, RAW_ETHERTYPE));
	child_wait_for_close(client);
	child_stop(system);
}

static void wait_for_link(struct system *system)
{
	struct system_error error;

	CHILD_CHECK(system_wait_for_links(system, 5 * PLX_SECOND, &error) == 0);
}

static void exchange_frames(int server)
{
	struct system *system = raw_start(CLIENT);

	(void)server;
	wait_for_link(system);
	for (unsigned i = 0; i < FRAMES; i++) {
		raw_send_number(system, i, i % 2 == 0 ? 0 : 300);
		raw_receive_number(system, i);
	}
	child_stop(system);
}

static void exchange(void)
{
	child_serve(echo_frames, exchange_frames);
}

static void frames_pass_between_processes_without_huge_pages(void **state)
{
	(void)state;
	child_run_ok(exchange);
}

// A question that the server's stack answers.
static struct rte_mbuf *arp_request(struct rte_mempool *pool)
{
	struct {
		struct rte_ether_hdr ethernet;
		struct rte_arp_hdr arp;
	} frame = {
		.ethernet.ether_type = RTE_BE16(RTE_ETHER_TYPE_ARP),
		.arp.arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER),
		.arp.arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
		.arp.arp_hlen = 6,
		.arp.arp_plen = 4,
		.arp.arp_opcode = RTE_BE16(RTE_ARP_OP_REQUEST),
		.arp.arp_data.arp_sip = RTE_BE32(0xc6120009),
		.arp.arp_data.arp_tip = RTE_BE32(0xc6120001), // "left"
	};
	static const struct rte_ether_addr own = {{2, 't', 'e', 's', 't', 9}};

	memset(&frame.ethernet.dst_addr, 0xff, sizeof(own));
	frame.ethernet.src_addr = own;
	frame.arp.arp_data.arp_sha = own;
	return mbufs_frame(pool, &frame, sizeof(frame), 0);
}

// Asks as fast as it can, and is gone from one moment to the next.
static void ask_and_vanish(void)
{
	struct system *system = raw_start(CLIENT);
	struct port *port = system_port(system, 0);
	struct rte_mbuf *frames[WORKER_BURST];
	plx_time until;

	wait_for_link(system);
	until = system_now(system) + 20 * PLX_MILLISECOND;
	while (system_now(system) < until) {
		struct rte_mbuf *request = arp_request(system->pools[0]);

		rte_pktmbuf_free_bulk(frames, port_rx_burst(port, 0, frames, WORKER_BURST, 0));
		if (port_tx_burst(port, 0, &request, 1, 0) == 0)
			rte_pktmbuf_free(request);
	}
	kill(getpid(), SIGKILL);
}

static void send_peers_that_vanish(int server)
{
	(void)server;
	for (unsigned i = 0; i < VANISHING_PEERS; i++) {
		pid_t pid = fork();
		int status;

		CHILD_CHECK(pid >= 0);
		if (pid == 0) {
			ask_and_vanish();
			exit(0);
		}
		CHILD_CHECK(waitpid(pid, &status, 0) == pid);
		CHILD_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		usleep(NOTICE_US);
	}
}

static bool has_closed(void *context)
{
	static unsigned turns;
	const int *connection = context;
	char byte;

	// Seldom: the worker shall be busy with its rings, not with this.
	return ++turns % 4096 == 0 && recv(*connection, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

static void answer_until_told(int client)
{
	struct worker_run_config config = {.duration = 0};
	struct system *system = raw_start(SERVER);
	struct worker *worker = system_worker(system, 0);

	worker->application.context = &client;
	worker->application.is_finished = has_closed;
	worker->application.ends_run = true;
	CHILD_CHECK(write(client, "r", 1) == 1);
	CHILD_CHECK(child_run_workers(system, &config).end == WORKER_END_FINISHED);
	CHILD_CHECK(worker->counters.rx_frames > 0);
	CHILD_CHECK(worker->counters.tx_frames > worker->counters.tx_no_link);
	child_stop(system);
}

static void serve_peers_that_vanish(void)
{
	child_serve(answer_until_told, send_peers_that_vanish);
}

static void peers_that_vanish_do_no_harm(void **state)
{
	(void)state;
	child_run_ok(serve_peers_that_vanish);
}

static void wait_in_vain(void)
{
	struct system *system = raw_start(SERVER);
	struct system_error error;

	CHILD_CHECK(system_wait_for_links(system, 50 * PLX_MILLISECOND, &error) == -ENETDOWN);
	CHILD_CHECK(strcmp(error.where, "port left") == 0);
	child_stop(system);
}

static void a_link_that_does_not_come_is_named(void **state)
{
	(void)state;
	child_run_ok(wait_in_vain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_pass_between_processes_without_huge_pages),
		cmocka_unit_test(peers_that_vanish_do_no_harm),
		cmocka_unit_test(a_link_that_does_not_come_is_named),
	};

	return cmocka_run_group_tests_name("drivers/memif", tests, NULL, NULL);
}

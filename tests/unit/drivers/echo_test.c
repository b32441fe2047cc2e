// SPDX-License-Identifier: BSD-3-Clause
//
// The whole way: two stacks on workers of their own, a loopback or a net_ring between them, a
// connection that carries bytes there and back and ends in order. With cores of their own and by
// turns, through queues so short that the ports refuse, and through a shim that loses, duplicates,
// reorders and corrupts. Each is a child process.
#include <sched.h>
#include <string.h>

#include "child.h"
#include "drivers/port.h"
#include "support/cmocka_headers.h"

enum { PORT = 7 };

static uint64_t total_bytes = 1 << 20;

static uint8_t pattern(uint64_t offset)
{
	return (uint8_t)(offset * 7 + (offset >> 8));
}

// The side that opens, sends and compares.
struct client {
	struct plx_stack *stack;
	plx_conn conn;
	uint64_t sent;
	uint64_t received;
	bool has_ended;
	uint32_t last_mask;
};

static int client_start(void *context, struct plx_stack *stack, plx_time now)
{
	struct client *client = context;
	struct plx_connect_args args = {
		.remote = plx_addr_ipv4(198, 18, 0, 2),
		.remote_port = PORT,
	};

	(void)now;
	client->stack = stack;
	return plx_connect(stack, &args, &client->conn);
}

static void client_send(struct client *client)
{
	uint8_t bytes[8192];

	while (client->sent < total_bytes) {
		uint64_t left = total_bytes - client->sent;
		size_t len = left < sizeof(bytes) ? left : sizeof(bytes);
		int64_t taken;

		for (size_t i = 0; i < len; i++)
			bytes[i] = pattern(client->sent + i);
		taken = plx_send(client->stack, client->conn, bytes, len);
		if (taken <= 0)
			return;
		client->sent += (uint64_t)taken;
		if (client->sent == total_bytes)
			plx_shutdown(client->stack, client->conn, PLX_SHUTDOWN_WRITE);
	}
}

static void client_receive(struct client *client)
{
	uint8_t bytes[8192];
	int64_t len;

	while ((len = plx_recv(client->stack, client->conn, bytes, sizeof(bytes), 0)) > 0) {
		for (int64_t i = 0; i < len; i++)
			CHILD_CHECK(bytes[i] == pattern(client->received + (uint64_t)i));
		client->received += (uint64_t)len;
	}
	if (len == 0)
		plx_close(client->stack, client->conn);
}

static void client_on_events(void *context, struct plx_stack *stack, const struct plx_event *events,
			     unsigned n, plx_time now)
{
	struct client *client = context;

	(void)stack;
	(void)now;
	CHILD_CHECK(n == 1);
	client->last_mask = events->mask;
	if ((events->mask & (PLX_EVENT_CLOSED | PLX_EVENT_FAILED)) != 0) {
		client->has_ended = true;
		return;
	}
	if ((events->mask & (PLX_EVENT_CONNECTED | PLX_EVENT_WRITABLE)) != 0)
		client_send(client);
	if ((events->mask & (PLX_EVENT_READABLE | PLX_EVENT_PEER_CLOSED)) != 0)
		client_receive(client);
}

static bool client_is_finished(void *context)
{
	return ((struct client *)context)->has_ended;
}

// The side that sends everything back; one connection.
struct server {
	plx_conn listener;
	unsigned accepted;
	unsigned ended;
	uint8_t bytes[8192]; // received, not yet sent back
	size_t first;
	size_t end;
};

static int server_start(void *context, struct plx_stack *stack, plx_time now)
{
	struct server *server = context;
	struct plx_listen_args args = {.port = PORT};

	(void)now;
	return plx_listen(stack, &args, &server->listener);
}

static void server_echo(struct server *server, struct plx_stack *stack, plx_conn conn)
{
	int64_t len;

	for (;;) {
		if (server->first == server->end) {
			len = plx_recv(stack, conn, server->bytes, sizeof(server->bytes), 0);
			if (len == 0)
				plx_close(stack, conn);
			if (len <= 0)
				return;
			server->first = 0;
			server->end = (size_t)len;
		}
		len = plx_send(stack, conn, server->bytes + server->first,
			       server->end - server->first);
		if (len <= 0)
			return; // WRITABLE will come
		server->first += (size_t)len;
	}
}

static void server_on_events(void *context, struct plx_stack *stack, const struct plx_event *events,
			     unsigned n, plx_time now)
{
	struct server *server = context;

	(void)now;
	for (unsigned i = 0; i < n; i++) {
		if ((events[i].mask & PLX_EVENT_ACCEPTED) != 0)
			server->accepted++;
		if ((events[i].mask & (PLX_EVENT_CLOSED | PLX_EVENT_FAILED)) != 0)
			server->ended++;
		else
			server_echo(server, stack, events[i].conn);
	}
}

static bool server_is_finished(void *context)
{
	const struct server *server = context;

	return server->ended == server->accepted;
}

static struct client client;
static struct server server;

static void put_applications(struct system *system)
{
	system_worker(system, 0)->application = (struct worker_application){
		.context = &client,
		.start = client_start,
		.on_events = client_on_events,
		.is_finished = client_is_finished,
		.ends_run = true,
	};
	system_worker(system, 1)->application = (struct worker_application){
		.context = &server,
		.start = server_start,
		.on_events = server_on_events,
		.is_finished = server_is_finished,
	};
}

static void check_stack(const struct worker *worker)
{
	struct plx_stats stats = {.size = sizeof(stats)};
	struct plx_books books;

	CHILD_CHECK(plx_get_stats(worker->stack, &stats) == 0);
	books = plx_books_of(&stats);
	CHILD_CHECK(books.closed);
	CHILD_CHECK(books.connections_opened == 1);
	CHILD_CHECK(books.connections_closed == 1);
	CHILD_CHECK(stats.counters[PLX_COUNTER_RX_FRAMES] == worker->counters.rx_frames);
}

static struct system *echo(struct system_config *config)
{
	struct worker_run_config run = {.duration = 20 * PLX_SECOND};
	struct system *system = child_start(config);

	put_applications(system);
	CHILD_CHECK(child_run_workers(system, &run).end == WORKER_END_FINISHED);
	CHILD_CHECK(client.last_mask == PLX_EVENT_CLOSED);
	CHILD_CHECK(client.received == total_bytes);
	CHILD_CHECK(server.accepted == 1);
	check_stack(system_worker(system, 0));
	check_stack(system_worker(system, 1));
	return system;
}

static struct system_config *ring_config(void)
{
	struct system_config *config = child_loopback_config();

	strcpy(config->ports[0].device, "net_ring");
	strcpy(config->ports[1].device, "net_ring");
	return config;
}

static void plain(void)
{
	child_stop(echo(child_loopback_config()));
}

static void plain_ring(void)
{
	child_stop(echo(ring_config()));
}

static void bytes_go_there_and_back(void **state)
{
	(void)state;
	child_run_ok(plain);
	child_run_ok(plain_ring);
}

static void on_one_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	child_stop(echo(child_loopback_config()));
}

static void two_workers_by_turns_on_one_cpu_do_too(void **state)
{
	(void)state;
	child_run_ok(on_one_cpu);
}

static void through_short(struct system_config *config)
{
	struct system *system;

	config->ports[0].rx_descriptors = config->ports[1].rx_descriptors = 4;
	system = echo(config);
	CHILD_CHECK(system_worker(system, 0)->counters.tx_refused > 0);
	child_stop(system);
}

static void through_short_queues(void)
{
	through_short(child_loopback_config());
}

static void through_short_rings(void)
{
	through_short(ring_config());
}

static void what_a_port_refuses_is_sent_later_and_in_order(void **state)
{
	(void)state;
	child_run_ok(through_short_queues);
	child_run_ok(through_short_rings);
}

static void through_bad(struct system_config *config)
{
	struct link_model_config bad = {
		.loss_ppm = 20000,
		.duplicate_ppm = 10000,
		.corrupt_ppm = 5000,
		.reorder_ppm = 10000,
		.reorder_delay = PLX_MILLISECOND,
		.delay = 100 * PLX_MICROSECOND,
		.jitter = 50 * PLX_MICROSECOND,
	};
	struct system *system;
	struct port_stats stats;

	total_bytes = 500000;
	config->ports[0].impairment.rx = config->ports[0].impairment.tx = bad;
	config->ports[0].impairment.seed = 1;
	system = echo(config);
	port_get_stats(system_port(system, 0), &stats);
	CHILD_CHECK(stats.rx_impairment.link.lost_at_random > 0);
	CHILD_CHECK(stats.tx_impairment.link.lost_at_random > 0);
	child_stop(system);
}

static void through_shims(void)
{
	through_bad(child_loopback_config());
}

static void through_shims_and_rings(void)
{
	through_bad(ring_config());
}

static void bytes_survive_a_bad_link(void **state)
{
	(void)state;
	child_run_ok(through_shims);
	child_run_ok(through_shims_and_rings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_go_there_and_back),
		cmocka_unit_test(two_workers_by_turns_on_one_cpu_do_too),
		cmocka_unit_test(what_a_port_refuses_is_sent_later_and_in_order),
		cmocka_unit_test(bytes_survive_a_bad_link),
	};

	return cmocka_run_group_tests_name("drivers/echo", tests, NULL, NULL);
}

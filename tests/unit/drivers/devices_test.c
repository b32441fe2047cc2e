// SPDX-License-Identifier: BSD-3-Clause
//
// Real devices of DPDK, each brought up in a child process within a network namespace of the test's
// own: raw frames pass both ways, whole or in pieces, with the checksums that were promised. Needs
// root; no frame leaves the namespace.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include "child.h"
#include "drivers/port_burst.h"
#include "drivers/system_state.h"
#include "raw.h"
#include "support/cmocka_headers.h"
#include "support/mbufs.h"

enum {
	TCP_FRAME_BYTES = 14 + 20 + 20 + 100,
	FRAMES = 2000,
};

#define TX_CHECKSUMS (PLX_OFFLOAD_TX_IPV4_CHECKSUM | PLX_OFFLOAD_TX_TCP_CHECKSUM)

static int run_command(const char *command)
{
	return system(command);
}

static bool offers(struct system *system, uint32_t offload)
{
	return (port_offloads(system_port(system, 0)) & offload) != 0;
}

// The kernel's end of a device.
static int open_kernel_end(const char *interface, uint16_t ethertype)
{
	int file = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ethertype));
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ethertype),
		.sll_ifindex = (int)if_nametoindex(interface),
	};
	struct timeval limit = {.tv_sec = 5};

	CHILD_CHECK(file >= 0);
	CHILD_CHECK(address.sll_ifindex != 0);
	CHILD_CHECK(bind(file, (struct sockaddr *)&address, sizeof(address)) == 0);
	CHILD_CHECK(setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0);
	return file;
}

static void pass_frames(struct system *system, const char *interface)
{
	unsigned piece_bytes = offers(system, PLX_OFFLOAD_TX_MULTI_SEGS) ? 300 : 0;
	int kernel = open_kernel_end(interface, RAW_ETHERTYPE);
	uint8_t expected[RAW_FRAME_BYTES], received[2 * RAW_FRAME_BYTES];

	for (unsigned i = 0; i < FRAMES; i++) {
		raw_send_number(system, i, i % 2 == 0 ? 0 : piece_bytes);
		raw_fill(expected, i);
		CHILD_CHECK(recv(kernel, received, sizeof(received), 0) == RAW_FRAME_BYTES);
		CHILD_CHECK(memcmp(expected, received, RAW_FRAME_BYTES) == 0);
		CHILD_CHECK(send(kernel, expected, RAW_FRAME_BYTES, 0) == RAW_FRAME_BYTES);
		raw_receive_number(system, i);
	}
	close(kernel);
}

// An IPv4 frame with a TCP segment of 100 bytes, checksums and all.
static void write_tcp_frame(uint8_t bytes[TCP_FRAME_BYTES])
{
	struct rte_ether_hdr *ethernet = (struct rte_ether_hdr *)bytes;
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(bytes + 14);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(bytes + 34);

	memset(bytes, 0, TCP_FRAME_BYTES);
	memset(bytes, 0xff, 6);
	memcpy(bytes + 6, "\x02test", 6);
	ethernet->ether_type = htons(RTE_ETHER_TYPE_IPV4);
	ip->version_ihl = 0x45;
	ip->total_length = htons(TCP_FRAME_BYTES - 14);
	ip->time_to_live = 64;
	ip->next_proto_id = IPPROTO_TCP;
	ip->src_addr = htonl(0xc6120002);
	ip->dst_addr = htonl(0xc6120001); // "left"
	tcp->data_off = 0x50;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
}

static uint64_t verdict_on(struct system *system, int kernel, const uint8_t *bytes)
{
	struct rte_mbuf *frame;
	uint64_t flags;

	CHILD_CHECK(send(kernel, bytes, TCP_FRAME_BYTES, 0) == TCP_FRAME_BYTES);
	frame = raw_receive_mbuf(system, RTE_ETHER_TYPE_IPV4);
	flags = frame->ol_flags & (RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK);
	rte_pktmbuf_free(frame);
	return flags;
}

// Verdicts on what is received are true.
static void check_rx_checksums(struct system *system, const char *interface)
{
	int kernel = open_kernel_end(interface, RAW_ETHERTYPE);
	uint8_t bytes[TCP_FRAME_BYTES];

	write_tcp_frame(bytes);
	CHILD_CHECK(verdict_on(system, kernel, bytes)
		    == (RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD));
	bytes[150] ^= 1;
	CHILD_CHECK(verdict_on(system, kernel, bytes)
		    == (RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_BAD));
	bytes[14 + 8] ^= 1; // time to live
	CHILD_CHECK((verdict_on(system, kernel, bytes) & RTE_MBUF_F_RX_IP_CKSUM_MASK)
		    == RTE_MBUF_F_RX_IP_CKSUM_BAD);
	close(kernel);
}

// What a veth with transmit offload delivers: nobody has filled in the checksum.
static void send_unfinished(struct system *system, const char *interface, unsigned n)
{
	int kernel = open_kernel_end(interface, RAW_ETHERTYPE);
	uint8_t bytes[TCP_FRAME_BYTES];

	write_tcp_frame(bytes);
	memcpy(bytes, port_mac(system_port(system, 0)), 6);
	bytes[34 + 16] ^= 1; // TCP checksum
	for (unsigned i = 0; i < n; i++)
		CHILD_CHECK(send(kernel, bytes, TCP_FRAME_BYTES, 0) == TCP_FRAME_BYTES);
	close(kernel);
}

static uint64_t checksum_drops(struct system *system)
{
	struct plx_stats stats = {.size = sizeof(stats)};

	plx_get_stats(system_worker(system, 0)->stack, &stats);
	return stats.drops[PLX_DROP_TCP_CHECKSUM];
}

static void expect_explanation(struct system *system, const char *interface)
{
	plx_time until = system_now(system) + 5 * PLX_SECOND;
	char text[512];

	CHILD_CHECK(!system_explain_checksum_failures(system, text, sizeof(text)));
	send_unfinished(system, interface, 10);
	while (checksum_drops(system) < 10) {
		CHILD_CHECK(system_now(system) < until);
		worker_turn(system_worker(system, 0), system_now(system));
	}
	CHILD_CHECK(system_explain_checksum_failures(system, text, sizeof(text)));
	CHILD_CHECK(strstr(text, "port left: 10 of 10 segments") != NULL);
	CHILD_CHECK(strstr(text, "ethtool -K pollux2 tx off gso off tso off gro off") != NULL);
}

static void use_tap(void)
{
	struct system *system;

	system = raw_start("net_tap0,iface=pollux0");
	CHILD_CHECK(offers(system, PLX_OFFLOAD_TX_MULTI_SEGS));
	CHILD_CHECK(offers(system, PLX_OFFLOAD_TX_ANY_MEMORY));
	CHILD_CHECK(!offers(system, PLX_OFFLOAD_TX_BY_REFERENCE));
	pass_frames(system, "pollux0");
	CHILD_CHECK(!offers(system, TX_CHECKSUMS)); // it reports them, but makes wrong ones
	CHILD_CHECK(
		!offers(system, PLX_OFFLOAD_TX_TSO)); // which it would do itself, with such sums
	CHILD_CHECK(offers(system, PLX_OFFLOAD_RX_TCP_CHECKSUM));
	check_rx_checksums(system, "pollux0");
	child_stop(system);
}

// A vhost is up without its other end, and offers to leave checksums to it.
static void start_vhost(uint32_t corrupt_ppm)
{
	struct system_config *config = child_loopback_config();
	struct system *system;

	config->n_ports = config->n_stacks = 1;
	snprintf(config->ports[0].device, SYSTEM_DEVICE_BYTES,
		 "net_vhost0,iface=/tmp/pollux-vhost-%d", getpid());
	config->ports[0].impairment.tx.corrupt_ppm = corrupt_ppm;
	system = child_start(config);
	CHILD_CHECK(offers(system, PLX_OFFLOAD_TX_TCP_CHECKSUM) == (corrupt_ppm == 0));
	child_stop(system);
}

static void use_vhost(void)
{
	start_vhost(0);
}

static void use_vhost_corrupting(void)
{
	start_vhost(1);
}

static void use_af_packet(void)
{
	struct system *system;

	CHILD_CHECK(run_command("ip link add pollux1 type veth peer name pollux2"
				" && ip link set pollux1 up && ip link set pollux2 up")
		    == 0);
	system = raw_start("net_af_packet0,iface=pollux1");
	pass_frames(system, "pollux2");
	expect_explanation(system, "pollux2");
	child_stop(system);
}

static void use_ring(void)
{
	struct system *system;

	system = raw_start("net_ring0");
	CHILD_CHECK(offers(system, PLX_OFFLOAD_TX_BY_REFERENCE));
	for (unsigned i = 0; i < FRAMES; i++) {
		raw_send_number(system, i, 0);
		raw_receive_number(system, i);
	}
	raw_send_number(system, 0, 0); // left in the ring
	child_stop(system);
}

static void use_null(void)
{
	struct rte_mbuf *frames[WORKER_BURST];
	struct system *system;

	system = raw_start("net_null0,size=64");
	for (unsigned i = 0; i < FRAMES; i++) {
		unsigned n = port_rx_burst(system_port(system, 0), 0, frames, WORKER_BURST, 0);

		CHILD_CHECK(n == WORKER_BURST);
		CHILD_CHECK(frames[0]->pkt_len == 64);
		rte_pktmbuf_free_bulk(frames, n);
		raw_send_number(system, i, 0);
	}
	child_stop(system);
}

static void net_tap_passes_frames_with_true_checksums(void **state)
{
	(void)state;
	child_run_ok(use_tap);
}

static void a_port_that_corrupts_leaves_no_checksum_to_the_device(void **state)
{
	(void)state;
	child_run_ok(use_vhost);
	child_run_ok(use_vhost_corrupting);
}

static void net_af_packet_passes_frames_over_veth(void **state)
{
	(void)state;
	child_run_ok(use_af_packet);
}

static void net_ring_passes_frames_by_reference(void **state)
{
	(void)state;
	child_run_ok(use_ring);
}

static void net_null_gives_and_takes(void **state)
{
	(void)state;
	child_run_ok(use_null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(net_tap_passes_frames_with_true_checksums),
		cmocka_unit_test(a_port_that_corrupts_leaves_no_checksum_to_the_device),
		cmocka_unit_test(net_af_packet_passes_frames_over_veth),
		cmocka_unit_test(net_ring_passes_frames_by_reference),
		cmocka_unit_test(net_null_gives_and_takes),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET | CLONE_NEWNS) != 0
	    || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
	    || mount("none", "/sys", "sysfs", 0, NULL) != 0) {
		printf("skip - drivers_devices: needs root for a network namespace\n");
		return 0;
	}
	return cmocka_run_group_tests_name("drivers/devices", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// A flood of SYNs (RFC 4987 2) into the wire between a load and a server: port 0 leads to the server,
// port 1 to the load, what comes from one goes to the other, and between the load's frames go SYNs of
// 64 bytes (with their FCS) from random addresses of 198.19.0.0/16 and ports. The answers to those are
// counted and end here. Prints JSON at SIGINT. Run by bench/macro, one core.
#include <arpa/inet.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include "drivers/interrupt_gate.h"

enum {
	SERVER_PORT,
	LOAD_PORT,
	PORTS,
	BURST = 64,
	DESCRIPTORS = 4096,
	MBUFS = 32767,
	MBUF_CACHE = 256,
	FRAME_BYTES = 60, // 64 with the frame check sequence
	HTTP_PORT = 80,
	MSS = 1460,
	LINK_WAIT_S = 20,
};

#define SOURCE_NET UINT32_C(0xc6130000) // 198.19.0.0/16, RFC 2544

struct __attribute__((packed, aligned(2))) syn {
	struct rte_ether_hdr ethernet;
	struct rte_ipv4_hdr ip;
	struct rte_tcp_hdr tcp;
	uint8_t mss_option[4];
	uint8_t padding[2];
};
_Static_assert(sizeof(struct syn) == FRAME_BYTES, "the least Ethernet frame");

// Frames that were not taken yet.
struct lane {
	struct rte_mbuf *frames[BURST];
	uint16_t n;
};

struct flood {
	struct rte_mempool *pool;
	struct syn template; // checksums are those of all that does not change
	uint64_t random;
	double frames_per_tick; // 0 = as fast as they are taken
	uint64_t begin_ticks, end_ticks;
	struct lane syns, to_server, to_load;
	uint64_t sent, answered;
};

static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
	(void)number;
	is_over = 1;
}

static void fail(const char *what)
{
	fprintf(stderr, "flood: %s\n", what);
	exit(1);
}

// xorshift64*, of Marsaglia and Vigna.
static uint64_t random_next(struct flood *flood)
{
	flood->random ^= flood->random >> 12;
	flood->random ^= flood->random << 25;
	flood->random ^= flood->random >> 27;
	return flood->random * UINT64_C(0x2545f4914f6cdd1d);
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

static void init_template(struct flood *flood, uint32_t server)
{
	struct syn *syn = &flood->template;

	*syn = (struct syn){
		.ethernet = {.dst_addr = {{0x02, 0, 0, 0, 0, 0x02}},
			     .src_addr = {{0x02, 0, 0, 0, 0, 0xfd}},
			     .ether_type = htons(RTE_ETHER_TYPE_IPV4)},
		.ip = {.version_ihl = RTE_IPV4_VHL_DEF,
		       .total_length =
			       htons(sizeof(syn->ip) + sizeof(syn->tcp) + sizeof(syn->mss_option)),
		       .time_to_live = 64,
		       .next_proto_id = IPPROTO_TCP,
		       .dst_addr = server},
		.tcp = {.dst_port = htons(HTTP_PORT),
			.data_off = (sizeof(syn->tcp) + sizeof(syn->mss_option)) << 2,
			.tcp_flags = RTE_TCP_SYN_FLAG,
			.rx_win = UINT16_MAX},
		.mss_option = {2, 4, MSS >> 8, MSS & 0xff},
	};
	syn->ip.hdr_checksum = rte_raw_cksum(&syn->ip, sizeof(syn->ip));
	syn->tcp.cksum =
		fold((uint32_t)rte_raw_cksum(&syn->tcp, sizeof(syn->tcp) + sizeof(syn->mss_option))
		     + rte_ipv4_phdr_cksum(&syn->ip, 0));
}

// The template with another source, port and sequence number, and these in its checksums.
static void build(struct flood *flood, struct rte_mbuf *mbuf)
{
	struct syn *syn = rte_pktmbuf_mtod(mbuf, struct syn *);
	uint64_t number = random_next(flood);
	uint32_t source = htonl(SOURCE_NET | (uint32_t)(number & 0xffff));
	uint32_t seq = (uint32_t)(number >> 32);
	uint16_t port = (uint16_t)(number >> 16 | 0x4); // never 0
	uint32_t changed = (source & 0xffff) + (source >> 16);

	*syn = flood->template;
	syn->ip.src_addr = source;
	syn->tcp.src_port = port;
	syn->tcp.sent_seq = seq;
	syn->ip.hdr_checksum = (uint16_t)~fold(syn->ip.hdr_checksum + changed);
	syn->tcp.cksum =
		(uint16_t)~fold(syn->tcp.cksum + changed + port + (seq & 0xffff) + (seq >> 16));
	mbuf->data_len = FRAME_BYTES;
	mbuf->pkt_len = FRAME_BYTES;
}

// How many may go by now.
static unsigned count_due(const struct flood *flood, uint64_t now)
{
	double due;

	if (now < flood->begin_ticks || now >= flood->end_ticks)
		return 0;
	if (flood->frames_per_tick <= 0)
		return BURST;
	due = (double)(now - flood->begin_ticks) * flood->frames_per_tick - (double)flood->sent;
	return due < 1 ? 0 : due < BURST ? (unsigned)due : BURST;
}

// Frames of a lane wait for room, ahead of the flood: the wire itself loses nothing.
static bool is_passed_on(struct lane *lane, uint16_t to)
{
	uint16_t taken;

	if (lane->n == 0)
		return true;
	taken = rte_eth_tx_burst(to, 0, lane->frames, lane->n);
	lane->n -= taken;
	memmove(lane->frames, lane->frames + taken, lane->n * sizeof(lane->frames[0]));
	return lane->n == 0;
}

static void send_syns(struct flood *flood, uint64_t now)
{
	struct lane *lane = &flood->syns;
	uint16_t n = (uint16_t)count_due(flood, now), before;

	if (n > lane->n
	    && rte_pktmbuf_alloc_bulk(flood->pool, &lane->frames[lane->n], n - lane->n) == 0) {
		for (uint16_t i = lane->n; i < n; i++)
			build(flood, lane->frames[i]);
		lane->n = n;
	}
	before = lane->n;
	is_passed_on(lane, SERVER_PORT);
	flood->sent += before - lane->n;
}

// Everything that the server sends to the flood's sources goes to the flood's own address.
static bool is_ours(const struct flood *flood, const struct rte_mbuf *mbuf)
{
	const struct syn *frame = rte_pktmbuf_mtod(mbuf, const struct syn *);

	return rte_is_same_ether_addr(&frame->ethernet.dst_addr,
				      &flood->template.ethernet.src_addr);
}

static bool is_syn_ack(const struct rte_mbuf *mbuf)
{
	const struct syn *frame = rte_pktmbuf_mtod(mbuf, const struct syn *);

	return mbuf->data_len >= sizeof(frame->ethernet) + sizeof(frame->ip) + sizeof(frame->tcp)
		&& frame->ethernet.ether_type == htons(RTE_ETHER_TYPE_IPV4)
		&& frame->tcp.tcp_flags == (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG);
}

static void receive_from_server(struct flood *flood)
{
	struct lane *lane = &flood->to_load;
	struct rte_mbuf *frames[BURST], *ours[BURST];
	uint16_t n, n_ours = 0;

	if (!is_passed_on(lane, LOAD_PORT))
		return;
	n = rte_eth_rx_burst(SERVER_PORT, 0, frames, BURST);
	for (uint16_t i = 0; i < n; i++) {
		if (!is_ours(flood, frames[i])) {
			lane->frames[lane->n++] = frames[i];
			continue;
		}
		flood->answered += is_syn_ack(frames[i]);
		ours[n_ours++] = frames[i];
	}
	rte_pktmbuf_free_bulk(ours, n_ours);
	is_passed_on(lane, LOAD_PORT);
}

// True when the server's ring has room for more.
static bool receive_from_load(struct flood *flood)
{
	struct lane *lane = &flood->to_server;

	if (is_passed_on(lane, SERVER_PORT))
		lane->n = rte_eth_rx_burst(LOAD_PORT, 0, lane->frames, BURST);
	return is_passed_on(lane, SERVER_PORT);
}

// A memif's end may come and go at any time.
static bool is_settled(void *context)
{
	(void)context;
	return true;
}

static void run(struct flood *flood)
{
	static struct interrupt_gate gate;

	if (interrupt_gate_start(&gate, is_settled, NULL) < 0)
		fail("interrupts cannot be held");
	while (!is_over) {
		if (!interrupt_gate_enter(&gate, 0))
			continue;
		receive_from_server(flood);
		if (receive_from_load(flood))
			send_syns(flood, rte_rdtsc());
		interrupt_gate_leave(&gate, 0);
	}
	interrupt_gate_end(&gate);
	rte_pktmbuf_free_bulk(flood->syns.frames, flood->syns.n);
	rte_pktmbuf_free_bulk(flood->to_server.frames, flood->to_server.n);
	rte_pktmbuf_free_bulk(flood->to_load.frames, flood->to_load.n);
}

static void start_port(const struct flood *flood, uint16_t port)
{
	struct rte_eth_conf conf = {0};

	if (rte_eth_dev_configure(port, 1, 1, &conf) < 0
	    || rte_eth_rx_queue_setup(port, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL, flood->pool) < 0
	    || rte_eth_tx_queue_setup(port, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL) < 0
	    || rte_eth_dev_start(port) < 0)
		fail("a port does not start");
}

static void wait_for_link(uint16_t port)
{
	struct rte_eth_link link;

	for (unsigned tenths = 0; tenths < LINK_WAIT_S * 10 && !is_over; tenths++) {
		if (rte_eth_link_get_nowait(port, &link) == 0 && link.link_status)
			return;
		rte_delay_us_sleep(100000);
	}
	if (!is_over)
		fail("no link to the server");
}

static double number(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (*end != '\0' || value < 0)
		fail("a number is wanted");
	return value;
}

int main(int argc, char **argv)
{
	static struct flood flood = {.random = UINT64_C(0x9e3779b97f4a7c15)};
	int used = rte_eal_init(argc, argv);
	double hz;
	struct in_addr server;

	if (used < 0)
		fail("no EAL");
	argc -= used;
	argv += used;
	if (argc != 5 || inet_pton(AF_INET, argv[1], &server) != 1
	    || rte_eth_dev_count_avail() != PORTS)
		fail("usage: flood EAL-OPTION... -- SERVER DELAY-S SECONDS SYNS-PER-S, with two ports");
	hz = (double)rte_get_tsc_hz();
	flood.frames_per_tick = number(argv[4]) / hz;
	flood.pool = rte_pktmbuf_pool_create("flood", MBUFS, MBUF_CACHE, 0,
					     RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (flood.pool == NULL)
		fail("no memory");
	init_template(&flood, server.s_addr);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	for (uint16_t port = 0; port < PORTS; port++)
		start_port(&flood, port);
	wait_for_link(SERVER_PORT);
	flood.begin_ticks = rte_rdtsc() + (uint64_t)(number(argv[2]) * hz);
	flood.end_ticks = flood.begin_ticks + (uint64_t)(number(argv[3]) * hz);
	run(&flood);
	printf("{\"sent\": %" PRIu64 ", \"answered\": %" PRIu64 ", \"seconds\": %s}\n", flood.sent,
	       flood.answered, argv[3]);
	for (uint16_t port = 0; port < PORTS; port++) {
		rte_eth_dev_stop(port);
		rte_eth_dev_close(port);
	}
	rte_eal_cleanup();
	return 0;
}

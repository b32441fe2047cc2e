// SPDX-License-Identifier: BSD-3-Clause
//
// What happens when something runs out: memory at creation, buffers, the answer queue, the
// neighbour table. Each is answered and counted, and nothing is lost. Also the headers that net/
// writes for others. Rooms: engine/net/net, answer_queue, ip_output, transmit.
#include <string.h>

#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "net/ip_output.h"
#include "net_fixture.h"
#include "support/mbufs.h"
#include "support/reference.h"

enum { EAL_MEGABYTES = 64 };

static size_t heap_used(void)
{
	struct rte_malloc_socket_stats stats;

	assert_int_equal(rte_malloc_get_socket_stats(0, &stats), 0);
	return stats.heap_allocsz_bytes;
}

// Memory is reserved by this figure, so it must not be too small, and should not be far too large.
static void the_bytes_announced_are_those_taken(void **state)
{
	static const uint32_t sizes[] = {1, 16, 1024, 100000};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(sizes); i++) {
		struct net_fixture f = fixture_prepare();
		size_t before = heap_used(), announced, taken;

		f.config.max_neighbors = sizes[i];
		announced = net_bytes(&f.config);
		fixture_create(&f);
		taken = heap_used() - before;
		assert_true(taken <= announced);
		assert_true(announced <= taken + taken / 8 + 4096);
		fixture_close(&f);
		assert_int_equal(heap_used(), before);
	}
}

// Memory is given back piece by piece until a net fits, so that it runs out at every step in turn.
static void too_little_memory_is_said_and_nothing_is_kept(void **state)
{
	static void *hogs[EAL_MEGABYTES * 4];
	struct net_fixture f = fixture_prepare();
	const char *error = NULL;
	unsigned n = 0, refused = 0;
	int status;

	(void)state;
	f.config.addresses = f.addresses;
	f.config.routes = f.routes;
	f.config.max_neighbors = 1 << 15;
	while (n < RTE_DIM(hogs) && (hogs[n] = rte_malloc(NULL, 250000, 0)) != NULL)
		n++;
	for (;;) {
		size_t before = heap_used();

		f.net = (struct net *)(void *)&f;
		status = net_create(&f.net, &f.config, &f.stats, &f.random, &error);
		if (status == 0 || n == 0)
			break;
		assert_int_equal(status, -ENOMEM);
		assert_null(f.net);
		assert_non_null(strstr(error, "plx_stack_bytes()"));
		assert_int_equal(net_create(&f.net, &f.config, &f.stats, &f.random, NULL), -ENOMEM);
		assert_int_equal(heap_used(), before);
		rte_free(hogs[--n]);
		refused++;
	}
	assert_int_equal(status, 0);
	assert_true(refused > 5);
	net_destroy(f.net);
	net_destroy(NULL);
	while (n > 0)
		rte_free(hogs[--n]);
}

// Every answer needs a buffer where the frame that asks cannot be reused.
static void without_buffers_answers_are_dropped_and_counted(void **state)
{
	static struct rte_mbuf *all[POOL_MBUFS + 1];
	struct frame asks[] = {
		frame_arp(1, &PEER_MAC, "198.18.0.1", "198.18.0.2"),
		frame_solicitation("fd00::1", "fd00::2", &PEER_MAC),
		frame_echo("198.18.0.1", "198.18.0.2", 10),
		frame_tcp("198.18.0.1", "198.18.0.2"),
	};
	struct net_fixture f = fixture_prepare();
	struct net_frame out;
	struct rte_mbuf *m;
	unsigned n = 0;

	(void)state;
	asks[3].len_bytes += 6; // shared and padded: to be copied
	fixture_create(&f);
	while (n < POOL_MBUFS && (all[n] = rte_pktmbuf_alloc(f.pool)) != NULL)
		n++;
	net_poll(f.net, f.now);
	expect_silence(&f);
	assert_int_equal(counted(&f, PLX_COUNTER_TX_NO_BUFFER), 3); // announcements
	for (unsigned i = 0; i < RTE_DIM(asks); i++) {
		rte_pktmbuf_free(all[--n]);
		m = mbufs_frame(f.pool, asks[i].bytes, asks[i].len_bytes, 0);
		rte_mbuf_refcnt_update(m, 1);
		assert_int_equal(net_input(f.net, m, &out, f.now), NET_DROP);
		assert_int_equal(out.drop, PLX_DROP_STACK_NO_BUFFER);
		assert_ptr_equal(out.mbuf, m);
		rte_pktmbuf_free(out.mbuf);
		rte_pktmbuf_free(m);
		all[n++] = rte_pktmbuf_alloc(f.pool);
	}
	rte_pktmbuf_free_bulk(all, n);
	expect_silence(&f);
	fixture_close(&f);
}

static void a_full_answer_queue_is_counted_and_lets_nothing_leak(void **state)
{
	struct frame request = frame_arp(1, &PEER_MAC, "198.18.0.1", "198.18.0.2");
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	for (unsigned i = 0; i < ANSWER_QUEUE_FRAMES; i++)
		expect_verdict(&f, &request, NET_ANSWERED, PLX_DROP_NONE);
	assert_int_equal(answer_count(f.net), ANSWER_QUEUE_FRAMES);
	expect_verdict(&f, &request, NET_DROP, PLX_DROP_STACK_NO_BUFFER);
	assert_int_equal(counted(&f, PLX_COUNTER_ANSWER_QUEUE_FULL), 1);
	for (unsigned i = 0; i < ANSWER_QUEUE_FRAMES; i++)
		expect_sent(&f);
	expect_silence(&f);
	expect_verdict(&f, &request, NET_ANSWERED, PLX_DROP_NONE);
	fixture_close(&f);
}

// The reason why an answer did not get out becomes the fate of what asked for it.
static void a_full_table_or_queue_is_the_fate_of_an_echo(void **state)
{
	struct frame known = frame_echo("198.18.0.1", "198.18.0.2", 10);
	struct frame unknown = frame_echo("198.18.0.9", "198.18.0.2", 10);
	struct frame off_link = frame_echo("2001:db8::1", "ff02::1", 10);
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.config.max_neighbors = 1;
	f.config.n_neighbors = 1;
	f.config.n_routes = 0;
	f.neighbors[0].addr = addr("198.18.0.1");
	memcpy(f.neighbors[0].mac, &PEER_MAC, 6);
	fixture_open(&f);
	expect_verdict(&f, &unknown, NET_DROP, PLX_DROP_NEIGHBOR_TABLE_FULL);
	frame_set_dst_mac(&off_link, &ALL_NODES_MAC);
	expect_verdict(&f, &off_link, NET_DROP, PLX_DROP_NEIGHBOR_UNREACHABLE);
	for (unsigned i = 0; i < ANSWER_QUEUE_FRAMES; i++)
		expect_verdict(&f, &known, NET_ANSWERED, PLX_DROP_NONE);
	expect_verdict(&f, &known, NET_DROP, PLX_DROP_STACK_NO_BUFFER);
	assert_int_equal(counted(&f, PLX_COUNTER_ICMP_ECHO_ANSWERED), ANSWER_QUEUE_FRAMES);
	assert_int_equal(counted(&f, PLX_COUNTER_ANSWER_QUEUE_FULL), 1);
	fixture_close(&f);
}

static void the_queue_gives_out_in_order_and_by_portions(void **state)
{
	struct rte_mbuf *in[20], *out[20];
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	for (unsigned i = 0; i < RTE_DIM(in); i++) {
		in[i] = mbufs_frame(f.pool, "frame", 5, 0);
		assert_true(answer_push(f.net, in[i]));
	}
	assert_int_equal(answer_pop(f.net, out, 0), 0);
	assert_int_equal(answer_pop(f.net, out, 7), 7);
	assert_int_equal(answer_pop(f.net, out + 7, 20), 13);
	assert_int_equal(answer_pop(f.net, out, 1), 0);
	assert_memory_equal(in, out, sizeof(in));
	rte_pktmbuf_free_bulk(out, RTE_DIM(out));
	fixture_close(&f);
}

// RFC 6864 4.1: DF is set, so the Identification means nothing and is 0.
static void ip_headers_are_whole(void **state)
{
	static const uint8_t payload[25];
	struct frame ipv4 = frame_ip("198.18.0.2", "192.0.2.1", TCP, payload, sizeof(payload));
	struct frame ipv6 = frame_ip("fd00::2", "2001:db8::1", TCP, payload, sizeof(payload));
	struct ip_header in = {
		.src = addr("198.18.0.2"),
		.dst = addr("192.0.2.1"),
		.payload_bytes = sizeof(payload),
		.protocol = TCP,
		.hop_limit = 17,
		.traffic_class = 0xb8,
	};
	struct net_fixture f = fixture_prepare();
	uint8_t bytes[40];

	(void)state;
	ipv4.bytes[ETH + 1] = 0xb8;
	ipv4.bytes[ETH + 8] = 17;
	frame_fix_ipv4_checksum(&ipv4);
	fixture_open(&f);
	assert_int_equal(ip_write_header(f.net, bytes, &in), ip_header_bytes(true));
	assert_memory_equal(bytes, ipv4.bytes + ETH, 20);
	assert_int_equal(reference_checksum(bytes, 20), 0);
	fixture_close(&f);

	f = fixture_prepare();
	f.config.offloads = PLX_OFFLOAD_TX_IPV4_CHECKSUM;
	fixture_open(&f);
	ipv4.bytes[ETH + 10] = ipv4.bytes[ETH + 11] = 0;
	assert_int_equal(ip_write_header(f.net, bytes, &in), 20);
	assert_memory_equal(bytes, ipv4.bytes + ETH, 20);

	in.src = addr("fd00::2");
	in.dst = addr("2001:db8::1");
	in.is_ipv6 = true;
	ipv6.bytes[ETH] = 0x6b;
	ipv6.bytes[ETH + 1] = 0x80;
	ipv6.bytes[ETH + 7] = 17;
	assert_int_equal(ip_write_header(f.net, bytes, &in), ip_header_bytes(false));
	assert_memory_equal(bytes, ipv6.bytes + ETH, 40);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_announced_are_those_taken),
		cmocka_unit_test(too_little_memory_is_said_and_nothing_is_kept),
		cmocka_unit_test(without_buffers_answers_are_dropped_and_counted),
		cmocka_unit_test(a_full_answer_queue_is_counted_and_lets_nothing_leak),
		cmocka_unit_test(a_full_table_or_queue_is_the_fate_of_an_echo),
		cmocka_unit_test(the_queue_gives_out_in_order_and_by_portions),
		cmocka_unit_test(ip_headers_are_whole),
	};

	test_eal_init_megabytes(EAL_MEGABYTES);
	return cmocka_run_group_tests_name("net/net", tests, NULL, NULL);
}

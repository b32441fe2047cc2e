// SPDX-License-Identifier: BSD-3-Clause
//
// Mangled frames by the hundred thousand: each gets one verdict, with the mbuf where the verdict
// says, and not one mbuf is missing at the end. Time passes meanwhile, so that neighbours come,
// fail and go. Rooms: all of engine/net.
#include <string.h>

#include <rte_mbuf.h>

#include "net_fixture.h"
#include "support/mbufs.h"
#include "support/seed.h"

enum { FRAMES = 200000, SAMPLES = 9 };

// Before the checksums are mended, so that what lies behind them is reached.
static void mangle(struct frame *frame, struct random *random)
{
	unsigned changes = random_below(random, 4);

	for (unsigned i = 0; i < changes; i++)
		frame->bytes[random_below(random, (uint32_t)frame->len_bytes)] =
			(uint8_t)random_u32(random);
	if (random_below(random, 8) == 0)
		frame->len_bytes = random_below(random, (uint32_t)frame->len_bytes + 1);
	if (frame->len_bytes < IPV6_PAYLOAD + 8 || random_below(random, 4) == 0)
		return;
	if (frame->bytes[12] == 0x08 && frame->bytes[13] == 0 && (frame->bytes[ETH] & 15) >= 5)
		frame_fix_ipv4_checksum(frame);
	if (frame->bytes[12] == 0x86)
		frame_fix_icmpv6_checksum(frame);
}

static struct rte_mbuf *as_mbuf(struct net_fixture *f, const struct frame *frame,
				struct random *random)
{
	size_t piece = random_below(random, 4) == 0 ? 8 + random_below(random, 200) : 0;
	struct rte_mbuf *m = mbufs_frame(f->pool, frame->bytes, frame->len_bytes, piece), *clone;

	if (random_below(random, 8) != 0)
		return m;
	clone = rte_pktmbuf_clone(m, f->pool);
	rte_pktmbuf_free(m);
	return clone;
}

// A packet of ours, to whatever MAC address the last frame has left behind.
static void send_packet(struct net_fixture *f, const char *dst)
{
	struct neighbor_ref ref = neighbor_ref_none();
	struct rte_mbuf *m = mbufs_frame(f->pool, "packet", 6, 0);
	struct plx_addr to = addr(dst);

	if (net_transmit(f->net, m, &ref, &to, f->now) == NET_TX_READY)
		rte_pktmbuf_free(m);
}

static void every_frame_gets_one_verdict_and_no_mbuf_is_lost(struct net_fixture *f)
{
	const struct frame samples[SAMPLES] = {
		frame_tcp("198.18.0.1", "198.18.0.2"),
		frame_tcp("fd00::1", "fd00::2"),
		frame_arp(1, &PEER_MAC, "198.18.0.1", "198.18.0.2"),
		frame_arp(2, &PEER_MAC, "198.18.0.1", "198.18.0.2"),
		frame_echo("198.18.0.1", "198.18.0.2", 300),
		frame_echo("fd00::1", "fd00::2", 300),
		frame_solicitation("fd00::1", "fd00::2", &PEER_MAC),
		frame_advertisement("fd00::1", &PEER_MAC, ND_SOLICITED),
		frame_advertisement("fd00::1", &PEER_MAC, 0),
	};
	unsigned verdicts[NET_ICMP_ERROR + 1] = {0};
	struct random random;

	random_init_seed(&random, test_seed());
	for (unsigned i = 0; i < FRAMES; i++) {
		struct frame frame = samples[random_below(&random, SAMPLES)];
		struct rte_mbuf *sent[8];
		struct net_frame out;
		enum net_verdict verdict;
		unsigned n;

		mangle(&frame, &random);
		out.drop = PLX_DROP_COUNT;
		verdict = net_input(f->net, as_mbuf(f, &frame, &random), &out, f->now);
		verdicts[verdict]++;
		if (verdict == NET_DROP || verdict == NET_FOREIGN)
			assert_in_range(out.drop, PLX_DROP_NONE + 1, PLX_DROP_COUNT - 1);
		else
			assert_int_equal(out.drop, PLX_DROP_NONE);
		if (verdict == NET_ANSWERED)
			assert_null(out.mbuf);
		else if (verdict != NET_DROP)
			assert_non_null(out.mbuf);
		rte_pktmbuf_free(out.mbuf);
		if (random_below(&random, 16) == 0)
			send_packet(f, random_below(&random, 2) == 0 ? "198.18.0.1" : "fd00::1");
		f->now += random_below(&random, 20) * PLX_MILLISECOND;
		net_poll(f->net, f->now);
		n = answer_pop(f->net, sent, 8);
		rte_pktmbuf_free_bulk(sent, n);
		if (i % 1000 == 0)
			assert_true(mbufs_in_use(f->pool) <= f->in_use_before + answer_count(f->net)
					    + f->net->neighbors.held_order.count);
	}
	assert_true(verdicts[NET_TCP] > 0 && verdicts[NET_ANSWERED] > 0 && verdicts[NET_DROP] > 0
		    && verdicts[NET_FOREIGN] > 0);
	fixture_close(f);
}

static void on_ethernet(void **state)
{
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.config.max_neighbors = 4;
	fixture_open(&f);
	every_frame_gets_one_verdict_and_no_mbuf_is_lost(&f);
}

static void on_a_vlan(void **state)
{
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.config.vlan = 0x102;
	fixture_open(&f);
	for (unsigned i = 0; i < FRAMES / 10; i++) {
		struct frame frame = frame_tcp("198.18.0.1", "198.18.0.2");
		struct net_frame out;

		frame_tag(&frame, 0x102);
		mangle(&frame, &f.random);
		net_input(f.net, as_mbuf(&f, &frame, &f.random), &out, f.now);
		rte_pktmbuf_free(out.mbuf);
	}
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_ethernet),
		cmocka_unit_test(on_a_vlan),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("net/mangled", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// The short way of an ordinary frame and the general one are one way (stack/ordinary.h): what becomes of a frame does
// not depend on which of the two it goes, whatever frame it is and whatever others come in its burst.
// The frames are ordinary_frames.c's, the two stacks ordinary_twins.c's.
#include <string.h>

#include <rte_common.h>

#include "ordinary_twins.h"
#include "support/eal_main.h"
#include "support/user.h"

enum { TURNS = 1000, PADDING_BYTES = 46 };

static struct twins twins;
static struct plx_stats sums; // of all tests

// Mostly at once, sometimes after a while, in which timers go off.
static void let_time_pass(struct twins *t)
{
	struct random *dice = &t->peers.dice;

	t->now += random_below(dice, 2000) * PLX_MICROSECOND;
	if (random_below(dice, 20) == 0)
		t->now += random_below(dice, 2000) * PLX_MILLISECOND;
}

static void both_ways_are_one(void **state)
{
	struct twins *t = &twins;

	twins_begin(t, *state);
	for (unsigned i = 0; i < TURNS; i++) {
		t->n_burst = 1 + random_below(&t->peers.dice, i % 8 == 0 ? ORDINARY_BURST : 8);
		for (unsigned k = 0; k < t->n_burst; k++)
			ordinary_frame_draw(&t->peers, t->now, &t->burst[k]);
		if (i % 16 == 0)
			twins_connect(t, &t->peers.path.src,
				      (uint16_t)(ORDINARY_FIRST_PORT + i / 16 % ORDINARY_PEERS));
		twins_turn(t);
		let_time_pass(t);
	}
	twins_end(t, &sums);
}

static struct ordinary_frame *add_to_burst(struct twins *t, const struct seg_path *path)
{
	struct ordinary_frame *frame = &t->burst[t->n_burst++];
	struct seg seg = SEG(.flags = TCP_ACK, .seq = 1, .ack = 1, .wnd = 1000, .len = 10);

	memset(frame, 0, sizeof(*frame));
	frame->len_bytes = seg_build(frame->bytes, path, &seg, 0, 0);
	return frame;
}

// Whether it is the MAC address that is foreign or only the IP address.
static void frames_are_handed_back_in_their_order(void **state)
{
	struct twins *t = &twins;
	struct seg_path path;

	twins_begin(t, *state);
	for (unsigned i = 0; i < 8; i++) {
		path = t->peers.path;
		path.src_port = ORDINARY_FIRST_PORT;
		path.dst.bytes[15] = 77;
		if (i % 3 == 1)
			path.dst_mac.bytes[5]++;
		add_to_burst(t, &path);
	}
	twins_turn(t);
	assert_int_equal(twins_stats(&t->sides[0]).counters[PLX_COUNTER_FATE_RETURNED], 8);
	twins_end(t, &sums);
}

// A connection to an address that no segment may come from does not make it credible.
static void connection_to_nobody_hears_nobody(void **state)
{
	static const char *const ipv4[] = {"0.1.2.3", "127.0.0.1", "255.255.255.255", "224.0.0.1"};
	static const char *const ipv6[] = {"::1", "ff02::1"};
	const struct variant *v = *state;
	struct twins *t = &twins;
	struct seg_path path;

	twins_begin(t, v);
	for (unsigned i = 0; i < (v->is_ipv6 ? RTE_DIM(ipv6) : RTE_DIM(ipv4)); i++) {
		path = t->peers.path;
		path.src_port = ORDINARY_FIRST_PORT;
		plx_addr_parse(v->is_ipv6 ? ipv6[i] : ipv4[i], &path.src);
		twins_connect(t, &path.src, path.src_port);
		t->n_burst = 0;
		add_to_burst(t, &path);
		twins_turn(t);
	}
	twins_end(t, &sums);
}

// What the frames were meant to reach was reached.
static void frames_were_of_all_kinds(void **state)
{
	static const enum plx_drop drops[] = {
		PLX_DROP_FRAME_SHORT,	   PLX_DROP_FRAME_FOREIGN_MAC,
		PLX_DROP_FRAME_VLAN,	   PLX_DROP_FRAME_ETHERTYPE,
		PLX_DROP_FRAME_SOURCE_MAC, PLX_DROP_IPV4_HEADER,
		PLX_DROP_IPV4_CHECKSUM,	   PLX_DROP_IPV6_HEADER,
		PLX_DROP_IP_SOURCE,	   PLX_DROP_IP_NOT_FOR_US,
		PLX_DROP_IP_PROTOCOL,	   PLX_DROP_TCP_HEADER,
		PLX_DROP_TCP_CHECKSUM,	   PLX_DROP_TCP_OPTION,
		PLX_DROP_TCP_FLAGS,	   PLX_DROP_TCP_RST_NO_CONNECTION,
		PLX_DROP_TCP_SEQUENCE,	   PLX_DROP_TCP_DUPLICATE,
		PLX_DROP_TCP_ACK,	   PLX_DROP_TCP_PAWS};
	static const enum plx_counter counters[] = {
		PLX_COUNTER_FATE_CONSUMED,     PLX_COUNTER_FATE_ANSWERED,
		PLX_COUNTER_FATE_RETURNED,     PLX_COUNTER_TCP_RX_BYTES,
		PLX_COUNTER_TCP_OUT_OF_ORDER,  PLX_COUNTER_TCP_RSTS_SENT,
		PLX_COUNTER_TCP_RSTS_RECEIVED, PLX_COUNTER_TCP_COOKIES_ACCEPTED,
		PLX_COUNTER_TCP_TIME_WAITS,    PLX_COUNTER_CONN_OPENED_PASSIVE,
		PLX_COUNTER_CONN_CLOSED,       PLX_COUNTER_TCP_TIME_WAIT_REUSED,
		PLX_COUNTER_TCP_ECN_MARKS};

	(void)state;
	if (sums.counters[PLX_COUNTER_RX_FRAMES] == 0)
		skip(); // only this test was asked for
	for (unsigned i = 0; i < RTE_DIM(drops); i++)
		if (sums.drops[drops[i]] == 0)
			fail_msg("no frame was dropped as %s", plx_drop_name(drops[i]));
	for (unsigned i = 0; i < RTE_DIM(counters); i++)
		if (sums.counters[counters[i]] == 0)
			fail_msg("%s is 0", plx_counter_name(counters[i]));
}

// The connection's own ports, our MAC address, but not our IP address: no segment of ours.
static void segment_to_another_address_is_no_segment(void **state)
{
	struct fixture *f = fixture_established(state);
	uint64_t segments = counter(f, PLX_COUNTER_TCP_RX_SEGMENTS);
	struct plx_addr ours = f->to_stack.dst;

	f->to_stack.dst.bytes[15]++;
	segment_arrives(f, SEG(.len = 10));
	f->to_stack.dst = ours;
	expect_drops(f, PLX_DROP_IP_NOT_FOR_US, 1);
	expect_counter(f, PLX_COUNTER_TCP_RX_SEGMENTS, segments);
	expect_silence(f);
	user_finds_nothing(f);
}

// RFC 894: what fills a frame up is of the link, and nobody reads it.
static void padding_is_not_text(void **state)
{
	static const uint32_t lengths[] = {0, 1, 5, 6, 200, 1000};
	struct fixture *f = fixture_established(state);
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];

	for (unsigned i = 0; i < RTE_DIM(lengths); i++) {
		struct seg seg = SEG(.flags = TCP_ACK, .seq = f->rcv_nxt, .ack = f->snd_nxt,
				     .wnd = FIXTURE_PEER_WND, .len = lengths[i]);
		size_t len_bytes = seg_build(bytes, &f->to_stack, &seg, f->peer.isn + 1, 0);

		memset(bytes + len_bytes, 0xee, PADDING_BYTES);
		frame_arrives(f, bytes, len_bytes + PADDING_BYTES);
		f->rcv_nxt += lengths[i];
		assert_int_equal(info_of(f).rcv_nxt, f->rcv_nxt);
		if (lengths[i] > 0)
			user_receives(f, lengths[i]);
		user_finds_nothing(f);
	}
	advance(f, 200);
	forget_output(f);
	forget_events(f);
}

static struct variant variants[] = {
	{.is_ipv6 = false},
	{.is_ipv6 = true},
	{.is_ipv6 = false, .returns_foreign = true},
	{.is_ipv6 = true, .returns_foreign = true},
	{.is_ipv6 = false, .offloads = PLX_OFFLOAD_RX_IPV4_CHECKSUM},
	{.is_ipv6 = false, .offloads = PLX_OFFLOAD_RX_IPV4_CHECKSUM | PLX_OFFLOAD_RX_TCP_CHECKSUM},
	{.is_ipv6 = true, .offloads = PLX_OFFLOAD_RX_TCP_CHECKSUM},
	{.is_ipv6 = false, .syn_cookies = PLX_SYN_COOKIES_ALWAYS},
	{.is_ipv6 = true, .syn_cookies = PLX_SYN_COOKIES_ALWAYS},
};

int main(void)
{
#define BOTH_WAYS(which, about)                                                                  \
	{                                                                                        \
		"both_ways_are_one [" about "]", both_ways_are_one, NULL, NULL, &variants[which] \
	}
	const struct CMUnitTest tests[] = {
		BOTH_WAYS(0, "IPv4"),
		BOTH_WAYS(1, "IPv6"),
		BOTH_WAYS(2, "IPv4, foreign frames are handed back"),
		BOTH_WAYS(3, "IPv6, foreign frames are handed back"),
		BOTH_WAYS(4, "IPv4, IP checksums by the port"),
		BOTH_WAYS(5, "IPv4, all checksums by the port"),
		BOTH_WAYS(6, "IPv6, TCP checksums by the port"),
		BOTH_WAYS(7, "IPv4, SYN cookies"),
		BOTH_WAYS(8, "IPv6, SYN cookies"),
		cmocka_unit_test(frames_were_of_all_kinds),
		{"frames_are_handed_back_in_their_order [IPv4]",
		 frames_are_handed_back_in_their_order, NULL, NULL, &variants[2]},
		{"frames_are_handed_back_in_their_order [IPv6]",
		 frames_are_handed_back_in_their_order, NULL, NULL, &variants[3]},
		{"connection_to_nobody_hears_nobody [IPv4]", connection_to_nobody_hears_nobody,
		 NULL, NULL, &variants[0]},
		{"connection_to_nobody_hears_nobody [IPv6]", connection_to_nobody_hears_nobody,
		 NULL, NULL, &variants[1]},
		SCENARIO(segment_to_another_address_is_no_segment),
		SCENARIO(padding_is_not_text),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script ordinary", tests, NULL, NULL);
}

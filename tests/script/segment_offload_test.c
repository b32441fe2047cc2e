// SPDX-License-Identifier: BSD-3-Clause
//
// TCP segmentation offload: several full segments of new data leave the stack as one frame, as many as would have gone
// one after the other, and the port cuts them. The port of these scenarios does it by the book (support/nic) and refuses
// what is prepared wrongly. RFC 9293 3.7.4 and 3.8.6.2.1, RFC 5681 3.1, RFC 3168 6.1.2.
#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "ecn_peer.h"
#include "nic_peer.h"
#include "support/eal_main.h"

enum { MSS = NIC_PEER_MSS };

static void full_segments_leave_as_one_frame(void **state)
{
	struct fixture *f = nic_peer_plan(state);

	nic_peer_established(state);
	user_sends(f, 10 * MSS);
	nic_peer_expects(f, 0, 10 * MSS, 1);
	expect_silence(f);
	expect_counter(f, PLX_COUNTER_TCP_TX_BYTES, 10 * MSS);
	assert_int_equal(counter(f, PLX_COUNTER_TCP_TX_SEGMENTS), 1 + 10); // and the SYN+ACK
}

static void one_segment_is_none_to_cut(void **state)
{
	struct fixture *f = nic_peer_plan(state);

	nic_peer_established(state);
	user_sends(f, MSS);
	nic_peer_expects(f, 0, MSS, 1);
	user_sends(f, MSS + 1);
	nic_peer_expects(f, MSS, MSS + 1, 1);
	expect_silence(f);
}

// The MSS is what is left when timestamps have taken their part.
static void timestamps_stand_in_every_segment(void **state)
{
	struct fixture *f = nic_peer_plan(state);

	f->peer.timestamps = true;
	nic_peer_established(state);
	user_sends(f, 5 * MSS);
	for (unsigned i = 0; i < 5; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS, .ts_val = SEG_ANY));
	expect_silence(f);
}

static void tagged_frames_are_cut_too(void **state)
{
	for (unsigned tags = 1; tags <= 2; tags++) {
		struct fixture *f = nic_peer_plan(state);

		f->config.vlan = 7;
		f->config.outer_vlan = tags == 2 ? 9 : 0;
		nic_peer_established(state);
		user_sends(f, 10 * MSS);
		nic_peer_expects(f, 0, 10 * MSS, 1);
		fixture_renew(state);
	}
	nic_peer_plan(state);
}

// An IP packet ends at 64 KB, and a chain of copies at 32 of them.
static void more_than_a_packet_holds_is_several_frames(void **state)
{
	static const struct {
		enum nic_peer_way way;
		uint32_t each_bytes;
		unsigned frames;
	} cases[] = {
		{BY_REFERENCE, 0, 2},  // 65 segments and 35
		{BY_COPY, 0, 4},       // of 32 segments each, and 4
		{BY_MBUF, 2 * MSS, 2}, // of 64 segments, and 36
		{BY_MBUF, 300, 12},    // of 9 segments each, and 1
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture *f = nic_peer_plan(state);

		nic_peer_established(state);
		nic_peer_sends(f, cases[i].way, 100 * MSS, cases[i].each_bytes);
		nic_peer_expects(f, 0, 100 * MSS, cases[i].frames);
		expect_silence(f);
		segment_arrives(f, SEG(.ack = f->snd_nxt + 100 * MSS));
		forget_events(f);
		fixture_renew(state);
	}
	nic_peer_plan(state);
}

// Where the port does not reach external memory it is copied, into the fewest buffers.
static void memory_out_of_reach_is_copied(void **state)
{
	struct fixture *f = nic_peer_plan(state);

	f->config.offloads &= ~PLX_OFFLOAD_TX_ANY_MEMORY;
	nic_peer_established(state);
	nic_peer_sends(f, BY_REFERENCE, 80 * MSS, 0);
	nic_peer_expects(f, 0, 80 * MSS, 2); // 65 segments fill the 32 buffers nearly
	segment_arrives(f, SEG(.ack = f->snd_nxt + 80 * MSS));
	forget_events(f);
}

// Little pieces are copied together: a segment of many buffers is more than NICs take.
static void little_pieces_are_copied_together(void **state)
{
	struct fixture *f = nic_peer_plan(state);
	uint32_t sent = 0;

	nic_peer_established(state);
	for (unsigned i = 0; sent < 10 * MSS; i++) {
		uint32_t len = RTE_MIN(1 + i % 97, 10 * MSS - sent);

		nic_peer_sends(f, (enum nic_peer_way)(i % NIC_PEER_WAYS), len, len);
		sent += len;
	}
	nic_peer_expects(f, 0, 10 * MSS, 1);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 10 * MSS));
	forget_events(f);
}

// Some NICs cut nothing that small.
static void small_segments_are_not_cut(void **state)
{
	for (int64_t mss = 255; mss <= 256; mss++) {
		struct fixture *f = nic_peer_plan(state);
		uint64_t before;

		f->peer.mss = mss;
		nic_peer_established(state);
		before = counter(f, PLX_COUNTER_TX_FRAMES);
		user_sends(f, (size_t)mss * 5);
		for (unsigned i = 0; i < 5; i++)
			expect_segment(f, SEG(.seq = f->snd_nxt + i * mss, .len = mss));
		assert_int_equal(counter(f, PLX_COUNTER_TX_FRAMES) - before, mss < 256 ? 5 : 1);
		fixture_renew(state);
	}
	nic_peer_plan(state);
}

static void congestion_window_bounds_the_frame(void **state)
{
	struct fixture *f = nic_peer_plan(state);

	f->n_options = 0;
	fixture_set_option(f, PLX_OPTION_INITIAL_WINDOW, 4);
	nic_peer_established(state);
	user_sends(f, 20 * MSS);
	nic_peer_expects(f, 0, 4 * MSS, 1);
	expect_silence(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 2 * MSS)); // slow start: two more
	nic_peer_expects(f, 4 * MSS, 4 * MSS, 1);
	expect_silence(f);
}

// MUST-38 and SHLD-12 hold for a frame as for each of its segments.
static void peers_window_bounds_the_frame(void **state)
{
	struct fixture *f = nic_peer_plan(state);

	nic_peer_established(state);
	segment_arrives(f, SEG(.wnd = 3500 >> NIC_PEER_WSCALE));
	user_sends(f, 20 * MSS);
	nic_peer_expects(f, 0, 3 * MSS, 1);
	expect_silence(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 3 * MSS, .wnd = 2000 >> NIC_PEER_WSCALE));
	nic_peer_expects(f, 3 * MSS, 2 * MSS, 1);
	expect_silence(f);
}

// The quota is of segments on the wire: others come to their turn as soon as without offload.
static void quota_counts_segments(void **state)
{
	struct fixture *f = nic_peer_plan(state);

	f->config.burst_segments = 4;
	nic_peer_established(state);
	user_sends(f, 10 * MSS);
	nic_peer_expects(f, 0, 10 * MSS, 3);
	expect_silence(f);
}

// 3.7.4: what is left goes along where it would go alone.
static void short_end_goes_along_without_nagle(void **state)
{
	struct fixture *f = nic_peer_plan(state);

	nic_peer_established(state);
	user_sends(f, 3 * MSS + 10);
	nic_peer_expects(f, 0, 3 * MSS + 10, 1);
	expect_silence(f);
}

// Behind three segments that go at once, until these are acknowledged.
static void short_end_waits(struct fixture *f, uint32_t len_bytes)
{
	user_sends(f, 3 * MSS + len_bytes);
	nic_peer_expects(f, 0, 3 * MSS, 1);
	expect_silence(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 3 * MSS));
	nic_peer_expects(f, 3 * MSS, len_bytes, 1);
}

static void nagle_holds_back_the_short_end(void **state)
{
	struct fixture *f = nic_peer_plan(state);

	fixture_set_option(f, PLX_OPTION_NAGLE, 1);
	nic_peer_established(state);
	short_end_waits(f, 10);
}

// A short end that the peer's window does not hold is not cut down to it.
static void short_end_beyond_the_window_waits(void **state)
{
	struct fixture *f = nic_peer_plan(state);

	nic_peer_established(state);
	segment_arrives(f, SEG(.wnd = 3200 >> NIC_PEER_WSCALE));
	short_end_waits(f, 500);
}

// NICs leave FIN and PSH to the last segment.
static void end_is_pushed_on_the_last_segment_alone(void **state)
{
	struct fixture *f = nic_peer_plan(state);

	nic_peer_established(state);
	user_sends(f, 3 * MSS);
	for (unsigned i = 0; i < 3; i++)
		expect_segment(f, SEG(.flags = TCP_ACK | (i == 2 ? TCP_PSH : 0), .len = MSS));
	expect_silence(f);
}

static void fin_rides_on_the_last_segment(void **state)
{
	struct fixture *f = nic_peer_plan(state);
	uint64_t before;

	fixture_set_option(f, PLX_OPTION_NAGLE, 1);
	nic_peer_established(state);
	before = counter(f, PLX_COUNTER_TX_FRAMES);
	user_sends(f, 2 * MSS + 10);
	user_closes(f);
	for (unsigned i = 0; i < 2; i++)
		expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt + i * MSS, .len = MSS));
	expect_segment(
		f,
		SEG(.flags = TCP_ACK | TCP_PSH | TCP_FIN, .seq = f->snd_nxt + 2 * MSS, .len = 10));
	assert_int_equal(counter(f, PLX_COUNTER_TX_FRAMES) - before, 1);
	expect_silence(f);
	expect_state(f, PLX_STATE_FIN_WAIT_1);
}

// RFC 3168 6.1.5 and 6.1.2: each segment is ECN-capable, the first one alone says that the window was reduced.
static void all_segments_are_capable_and_the_first_has_cwr(void **state)
{
	struct fixture *f = ecn_peer_plan(state);
	uint32_t nxt;

	f->config.offloads = NIC_PEER_OFFLOADS;
	ecn_peer_with_flight(state);
	nxt = f->snd_nxt + ECN_PEER_FLIGHT * MSS;
	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = nxt));
	user_sends(f, 3 * MSS);
	for (unsigned i = 0; i < 3; i++) {
		ecn_peer_expects(f, nxt + i * MSS, i == 0 ? TCP_CWR : 0, ECT_0);
		assert_int_equal(f->outputs[f->next_output - 1].given, f->given_frames);
	}
	expect_silence(f);
}

// Half a millisecond's worth goes at a time, in one frame.
static void pacing_bounds_the_frame(void **state)
{
	enum { WINDOW = 64, RTT_MS = 4, BURST_US = 500 };
	struct fixture *f = nic_peer_plan(state);
	uint32_t total = 0;
	uint64_t rate;
	plx_time begin;

	fixture_set_option(f, PLX_OPTION_PACING, 1);
	f->options[0].value = WINDOW;
	f->peer.wscale = SEG_ABSENT;
	fixture_syn_sent(state);
	advance(f, RTT_MS);
	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->peer.isn, .mss = MSS));
	f->rcv_nxt = f->peer.isn + 1;
	forget_output(f);
	forget_events(f);
	rate = info_of(f).pacing_bytes_per_s;
	assert_in_range(rate, 31000000, 33000000);
	begin = f->now;
	user_sends(f, WINDOW * MSS);
	while (total < WINDOW * MSS) {
		uint64_t before = counter(f, PLX_COUNTER_TX_FRAMES);
		uint32_t at_once = 0;

		fixture_settle(f);
		while (f->next_output != f->n_outputs)
			at_once += expect_segment(f, SEG(.seq = f->snd_nxt + total + at_once))
					   ->payload_bytes;
		total += at_once;
		assert_in_range(at_once, MSS, rate * BURST_US / 1000000 + MSS);
		assert_true(total <= (f->now - begin) * rate / PLX_SECOND
				    + rate * BURST_US / 1000000 + 2 * MSS);
		assert_in_range(counter(f, PLX_COUNTER_TX_FRAMES) - before, 0, 1);
		if (total < WINDOW * MSS)
			advance_to_output(f, f->now + 2 * PLX_MILLISECOND);
	}
	assert_in_range(f->now - begin, 1000 * PLX_MICROSECOND, 2500 * PLX_MICROSECOND);
}

// What no port can do is not asked of one.
static void impossible_combinations_are_refused(void **state)
{
	static const uint32_t missing[] = {PLX_OFFLOAD_TX_TCP_CHECKSUM, PLX_OFFLOAD_TX_MULTI_SEGS,
					   PLX_OFFLOAD_TX_IPV4_CHECKSUM};
	struct fixture *f = nic_peer_plan(state);
	struct plx_address address = {.addr = f->to_stack.dst, .prefix_len = 24};
	struct plx_stack_config config = f->config;
	struct plx_stack *stack;
	const char *error;

	config.addresses = &address;
	config.n_addresses = 1;
	for (unsigned i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		bool is_needed = missing[i] != PLX_OFFLOAD_TX_IPV4_CHECKSUM || !f->variant->is_ipv6;
		int rc;

		config.offloads = NIC_PEER_OFFLOADS & ~missing[i];
		rc = plx_stack_create(&config, &stack, &error);
		assert_int_equal(rc, is_needed ? -EINVAL : 0);
		if (is_needed)
			assert_non_null(strstr(error, "TX_TSO needs"));
		plx_stack_destroy(stack);
	}
	config.offloads = NIC_PEER_OFFLOADS | PLX_OFFLOAD_TX_BY_REFERENCE;
	assert_int_equal(plx_stack_create(&config, &stack, &error), -EINVAL);
	assert_non_null(strstr(error, "TX_BY_REFERENCE"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_EVERY_LINK(full_segments_leave_as_one_frame),
		SCENARIO(one_segment_is_none_to_cut),
		SCENARIO(timestamps_stand_in_every_segment),
		SCENARIO(tagged_frames_are_cut_too),
		SCENARIO(more_than_a_packet_holds_is_several_frames),
		SCENARIO(memory_out_of_reach_is_copied),
		SCENARIO(little_pieces_are_copied_together),
		SCENARIO(small_segments_are_not_cut),
		SCENARIO(congestion_window_bounds_the_frame),
		SCENARIO(peers_window_bounds_the_frame),
		SCENARIO(quota_counts_segments),
		SCENARIO(short_end_goes_along_without_nagle),
		SCENARIO(nagle_holds_back_the_short_end),
		SCENARIO(short_end_beyond_the_window_waits),
		SCENARIO(end_is_pushed_on_the_last_segment_alone),
		SCENARIO(fin_rides_on_the_last_segment),
		SCENARIO(all_segments_are_capable_and_the_first_has_cwr),
		SCENARIO(pacing_bounds_the_frame),
		SCENARIO(impossible_combinations_are_refused),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script segment offload", tests, NULL, NULL);
}

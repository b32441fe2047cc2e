// SPDX-License-Identifier: BSD-3-Clause
//
// Fast retransmit and NewReno fast recovery: three duplicate ACKs, partial and full ACKs.
// RFC 5681 2 and 3.2, RFC 6582 3.2 (steps below are its own).
#include <rte_mbuf.h>

#include "support/eal_main.h"
#include "support/user.h"

enum { MSS = 1000, FLIGHT = 10 };

// Ten full segments in flight, as the initial window allows.
static struct fixture *with_ten_in_flight(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = MSS;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	fixture_connected(state);
	user_sends(f, FLIGHT * MSS);
	for (unsigned i = 0; i < FLIGHT; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	return f;
}

static void duplicate_acks_arrive(struct fixture *f, unsigned n, uint32_t ack)
{
	while (n-- > 0)
		segment_arrives(f, SEG(.ack = ack));
}

// RFC 5681 3.2 (2): the third, not the second.
static void third_duplicate_ack_sends_the_lost_segment(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	duplicate_acks_arrive(f, 2, f->snd_nxt);
	expect_silence(f);
	duplicate_acks_arrive(f, 1, f->snd_nxt);

	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .len = MSS));
	expect_silence(f);
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 1);
	expect_counter(f, PLX_COUNTER_TCP_RETRANSMITS, 1);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 0);
	expect_counter(f, PLX_COUNTER_TCP_DUPLICATE_ACKS, 3);
}

// RFC 3042 2: each of the first two lets a new segment go, beyond cwnd, which stays as it is.
static void first_two_duplicate_acks_let_new_data_go(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	user_sends(f, 5 * MSS);
	expect_silence(f);
	for (unsigned i = 0; i < 2; i++) {
		duplicate_acks_arrive(f, 1, f->snd_nxt);
		expect_segment(f, SEG(.seq = f->snd_nxt + (FLIGHT + i) * MSS, .len = MSS));
		expect_silence(f);
	}
	assert_int_equal(info_of(f).cwnd_bytes, FLIGHT * MSS);
	duplicate_acks_arrive(f, 1, f->snd_nxt);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_silence(f);
}

// They count the same when they come in one burst.
static void duplicate_acks_of_a_burst_count_each(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	burst_begin(f);
	duplicate_acks_arrive(f, 3, f->snd_nxt);
	burst_end(f);

	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_silence(f);
}

// RFC 5681 2: not a duplicate when it carries data, or another window, or nothing is in flight.
static void lookalikes_are_no_duplicate_acks(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	for (unsigned i = 0; i < 4; i++)
		segment_arrives(f, SEG(.wnd = 60000 + i));
	expect_silence(f);
	for (unsigned i = 0; i < 4; i++)
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i * 10, .len = 10, .wnd = 60003));

	forget_output(f);
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 0);
	expect_counter(f, PLX_COUNTER_TCP_RETRANSMITS, 0);
}

static void duplicate_acks_with_nothing_in_flight_mean_nothing(void **state)
{
	struct fixture *f = fixture_connected(state);

	duplicate_acks_arrive(f, 5, f->snd_nxt);

	expect_silence_for(f, 10000);
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 0);
}

// RFC 5681 3.2 (2): ssthresh is half of what was in flight.
static void half_the_flight_becomes_ssthresh(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	duplicate_acks_arrive(f, 3, f->snd_nxt);
	expect_segment(f, SEG(.seq = f->snd_nxt));

	assert_int_equal(info_of(f).ssthresh_bytes, FLIGHT / 2 * MSS);
}

// RFC 6582 3.2 step 3: a full ACK ends recovery, with no more than ssthresh to go on with.
static void full_ack_ends_recovery(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	duplicate_acks_arrive(f, 3, f->snd_nxt);
	expect_segment(f, SEG(.seq = f->snd_nxt));
	segment_arrives(f, SEG(.ack = f->snd_nxt + FLIGHT * MSS));

	expect_silence(f);
	// Option 2: half of ten segments is no burst.
	assert_int_equal(info_of(f).cwnd_bytes, FLIGHT / 2 * MSS);
	expect_silence_for(f, 100000);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 0);
}

// RFC 6582 3.2 step 3: a partial ACK names the next hole, which is sent at once.
static void partial_ack_sends_the_next_hole(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	duplicate_acks_arrive(f, 3, f->snd_nxt);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 4 * MSS));
	expect_segment(f, SEG(.seq = f->snd_nxt + 4 * MSS, .len = MSS));
	expect_silence(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 7 * MSS));
	expect_segment(f, SEG(.seq = f->snd_nxt + 7 * MSS, .len = MSS));
	expect_silence(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + FLIGHT * MSS));

	expect_silence_for(f, 100000);
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 1);
	expect_counter(f, PLX_COUNTER_TCP_RETRANSMITS, 3);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 0);
}

// RFC 5681 3.2 (4): each further duplicate ACK has taken a segment out of the network.
static void further_duplicate_acks_let_new_data_go(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	duplicate_acks_arrive(f, 3, f->snd_nxt);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	user_sends(f, 4 * MSS);
	expect_silence(f);
	duplicate_acks_arrive(f, 6, f->snd_nxt);

	// ssthresh 5 + 9 duplicates = 14 segments: four beyond the ten in flight.
	for (unsigned i = 0; i < 4; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + (FLIGHT + i) * MSS, .len = MSS));
	expect_silence(f);
}

// RFC 6582 3.2 step 2 and 6: after a timeout, duplicate ACKs of what was sent before it mean nothing.
static void duplicate_acks_after_a_timeout_do_not_begin_recovery(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	expect_segment_after(f, 200, SEG(.seq = f->snd_nxt, .len = MSS));
	duplicate_acks_arrive(f, 4, f->snd_nxt);

	expect_silence(f);
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 0);
}

// When the fast retransmission is lost as well, the timer has the last word.
static void lost_fast_retransmission_falls_to_the_timer(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	duplicate_acks_arrive(f, 9, f->snd_nxt);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));

	expect_segment_within(f, 200, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 1);
}

// A second loss, after recovery ended, is recovered like the first.
static void next_loss_is_recovered_again(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	duplicate_acks_arrive(f, 3, f->snd_nxt);
	expect_segment(f, SEG(.seq = f->snd_nxt));
	f->snd_nxt += FLIGHT * MSS;
	segment_arrives(f, SEG());
	user_sends(f, 6 * MSS);
	for (unsigned i = 0; i < 2; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	f->snd_nxt += 2 * MSS;
	segment_arrives(f, SEG());
	for (unsigned i = 0; i < 4; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	duplicate_acks_arrive(f, 3, f->snd_nxt);

	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 2);
}

// RFC 6582 3.2 step 2 with sequence numbers modulo 2^32: what was recovered long ago does not lie ahead.
static void loss_is_recovered_after_two_gigabytes_without(void **state)
{
	static const char bytes[8900];
	struct fixture *f = fixture_plan(state);
	uint64_t total = 0;

	f->config.mtu_bytes = 9000;
	f->peer.mss = 8900;
	f->peer.wscale = 8;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	fixture_established(state);
	f->judge.ignores_flows = true;
	f->judge.knows_payload = false;
	while (total < (UINT64_C(1) << 31) + (64 << 20)) {
		struct rte_mbuf *frames[32];
		unsigned n;

		for (unsigned i = 0; i < 9; i++)
			assert_int_equal(plx_send(f->stack, f->conn, bytes, 8900), 8900);
		n = plx_output(f->stack, frames, 32, f->now);
		rte_pktmbuf_free_bulk(frames, n);
		f->now += PLX_MICROSECOND;
		f->snd_nxt = info_of(f).snd_nxt;
		total += UINT64_C(9) * 8900;
		segment_arrives(f, SEG());
		forget_output(f);
	}
	forget_events(f);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(plx_send(f->stack, f->conn, bytes, 8900), 8900);
	fixture_settle(f);
	forget_output(f);
	for (unsigned i = 0; i < 4; i++)
		segment_arrives(f, SEG(.ack = f->snd_nxt));
	forget_output(f);
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(third_duplicate_ack_sends_the_lost_segment),
		SCENARIO(first_two_duplicate_acks_let_new_data_go),
		SCENARIO(duplicate_acks_of_a_burst_count_each),
		SCENARIO(lookalikes_are_no_duplicate_acks),
		SCENARIO(duplicate_acks_with_nothing_in_flight_mean_nothing),
		SCENARIO(half_the_flight_becomes_ssthresh),
		SCENARIO(full_ack_ends_recovery),
		SCENARIO(partial_ack_sends_the_next_hole),
		SCENARIO(further_duplicate_acks_let_new_data_go),
		SCENARIO(duplicate_acks_after_a_timeout_do_not_begin_recovery),
		SCENARIO(lost_fast_retransmission_falls_to_the_timer),
		SCENARIO(next_loss_is_recovered_again),
		SCENARIO(loss_is_recovered_after_two_gigabytes_without),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script fast_retransmit", tests, NULL, NULL);
}

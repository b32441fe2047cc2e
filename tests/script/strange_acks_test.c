// SPDX-License-Identifier: BSD-3-Clause
//
// Peers that acknowledge every byte for itself, never, twice, or what cannot have arrived: cwnd grows by what
// the rules say at most, memory is bounded by the buffers, every byte arrives. For every congestion control.
// RFC 5681 2, 3.1, 3.2, RFC 3465 2.1, RFC 3042 2, RFC 9293 3.10.7.4 fifth, 3.8.3; Savage et al. 1999.
#include <errno.h>

#include "script/strange_peer.h"
#include "support/eal_main.h"

// Acknowledges [una, end) in steps of so many bytes, a burst at a time.
static void acknowledge_by(struct fixture *f, uint32_t una, uint32_t end, uint32_t step)
{
	while (una != end) {
		burst_begin(f);
		for (unsigned i = 0; i < FIXTURE_BURST && una != end; i++) {
			una += end - una < step ? end - una : step;
			segment_arrives(f, SEG(.ack = una));
		}
		burst_end(f);
	}
}

// cwnd after some round trips of 20 ms that are acknowledged in such steps, after a timeout or not.
static uint32_t cwnd_after_steps(void **state, unsigned control, uint32_t step, bool has_lost)
{
	struct fixture *f = plan(state, control);
	uint32_t una, nxt, cwnd;

	fixture_established(state);
	una = nxt = f->snd_nxt;
	if (has_lost) {
		user_fills(f);
		take_full_segments(f, &nxt);
		advance(f, 250);
		forget_output(f);
		segment_arrives(f, SEG(.ack = nxt));
		una = nxt;
	}
	for (unsigned round = 0; round < (has_lost ? 10 : 2); round++) {
		user_fills(f);
		take_full_segments(f, &nxt);
		assert_true(nxt != una);
		advance(f, 20);
		cwnd = info_of(f).cwnd_bytes;
		acknowledge_by(f, una, nxt, step);
		// RFC 5681 3.1: by no more than the bytes acknowledged, in slow start and everywhere.
		assert_in_range(info_of(f).cwnd_bytes, cwnd, cwnd + (nxt - una));
		una = nxt;
	}
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 0);
	cwnd = info_of(f).cwnd_bytes;
	forget_output(f);
	return cwnd;
}

static void divide(void **state, unsigned control, bool has_lost)
{
	uint32_t honest = cwnd_after_steps(state, control, MSS, has_lost);

	fixture_renew(state);
	assert_in_range(cwnd_after_steps(state, control, 1, has_lost), INITIAL, honest + MSS);
}

static void divide_in_slow_start(void **state, unsigned control)
{
	divide(state, control, false);
}

static void divide_in_congestion_avoidance(void **state, unsigned control)
{
	divide(state, control, true);
}

// RFC 5681 3.1, "ACK division": N, not SMSS, is what an ACK adds in slow start.
static void acks_of_single_bytes_do_not_speed_up_slow_start(void **state)
{
	for_each_control(state, divide_in_slow_start);
}

// RFC 3465 2.1: nor in congestion avoidance.
static void acks_of_single_bytes_do_not_speed_up_congestion_avoidance(void **state)
{
	for_each_control(state, divide_in_congestion_avoidance);
}

static void divide_in_recovery(void **state, unsigned control)
{
	struct fixture *f = plan(state, control);
	uint32_t una, nxt;

	fixture_established(state);
	una = nxt = f->snd_nxt;
	user_fills(f);
	take_full_segments(f, &nxt);
	for (unsigned i = 0; i < DUPLICATES; i++)
		segment_arrives(f, SEG());
	forget_output(f);
	advance(f, 20);
	// Byte by byte as far as the sixth segment: as if each was a hole of its own.
	for (; una != f->snd_nxt + 5 * MSS; una++) {
		segment_arrives(f, SEG(.ack = una + 1));
		forget_output(f);
		assert_in_range(info_of(f).cwnd_bytes, MSS, INITIAL + DUPLICATES * MSS);
	}
	// Six segments, each once for itself, and once more when its first bytes are acknowledged.
	assert_in_range(counter(f, PLX_COUNTER_TCP_RETRANSMITS), 6, 2 * 6);
	assert_in_range(info_of(f).snd_nxt - nxt, 0, 5 * MSS);
}

// RFC 6582 3.2 step 3 sends the next segment again for a partial acknowledgement, RFC 6937 3 counts that in prr_out:
// a byte acknowledged is no reason for the same segment a thousand times.
static void acks_of_single_bytes_do_not_multiply_retransmissions(void **state)
{
	for_each_control(state, divide_in_recovery);
}

static void stay_silent(void **state, unsigned control)
{
	struct fixture *f = plan(state, control);
	unsigned in_use, resent = 0;
	uint32_t nxt;
	plx_time begin;

	fixture_established(state);
	in_use = mbufs_in_use(f->config.pool);
	nxt = f->snd_nxt;
	begin = f->now;
	user_fills(f);
	assert_int_equal(info_of(f).unsent_bytes, SEND_BUFFER);
	assert_int_equal(take_full_segments(f, &nxt), INITIAL);
	while (stats_of(f).connections == 1) {
		const struct fixture_output *output;

		// Two copies of what the buffer holds would be too much.
		assert_in_range(mbufs_in_use(f->config.pool) - in_use, 0, SEND_BUFFER / MSS + 16);
		// A path that takes nothing may be one that takes no full segment (RFC 4821).
		assert_in_range(info_of(f).cwnd_bytes, info_of(f).mss_bytes, INITIAL);
		advance_to_output(f, f->now + 600 * PLX_SECOND);
		while ((output = fixture_next_output(f)) != NULL)
			resent++;
	}
	// RFC 9293 3.8.3: R2 is at least 100 seconds.
	assert_in_range(f->now - begin, 100 * PLX_SECOND, 3600 * PLX_SECOND);
	assert_in_range(resent, 15, 17);
	assert_int_equal(f->events[f->n_events - 1].mask, PLX_EVENT_FAILED);
	assert_int_equal(f->events[f->n_events - 1].error, -ETIMEDOUT);
	assert_int_equal(mbufs_in_use(f->config.pool), in_use);
}

static void peer_that_never_acknowledges_is_given_up(void **state)
{
	for_each_control(state, stay_silent);
}

// RFC 5482: the user's bound holds while the peer sends text of its own and acknowledges nothing.
static void peer_that_only_talks_is_given_up_at_the_user_timeout(void **state)
{
	struct fixture *f = fixture_plan(state);
	plx_time begin;

	fixture_set_option(f, PLX_OPTION_USER_TIMEOUT, 30 * PLX_SECOND);
	fixture_established(state);
	begin = f->now;
	user_sends(f, MSS);
	for (unsigned second = 1; second <= 30; second++) {
		expect_state(f, PLX_STATE_ESTABLISHED);
		segment_arrives(f, SEG(.len = 10));
		f->rcv_nxt += 10;
		user_receives(f, 10);
		forget_events(f);
		advance_until(f, begin + second * PLX_SECOND);
	}
	forget_output(f);
	expect_event(f, PLX_EVENT_FAILED, -ETIMEDOUT);
	expect_state(f, PLX_STATE_CLOSED);
}

// Each of 400 segments is acknowledged so many times, eight of them per millisecond.
static void acknowledge_repeatedly(void **state, unsigned times, uint32_t flight_max)
{
	struct fixture *f = fixture_established(state);
	uint32_t una = f->snd_nxt, nxt = f->snd_nxt;

	for (unsigned i = 0; i < 400; i++) {
		user_fills(f);
		take_full_segments(f, &nxt);
		una += MSS;
		for (unsigned j = 0; j < times; j++) {
			struct plx_info info;

			segment_arrives(f, SEG(.ack = una));
			take_full_segments(f, &nxt);
			info = info_of(f);
			assert_in_range(info.unacked_bytes, MSS, flight_max);
			assert_in_range(info.cwnd_bytes, MSS, flight_max);
		}
		if (i % 8 == 0)
			advance(f, 1);
	}
	take_full_segments(f, &nxt);
}

static void acknowledge_twice(void **state, unsigned control)
{
	struct fixture *f = plan(state, control);

	acknowledge_repeatedly(state, 2, UINT16_MAX + GROWTH_MAX);
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 0);
	expect_counter(f, PLX_COUNTER_TCP_RETRANSMITS, 0);
	expect_counter(f, PLX_COUNTER_TCP_DUPLICATE_ACKS, 400);
}

// RFC 5681 3.2: one duplicate is no loss; it says that a segment has left, and nothing of cwnd.
static void doubled_acks_cause_no_retransmission(void **state)
{
	for_each_control(state, acknowledge_twice);
}

static void acknowledge_four_times(void **state, unsigned control)
{
	struct fixture *f = plan(state, control);

	acknowledge_repeatedly(state, 4, UINT16_MAX + GROWTH_MAX);
	assert_in_range(counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS), 1, 400 / 2);
	assert_in_range(counter(f, PLX_COUNTER_TCP_RETRANSMITS), 1, 400);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 0);
}

// Three duplicates of every ACK: recoveries without a loss, each of a window at least (RFC 6582 3.2 step 2).
static void fourfold_acks_cost_no_more_than_a_recovery_per_window(void **state)
{
	for_each_control(state, acknowledge_four_times);
}

static void spoof_duplicates(void **state, unsigned control)
{
	struct fixture *f = plan(state, control);
	uint32_t nxt, ssthresh;

	fixture_established(state);
	nxt = f->snd_nxt;
	user_fills(f);
	take_full_segments(f, &nxt);
	for (unsigned i = 0; i < 1000; i++) {
		segment_arrives(f, SEG());
		assert_in_range(take_full_segments(f, &nxt), 0, MSS);
		assert_in_range(info_of(f).cwnd_bytes, MSS, INITIAL + DUPLICATES * MSS);
	}
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 1);
	ssthresh = info_of(f).ssthresh_bytes;
	assert_in_range(ssthresh, INITIAL / 2, INITIAL * 7 / 10);
	advance(f, 100);
	take_full_segments(f, &nxt);
	segment_arrives(f, SEG(.ack = nxt));
	assert_in_range(info_of(f).cwnd_bytes, MSS, ssthresh);
	take_full_segments(f, &nxt);
}

// RFC 5681 3.2, the note on step 4: duplicates beyond what is outstanding tell of nothing. None lets more than a
// segment go, cwnd does not grow, and afterwards it is ssthresh at most.
static void spoofed_duplicate_acks_do_not_open_cwnd(void **state)
{
	for_each_control(state, spoof_duplicates);
}

static void acknowledge_the_unsent(void **state, unsigned control)
{
	struct fixture *f = plan(state, control);
	struct plx_info before;
	uint32_t nxt;

	f->config.challenge_acks_per_s = 100;
	fixture_established(state);
	nxt = f->snd_nxt;
	user_fills(f);
	take_full_segments(f, &nxt);
	before = info_of(f);
	segment_arrives(f, SEG(.ack = nxt + 1));
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = nxt, .ack = f->rcv_nxt, .len = 0));
	for (uint32_t i = 0; i < 1000; i++) {
		segment_arrives(f, SEG(.ack = nxt + 1 + i * 100000));
		forget_output(f);
	}
	assert_int_equal(take_full_segments(f, &nxt), 0);
	// Every one is dropped and not more than a few are answered (RFC 5961 5 and 7).
	expect_drops(f, PLX_DROP_TCP_ACK, 1001);
	assert_in_range(counter(f, PLX_COUNTER_TCP_CHALLENGE_ACKS), 1, 100);
	assert_int_equal(info_of(f).snd_una, before.snd_una);
	assert_int_equal(info_of(f).cwnd_bytes, before.cwnd_bytes);
	assert_int_equal(info_of(f).snd_wnd_bytes, before.snd_wnd_bytes);
	segment_arrives(f, SEG(.ack = nxt));
	assert_true(take_full_segments(f, &nxt) > 0);
}

// RFC 9293 3.10.7.4 fifth, RFC 5961 5: answered, and not believed.
static void acks_of_the_unsent_change_nothing(void **state)
{
	for_each_control(state, acknowledge_the_unsent);
}

// Everything is acknowledged as soon as it was sent: a path without delay, as far as a sender can tell.
static void acknowledge_at_once(void **state, uint32_t cwnd_max)
{
	struct fixture *f = fixture_established(state);
	uint32_t una, nxt, acked = 0;
	unsigned in_use;

	in_use = mbufs_in_use(f->config.pool);
	una = nxt = f->snd_nxt;
	for (unsigned round = 0; round < 200; round++) {
		user_fills(f);
		take_full_segments(f, &nxt);
		assert_in_range(mbufs_in_use(f->config.pool) - in_use, 0, SEND_BUFFER / MSS + 16);
		for (; una != nxt; acked += MSS) {
			una += MSS;
			segment_arrives(f, SEG(.ack = una));
			assert_in_range(info_of(f).cwnd_bytes, INITIAL, INITIAL + acked + MSS);
		}
	}
	assert_in_range(info_of(f).cwnd_bytes, 2 * INITIAL, cwnd_max);
	forget_output(f);
}

static void acknowledge_at_once_in_64_kb(void **state, unsigned control)
{
	plan(state, control);
	acknowledge_at_once(state, UINT16_MAX + GROWTH_MAX);
}

static void acknowledge_at_once_in_a_gigabyte(void **state, unsigned control)
{
	plan(state, control)->peer.wscale = 14;
	acknowledge_at_once(state, SEND_BUFFER + GROWTH_MAX);
}

// RFC 7661's spirit: cwnd ends where it is no longer what limits, be it the peer's window ...
static void optimistic_acks_open_cwnd_as_far_as_the_window(void **state)
{
	for_each_control(state, acknowledge_at_once_in_64_kb);
}

// ... or the send buffer, however much the peer offers.
static void optimistic_acks_open_cwnd_as_far_as_the_send_buffer(void **state)
{
	for_each_control(state, acknowledge_at_once_in_a_gigabyte);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(acks_of_single_bytes_do_not_speed_up_slow_start),
		SCENARIO(acks_of_single_bytes_do_not_speed_up_congestion_avoidance),
		SCENARIO(acks_of_single_bytes_do_not_multiply_retransmissions),
		SCENARIO(peer_that_never_acknowledges_is_given_up),
		SCENARIO(peer_that_only_talks_is_given_up_at_the_user_timeout),
		SCENARIO(doubled_acks_cause_no_retransmission),
		SCENARIO(fourfold_acks_cost_no_more_than_a_recovery_per_window),
		SCENARIO(spoofed_duplicate_acks_do_not_open_cwnd),
		SCENARIO(acks_of_the_unsent_change_nothing),
		SCENARIO(optimistic_acks_open_cwnd_as_far_as_the_window),
		SCENARIO(optimistic_acks_open_cwnd_as_far_as_the_send_buffer),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script strange_acks", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Retransmissions that were not needed: found by the order of acknowledgements (F-RTO, RFC 5682 2.1, its steps
// below), or by timestamps (Eifel, RFC 3522 3.2), and taken back (RFC 4015 3). What cwnd becomes is
// in cwnd_trace.def.
#include "late_peer.h"
#include "support/eal_main.h"

// The loss is taken for real: what comes next is the rest of the flight, in slow start.
static void expect_conventional_recovery(struct fixture *f)
{
	expect_segment(f, SEG(.seq = f->snd_nxt + LATE_MSS, .len = LATE_MSS));
	expect_segment(f, SEG(.seq = f->snd_nxt + 2 * LATE_MSS, .len = LATE_MSS));
	expect_silence(f);
	assert_int_equal(info_of(f).recovery, PLX_RECOVERY_TIMEOUT);
	assert_int_equal(info_of(f).ssthresh_bytes, LATE_FLIGHT / 2 * LATE_MSS);
	expect_counter(f, PLX_COUNTER_TCP_SPURIOUS_TIMEOUTS, 0);
}

// Only new data goes on, the window is what it was.
static void expect_taken_back(struct fixture *f)
{
	assert_int_equal(info_of(f).recovery, PLX_RECOVERY_NONE);
	assert_int_equal(info_of(f).ssthresh_bytes, UINT32_MAX);
	expect_counter(f, PLX_COUNTER_TCP_RETRANSMITS, 1);
}

// Steps 2 b and 3 b: two acknowledgements that advance, with new data in between: the flight was only late.
static void two_advances_tell_that_the_flight_was_late(void **state)
{
	struct fixture *f = late_after_timeout(state, LATE_UNSENT, NULL);

	segment_arrives(f, SEG(.ack = f->snd_nxt + LATE_MSS));
	late_expect_new(f, LATE_FLIGHT, 2);
	expect_silence(f);
	expect_counter(f, PLX_COUNTER_TCP_SPURIOUS_TIMEOUTS, 0);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 2 * LATE_MSS));
	late_expect_new(f, LATE_FLIGHT + 2, 1);
	forget_output(f);

	expect_counter(f, PLX_COUNTER_TCP_SPURIOUS_TIMEOUTS, 1);
	expect_taken_back(f);
}

// Step 2 a: a duplicate comes first: something is missing indeed.
static void duplicate_first_means_a_loss(void **state)
{
	struct fixture *f = late_after_timeout(state, LATE_UNSENT, NULL);

	segment_arrives(f, SEG());
	expect_silence(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + LATE_MSS));
	expect_conventional_recovery(f);
}

// Step 2 a: all is acknowledged at once: whatever it was, it is over, and the window stays reduced.
static void acknowledgement_of_everything_tells_nothing(void **state)
{
	struct fixture *f = late_after_timeout(state, LATE_UNSENT, NULL);

	segment_arrives(f, SEG(.ack = f->snd_nxt + LATE_FLIGHT * LATE_MSS));
	late_expect_new(f, LATE_FLIGHT, 1);
	forget_output(f);
	assert_int_equal(info_of(f).ssthresh_bytes, LATE_FLIGHT / 2 * LATE_MSS);
	expect_counter(f, PLX_COUNTER_TCP_SPURIOUS_TIMEOUTS, 0);
	expect_counter(f, PLX_COUNTER_TCP_RETRANSMITS, 1);
}

// Step 2 b needs something new; without it the loss is taken for real.
static void without_new_data_nothing_can_be_found_out(void **state)
{
	struct fixture *f = late_after_timeout(state, 0, NULL);

	segment_arrives(f, SEG(.ack = f->snd_nxt + LATE_MSS));
	expect_conventional_recovery(f);
}

// Step 2 b: "if the receiver window allows".
static void shut_out_by_the_window_nothing_can_be_found_out(void **state)
{
	struct fixture *f = late_after_timeout(state, LATE_UNSENT, NULL);

	segment_arrives(f, SEG(.ack = f->snd_nxt + LATE_MSS, .wnd = (LATE_FLIGHT - 1) * LATE_MSS));
	expect_conventional_recovery(f);
}

// Step 3 a: the new data calls forth a duplicate: the rest of the flight is sent again.
static void duplicate_after_new_data_means_a_loss(void **state)
{
	struct fixture *f = late_after_timeout(state, LATE_UNSENT, NULL);

	segment_arrives(f, SEG(.ack = f->snd_nxt + LATE_MSS));
	late_expect_new(f, LATE_FLIGHT, 2);
	segment_arrives(f, SEG(.ack = f->snd_nxt + LATE_MSS));
	for (unsigned i = 1; i <= 3; i++) // "cwnd to no more than 3 * LATE_MSS"
		expect_segment(f, SEG(.seq = f->snd_nxt + i * LATE_MSS, .len = LATE_MSS));
	expect_silence(f);
	assert_int_equal(info_of(f).cwnd_bytes, 3 * LATE_MSS);
	assert_int_equal(info_of(f).recovery, PLX_RECOVERY_TIMEOUT);
	expect_counter(f, PLX_COUNTER_TCP_SPURIOUS_TIMEOUTS, 0);
}

// Step 3 b asks for an acknowledgement of what was not sent again. A retransmission that holds several small
// segments is not told from a late flight by an acknowledgement of itself.
static void advance_over_the_retransmission_alone_means_a_loss(void **state)
{
	struct fixture *f = late_connected(state);

	for (unsigned i = 0; i < 10; i++) {
		user_sends(f, LATE_MSS / 10);
		expect_segment(f, SEG(.len = LATE_MSS / 10));
	}
	user_sends(f, (LATE_FLIGHT - 1 + LATE_UNSENT) * LATE_MSS);
	for (unsigned i = 1; i < LATE_FLIGHT; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * LATE_MSS, .len = LATE_MSS));
	expect_segment_within(f, LATE_RTO_MS + 1, SEG(.seq = f->snd_nxt, .len = LATE_MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + LATE_MSS / 10));
	late_expect_new(f, LATE_FLIGHT, 2);
	segment_arrives(f, SEG(.ack = f->snd_nxt + LATE_MSS));

	expect_segment(f, SEG(.seq = f->snd_nxt + LATE_MSS, .len = LATE_MSS));
	forget_output(f);
	expect_counter(f, PLX_COUNTER_TCP_SPURIOUS_TIMEOUTS, 0);
}

// Step 1: whoever waits for the answer to a timeout already does not begin anew with the next.
static void second_timeout_in_a_row_is_believed(void **state)
{
	struct fixture *f = late_after_timeout(state, LATE_UNSENT, NULL);

	expect_segment_within(f, 2 * LATE_RTO_MS + 1, SEG(.seq = f->snd_nxt, .len = LATE_MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + LATE_MSS));
	expect_conventional_recovery(f);
}

// RFC 3522 3.2 steps 3 to 5: the first acknowledgement echoes what was sent before the retransmission.
static void older_echo_takes_a_timeout_back_at_once(void **state)
{
	uint32_t original;
	struct fixture *f = late_after_timeout_with_timestamps(state, &original);

	segment_arrives(f, SEG(.ack = f->snd_nxt + LATE_MSS, .ts_ecr = original));
	late_expect_new(f, LATE_FLIGHT, 1);
	forget_output(f);
	expect_counter(f, PLX_COUNTER_TCP_SPURIOUS_TIMEOUTS, 1);
	expect_taken_back(f);
}

static void echo_of_the_retransmission_confirms_a_timeout(void **state)
{
	struct fixture *f = late_after_timeout_with_timestamps(state, &(uint32_t){0});

	segment_arrives(f, SEG(.ack = f->snd_nxt + LATE_MSS, .ts_ecr = f->ts_val));
	expect_conventional_recovery(f);
}

// RFC 3522 3.2 step 4: it is the first acceptable acknowledgement that tells, no later one.
static void later_acknowledgements_tell_nothing(void **state)
{
	uint32_t original;
	struct fixture *f = late_after_timeout_with_timestamps(state, &original);

	segment_arrives(f, SEG(.ack = f->snd_nxt + LATE_MSS, .ts_ecr = f->ts_val));
	forget_output(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 2 * LATE_MSS, .ts_ecr = original));
	forget_output(f);
	expect_counter(f, PLX_COUNTER_TCP_SPURIOUS_TIMEOUTS, 0);
	assert_int_equal(info_of(f).recovery, PLX_RECOVERY_TIMEOUT);
}

// RFC 3522 3.2 step 2: RetransmitTS is that of the first retransmission, however many follow.
static void echo_from_before_several_timeouts_takes_them_back(void **state)
{
	uint32_t original;
	struct fixture *f = late_after_timeout_with_timestamps(state, &original);

	expect_segment_within(f, 2 * LATE_RTO_MS + 1, SEG(.seq = f->snd_nxt, .len = LATE_MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + LATE_FLIGHT * LATE_MSS, .ts_ecr = original));
	late_expect_new(f, LATE_FLIGHT, 1);
	forget_output(f);
	expect_counter(f, PLX_COUNTER_TCP_SPURIOUS_TIMEOUTS, 1);
	assert_int_equal(info_of(f).ssthresh_bytes, UINT32_MAX);
}

static void echo_of_any_retransmission_confirms_the_loss(void **state)
{
	struct fixture *f = late_after_timeout_with_timestamps(state, &(uint32_t){0});
	uint32_t first_again = f->ts_val;

	expect_segment_within(f, 2 * LATE_RTO_MS + 1, SEG(.seq = f->snd_nxt, .len = LATE_MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + LATE_MSS, .ts_ecr = first_again));
	expect_conventional_recovery(f);
}

// RFC 4015 3 step 8: not when the acknowledgement carries ECE: congestion there was. Nothing is sent again, though.
static void mark_keeps_the_window_reduced(void **state)
{
	struct fixture *f = fixture_plan(state);
	uint32_t original;

	fixture_set_option(f, PLX_OPTION_ECN, PLX_ECN_ASK);
	late_after_timeout_with_timestamps(state, &original);
	assert_true(info_of(f).has_ecn);
	segment_arrives(f,
			SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->snd_nxt + LATE_FLIGHT * LATE_MSS,
			    .ts_ecr = original));
	forget_output(f);

	expect_counter(f, PLX_COUNTER_TCP_SPURIOUS_TIMEOUTS, 1);
	expect_counter(f, PLX_COUNTER_TCP_RETRANSMITS, 1);
	assert_int_equal(info_of(f).ssthresh_bytes, LATE_FLIGHT / 2 * LATE_MSS);
	assert_true(info_of(f).cwnd_bytes <= LATE_FLIGHT / 2 * LATE_MSS);
}

// RFC 4015 3 step 9: SRTT = max(SRTT, R), RTTVAR = max(RTTVAR, R / 2), RTO = SRTT + 4 RTTVAR, so that the path's
// next delay of this kind is waited for.
static void timer_adapts_to_the_delay(void **state)
{
	uint32_t original;
	struct fixture *f = late_after_timeout_with_timestamps(state, &original);

	advance(f, 50);
	segment_arrives(f, SEG(.ack = f->snd_nxt + LATE_MSS, .ts_ecr = original));
	forget_output(f);
	assert_in_range(info_of(f).srtt / PLX_MILLISECOND, LATE_RTO_MS + 49, LATE_RTO_MS + 51);
	assert_in_range(info_of(f).rto / PLX_MILLISECOND, 3 * (LATE_RTO_MS + 49),
			3 * (LATE_RTO_MS + 51));
}

// The duplicates were of a path that reorders: so many do not mean a loss next time (RFC 4015 1).
static void older_echo_takes_a_fast_retransmit_back(void **state)
{
	uint32_t original;
	struct fixture *f = late_after_fast_retransmit(state, &original);

	assert_int_equal(info_of(f).recovery, PLX_RECOVERY_FAST);
	assert_int_equal(info_of(f).reordering, 3);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 5 * LATE_MSS, .ts_ecr = original));

	expect_silence(f);
	expect_counter(f, PLX_COUNTER_TCP_SPURIOUS_FAST_RETRANSMITS, 1);
	expect_taken_back(f);
	assert_int_equal(info_of(f).reordering, 4);
}

// The echo is the retransmission's: the partial acknowledgement names the next hole (RFC 6582 3.2 step 3).
static void echo_of_the_retransmission_confirms_a_fast_retransmit(void **state)
{
	struct fixture *f = late_after_fast_retransmit(state, &(uint32_t){0});

	segment_arrives(f, SEG(.ack = f->snd_nxt + 5 * LATE_MSS, .ts_ecr = f->ts_val));

	expect_segment(f, SEG(.seq = f->snd_nxt + 5 * LATE_MSS, .len = LATE_MSS));
	expect_counter(f, PLX_COUNTER_TCP_SPURIOUS_FAST_RETRANSMITS, 0);
	assert_int_equal(info_of(f).reordering, 3);
	assert_int_equal(info_of(f).ssthresh_bytes, LATE_FLIGHT / 2 * LATE_MSS);
}

// RFC 3168 6.1.2: a mark of that window had reduced it before the duplicates came, and that stays.
static void reduction_for_a_mark_is_not_taken_back(void **state)
{
	struct fixture *f = fixture_plan(state);
	uint32_t original;

	f->peer.timestamps = true;
	fixture_set_option(f, PLX_OPTION_ECN, PLX_ECN_ASK);
	late_connected(state);
	late_fill_window(f, 0);
	original = f->ts_val;
	advance(f, LATE_RTT_MS);
	segment_arrives(
		f,
		SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->snd_nxt + LATE_MSS, .ts_ecr = original));
	for (unsigned i = 0; i < 3; i++)
		segment_arrives(f, SEG(.ack = f->snd_nxt + LATE_MSS, .ts_ecr = original));
	expect_segment(f, SEG(.seq = f->snd_nxt + LATE_MSS, .len = LATE_MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 5 * LATE_MSS, .ts_ecr = original));

	expect_silence(f);
	assert_int_equal(info_of(f).ssthresh_bytes, LATE_FLIGHT / 2 * LATE_MSS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(two_advances_tell_that_the_flight_was_late),
		SCENARIO(duplicate_first_means_a_loss),
		SCENARIO(acknowledgement_of_everything_tells_nothing),
		SCENARIO(without_new_data_nothing_can_be_found_out),
		SCENARIO(shut_out_by_the_window_nothing_can_be_found_out),
		SCENARIO(duplicate_after_new_data_means_a_loss),
		SCENARIO(advance_over_the_retransmission_alone_means_a_loss),
		SCENARIO(second_timeout_in_a_row_is_believed),
		SCENARIO(older_echo_takes_a_timeout_back_at_once),
		SCENARIO(echo_of_the_retransmission_confirms_a_timeout),
		SCENARIO(later_acknowledgements_tell_nothing),
		SCENARIO(echo_from_before_several_timeouts_takes_them_back),
		SCENARIO(echo_of_any_retransmission_confirms_the_loss),
		SCENARIO(mark_keeps_the_window_reduced),
		SCENARIO(timer_adapts_to_the_delay),
		SCENARIO(older_echo_takes_a_fast_retransmit_back),
		SCENARIO(echo_of_the_retransmission_confirms_a_fast_retransmit),
		SCENARIO(reduction_for_a_mark_is_not_taken_back),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script spurious", tests, NULL, NULL);
}

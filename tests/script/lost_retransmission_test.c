// SPDX-License-Identifier: BSD-3-Clause
//
// A retransmission that is lost in its turn: duplicates that come when its answer is overdue tell of it, or their
// absence does; the timeout is not waited for. RFC 5681 4.3, RFC 8985 7 in its spirit.
#include "support/eal_main.h"

#include "steady_peer.h"

enum {
	MSS = STEADY_MSS,
	FLIGHT = 20,
	RTT_MS = 60,
	ANSWER_MS = 90, // a round trip, and half of one for its variance
};

// Twenty in flight, of which the first is lost; it was sent again just now.
static struct fixture *in_recovery(void **state, int64_t tail_probe)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_INITIAL_WINDOW, FLIGHT);
	fixture_set_option(f, PLX_OPTION_TAIL_PROBE, tail_probe);
	steady_connected(state, RTT_MS);
	steady_sends(f, FLIGHT);
	advance(f, RTT_MS);
	steady_duplicates(f, 3);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_silence(f);
	assert_int_equal(info_of(f).ssthresh_bytes, FLIGHT / 2 * MSS);
	return f;
}

// Duplicates that are sent after the retransmission must have arrived come for what was sent later.
static void overdue_answer_means_another_loss(void **state)
{
	struct fixture *f = in_recovery(state, 0);

	advance(f, ANSWER_MS + 5);
	steady_duplicates(f, 1);

	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_silence(f);
	expect_counter(f, PLX_COUNTER_TCP_LOST_RETRANSMITS, 1);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 0);
}

// Those of the first flight come within a round trip or little more, and mean nothing new.
static void duplicates_in_time_mean_no_other_loss(void **state)
{
	struct fixture *f = in_recovery(state, 0);

	steady_duplicates(f, 8);
	advance(f, ANSWER_MS - 2);
	steady_duplicates(f, 8);

	expect_silence(f);
	expect_counter(f, PLX_COUNTER_TCP_LOST_RETRANSMITS, 0);
}

// RFC 5681 4.3: "a second indication of congestion": the window is lowered once more.
static void second_loss_is_congestion_too(void **state)
{
	struct fixture *f = in_recovery(state, 0);

	advance(f, ANSWER_MS + 5);
	steady_duplicates(f, 1);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));

	assert_true(info_of(f).ssthresh_bytes < FLIGHT / 2 * MSS);
	segment_arrives(f, SEG(.ack = f->snd_nxt + FLIGHT * MSS));
	expect_silence_for(f, 2 * STEADY_RTO_MS);
	assert_int_equal(info_of(f).recovery, PLX_RECOVERY_NONE);
}

// The second retransmission has its own time to be answered in.
static void each_retransmission_is_waited_for(void **state)
{
	struct fixture *f = in_recovery(state, 0);

	advance(f, ANSWER_MS + 5);
	steady_duplicates(f, 1);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	steady_duplicates(f, 3);
	advance(f, RTT_MS);
	steady_duplicates(f, 3);
	expect_silence(f);
	advance(f, ANSWER_MS - RTT_MS + 5);
	steady_duplicates(f, 1);

	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_counter(f, PLX_COUNTER_TCP_LOST_RETRANSMITS, 2);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 0);
}

// A partial acknowledgement answers one retransmission and calls for another, whose time begins then.
static void partial_acknowledgement_begins_the_wait_anew(void **state)
{
	struct fixture *f = in_recovery(state, 0);

	advance(f, RTT_MS);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 6 * MSS));
	expect_segment(f, SEG(.seq = f->snd_nxt + 6 * MSS, .len = MSS));
	advance(f, ANSWER_MS - RTT_MS + 5);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 6 * MSS));
	expect_silence(f);
	advance(f, RTT_MS);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 6 * MSS));

	expect_segment(f, SEG(.seq = f->snd_nxt + 6 * MSS, .len = MSS));
	expect_counter(f, PLX_COUNTER_TCP_LOST_RETRANSMITS, 1);
}

// No duplicate comes either: what recovery hangs on is sent once more, long before the timeout.
static void silence_in_recovery_is_probed(void **state)
{
	struct fixture *f = in_recovery(state, 1);

	expect_silence_for(f, ANSWER_MS - 1);
	expect_segment_within(f, 5, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_counter(f, PLX_COUNTER_TCP_TAIL_PROBES, 1);
	assert_int_equal(info_of(f).ssthresh_bytes, FLIGHT / 2 * MSS); // silence proves no loss
	advance(f, RTT_MS);
	segment_arrives(f, SEG(.ack = f->snd_nxt + FLIGHT * MSS));
	expect_silence_for(f, 2 * STEADY_RTO_MS);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 0);
}

// Once, as any tail; then the timer decides.
static void silence_in_recovery_is_probed_once(void **state)
{
	struct fixture *f = in_recovery(state, 1);

	expect_segment_within(f, ANSWER_MS + 5, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_segment_within(f, 2 * STEADY_RTO_MS, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_counter(f, PLX_COUNTER_TCP_TAIL_PROBES, 1);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 1);
}

static void probing_in_recovery_can_be_switched_off(void **state)
{
	struct fixture *f = in_recovery(state, 0);

	expect_silence_for(f, STEADY_RTO_MS - 2 * RTT_MS);
	expect_segment_within(f, 3 * RTT_MS, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(overdue_answer_means_another_loss),
		SCENARIO(duplicates_in_time_mean_no_other_loss),
		SCENARIO(second_loss_is_congestion_too),
		SCENARIO(each_retransmission_is_waited_for),
		SCENARIO(partial_acknowledgement_begins_the_wait_anew),
		SCENARIO(silence_in_recovery_is_probed),
		SCENARIO(silence_in_recovery_is_probed_once),
		SCENARIO(probing_in_recovery_can_be_switched_off),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script lost_retransmission", tests, NULL, NULL);
}

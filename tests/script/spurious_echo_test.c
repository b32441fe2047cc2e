// SPDX-License-Identifier: BSD-3-Clause
//
// After a retransmission was taken back: what answers the copies tells of no loss (RFC 6582 3.2 step 2), and what is
// lost next is repaired all the same.
#include "late_peer.h"
#include "support/eal_main.h"

// RFC 6582 3.2 step 2 after step 3 a: the two new segments went out before the copies did, so that the echoes of these
// are no duplicates of anything new.
static void echoes_of_copies_begin_no_recovery(void **state)
{
	struct fixture *f = late_after_timeout(state, LATE_UNSENT, NULL);

	segment_arrives(f, SEG(.ack = f->snd_nxt + LATE_MSS));
	late_expect_new(f, LATE_FLIGHT, 2);
	segment_arrives(f, SEG(.ack = f->snd_nxt + LATE_MSS));
	forget_output(f);
	f->snd_nxt += (LATE_FLIGHT + 2) * LATE_MSS;
	segment_arrives(f, SEG());
	forget_output(f);
	for (unsigned i = 0; i < 3; i++)
		segment_arrives(f, SEG());

	forget_output(f);
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 0);
	expect_counter(f, PLX_COUNTER_TCP_RETRANSMITS, 1 + 3);
}

// RFC 6582 3.2 step 2: each of the copies is answered too, when all is over.
static void echoes_after_several_timeouts_begin_no_recovery(void **state)
{
	uint32_t original;
	struct fixture *f = late_after_timeout_with_timestamps(state, &original);

	expect_segment_within(f, 2 * LATE_RTO_MS + 1, SEG(.seq = f->snd_nxt, .len = LATE_MSS));
	expect_segment_within(f, 4 * LATE_RTO_MS + 1, SEG(.seq = f->snd_nxt, .len = LATE_MSS));
	f->snd_nxt += LATE_FLIGHT * LATE_MSS;
	segment_arrives(f, SEG(.ts_ecr = original));
	forget_output(f);
	for (unsigned i = 0; i < 3; i++)
		segment_arrives(f, SEG(.ts_ecr = f->ts_val));

	expect_silence(f);
	expect_counter(f, PLX_COUNTER_TCP_SPURIOUS_TIMEOUTS, 1);
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 0);
	expect_counter(f, PLX_COUNTER_TCP_RETRANSMITS, 3);
}

// An acknowledgement of everything takes the fast retransmit back; the copy's answer comes when two new segments are out.
static void two_segments_meet_the_echo(struct fixture *f, uint32_t original)
{
	f->snd_nxt += LATE_FLIGHT * LATE_MSS;
	segment_arrives(f, SEG(.ts_ecr = original));
	user_sends(f, 2 * LATE_MSS);
	late_expect_new(f, 0, 2);
	segment_arrives(f, SEG(.ts_ecr = original));
	expect_silence(f);
}

// RFC 5827 3.2 would be content with one duplicate: it is the answer to the copy.
static void echo_of_a_fast_retransmit_taken_back_begins_no_recovery(void **state)
{
	uint32_t original;
	struct fixture *f = late_after_fast_retransmit(state, &original);

	two_segments_meet_the_echo(f, original);
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 1);
}

// A tail probe in that recovery has sent the copy once more: that is over too, when it is taken back.
static void tail_probe_of_a_recovery_taken_back_is_forgotten(void **state)
{
	struct fixture *f = fixture_plan(state);
	uint32_t original;

	f->peer.timestamps = true;
	fixture_set_option(f, PLX_OPTION_RTO_MIN, 5 * (int64_t)PLX_SECOND);
	late_connected(state);
	user_sends(f, 10);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = 10));
	advance(f, LATE_RTT_MS);
	f->snd_nxt += 10;
	segment_arrives(f, SEG(.ts_ecr = f->ts_val));
	original = late_fast_retransmit(f);
	expect_segment_within(f, 4 * LATE_RTT_MS, SEG(.seq = f->snd_nxt, .len = LATE_MSS));
	expect_counter(f, PLX_COUNTER_TCP_TAIL_PROBES, 1);
	two_segments_meet_the_echo(f, original);
	expect_counter(f, PLX_COUNTER_TCP_SPURIOUS_FAST_RETRANSMITS, 1);
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 1);
}

// One timeout has one copy, whose answer is no three duplicates: these tell of a loss.
static void loss_behind_a_timeout_taken_back_is_repaired(void **state)
{
	uint32_t original;
	struct fixture *f = late_after_timeout_with_timestamps(state, &original);

	fixture_set_option(f, PLX_OPTION_TAIL_PROBE, 0);
	f->snd_nxt += LATE_FLIGHT * LATE_MSS;
	segment_arrives(f, SEG(.ts_ecr = original));
	forget_output(f);
	advance(f, LATE_RTT_MS);
	for (unsigned i = 0; i < 4; i++)
		segment_arrives(f, SEG(.ts_ecr = f->ts_val));

	forget_output(f);
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 1);
}

// RFC 6582 3.2 step 2: nothing of that flight is taken for repaired: duplicates tell of what it has lost indeed.
static void loss_behind_a_fast_retransmit_taken_back_is_repaired(void **state)
{
	uint32_t original;
	struct fixture *f = late_after_fast_retransmit(state, &original);

	segment_arrives(f, SEG(.ack = f->snd_nxt + 4 * LATE_MSS, .ts_ecr = original));
	expect_silence(f);
	for (unsigned i = 0; i < 4; i++)
		segment_arrives(f, SEG(.ack = f->snd_nxt + 4 * LATE_MSS, .ts_ecr = original));

	expect_segment(f, SEG(.seq = f->snd_nxt + 4 * LATE_MSS, .len = LATE_MSS));
	expect_silence(f);
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(echoes_of_copies_begin_no_recovery),
		SCENARIO(echoes_after_several_timeouts_begin_no_recovery),
		SCENARIO(echo_of_a_fast_retransmit_taken_back_begins_no_recovery),
		SCENARIO(tail_probe_of_a_recovery_taken_back_is_forgotten),
		SCENARIO(loss_behind_a_timeout_taken_back_is_repaired),
		SCENARIO(loss_behind_a_fast_retransmit_taken_back_is_repaired),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script spurious echo", tests, NULL, NULL);
}

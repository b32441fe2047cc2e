// SPDX-License-Identifier: BSD-3-Clause
//
// How many duplicates mean a loss: three (RFC 5681 3.2), more on a path that has been seen to reorder by more
// (RFC 4015 1, RFC 4653 3.2), and never more than are out.
#include "steady_peer.h"
#include "support/eal_main.h"
#include "support/user.h"

enum { MSS = 1000, FLIGHT = 40, THRESHOLD = 3, THRESHOLD_MAX = 31, ROUND_TRIP_MS = 20 };

static struct fixture *connected(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = MSS + 12;
	f->peer.timestamps = true;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	fixture_set_option(f, PLX_OPTION_TAIL_PROBE, 0);
	fixture_set_option(f, PLX_OPTION_INITIAL_WINDOW, 64);
	return fixture_connected(state);
}

// A flight, and a round trip; gives its timestamp.
static uint32_t send_flight(struct fixture *f, unsigned segments)
{
	uint32_t sent_ts;

	user_sends(f, (size_t)segments * MSS);
	for (unsigned i = 0; i < segments; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	sent_ts = f->ts_val;
	advance(f, ROUND_TRIP_MS);
	return sent_ts;
}

static void duplicates_arrive(struct fixture *f, unsigned n, uint32_t ts_ecr)
{
	while (n-- > 0)
		segment_arrives(f, SEG(.ts_ecr = ts_ecr));
}

static void all_is_acknowledged(struct fixture *f, unsigned segments, uint32_t ts_ecr)
{
	f->snd_nxt += segments * MSS;
	segment_arrives(f, SEG(.ts_ecr = ts_ecr));
	expect_silence(f);
}

// The first segment comes last: `n` duplicates are one more than were thought enough, and then all is there.
static void path_reorders_by(struct fixture *f, unsigned n)
{
	uint32_t sent_ts = send_flight(f, FLIGHT);

	duplicates_arrive(f, n, sent_ts);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	all_is_acknowledged(f, FLIGHT, sent_ts);
}

static void threshold_follows_what_the_path_does(void **state)
{
	struct fixture *f = connected(state);
	uint32_t sent_ts;

	assert_int_equal(info_of(f).reordering, THRESHOLD);
	path_reorders_by(f, 3);
	assert_int_equal(info_of(f).reordering, 4);
	path_reorders_by(f, 8);
	assert_int_equal(info_of(f).reordering, 9);
	expect_counter(f, PLX_COUNTER_TCP_SPURIOUS_FAST_RETRANSMITS, 2);

	// Eight are now nothing to worry about, nine are.
	sent_ts = send_flight(f, FLIGHT);
	duplicates_arrive(f, 8, sent_ts);
	expect_silence(f);
	all_is_acknowledged(f, FLIGHT, sent_ts);
	sent_ts = send_flight(f, FLIGHT);
	duplicates_arrive(f, 8, sent_ts);
	expect_silence(f);
	duplicates_arrive(f, 1, sent_ts);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 3);
}

// Without timestamps: what comes at once is the first sending's; what comes a round trip later is the answer.
static void threshold_follows_what_is_too_soon_for_an_answer(void **state)
{
	struct fixture *f = steady_connected(state, ROUND_TRIP_MS);

	for (unsigned is_early = 0; is_early < 2; is_early++) {
		unsigned segments = is_early ? 5 : 10; // the first loss halves the window

		steady_sends(f, segments);
		advance(f, ROUND_TRIP_MS);
		steady_duplicates(f, THRESHOLD);
		expect_segment(f, SEG(.seq = f->snd_nxt, .len = STEADY_MSS));
		advance(f, is_early ? 1 : ROUND_TRIP_MS);
		all_is_acknowledged(f, segments, 0);
		assert_int_equal(info_of(f).reordering, THRESHOLD + is_early);
	}
	expect_counter(f, PLX_COUNTER_TCP_SPURIOUS_FAST_RETRANSMITS, 0);
}

// The repair was sent once more by the tail probe, just before its answer came: that is no first sending's.
static void answer_to_one_of_two_copies_raises_no_threshold(void **state)
{
	struct fixture *f = steady_connected(state, ROUND_TRIP_MS);

	steady_sends(f, 10);
	advance(f, ROUND_TRIP_MS);
	steady_duplicates(f, 9);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = STEADY_MSS));
	expect_segment_within(f, 2 * ROUND_TRIP_MS, SEG(.seq = f->snd_nxt, .len = STEADY_MSS));
	expect_counter(f, PLX_COUNTER_TCP_TAIL_PROBES, 1);
	advance(f, 1);
	all_is_acknowledged(f, 10, 0);

	assert_int_equal(info_of(f).reordering, THRESHOLD);
}

static void threshold_is_bounded(void **state)
{
	struct fixture *f = connected(state);

	path_reorders_by(f, FLIGHT - 1);
	assert_int_equal(info_of(f).reordering, THRESHOLD_MAX);
}

// A loss that was one leaves it where it is.
static void true_loss_raises_no_threshold(void **state)
{
	struct fixture *f = connected(state);
	uint32_t sent_ts = send_flight(f, FLIGHT);

	duplicates_arrive(f, FLIGHT - 1, sent_ts);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	advance(f, ROUND_TRIP_MS);
	all_is_acknowledged(f, FLIGHT, f->ts_val);
	assert_int_equal(info_of(f).reordering, THRESHOLD);
	expect_counter(f, PLX_COUNTER_TCP_SPURIOUS_FAST_RETRANSMITS, 0);
}

// RFC 4653 3.2: a threshold above what can come would leave every loss to the timer.
static void threshold_does_not_exceed_what_is_out(void **state)
{
	struct fixture *f = connected(state);
	uint32_t sent_ts;

	path_reorders_by(f, FLIGHT - 1);
	sent_ts = send_flight(f, 8);
	duplicates_arrive(f, 6, sent_ts);
	expect_silence(f);
	duplicates_arrive(f, 1, sent_ts);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 2);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 0);
}

// A timeout that as many duplicates had announced: they should have been enough.
static void timeout_lowers_the_threshold(void **state)
{
	struct fixture *f = connected(state);
	uint32_t sent_ts;

	path_reorders_by(f, FLIGHT - 1);
	sent_ts = send_flight(f, FLIGHT);
	duplicates_arrive(f, 5, sent_ts);
	expect_segment_within(f, 4000, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 1);
	assert_int_equal(info_of(f).reordering, 5);
	all_is_acknowledged(f, FLIGHT, f->ts_val);
	assert_int_equal(info_of(f).reordering, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(threshold_follows_what_the_path_does),
		SCENARIO(threshold_follows_what_is_too_soon_for_an_answer),
		SCENARIO(answer_to_one_of_two_copies_raises_no_threshold),
		SCENARIO(threshold_is_bounded),
		SCENARIO(true_loss_raises_no_threshold),
		SCENARIO(threshold_does_not_exceed_what_is_out),
		SCENARIO(timeout_lowers_the_threshold),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script reordering", tests, NULL, NULL);
}

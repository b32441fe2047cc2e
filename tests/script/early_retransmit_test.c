// SPDX-License-Identifier: BSD-3-Clause
//
// Early retransmit: where too little is in flight for three duplicates, and nothing new may go to call forth more,
// fewer tell of a loss. RFC 5827 (numbers below are its clauses), RFC 3042.
#include "support/eal_main.h"
#include "support/user.h"

enum { MSS = 1000, RTO_MS = 200 };

static struct fixture *connected(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = MSS;
	return fixture_connected(state);
}

static void send_segments(struct fixture *f, unsigned n, uint32_t len_bytes)
{
	for (unsigned i = 0; i < n; i++) {
		user_sends(f, len_bytes);
		expect_segment(f, SEG(.seq = f->snd_nxt + i * len_bytes, .len = len_bytes));
	}
}

// Silence for all but the last of `n` duplicates, which sends the first segment again.
static void expect_retransmission_by_duplicate(struct fixture *f, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		expect_silence(f);
		segment_arrives(f, SEG());
	}
	expect_segment(f, SEG(.seq = f->snd_nxt));
	expect_silence(f);
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 1);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 0);
	assert_int_equal(info_of(f).recovery, PLX_RECOVERY_FAST);
}

// 3.2: ER_thresh = oseg - 1 with two or three segments outstanding; the usual three from four on.
static void two_segments_need_one_duplicate(void **state)
{
	struct fixture *f = connected(state);

	send_segments(f, 2, MSS);
	expect_retransmission_by_duplicate(f, 1);
}

static void three_segments_need_two_duplicates(void **state)
{
	struct fixture *f = connected(state);

	send_segments(f, 3, MSS);
	expect_retransmission_by_duplicate(f, 2);
}

static void four_segments_need_three_duplicates(void **state)
{
	struct fixture *f = connected(state);

	send_segments(f, 4, MSS);
	expect_retransmission_by_duplicate(f, 3);
}

// 3.2 is about two or three: nothing behind a single one can have called duplicates forth.
static void single_segment_is_left_to_the_timer(void **state)
{
	struct fixture *f = connected(state);

	send_segments(f, 1, MSS);
	for (unsigned i = 0; i < 2; i++)
		segment_arrives(f, SEG());
	expect_segment_after(f, RTO_MS, SEG(.seq = f->snd_nxt));
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 0);
}

// 3.2: it is segments that count, however small they are.
static void small_segments_are_segments(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	connected(state);
	send_segments(f, 3, 100);
	expect_retransmission_by_duplicate(f, 2);
}

// 2 (b): with new data that may go, limited transmit (RFC 3042 2) calls forth the third duplicate.
static void new_data_goes_instead(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_INITIAL_WINDOW, 3);
	connected(state);
	user_sends(f, 6 * MSS);
	for (unsigned i = 0; i < 3; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	for (unsigned i = 3; i < 5; i++) {
		expect_silence(f);
		segment_arrives(f, SEG());
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	}
	expect_retransmission_by_duplicate(f, 1);
}

// 2 (b): be they few or at once: with new data to send fewer than three tell of no loss.
static void few_duplicates_send_new_data_only(void **state)
{
	for (unsigned window = 2; window <= 3; window++) {
		struct fixture *f = fixture_plan(state);

		fixture_set_option(f, PLX_OPTION_INITIAL_WINDOW, window);
		connected(state);
		user_sends(f, 6 * MSS);
		for (unsigned i = 0; i < window; i++)
			expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
		burst_begin(f);
		for (unsigned i = 1; i < window; i++)
			segment_arrives(f, SEG());
		burst_end(f);
		for (unsigned i = window; i < 2 * window - 1; i++)
			expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
		expect_silence(f);
		expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 0);
		fixture_renew(state);
	}
}

// 2 (b): new data that the peer's window shuts out calls forth nothing.
static void new_data_behind_a_full_window_does_not_count(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.wnd = 2 * MSS;
	connected(state);
	user_sends(f, 6 * MSS);
	for (unsigned i = 0; i < 2; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	expect_retransmission_by_duplicate(f, 1);
}

// Nor does what Nagle's algorithm holds back (RFC 9293 3.7.4).
static void new_data_that_nagle_holds_does_not_count(void **state)
{
	struct fixture *f = connected(state);

	user_sends(f, 2 * MSS + 10);
	for (unsigned i = 0; i < 2; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	expect_retransmission_by_duplicate(f, 1);
}

// 3.2: the congestion response is that of any fast retransmit, with the least of RFC 5681 equation 4.
static void window_is_reduced_as_by_any_loss(void **state)
{
	struct fixture *f = connected(state);

	send_segments(f, 3, MSS);
	expect_retransmission_by_duplicate(f, 2);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 3 * MSS));

	expect_silence_for(f, 10000);
	assert_int_equal(info_of(f).ssthresh_bytes, 2 * MSS);
	assert_int_equal(info_of(f).cwnd_bytes, 2 * MSS);
	assert_int_equal(info_of(f).recovery, PLX_RECOVERY_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(two_segments_need_one_duplicate),
		SCENARIO(three_segments_need_two_duplicates),
		SCENARIO(four_segments_need_three_duplicates),
		SCENARIO(single_segment_is_left_to_the_timer),
		SCENARIO(small_segments_are_segments),
		SCENARIO(new_data_goes_instead),
		SCENARIO(few_duplicates_send_new_data_only),
		SCENARIO(new_data_behind_a_full_window_does_not_count),
		SCENARIO(new_data_that_nagle_holds_does_not_count),
		SCENARIO(window_is_reduced_as_by_any_loss),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script early_retransmit", tests, NULL, NULL);
}

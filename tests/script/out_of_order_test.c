// SPDX-License-Identifier: BSD-3-Clause
//
// Segments out of order: each answered at once, kept, trimmed, and joined when the gap is filled.
// RFC 9293 3.10.7.4 first and seventh, SHLD-31; RFC 5681 4.2; RFC 7323 4.3, 5.3.
#include "support/eal_main.h"
#include "support/user.h"

// RFC 5681 4.2: a duplicate ACK for every one of them.
static void each_segment_behind_a_gap_is_answered_at_once(void **state)
{
	struct fixture *f = fixture_established(state);

	for (unsigned i = 1; i <= 5; i++) {
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i * 100, .len = 100));
		expect_segment(
			f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt, .len = 0));
	}
	expect_no_event(f);
	user_finds_nothing(f);
	assert_int_equal(info_of(f).out_of_order_bytes, 500);
	expect_counter(f, PLX_COUNTER_TCP_OUT_OF_ORDER, 5);
}

// The duplicate ACKs are all alike, or the peer would not count them (RFC 5681 2).
static void duplicate_acks_keep_the_window(void **state)
{
	struct fixture *f = fixture_plan(state);
	uint16_t window;

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 60000);
	fixture_established(state);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 100, .len = 100));
	window = expect_segment(f, SEG(.flags = TCP_ACK))->tcp.window;
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 200, .len = 100));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt, .wnd = window));
}

// RFC 5681 4.2: filling a gap is acknowledged at once, with all that was waiting.
static void filling_the_gap_is_acknowledged_at_once(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.seq = f->rcv_nxt + 100, .len = 100));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 200, .len = 100));
	forget_output(f);
	segment_arrives(f, SEG(.len = 100));

	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 300));
	expect_silence(f);
	expect_event(f, PLX_EVENT_READABLE, 0);
	user_receives(f, 300);
	assert_int_equal(info_of(f).out_of_order_bytes, 0);
}

// The same: so is filling a part of it, while another gap remains.
static void filling_one_of_two_gaps_is_acknowledged_at_once(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.seq = f->rcv_nxt + 100, .len = 100));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 300, .len = 100));
	forget_output(f);

	segment_arrives(f, SEG(.len = 100));
	expect_segment(f, SEG(.ack = f->rcv_nxt + 200));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 200, .len = 100));
	expect_segment(f, SEG(.ack = f->rcv_nxt + 400));
	user_receives(f, 400);
}

// In-order data is still acknowledged at once while anything waits behind a gap.
static void data_before_a_gap_is_acknowledged_at_once(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.seq = f->rcv_nxt + 500, .len = 100));
	expect_segment(f, SEG(.ack = f->rcv_nxt));
	segment_arrives(f, SEG(.len = 100));
	expect_segment(f, SEG(.ack = f->rcv_nxt + 100));
	user_receives(f, 100);
}

// RFC 9293 3.10.7.4 first: of a segment that straddles, only what is new.
static void old_beginning_is_trimmed(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.len = 100));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 50, .len = 100));

	user_receives(f, 150);
	expect_segment_within(f, 40, SEG(.ack = f->rcv_nxt + 150));
}

static void overlaps_in_the_queue_are_trimmed(void **state)
{
	struct fixture *f = fixture_established(state);
	static const struct {
		uint32_t first;
		uint32_t end;
	} pieces[] = {{300, 400}, {350, 450}, {250, 320}, {260, 390}, {200, 500},
		      {440, 600}, {100, 210}, {590, 591}, {90, 700}};

	for (unsigned i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		segment_arrives(f,
				SEG(.seq = f->rcv_nxt + pieces[i].first,
				    .len = pieces[i].end - pieces[i].first));
		expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
	}
	assert_int_equal(info_of(f).out_of_order_bytes, 610);
	segment_arrives(f, SEG(.len = 95));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 700));
	user_receives(f, 700);
}

// A segment that fills the gap and reaches into, or over, what waits behind it.
static void fill_may_overlap_what_waits(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.seq = f->rcv_nxt + 100, .len = 100));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 300, .len = 100));
	forget_output(f);
	segment_arrives(f, SEG(.len = 350));

	expect_segment(f, SEG(.ack = f->rcv_nxt + 400));
	user_receives(f, 400);
}

static void duplicate_in_the_queue_is_answered_and_kept_once(void **state)
{
	struct fixture *f = fixture_established(state);

	for (unsigned i = 0; i < 3; i++) {
		segment_arrives(f, SEG(.seq = f->rcv_nxt + 100, .len = 100));
		expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
	}
	assert_int_equal(info_of(f).out_of_order_bytes, 100);
	expect_drops(f, PLX_DROP_TCP_DUPLICATE, 2);
}

// RFC 9293 3.10.7.4 first: what was received already is answered, at once.
static void duplicate_of_received_data_is_answered_at_once(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.len = 100));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 100, .len = 100));
	expect_segment(f, SEG(.ack = f->rcv_nxt + 200));
	for (unsigned i = 0; i < 3; i++) {
		segment_arrives(f, SEG(.len = 100));
		expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 200));
	}
	user_receives(f, 200);
	user_finds_nothing(f);
}

// The cumulative ACK of what came before the gap is out before the first duplicate, so that a sender
// without SACK counts every one of them.
static void burst_with_a_gap_gets_its_cumulative_and_duplicate_acks(void **state)
{
	struct fixture *f = fixture_established(state);

	burst_begin(f);
	for (unsigned i = 0; i < 3; i++)
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i * 100, .len = 100));
	for (unsigned i = 4; i < 8; i++)
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i * 100, .len = 100));
	burst_end(f);

	for (unsigned i = 0; i < 5; i++)
		expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 300));
	expect_silence(f);
	user_receives(f, 300);
}

static void burst_that_fills_its_own_gap_loses_nothing(void **state)
{
	struct fixture *f = fixture_established(state);

	burst_begin(f);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 200, .len = 100));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 100, .len = 100));
	segment_arrives(f, SEG(.len = 100));
	burst_end(f);

	forget_output(f);
	user_receives(f, 300);
	assert_int_equal(info_of(f).rcv_nxt, f->rcv_nxt + 300);
	expect_silence_for(f, 1000);
}

// RFC 9293 3.10.7.4 eighth: a FIN waits for the data before it.
static void fin_behind_a_gap_waits(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_FIN, .seq = f->rcv_nxt + 100, .len = 50));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
	expect_no_event(f);
	expect_state(f, PLX_STATE_ESTABLISHED);

	segment_arrives(f, SEG(.len = 100));
	forget_events(f);
	if (info_of(f).state == PLX_STATE_ESTABLISHED) {
		// The FIN was not kept: then it comes again.
		forget_output(f);
		segment_arrives(
			f, SEG(.flags = TCP_ACK | TCP_FIN, .seq = f->rcv_nxt + 100, .len = 50));
	}
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 151));
	expect_state(f, PLX_STATE_CLOSE_WAIT);
	user_receives(f, 150);
	user_finds_end(f);
}

// RFC 7323 4.3: a segment behind a gap does not move TS.Recent.
static void segment_behind_a_gap_is_answered_with_the_last_in_order_timestamp(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.timestamps = true;
	fixture_established(state);
	segment_arrives(f, SEG(.len = 100, .ts_val = 9000, .ts_ecr = 1));
	expect_segment_after(f, 40, SEG(.flags = TCP_ACK, .ts_ecr = 9000));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 100, .len = 100, .ts_val = 9001, .ts_ecr = 1));
	expect_segment_after(f, 40, SEG(.flags = TCP_ACK, .ts_ecr = 9001));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 300, .len = 100, .ts_val = 9500, .ts_ecr = 1));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 200, .ts_ecr = 9001));
}

// RFC 7323 4.3: the earliest of the segments that one ACK answers is echoed.
static void delayed_ack_echoes_the_first_timestamp(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.timestamps = true;
	fixture_established(state);
	segment_arrives(f, SEG(.len = 100, .ts_val = 9000, .ts_ecr = 1));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 100, .len = 100, .ts_val = 9005, .ts_ecr = 1));

	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 200, .ts_ecr = 9000));
}

// RFC 7323 5.3 R1: older than TS.Recent is answered and dropped, in sequence or not.
static void older_timestamp_is_answered_and_dropped(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.timestamps = true;
	fixture_established(state);
	segment_arrives(f, SEG(.len = 100, .ts_val = 9000, .ts_ecr = 1));
	expect_segment_after(f, 40, SEG(.ack = f->rcv_nxt + 100));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 100, .len = 100, .ts_val = 8999, .ts_ecr = 1));

	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 100, .ts_ecr = 9000));
	expect_drops(f, PLX_DROP_TCP_PAWS, 1);
	user_receives(f, 100);
	user_finds_nothing(f);
}

// RFC 7323 5.5: a TS.Recent of 24 days ago proves nothing.
static void timestamp_of_24_days_ago_rejects_nothing(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.timestamps = true;
	fixture_established(state);
	segment_arrives(f, SEG(.len = 100, .ts_val = 9000, .ts_ecr = 1));
	expect_segment_after(f, 40, SEG(.ack = f->rcv_nxt + 100));
	advance(f, UINT64_C(1000) * 3600 * 24 * 24 + 2000);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 100, .len = 100, .ts_val = 8000, .ts_ecr = 1));

	user_receives(f, 200);
	forget_output(f);
}

// Data behind a gap counts against the buffer it will need.
static void out_of_order_data_stays_within_the_window(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 1000);
	fixture_established(state);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 900, .len = 300));
	expect_segment(f, SEG(.ack = f->rcv_nxt));
	assert_int_equal(info_of(f).out_of_order_bytes, 100);
	segment_arrives(f, SEG(.len = 900));

	expect_segment(f, SEG(.ack = f->rcv_nxt + 1000, .wnd = 0));
	user_receives(f, 1000);
	forget_output(f);
}

// 3.10.7.4 fifth: SND.WL1 keeps a segment that came late from setting the window.
static void old_segment_does_not_set_the_window(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.len = 10, .wnd = 4000));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 10, .len = 10, .wnd = 5000));
	assert_int_equal(info_of(f).snd_wnd_bytes, 5000);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 5, .len = 20, .wnd = 100));
	assert_int_equal(info_of(f).snd_wnd_bytes, 5000);
	user_receives(f, 25);
	forget_output(f);
}

// What fills a gap is older than the acknowledgement that came from behind it, and makes none in between a new one.
static void filled_gap_does_not_let_an_old_segment_set_the_window(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.seq = f->rcv_nxt + 200, .wnd = 5000)); // the text before it is lost
	assert_int_equal(info_of(f).snd_wnd_bytes, 5000);
	segment_arrives(f, SEG(.len = 100, .wnd = 5000)); // and comes again
	segment_arrives(f,
			SEG(.seq = f->rcv_nxt + 100, .wnd = 60000)); // late: sent before them both
	assert_int_equal(info_of(f).snd_wnd_bytes, 5000);
	user_receives(f, 100);
	forget_output(f);
}

// 3.10.7.4 eighth: behind a FIN there is no text.
static void text_queued_behind_a_fin_is_forgotten(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.seq = f->rcv_nxt + 10, .len = 10));
	forget_output(f);
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .len = 10));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 11));
	user_receives(f, 10);
	user_finds_end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(each_segment_behind_a_gap_is_answered_at_once),
		SCENARIO(duplicate_acks_keep_the_window),
		SCENARIO(filling_the_gap_is_acknowledged_at_once),
		SCENARIO(filling_one_of_two_gaps_is_acknowledged_at_once),
		SCENARIO(data_before_a_gap_is_acknowledged_at_once),
		SCENARIO(old_beginning_is_trimmed),
		SCENARIO(overlaps_in_the_queue_are_trimmed),
		SCENARIO(fill_may_overlap_what_waits),
		SCENARIO(duplicate_in_the_queue_is_answered_and_kept_once),
		SCENARIO(duplicate_of_received_data_is_answered_at_once),
		SCENARIO(burst_with_a_gap_gets_its_cumulative_and_duplicate_acks),
		SCENARIO(burst_that_fills_its_own_gap_loses_nothing),
		SCENARIO(fin_behind_a_gap_waits),
		SCENARIO(segment_behind_a_gap_is_answered_with_the_last_in_order_timestamp),
		SCENARIO(delayed_ack_echoes_the_first_timestamp),
		SCENARIO(older_timestamp_is_answered_and_dropped),
		SCENARIO(timestamp_of_24_days_ago_rejects_nothing),
		SCENARIO(out_of_order_data_stays_within_the_window),
		SCENARIO(old_segment_does_not_set_the_window),
		SCENARIO(filled_gap_does_not_let_an_old_segment_set_the_window),
		SCENARIO(text_queued_behind_a_fin_is_forgotten),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script out_of_order", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Data both ways: what is acknowledged, what may be sent, where windows end.
// RFC 9293 3.7, 3.8.6, 3.10.2, 3.10.3, 3.10.7.4; RFC 5681 3.1; RFC 6928.
#include <errno.h>

#include "support/eal_main.h"
#include "support/pattern.h"
#include "support/user.h"

enum { MSS = 1000 };

// Segments of 1000 bytes for either family, and no Nagle unless the test is about it.
static struct fixture *with_round_mss(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = MSS;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	return f;
}

// RFC 9293 3.10.7.4 seventh.
static void data_in_order_is_read_as_it_was_sent(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_PSH, .len = 300));
	expect_event(f, PLX_EVENT_READABLE, 0);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 300, .len = 700));
	expect_event(f, PLX_EVENT_READABLE, 0);
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 1000));

	assert_int_equal(plx_readable(f->stack, f->conn), 1000);
	user_receives(f, 1000);
	user_finds_nothing(f);
	expect_counter(f, PLX_COUNTER_TCP_RX_BYTES, 1000);
}

static void reading_in_parts_loses_nothing(void **state)
{
	struct fixture *f = fixture_established(state);
	uint8_t buffer[7];
	uint64_t offset = 0;
	int64_t n;

	for (unsigned i = 0; i < 4; i++)
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i * 50, .len = 50));
	while ((n = plx_recv(f->stack, f->conn, buffer, sizeof(buffer), 0)) > 0) {
		assert_int_equal(pattern_match(buffer, (size_t)n, 0, offset), n);
		offset += (uint64_t)n;
	}
	assert_int_equal(n, -EAGAIN);
	assert_int_equal(offset, 200);
	forget_output(f);
}

// A frame may lie in several buffers.
static void chained_buffers_are_read_as_one_segment(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.len = 1000, .pieces = 201));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 1000, .len = 777, .pieces = 99));

	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 1777));
	user_receives(f, 1777);
}

// RFC 9293 3.10.7.4 fifth: data without ACK is dropped.
static void data_without_ack_flag_is_dropped(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.flags = TCP_PSH, .len = 10));

	expect_drops(f, PLX_DROP_TCP_NO_ACK, 1);
	user_finds_nothing(f);
	forget_output(f);
}

// RFC 9293 3.10.7.4 fifth: an ACK of what was never sent is answered and dropped, data and all.
static void ack_of_the_future_is_answered_and_dropped(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.ack = f->snd_nxt + 1, .len = 10));

	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt, .len = 0));
	expect_drops(f, PLX_DROP_TCP_ACK, 1);
	user_finds_nothing(f);
}

// The same: an old ACK is ignored, the data that comes with it is not.
static void old_ack_with_new_data_is_consumed(void **state)
{
	struct fixture *f = fixture_established(state);

	user_sends(f, 100);
	expect_segment(f, SEG(.len = 100));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 100));
	segment_arrives(f, SEG(.ack = f->snd_nxt, .len = 20));

	user_receives(f, 20);
	assert_int_equal(info_of(f).snd_una, f->snd_nxt + 100);
	forget_output(f);
}

// RFC 9293 3.10.7.4 first: what lies beyond the window is not taken.
static void data_beyond_the_window_is_trimmed(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 1000);
	fixture_established(state);

	segment_arrives(f, SEG(.len = 1400));
	expect_segment_within(f, 40, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 1000, .wnd = 0));
	user_receives(f, 1000);
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 1000, .wnd = 1000));
}

static void data_outside_the_window_is_answered_and_dropped(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.seq = f->rcv_nxt + 65535, .len = 10));
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt));
	segment_arrives(f, SEG(.seq = f->rcv_nxt - 10, .len = 10));
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt));

	user_finds_nothing(f);
	assert_int_equal(drops(f, PLX_DROP_TCP_SEQUENCE) + drops(f, PLX_DROP_TCP_DUPLICATE), 2);
}

// RFC 9293 3.8.6: the window shrinks from the left as data waits to be read, and reopens as it is.
static void window_follows_what_waits_to_be_read(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 10000);
	fixture_established(state);

	segment_arrives(f, SEG(.len = 1400));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 1400, .len = 1400));
	expect_segment(f, SEG(.ack = f->rcv_nxt + 2800, .wnd = 7200));
	user_receives(f, 2800);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 2800, .len = 1));
	expect_segment_within(f, 40, SEG(.ack = f->rcv_nxt + 2801, .wnd = 9999));
}

// RFC 9293 3.8.6.2.2: a window that was shut is announced once it is worth a segment or half the buffer.
static void reading_a_full_buffer_sends_a_window_update(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 4000);
	fixture_established(state);
	for (unsigned i = 0; i < 4; i++)
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i * 1000, .len = 1000));
	forget_output(f);

	assert_int_equal(info_of(f).rcv_wnd_bytes, 0);
	assert_int_equal(plx_recv(f->stack, f->conn, (uint8_t[100]){0}, 100, 0), 100);
	expect_silence(f);
	f->received_bytes = 100;
	user_receives(f, 3900);
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 4000, .wnd = 4000));
	expect_silence(f);
}

// RFC 9293 3.10.3: PEEK takes nothing and opens nothing.
static void peek_takes_nothing_and_opens_no_window(void **state)
{
	struct fixture *f = fixture_plan(state);
	uint8_t bytes[1000];

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 1000);
	fixture_established(state);
	segment_arrives(f, SEG(.len = 1000));
	expect_segment_within(f, 40, SEG(.ack = f->rcv_nxt + 1000, .wnd = 0));

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(plx_recv(f->stack, f->conn, bytes, sizeof(bytes), PLX_RECV_PEEK),
				 1000);
		assert_int_equal(pattern_match(bytes, sizeof(bytes), 0, 0), 1000);
	}
	expect_silence_for(f, 1000);
	assert_int_equal(info_of(f).rcv_wnd_bytes, 0);
	user_receives(f, 1000);
	expect_segment(f, SEG(.flags = TCP_ACK, .wnd = 1000));
}

// RFC 9293 3.10.2: full segments, PSH where the queue empties.
static void data_is_cut_at_the_mss_and_pushed_at_its_end(void **state)
{
	struct fixture *f = with_round_mss(state);

	fixture_established(state);
	user_sends(f, 2500);

	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .len = MSS));
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt + 1000, .len = MSS));
	expect_segment(f, SEG(.flags = TCP_ACK | TCP_PSH, .seq = f->snd_nxt + 2000, .len = 500));
	expect_silence(f);
	expect_counter(f, PLX_COUNTER_TCP_TX_BYTES, 2500);
}

// RFC 6691: timestamps take 12 bytes of every segment.
static void timestamps_make_segments_shorter(void **state)
{
	struct fixture *f = with_round_mss(state);

	f->peer.timestamps = true;
	fixture_established(state);
	user_sends(f, 2000);

	expect_segment(f, SEG(.len = MSS - 12));
	expect_segment(f, SEG(.len = MSS - 12));
	expect_segment(f, SEG(.len = 24));
	assert_int_equal(info_of(f).mss_bytes, MSS - 12);
}

// Small pieces that wait together leave together.
static void small_sends_share_a_segment(void **state)
{
	struct fixture *f = with_round_mss(state);

	fixture_established(state);
	for (unsigned i = 0; i < 30; i++)
		user_sends(f, 40);

	expect_segment(f, SEG(.len = MSS));
	expect_segment(f, SEG(.flags = TCP_ACK | TCP_PSH, .len = 200));
	expect_silence(f);
}

// RFC 9293 3.7.4: with Nagle a small segment waits for the ACK of what is in flight.
static void nagle_holds_back_the_small_tail(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = MSS;
	fixture_established(state);
	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));
	user_sends(f, 20);
	user_sends(f, 30);
	expect_silence(f);

	segment_arrives(f, SEG(.ack = f->snd_nxt + 10));
	expect_segment(f, SEG(.seq = f->snd_nxt + 10, .len = 50));
	expect_silence(f);
}

// The same: a full segment never waits.
static void nagle_lets_full_segments_go(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = MSS;
	fixture_established(state);
	user_sends(f, 2 * MSS + 1);

	expect_segment(f, SEG(.len = MSS));
	expect_segment(f, SEG(.len = MSS));
	expect_silence(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 2 * MSS));
	expect_segment(f, SEG(.len = 1));
}

// RFC 9293 3.10.7.4 fifth, 3.8.6: what is in flight never exceeds the peer's window.
static void peer_window_bounds_what_is_sent(void **state)
{
	struct fixture *f = with_round_mss(state);

	f->peer.wnd = 2 * MSS;
	fixture_established(state);
	user_sends(f, 5 * MSS);
	expect_segment(f, SEG(.len = MSS));
	expect_segment(f, SEG(.len = MSS));
	expect_silence(f);

	segment_arrives(f, SEG(.ack = f->snd_nxt + MSS));
	expect_segment(f, SEG(.seq = f->snd_nxt + 2 * MSS, .len = MSS));
	expect_silence(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 3 * MSS));
	expect_segment(f, SEG(.seq = f->snd_nxt + 3 * MSS, .len = MSS));
	expect_segment(f, SEG(.seq = f->snd_nxt + 4 * MSS, .len = MSS));
	expect_silence(f);
}

// RFC 9293 3.8.6.2.1: a sliver of window is not used while a segment is in flight.
static void sliver_of_window_is_not_used(void **state)
{
	struct fixture *f = with_round_mss(state);

	f->peer.wnd = 2 * MSS + 80;
	fixture_established(state);
	user_sends(f, 5 * MSS);
	expect_segment(f, SEG(.len = MSS));
	expect_segment(f, SEG(.len = MSS));
	expect_silence(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + MSS));
	expect_segment(f, SEG(.seq = f->snd_nxt + 2 * MSS, .len = MSS));
	expect_silence(f);
}

// RFC 9293 3.8.6: a window drawn in is survived, and nothing new is sent beyond it.
static void window_that_shrinks_stops_new_data(void **state)
{
	struct fixture *f = with_round_mss(state);

	f->peer.wnd = 3 * MSS;
	fixture_established(state);
	user_sends(f, 6 * MSS);
	for (unsigned i = 0; i < 3; i++)
		expect_segment(f, SEG(.len = MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + MSS, .wnd = MSS));
	expect_silence(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 3 * MSS, .wnd = 3 * MSS));
	for (unsigned i = 3; i < 6; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	expect_silence(f);
}

// RFC 9293 3.10.7.4 fifth: SND.WL1 and SND.WL2 keep an old segment from updating the window.
static void old_segment_does_not_update_the_window(void **state)
{
	struct fixture *f = with_round_mss(state);

	fixture_established(state);
	segment_arrives(f, SEG(.len = 100, .wnd = 0));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 100, .len = 100, .wnd = 0));
	forget_output(f);
	segment_arrives(f, SEG(.len = 100, .wnd = 5000));
	forget_output(f);

	assert_int_equal(info_of(f).snd_wnd_bytes, 0);
}

// RFC 6928: ten segments to begin with; RFC 5681 3.1: slow start doubles.
static void initial_window_is_ten_segments_then_slow_start(void **state)
{
	struct fixture *f = with_round_mss(state);

	fixture_established(state);
	user_sends(f, 40 * MSS);
	for (unsigned i = 0; i < 10; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	expect_silence(f);

	segment_arrives(f, SEG(.ack = f->snd_nxt + 2 * MSS));
	for (unsigned i = 10; i < 14; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	expect_silence(f);
}

static void initial_window_is_an_option(void **state)
{
	struct fixture *f = with_round_mss(state);

	fixture_set_option(f, PLX_OPTION_INITIAL_WINDOW, 2);
	fixture_established(state);
	user_sends(f, 10 * MSS);

	expect_segment(f, SEG(.len = MSS));
	expect_segment(f, SEG(.len = MSS));
	expect_silence(f);
}

// A connection sends at most burst_segments per turn, and the rest without being asked again.
static void burst_bound_does_not_hold_data_back(void **state)
{
	struct fixture *f = with_round_mss(state);

	f->config.burst_segments = 2;
	fixture_established(state);
	user_sends(f, 10 * MSS);

	for (unsigned i = 0; i < 10; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	expect_silence(f);
}

// RFC 9293 3.8.6.3: an ACK that is due rides on data.
static void answer_carries_the_acknowledgement(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_PSH, .len = 50));
	user_receives(f, 50);
	user_sends(f, 60);

	expect_segment(f, SEG(.flags = TCP_ACK | TCP_PSH, .ack = f->rcv_nxt + 50, .len = 60));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 50, .ack = f->snd_nxt + 60));
	expect_silence_for(f, 100000);
}

// plx_send() takes what fits; WRITABLE tells when there is room again, and only then.
static void full_send_buffer_takes_a_part_and_tells_when_it_has_room(void **state)
{
	struct fixture *f = with_round_mss(state);

	fixture_set_option(f, PLX_OPTION_SEND_BUFFER, 4 * MSS);
	fixture_established(state);
	assert_int_equal(plx_writable(f->stack, f->conn), 4 * MSS);
	assert_int_equal(user_offers(f, 5 * MSS), 4 * MSS);
	assert_int_equal(user_offers(f, 1), -EAGAIN);
	assert_int_equal(plx_writable(f->stack, f->conn), 0);
	for (unsigned i = 0; i < 4; i++)
		expect_segment(f, SEG(.len = MSS));
	expect_no_event(f);

	segment_arrives(f, SEG(.ack = f->snd_nxt + 4 * MSS));
	expect_event(f, PLX_EVENT_WRITABLE, 0);
	assert_int_equal(plx_writable(f->stack, f->conn), 4 * MSS);
	user_sends(f, MSS);
	expect_segment(f, SEG(.len = MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 5 * MSS));
	expect_no_event(f);
}

// Many segments in one plx_input(): one event, one ACK.
static void burst_makes_one_event_and_one_ack(void **state)
{
	struct fixture *f = fixture_established(state);

	burst_begin(f);
	for (unsigned i = 0; i < 16; i++)
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i * 100, .len = 100));
	burst_end(f);

	expect_event(f, PLX_EVENT_READABLE, 0);
	expect_no_event(f);
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 1600));
	expect_silence(f);
	user_receives(f, 1600);
}

// RFC 9293 3.7.1: MAX_SEGMENT bounds what is sent and what is announced.
static void max_segment_bounds_what_is_sent(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_MAX_SEGMENT, 700);
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	fixture_listening(state);
	peer_sends_syn(f);
	f->rcv_nxt = f->peer.isn + 1;
	f->snd_nxt = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .mss = 700))->tcp.seq + 1;
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);

	user_sends(f, 1000);
	expect_segment(f, SEG(.len = 700));
	expect_segment(f, SEG(.len = 300));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_EVERY_LINK(data_in_order_is_read_as_it_was_sent),
		SCENARIO(reading_in_parts_loses_nothing),
		SCENARIO_EVERY_LINK(chained_buffers_are_read_as_one_segment),
		SCENARIO(data_without_ack_flag_is_dropped),
		SCENARIO(ack_of_the_future_is_answered_and_dropped),
		SCENARIO(old_ack_with_new_data_is_consumed),
		SCENARIO(data_beyond_the_window_is_trimmed),
		SCENARIO(data_outside_the_window_is_answered_and_dropped),
		SCENARIO(window_follows_what_waits_to_be_read),
		SCENARIO(reading_a_full_buffer_sends_a_window_update),
		SCENARIO(peek_takes_nothing_and_opens_no_window),
		SCENARIO_EVERY_LINK(data_is_cut_at_the_mss_and_pushed_at_its_end),
		SCENARIO(timestamps_make_segments_shorter),
		SCENARIO(small_sends_share_a_segment),
		SCENARIO(nagle_holds_back_the_small_tail),
		SCENARIO(nagle_lets_full_segments_go),
		SCENARIO(peer_window_bounds_what_is_sent),
		SCENARIO(sliver_of_window_is_not_used),
		SCENARIO(window_that_shrinks_stops_new_data),
		SCENARIO(old_segment_does_not_update_the_window),
		SCENARIO(initial_window_is_ten_segments_then_slow_start),
		SCENARIO(initial_window_is_an_option),
		SCENARIO(burst_bound_does_not_hold_data_back),
		SCENARIO(answer_carries_the_acknowledgement),
		SCENARIO(full_send_buffer_takes_a_part_and_tells_when_it_has_room),
		SCENARIO(burst_makes_one_event_and_one_ack),
		SCENARIO(max_segment_bounds_what_is_sent),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script data", tests, NULL, NULL);
}

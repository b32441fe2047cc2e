// SPDX-License-Identifier: BSD-3-Clause
//
// What a layer of blocking calls above the engine relies on: buffers exact to the byte, a clock that
// follows plx_next_deadline(), events that may wait, and a connection told by plx_get_info() from its
// first segment to its last. RFC 9293 3.9.1, 3.10. Public calls only.
#include <errno.h>

#include "support/eal_main.h"
#include "support/user.h"

// Reads so many bytes of what is there; they are not looked at.
static void user_skips(struct fixture *f, size_t len_bytes)
{
	uint8_t bytes[4096];

	assert_int_equal(plx_recv(f->stack, f->conn, bytes, len_bytes, 0), (int64_t)len_bytes);
	f->received_bytes += len_bytes;
}

static void peer_closes(struct fixture *f, uint32_t seq, uint32_t ack)
{
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .seq = seq, .ack = ack));
}

// RFC 9293 3.10.7.4 first: what a window of one byte lets in is one byte.
static void receive_buffer_of_one_byte_takes_one(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 1);
	fixture_established(state);
	segment_arrives(f, SEG(.len = 10));

	expect_segment_within(f, 40, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 1, .wnd = 0));
	user_receives(f, 1);
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 1, .wnd = 1));
}

// RFC 7323 2.4: a scaled window never moves to the left, so it may promise more than the free room, but by
// less than its unit; and never more than the buffer.
static void scaled_window_stays_within_the_buffer(void **state)
{
	struct fixture *f = fixture_plan(state);
	uint32_t seq;

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 100001);
	f->peer.wscale = 0;
	fixture_established(state);
	seq = f->rcv_nxt;
	for (unsigned len = 1; len < 40; len++) {
		const struct frame *ack;
		uint32_t window;

		segment_arrives(f, SEG(.seq = seq, .len = len));
		seq += len;
		ack = expect_segment_within(f, 40, SEG(.flags = TCP_ACK, .ack = seq));
		window = (uint32_t)ack->tcp.window << info_of(f).rcv_wscale;
		assert_true(info_of(f).rcv_wscale > 0);
		assert_true(window <= 100001);
		assert_true(window + info_of(f).readable_bytes
			    < 100001 + (1u << info_of(f).rcv_wscale));
		assert_true(window > 90000);
	}
}

// RFC 9293 3.10.7.4 first: a FIN needs room in the window as a byte does; the peer sends it again.
static void fin_waits_outside_a_shut_window(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 1000);
	fixture_established(state);
	segment_arrives(f, SEG(.len = 1000));
	expect_segment_within(f, 40, SEG(.ack = f->rcv_nxt + 1000, .wnd = 0));

	peer_closes(f, f->rcv_nxt + 1000, f->snd_nxt);
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 1000, .wnd = 0));
	expect_state(f, PLX_STATE_ESTABLISHED);

	user_receives(f, 1000);
	expect_segment(f, SEG(.ack = f->rcv_nxt + 1000, .wnd = 1000));
	peer_closes(f, f->rcv_nxt + 1000, f->snd_nxt);
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 1001));
	expect_state(f, PLX_STATE_CLOSE_WAIT);
	user_finds_end(f);
}

// RFC 9293 3.8.6.2.2: the window goes up when half the buffer is free, and at that byte.
static void window_goes_up_at_half_the_buffer(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 2000);
	fixture_established(state);
	for (unsigned i = 0; i < 2; i++)
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i * 1000, .len = 1000));
	expect_segment(f, SEG(.ack = f->rcv_nxt + 2000, .wnd = 0));

	user_skips(f, 500);
	expect_silence(f);
	user_skips(f, 499);
	expect_silence_for(f, 1000);
	user_skips(f, 1);
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 2000, .wnd = 1000));
}

// SEND_BUFFER counts bytes, however they are cut.
static void single_bytes_fill_the_send_buffer_exactly(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct plx_info info;

	fixture_set_option(f, PLX_OPTION_SEND_BUFFER, 100);
	fixture_established(state);
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(plx_writable(f->stack, f->conn), 100 - i);
		user_sends(f, 1);
	}

	assert_int_equal(plx_writable(f->stack, f->conn), 0);
	assert_int_equal(user_offers(f, 1), -EAGAIN);
	forget_output(f);
	info = info_of(f);
	assert_int_equal(info.unacked_bytes + info.unsent_bytes, 100);
}

// An acknowledgement in the middle of a segment gives back the bytes before it.
static void acknowledged_part_of_a_segment_makes_room(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_SEND_BUFFER, 1000);
	fixture_established(state);
	user_sends(f, 1000);
	expect_segment(f, SEG(.len = 1000));
	assert_int_equal(user_offers(f, 1), -EAGAIN);

	segment_arrives(f, SEG(.ack = f->snd_nxt + 301));
	expect_event(f, PLX_EVENT_WRITABLE, 0);
	assert_int_equal(plx_writable(f->stack, f->conn), 301);
	assert_int_equal(user_offers(f, 1000), 301);
	forget_output(f);
}

// A send buffer made smaller than what it holds takes nothing before there is room again.
static void smaller_send_buffer_waits_for_room(void **state)
{
	struct fixture *f = fixture_established(state);

	user_sends(f, 1400);
	expect_segment(f, SEG(.len = 1400));
	assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_SEND_BUFFER, 1000), 0);
	assert_int_equal(plx_writable(f->stack, f->conn), 0);

	segment_arrives(f, SEG(.ack = f->snd_nxt + 400));
	assert_int_equal(plx_writable(f->stack, f->conn), 0);
	assert_int_equal(user_offers(f, 1), -EAGAIN);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 401));
	assert_int_equal(plx_writable(f->stack, f->conn), 1);
}

// LINGER counts when plx_close() is called, in whatever state.
static void linger_zero_resets_in_fin_wait_2(void **state)
{
	struct fixture *f = fixture_established(state);

	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 1));
	expect_state(f, PLX_STATE_FIN_WAIT_2);
	assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_LINGER, 0), 0);
	user_closes(f);

	expect_segment(f, SEG(.flags = TCP_RST | TCP_ACK, .seq = f->snd_nxt + 1));
	expect_silence_for(f, 100000);
}

// RFC 2525 2.17 is about data that is lost unnoticed; who has shut down reading wants none.
static void close_after_shutdown_of_reading_sends_fin(void **state)
{
	struct fixture *f = fixture_established(state);

	user_shuts_down(f, PLX_SHUTDOWN_READ);
	segment_arrives(f, SEG(.len = 100));
	expect_segment_within(f, 40, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 100));
	user_closes(f);

	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK, .ack = f->rcv_nxt + 100));
	expect_state(f, PLX_STATE_FIN_WAIT_1);
}

static void shutdown_of_both_over_unread_data_sends_fin(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.len = 100));
	expect_segment_after(f, 40, SEG(.ack = f->rcv_nxt + 100));
	user_shuts_down(f, PLX_SHUTDOWN_BOTH);

	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK, .ack = f->rcv_nxt + 100));
	expect_state(f, PLX_STATE_FIN_WAIT_1);
}

// RFC 9293 3.8.1: the FIN of CLOSING is retransmitted as any other, with the peer's FIN acknowledged.
static void fin_is_sent_again_in_closing(void **state)
{
	struct fixture *f = fixture_closing(state);
	plx_time rto = info_of(f).rto;

	expect_segment_within(
		f, rto / PLX_MILLISECOND,
		SEG(.flags = TCP_FIN | TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt));
	expect_state(f, PLX_STATE_CLOSING);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 1));
	expect_event(f, PLX_EVENT_CLOSED, 0);
	assert_int_equal(stats_of(f).time_wait, 1);
}

static void fin_is_sent_again_in_last_ack(void **state)
{
	struct fixture *f = fixture_last_ack(state);
	plx_time rto = info_of(f).rto;

	expect_segment_within(
		f, rto / PLX_MILLISECOND,
		SEG(.flags = TCP_FIN | TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 1));
	expect_event(f, PLX_EVENT_CLOSED, 0);
	assert_int_equal(stats_of(f).time_wait, 0);
}

// RFC 5961 3.2: a RST is held against RCV.NXT, also while the ACK that says so is delayed.
static void rst_is_held_against_what_was_received(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.len = 10));
	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt));
	expect_state(f, PLX_STATE_ESTABLISHED);
	forget_output(f);
	forget_events(f);
	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt + 10));
	expect_event(f, PLX_EVENT_FAILED, -ECONNRESET);
}

// The last byte of the window is in it, the next is not: for text and for RST (RFC 5961 3.2).
static void right_edge_is_exact(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 5000);
	fixture_established(state);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 5000, .len = 1));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
	assert_int_equal(info_of(f).out_of_order_bytes, 0);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 4999, .len = 1));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
	assert_int_equal(info_of(f).out_of_order_bytes, 1);

	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt + 5000));
	expect_silence(f);
	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt + 4999));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
	expect_state(f, PLX_STATE_ESTABLISHED);
}

// RFC 9293 3.6.1 MAY-2: the end of a connection and the SYN of the next come in one burst.
static void end_and_successor_may_share_a_burst(void **state)
{
	struct fixture *f = fixture_fin_wait_1(state);
	uint32_t seq = f->rcv_nxt + 70000;

	burst_begin(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 1));
	peer_closes(f, f->rcv_nxt, f->snd_nxt + 1);
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = seq, .ack = 0, .mss = 1000));
	burst_end(f);

	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 1));
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .ack = seq + 1));
	expect_event(f, PLX_EVENT_CLOSED, 0);
}

// RFC 9293 3.10.7.4 fourth: our ACK was lost and the SYN+ACK comes again; one more ACK mends it.
static void repeated_syn_ack_is_answered_by_an_ack(void **state)
{
	struct fixture *f = fixture_connected(state);

	advance(f, 1000);
	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->rcv_nxt - 1, .mss = 1460));

	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt, .len = 0));
	expect_state(f, PLX_STATE_ESTABLISHED);
	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10, .seq = f->snd_nxt));
}

// A clock that jumps from deadline to deadline meets every retransmission at its moment, and does not
// stop at much else.
static void deadlines_are_few_and_exact(void **state)
{
	struct fixture *f = fixture_established(state);
	plx_duration rto = info_of(f).rto;
	unsigned stops = 0;

	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));
	for (unsigned i = 0; i < 5; i++) {
		plx_time due = f->now + (rto << i);
		const struct fixture_output *sent = NULL;

		while (sent == NULL) {
			plx_time deadline = plx_next_deadline(f->stack);

			assert_true(deadline <= due);
			advance_until(f, deadline > f->now ? deadline : f->now);
			sent = fixture_next_output(f);
			assert_true(++stops < 50);
		}
		assert_true(sent->at == due);
	}
}

// plx_poll() for no events runs what timers are due, and nothing that is pending is lost by it.
static void poll_for_no_events_runs_the_timers(void **state)
{
	struct fixture *f = fixture_established(state);
	plx_duration rto = info_of(f).rto;
	struct plx_event event;

	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));
	f->holds_events = true;
	segment_arrives(f, SEG(.len = 10));
	forget_output(f);
	f->now += rto;
	assert_int_equal(plx_poll(f->stack, NULL, 0, f->now), 0);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = 10));

	f->holds_events = false;
	assert_int_equal(plx_poll(f->stack, &event, 1, f->now), 1);
	assert_true(plx_conn_is_equal(event.conn, f->conn));
	assert_int_equal(event.mask, PLX_EVENT_READABLE);
}

// What the peer sent before it closed outlives the last segment of the connection.
static void data_outlives_last_ack(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .len = 100));
	expect_segment(f, SEG(.ack = f->rcv_nxt + 101));
	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 101, .ack = f->snd_nxt + 1));
	forget_events(f);
	advance(f, 5000);

	expect_no_event(f);
	assert_int_equal(plx_readable(f->stack, f->conn), 100);
	user_receives(f, 100);
	expect_event(f, PLX_EVENT_CLOSED, 0);
}

// RFC 9293 3.10.6: STATUS after every step of a connection that its user has only shut down.
static void info_follows_a_whole_connection(void **state)
{
	struct fixture *f = fixture_established(state);
	struct plx_info info = info_of(f);

	assert_int_equal(info.snd_una, info.iss + 1);
	assert_int_equal(info.snd_nxt, info.iss + 1);
	assert_int_equal(info.rcv_nxt, info.irs + 1);
	user_sends(f, 10);
	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_PSH | TCP_ACK, .len = 10));
	info = info_of(f);
	assert_int_equal(info.state, PLX_STATE_FIN_WAIT_1);
	assert_int_equal(info.snd_nxt, info.iss + 12);
	assert_int_equal(info.unacked_bytes, 10);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 11));
	info = info_of(f);
	assert_int_equal(info.state, PLX_STATE_FIN_WAIT_2);
	assert_int_equal(info.snd_una, info.iss + 12);
	assert_int_equal(info.unacked_bytes, 0);
	peer_closes(f, f->rcv_nxt, f->snd_nxt + 11);
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 1));
	info = info_of(f);
	assert_int_equal(info.state, PLX_STATE_TIME_WAIT);
	assert_int_equal(info.rcv_nxt, info.irs + 2);
	advance(f, 59999);
	expect_state(f, PLX_STATE_TIME_WAIT);
	advance(f, 1);
	assert_int_equal(plx_get_info(f->stack, f->conn, &info), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(receive_buffer_of_one_byte_takes_one),
		SCENARIO(scaled_window_stays_within_the_buffer),
		SCENARIO(fin_waits_outside_a_shut_window),
		SCENARIO(window_goes_up_at_half_the_buffer),
		SCENARIO(single_bytes_fill_the_send_buffer_exactly),
		SCENARIO(acknowledged_part_of_a_segment_makes_room),
		SCENARIO(smaller_send_buffer_waits_for_room),
		SCENARIO(linger_zero_resets_in_fin_wait_2),
		SCENARIO(close_after_shutdown_of_reading_sends_fin),
		SCENARIO(shutdown_of_both_over_unread_data_sends_fin),
		SCENARIO(fin_is_sent_again_in_closing),
		SCENARIO(fin_is_sent_again_in_last_ack),
		SCENARIO(rst_is_held_against_what_was_received),
		SCENARIO(right_edge_is_exact),
		SCENARIO(end_and_successor_may_share_a_burst),
		SCENARIO(repeated_syn_ack_is_answered_by_an_ack),
		SCENARIO(deadlines_are_few_and_exact),
		SCENARIO(poll_for_no_events_runs_the_timers),
		SCENARIO(data_outlives_last_ack),
		SCENARIO(info_follows_a_whole_connection),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script embedder", tests, NULL, NULL);
}

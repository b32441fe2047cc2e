// SPDX-License-Identifier: BSD-3-Clause
//
// Every order in which a connection is closed (RFC 9293 3.6, 3.10.4, 3.10.7.4 eighth), half-closed ones
// included, and what happens to data that nobody will read (RFC 2525 2.17).
#include <errno.h>

#include "support/eal_main.h"
#include "support/user.h"

static void fin_arrives(struct fixture *f)
{
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK));
	f->rcv_nxt++;
}

static void expect_fin(struct fixture *f)
{
	expect_segment(
		f, SEG(.flags = TCP_FIN | TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt, .len = 0));
	f->snd_nxt++;
}

static void expect_ack(struct fixture *f)
{
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt, .len = 0));
}

// RFC 9293 3.6 figure 12, seen from TCP Peer A.
static void active_close(void **state)
{
	struct fixture *f = fixture_established(state);

	user_closes(f);
	expect_fin(f);
	expect_state(f, PLX_STATE_FIN_WAIT_1);
	segment_arrives(f, SEG());
	expect_state(f, PLX_STATE_FIN_WAIT_2);
	expect_no_event(f);
	fin_arrives(f);
	expect_ack(f);
	expect_event(f, PLX_EVENT_CLOSED, 0);
	expect_state(f, PLX_STATE_TIME_WAIT);
	expect_counter(f, PLX_COUNTER_CONN_CLOSED, 1);
	expect_counter(f, PLX_COUNTER_TCP_TIME_WAITS, 1);
	advance(f, 60000);
	expect_state(f, PLX_STATE_CLOSED);
	expect_silence(f);
}

// The same, from TCP Peer B.
static void passive_close(void **state)
{
	struct fixture *f = fixture_established(state);

	fin_arrives(f);
	expect_ack(f);
	expect_event(f, PLX_EVENT_PEER_CLOSED, 0);
	user_finds_end(f);
	expect_state(f, PLX_STATE_CLOSE_WAIT);
	user_closes(f);
	expect_fin(f);
	expect_state(f, PLX_STATE_LAST_ACK);
	expect_no_event(f);
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_CLOSED, 0);
	expect_state(f, PLX_STATE_CLOSED);
	expect_silence_for(f, 100000);
	assert_int_equal(stats_of(f).time_wait, 0);
}

// RFC 9293 3.6 figure 13.
static void simultaneous_close(void **state)
{
	struct fixture *f = fixture_established(state);

	user_closes(f);
	expect_fin(f);
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .ack = f->snd_nxt - 1));
	f->rcv_nxt++;
	expect_ack(f);
	expect_state(f, PLX_STATE_CLOSING);
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_CLOSED, 0);
	expect_state(f, PLX_STATE_TIME_WAIT);
	expect_silence(f);
}

// RFC 9293 3.10.7.4 eighth, FIN-WAIT-1: "if our FIN has been ACKed (perhaps in this segment)".
static void fin_and_ack_in_one_segment(void **state)
{
	struct fixture *f = fixture_established(state);

	user_closes(f);
	expect_fin(f);
	fin_arrives(f);
	expect_ack(f);
	expect_event(f, PLX_EVENT_CLOSED, 0);
	expect_state(f, PLX_STATE_TIME_WAIT);
}

static void close_when_the_peer_does(struct fixture *f, const struct plx_event *event)
{
	if ((event->mask & PLX_EVENT_PEER_CLOSED) != 0)
		user_closes(f);
}

// An application that closes at once: FIN goes with the ACK, three segments in all.
static void answer_to_fin_carries_our_fin(void **state)
{
	struct fixture *f = fixture_established(state);

	f->application = close_when_the_peer_does;
	fin_arrives(f);
	expect_fin(f);
	expect_silence(f);
	expect_event(f, PLX_EVENT_PEER_CLOSED, 0);
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_CLOSED, 0);
	expect_state(f, PLX_STATE_CLOSED);
}

// RFC 9293 3.10.4: CLOSE waits for what is queued; the FIN rides on the last of it.
static void fin_rides_on_the_last_data(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = 1000;
	fixture_established(state);
	user_sends(f, 1500);
	user_closes(f);

	expect_segment(f, SEG(.flags = TCP_ACK, .len = 1000));
	expect_segment(
		f, SEG(.flags = TCP_ACK | TCP_PSH | TCP_FIN, .seq = f->snd_nxt + 1000, .len = 500));
	expect_silence(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 1501));
	expect_state(f, PLX_STATE_FIN_WAIT_2);
}

// RFC 9293 3.10.4: data beyond the peer's window keeps the FIN waiting.
static void fin_waits_for_the_window(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = 1000;
	f->peer.wnd = 1000;
	fixture_established(state);
	user_sends(f, 2000);
	user_closes(f);
	expect_segment(f, SEG(.flags = TCP_ACK, .len = 1000));
	expect_silence(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 1000, .wnd = 1001));

	expect_segment(
		f,
		SEG(.flags = TCP_ACK | TCP_PSH | TCP_FIN, .seq = f->snd_nxt + 1000, .len = 1000));
}

// RFC 9293 3.6: after shutdown(write) the other direction goes on as long as the peer likes.
static void half_closed_connection_still_receives(void **state)
{
	struct fixture *f = fixture_established(state);

	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	expect_fin(f);
	segment_arrives(f, SEG());
	expect_state(f, PLX_STATE_FIN_WAIT_2);
	advance(f, 24 * 3600 * 1000);
	expect_no_event(f);

	segment_arrives(f, SEG(.len = 500));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 500, .len = 500));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 1000));
	user_receives(f, 1000);
	f->rcv_nxt += 1000;
	forget_events(f);
	assert_int_equal(user_offers(f, 1), -EPIPE);
	fin_arrives(f);
	expect_ack(f);
	expect_event(f, PLX_EVENT_PEER_CLOSED, 0);
	user_finds_end(f);
	user_closes(f);
	expect_event(f, PLX_EVENT_CLOSED, 0);
	expect_state(f, PLX_STATE_TIME_WAIT);
}

// The mirror: the peer has closed, we go on sending.
static void close_wait_still_sends(void **state)
{
	struct fixture *f = fixture_close_wait(state);

	user_sends(f, 300);
	expect_segment(
		f,
		SEG(.flags = TCP_ACK | TCP_PSH, .seq = f->snd_nxt, .ack = f->rcv_nxt, .len = 300));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 300));
	f->snd_nxt += 300;
	user_closes(f);
	expect_fin(f);
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_CLOSED, 0);
}

// What came before the peer's FIN can still be read after it.
static void data_before_fin_stays_readable(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_PSH | TCP_FIN, .len = 100));
	expect_event(f, PLX_EVENT_READABLE | PLX_EVENT_PEER_CLOSED, 0);
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 101));
	advance(f, 1000);
	user_receives(f, 100);
	user_finds_end(f);
	user_finds_end(f);
}

// RFC 2525 2.17, RFC 9293 3.6.1: closing over unread data tells the peer by RST.
static void closing_over_unread_data_resets(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.len = 100));
	user_closes(f);

	expect_segment(f,
		       SEG(.flags = TCP_RST | TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt + 100));
	expect_silence(f);
	forget_events(f);
	expect_state(f, PLX_STATE_CLOSED);
	assert_int_equal(stats_of(f).time_wait, 0);
}

// The same for data that comes later.
static void data_after_close_is_reset(void **state)
{
	struct fixture *f = fixture_fin_wait_2(state);

	segment_arrives(f, SEG(.len = 10));

	expect_segment(f, SEG(.flags = TCP_RST, .seq = f->snd_nxt));
	expect_event(f, PLX_EVENT_FAILED, -ECONNABORTED);
	expect_state(f, PLX_STATE_CLOSED);
	expect_silence(f);
}

// FIN_WAIT_2 of a closed connection does not wait for ever for a peer that does not end it in order.
static void closed_fin_wait_2_ends_by_itself(void **state)
{
	struct fixture *f = fixture_fin_wait_2(state);

	advance(f, 59000);
	expect_no_event(f);
	advance(f, 1000);
	expect_event(f, PLX_EVENT_FAILED, -ETIMEDOUT);
	expect_silence(f);
	assert_int_equal(stats_of(f).connections, 0);
}

static void fin_wait_2_time_is_an_option(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_FIN_WAIT_2_TIME, 5 * PLX_SECOND);
	fixture_fin_wait_2(state);
	advance(f, 4999);
	expect_no_event(f);
	advance(f, 1);
	expect_event(f, PLX_EVENT_FAILED, -ETIMEDOUT);
}

// Counted from when our FIN was acknowledged: a peer that goes on acknowledging, and sends no FIN, gains nothing.
static void acks_do_not_prolong_closed_fin_wait_2(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_FIN_WAIT_2_TIME, 10 * PLX_SECOND);
	fixture_fin_wait_2(state);
	advance(f, 5000);
	segment_arrives(f, SEG());
	advance(f, 4999);
	segment_arrives(f, SEG(.wnd = f->peer.wnd - 1));
	expect_silence(f);
	expect_no_event(f);
	advance(f, 1);
	expect_event(f, PLX_EVENT_FAILED, -ETIMEDOUT);
	segment_arrives(f, SEG());
	expect_segment(f, SEG(.flags = TCP_RST, .seq = f->snd_nxt));
}

// RFC 9293 3.10.4, SYN-RECEIVED by simultaneous open: CLOSE goes through FIN_WAIT_1.
static void close_in_syn_received_sends_fin(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->peer.isn));
	f->rcv_nxt = f->peer.isn + 1;
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	user_closes(f);
	forget_output(f);
	segment_arrives(f, SEG());
	forget_output(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 1));
	expect_state(f, PLX_STATE_FIN_WAIT_2);
}

// LINGER 0: plx_close() is an ABORT.
static void linger_zero_closes_with_rst(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_LINGER, 0);
	fixture_established(state);
	user_sends(f, 10);
	user_closes(f);

	while (expect_segment(f, SEG())->tcp.flags != (TCP_RST | TCP_ACK))
		;
	expect_silence_for(f, 100000);
	assert_int_equal(stats_of(f).time_wait, 0);
}

// RFC 9293 3.10.5.
static void abort_sends_rst_and_forgets_the_queue(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.wnd = 100;
	fixture_established(state);
	user_sends(f, 100);
	expect_segment(f, SEG(.len = 100));
	user_sends(f, 500);
	user_aborts(f);

	expect_segment(f, SEG(.flags = TCP_RST | TCP_ACK, .seq = f->snd_nxt + 100));
	expect_event(f, PLX_EVENT_FAILED, -ECONNABORTED);
	expect_silence_for(f, 100000);
}

// RFC 9293 3.10.7.4 eighth, CLOSE-WAIT: a FIN that comes again changes nothing but is answered.
static void fin_again_in_close_wait_is_answered(void **state)
{
	struct fixture *f = fixture_close_wait(state);

	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .seq = f->rcv_nxt - 1));

	expect_ack(f);
	expect_state(f, PLX_STATE_CLOSE_WAIT);
	expect_no_event(f);
}

// plx_shutdown(READ): what comes is acknowledged and thrown away, the window stays open.
static void shutdown_read_throws_away_what_comes(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 2000);
	fixture_established(state);
	user_shuts_down(f, PLX_SHUTDOWN_READ);
	for (unsigned i = 0; i < 10; i++)
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i * 1000, .len = 1000));
	forget_output(f);
	assert_int_equal(info_of(f).rcv_nxt, f->rcv_nxt + 10000);
	assert_int_equal(plx_recv(f->stack, f->conn, &(uint8_t){0}, 1, 0), -ESHUTDOWN);
	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));
}

// 3.10.7.4 seventh: behind the peer's FIN text is ignored.
static void text_behind_the_fin_is_ignored_in_last_ack(void **state)
{
	struct fixture *f = fixture_last_ack(state);

	segment_arrives(f, SEG(.len = 10));
	expect_silence(f);
	expect_state(f, PLX_STATE_LAST_ACK);
}

static void text_behind_the_fin_is_ignored_in_closing(void **state)
{
	struct fixture *f = fixture_closing(state);

	segment_arrives(f, SEG(.len = 10));
	expect_silence(f);
	expect_state(f, PLX_STATE_CLOSING);
}

// 3.10.5: sends are queued before the FIN: the peer learns that they never come.
static void abort_before_the_fin_was_sent_tells_the_peer(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.wnd = 500;
	fixture_close_wait(state);
	user_sends(f, 5000);
	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	fixture_settle(f);
	forget_output(f);
	user_aborts(f);
	expect_segment(f, SEG(.flags = TCP_RST | TCP_ACK));
}

// RFC 2525 2.17, in the same place.
static void close_over_unread_data_before_the_fin_was_sent(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.wnd = 500;
	fixture_established(state);
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .len = 10));
	user_sends(f, 5000);
	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	fixture_settle(f);
	forget_output(f);
	user_closes(f);
	expect_segment(f, SEG(.flags = TCP_RST | TCP_ACK));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_EVERY_LINK(active_close),
		SCENARIO_EVERY_LINK(passive_close),
		SCENARIO(simultaneous_close),
		SCENARIO(fin_and_ack_in_one_segment),
		SCENARIO(answer_to_fin_carries_our_fin),
		SCENARIO(fin_rides_on_the_last_data),
		SCENARIO(fin_waits_for_the_window),
		SCENARIO(half_closed_connection_still_receives),
		SCENARIO(close_wait_still_sends),
		SCENARIO(data_before_fin_stays_readable),
		SCENARIO(closing_over_unread_data_resets),
		SCENARIO(data_after_close_is_reset),
		SCENARIO(closed_fin_wait_2_ends_by_itself),
		SCENARIO(fin_wait_2_time_is_an_option),
		SCENARIO(acks_do_not_prolong_closed_fin_wait_2),
		SCENARIO(close_in_syn_received_sends_fin),
		SCENARIO(linger_zero_closes_with_rst),
		SCENARIO(abort_sends_rst_and_forgets_the_queue),
		SCENARIO(fin_again_in_close_wait_is_answered),
		SCENARIO(shutdown_read_throws_away_what_comes),
		SCENARIO(text_behind_the_fin_is_ignored_in_last_ack),
		SCENARIO(text_behind_the_fin_is_ignored_in_closing),
		SCENARIO(abort_before_the_fin_was_sent_tells_the_peer),
		SCENARIO(close_over_unread_data_before_the_fin_was_sent),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script close", tests, NULL, NULL);
}

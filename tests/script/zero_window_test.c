// SPDX-License-Identifier: BSD-3-Clause
//
// A window that is shut: probes with backoff and no give-up while the peer answers, what a probe is
// answered with, and how sending goes on. RFC 9293 3.8.6.1, MUST-35 to MUST-37; RFC 1122 4.2.2.17.
#include <errno.h>

#include "support/eal_main.h"
#include "support/user.h"

enum { MSS = 1000 };

static struct fixture *with_shut_window(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = MSS;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	fixture_connected(state);
	user_sends(f, MSS);
	expect_segment(f, SEG(.len = MSS));
	f->snd_nxt += MSS;
	segment_arrives(f, SEG(.wnd = 0));
	expect_silence(f);
	return f;
}

// All of the bytes behind the window go at once, the one that was a probe perhaps on its own.
static void expect_all_at_once(struct fixture *f, uint32_t n)
{
	uint32_t end = f->snd_nxt + n, next = f->snd_nxt;

	for (unsigned segments = 0; next != end; segments++) {
		const struct frame *frame = expect_segment(f, SEG(.seq = next));

		next += frame->payload_bytes;
		assert_in_range(segments, 0, n / MSS + 1);
	}
	expect_silence(f);
}

// A probe takes at most one byte beyond the window, or none from before it.
static void expect_probe_within(struct fixture *f, uint64_t ms)
{
	const struct frame *probe = expect_segment_within(f, ms, SEG(.ack = f->rcv_nxt));
	uint32_t offset = probe->tcp.seq - f->snd_nxt;

	assert_true(probe->payload_bytes <= 1);
	assert_true(offset == 0 || (offset == UINT32_MAX && probe->payload_bytes <= 1));
}

// MUST-36: data that waits makes the timer run; SHLD-29: the first probe after one RTO.
static void data_behind_a_shut_window_is_probed(void **state)
{
	struct fixture *f = with_shut_window(state);

	user_sends(f, 3 * MSS);
	expect_silence_for(f, 199);
	expect_probe_within(f, 1);
	expect_counter(f, PLX_COUNTER_TCP_PROBES, 1);
}

// SHLD-30: the time between probes grows exponentially.
static void probes_back_off(void **state)
{
	struct fixture *f = with_shut_window(state);
	plx_duration gap, last_gap = 0;

	user_sends(f, MSS);
	for (unsigned i = 0; i < 6; i++) {
		plx_time before = f->now;

		expect_probe_within(f, 60000);
		gap = f->now - before;
		assert_true(i == 0 || gap >= last_gap * 3 / 2);
		last_gap = gap;
		segment_arrives(f, SEG(.wnd = 0));
	}
}

// MUST-37: as long as the peer answers, the connection lives.
static void answered_probes_never_end_the_connection(void **state)
{
	struct fixture *f = with_shut_window(state);
	plx_time end = f->now + 24 * 3600 * PLX_SECOND;

	user_sends(f, MSS);
	while (f->now < end) {
		expect_probe_within(f, 600000);
		segment_arrives(f, SEG(.wnd = 0));
	}
	expect_state(f, PLX_STATE_ESTABLISHED);
	segment_arrives(f, SEG());
	expect_all_at_once(f, MSS);
}

// Without an answer it ends like any other (RFC 9293 3.8.3).
static void unanswered_probes_end_the_connection(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RETRIES, 4);
	with_shut_window(state);
	user_sends(f, MSS);
	advance(f, 600000);

	forget_output(f);
	expect_state(f, PLX_STATE_CLOSED);
	assert_int_equal(f->events[f->n_events - 1].mask, PLX_EVENT_FAILED);
	assert_int_equal(f->events[f->n_events - 1].error, -ETIMEDOUT);
}

// The window opens: what waits goes at once, and the probes end.
static void window_update_ends_the_probes(void **state)
{
	struct fixture *f = with_shut_window(state);

	user_sends(f, 2 * MSS);
	expect_probe_within(f, 200);
	segment_arrives(f, SEG(.wnd = 2 * MSS));
	expect_all_at_once(f, 2 * MSS);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 2 * MSS));
	expect_silence_for(f, 600000);
}

// A probe's byte may be taken by the peer.
static void probed_byte_may_be_acknowledged(void **state)
{
	struct fixture *f = with_shut_window(state);
	const struct frame *probe;

	user_sends(f, MSS);
	probe = expect_segment_within(f, 200, SEG());
	if (probe->payload_bytes == 1 && probe->tcp.seq == f->snd_nxt) {
		segment_arrives(f, SEG(.ack = f->snd_nxt + 1));
		expect_segment(f, SEG(.seq = f->snd_nxt + 1, .len = MSS - 1));
	} else {
		segment_arrives(f, SEG());
		expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	}
}

// Nothing to send: nothing to probe for.
static void shut_window_alone_is_not_probed(void **state)
{
	struct fixture *f = with_shut_window(state);

	expect_silence_for(f, 600000);
}

// A FIN waits for the window like data, and is probed for.
static void fin_gets_through_a_shut_window(void **state)
{
	struct fixture *f = with_shut_window(state);

	user_closes(f);
	advance_to_output(f, f->now + 10 * PLX_SECOND);
	forget_output(f);
	segment_arrives(f, SEG(.wnd = 10));
	advance_to_output(f, f->now + 10 * PLX_SECOND);
	forget_output(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 1));
	expect_state(f, PLX_STATE_FIN_WAIT_2);
}

// The other side: RFC 9293 3.10.7.4 first, a probe into our shut window is answered with the ACK.
static void probe_into_our_shut_window_is_answered(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 1000);
	fixture_established(state);
	segment_arrives(f, SEG(.len = 1000));
	expect_segment_within(f, 40, SEG(.ack = f->rcv_nxt + 1000, .wnd = 0));
	for (unsigned i = 0; i < 3; i++) {
		segment_arrives(f, SEG(.seq = f->rcv_nxt + 1000, .len = 1));
		expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 1000, .wnd = 0));
		segment_arrives(f, SEG(.seq = f->rcv_nxt + 999, .len = 0));
		expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 1000, .wnd = 0));
	}
	user_receives(f, 1000);
	expect_segment(f, SEG(.flags = TCP_ACK, .wnd = 1000));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 1000, .len = 500));
	user_receives(f, 500);
	forget_output(f);
}

// RFC 9293 3.10.7.4 first: a shut window still takes ACKs.
static void shut_window_still_takes_acks(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 1000);
	fixture_established(state);
	segment_arrives(f, SEG(.len = 1000));
	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10, .wnd = 0));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 1000, .ack = f->snd_nxt + 10));

	assert_int_equal(info_of(f).unacked_bytes, 0);
	expect_silence_for(f, 10000);
}

// RFC 9293 3.8.6.2.2: reading a little from a full buffer does not open a sliver.
static void little_reads_open_no_sliver(void **state)
{
	struct fixture *f = fixture_plan(state);
	uint8_t bytes[10];

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 10000);
	fixture_established(state);
	for (unsigned i = 0; i < 10; i++)
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i * 1000, .len = 1000));
	forget_output(f);
	assert_int_equal(plx_recv(f->stack, f->conn, bytes, sizeof(bytes), 0), sizeof(bytes));
	expect_silence(f);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 10000, .len = 1));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 10000, .wnd = 0));
}

// Our receive buffer is full, and something of ours is not acknowledged.
static struct fixture *with_our_window_shut(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 4000);
	fixture_established(state);
	for (unsigned i = 0; i < 4; i++)
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i * 1000, .len = 1000));
	f->rcv_nxt += 4000;
	forget_output(f);
	forget_events(f);
	assert_int_equal(info_of(f).rcv_wnd_bytes, 0);
	user_sends(f, 100);
	expect_segment(f, SEG(.len = 100));
	return f;
}

// RFC 9293 3.10.7.4 first: valid ACKs count at a window of zero; the probe's byte does not.
static void shut_window_takes_the_ack_of_a_probe(void **state)
{
	struct fixture *f = with_our_window_shut(state);

	segment_arrives(f, SEG(.len = 1, .ack = f->snd_nxt + 100));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt, .wnd = 0));
	assert_int_equal(info_of(f).snd_una, f->snd_nxt + 100);
	assert_int_equal(info_of(f).readable_bytes, 4000);
}

// A peer that counts its probe's byte as sent goes on behind it.
static void shut_window_takes_the_ack_behind_a_probe(void **state)
{
	struct fixture *f = with_our_window_shut(state);

	segment_arrives(f, SEG(.seq = f->rcv_nxt + 1, .ack = f->snd_nxt + 100));
	expect_silence(f);
	assert_int_equal(info_of(f).snd_una, f->snd_nxt + 100);
}

// MUST-66
static void shut_window_takes_a_rst_with_text(void **state)
{
	struct fixture *f = with_our_window_shut(state);

	segment_arrives(f, SEG(.flags = TCP_RST, .len = 1));
	expect_silence(f);
	expect_event(f, PLX_EVENT_FAILED, -ECONNRESET);
}

// MUST-66
static void shut_window_takes_urg(void **state)
{
	struct fixture *f = with_our_window_shut(state);

	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_URG, .urgent = 5, .len = 1));
	forget_output(f);
	expect_event(f, PLX_EVENT_URGENT, 0);
	assert_int_equal(info_of(f).urgent_bytes, 4000 + 5);
}

// SHLD-17, MUST-35: data beyond the edge of a window that shrank to nothing is probed, and while the peer
// answers the connection lives.
static void window_shut_over_data_in_flight_is_survived(void **state)
{
	struct fixture *f = fixture_connected(state);
	unsigned probes = 0;

	user_sends(f, 1000);
	expect_segment(f, SEG(.len = 1000));
	segment_arrives(f, SEG(.wnd = 0));
	for (plx_time end = f->now + 3 * 3600 * PLX_SECOND; f->now < end; probes++) {
		advance_to_output(f, f->now + 600 * PLX_SECOND);
		expect_segment(f, SEG(.seq = f->snd_nxt, .len = 1000));
		segment_arrives(f, SEG(.wnd = 0));
	}
	assert_in_range(probes, 80, 200);
	expect_state(f, PLX_STATE_ESTABLISHED);
	segment_arrives(f, SEG(.wnd = 5000));
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = 1000));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 1000));
	expect_silence(f);
}

static void window_update_lets_the_fin_go(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.wnd = 1000;
	fixture_established(state);
	user_sends(f, 1000);
	user_closes(f);
	expect_segment(f, SEG(.len = 1000));
	segment_arrives(f, SEG(.wnd = 5000));
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK));
}

// The last byte went as a probe and was taken: there is nothing left to ask for, and no FIN to invent.
static void nothing_is_probed_when_nothing_waits(void **state)
{
	struct fixture *f = with_shut_window(state);

	user_sends(f, 1);
	expect_segment_within(f, 300, SEG(.seq = f->snd_nxt, .len = 1));
	f->snd_nxt++;
	segment_arrives(f, SEG(.wnd = 0));
	expect_silence_for(f, 600 * 1000);
	expect_state(f, PLX_STATE_ESTABLISHED);
}

static void fin_goes_through_a_shut_window_once(void **state)
{
	struct fixture *f = with_shut_window(state);

	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	expect_segment_within(f, 300, SEG(.flags = TCP_FIN | TCP_ACK, .seq = f->snd_nxt));
	f->snd_nxt++;
	segment_arrives(f, SEG(.wnd = 0));
	expect_silence_for(f, 600 * 1000);
	expect_state(f, PLX_STATE_FIN_WAIT_2);
}

static void shutdown_of_reading_opens_the_window_at_once(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 1000);
	fixture_established(state);
	segment_arrives(f, SEG(.len = 1000));
	expect_segment_within(f, 100, SEG(.flags = TCP_ACK, .wnd = 0));
	user_shuts_down(f, PLX_SHUTDOWN_READ);
	expect_segment(f, SEG(.flags = TCP_ACK, .wnd = 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(data_behind_a_shut_window_is_probed),
		SCENARIO(probes_back_off),
		SCENARIO(answered_probes_never_end_the_connection),
		SCENARIO(unanswered_probes_end_the_connection),
		SCENARIO(window_update_ends_the_probes),
		SCENARIO(probed_byte_may_be_acknowledged),
		SCENARIO(shut_window_alone_is_not_probed),
		SCENARIO(fin_gets_through_a_shut_window),
		SCENARIO(probe_into_our_shut_window_is_answered),
		SCENARIO(shut_window_still_takes_acks),
		SCENARIO(little_reads_open_no_sliver),
		SCENARIO(shut_window_takes_the_ack_of_a_probe),
		SCENARIO(shut_window_takes_the_ack_behind_a_probe),
		SCENARIO(shut_window_takes_a_rst_with_text),
		SCENARIO(shut_window_takes_urg),
		SCENARIO(window_shut_over_data_in_flight_is_survived),
		SCENARIO(window_update_lets_the_fin_go),
		SCENARIO(nothing_is_probed_when_nothing_waits),
		SCENARIO(fin_goes_through_a_shut_window_once),
		SCENARIO(shutdown_of_reading_opens_the_window_at_once),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script zero_window", tests, NULL, NULL);
}

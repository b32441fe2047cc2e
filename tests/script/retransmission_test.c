// SPDX-License-Identifier: BSD-3-Clause
//
// The retransmission timer: its first value, its estimate, its backoff, its restart and its end.
// RFC 6298 (numbers below are its clauses), RFC 9293 3.8.1, 3.8.3; RFC 5681 3.1.
#include <errno.h>

#include "support/eal_main.h"
#include "support/user.h"

enum { MSS = 1000 };

// A handshake that takes `ms` from SYN to SYN+ACK, which is the first sample.
static struct fixture *connected_with_rtt(void **state, uint64_t ms)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = MSS;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	fixture_syn_sent(state);
	advance(f, ms);
	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->peer.isn, .mss = MSS));
	f->rcv_nxt = f->peer.isn + 1;
	expect_segment(f, SEG(.flags = TCP_ACK));
	expect_event(f, PLX_EVENT_CONNECTED, 0);
	return f;
}

static uint64_t rto_ms(struct fixture *f)
{
	return info_of(f).rto / PLX_MILLISECOND;
}

// 2.2: SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR.
static void first_sample_sets_the_timer(void **state)
{
	struct fixture *f = connected_with_rtt(state, 100);
	struct plx_info info = info_of(f);

	assert_in_range(info.srtt, 99900000, 100100000);
	assert_in_range(info.rttvar, 49900000, 50100000);
	assert_in_range(rto_ms(f), 299, 301);
}

// 2.3: RTTVAR = 3/4 RTTVAR + 1/4 |SRTT - R|, SRTT = 7/8 SRTT + 1/8 R.
static void later_samples_are_smoothed(void **state)
{
	struct fixture *f = connected_with_rtt(state, 100);
	struct plx_info info;

	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));
	advance(f, 180);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 10));

	info = info_of(f);
	assert_in_range(info.srtt, 109500000, 110500000);
	assert_in_range(info.rttvar, 57000000, 58000000);
	assert_in_range(rto_ms(f), 338, 342);
}

// DEVIATION 2.4: not less than 200 ms, an option.
static void timer_has_a_floor(void **state)
{
	struct fixture *f = connected_with_rtt(state, 1);

	assert_int_equal(rto_ms(f), 200);
	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));
	expect_segment_after(f, 200, SEG(.flags = TCP_ACK | TCP_PSH, .seq = f->snd_nxt, .len = 10));
}

// DEVIATION 2.4: where SRTT alone is the floor, half of the floor stays above it: a peer may delay an acknowledgement.
static void steady_long_path_leaves_time_for_a_delayed_acknowledgement(void **state)
{
	struct fixture *f = connected_with_rtt(state, 400);

	for (unsigned i = 0; i < 40; i++) {
		user_sends(f, 10);
		expect_segment(f, SEG(.seq = f->snd_nxt, .len = 10));
		advance(f, 400);
		f->snd_nxt += 10;
		segment_arrives(f, SEG());
	}
	assert_int_equal(rto_ms(f), 400 + 200 / 2);
	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));
	expect_silence_for(f, 499);
}

static void floor_is_an_option(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RTO_MIN, 50 * PLX_MILLISECOND);
	connected_with_rtt(state, 1);
	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));

	expect_segment_after(f, 50, SEG(.seq = f->snd_nxt, .len = 10));
}

// 5.4, 5.5: the earliest segment, and twice the time for each retransmission.
static void earliest_segment_is_sent_again_with_backoff(void **state)
{
	struct fixture *f = connected_with_rtt(state, 1);

	user_sends(f, 3 * MSS);
	for (unsigned i = 0; i < 3; i++)
		expect_segment(f, SEG(.len = MSS));
	for (unsigned i = 0; i < 6; i++) {
		expect_segment_after(f, UINT64_C(200) << i,
				     SEG(.seq = f->snd_nxt, .ack = f->rcv_nxt, .len = MSS));
		expect_silence(f);
	}
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 6);
	expect_counter(f, PLX_COUNTER_TCP_RETRANSMITS, 6);
	assert_int_equal(info_of(f).retransmits, 6);
}

// RFC 5681 3.1 (equation 4), 3.1 last paragraph: after a timeout one segment, then slow start.
static void timeout_begins_slow_start_anew(void **state)
{
	struct fixture *f = connected_with_rtt(state, 1);

	user_sends(f, 10 * MSS);
	for (unsigned i = 0; i < 10; i++)
		expect_segment(f, SEG(.len = MSS));
	expect_segment_after(f, 200, SEG(.seq = f->snd_nxt, .len = MSS));
	assert_int_equal(info_of(f).cwnd_bytes, MSS);
	assert_int_equal(info_of(f).ssthresh_bytes, 5 * MSS);

	segment_arrives(f, SEG(.ack = f->snd_nxt + MSS));
	expect_segment(f, SEG(.seq = f->snd_nxt + MSS, .len = MSS));
	expect_segment(f, SEG(.seq = f->snd_nxt + 2 * MSS, .len = MSS));
	expect_silence(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 10 * MSS));
	expect_silence_for(f, 100000);
}

// 5.2: when all is acknowledged the timer is off.
static void timer_is_off_when_nothing_is_in_flight(void **state)
{
	struct fixture *f = connected_with_rtt(state, 1);

	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 10));

	expect_silence_for(f, 100000);
	assert_true(plx_next_deadline(f->stack) == PLX_TIME_NEVER);
}

// 5.3: an ACK of new data restarts it.
static void new_ack_restarts_the_timer(void **state)
{
	struct fixture *f = connected_with_rtt(state, 1);

	user_sends(f, 2 * MSS);
	expect_segment(f, SEG(.len = MSS));
	expect_segment(f, SEG(.len = MSS));
	advance(f, 1);
	segment_arrives(f, SEG(.ack = f->snd_nxt + MSS));

	expect_segment_after(f, 200, SEG(.seq = f->snd_nxt + MSS, .len = MSS));
}

// 5.1: sending more does not restart it.
static void sending_does_not_restart_the_timer(void **state)
{
	struct fixture *f = connected_with_rtt(state, 1);

	user_sends(f, MSS);
	expect_segment(f, SEG(.len = MSS));
	advance(f, 150);
	user_sends(f, MSS);
	expect_segment(f, SEG(.seq = f->snd_nxt + MSS, .len = MSS));

	expect_segment_after(f, 50, SEG(.seq = f->snd_nxt, .len = MSS));
}

// 3, Karn: what was sent twice gives no sample.
static void retransmitted_segment_gives_no_sample(void **state)
{
	struct fixture *f = connected_with_rtt(state, 100);
	plx_duration before = info_of(f).srtt;

	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));
	expect_segment_within(f, 301, SEG(.seq = f->snd_nxt, .len = 10));
	advance(f, 1);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 10));

	assert_int_equal(info_of(f).srtt, before);
}

// 5.7: when a SYN had to be sent again, data begins with three seconds.
static void retransmitted_syn_makes_the_timer_three_seconds(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	expect_segment_after(f, 1000, SEG(.flags = TCP_SYN));
	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->peer.isn, .mss = MSS));
	f->rcv_nxt = f->peer.isn + 1;
	expect_segment(f, SEG(.flags = TCP_ACK));
	expect_event(f, PLX_EVENT_CONNECTED, 0);
	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));

	expect_segment_after(f, 3000, SEG(.seq = f->snd_nxt, .len = 10));
}

// A part of a segment may be acknowledged; what goes again begins behind it.
static void retransmission_begins_at_snd_una(void **state)
{
	struct fixture *f = connected_with_rtt(state, 1);

	user_sends(f, MSS);
	expect_segment(f, SEG(.len = MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 300));

	expect_segment_within(f, 201, SEG(.seq = f->snd_nxt + 300, .len = 700));
}

// RFC 9293 3.8.1: what is sent again acknowledges what came meanwhile.
static void retransmission_carries_the_current_ack(void **state)
{
	struct fixture *f = connected_with_rtt(state, 1);

	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));
	segment_arrives(f, SEG(.len = 50));
	expect_segment_after(f, 40, SEG(.ack = f->rcv_nxt + 50));

	expect_segment_within(f, 200, SEG(.seq = f->snd_nxt, .ack = f->rcv_nxt + 50, .len = 10));
}

// RFC 9293 3.8.3: after R2 the connection fails.
static void connection_fails_after_its_retries(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RETRIES, 3);
	connected_with_rtt(state, 1);
	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));
	for (unsigned i = 0; i < 3; i++)
		expect_segment_after(f, UINT64_C(200) << i, SEG(.seq = f->snd_nxt, .len = 10));
	forget_events(f);
	advance(f, (UINT64_C(200) << 3) - 1);
	expect_state(f, PLX_STATE_ESTABLISHED);
	advance(f, 1);

	expect_event(f, PLX_EVENT_FAILED, -ETIMEDOUT);
	expect_state(f, PLX_STATE_CLOSED);
	expect_counter(f, PLX_COUNTER_CONN_FAILED, 1);
	forget_output(f);
	expect_silence_for(f, 1000000);
}

// RFC 9293 3.8.6, SHLD-16: what a shrunk window still covers is sent again as ever; MAY-7: the rest too, once
// its turn comes.
static void shrunk_window_does_not_stop_retransmission(void **state)
{
	struct fixture *f = connected_with_rtt(state, 1);

	user_sends(f, 3 * MSS);
	for (unsigned i = 0; i < 3; i++)
		expect_segment(f, SEG(.len = MSS));
	segment_arrives(f, SEG(.wnd = MSS));
	expect_segment_after(f, 200, SEG(.seq = f->snd_nxt, .len = MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 2 * MSS, .wnd = MSS / 2));
	expect_segment_within(f, 1000, SEG(.seq = f->snd_nxt + 2 * MSS, .len = MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 3 * MSS));
	expect_silence_for(f, 100000);
}

// RFC 9293 3.8.3: R2 is at least 100 seconds.
static void default_retries_span_100_seconds(void **state)
{
	struct fixture *f = connected_with_rtt(state, 1);
	plx_time begin = f->now;

	user_sends(f, 10);
	while (f->now - begin < 3600 * PLX_SECOND) {
		struct plx_info info = {.size = sizeof(info)};

		if (plx_get_info(f->stack, f->conn, &info) != 0)
			break;
		advance_until(f, f->now + PLX_SECOND);
	}
	assert_in_range(f->now - begin, 100 * PLX_SECOND, 3599 * PLX_SECOND);
	forget_output(f);
}

// 2.5: the backoff ends at RTO_MAX.
static void backoff_has_a_ceiling(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RTO_MAX, PLX_SECOND);
	connected_with_rtt(state, 1);
	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));
	expect_segment_after(f, 200, SEG(.len = 10));
	expect_segment_after(f, 400, SEG(.len = 10));
	expect_segment_after(f, 800, SEG(.len = 10));
	for (unsigned i = 0; i < 3; i++)
		expect_segment_after(f, 1000, SEG(.seq = f->snd_nxt, .len = 10));
}

// RFC 9293 3.8.1: a FIN is retransmitted like data, in the segment that carried it.
static void fin_is_sent_again(void **state)
{
	struct fixture *f = connected_with_rtt(state, 1);

	user_sends(f, 10);
	user_closes(f);
	expect_segment(f, SEG(.flags = TCP_ACK | TCP_PSH | TCP_FIN, .seq = f->snd_nxt, .len = 10));
	expect_segment_after(
		f, 200, SEG(.flags = TCP_ACK | TCP_PSH | TCP_FIN, .seq = f->snd_nxt, .len = 10));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 10));
	expect_segment_within(f, 800,
			      SEG(.flags = TCP_ACK | TCP_FIN, .seq = f->snd_nxt + 10, .len = 0));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 11));
	expect_silence_for(f, 10000);
}

// What follows the lost segment and did arrive is acknowledged with it, and not sent again.
static void late_ack_after_a_timeout_stops_retransmission(void **state)
{
	struct fixture *f = connected_with_rtt(state, 1);

	user_sends(f, 5 * MSS);
	for (unsigned i = 0; i < 5; i++)
		expect_segment(f, SEG(.len = MSS));
	expect_segment_after(f, 200, SEG(.seq = f->snd_nxt, .len = MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 5 * MSS));

	expect_silence_for(f, 100000);
	user_sends(f, 10);
	expect_segment(f, SEG(.seq = f->snd_nxt + 5 * MSS, .len = 10));
}

// What was lost goes before a FIN: RFC 5681 4.3.
static void close_after_a_timeout_forgets_no_loss(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = MSS;
	fixture_connected(state);
	user_sends(f, 6 * MSS);
	for (unsigned i = 0; i < 6; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	expect_segment_after(f, 200, SEG(.seq = f->snd_nxt, .len = MSS));
	user_closes(f);
	expect_silence(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + MSS));
	expect_segment(f, SEG(.seq = f->snd_nxt + MSS, .len = MSS));
	forget_output(f);
}

// MUST-18, RFC 6298 5.5: the doubled timeout stays until something sent once is measured.
static void timeout_stays_doubled_until_a_sample(void **state)
{
	struct fixture *f = fixture_plan(state);
	unsigned again = 0;

	f->peer.mss = MSS;
	fixture_connected(state);
	for (unsigned i = 0; i < 20; i++) {
		plx_time until = f->now + PLX_SECOND;

		user_sends(f, MSS);
		expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
		advance_until(f, until);
		while (fixture_next_output(f) != NULL)
			again++;
		f->snd_nxt += MSS;
		segment_arrives(f, SEG());
	}
	assert_in_range(again, 1, 5);
	assert_in_range(info_of(f).srtt, 700 * PLX_MILLISECOND, PLX_SECOND);
}

// The acknowledgement empties the send queue, and FIN is still in flight.
static void fin_that_was_lost_goes_when_the_text_before_it_has_arrived(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_TAIL_PROBE, 0);
	connected_with_rtt(state, 100);
	user_sends(f, 3 * MSS);
	expect_segment(f, SEG(.len = MSS));
	expect_segment(f, SEG(.len = MSS));
	expect_segment(f, SEG(.len = MSS));
	user_closes(f);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK, .seq = f->snd_nxt + 3 * MSS, .len = 0));
	expect_segment_after(f, rto_ms(f), SEG(.seq = f->snd_nxt, .len = MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 3 * MSS));
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK, .seq = f->snd_nxt + 3 * MSS, .len = 0));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 3 * MSS + 1));
	expect_state(f, PLX_STATE_FIN_WAIT_2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(fin_that_was_lost_goes_when_the_text_before_it_has_arrived),
		SCENARIO(first_sample_sets_the_timer),
		SCENARIO(later_samples_are_smoothed),
		SCENARIO(timer_has_a_floor),
		SCENARIO(steady_long_path_leaves_time_for_a_delayed_acknowledgement),
		SCENARIO(floor_is_an_option),
		SCENARIO(earliest_segment_is_sent_again_with_backoff),
		SCENARIO(timeout_begins_slow_start_anew),
		SCENARIO(timer_is_off_when_nothing_is_in_flight),
		SCENARIO(new_ack_restarts_the_timer),
		SCENARIO(sending_does_not_restart_the_timer),
		SCENARIO(retransmitted_segment_gives_no_sample),
		SCENARIO(retransmitted_syn_makes_the_timer_three_seconds),
		SCENARIO(retransmission_begins_at_snd_una),
		SCENARIO(retransmission_carries_the_current_ack),
		SCENARIO(connection_fails_after_its_retries),
		SCENARIO(shrunk_window_does_not_stop_retransmission),
		SCENARIO(default_retries_span_100_seconds),
		SCENARIO(backoff_has_a_ceiling),
		SCENARIO(fin_is_sent_again),
		SCENARIO(late_ack_after_a_timeout_stops_retransmission),
		SCENARIO(close_after_a_timeout_forgets_no_loss),
		SCENARIO(timeout_stays_doubled_until_a_sample),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script retransmission", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Peers that fall silent: keep-alive probes (RFC 9293 3.8.4), the thresholds R1 and R2 (3.8.3), the user timeout
// (RFC 5482), and large segments that vanish on the path (RFC 2923).
#include <errno.h>

#include "support/eal_main.h"
#include "support/user.h"

enum { MSS = 1400, IDLE_MS = 10000, INTERVAL_MS = 2000, COUNT = 3 };

static void set(struct fixture *f, enum plx_option option, int64_t value)
{
	assert_int_equal(plx_set_option(f->stack, f->conn, option, value), 0);
}

static void plan_keepalive(struct fixture *f)
{
	fixture_set_option(f, PLX_OPTION_KEEPALIVE, 1);
	fixture_set_option(f, PLX_OPTION_KEEPALIVE_IDLE, IDLE_MS * PLX_MILLISECOND);
	fixture_set_option(f, PLX_OPTION_KEEPALIVE_INTERVAL, INTERVAL_MS * PLX_MILLISECOND);
	fixture_set_option(f, PLX_OPTION_KEEPALIVE_COUNT, COUNT);
}

static struct fixture *kept_alive(void **state)
{
	plan_keepalive(fixture_plan(state));
	return fixture_established(state);
}

// SHLD-6: no data, and a sequence number that has been acknowledged, so that it is answered.
static void expect_probe_after(struct fixture *f, uint64_t ms)
{
	expect_segment_after(
		f, ms, SEG(.flags = TCP_ACK, .seq = f->snd_nxt - 1, .ack = f->rcv_nxt, .len = 0));
}

// MUST-25: off unless asked for.
static void nobody_is_probed_by_default(void **state)
{
	struct fixture *f = fixture_established(state);

	expect_silence_for(f, UINT64_C(30) * 24 * 3600 * 1000);
	expect_state(f, PLX_STATE_ESTABLISHED);
}

// MUST-28: two hours at least by default, then as often as it is configured.
static void default_is_two_hours(void **state)
{
	struct fixture *f = fixture_established(state);

	set(f, PLX_OPTION_KEEPALIVE, 1);
	expect_silence_for(f, 7200 * 1000 - 1);
	expect_probe_after(f, 1);
	for (unsigned i = 1; i < 10; i++)
		expect_probe_after(f, 75 * 1000);
	expect_segment_after(f, 75 * 1000, SEG(.flags = TCP_RST | TCP_ACK));
	expect_event(f, PLX_EVENT_FAILED, -ETIMEDOUT);
}

// MUST-29: a probe without an answer proves nothing; none of all does. The peer is told in case it lives.
static void dead_peer_is_found(void **state)
{
	struct fixture *f = kept_alive(state);

	expect_probe_after(f, IDLE_MS);
	for (unsigned i = 1; i < COUNT; i++)
		expect_probe_after(f, INTERVAL_MS);
	expect_segment_after(f, INTERVAL_MS, SEG(.flags = TCP_RST | TCP_ACK, .seq = f->snd_nxt));
	expect_event(f, PLX_EVENT_FAILED, -ETIMEDOUT);
	expect_silence_for(f, 10 * IDLE_MS);
	expect_counter(f, PLX_COUNTER_TCP_KEEPALIVES, COUNT);
}

static void answer_begins_the_idle_time_anew(void **state)
{
	struct fixture *f = kept_alive(state);

	for (unsigned i = 0; i < 3; i++) {
		expect_probe_after(f, IDLE_MS);
		expect_probe_after(f, INTERVAL_MS);
		segment_arrives(f, SEG(.flags = TCP_ACK));
		expect_silence_for(f, IDLE_MS - 1);
		expect_probe_after(f, 1);
		segment_arrives(f, SEG(.flags = TCP_ACK));
	}
	expect_state(f, PLX_STATE_ESTABLISHED);
	expect_no_event(f);
}

// MUST-26: only when nothing was received within the interval, to the millisecond.
static void whatever_is_heard_puts_the_probe_off(void **state)
{
	struct fixture *f = kept_alive(state);

	for (unsigned i = 0; i < 20; i++) {
		advance(f, IDLE_MS / 3);
		segment_arrives(f, SEG(.flags = TCP_ACK, .len = 1));
		f->rcv_nxt++;
	}
	user_receives(f, 20);
	forget_output(f);
	expect_segment_after(f, 40, SEG(.flags = TCP_ACK, .len = 0, .seq = f->snd_nxt));
	expect_silence_for(f, IDLE_MS - 41);
	expect_probe_after(f, 1);
}

// MUST-26: not while something is unacknowledged; that has a timer of its own.
static void nothing_is_probed_while_data_is_out(void **state)
{
	struct fixture *f = kept_alive(state);

	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));
	advance(f, 3 * IDLE_MS);
	expect_counter(f, PLX_COUNTER_TCP_KEEPALIVES, 0);
	forget_output(f);
	f->snd_nxt += 10;
	segment_arrives(f, SEG(.flags = TCP_ACK));
	expect_silence_for(f, IDLE_MS - 1);
	expect_probe_after(f, 1);
}

static void options_take_effect_on_a_running_connection(void **state)
{
	struct fixture *f = kept_alive(state);

	advance(f, 4000);
	set(f, PLX_OPTION_KEEPALIVE_IDLE, 5 * PLX_SECOND);
	expect_probe_after(f, 1000);
	segment_arrives(f, SEG(.flags = TCP_ACK));
	advance(f, 3000);
	set(f, PLX_OPTION_KEEPALIVE_IDLE, 600 * PLX_SECOND);
	expect_silence_for(f, 597 * 1000 - 1);
	expect_probe_after(f, 1);
	segment_arrives(f, SEG(.flags = TCP_ACK));
	set(f, PLX_OPTION_KEEPALIVE, 0);
	expect_silence_for(f, 7200 * 1000);
}

// A half-closed connection lives for as long as the peer answers; a closed one has FIN_WAIT_2's own limit.
static void half_closed_connection_is_kept_alive(void **state)
{
	struct fixture *f = kept_alive(state);

	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK));
	f->snd_nxt++;
	segment_arrives(f, SEG(.flags = TCP_ACK));
	for (unsigned i = 0; i < 20; i++) {
		expect_probe_after(f, IDLE_MS);
		segment_arrives(f, SEG(.flags = TCP_ACK));
	}
	expect_state(f, PLX_STATE_FIN_WAIT_2);
}

static void fin_wait_2_has_its_own_limit(void **state)
{
	struct fixture *f;

	fixture_set_option(fixture_plan(state), PLX_OPTION_FIN_WAIT_2_TIME, 15 * PLX_SECOND);
	plan_keepalive(fixture_plan(state));
	f = fixture_fin_wait_2(state);
	forget_events(f);
	expect_silence_for(f, 15 * 1000 - 1);
	advance(f, 1);
	expect_event(f, PLX_EVENT_FAILED, -ETIMEDOUT);
	expect_counter(f, PLX_COUNTER_TCP_KEEPALIVES, 0);
}

// 3.8.4: the peer's keep-alive, with or without its octet of garbage, is answered.
static void peers_probe_is_answered(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.flags = TCP_ACK, .seq = f->rcv_nxt - 1));
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt, .len = 0));
	segment_arrives(f, SEG(.flags = TCP_ACK, .seq = f->rcv_nxt - 1, .len = 1));
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt, .len = 0));
	user_finds_nothing(f);
}

static struct fixture *with_rtt(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = MSS;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	return fixture_connected(state);
}

// SHLD-9: told once, when that many retransmissions have gone out.
static void expect_told_after(struct fixture *f, unsigned retransmissions)
{
	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));
	for (unsigned i = 0; i < retransmissions; i++) {
		expect_no_event(f);
		expect_segment_after(f, UINT64_C(200) << i, SEG(.len = 10));
	}
	expect_event(f, PLX_EVENT_SOFT_ERROR, -ETIMEDOUT);
	expect_segment_after(f, UINT64_C(200) << retransmissions, SEG(.len = 10));
	expect_no_event(f);
}

// SHLD-10: three by default, or as the option says.
static void first_threshold_is_told_once(void **state)
{
	struct fixture *f = with_rtt(state);

	expect_told_after(f, 3);
	fixture_renew(state);
	f = with_rtt(state);
	set(f, PLX_OPTION_SOFT_RETRIES, 5);
	expect_told_after(f, 5);
}

// MUST-47: the application can disable the reports.
static void soft_errors_can_be_silenced(void **state)
{
	struct fixture *f = with_rtt(state);

	set(f, PLX_OPTION_SOFT_ERRORS, 0);
	user_sends(f, 10);
	advance(f, 10000);
	expect_no_event(f);
	assert_int_equal(info_of(f).soft_error, -ETIMEDOUT);
	forget_output(f);
}

// MUST-21: R2 is the application's, and may be without bound.
static void retries_may_be_without_bound(void **state)
{
	struct fixture *f = with_rtt(state);

	set(f, PLX_OPTION_RETRIES, 0);
	user_sends(f, 10);
	for (unsigned hour = 0; hour < 24; hour++) {
		advance(f, 3600 * 1000);
		forget_output(f);
	}
	expect_state(f, PLX_STATE_ESTABLISHED);
	f->snd_nxt += 10;
	segment_arrives(f, SEG(.flags = TCP_ACK));
	expect_silence_for(f, 60 * 1000);
}

// RFC 5482: counted from the first sending, exact between two retransmissions.
static void user_timeout_ends_the_wait(void **state)
{
	struct fixture *f = with_rtt(state);

	set(f, PLX_OPTION_USER_TIMEOUT, 5 * PLX_SECOND);
	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));
	advance(f, 4999);
	expect_state(f, PLX_STATE_ESTABLISHED);
	forget_events(f);
	advance(f, 1);
	expect_event(f, PLX_EVENT_FAILED, -ETIMEDOUT);
	forget_output(f);
}

static void user_timeout_begins_anew_with_progress(void **state)
{
	struct fixture *f = with_rtt(state);

	set(f, PLX_OPTION_USER_TIMEOUT, 5 * PLX_SECOND);
	user_sends(f, 2000);
	advance(f, 4900);
	forget_output(f);
	f->snd_nxt += 10;
	segment_arrives(f, SEG(.flags = TCP_ACK));
	forget_output(f);
	advance(f, 4900);
	expect_state(f, PLX_STATE_ESTABLISHED);
	forget_output(f);
	forget_events(f);
	advance(f, 200);
	expect_event(f, PLX_EVENT_FAILED, -ETIMEDOUT);
	forget_output(f);
}

static void user_timeout_bounds_an_attempt_to_connect(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_USER_TIMEOUT, 10 * PLX_SECOND);
	fixture_syn_sent(state);
	advance(f, 9999);
	expect_state(f, PLX_STATE_SYN_SENT);
	forget_events(f);
	advance(f, 1);
	expect_event(f, PLX_EVENT_FAILED, -ETIMEDOUT);
	forget_output(f);
}

// The probes of a shut window: answered ones never end it, unanswered ones do at the user's limit.
static void user_timeout_bounds_window_probes(void **state)
{
	struct fixture *f = with_rtt(state);

	set(f, PLX_OPTION_USER_TIMEOUT, 5 * PLX_SECOND);
	segment_arrives(f, SEG(.flags = TCP_ACK, .wnd = 0));
	user_sends(f, 10);
	for (unsigned i = 0; i < 10; i++) {
		advance(f, 4000);
		forget_output(f);
		segment_arrives(f, SEG(.flags = TCP_ACK, .wnd = 0));
	}
	expect_state(f, PLX_STATE_ESTABLISHED);
	advance(f, 2 * 120 * 1000);
	expect_event(f, PLX_EVENT_FAILED, -ETIMEDOUT);
	forget_output(f);
}

// Large segments get no answer, small ones do: after an outage's worth of retransmissions smaller
// segments are tried, and whatever is sent from then on is small.
static void black_hole_is_survived(void **state)
{
	struct fixture *f = with_rtt(state);
	uint32_t limit = f->variant->is_ipv6 ? 1280 - 60 : 1280 - 40;

	user_sends(f, 3 * MSS);
	for (unsigned i = 0; i < 3; i++)
		expect_segment(f, SEG(.len = MSS));
	for (unsigned i = 0; i < 6; i++)
		expect_segment_after(f, UINT64_C(200) << i, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_segment_after(f, UINT64_C(200) << 6, SEG(.seq = f->snd_nxt, .len = limit));
	expect_counter(f, PLX_COUNTER_TCP_BLACK_HOLES, 1);
	for (uint32_t acked = limit; acked < 3 * MSS;) {
		const struct frame *next;

		segment_arrives(f, SEG(.flags = TCP_ACK, .ack = f->snd_nxt + acked));
		next = expect_segment_within(f, 1, SEG());
		assert_in_range(next->payload_bytes, 1, limit);
		acked = next->tcp.seq + next->payload_bytes - f->snd_nxt;
		forget_output(f);
	}
	assert_int_equal(info_of(f).mss_bytes, limit);
}

static void user_timeout_may_be_shorter_than_the_retransmission_timeout(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_USER_TIMEOUT, 500 * PLX_MILLISECOND);
	fixture_syn_sent(state);
	advance(f, 499);
	expect_no_event(f);
	advance(f, 1);
	expect_event(f, PLX_EVENT_FAILED, -ETIMEDOUT);
}

// 3.6: the direction that is open goes on for as long as the peer likes; no timer of ours ends it.
static void half_closed_connection_receives_for_hours(void **state)
{
	struct fixture *f = fixture_established(state);

	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK));
	f->snd_nxt++;
	segment_arrives(f, SEG());
	for (unsigned i = 0; i < 12 * 60; i++) {
		advance(f, 60 * 1000);
		segment_arrives(f, SEG(.len = 500));
		f->rcv_nxt += 500;
		user_receives(f, 500);
		expect_segment_after(f, 40, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
		forget_events(f);
	}
	expect_state(f, PLX_STATE_FIN_WAIT_2);
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK));
	f->rcv_nxt++;
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
	expect_event(f, PLX_EVENT_PEER_CLOSED, 0);
}

// 3.8.4: the probe is no acknowledgement; what is owed goes by itself, before it.
static void probe_takes_no_window_update_with_it(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct plx_event events[4];

	plan_keepalive(f);
	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 2000);
	fixture_established(state);
	segment_arrives(f, SEG(.len = 2000));
	advance(f, 40);
	forget_output(f);
	forget_events(f);
	f->now += IDLE_MS * PLX_MILLISECOND - 40 * PLX_MILLISECOND;
	(void)plx_poll(f->stack, events, 4, f->now);
	user_receives(f, 2000);
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .wnd = 2000));
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt - 1));
}

static void fin_wait_2_may_be_given_a_limit_later(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_FIN_WAIT_2_TIME, 0);
	plan_keepalive(f);
	fixture_fin_wait_2(state);
	set(f, PLX_OPTION_FIN_WAIT_2_TIME, 5 * PLX_SECOND);
	set(f, PLX_OPTION_KEEPALIVE_IDLE, 3 * PLX_SECOND);
	expect_silence_for(f, 4999);
	advance(f, 1);
	expect_event(f, PLX_EVENT_FAILED, -ETIMEDOUT);
}

// RFC 5482: a limit that is set while something is on its way counts for that.
static void user_timeout_may_be_set_while_waiting(void **state)
{
	struct fixture *f = with_rtt(state);

	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));
	advance(f, 50);
	set(f, PLX_OPTION_USER_TIMEOUT, 100 * PLX_MILLISECOND);
	advance(f, 49);
	expect_no_event(f);
	advance(f, 1);
	expect_event(f, PLX_EVENT_FAILED, -ETIMEDOUT);
}

// MUST-29: while a FIN waits at a shut window its probes are the ones that count.
static void waiting_fin_is_no_silence(void **state)
{
	struct fixture *f = kept_alive(state);

	set(f, PLX_OPTION_RTO_MIN, 60 * PLX_SECOND);
	segment_arrives(f, SEG(.flags = TCP_ACK, .len = 1, .wnd = 0));
	f->rcv_nxt++;
	user_receives(f, 1);
	forget_events(f);
	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	advance(f, 3 * IDLE_MS);
	expect_state(f, PLX_STATE_FIN_WAIT_1);
	forget_output(f);
}

// What is small passes everywhere: an outage is no black hole.
static void outage_without_large_segments_lowers_nothing(void **state)
{
	struct fixture *f = with_rtt(state);

	user_sends(f, 50);
	advance(f, 100 * 1000);
	forget_output(f);
	forget_events(f);
	expect_counter(f, PLX_COUNTER_TCP_BLACK_HOLES, 0);
	assert_int_equal(info_of(f).mss_bytes, MSS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(nobody_is_probed_by_default),
		SCENARIO(default_is_two_hours),
		SCENARIO(dead_peer_is_found),
		SCENARIO(answer_begins_the_idle_time_anew),
		SCENARIO(whatever_is_heard_puts_the_probe_off),
		SCENARIO(nothing_is_probed_while_data_is_out),
		SCENARIO(options_take_effect_on_a_running_connection),
		SCENARIO(half_closed_connection_is_kept_alive),
		SCENARIO(fin_wait_2_has_its_own_limit),
		SCENARIO(peers_probe_is_answered),
		SCENARIO(first_threshold_is_told_once),
		SCENARIO(soft_errors_can_be_silenced),
		SCENARIO(retries_may_be_without_bound),
		SCENARIO(user_timeout_ends_the_wait),
		SCENARIO(user_timeout_begins_anew_with_progress),
		SCENARIO(user_timeout_bounds_an_attempt_to_connect),
		SCENARIO(user_timeout_bounds_window_probes),
		SCENARIO(black_hole_is_survived),
		SCENARIO(user_timeout_may_be_shorter_than_the_retransmission_timeout),
		SCENARIO(half_closed_connection_receives_for_hours),
		SCENARIO(probe_takes_no_window_update_with_it),
		SCENARIO(fin_wait_2_may_be_given_a_limit_later),
		SCENARIO(user_timeout_may_be_set_while_waiting),
		SCENARIO(waiting_fin_is_no_silence),
		SCENARIO(outage_without_large_segments_lowers_nothing),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script dead peer", tests, NULL, NULL);
}

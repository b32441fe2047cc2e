// SPDX-License-Identifier: BSD-3-Clause
//
// SYN cookies (RFC 4987 3.6): a SYN that leaves nothing behind, and what comes back with the acknowledgement
// of its SYN+ACK: segment size, and with timestamps the window scale. Guesses, old cookies and full
// backlogs are answered RST.
#include <errno.h>

#include "support/eal_main.h"
#include "support/user.h"

enum { PERIOD_MS = 64 * 1000 };

static struct fixture *plan_cookies(void **state, enum plx_syn_cookies when)
{
	struct fixture *f = fixture_plan(state);

	f->config.syn_cookies = when;
	return f;
}

static void nothing_is_kept_of_a_syn(void **state)
{
	struct fixture *f = plan_cookies(state, PLX_SYN_COOKIES_ALWAYS);

	fixture_syn_received(state);
	assert_int_equal(stats_of(f).half_open, 0);
	expect_counter(f, PLX_COUNTER_TCP_COOKIES_SENT, 1);
	expect_counter(f, PLX_COUNTER_TCP_SYNS_RECEIVED, 0);
	expect_silence_for(f, 300 * 1000);
}

static void cookie_that_comes_back_opens_the_connection(void **state)
{
	struct fixture *f = plan_cookies(state, PLX_SYN_COOKIES_ALWAYS);

	fixture_established(state);
	expect_state(f, PLX_STATE_ESTABLISHED);
	expect_counter(f, PLX_COUNTER_TCP_COOKIES_ACCEPTED, 1);
	segment_arrives(f, SEG(.len = 100));
	user_receives(f, 100);
	user_sends(f, 200);
	expect_segment(f, SEG(.len = 200, .seq = f->snd_nxt, .ack = f->rcv_nxt + 100));
	f->rcv_nxt += 100;
	f->snd_nxt += 200;
	segment_arrives(f, SEG());
	expect_silence(f);
}

// The acknowledgement was lost: the first data brings the cookie as well.
static void first_data_opens_the_connection(void **state)
{
	struct fixture *f = plan_cookies(state, PLX_SYN_COOKIES_ALWAYS);

	fixture_syn_received(state);
	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_PSH, .len = 100));
	expect_event(f, PLX_EVENT_ACCEPTED | PLX_EVENT_READABLE, 0);
	user_receives(f, 100);
	expect_segment_after(f, 40, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 100));
}

// Never more than the peer can take, and not much less.
static void segment_size_comes_back(void **state)
{
	static const uint16_t offered[] = {100, 536, 1000, 1300, 1400, 1440, 1460, 9000};

	for (unsigned i = 0; i < sizeof(offered) / sizeof(offered[0]); i++) {
		struct fixture *f = plan_cookies(state, PLX_SYN_COOKIES_ALWAYS);
		uint32_t most = f->variant->is_ipv6 ? 1440 : 1460;

		most = offered[i] < most ? offered[i] : most;
		f->peer.mss = offered[i];
		fixture_established(state);
		assert_in_range(info_of(f).mss_bytes, most / 2, most);
		user_aborts(f);
		expect_segment(f, SEG(.flags = TCP_RST | TCP_ACK));
		forget_events(f);
		fixture_renew(state);
	}
}

static void without_a_segment_size_the_default_holds(void **state)
{
	struct fixture *f = plan_cookies(state, PLX_SYN_COOKIES_ALWAYS);

	f->peer.mss = SEG_ABSENT;
	fixture_established(state);
	assert_int_equal(info_of(f).mss_bytes, f->variant->is_ipv6 ? 1220 : 536);
}

// With timestamps each scale comes back, and timestamps never run backwards.
static void window_scale_comes_back_in_the_timestamp(void **state)
{
	for (int wscale = 0; wscale <= 14; wscale++) {
		struct fixture *f = plan_cookies(state, PLX_SYN_COOKIES_ALWAYS);
		uint32_t of_syn_ack;

		f->peer.timestamps = true;
		f->peer.wscale = wscale;
		fixture_syn_received(state);
		of_syn_ack = f->ts_val;
		segment_arrives(f, SEG());
		expect_event(f, PLX_EVENT_ACCEPTED, 0);
		assert_true(info_of(f).has_timestamps);
		assert_true(info_of(f).has_window_scale);
		assert_int_equal(info_of(f).snd_wscale, wscale);
		assert_int_equal(info_of(f).snd_wnd_bytes, (uint32_t)FIXTURE_PEER_WND << wscale);
		user_sends(f, 10);
		expect_segment(f, SEG(.len = 10, .ts_val = SEG_ANY));
		assert_in_range(f->ts_val - of_syn_ack, 0, 16);
		f->snd_nxt += 10;
		segment_arrives(f, SEG());
		fixture_renew(state);
	}
}

static void scale_is_not_invented(void **state)
{
	struct fixture *f = plan_cookies(state, PLX_SYN_COOKIES_ALWAYS);

	f->peer.timestamps = true;
	f->peer.wscale = SEG_ABSENT;
	fixture_established(state);
	assert_true(info_of(f).has_timestamps);
	assert_false(info_of(f).has_window_scale);
}

// RFC 7323 2.2: scaling is in force only when both have offered it, so nothing is offered that could not
// be remembered.
static void without_timestamps_no_scale_is_offered(void **state)
{
	struct fixture *f = plan_cookies(state, PLX_SYN_COOKIES_ALWAYS);

	f->peer.wscale = 7;
	fixture_listening(state);
	peer_sends_syn(f);
	expect_segment(f,
		       SEG(.flags = TCP_SYN | TCP_ACK, .wscale = SEG_ABSENT, .ts_val = SEG_ABSENT));
}

static void cookie_is_good_for_one_period_at_least(void **state)
{
	struct fixture *f = plan_cookies(state, PLX_SYN_COOKIES_ALWAYS);

	fixture_syn_received(state);
	advance(f, PERIOD_MS);
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
}

static void old_cookie_is_worth_nothing(void **state)
{
	struct fixture *f = plan_cookies(state, PLX_SYN_COOKIES_ALWAYS);

	fixture_syn_received(state);
	advance(f, 2 * PERIOD_MS);
	segment_arrives(f, SEG());
	expect_segment(f, SEG(.flags = TCP_RST, .seq = f->snd_nxt));
	// The same while fresh ones are on their way to others.
	f->to_stack.src_port++;
	peer_sends_syn(f);
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	f->to_stack.src_port--;
	segment_arrives(f, SEG());
	expect_segment(f, SEG(.flags = TCP_RST, .seq = f->snd_nxt));
	expect_no_event(f);
}

// Neither bit of the cookie may be guessed, nor does it hold for another tuple or another SYN.
static void altered_cookie_is_answered_rst(void **state)
{
	struct fixture *f = plan_cookies(state, PLX_SYN_COOKIES_ALWAYS);

	fixture_syn_received(state);
	for (unsigned bit = 4; bit < 32; bit++) {
		uint32_t ack = ((f->snd_nxt - 1) ^ 1u << bit) + 1;

		segment_arrives(f, SEG(.ack = ack));
		expect_segment(f, SEG(.flags = TCP_RST, .seq = ack));
	}
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 1));
	expect_segment(f, SEG(.flags = TCP_RST, .seq = f->snd_nxt));
	f->to_stack.src_port++;
	segment_arrives(f, SEG());
	expect_segment(f, SEG(.flags = TCP_RST, .seq = f->snd_nxt));
	expect_no_event(f);
	expect_counter(f, PLX_COUNTER_TCP_COOKIES_ACCEPTED, 0);
}

// Every SYN gets another number, so that none tells of the next.
static void cookies_of_neighbors_differ(void **state)
{
	struct fixture *f = plan_cookies(state, PLX_SYN_COOKIES_ALWAYS);
	uint32_t seen[200];

	fixture_listening(state);
	for (unsigned i = 0; i < 200; i++) {
		f->to_stack.src_port = (uint16_t)(FIXTURE_PEER_PORT + i);
		peer_sends_syn(f);
		seen[i] = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK))->tcp.seq;
		for (unsigned j = 0; j < i; j++)
			assert_true(seen[i] >> 4 != seen[j] >> 4);
	}
}

// Automatic: entries as long as there is room, then cookies, and entries again.
static void full_table_turns_to_cookies(void **state)
{
	struct fixture *f = plan_cookies(state, PLX_SYN_COOKIES_AUTO);

	f->config.max_half_open = 4;
	fixture_listening(state);
	for (unsigned i = 0; i < 20; i++) {
		f->to_stack.src_port = (uint16_t)(FIXTURE_PEER_PORT + i);
		peer_sends_syn(f);
		expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	}
	expect_counter(f, PLX_COUNTER_TCP_SYNS_RECEIVED, 4);
	expect_counter(f, PLX_COUNTER_TCP_COOKIES_SENT, 16);
	f->to_stack.src_port = FIXTURE_PEER_PORT + 100;
	f->rcv_nxt = f->peer.isn + 1;
	peer_sends_syn(f);
	f->snd_nxt = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK))->tcp.seq + 1;
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
	expect_counter(f, PLX_COUNTER_TCP_COOKIES_ACCEPTED, 1);
	advance(f, 400 * 1000);
	forget_output(f);
	f->to_stack.src_port = FIXTURE_PEER_PORT + 200;
	peer_sends_syn(f);
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	expect_counter(f, PLX_COUNTER_TCP_SYNS_RECEIVED, 5);
}

static void never_means_that_the_syn_is_dropped(void **state)
{
	struct fixture *f = plan_cookies(state, PLX_SYN_COOKIES_NEVER);

	f->config.max_half_open = 1;
	fixture_syn_received(state);
	f->to_stack.src_port++;
	peer_sends_syn(f);
	expect_silence(f);
	expect_drops(f, PLX_DROP_TCP_HALF_OPEN_FULL, 1);
}

// Nobody believes a number when no cookie was sent.
static void acknowledgement_without_any_cookie_is_reset(void **state)
{
	struct fixture *f = fixture_listening(state);

	segment_arrives(f, SEG(.seq = 1, .ack = 12345));
	expect_segment(f, SEG(.flags = TCP_RST, .seq = 12345));
}

static void full_backlog_answers_rst(void **state)
{
	struct fixture *f = plan_cookies(state, PLX_SYN_COOKIES_ALWAYS);

	f->backlog = 1;
	f->holds_events = true;
	fixture_syn_received(state);
	segment_arrives(f, SEG());
	f->to_stack.src_port++;
	peer_sends_syn(f);
	f->snd_nxt = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK))->tcp.seq + 1;
	segment_arrives(f, SEG());
	expect_segment(f, SEG(.flags = TCP_RST, .seq = f->snd_nxt));
	f->holds_events = false;
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
}

static void closed_listener_accepts_no_cookie(void **state)
{
	struct fixture *f = plan_cookies(state, PLX_SYN_COOKIES_ALWAYS);

	fixture_syn_received(state);
	assert_int_equal(plx_close(f->stack, f->listener), 0);
	f->is_listening = false;
	segment_arrives(f, SEG());
	expect_segment(f, SEG(.flags = TCP_RST, .seq = f->snd_nxt));
}

// RFC 7323 2.2: a scale that is not the announced one would misread every window.
static void cookie_is_void_when_the_scale_has_changed(void **state)
{
	struct fixture *f = plan_cookies(state, PLX_SYN_COOKIES_ALWAYS);

	f->peer.timestamps = true;
	f->peer.wscale = 2;
	fixture_syn_received(state);
	assert_int_equal(plx_set_option(f->stack, f->listener, PLX_OPTION_RECEIVE_BUFFER, 4 << 20),
			 0);
	segment_arrives(f, SEG());
	expect_segment(f, SEG(.flags = TCP_RST));
	expect_no_event(f);
}

// The table was full, then it had room: whichever SYN+ACK the client answers, it is let in.
static void cookie_counts_although_an_entry_came_later(void **state)
{
	struct fixture *f = plan_cookies(state, PLX_SYN_COOKIES_AUTO);
	uint32_t cookie;

	f->config.max_half_open = 1;
	fixture_listening(state);
	f->to_stack.src_port++;
	peer_sends_syn(f);
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	f->to_stack.src_port--;
	peer_sends_syn(f);
	cookie = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK))->tcp.seq;
	f->to_stack.src_port++;
	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->peer.isn + 1));
	f->to_stack.src_port--;
	peer_sends_syn(f);
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	assert_int_equal(stats_of(f).half_open, 1);
	segment_arrives(f, SEG(.seq = f->peer.isn + 1, .ack = cookie + 1));
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
	assert_int_equal(stats_of(f).half_open, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(nothing_is_kept_of_a_syn),
		SCENARIO(cookie_that_comes_back_opens_the_connection),
		SCENARIO(first_data_opens_the_connection),
		SCENARIO(segment_size_comes_back),
		SCENARIO(without_a_segment_size_the_default_holds),
		SCENARIO(window_scale_comes_back_in_the_timestamp),
		SCENARIO(scale_is_not_invented),
		SCENARIO(without_timestamps_no_scale_is_offered),
		SCENARIO(cookie_is_good_for_one_period_at_least),
		SCENARIO(old_cookie_is_worth_nothing),
		SCENARIO(altered_cookie_is_answered_rst),
		SCENARIO(cookies_of_neighbors_differ),
		SCENARIO(full_table_turns_to_cookies),
		SCENARIO(never_means_that_the_syn_is_dropped),
		SCENARIO(acknowledgement_without_any_cookie_is_reset),
		SCENARIO(full_backlog_answers_rst),
		SCENARIO(closed_listener_accepts_no_cookie),
		SCENARIO(cookie_is_void_when_the_scale_has_changed),
		SCENARIO(cookie_counts_although_an_entry_came_later),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script SYN cookies", tests, NULL, NULL);
}

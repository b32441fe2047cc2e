// SPDX-License-Identifier: BSD-3-Clause
//
// RST: sent to segments of no connection, obeyed in every state when it is exact, challenged when it is
// only in the window, ignored otherwise. RFC 9293 3.5.2, 3.10.7.1, 3.10.7.4 second; RFC 5961 3 to 5.
#include <errno.h>

#include "support/eal_main.h"
#include "support/user.h"

typedef struct fixture *(*fixture_fn)(void **state);

// RFC 9293 3.10.7.1, ACK off: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>; SYN and FIN count.
static void segment_without_ack_to_nobody(void **state)
{
	struct fixture *f = fixture_bare(state);

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = 1000));
	expect_segment(f,
		       SEG(.flags = TCP_RST | TCP_ACK, .seq = 0, .ack = 1001, .wnd = 0, .len = 0,
			   .src_port = FIXTURE_PORT, .dst_port = FIXTURE_PEER_PORT));
	segment_arrives(f, SEG(.flags = TCP_FIN, .seq = 1000, .len = 10));
	expect_segment(f, SEG(.flags = TCP_RST | TCP_ACK, .seq = 0, .ack = 1011));
	segment_arrives(f, SEG(.flags = 0, .seq = 1000, .len = 10));
	expect_segment(f, SEG(.flags = TCP_RST | TCP_ACK, .seq = 0, .ack = 1010));
	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_FIN, .seq = UINT32_MAX, .len = 1));
	expect_segment(f, SEG(.flags = TCP_RST | TCP_ACK, .seq = 0, .ack = 2));
	expect_silence(f);
}

// The same, ACK on: <SEQ=SEG.ACK><CTL=RST>.
static void segment_with_ack_to_nobody(void **state)
{
	struct fixture *f = fixture_bare(state);

	segment_arrives(f, SEG(.flags = TCP_ACK, .seq = 1000, .ack = 77, .len = 10));
	expect_segment(f, SEG(.flags = TCP_RST, .seq = 77, .ack = 0));
	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = 1000, .ack = UINT32_MAX));
	expect_segment(f, SEG(.flags = TCP_RST, .seq = UINT32_MAX));
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .seq = 1000, .ack = 0));
	expect_segment(f, SEG(.flags = TCP_RST, .seq = 0));
	expect_silence(f);
	expect_counter(f, PLX_COUNTER_FATE_ANSWERED, 3);
	expect_counter(f, PLX_COUNTER_TCP_RSTS_SENT, 3);
}

static void rst_to_nobody_is_never_answered(void **state)
{
	struct fixture *f = fixture_bare(state);

	segment_arrives(f, SEG(.flags = TCP_RST, .seq = 1000));
	segment_arrives(f, SEG(.flags = TCP_RST | TCP_ACK, .seq = 1000, .ack = 5));
	segment_arrives(f, SEG(.flags = TCP_RST | TCP_SYN, .seq = 1000));

	expect_silence(f);
	assert_int_equal(drops(f, PLX_DROP_TCP_RST_NO_CONNECTION) + drops(f, PLX_DROP_TCP_FLAGS),
			 3);
}

static void nobody_can_be_silent(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->config.answer_nobody = false;
	fixture_bare(state);
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = 1000));
	segment_arrives(f, SEG(.flags = TCP_ACK, .seq = 1000, .ack = 77));

	expect_silence(f);
	expect_drops(f, PLX_DROP_TCP_NO_LISTENER, 1);
	expect_drops(f, PLX_DROP_TCP_NO_CONNECTION, 1);
}

static void rsts_are_rate_limited(void **state)
{
	struct fixture *f = fixture_plan(state);
	unsigned answered = 0;

	f->config.rsts_per_s = 10;
	fixture_bare(state);
	for (unsigned i = 0; i < 100; i++)
		segment_arrives(f, SEG(.flags = TCP_ACK, .seq = i, .ack = 77));
	while (fixture_next_output(f) != NULL)
		answered++;
	assert_in_range(answered, 1, 20);
	expect_drops(f, PLX_DROP_TCP_NO_CONNECTION, 100 - answered);
	advance(f, 1000);
	segment_arrives(f, SEG(.flags = TCP_ACK, .seq = 1, .ack = 77));
	expect_segment(f, SEG(.flags = TCP_RST));
}

// RFC 9293 3.10.7.4 second, RFC 5961 3.2: SEG.SEQ = RCV.NXT resets.
static void exact_rst_ends(void **state, fixture_fn make, int error)
{
	struct fixture *f = make(state);

	segment_arrives(f, SEG(.flags = TCP_RST));

	expect_silence(f);
	expect_event(f, PLX_EVENT_FAILED, error);
	expect_state(f, PLX_STATE_CLOSED);
	expect_counter(f, PLX_COUNTER_TCP_RSTS_RECEIVED, 1);
	assert_int_equal(plx_readable(f->stack, f->conn), -EBADF);
	expect_silence_for(f, 200000);
}

static void exact_rst_ends_established(void **state)
{
	exact_rst_ends(state, fixture_established, -ECONNRESET);
}

static void exact_rst_ends_fin_wait_1(void **state)
{
	exact_rst_ends(state, fixture_fin_wait_1, -ECONNRESET);
}

static void exact_rst_ends_fin_wait_2(void **state)
{
	exact_rst_ends(state, fixture_fin_wait_2, -ECONNRESET);
}

static void exact_rst_ends_close_wait(void **state)
{
	exact_rst_ends(state, fixture_close_wait, -ECONNRESET);
}

// RFC 9293 3.10.7.4 second, CLOSING and LAST-ACK: the connection is over either way.
static void exact_rst_ends_closing_states(void **state, fixture_fn make)
{
	struct fixture *f = make(state);

	segment_arrives(f, SEG(.flags = TCP_RST));

	expect_silence(f);
	forget_events(f);
	expect_state(f, PLX_STATE_CLOSED);
	assert_int_equal(stats_of(f).connections, 0);
	assert_int_equal(stats_of(f).time_wait, 0);
}

static void exact_rst_ends_closing(void **state)
{
	exact_rst_ends_closing_states(state, fixture_closing);
}

static void exact_rst_ends_last_ack(void **state)
{
	exact_rst_ends_closing_states(state, fixture_last_ack);
}

// RFC 9293 3.10.7.4 second, SYN-RECEIVED from LISTEN: back to LISTEN, and nobody is told.
static void exact_rst_in_syn_received_returns_to_listen(void **state)
{
	struct fixture *f = fixture_syn_received(state);

	segment_arrives(f, SEG(.flags = TCP_RST));

	expect_silence(f);
	expect_no_event(f);
	expect_state(f, PLX_STATE_LISTEN);
	expect_counter(f, PLX_COUNTER_TCP_HALF_OPEN_RESET, 1);
	segment_arrives(f, SEG());
	expect_segment(f, SEG(.flags = TCP_RST, .seq = f->snd_nxt));
}

// RFC 5961 3.2: in the window but not exact is challenged.
static void rst_in_window_is_challenged(void **state, fixture_fn make)
{
	struct fixture *f = make(state);
	enum plx_state before = info_of(f).state;

	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt + 1));

	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt, .len = 0));
	expect_silence(f);
	expect_no_event(f);
	expect_drops(f, PLX_DROP_TCP_RST_SEQUENCE, 1);
	expect_counter(f, PLX_COUNTER_TCP_CHALLENGE_ACKS, 1);
	expect_state(f, before);
}

static void rst_in_window_is_challenged_in_established(void **state)
{
	rst_in_window_is_challenged(state, fixture_established);
}

static void rst_in_window_is_challenged_in_fin_wait_1(void **state)
{
	rst_in_window_is_challenged(state, fixture_fin_wait_1);
}

static void rst_in_window_is_challenged_in_fin_wait_2(void **state)
{
	rst_in_window_is_challenged(state, fixture_fin_wait_2);
}

static void rst_in_window_is_challenged_in_close_wait(void **state)
{
	rst_in_window_is_challenged(state, fixture_close_wait);
}

// RFC 5961 3.2: outside the window it is dropped in silence.
static void rst_outside_window_is_dropped(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt - 1));
	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt + 65535));
	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt + (1u << 31)));

	expect_silence(f);
	expect_no_event(f);
	expect_state(f, PLX_STATE_ESTABLISHED);
	assert_int_equal(drops(f, PLX_DROP_TCP_SEQUENCE) + drops(f, PLX_DROP_TCP_RST_SEQUENCE), 3);
}

// RFC 9293 3.10.7.4 first: a zero window still takes an exact RST.
static void rst_is_obeyed_at_a_zero_window(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 100);
	fixture_established(state);
	segment_arrives(f, SEG(.len = 100));
	forget_output(f);
	forget_events(f);
	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt + 100));

	expect_event(f, PLX_EVENT_FAILED, -ECONNRESET);
}

// RFC 5961 4.2: a SYN in a synchronized state is challenged whatever its sequence number.
static void syn_is_challenged_in(void **state, fixture_fn make, enum plx_state expected)
{
	struct fixture *f = make(state);
	struct plx_stats stats;

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->rcv_nxt + 10));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt, .len = 0));
	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->rcv_nxt - 1000));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt, .len = 0));

	expect_silence(f);
	expect_no_event(f);
	expect_state(f, expected);
	stats = stats_of(f);
	assert_int_equal(plx_books_of(&stats).frames_dropped, 2);
}

static void syn_is_challenged_in_established(void **state)
{
	syn_is_challenged_in(state, fixture_established, PLX_STATE_ESTABLISHED);
}

static void syn_is_challenged_in_fin_wait_2(void **state)
{
	syn_is_challenged_in(state, fixture_fin_wait_2, PLX_STATE_FIN_WAIT_2);
}

static void syn_is_challenged_in_close_wait(void **state)
{
	syn_is_challenged_in(state, fixture_close_wait, PLX_STATE_CLOSE_WAIT);
}

static void syn_is_challenged_in_last_ack(void **state)
{
	syn_is_challenged_in(state, fixture_last_ack, PLX_STATE_LAST_ACK);
}

// RFC 5961 5.2: an ACK older than the largest window the peer ever offered is challenged.
static void ack_of_long_ago_is_challenged(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.ack = f->snd_nxt - FIXTURE_PEER_WND - 1, .len = 10));
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt));
	expect_drops(f, PLX_DROP_TCP_ACK, 1);
	user_finds_nothing(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt - FIXTURE_PEER_WND, .len = 10));
	user_receives(f, 10);
	forget_output(f);
}

// RFC 5961 7: challenge ACKs are bounded per stack.
static void challenge_acks_are_rate_limited(void **state)
{
	struct fixture *f = fixture_plan(state);
	unsigned answered = 0;

	f->config.challenge_acks_per_s = 10;
	fixture_established(state);
	for (unsigned i = 0; i < 100; i++)
		segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt + 1));
	while (fixture_next_output(f) != NULL)
		answered++;
	assert_in_range(answered, 1, 20);
	expect_counter(f, PLX_COUNTER_TCP_CHALLENGE_ACKS, answered);
	expect_drops(f, PLX_DROP_TCP_RST_SEQUENCE, 100);
	expect_state(f, PLX_STATE_ESTABLISHED);
}

// RFC 9293 3.5.1: the peer has rebooted; its RST in answer to our challenge is exact and ends it.
static void peer_that_rebooted_is_found_out(void **state)
{
	struct fixture *f = fixture_established(state);
	const struct frame *challenge;

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = 12345678, .mss = 1400));
	challenge = expect_segment(f, SEG(.flags = TCP_ACK));
	segment_arrives(f, SEG(.flags = TCP_RST, .seq = challenge->tcp.ack));

	expect_event(f, PLX_EVENT_FAILED, -ECONNRESET);
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = 12345678, .mss = 1400));
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .ack = 12345679));
}

static struct fixture *without_rfc5961(void **state)
{
	fixture_plan(state)->config.rfc5961 = false;
	return fixture_established(state);
}

// Switched off: RST and SYN in the window are believed as RFC 9293 3.10.7.4 has them.
static void without_rfc5961_any_rst_in_the_window_ends(void **state)
{
	struct fixture *f = without_rfc5961(state);

	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt + 100000));
	expect_silence(f);
	expect_state(f, PLX_STATE_ESTABLISHED);
	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt + 100));
	expect_silence(f);
	expect_event(f, PLX_EVENT_FAILED, -ECONNRESET);
}

static void without_rfc5961_a_syn_in_the_window_ends(void **state)
{
	struct fixture *f = without_rfc5961(state);

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->rcv_nxt + 100));
	expect_segment(f, SEG(.flags = TCP_RST | TCP_ACK, .ack = f->rcv_nxt + 101));
	expect_event(f, PLX_EVENT_FAILED, -ECONNRESET);
}

static void without_rfc5961_an_old_ack_is_a_duplicate(void **state)
{
	struct fixture *f = without_rfc5961(state);

	segment_arrives(f, SEG(.ack = f->snd_nxt - 1000000, .len = 10));
	user_receives(f, 10);
	expect_segment_after(f, 40, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 10));
	expect_counter(f, PLX_COUNTER_TCP_CHALLENGE_ACKS, 0);
}

// Silence is for segments to nobody; a connection still says that it has gone.
static void silence_is_not_for_connections(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->config.answer_nobody = false;
	fixture_fin_wait_2(state);
	segment_arrives(f, SEG(.len = 10));
	expect_segment(f, SEG(.flags = TCP_RST));
	forget_events(f);
}

// RFC 7323 3.2: a RST of a connection has timestamps like the rest.
static void rst_of_a_connection_has_timestamps(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.timestamps = true;
	fixture_established(state);
	user_aborts(f);
	expect_segment(f, SEG(.flags = TCP_RST | TCP_ACK, .ts_val = SEG_ANY));
}

// The same for the RST that answers data after a close.
static void answering_rst_of_a_connection_has_timestamps(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.timestamps = true;
	fixture_fin_wait_2(state);
	segment_arrives(f, SEG(.len = 10));
	expect_segment(f, SEG(.flags = TCP_RST, .seq = f->snd_nxt, .ts_val = SEG_ANY));
	forget_events(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_EVERY_LINK(segment_without_ack_to_nobody),
		SCENARIO_EVERY_LINK(segment_with_ack_to_nobody),
		SCENARIO(rst_to_nobody_is_never_answered),
		SCENARIO(nobody_can_be_silent),
		SCENARIO(rsts_are_rate_limited),
		SCENARIO(exact_rst_ends_established),
		SCENARIO(exact_rst_ends_fin_wait_1),
		SCENARIO(exact_rst_ends_fin_wait_2),
		SCENARIO(exact_rst_ends_close_wait),
		SCENARIO(exact_rst_ends_closing),
		SCENARIO(exact_rst_ends_last_ack),
		SCENARIO(exact_rst_in_syn_received_returns_to_listen),
		SCENARIO(rst_in_window_is_challenged_in_established),
		SCENARIO(rst_in_window_is_challenged_in_fin_wait_1),
		SCENARIO(rst_in_window_is_challenged_in_fin_wait_2),
		SCENARIO(rst_in_window_is_challenged_in_close_wait),
		SCENARIO(rst_outside_window_is_dropped),
		SCENARIO(rst_is_obeyed_at_a_zero_window),
		SCENARIO(syn_is_challenged_in_established),
		SCENARIO(syn_is_challenged_in_fin_wait_2),
		SCENARIO(syn_is_challenged_in_close_wait),
		SCENARIO(syn_is_challenged_in_last_ack),
		SCENARIO(ack_of_long_ago_is_challenged),
		SCENARIO(challenge_acks_are_rate_limited),
		SCENARIO(peer_that_rebooted_is_found_out),
		SCENARIO(without_rfc5961_any_rst_in_the_window_ends),
		SCENARIO(without_rfc5961_a_syn_in_the_window_ends),
		SCENARIO(without_rfc5961_an_old_ack_is_a_duplicate),
		SCENARIO(silence_is_not_for_connections),
		SCENARIO(rst_of_a_connection_has_timestamps),
		SCENARIO(answering_rst_of_a_connection_has_timestamps),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script reset", tests, NULL, NULL);
}

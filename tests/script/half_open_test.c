// SPDX-License-Identifier: BSD-3-Clause
//
// Half-open connections as compact entries: SYN+ACK again and again, the backlog, duplicates, the end.
// RFC 9293 3.10.7.4, MUST-23; RFC 6298 2.1, 5.5; the deviations of half-open SYN handling.
#include <errno.h>

#include "support/eal_main.h"
#include "support/user.h"

static void handshake_from(struct fixture *f, uint16_t port)
{
	f->to_stack.src_port = port;
	f->rcv_nxt = f->peer.isn + 1;
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->peer.isn, .mss = 1400));
	f->snd_nxt = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK))->tcp.seq + 1;
	segment_arrives(f, SEG());
}

// One second, then twice as long each time, for 180 s at least (MUST-23).
static void syn_ack_is_sent_again_with_backoff_then_given_up(void **state)
{
	struct fixture *f = fixture_syn_received(state);
	plx_time begin = f->now;

	for (unsigned i = 0; i < 7; i++)
		expect_segment_after(
			f, UINT64_C(1000) << i,
			SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->snd_nxt - 1, .ack = f->rcv_nxt));
	advance(f, 120000 - 1); // RTO_MAX
	expect_state(f, PLX_STATE_SYN_RECEIVED);
	advance(f, 1);
	expect_state(f, PLX_STATE_LISTEN);
	expect_silence(f);
	expect_no_event(f);
	assert_true(f->now - begin >= 180 * PLX_SECOND);
	expect_counter(f, PLX_COUNTER_TCP_SYN_ACK_RETRANSMITS, 7);
	expect_counter(f, PLX_COUNTER_TCP_HALF_OPEN_EXPIRED, 1);
}

static void retries_are_an_option_of_the_listener(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_SYN_RETRIES, 1);
	fixture_set_option(f, PLX_OPTION_RTO_INITIAL, 300 * PLX_MILLISECOND);
	fixture_syn_received(state);
	expect_segment_after(f, 300, SEG(.flags = TCP_SYN | TCP_ACK));
	advance(f, 600);

	expect_state(f, PLX_STATE_LISTEN);
}

// Those that wait equally long leave in the order they came.
static void entries_expire_each_at_its_time(void **state)
{
	struct fixture *f = fixture_listening(state);

	for (unsigned i = 0; i < 5; i++) {
		f->to_stack.src_port = (uint16_t)(FIXTURE_PEER_PORT + i);
		peer_sends_syn(f);
		expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
		advance(f, 10);
	}
	assert_int_equal(stats_of(f).half_open, 5);
	advance(f, 940);
	for (unsigned i = 0; i < 5; i++)
		expect_segment_after(
			f, 10, SEG(.flags = TCP_SYN | TCP_ACK, .dst_port = FIXTURE_PEER_PORT + i));
}

// Entries lie side by side in memory; one that takes the place of another touches no third.
static void reused_entry_leaves_its_neighbor_alone(void **state)
{
	struct fixture *f = fixture_listening(state);

	for (unsigned i = 0; i < 3; i++) {
		f->to_stack.src_port = (uint16_t)(FIXTURE_PEER_PORT + i);
		peer_sends_syn(f);
		expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	}
	f->rcv_nxt = f->peer.isn + 1;
	for (unsigned i = 0; i < 3; i += 2)
		segment_arrives(f, SEG(.flags = TCP_RST, .src_port = FIXTURE_PEER_PORT + i));
	assert_int_equal(stats_of(f).half_open, 1);
	advance(f, 500);
	for (unsigned i = 0; i < 3; i += 2) {
		f->to_stack.src_port = (uint16_t)(FIXTURE_PEER_PORT + i);
		peer_sends_syn(f);
		expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	}

	expect_segment_after(f, 500,
			     SEG(.flags = TCP_SYN | TCP_ACK, .ack = f->rcv_nxt,
				 .dst_port = FIXTURE_PEER_PORT + 1));
	expect_segment_after(f, 500,
			     SEG(.flags = TCP_SYN | TCP_ACK, .dst_port = FIXTURE_PEER_PORT));
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .dst_port = FIXTURE_PEER_PORT + 2));
}

// DEVIATION RFC 9293 3.10.7.4 first: a SYN that comes again gets the same SYN+ACK again.
static void duplicate_syn_gets_the_same_syn_ack(void **state)
{
	struct fixture *f = fixture_syn_received(state);

	for (unsigned i = 0; i < 3; i++) {
		advance(f, 100);
		peer_sends_syn(f);
		expect_segment(
			f,
			SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->snd_nxt - 1, .ack = f->rcv_nxt));
	}
	assert_int_equal(stats_of(f).half_open, 1);
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
}

// DEVIATION RFC 9293 3.10.7.4 fourth: another SYN in the window is challenged.
static void other_syn_in_window_is_challenged(void **state)
{
	struct fixture *f = fixture_syn_received(state);

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->rcv_nxt + 5));

	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt));
	expect_state(f, PLX_STATE_SYN_RECEIVED);
}

// RFC 9293 3.10.7.4 first: outside the window, an ACK and no more.
static void segment_outside_the_window_is_answered(void **state)
{
	struct fixture *f = fixture_syn_received(state);

	segment_arrives(f, SEG(.seq = f->rcv_nxt + 70000, .len = 10));

	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt));
	expect_state(f, PLX_STATE_SYN_RECEIVED);
	expect_no_event(f);
}

// RFC 5961 3.2 holds for half-open connections too.
static void rst_must_be_exact(void **state)
{
	struct fixture *f = fixture_syn_received(state);

	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt + 100));
	forget_output(f);
	expect_state(f, PLX_STATE_SYN_RECEIVED);
	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt - 1));
	expect_silence(f);
	expect_state(f, PLX_STATE_SYN_RECEIVED);
	segment_arrives(f, SEG(.flags = TCP_RST));
	expect_state(f, PLX_STATE_LISTEN);
}

// Backlog: established connections whose ACCEPTED was not fetched. Overflow: the ACK is dropped, the entry
// stays, and a later ACK makes it.
static void full_backlog_drops_the_last_ack_and_keeps_the_entry(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->backlog = 2;
	fixture_listening(state);
	f->holds_events = true;
	for (unsigned i = 0; i < 3; i++)
		handshake_from(f, (uint16_t)(FIXTURE_PEER_PORT + i));

	expect_silence(f);
	assert_int_equal(stats_of(f).connections, 2);
	assert_int_equal(stats_of(f).half_open, 1);
	expect_drops(f, PLX_DROP_TCP_LISTENER_BACKLOG, 1);

	f->holds_events = false;
	forget_events(f);
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
	assert_int_equal(stats_of(f).connections, 3);
}

static void backlog_has_room_again_once_accepted_is_fetched(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->backlog = 1;
	fixture_listening(state);
	f->holds_events = true;
	handshake_from(f, FIXTURE_PEER_PORT);
	handshake_from(f, FIXTURE_PEER_PORT + 1);
	assert_int_equal(stats_of(f).connections, 1);
	f->holds_events = false;
	forget_events(f);

	segment_arrives(f, SEG(.len = 10));
	expect_event(f, PLX_EVENT_ACCEPTED | PLX_EVENT_READABLE, 0);
	user_receives(f, 10);
	forget_output(f);
}

// What an unfetched connection receives meanwhile is told together with ACCEPTED.
static void unfetched_connection_gathers_its_events(void **state)
{
	struct fixture *f = fixture_syn_received(state);

	f->holds_events = true;
	segment_arrives(f, SEG());
	segment_arrives(f, SEG(.len = 10));
	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_FIN, .seq = f->rcv_nxt + 10));
	f->holds_events = false;

	expect_event(f, PLX_EVENT_ACCEPTED | PLX_EVENT_READABLE | PLX_EVENT_PEER_CLOSED, 0);
	expect_no_event(f);
	user_receives(f, 10);
	user_finds_end(f);
	forget_output(f);
}

// A connection that was reset before anybody fetched it: nobody need hear of it, or of ACCEPTED with FAILED.
static void unfetched_connection_may_be_reset(void **state)
{
	struct fixture *f = fixture_syn_received(state);

	f->holds_events = true;
	segment_arrives(f, SEG());
	segment_arrives(f, SEG(.flags = TCP_RST));
	f->holds_events = false;

	forget_events(f);
	expect_silence(f);
	assert_int_equal(stats_of(f).connections, 0);
	assert_int_equal(f->life.alive, 0);
}

// plx_close() of a listener: unfetched connections are aborted, half-open ones forgotten.
static void closing_the_listener_aborts_unfetched_connections(void **state)
{
	struct fixture *f = fixture_listening(state);

	f->holds_events = true;
	handshake_from(f, FIXTURE_PEER_PORT);
	f->to_stack.src_port = FIXTURE_PEER_PORT + 1;
	peer_sends_syn(f);
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	assert_int_equal(plx_close(f->stack, f->listener), 0);
	f->is_listening = false;

	expect_segment(f, SEG(.flags = TCP_RST | TCP_ACK, .dst_port = FIXTURE_PEER_PORT));
	expect_silence(f);
	f->holds_events = false;
	expect_no_event(f);
	assert_int_equal(stats_of(f).connections, 0);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 1));
	expect_segment(f, SEG(.flags = TCP_RST));
	expect_no_event(f);
	expect_silence_for(f, 300000);
	assert_int_equal(stats_of(f).half_open, 0);
}

// A table that is full refuses the newcomer, and keeps those who are there.
static void full_table_refuses_the_newcomer(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->config.max_half_open = 4;
	f->config.syn_cookies = PLX_SYN_COOKIES_NEVER;
	fixture_listening(state);
	for (unsigned i = 0; i < 4; i++) {
		f->to_stack.src_port = (uint16_t)(FIXTURE_PEER_PORT + i);
		peer_sends_syn(f);
		expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	}
	f->to_stack.src_port = FIXTURE_PEER_PORT + 4;
	peer_sends_syn(f);
	expect_silence(f);
	expect_drops(f, PLX_DROP_TCP_HALF_OPEN_FULL, 1);
	assert_int_equal(stats_of(f).half_open, 4);
}

// No control block is free when the handshake completes: the ACK is dropped and the entry stays.
static void full_connection_table_keeps_the_entry(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->config.max_connections = 1;
	fixture_listening(state);
	handshake_from(f, FIXTURE_PEER_PORT);
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
	handshake_from(f, FIXTURE_PEER_PORT + 1);
	expect_silence(f);
	expect_drops(f, PLX_DROP_TCP_CONNECTIONS_FULL, 1);
	assert_int_equal(stats_of(f).half_open, 1);

	user_aborts(f);
	expect_segment(f, SEG(.flags = TCP_RST | TCP_ACK));
	expect_event(f, PLX_EVENT_FAILED, -ECONNABORTED);
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
}

// In one burst: SYN, the ACK that completes it, and data.
static void handshake_may_come_in_one_burst_with_strangers(void **state)
{
	struct fixture *f = fixture_syn_received(state);

	burst_begin(f);
	segment_arrives(f, SEG());
	segment_arrives(f, SEG(.len = 10));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 10, .len = 10));
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = 1, .src_port = 12345));
	burst_end(f);

	expect_event(f, PLX_EVENT_ACCEPTED | PLX_EVENT_READABLE, 0);
	user_receives(f, 20);
	forget_output(f);
	assert_int_equal(stats_of(f).half_open, 1);
}

// A service that was started anew refuses nobody.
static void next_listener_takes_over_a_repeated_syn(void **state)
{
	struct fixture *f = fixture_syn_received(state);
	struct plx_listen_args args = {.port = FIXTURE_PORT};

	assert_int_equal(plx_close(f->stack, f->listener), 0);
	assert_int_equal(plx_listen(f->stack, &args, &f->listener), 0);
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->rcv_nxt - 1));
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
}

// RFC 7323 2.2: in a segment without SYN the window is scaled.
static void window_of_an_ack_is_scaled(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.wscale = 2;
	fixture_syn_received(state);
	segment_arrives(f, SEG(.seq = f->rcv_nxt - 1));
	expect_segment(f, SEG(.flags = TCP_ACK, .wnd = 65535 >> 3));
}

// RFC 5961 switched off.
static void without_rfc5961_rst_and_syn_in_the_window_end_it(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->config.rfc5961 = false;
	fixture_syn_received(state);
	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt + 100));
	expect_silence(f);
	assert_int_equal(stats_of(f).half_open, 0);
	peer_sends_syn(f);
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->rcv_nxt + 100));
	expect_silence(f);
	assert_int_equal(stats_of(f).half_open, 0);
}

// RFC 6298 3: nobody knows which of the SYN+ACKs is answered.
static void repeated_syn_ack_gives_no_sample(void **state)
{
	struct fixture *f = fixture_syn_received(state);

	advance(f, 500);
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->rcv_nxt - 1));
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	advance(f, 10);
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
	assert_int_equal(info_of(f).srtt, 0);
}

// Listeners with other timing have queues of their own; more of them than there are share one.
static void listeners_keep_their_own_timing(void **state)
{
	struct fixture *f = fixture_listening(state);
	plx_conn others[6];

	for (unsigned i = 1; i <= 6; i++) {
		struct plx_option_value option = {PLX_OPTION_RTO_INITIAL, (7 - i) * PLX_SECOND};
		struct plx_listen_args args = {
			.port = (uint16_t)(FIXTURE_PORT + i), .options = &option, .n_options = 1};

		assert_int_equal(plx_listen(f->stack, &args, &others[i - 1]), 0);
	}
	f->judge.ignores_flows = true;
	for (unsigned i = 1; i <= 6; i++) {
		segment_arrives(f, SEG(.flags = TCP_SYN, .seq = 1, .dst_port = FIXTURE_PORT + i));
		expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .src_port = FIXTURE_PORT + i));
	}
	expect_segment_after(f, 1000,
			     SEG(.flags = TCP_SYN | TCP_ACK, .src_port = FIXTURE_PORT + 6));
	expect_segment_after(f, 1000,
			     SEG(.flags = TCP_SYN | TCP_ACK, .src_port = FIXTURE_PORT + 5));
	expect_segment_after(f, 1000, SEG(.flags = TCP_SYN | TCP_ACK));
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(plx_close(f->stack, others[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_EVERY_LINK(syn_ack_is_sent_again_with_backoff_then_given_up),
		SCENARIO(retries_are_an_option_of_the_listener),
		SCENARIO(entries_expire_each_at_its_time),
		SCENARIO(reused_entry_leaves_its_neighbor_alone),
		SCENARIO(duplicate_syn_gets_the_same_syn_ack),
		SCENARIO(other_syn_in_window_is_challenged),
		SCENARIO(segment_outside_the_window_is_answered),
		SCENARIO(rst_must_be_exact),
		SCENARIO(full_backlog_drops_the_last_ack_and_keeps_the_entry),
		SCENARIO(backlog_has_room_again_once_accepted_is_fetched),
		SCENARIO(unfetched_connection_gathers_its_events),
		SCENARIO(unfetched_connection_may_be_reset),
		SCENARIO(closing_the_listener_aborts_unfetched_connections),
		SCENARIO(full_table_refuses_the_newcomer),
		SCENARIO(full_connection_table_keeps_the_entry),
		SCENARIO(handshake_may_come_in_one_burst_with_strangers),
		SCENARIO(next_listener_takes_over_a_repeated_syn),
		SCENARIO(window_of_an_ack_is_scaled),
		SCENARIO(without_rfc5961_rst_and_syn_in_the_window_end_it),
		SCENARIO(repeated_syn_ack_gives_no_sample),
		SCENARIO(listeners_keep_their_own_timing),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script half_open", tests, NULL, NULL);
}

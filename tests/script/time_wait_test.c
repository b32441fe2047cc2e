// SPDX-License-Identifier: BSD-3-Clause
//
// TIME_WAIT as a compact entry: how long it lasts, what it answers, who may reopen it.
// RFC 9293 3.6.1, 3.10.7.4, MAY-2; RFC 1337; RFC 6191.
#include <errno.h>

#include "support/eal_main.h"
#include "support/user.h"

static void expect_last_ack(struct fixture *f)
{
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt, .len = 0));
}

// RFC 9293 3.4.2, MUST-13; DEVIATION: MSL is 30 s.
static void lasts_two_msl(void **state)
{
	struct fixture *f = fixture_time_wait(state);

	advance(f, 59999);
	expect_state(f, PLX_STATE_TIME_WAIT);
	advance(f, 1);
	expect_state(f, PLX_STATE_CLOSED);
	expect_silence(f);

	segment_arrives(f, SEG());
	expect_segment(f, SEG(.flags = TCP_RST, .seq = f->snd_nxt));
}

static void length_is_configured(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->config.time_wait = 2 * PLX_SECOND;
	fixture_time_wait(state);
	advance(f, 1999);
	expect_state(f, PLX_STATE_TIME_WAIT);
	advance(f, 1);
	expect_state(f, PLX_STATE_CLOSED);
}

static void length_zero_means_none(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->config.time_wait = 0;
	fixture_fin_wait_2(state);
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 1));
	expect_event(f, PLX_EVENT_CLOSED, 0);
	expect_state(f, PLX_STATE_CLOSED);
	assert_int_equal(stats_of(f).time_wait, 0);
}

// The handle is gone, its control block free: only the entry is left.
static void holds_no_control_block(void **state)
{
	struct fixture *f = fixture_time_wait(state);

	assert_int_equal(stats_of(f).connections, 0);
	assert_int_equal(stats_of(f).time_wait, 1);
	assert_int_equal(plx_readable(f->stack, f->conn), -EBADF);
	expect_counter(f, PLX_COUNTER_CONN_CLOSED, 1);
}

// RFC 9293 3.10.7.4 fifth and eighth: acknowledged again, and 2 MSL begin anew.
static void retransmitted_fin_is_acknowledged_and_restarts(void **state)
{
	struct fixture *f = fixture_time_wait(state);

	advance(f, 50000);
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .seq = f->rcv_nxt - 1));
	expect_last_ack(f);
	advance(f, 59999);
	expect_state(f, PLX_STATE_TIME_WAIT);
	advance(f, 1);
	expect_state(f, PLX_STATE_CLOSED);
}

// RFC 1337, DEVIATION RFC 9293 3.10.7.4 second: a RST does not assassinate it.
static void rst_is_ignored(void **state)
{
	struct fixture *f = fixture_time_wait(state);

	segment_arrives(f, SEG(.flags = TCP_RST));
	segment_arrives(f, SEG(.flags = TCP_RST | TCP_ACK, .seq = f->rcv_nxt + 10));

	expect_silence(f);
	expect_state(f, PLX_STATE_TIME_WAIT);
}

// RFC 9293 3.10.7.4 first: what is not acceptable is answered; 3.10.7.4 fifth: an ACK is not.
static void old_data_is_answered_and_an_ack_is_not(void **state)
{
	struct fixture *f = fixture_time_wait(state);

	segment_arrives(f, SEG());
	expect_silence(f);
	segment_arrives(f, SEG(.seq = f->rcv_nxt - 100, .len = 10));
	expect_last_ack(f);
	expect_state(f, PLX_STATE_TIME_WAIT);
}

// RFC 9293 3.6.1, MAY-2: a larger sequence number opens it anew, with an ISS well behind the old one.
static void syn_with_larger_sequence_reopens(void **state)
{
	struct fixture *f = fixture_time_wait(state);
	const struct frame *answer;

	f->peer.isn = f->rcv_nxt + 1000;
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->peer.isn, .mss = 1400));
	answer = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .ack = f->peer.isn + 1));
	assert_true((int32_t)(answer->tcp.seq - f->snd_nxt) >= 65536);

	f->snd_nxt = answer->tcp.seq + 1;
	f->rcv_nxt = f->peer.isn + 1;
	segment_arrives(f, SEG(.len = 10));
	expect_event(f, PLX_EVENT_ACCEPTED | PLX_EVENT_READABLE, 0);
	f->received_bytes = 0;
	user_receives(f, 10);
	assert_int_equal(stats_of(f).time_wait, 0);
	expect_counter(f, PLX_COUNTER_TCP_TIME_WAIT_REUSED, 1);
	forget_output(f);
}

// A smaller one does not: it is answered like any other segment of old.
static void syn_with_smaller_sequence_does_not_reopen(void **state)
{
	struct fixture *f = fixture_time_wait(state);

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->rcv_nxt - 1000, .mss = 1400));

	expect_last_ack(f);
	expect_state(f, PLX_STATE_TIME_WAIT);
	assert_int_equal(stats_of(f).half_open, 0);
}

// RFC 6191: with timestamps on both sides, a later one decides whatever the sequence number.
static void syn_with_later_timestamp_reopens(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.timestamps = true;
	fixture_time_wait(state);
	advance(f, 1000);
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->rcv_nxt - 5000, .mss = 1400));

	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .ack = f->rcv_nxt - 4999));
}

// The old entry is kept until the new handshake completes: a RST, or nobody, leaves it as it was.
static void half_open_successor_leaves_the_entry_alone(void **state)
{
	struct fixture *f = fixture_time_wait(state);
	uint32_t isn = f->rcv_nxt + 1000;

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = isn, .mss = 1400));
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .ack = isn + 1));
	segment_arrives(f, SEG(.flags = TCP_RST, .seq = isn + 1));
	judge_forget(&f->judge);
	expect_silence(f);
	expect_state(f, PLX_STATE_TIME_WAIT);
	assert_int_equal(stats_of(f).half_open, 0);
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .seq = f->rcv_nxt - 1));
	expect_last_ack(f);
}

// Without a listener there is nothing to reopen.
static void syn_without_listener_does_not_reopen(void **state)
{
	struct fixture *f = fixture_time_wait(state);

	assert_int_equal(plx_close(f->stack, f->listener), 0);
	f->is_listening = false;
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->rcv_nxt + 1000));

	forget_output(f);
	assert_int_equal(stats_of(f).half_open, 0);
}

static uint32_t connects_over(struct fixture *f)
{
	struct plx_connect_args args = {
		.local_port = FIXTURE_PORT, .remote = f->to_stack.src, .remote_port = f->peer.port};

	assert_int_equal(plx_connect(f->stack, &args, &f->conn), 0);
	lifecycle_on_connect(&f->life, f->conn);
	return expect_segment(f, SEG(.flags = TCP_SYN, .src_port = FIXTURE_PORT))->tcp.seq;
}

// RFC 9293 3.6.1, seen from the other side: our own SYN is above every number used before.
static void connect_takes_the_tuple_over(void **state)
{
	struct fixture *f = fixture_time_wait(state);
	uint32_t iss = connects_over(f);

	assert_in_range(iss - f->snd_nxt, 65537, INT32_MAX);
	assert_int_equal(stats_of(f).time_wait, 1);
	f->snd_nxt = iss + 1;
	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = 99));
	f->rcv_nxt = 100;
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .ack = 100));
	expect_event(f, PLX_EVENT_CONNECTED, 0);
	assert_int_equal(stats_of(f).time_wait, 0);
	expect_counter(f, PLX_COUNTER_TCP_TIME_WAIT_REUSED, 1);
	expect_state(f, PLX_STATE_ESTABLISHED);
}

// Until the peer agrees the old entry stands behind the attempt, and comes back when that fails.
static void failed_take_over_leaves_the_entry(void **state)
{
	struct fixture *f = fixture_time_wait(state);
	uint32_t snd_nxt = f->snd_nxt;
	uint32_t iss = connects_over(f);

	segment_arrives(f, SEG(.flags = TCP_RST | TCP_ACK, .seq = 0, .ack = iss + 1));
	expect_event(f, PLX_EVENT_FAILED, -ECONNREFUSED);
	assert_int_equal(stats_of(f).time_wait, 1);
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .seq = f->rcv_nxt - 1));
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = snd_nxt, .ack = f->rcv_nxt));
	expect_counter(f, PLX_COUNTER_TCP_TIME_WAIT_REUSED, 0);
	advance(f, 60 * 1000);
	assert_int_equal(stats_of(f).time_wait, 0);
}

static void entry_may_expire_behind_the_attempt(void **state)
{
	struct fixture *f = fixture_time_wait(state);
	uint32_t iss;

	advance(f, 59900);
	iss = connects_over(f);
	advance(f, 200);
	assert_int_equal(stats_of(f).time_wait, 0);
	segment_arrives(f, SEG(.flags = TCP_RST | TCP_ACK, .seq = 0, .ack = iss + 1));
	expect_event(f, PLX_EVENT_FAILED, -ECONNREFUSED);
	segment_arrives(f, SEG(.flags = TCP_ACK));
	expect_segment(f, SEG(.flags = TCP_RST));
}

// An ephemeral port in TIME_WAIT is chosen when there is no other.
static void last_port_is_taken_out_of_time_wait(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct plx_connect_args args;

	f->config.port_first = FIXTURE_PORT;
	f->config.port_last = FIXTURE_PORT;
	fixture_time_wait(state);
	args = (struct plx_connect_args){.remote = f->to_stack.src, .remote_port = f->peer.port};
	assert_int_equal(plx_connect(f->stack, &args, &f->conn), 0);
	lifecycle_on_connect(&f->life, f->conn);
	expect_segment(f, SEG(.flags = TCP_SYN, .src_port = FIXTURE_PORT));
	assert_int_equal(plx_connect(f->stack, &args, &f->conn), -EADDRNOTAVAIL);
}

// The peer's connection from `port` is opened and closed, by us first; both sequence numbers are behind the FINs.
static void opens_and_waits(struct fixture *f, uint16_t port)
{
	f->to_stack.src_port = port;
	f->rcv_nxt = f->peer.isn + 1;
	peer_sends_syn(f);
	f->snd_nxt = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK))->tcp.seq + 1;
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
	user_closes(f);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK));
	f->snd_nxt++;
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK));
	f->rcv_nxt++;
	expect_last_ack(f);
	expect_event(f, PLX_EVENT_CLOSED, 0);
}

// Bounded: when the table is full the oldest goes (DEVIATION), counted.
static void oldest_entry_goes_when_the_table_is_full(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->config.max_time_wait = 2;
	fixture_time_wait(state);
	for (unsigned i = 1; i <= 2; i++)
		opens_and_waits(f, (uint16_t)(f->peer.port + i));
	assert_int_equal(stats_of(f).time_wait, 2);
	expect_counter(f, PLX_COUNTER_TCP_TIME_WAIT_EVICTED, 1);

	f->to_stack.src_port = f->peer.port;
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK));
	expect_segment(f, SEG(.flags = TCP_RST));
}

// What was known of the entry that would go next is not taken for its own by the one that gets its place.
static void place_of_the_oldest_entry_is_another_ones_afterwards(void **state)
{
	struct fixture *f = fixture_time_wait(state);

	advance(f, 1000);
	opens_and_waits(f, f->peer.port + 1);
	advance(f, 59000);
	assert_int_equal(stats_of(f).time_wait, 1);
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->rcv_nxt + 1000));
	f->snd_nxt = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK))->tcp.seq + 1;
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 1001));
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
	expect_counter(f, PLX_COUNTER_TCP_TIME_WAIT_REUSED, 1);

	opens_and_waits(f, f->peer.port + 2);
	assert_int_equal(stats_of(f).time_wait, 1);
	advance(f, 60 * 1000);
	assert_int_equal(stats_of(f).time_wait, 0);
	segment_arrives(f, SEG());
	expect_segment(f, SEG(.flags = TCP_RST, .seq = f->snd_nxt));
	judge_forget(&f->judge);
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = 5));
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .ack = 6));
}

// A connection that the user still holds waits as a whole, and becomes no entry before it is closed.
static void unread_connection_waits_as_a_whole(void **state)
{
	struct fixture *f = fixture_established(state);

	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK));
	f->snd_nxt++;
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .len = 10));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 11));
	expect_event(f, PLX_EVENT_READABLE | PLX_EVENT_PEER_CLOSED, 0);
	assert_int_equal(info_of(f).state, PLX_STATE_TIME_WAIT);
	assert_int_equal(stats_of(f).connections, 1);
	user_receives(f, 10);
	user_closes(f);
	expect_event(f, PLX_EVENT_CLOSED, 0);
	assert_int_equal(stats_of(f).connections, 0);
}

// The same without a TIME_WAIT: it waits for its user, and for nothing else.
static void unread_connection_without_time_wait_waits_for_its_user(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->config.time_wait = 0;
	fixture_established(state);
	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK));
	f->snd_nxt++;
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .len = 10));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 11));
	expect_silence_for(f, 100000);
	user_receives(f, 10);
	user_finds_end(f);
	user_closes(f);
	expect_silence(f);
	assert_int_equal(stats_of(f).connections, 0);
}

// RFC 6191 2: timestamps of the new connection protect it from segments of the old one.
static void syn_with_timestamps_reopens_a_connection_without(void **state)
{
	struct fixture *f = fixture_time_wait(state);

	segment_arrives(f,
			SEG(.flags = TCP_SYN, .seq = f->rcv_nxt - 5000, .ack = 0, .ts_val = 5,
			    .ts_ecr = 0));
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
}

// TIME_WAIT by our own FIN and the peer's, which came with some text; the user has not closed.
static struct fixture *held_by_its_user(void **state, unsigned text_bytes)
{
	struct fixture *f = fixture_established(state);

	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK));
	f->snd_nxt++;
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .len = text_bytes));
	expect_segment(f, SEG(.flags = TCP_ACK));
	f->rcv_nxt += text_bytes + 1;
	return f;
}

static void connection_read_after_the_wait_ends_then(void **state)
{
	struct fixture *f = held_by_its_user(state, 10);

	forget_events(f);
	advance(f, 100 * 1000);
	expect_no_event(f);
	user_receives(f, 10);
	user_finds_end(f);
	expect_event(f, PLX_EVENT_CLOSED, 0);
}

static void syn_with_fin_may_be_dropped_here_too(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->config.drop_syn_fin = true;
	fixture_time_wait(state);
	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_FIN, .seq = f->rcv_nxt + 5000));
	expect_silence(f);
	expect_drops(f, PLX_DROP_TCP_FLAGS, 1);
}

// RFC 1337 3 F1 holds for a connection that its user still has.
static void rst_does_not_end_a_connection_that_is_still_read(void **state)
{
	struct fixture *f = held_by_its_user(state, 10);

	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt));
	expect_silence(f);
	expect_state(f, PLX_STATE_TIME_WAIT);
	user_receives(f, 10);
	forget_events(f);
}

// RFC 6191 2: an older timestamp is an old SYN, whatever its number.
static void syn_with_older_timestamp_does_not_reopen(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.timestamps = true;
	fixture_time_wait(state);
	segment_arrives(f,
			SEG(.flags = TCP_SYN, .seq = f->rcv_nxt + 5000, .ts_val = 1, .ts_ecr = 0));
	forget_output(f);
	assert_int_equal(stats_of(f).half_open, 0);
	assert_int_equal(stats_of(f).time_wait, 1);
}

// RFC 6191 for a connection that its user has read to the end and not closed.
static void syn_reopens_a_connection_that_its_user_still_has(void **state)
{
	struct fixture *f = held_by_its_user(state, 0);

	forget_events(f);
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->rcv_nxt + 1000));
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .ack = f->rcv_nxt + 1001));
	expect_event(f, PLX_EVENT_CLOSED, 0);
}

// 3.10.8: after 2 MSL it is CLOSED to everybody, though its user has still to read.
static void unread_connection_leaves_the_wire_after_the_wait(void **state)
{
	struct fixture *f = held_by_its_user(state, 10);

	forget_events(f);
	advance(f, 60 * 1000);
	assert_int_equal(info_of(f).state, PLX_STATE_CLOSED);
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .seq = f->rcv_nxt - 1));
	expect_segment(f, SEG(.flags = TCP_RST));
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = 5));
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	user_receives(f, 10);
	expect_event(f, PLX_EVENT_CLOSED, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_EVERY_LINK(lasts_two_msl),
		SCENARIO(length_is_configured),
		SCENARIO(length_zero_means_none),
		SCENARIO(holds_no_control_block),
		SCENARIO_EVERY_LINK(retransmitted_fin_is_acknowledged_and_restarts),
		SCENARIO(rst_is_ignored),
		SCENARIO(old_data_is_answered_and_an_ack_is_not),
		SCENARIO(syn_with_larger_sequence_reopens),
		SCENARIO(syn_with_smaller_sequence_does_not_reopen),
		SCENARIO(syn_with_later_timestamp_reopens),
		SCENARIO(half_open_successor_leaves_the_entry_alone),
		SCENARIO(syn_without_listener_does_not_reopen),
		SCENARIO(connect_takes_the_tuple_over),
		SCENARIO(failed_take_over_leaves_the_entry),
		SCENARIO(entry_may_expire_behind_the_attempt),
		SCENARIO(last_port_is_taken_out_of_time_wait),
		SCENARIO(oldest_entry_goes_when_the_table_is_full),
		SCENARIO(place_of_the_oldest_entry_is_another_ones_afterwards),
		SCENARIO(unread_connection_waits_as_a_whole),
		SCENARIO(unread_connection_without_time_wait_waits_for_its_user),
		SCENARIO(syn_with_timestamps_reopens_a_connection_without),
		SCENARIO(connection_read_after_the_wait_ends_then),
		SCENARIO(syn_with_fin_may_be_dropped_here_too),
		SCENARIO(rst_does_not_end_a_connection_that_is_still_read),
		SCENARIO(syn_with_older_timestamp_does_not_reopen),
		SCENARIO(syn_reopens_a_connection_that_its_user_still_has),
		SCENARIO(unread_connection_leaves_the_wire_after_the_wait),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script time_wait", tests, NULL, NULL);
}

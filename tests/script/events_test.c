// SPDX-License-Identifier: BSD-3-Clause
//
// What the application is told, how often, and when it should look next: pollux/event.h and the loop of
// pollux/stack.h. That there is one event per poll and one last event is checked by every fixture.
#include <errno.h>

#include <rte_mbuf.h>

#include "support/eal_main.h"
#include "support/user.h"

enum { MANY = 40 };

static void accept_from(struct fixture *f, uint16_t port)
{
	f->to_stack.src_port = port;
	f->rcv_nxt = f->peer.isn + 1;
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->peer.isn, .mss = 1400));
	f->snd_nxt = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK))->tcp.seq + 1;
	segment_arrives(f, SEG());
}

// "What does not fit into max stays pending, nothing is lost."
static void events_that_do_not_fit_stay_pending(void **state)
{
	struct fixture *f = fixture_listening(state);
	struct plx_event events[MANY];
	unsigned n = 0, polls = 0;

	f->holds_events = true;
	for (unsigned i = 0; i < MANY; i++)
		accept_from(f, (uint16_t)(FIXTURE_PEER_PORT + i));
	assert_true(plx_next_deadline(f->stack) <= f->now);
	while (n < MANY && polls++ < MANY) {
		unsigned got = plx_poll(f->stack, events + n, 3, f->now);

		assert_in_range(got, 1, 3);
		lifecycle_on_poll(&f->life);
		for (unsigned i = 0; i < got; i++)
			assert_null(lifecycle_on_event(&f->life, &events[n + i]));
		n += got;
	}
	assert_int_equal(n, MANY);
	assert_int_equal(plx_poll(f->stack, events, MANY, f->now), 0);
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(events[i].mask, PLX_EVENT_ACCEPTED);
		for (unsigned j = 0; j < i; j++)
			assert_false(plx_conn_is_equal(events[i].conn, events[j].conn));
	}
	f->holds_events = false;
}

// All that happened since the last poll is in one mask.
static void one_event_carries_all_that_happened(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_SEND_BUFFER, 1000);
	fixture_established(state);
	assert_int_equal(user_offers(f, 2000), 1000);
	forget_output(f);
	f->holds_events = true;
	segment_arrives(f, SEG(.ack = f->snd_nxt + 1000, .len = 10));
	segment_arrives(
		f,
		SEG(.flags = TCP_FIN | TCP_ACK, .seq = f->rcv_nxt + 10, .ack = f->snd_nxt + 1000));
	f->holds_events = false;

	expect_event(f, PLX_EVENT_READABLE | PLX_EVENT_WRITABLE | PLX_EVENT_PEER_CLOSED, 0);
	expect_no_event(f);
	forget_output(f);
}

// READABLE comes for more data, not for the same data again.
static void readable_is_told_once_per_arrival(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.len = 10));
	expect_event(f, PLX_EVENT_READABLE, 0);
	advance(f, 1000);
	expect_no_event(f);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 10, .len = 10));
	expect_event(f, PLX_EVENT_READABLE, 0);
	forget_output(f);
}

// WRITABLE comes only after a plx_send() that could not take everything.
static void writable_is_told_only_on_demand(void **state)
{
	struct fixture *f = fixture_established(state);

	user_sends(f, 1000);
	forget_output(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 1000));

	expect_no_event(f);
}

// Data, then RST, before the application looked: the end is told, and the handle is stale.
static void end_overtakes_what_was_not_told(void **state)
{
	struct fixture *f = fixture_established(state);

	f->holds_events = true;
	segment_arrives(f, SEG(.len = 10));
	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt + 10));
	f->holds_events = false;

	fixture_settle(f);
	assert_int_equal(f->n_events - f->next_event, 1);
	assert_true((f->events[f->next_event].mask & PLX_EVENT_FAILED) != 0);
	assert_int_equal(f->events[f->next_event].error, -ECONNRESET);
	assert_int_equal(plx_readable(f->stack, f->conn), -EBADF);
	forget_output(f);
}

// After plx_close() of a connection with an event pending: only the last one still comes.
static void close_withdraws_pending_events(void **state)
{
	struct fixture *f = fixture_established(state);

	f->holds_events = true;
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK));
	f->rcv_nxt++;
	user_closes(f);
	f->holds_events = false;
	fixture_settle(f);
	expect_no_event(f);
	forget_output(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 1));
	expect_event(f, PLX_EVENT_CLOSED, 0);
}

// plx_next_deadline(): never when idle, the timer's time when one is armed, at once when something waits.
static void next_deadline_tells_when_to_look(void **state)
{
	struct fixture *f = fixture_established(state);

	assert_true(plx_next_deadline(f->stack) == PLX_TIME_NEVER);
	segment_arrives(f, SEG(.len = 10));
	assert_true(plx_next_deadline(f->stack) <= f->now + 40 * PLX_MILLISECOND);
	assert_true(plx_next_deadline(f->stack) > f->now);
	expect_segment_after(f, 40, SEG(.flags = TCP_ACK));
	assert_true(plx_next_deadline(f->stack) == PLX_TIME_NEVER);
	user_sends(f, 10);
	assert_true(plx_next_deadline(f->stack) <= f->now);
	expect_segment(f, SEG(.len = 10));
	assert_true(plx_next_deadline(f->stack) > f->now);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 10, .ack = f->snd_nxt + 10));
	// "Possibly earlier": a timer that was stopped may be looked at once more, and not for ever.
	expect_silence_for(f, 1000);
	assert_true(plx_next_deadline(f->stack) == PLX_TIME_NEVER);
}

// A clock that steps back counts as standing still.
static void clock_that_steps_back_stands_still(void **state)
{
	struct fixture *f = fixture_established(state);
	plx_time begin = f->now;

	segment_arrives(f, SEG(.len = 10));
	f->now -= 500 * PLX_SECOND;
	fixture_settle(f);
	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10, .ack = f->rcv_nxt + 10));
	f->now = begin;
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 10, .ack = f->snd_nxt + 10));
	expect_silence_for(f, 1000);
}

// A jump of hours is one step: what was due fires once, and everything is found in order.
static void long_jump_fires_what_was_due(void **state)
{
	struct fixture *f = fixture_established(state);

	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));
	f->now += 7200 * PLX_SECOND;
	fixture_settle(f);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = 10));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 10));
	expect_state(f, PLX_STATE_ESTABLISHED);
	expect_silence_for(f, 1000);
}

// plx_output() gives no more than asked for, and keeps the rest.
static void output_gives_at_most_what_is_asked_for(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct rte_mbuf *frames[3];
	unsigned total = 0, n;

	f->peer.mss = 1000;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	fixture_established(state);
	user_sends(f, 10000);
	do {
		n = plx_output(f->stack, frames, 3, f->now);
		for (unsigned i = 0; i < n; i++)
			assert_int_equal(rte_pktmbuf_data_len(frames[i]) > 0, 1);
		rte_pktmbuf_free_bulk(frames, n);
		total += n;
	} while (n == 3);
	assert_int_equal(total, 10);
	expect_silence(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(events_that_do_not_fit_stay_pending),
		SCENARIO(one_event_carries_all_that_happened),
		SCENARIO(readable_is_told_once_per_arrival),
		SCENARIO(writable_is_told_only_on_demand),
		SCENARIO(end_overtakes_what_was_not_told),
		SCENARIO(close_withdraws_pending_events),
		SCENARIO(next_deadline_tells_when_to_look),
		SCENARIO(clock_that_steps_back_stands_still),
		SCENARIO(long_jump_fires_what_was_due),
		SCENARIO(output_gives_at_most_what_is_asked_for),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script events", tests, NULL, NULL);
}

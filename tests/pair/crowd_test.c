// SPDX-License-Identifier: BSD-3-Clause
//
// More connections with something to say than a port can serve in the time for which a peer waits. Each has its
// turn only once in half a second, but nobody takes what waits for a turn for lost: neither what was received
// (RFC 9293 3.8.6.3, MUST-40) nor a handshake is repeated.
#include "support/eal_main.h"
#include "support/pair.h"
#include "support/seed.h"

enum { CONNECTIONS = 1000, ROUNDS = 6, PORT = 80, LIMIT_S = 60 };

static const plx_duration FRAME_TIME = PLX_MILLISECOND / 2;

struct crowd_conn {
	plx_conn conn;
	unsigned asked;
};

static struct crowd_conn crowd[CONNECTIONS];
static unsigned over;

static void say(struct pair *pair, struct pair_side *side, plx_conn conn)
{
	if (plx_send(side->stack, conn, "?", 1) != 1)
		pair_fail(pair, "a byte was not taken");
}

static void hear_byte(struct pair *pair, struct pair_side *side, plx_conn conn)
{
	uint8_t byte;

	if (plx_recv(side->stack, conn, &byte, 1, 0) != 1)
		pair_fail(pair, "a byte was to be read");
}

static void on_client_event(struct pair *pair, struct pair_side *side,
			    const struct plx_event *event)
{
	struct crowd_conn *c = event->user;

	if ((event->mask & (PLX_EVENT_CLOSED | PLX_EVENT_FAILED)) != 0) {
		over++;
		return;
	}
	if ((event->mask & PLX_EVENT_READABLE) != 0)
		hear_byte(pair, side, c->conn);
	else if ((event->mask & PLX_EVENT_CONNECTED) == 0)
		return;
	if (c->asked++ < ROUNDS)
		say(pair, side, c->conn);
	else
		pair_close(pair, side, c->conn);
}

static void on_server_event(struct pair *pair, struct pair_side *side,
			    const struct plx_event *event)
{
	if ((event->mask & PLX_EVENT_READABLE) != 0) {
		hear_byte(pair, side, event->conn);
		say(pair, side, event->conn);
	}
	if ((event->mask & PLX_EVENT_PEER_CLOSED) != 0)
		pair_close(pair, side, event->conn);
}

static bool is_done(struct pair *pair)
{
	(void)pair;
	return over == CONNECTIONS;
}

static void crowd_waits_in_vain_for_nothing(enum pair_role slow, bool is_ipv6)
{
	struct plx_stats stats;
	struct pair pair;

	pair_plan(&pair, test_seed(), is_ipv6);
	pair_use_link(&pair, (struct link_config){.model.delay = PLX_MILLISECOND});
	pair.sides[slow].frame_time = FRAME_TIME;
	pair.sides[PAIR_CLIENT].on_event = on_client_event;
	pair.sides[PAIR_SERVER].on_event = on_server_event;
	pair_begin(&pair);
	pair_listen(&pair, PORT, NULL, 0);
	over = 0;
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		crowd[i].asked = 0;
		crowd[i].conn = pair_connect(&pair, PORT, &crowd[i], NULL, 0);
	}
	pair_run(&pair, is_done, (plx_duration)LIMIT_S * PLX_SECOND);
	for (unsigned i = 0; i < PAIR_SIDES; i++) {
		stats = pair_stats(&pair.sides[i]);
		assert_int_equal(stats.counters[PLX_COUNTER_TCP_TIMEOUTS], 0);
		assert_int_equal(stats.counters[PLX_COUNTER_TCP_RETRANSMITS], 0);
		assert_int_equal(stats.counters[PLX_COUNTER_TCP_SYN_ACK_RETRANSMITS], 0);
		assert_int_equal(stats.counters[PLX_COUNTER_CONN_FAILED], 0);
	}
	pair_end(&pair);
}

static void crowd_behind_a_slow_client(void **state)
{
	(void)state;
	crowd_waits_in_vain_for_nothing(PAIR_CLIENT, false);
}

static void crowd_behind_a_slow_server(void **state)
{
	(void)state;
	crowd_waits_in_vain_for_nothing(PAIR_SERVER, true);
}

// The same where they have something to say already when the peer's byte comes: the turn that they wait for does not
// carry its acknowledgement in time.
enum { LATE_BYTES = 100 };

static const plx_duration LATE = 90 * PLX_MILLISECOND;

struct meeting {
	plx_conn accepted[CONNECTIONS];
	unsigned n_accepted, n_connected, n_heard, n_answered;
	bool has_asked, has_answered;
	plx_time answer_at;
};

static struct meeting meeting;

static void on_meeting_accepted(struct pair *pair, struct pair_side *side,
				const struct plx_event *event)
{
	if ((event->mask & PLX_EVENT_ACCEPTED) != 0)
		meeting.accepted[meeting.n_accepted++] = event->conn;
	if ((event->mask & PLX_EVENT_READABLE) != 0) {
		hear_byte(pair, side, event->conn);
		meeting.n_heard++;
	}
	if ((event->mask & PLX_EVENT_PEER_CLOSED) != 0)
		pair_close(pair, side, event->conn);
}

static void on_meeting_connected(struct pair *pair, struct pair_side *side,
				 const struct plx_event *event)
{
	const struct crowd_conn *c = event->user;

	if ((event->mask & PLX_EVENT_CONNECTED) != 0)
		meeting.n_connected++;
	if ((event->mask & PLX_EVENT_READABLE) != 0) {
		hear_byte(pair, side, c->conn);
		meeting.n_answered++;
	}
	if ((event->mask & (PLX_EVENT_CLOSED | PLX_EVENT_FAILED)) != 0)
		over++;
}

static void all_ask(struct pair *pair, struct pair_side *side)
{
	if (meeting.has_asked || meeting.n_accepted < CONNECTIONS
	    || meeting.n_connected < CONNECTIONS)
		return;
	meeting.has_asked = true;
	for (unsigned i = 0; i < CONNECTIONS; i++)
		say(pair, side, crowd[i].conn);
	meeting.answer_at = pair->now + LATE;
	pair->sides[PAIR_SERVER].wake_at = meeting.answer_at;
}

static void some_are_told(struct pair *pair, struct pair_side *side)
{
	if (!meeting.has_asked || meeting.has_answered || pair->now < meeting.answer_at)
		return;
	meeting.has_answered = true;
	for (unsigned i = CONNECTIONS - LATE_BYTES; i < CONNECTIONS; i++)
		say(pair, side, meeting.accepted[i]);
}

static bool is_all_heard(struct pair *pair)
{
	(void)pair;
	return meeting.n_heard == CONNECTIONS && meeting.n_answered == LATE_BYTES;
}

static void crowd_that_waits_acknowledges_what_comes(void **state)
{
	struct plx_stats stats;
	struct pair pair;

	(void)state;
	meeting = (struct meeting){0};
	over = 0;
	pair_plan(&pair, test_seed(), false);
	pair_use_link(&pair, (struct link_config){.model.delay = PLX_MILLISECOND});
	pair.sides[PAIR_CLIENT].frame_time = FRAME_TIME;
	pair.sides[PAIR_CLIENT].on_event = on_meeting_connected;
	pair.sides[PAIR_CLIENT].on_turn = all_ask;
	pair.sides[PAIR_SERVER].on_event = on_meeting_accepted;
	pair.sides[PAIR_SERVER].on_turn = some_are_told;
	pair_begin(&pair);
	pair_listen(&pair, PORT, NULL, 0);
	for (unsigned i = 0; i < CONNECTIONS; i++)
		crowd[i].conn = pair_connect(&pair, PORT, &crowd[i], NULL, 0);
	pair_run(&pair, is_all_heard, (plx_duration)LIMIT_S * PLX_SECOND);
	stats = pair_stats(&pair.sides[PAIR_SERVER]);
	assert_int_equal(stats.counters[PLX_COUNTER_TCP_TIMEOUTS], 0);
	assert_int_equal(stats.counters[PLX_COUNTER_TCP_RETRANSMITS], 0);
	for (unsigned i = 0; i < CONNECTIONS; i++)
		pair_close(&pair, &pair.sides[PAIR_CLIENT], crowd[i].conn);
	pair_run(&pair, is_done, (plx_duration)LIMIT_S * PLX_SECOND);
	pair_end(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crowd_behind_a_slow_client),
		cmocka_unit_test(crowd_behind_a_slow_server),
		cmocka_unit_test(crowd_that_waits_acknowledges_what_comes),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("pair crowd", tests, NULL, NULL);
}

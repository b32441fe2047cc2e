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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crowd_behind_a_slow_client),
		cmocka_unit_test(crowd_behind_a_slow_server),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("pair crowd", tests, NULL, NULL);
}

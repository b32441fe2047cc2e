// SPDX-License-Identifier: BSD-3-Clause
//
// A thousand connections at once, each asking and being answered again and again: every answer is held
// against its question, every connection ends as it should, and all memory comes back.
// The applications act on events only, as those of apps/ do. Either side closes, in order or by RST.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/random.h"
#include "support/eal_main.h"
#include "support/mbufs.h"
#include "support/pair.h"
#include "support/pattern.h"
#include "support/seed.h"

enum {
	CONNECTIONS = 1000,
	REQUESTS = 10,
	ANSWER_MAX_BYTES = 6000,
	PORT = 80,
	LIMIT_S = 3600,
};

// What a client asks for; the answer is the pattern of `id`.
struct request {
	uint32_t id;
	uint32_t len_bytes;
	uint32_t is_last; // the server closes behind the answer
};

enum manner { CLIENT_CLOSES, SERVER_CLOSES, CLIENT_ABORTS, MANNERS };

struct client_conn {
	plx_conn conn;
	enum manner manner;
	struct request request;
	uint32_t got_bytes;
	unsigned asked;
	bool is_over;
};

struct server_conn {
	plx_conn conn;
	uint8_t partial[sizeof(struct request)];
	size_t partial_bytes;
	struct request request;
	uint32_t sent_bytes;
	bool is_answering;
};

struct world {
	struct client_conn clients[CONNECTIONS];
	struct server_conn servers[CONNECTIONS];
	unsigned n_servers;
	unsigned over;
	unsigned server_over;
	uint64_t answers;
	struct random random;
};

static struct world world;

static void ask(struct pair *pair, struct pair_side *side, struct client_conn *c)
{
	c->asked++;
	c->got_bytes = 0;
	c->request = (struct request){
		.id = random_u32(&world.random),
		.len_bytes = 1 + random_below(&world.random, ANSWER_MAX_BYTES),
		.is_last = c->asked == REQUESTS && c->manner == SERVER_CLOSES,
	};
	if (plx_send(side->stack, c->conn, &c->request, sizeof(c->request)) != sizeof(c->request))
		pair_fail(pair, "a request was not taken");
}

static void end_client(struct pair *pair, struct pair_side *side, struct client_conn *c)
{
	if (c->manner == CLIENT_CLOSES) {
		pair_close(pair, side, c->conn);
	} else if (c->manner == CLIENT_ABORTS) {
		plx_abort(side->stack, c->conn);
		lifecycle_on_close(&side->life, c->conn);
	}
}

static void read_answer(struct pair *pair, struct pair_side *side, struct client_conn *c)
{
	uint8_t bytes[2000];
	int64_t n;

	while ((n = plx_recv(side->stack, c->conn, bytes, sizeof(bytes), 0)) > 0) {
		if (pattern_match(bytes, (size_t)n, c->request.id, c->got_bytes) != (size_t)n)
			pair_fail(pair, "an answer is not what was asked for");
		c->got_bytes += (uint32_t)n;
		if (c->got_bytes < c->request.len_bytes)
			continue;
		world.answers++;
		if (c->asked < REQUESTS) {
			ask(pair, side, c);
		} else {
			end_client(pair, side, c);
			return;
		}
	}
}

static void on_client_event(struct pair *pair, struct pair_side *side,
			    const struct plx_event *event)
{
	struct client_conn *c = event->user;
	int expected = c->manner == CLIENT_ABORTS ? -ECONNABORTED : 0;

	if ((event->mask & (PLX_EVENT_CLOSED | PLX_EVENT_FAILED)) != 0) {
		if (event->error != expected)
			pair_fail(pair, "a client ended with %" PRId32, event->error);
		c->is_over = true;
		world.over++;
		return;
	}
	if ((event->mask & PLX_EVENT_CONNECTED) != 0)
		ask(pair, side, c);
	if ((event->mask & PLX_EVENT_READABLE) != 0)
		read_answer(pair, side, c);
	if ((event->mask & PLX_EVENT_PEER_CLOSED) != 0 && c->manner == SERVER_CLOSES)
		pair_close(pair, side, c->conn);
}

static void answer(struct pair *pair, struct pair_side *side, struct server_conn *s)
{
	uint8_t bytes[ANSWER_MAX_BYTES];
	uint32_t left = s->request.len_bytes - s->sent_bytes;
	int64_t taken;

	pattern_fill(bytes, left, s->request.id, s->sent_bytes);
	taken = plx_send(side->stack, s->conn, bytes, left);
	if (taken == -EAGAIN)
		return;
	if (taken <= 0)
		pair_fail(pair, "an answer was refused: %" PRId64, taken);
	s->sent_bytes += (uint32_t)taken;
	s->is_answering = s->sent_bytes < s->request.len_bytes;
	if (!s->is_answering && s->request.is_last)
		pair_close(pair, side, s->conn);
}

static void read_request(struct pair *pair, struct pair_side *side, struct server_conn *s)
{
	int64_t n = plx_recv(side->stack, s->conn, s->partial + s->partial_bytes,
			     sizeof(s->partial) - s->partial_bytes, 0);

	if (n <= 0)
		return;
	s->partial_bytes += (size_t)n;
	if (s->partial_bytes < sizeof(s->partial))
		return;
	memcpy(&s->request, s->partial, sizeof(s->request));
	s->partial_bytes = 0;
	s->sent_bytes = 0;
	s->is_answering = true;
	answer(pair, side, s);
}

static void on_server_event(struct pair *pair, struct pair_side *side,
			    const struct plx_event *event)
{
	struct server_conn *s = event->user;

	if ((event->mask & PLX_EVENT_ACCEPTED) != 0) {
		s = &world.servers[world.n_servers++];
		s->conn = event->conn;
		plx_conn_set_user(side->stack, event->conn, s);
	}
	if ((event->mask & (PLX_EVENT_CLOSED | PLX_EVENT_FAILED)) != 0) {
		if (event->error != 0 && event->error != -ECONNRESET)
			pair_fail(pair, "a server ended with %" PRId32, event->error);
		world.server_over++;
		return;
	}
	if ((event->mask & PLX_EVENT_READABLE) != 0)
		read_request(pair, side, s);
	else if ((event->mask & PLX_EVENT_WRITABLE) != 0 && s->is_answering)
		answer(pair, side, s);
	if ((event->mask & PLX_EVENT_PEER_CLOSED) != 0)
		pair_close(pair, side, s->conn);
}

static bool is_done(struct pair *pair)
{
	(void)pair;
	return world.over == CONNECTIONS && world.server_over == world.n_servers;
}

static void begin_world(struct pair *pair)
{
	world = (struct world){0};
	random_init_seed(&world.random, pair->seed);
	pair->sides[PAIR_CLIENT].on_event = on_client_event;
	pair->sides[PAIR_SERVER].on_event = on_server_event;
	pair_listen(pair, PORT, NULL, 0);
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		struct client_conn *c = &world.clients[i];

		c->manner = (enum manner)(i % MANNERS);
		c->conn = pair_connect(pair, PORT, c, NULL, 0);
	}
}

static void check_end(struct pair *pair)
{
	struct plx_stats stats = pair_stats(&pair->sides[PAIR_CLIENT]);

	assert_int_equal(world.n_servers, CONNECTIONS);
	assert_int_equal(world.answers, CONNECTIONS * REQUESTS);
	assert_int_equal(stats.counters[PLX_COUNTER_CONN_OPENED_ACTIVE], CONNECTIONS);
	pair_run_for(pair, 61 * PLX_SECOND);
	for (unsigned i = 0; i < PAIR_SIDES; i++) {
		stats = pair_stats(&pair->sides[i]);
		assert_int_equal(stats.connections, 0);
		assert_int_equal(stats.half_open, 0);
		assert_int_equal(stats.time_wait, 0);
		assert_int_equal(mbufs_in_use(pair->sides[i].config.pool),
				 pair->sides[i].buffers_before);
	}
}

static void thousand_connections(bool is_ipv6, struct link_config link)
{
	struct pair pair;

	pair_plan(&pair, test_seed(), is_ipv6);
	pair_use_link(&pair, link);
	pair_begin(&pair);
	begin_world(&pair);
	pair_run(&pair, is_done, (plx_duration)LIMIT_S * PLX_SECOND);
	check_end(&pair);
	pair_end(&pair);
}

static const struct link_config clean = {.model.delay = PLX_MILLISECOND, .batch = PLX_MILLISECOND};

static const struct link_config lossy = {
	.model = {.delay = 10 * PLX_MILLISECOND,
		  .loss_ppm = 10000,
		  .duplicate_ppm = 5000,
		  .reorder_ppm = 10000,
		  .corrupt_ppm = 5000,
		  .reorder_delay = 5 * PLX_MILLISECOND},
};

static void thousand_connections_ipv4(void **state)
{
	(void)state;
	thousand_connections(false, clean);
}

static void thousand_connections_ipv6(void **state)
{
	(void)state;
	thousand_connections(true, clean);
}

static void thousand_connections_with_loss_ipv4(void **state)
{
	(void)state;
	thousand_connections(false, lossy);
}

static void thousand_connections_with_loss_ipv6(void **state)
{
	(void)state;
	thousand_connections(true, lossy);
}

// A backlog far smaller than the rush: nobody is lost, some come later.
static void small_backlog_serves_everybody(void **state)
{
	struct plx_listen_args args = {.port = PORT, .backlog = 20};
	struct pair_side *server;
	struct pair pair;

	(void)state;
	pair_plan(&pair, test_seed(), false);
	pair_use_link(&pair, clean);
	server = &pair.sides[PAIR_SERVER];
	pair_begin(&pair);
	begin_world(&pair);
	assert_int_equal(plx_close(server->stack, server->listener), 0);
	assert_int_equal(plx_listen(server->stack, &args, &server->listener), 0);
	pair_run(&pair, is_done, (plx_duration)LIMIT_S * PLX_SECOND);
	assert_true(pair_stats(server).drops[PLX_DROP_TCP_LISTENER_BACKLOG] > 0);
	check_end(&pair);
	pair_end(&pair);
}

// The same tuples over and over: a client with few ports meets its own TIME_WAITs on the other side.
static void few_ports_are_used_again(void **state)
{
	struct pair pair;

	(void)state;
	pair_plan(&pair, test_seed(), false);
	pair_use_link(&pair, clean);
	pair.sides[PAIR_CLIENT].config.port_first = 20000;
	pair.sides[PAIR_CLIENT].config.port_last = 20000 + CONNECTIONS - 1;
	pair.sides[PAIR_CLIENT].config.time_wait = 0;
	pair_begin(&pair);
	for (unsigned round = 0; round < 3; round++) {
		if (round > 0)
			plx_close(pair.sides[PAIR_SERVER].stack, pair.sides[PAIR_SERVER].listener);
		begin_world(&pair);
		pair_run(&pair, is_done, (plx_duration)LIMIT_S * PLX_SECOND);
		assert_int_equal(world.answers, CONNECTIONS * REQUESTS);
	}
	pair_end(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thousand_connections_ipv4),
		cmocka_unit_test(thousand_connections_ipv6),
		cmocka_unit_test(thousand_connections_with_loss_ipv4),
		cmocka_unit_test(thousand_connections_with_loss_ipv6),
		cmocka_unit_test(small_backlog_serves_everybody),
		cmocka_unit_test(few_ports_are_used_again),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("pair requests", tests, NULL, NULL);
}

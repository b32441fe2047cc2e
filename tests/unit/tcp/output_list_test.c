// SPDX-License-Identifier: BSD-3-Clause
//
// The list of connections with something to send, against a queue in an array: first in, first out, however long it
// is, also where the count of those that ever came begins anew; and who is ahead is who comes out then.
// Room: engine/tcp/output_list.
#include "tcp/output_list.h"

#include "support/eal_main.h"
#include "tcp/connections.h"
#include "tcp/send_queue.h"
#include "tcp_fixture.h"

enum { CONNS = 3 * OUTPUT_LIST_LONG, TIDES = 40, STEPS = 2 * CONNS };

struct model {
	struct tcp_fixture f;
	struct tcp_conn *conns[CONNS];
	struct tcp_conn *queue[CONNS]; // a ring
	unsigned first, count;
};

// Some have nothing to send, some a little, and of `kinds` 4 some more than a slab block holds.
static void queue_something(struct model *m, struct tcp_conn *c, uint32_t kinds)
{
	static const uint8_t bytes[2 * SLAB_BYTES];
	static const uint32_t lens[] = {0, 1, SLAB_BYTES, sizeof(bytes)};
	uint32_t len = lens[random_below(&m->f.random, kinds)];

	if (len > 0)
		assert_int_equal(send_queue_append_copy(m->f.tcp, c, bytes, len), len);
}

// What it has to send has gone out, or was acknowledged, or more has come.
static void go_on(struct model *m, struct tcp_conn *c)
{
	if (random_below(&m->f.random, 2) == 0) {
		c->queue.unsent = INDEX_NONE;
		return;
	}
	send_queue_clear(m->f.tcp, c);
	queue_something(m, c, 3);
}

static struct model *model_open(uint32_t came)
{
	static struct model m;

	m.first = m.count = 0;
	m.f = tcp_fixture_prepare();
	m.f.config.max_connections = CONNS;
	m.f.config.max_send_segments = 4 * CONNS;
	tcp_fixture_open(&m.f);
	m.f.tcp->output.came = m.f.tcp->output.went = came;
	for (unsigned i = 0; i < CONNS; i++) {
		struct flow_key key = tcp_fixture_key("198.18.0.1",
						      (uint16_t)(FIXTURE_LOCAL_PORT + i));

		m.conns[i] = tcp_fixture_conn(&m.f, &key, 1, 1);
		queue_something(&m, m.conns[i], 4);
	}
	return &m;
}

static void model_close(struct model *m)
{
	for (unsigned i = 0; i < CONNS; i++)
		tcp_fixture_end(&m->f, m->conns[i]);
	tcp_fixture_close(&m->f);
}

static struct tcp_conn *queued(const struct model *m, unsigned place)
{
	return m->queue[(m->first + place) % CONNS];
}

// Whoever stands there keeps its place.
static void push(struct model *m, struct tcp_conn *c)
{
	if (!output_list_holds(c))
		m->queue[(m->first + m->count++) % CONNS] = c;
	conn_wants_output(m->f.tcp, c);
	assert_true(output_list_holds(c));
}

static void pop(struct model *m)
{
	struct tcp_conn *c = output_list_pop(m->f.tcp);

	if (m->count == 0) {
		assert_null(c);
		return;
	}
	assert_ptr_equal(c, queued(m, 0));
	assert_false(output_list_holds(c));
	m->first = (m->first + 1) % CONNS;
	m->count--;
}

static void compare(const struct model *m)
{
	unsigned known = m->count < OUTPUT_STRANDS ? m->count : OUTPUT_STRANDS;

	assert_int_equal(output_list_count(&m->f.tcp->output), m->count);
	assert_int_equal(output_list_is_empty(&m->f.tcp->output), m->count == 0);
	for (unsigned i = 0; i < known; i++)
		assert_ptr_equal(output_list_ahead(m->f.tcp, i), queued(m, i));
}

// It rises and falls, from nobody to everybody.
static void follow(uint32_t came)
{
	struct model *m = model_open(came);

	for (unsigned tide = 0; tide < TIDES; tide++) {
		uint32_t pushes_of_16 = random_below(&m->f.random, 17);

		for (unsigned i = 0; i < STEPS; i++) {
			if (i % 8 == 0)
				go_on(m, m->conns[random_below(&m->f.random, CONNS)]);
			if (random_below(&m->f.random, 16) < pushes_of_16)
				push(m, m->conns[random_below(&m->f.random, CONNS)]);
			else
				pop(m);
			compare(m);
		}
	}
	model_close(m);
}

static void first_in_is_first_out(void **state)
{
	(void)state;
	follow(0);
}

static void the_count_may_begin_anew(void **state)
{
	(void)state;
	follow(UINT32_MAX - STEPS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_in_is_first_out),
		cmocka_unit_test(the_count_may_begin_anew),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("tcp/output_list", tests, NULL, NULL);
}

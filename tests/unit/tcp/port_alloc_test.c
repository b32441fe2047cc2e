// SPDX-License-Identifier: BSD-3-Clause
//
// Ephemeral ports (RFC 6056) against a set of those in use: every port is within the range and
// nobody's, ports in TIME_WAIT come last, and none left is an answer. Nobody can tell where a
// destination begins.
// Room: engine/tcp/port_alloc.
#include "tcp/port_alloc.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/eal_main.h"
#include "tcp/state.h"
#include "tcp/time_wait.h"
#include "tcp_fixture.h"

enum {
	FIRST = 40000,
	PORTS = 60, // as many as are always looked at before one in TIME_WAIT will do
	DESTINATIONS = 3,
	ROUNDS = 20000,
};

enum use { FREE, IN_USE, IN_TIME_WAIT };

struct port {
	enum use use;
	struct tcp_conn *c;
};

struct model {
	struct tcp_fixture f;
	struct port ports[DESTINATIONS][PORTS];
};

static struct model *model_prepare(uint16_t first, uint16_t last)
{
	static struct model m;

	m = (struct model){.f = tcp_fixture_prepare()};
	m.f.config.port_first = first;
	m.f.config.port_last = last;
	return &m;
}

static struct model *model_open(uint16_t first, uint16_t last)
{
	struct model *m = model_prepare(first, last);

	tcp_fixture_open(&m->f);
	return m;
}

static struct tuple tuple_to(unsigned destination)
{
	char remote[32];

	snprintf(remote, sizeof(remote), "198.18.%u.%u", (destination >> 8) + 1, destination & 255);
	return (struct tuple){.key = tcp_fixture_key(remote, 0)};
}

static struct tcp_conn *occupy(struct model *m, const struct tuple *tuple)
{
	return tcp_fixture_conn(&m->f, &tuple->key, 1, 1);
}

// The way of an active close: the control block goes, an entry stays.
static void wait_out(struct model *m, struct tcp_conn *c)
{
	c->flags |= CONN_USER_CLOSED;
	state_set(c, PLX_STATE_FIN_WAIT_1);
	state_set(c, PLX_STATE_FIN_WAIT_2);
	time_wait_enter(m->f.tcp, c);
	tcp_fixture_settle(&m->f);
}

static unsigned count(const struct model *m, unsigned destination, enum use use)
{
	unsigned n = 0;

	for (unsigned i = 0; i < PORTS; i++)
		n += m->ports[destination][i].use == use;
	return n;
}

static void end_all(struct model *m)
{
	for (unsigned d = 0; d < DESTINATIONS; d++)
		for (unsigned i = 0; i < PORTS; i++)
			if (m->ports[d][i].use == IN_USE)
				tcp_fixture_end(&m->f, m->ports[d][i].c);
	tcp_fixture_close(&m->f);
}

static void all_ports_are_given_out_and_then_none(void **state)
{
	struct model *m = model_open(FIRST, FIRST + PORTS - 1);
	struct tuple tuple;

	(void)state;
	for (unsigned d = 0; d < DESTINATIONS; d++) {
		for (unsigned i = 0; i < PORTS; i++) {
			struct port *port;

			tuple = tuple_to(d);
			assert_int_equal(port_alloc(m->f.tcp, &tuple), 0);
			assert_int_equal(tuple.time_wait, INDEX_NONE);
			assert_int_equal(tuple.hash, flow_hash(&m->f.tcp->flow_secret, &tuple.key));
			assert_in_range(tuple.key.local_port, FIRST, FIRST + PORTS - 1);
			port = &m->ports[d][tuple.key.local_port - FIRST];
			assert_int_equal(port->use, FREE);
			*port = (struct port){IN_USE, occupy(m, &tuple)};
		}
		tuple = tuple_to(d);
		assert_int_equal(port_alloc(m->f.tcp, &tuple), -EADDRNOTAVAIL);
	}
	end_all(m);
}

static void a_range_of_one_is_enough_for_one(void **state)
{
	struct model *m = model_open(65535, 65535);
	struct tuple first = tuple_to(0), second = first;
	struct tcp_conn *c;

	(void)state;
	assert_int_equal(port_alloc(m->f.tcp, &first), 0);
	assert_int_equal(first.key.local_port, 65535);
	c = occupy(m, &first);
	assert_int_equal(port_alloc(m->f.tcp, &second), -EADDRNOTAVAIL);
	tcp_fixture_end(&m->f, c);
	assert_int_equal(port_alloc(m->f.tcp, &second), 0);
	tcp_fixture_close(&m->f);
}

static void a_tuple_is_free_unless_a_connection_has_it(void **state)
{
	struct model *m = model_open(FIRST, FIRST + PORTS - 1);
	struct tuple tuple = tuple_to(0), other = tuple;
	struct tcp_conn *c;

	(void)state;
	tuple.key.local_port = other.key.local_port = FIRST;
	other.key.remote_port++;
	assert_true(tuple_is_free(m->f.tcp, &tuple));
	assert_int_equal(tuple.time_wait, INDEX_NONE);
	c = occupy(m, &tuple);
	assert_false(tuple_is_free(m->f.tcp, &tuple));
	assert_true(tuple_is_free(m->f.tcp, &other));
	assert_int_equal(other.time_wait, INDEX_NONE);
	wait_out(m, c);
	assert_true(tuple_is_free(m->f.tcp, &tuple));
	assert_int_not_equal(tuple.time_wait, INDEX_NONE);
	assert_true(time_wait_is(m->f.tcp, tuple.time_wait, &tuple.key));
	assert_true(tuple_is_free(m->f.tcp, &other));
	assert_int_equal(other.time_wait, INDEX_NONE);
	tcp_fixture_close(&m->f);
}

// True when a port in TIME_WAIT was all there was.
static bool alloc_as_in_model(struct model *m, unsigned destination)
{
	unsigned n_free = count(m, destination, FREE);
	unsigned n_waiting = count(m, destination, IN_TIME_WAIT);
	struct tuple tuple = tuple_to(destination);
	int rc = port_alloc(m->f.tcp, &tuple);
	struct port *port;

	if (n_free + n_waiting == 0) {
		assert_int_equal(rc, -EADDRNOTAVAIL);
		return false;
	}
	assert_int_equal(rc, 0);
	assert_in_range(tuple.key.local_port, FIRST, FIRST + PORTS - 1);
	port = &m->ports[destination][tuple.key.local_port - FIRST];
	assert_int_equal(port->use, n_free > 0 ? FREE : IN_TIME_WAIT);
	assert_int_equal(tuple.time_wait != INDEX_NONE, port->use == IN_TIME_WAIT);
	if (port->use == IN_TIME_WAIT) {
		assert_true(time_wait_is(m->f.tcp, tuple.time_wait, &tuple.key));
		return true;
	}
	*port = (struct port){IN_USE, occupy(m, &tuple)};
	return false;
}

static void random_use_prefers_ports_that_nobody_remembers(void **state)
{
	struct model *m = model_open(FIRST, FIRST + PORTS - 1);
	struct random *r = &m->f.random;
	unsigned exhausted = 0, reused = 0;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned d = random_below(r, DESTINATIONS);
		struct port *port = &m->ports[d][random_below(r, PORTS)];

		reused += alloc_as_in_model(m, d);
		exhausted += count(m, d, IN_USE) == PORTS;
		if (port->use == IN_USE && random_below(r, 4) == 0) {
			tcp_fixture_end(&m->f, port->c);
			port->use = FREE;
		} else if (port->use == IN_USE && random_below(r, 8) == 0) {
			wait_out(m, port->c);
			port->use = IN_TIME_WAIT;
		}
		// Now and then time passes, and TIME_WAIT is over.
		if (random_below(r, 200) != 0)
			continue;
		m->f.tcp->now += m->f.tcp->config.time_wait;
		time_wait_expire(m->f.tcp, UINT_MAX);
		for (unsigned i = 0; i < DESTINATIONS * PORTS; i++)
			if (m->ports[i / PORTS][i % PORTS].use == IN_TIME_WAIT)
				m->ports[i / PORTS][i % PORTS].use = FREE;
	}
	assert_true(exhausted > 0);
	assert_true(reused > 0);
	end_all(m);
}

// RFC 6056 3.3.4: ports for one destination go up by one each time, so that each rests as long as
// it can.
static void ports_for_one_destination_rest_as_long_as_they_can(void **state)
{
	struct model *m = model_open(1024, 65535);
	struct tuple tuple = tuple_to(0);
	uint16_t last;

	(void)state;
	assert_int_equal(port_alloc(m->f.tcp, &tuple), 0);
	last = tuple.key.local_port;
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(port_alloc(m->f.tcp, &tuple), 0);
		assert_int_equal(tuple.key.local_port, last == 65535 ? 1024 : last + 1);
		last = tuple.key.local_port;
	}
	tcp_fixture_close(&m->f);
}

// RFC 6056 3.3.4: F() has the local address too, so that two sources, in turn, have a sequence each for one
// destination, and neither tells anything of the other.
static void each_source_has_a_sequence_of_its_own(void **state)
{
	enum { TURNS = 200 };
	static const char *const sources[] = {"198.18.0.2", "198.18.0.3"};
	struct model *m = model_prepare(1024, 65535);
	int last[2] = {0};

	(void)state;
	m->f.config.seed = 1; // one of the many by which the two have no counter in common
	tcp_fixture_open(&m->f);
	for (unsigned i = 0; i < 2 * TURNS; i++) {
		struct tuple tuple = tuple_to(0);
		int *before = &last[i % 2];

		assert_int_equal(plx_addr_parse(sources[i % 2], &tuple.key.local), 0);
		assert_int_equal(port_alloc(m->f.tcp, &tuple), 0);
		assert_int_equal(tuple.hash, flow_hash(&m->f.tcp->flow_secret, &tuple.key));
		if (i >= 2)
			assert_int_equal(tuple.key.local_port,
					 *before == 65535 ? 1024 : *before + 1);
		*before = tuple.key.local_port;
	}
	assert_true(abs(last[0] - last[1]) > TURNS);
	tcp_fixture_close(&m->f);
}

// What is expected of a destination is forgotten when another one takes its place: what is chosen stays the same.
static void more_destinations_than_are_remembered_keep_their_sequences(void **state)
{
	enum { MANY = 2 * PORTS_AHEAD + 17, TURNS = 5 };
	struct model *m = model_open(1024, 65535);
	static int last[MANY];

	(void)state;
	for (unsigned i = 0; i < MANY * TURNS; i++) {
		unsigned destination = i % MANY;
		struct tuple tuple = tuple_to(destination);
		uint32_t counter_was[PORT_COUNTERS];
		unsigned counters = 0;
		int step;

		memcpy(counter_was, m->f.tcp->port_counters, sizeof(counter_was));
		assert_int_equal(port_alloc(m->f.tcp, &tuple), 0);
		assert_int_equal(tuple.hash, flow_hash(&m->f.tcp->flow_secret, &tuple.key));
		for (unsigned k = 0; k < PORT_COUNTERS; k++)
			counters += counter_was[k] != m->f.tcp->port_counters[k];
		assert_int_equal(counters, 1);
		// Further on by one, and by one more for each that shares its counter.
		step = (tuple.key.local_port - last[destination] + 64512) % 64512;
		if (i >= MANY)
			assert_in_range(step, 1, 8);
		last[destination] = tuple.key.local_port;
	}
	tcp_fixture_close(&m->f);
}

// RFC 6056 3.3.4: what one destination gets tells nothing of where another begins.
static void each_destination_begins_somewhere_else(void **state)
{
	enum { MANY = 20000, BUCKETS = 32 };
	struct model *m = model_open(1024, 65535);
	unsigned ports[BUCKETS] = {0}, steps[BUCKETS] = {0};
	uint32_t last = 0;

	(void)state;
	// The counters begin at random too; the offsets must do without that.
	memset(m->f.tcp->port_counters, 0, sizeof(m->f.tcp->port_counters));
	for (unsigned i = 0; i < MANY; i++) {
		struct tuple tuple = tuple_to(i);
		uint32_t port;

		assert_int_equal(port_alloc(m->f.tcp, &tuple), 0);
		port = tuple.key.local_port - 1024u;
		ports[port / (64512 / BUCKETS)]++;
		steps[(port + 64512 - last) % 64512 / (64512 / BUCKETS)]++;
		last = port;
	}
	for (unsigned i = 0; i < BUCKETS; i++) {
		assert_in_range(ports[i], MANY / BUCKETS / 2, MANY / BUCKETS * 2);
		assert_in_range(steps[i], MANY / BUCKETS / 2, MANY / BUCKETS * 2);
	}
	tcp_fixture_close(&m->f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_ports_are_given_out_and_then_none),
		cmocka_unit_test(a_range_of_one_is_enough_for_one),
		cmocka_unit_test(a_tuple_is_free_unless_a_connection_has_it),
		cmocka_unit_test(random_use_prefers_ports_that_nobody_remembers),
		cmocka_unit_test(ports_for_one_destination_rest_as_long_as_they_can),
		cmocka_unit_test(each_source_has_a_sequence_of_its_own),
		cmocka_unit_test(more_destinations_than_are_remembered_keep_their_sequences),
		cmocka_unit_test(each_destination_begins_somewhere_else),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("tcp/port_alloc", tests, NULL, NULL);
}

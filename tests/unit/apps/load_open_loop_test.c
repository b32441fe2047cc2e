// SPDX-License-Identifier: BSD-3-Clause
//
// The open loop: every request at its time, whatever the target does; what waits has its waiting in
// its latency, and no request is missing in the end.
// Rooms: apps/load, apps/load_schedule.
#include "load_fixture.h"

#include <stdlib.h>

static void an_open_loop_sends_at_the_times_of_its_schedule(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.rate_per_s = 4;
	config.connections = 2;
	load_begin(&config);
	run();
	assert_int_equal(fake_count_open(stack), 2);
	expect_nothing_sent(nth(0));
	connected(nth(0)); // the first was due at the start, and waited
	connected(nth(1));
	expect_request(nth(0), REQUEST);
	expect_nothing_sent(nth(1));
	assert_int_equal(run(), LOAD_START + PLX_SECOND / 4);
	run_after(PLX_SECOND / 4);
	expect_request(nth(1), REQUEST);
	now += 10;
	responds(nth(0), OK);
	responds(nth(1), OK);
	expect_nothing_sent(nth(0));
	run_after(PLX_SECOND / 4);
	expect_request(nth(0), REQUEST); // the one that has been idle for longest
	expect_nothing_sent(nth(1));
	expect_no_errors();
}

#define N_TARGETS 8 // connections of a simulation at most

// A target that answers every request `service` after it was sent, but for a stall. The test hops
// from one deadline to the next, so a deadline that is too late would show as latency.
struct target {
	plx_duration service;
	plx_time stall_from;
	plx_time stall_until;
	plx_time answer_at[N_TARGETS]; // PLX_TIME_NEVER: nothing asked
};

static plx_time answer_time(const struct target *target)
{
	plx_time at_time = now + target->service;

	return at_time >= target->stall_from && at_time < target->stall_until ? target->stall_until
									      : at_time;
}

static void serve_one(struct target *target, plx_conn conn)
{
	struct fake_connection *c = at(conn);
	plx_time *answer_at = &target->answer_at[conn.index];

	if (c->is_closed) {
		ends(conn);
		return;
	}
	if (*answer_at <= now) {
		*answer_at = PLX_TIME_NEVER;
		responds(conn, OK);
	}
	if (c->sent.taken < c->sent.len) {
		c->sent.taken = c->sent.len;
		*answer_at = answer_time(target);
	}
}

static plx_time first_answer(const struct target *target)
{
	plx_time first = PLX_TIME_NEVER;

	for (unsigned i = 0; i < N_TARGETS; i++)
		first = target->answer_at[i] < first ? target->answer_at[i] : first;
	return first;
}

static void simulate(struct target *target)
{
	for (unsigned i = 0; i < N_TARGETS; i++)
		target->answer_at[i] = PLX_TIME_NEVER;
	while (!load->ops->is_finished(load)) {
		for (unsigned i = fake_count_open(stack); i-- > 0;)
			serve_one(target, nth(i));
		uint64_t opened = results()->connections_opened;
		plx_time next = run();

		for (; opened < results()->connections_opened; opened++, next = now)
			connected(nth((unsigned)opened));
		for (unsigned i = 0; i < fake_count_open(stack); i++)
			if (at(nth(i))->sent.taken < at(nth(i))->sent.len || at(nth(i))->is_closed)
				next = now;
		if (first_answer(target) < next)
			next = first_answer(target);
		now = next > now ? next : now;
	}
}

static void so_many_seconds_at_a_rate_send_exactly_their_product(void **state)
{
	struct load_config config = load_config_plain();
	struct target target = {.service = 100 * PLX_MICROSECOND};

	(void)state;
	config.rate_per_s = 997;
	config.connections = 3;
	load_begin(&config);
	simulate(&target);
	assert_int_equal(results()->requests_sent, 9970);
	assert_int_equal(results()->requests_answered, 9970);
	assert_int_equal(results()->requests_unsent, 0);
	assert_int_equal(results()->latency.min, 100 * PLX_MICROSECOND);
	assert_int_equal(results()->latency.max, 100 * PLX_MICROSECOND);
	assert_int_equal(results()->ended, LOAD_START + 10 * PLX_SECOND);
	expect_no_errors();
	expect_sums(0);
}

// One connection, 1000 requests a second, 100 us each, and one second in which nothing is answered:
// what was due in the stall is sent afterwards as fast as one connection can, and its latency is
// from when it was due.
static void a_stall_of_the_target_is_in_the_latencies(void **state)
{
	struct load_config config = load_config_plain();
	struct target target = {.service = 100 * PLX_MICROSECOND,
				.stall_from = LOAD_START + 2 * PLX_SECOND,
				.stall_until = LOAD_START + 3 * PLX_SECOND};
	struct histogram *model = calloc(1, sizeof(*model));
	plx_time free_at = LOAD_START;

	(void)state;
	histogram_init(model);
	for (uint64_t k = 0; k < 10000; k++) {
		plx_time due = LOAD_START + k * PLX_MILLISECOND;
		plx_time answered = (due > free_at ? due : free_at) + target.service;

		if (answered >= target.stall_from && answered < target.stall_until)
			answered = target.stall_until;
		histogram_record(model, answered - due);
		free_at = answered;
	}
	config.rate_per_s = 1000;
	load_begin(&config);
	simulate(&target);
	assert_int_equal(results()->requests_answered, 10000);
	assert_memory_equal(&results()->latency, model, sizeof(*model));
	assert_true(histogram_percentile(model, 99000) > 500 * PLX_MILLISECOND);
	expect_no_errors();
	free(model);
}

static void requests_that_nobody_could_take_are_counted_as_unsent(void **state)
{
	struct load_config config = load_config_plain();
	struct target target = {.service = 10 * PLX_MILLISECOND};

	(void)state;
	config.rate_per_s = 1000; // ten times what one connection can
	config.duration = PLX_SECOND;
	load_begin(&config);
	simulate(&target);
	assert_int_equal(results()->requests_sent, 100);
	assert_int_equal(results()->requests_unsent, 900);
	expect_no_errors();
	expect_sums(0);
}

// The worker was held up over the end: that is not the target's fault, and no request is missing.
static void what_was_due_before_the_end_is_sent_after_it_when_connections_are_free(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.rate_per_s = 1000;
	config.connections = 600;
	config.duration = PLX_SECOND;
	load_begin(&config);
	while (results()->connections_established < 600) {
		run();
		for (uint64_t i = results()->connections_established; i < fake_count_open(stack);
		     i++)
			connected(nth((unsigned)i));
	}
	run_after(600 * PLX_MILLISECOND);
	run();
	run();
	for (unsigned i = 0; i < 600; i++)
		if (at(nth(i))->sent.len > 0)
			responds(nth(i), OK);
	assert_int_equal(results()->requests_answered, 600); // one of them took the 601st
	assert_true(run_after(PLX_SECOND) <= now);	     // 256 in an iteration
	while (results()->ended == 0)
		run();
	assert_int_equal(results()->requests_sent, 1000);
	assert_int_equal(results()->requests_unsent, 0);
	assert_int_equal(results()->ended, LOAD_START + PLX_SECOND);
	expect_sums(400);
}

static void a_new_connection_for_each_request_is_opened_when_it_is_due(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.rate_per_s = 10;
	config.requests_per_connection = 1;
	config.connections = 2;
	load_begin(&config);
	run();
	assert_int_equal(results()->connections_opened, 1);
	plx_conn first = nth(0);

	expect_request(first, LAST_REQUEST);
	run_after(PLX_SECOND / 20);
	assert_int_equal(results()->connections_opened, 1);
	run_after(PLX_SECOND / 20);
	assert_int_equal(results()->connections_opened, 2);
	run_after(PLX_SECOND / 10); // both are taken: the third waits
	assert_int_equal(results()->connections_opened, 2);
	connected(first);
	responds(first, OK_CLOSE);
	closes(first);
	ends(first);
	run_after(PLX_SECOND / 100);
	assert_int_equal(results()->connections_opened, 3);
	expect_request(nth(0), LAST_REQUEST);
	connected(nth(0));
	responds(nth(0), OK_CLOSE);
	assert_int_equal(results()->latency.min, PLX_SECOND / 100);
	expect_no_errors();
	expect_sums(1);
}

static void workers_share_connections_and_requests(void **state)
{
	struct load_config config = load_config_plain();
	uint64_t connections = 0, sent = 0;

	(void)state;
	config.connections = 3;
	config.rate_per_s = 100;
	config.duration = PLX_SECOND;
	config.share_count = 5;
	for (config.share_index = 0; config.share_index < 5; config.share_index++) {
		struct target target = {.service = PLX_MILLISECOND};

		now = LOAD_START;
		load_begin(&config);
		simulate(&target);
		connections += results()->connections_opened;
		sent += results()->requests_sent;
		assert_int_equal(results()->requests_unsent, 0);
		assert_int_equal(results()->connections_opened,
				 load_share(3, config.share_index, 5));
		load->ops->destroy(load);
		load = NULL;
	}
	assert_int_equal(connections, 3);
	assert_int_equal(sent, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOAD_TEST(an_open_loop_sends_at_the_times_of_its_schedule),
		LOAD_TEST(so_many_seconds_at_a_rate_send_exactly_their_product),
		LOAD_TEST(a_stall_of_the_target_is_in_the_latencies),
		LOAD_TEST(requests_that_nobody_could_take_are_counted_as_unsent),
		LOAD_TEST(what_was_due_before_the_end_is_sent_after_it_when_connections_are_free),
		LOAD_TEST(a_new_connection_for_each_request_is_opened_when_it_is_due),
		LOAD_TEST(workers_share_connections_and_requests),
	};

	return cmocka_run_group_tests_name("load_open_loop", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// The load where nothing goes wrong: closed and open loop, reconnecting, ramping up, ending.
// Rooms: apps/load, apps/load_connection, apps/load_request, apps/load_results.
#include "load_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void a_request_rides_on_the_handshake_and_the_next_follows_its_answer(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	load_begin(&config);
	run();
	plx_conn conn = nth(0);

	expect_request(conn, REQUEST);
	now += 1000;
	connected(conn);
	expect_nothing_sent(conn);
	now += 2000;
	responds(conn, OK);
	expect_request(conn, REQUEST);
	now += 500;
	responds(conn, OK);
	assert_int_equal(results()->requests_answered, 2);
	assert_int_equal(results()->latency.max, 3000);
	assert_int_equal(results()->latency.min, 500);
	assert_int_equal(results()->tx_bytes, 3 * strlen(REQUEST));
	assert_int_equal(results()->rx_bytes, 2 * strlen(OK));
	assert_int_equal(results()->connections_established, 1);
	assert_false(at(conn)->nagle);
	expect_no_errors();
	expect_sums(1);
}

static void a_response_may_come_in_pieces(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	load_begin(&config);
	run();
	connected(nth(0));
	expect_request(nth(0), REQUEST);
	for (size_t i = 0; i < strlen(OK); i++) {
		expect_nothing_sent(nth(0));
		responds(nth(0), (char[]){OK[i], '\0'});
	}
	expect_request(nth(0), REQUEST);
	expect_no_errors();
}

static void a_request_that_does_not_fit_is_sent_in_pieces(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	fake_control(stack)->room = 5;
	load_begin(&config);
	run();
	plx_conn conn = nth(0);

	connected(conn);
	while (at(conn)->sent.len < strlen(REQUEST)) {
		at(conn)->room = 7;
		event(conn, PLX_EVENT_WRITABLE);
	}
	expect_request(conn, REQUEST);
	responds(conn, OK);
	assert_int_equal(results()->requests_answered, 1);
	expect_no_errors();
}

static void the_last_request_of_a_connection_says_so_and_another_one_follows(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.requests_per_connection = 2;
	load_begin(&config);
	for (unsigned round = 0; round < 3; round++) {
		run();
		plx_conn conn = nth(0);

		expect_request(conn, REQUEST);
		connected(conn);
		responds(conn, OK);
		expect_request(conn, LAST_REQUEST);
		responds(conn, OK_CLOSE);
		assert_false(at(conn)->is_closed); // the target closes first
		closes(conn);
		ends(conn);
	}
	assert_int_equal(results()->connections_closed, 3);
	assert_int_equal(results()->requests_answered, 6);
	expect_no_errors();
}

static void a_target_that_keeps_the_connection_after_the_last_request_is_left(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.requests_per_connection = 1;
	load_begin(&config);
	run();
	connected(nth(0));
	expect_request(nth(0), LAST_REQUEST);
	responds(nth(0), OK);
	ends(nth(0));
	expect_no_errors();
}

static void a_response_with_the_fin_behind_it_is_one_event(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.requests_per_connection = 1;
	load_begin(&config);
	run();
	plx_conn conn = nth(0);

	connected(conn);
	fake_arrive(stack, conn, OK_CLOSE, strlen(OK_CLOSE));
	event(conn, PLX_EVENT_READABLE | PLX_EVENT_PEER_CLOSED);
	ends(conn);
	assert_int_equal(results()->requests_answered, 1);
	expect_no_errors();
}

static void a_body_that_ends_with_the_connection_is_an_answer(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	load_begin(&config);
	run();
	connected(nth(0));
	responds(nth(0), "HTTP/1.0 200 OK\r\n\r\nsome");
	responds(nth(0), "thing");
	assert_int_equal(results()->requests_answered, 0);
	closes(nth(0));
	ends(nth(0));
	assert_int_equal(results()->requests_answered, 1);
	expect_no_errors();
}

static void a_target_that_closes_between_requests_is_connected_to_again(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.rate_per_s = 1;
	load_begin(&config);
	run();
	connected(nth(0)); // and takes the request that was due at the start
	run();
	responds(nth(0), OK);
	now += PLX_MILLISECOND;
	closes(nth(0));
	ends(nth(0));
	run();
	assert_int_equal(results()->connections_opened, 2);
	expect_nothing_sent(nth(0));
	connected(nth(0));
	run_after(PLX_SECOND);
	expect_request(nth(0), REQUEST);
	expect_no_errors();
}

// RFC 9112 9.3.1.
static void a_request_that_crosses_the_fin_is_sent_again(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	load_begin(&config);
	run();
	connected(nth(0));
	responds(nth(0), OK); // the second request is on its way now
	now += 700;
	closes(nth(0));
	assert_true(at(nth(0))->is_closed);
	fails(nth(0), -ECONNRESET); // what a closed target answers to the request
	run();
	connected(nth(0));
	expect_request(nth(0), REQUEST);
	now += 300;
	responds(nth(0), OK);
	assert_int_equal(results()->requests_retried, 1);
	assert_int_equal(results()->requests_answered, 2);
	assert_int_equal(results()->latency.max, 1000); // from its first sending
	assert_int_equal(results()->connections_closed, 1);
	expect_no_errors();
	expect_sums(1);
}

static void a_request_that_crosses_fin_and_reset_in_one_event_is_sent_again(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	load_begin(&config);
	run();
	connected(nth(0));
	responds(nth(0), OK);
	fake_event(stack, load, nth(0), PLX_EVENT_PEER_CLOSED | PLX_EVENT_FAILED, -ECONNRESET, now);
	run();
	connected(nth(0));
	responds(nth(0), OK);
	assert_int_equal(results()->requests_retried, 1);
	assert_int_equal(results()->requests_answered, 2);
	expect_no_errors();
	expect_sums(1);
}

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

// A target that answers every request `service` after it was sent, but for a stall. The test hops from one
// deadline to the next, so a deadline that is too late would show as latency.
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

// One connection, 1000 requests a second, 100 us each, and one second in which nothing is answered: what was
// due in the stall is sent afterwards as fast as one connection can, and its latency is from when
// it was due.
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

static void connections_are_opened_no_faster_than_twice_as_fast_as_they_are_accepted(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.connections = 1000;
	load_begin(&config);
	run();
	assert_int_equal(fake_count_open(stack), 32); // at most so many in an iteration
	assert_int_equal(run(),
			 now + LOAD_TIMEOUT / 16 + 1); // nothing to do before the target answers
	assert_int_equal(fake_count_open(stack), 64);
	run();
	assert_int_equal(fake_count_open(stack), 64);
	for (unsigned i = 0; i < 10; i++)
		connected(nth(i));
	assert_true(run() > now);
	assert_int_equal(fake_count_open(stack), 84);
	for (unsigned i = 10; i < 84; i++)
		connected(nth(i));
	for (unsigned i = 0; i < 10; i++)
		run();
	assert_int_equal(fake_count_open(stack), 84 + 2 * 74);
}

static void every_pair_of_source_and_port_has_its_turn(void **state)
{
	struct load_config config = load_config_plain();
	bool is_seen[6][4] = {0};

	(void)state;
	config.port_first = 8080;
	config.port_last = 8083;
	config.source_first.bytes[14] = 1; // a carry lies between
	config.source_first.bytes[15] = 253;
	config.n_sources = 6;
	config.connections = 24;
	load_begin(&config);
	run();
	assert_int_equal(fake_count_open(stack), 24);
	for (unsigned i = 0; i < 24; i++) {
		const struct fake_connection *c = at(nth(i));
		unsigned source = c->local.bytes[14] * 256 + c->local.bytes[15] - 256 - 253;
		unsigned port = c->remote_port - 8080;

		assert_in_range(source, 0, 5);
		assert_in_range(port, 0, 3);
		assert_false(is_seen[source][port]);
		is_seen[source][port] = true;
	}
}

static void the_host_field_names_a_port_that_is_not_80(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.host = "[fd00::2]";
	config.port_first = 80;
	config.port_last = 81;
	config.connections = 4;
	load_begin(&config);
	run();
	for (unsigned i = 0; i < 4; i++)
		expect_request(nth(i),
			       at(nth(i))->remote_port == 80
				       ? "GET /path HTTP/1.1\r\nHost: [fd00::2]\r\n\r\n"
				       : "GET /path HTTP/1.1\r\nHost: [fd00::2]:81\r\n\r\n");
}

static void at_the_end_idle_connections_are_closed_and_answers_awaited(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.rate_per_s = 1;
	config.connections = 2;
	config.duration = 1500 * PLX_MILLISECOND;
	load_begin(&config);
	run();
	plx_conn busy = nth(0), idle = nth(1);

	connected(busy);
	connected(idle);
	run();
	responds(busy, OK);
	run_after(PLX_SECOND);
	expect_request(idle, REQUEST);
	run_after(PLX_SECOND / 2);
	ends(busy);
	assert_false(at(idle)->is_closed);
	run_after(PLX_SECOND);
	responds(idle, OK);
	ends(idle);
	assert_true(load->ops->is_finished(load));
	assert_int_equal(results()->requests_answered, 2);
	expect_no_errors();
	expect_sums(0);
}

static void the_load_ends_when_its_connections_have(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.connections = 3;
	config.duration = PLX_SECOND;
	load_begin(&config);
	run();
	plx_conn first = nth(0), second = nth(1), third = nth(2);

	connected(first);
	connected(second);
	assert_false(load->ops->is_finished(load));
	run_after(config.duration);
	responds(first, OK); // still counts, and no other follows
	ends(first);
	connected(third);
	responds(third, OK);
	responds(second, OK);
	ends(second);
	assert_false(load->ops->is_finished(load));
	ends(third);
	assert_true(load->ops->is_finished(load));
	assert_int_equal(results()->requests_answered, 3);
	expect_no_errors();
	expect_sums(0);
}

static void a_stop_ends_it_before_its_time(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.duration = 0;
	config.rate_per_s = 10;
	load_begin(&config);
	run();
	connected(nth(0));
	responds(nth(0), OK);
	now += 450 * PLX_MILLISECOND;
	load->ops->stop(load, now);
	run();
	ends(nth(0));
	assert_true(load->ops->is_finished(load));
	assert_int_equal(results()->ended, now);
	assert_int_equal(results()->requests_sent, 1);
	assert_int_equal(results()->requests_unsent, 4);
	expect_no_errors();
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

static void results_of_workers_add_up(void **state)
{
	struct load_results *total = calloc(3, sizeof(*total));
	struct load_results *a = total + 1, *b = total + 2;

	(void)state;
	load_results_init(total);
	load_results_init(a);
	load_results_init(b);
	a->started = 100;
	b->started = 90;
	a->ended = 200;
	b->ended = 210;
	a->requests_sent = 5;
	b->requests_sent = 6;
	b->errors[LOAD_ERROR_RESET] = 2;
	b->bad_status = 503;
	histogram_record(&a->latency, 10);
	histogram_record(&b->latency, 20);
	load_results_merge(total, a);
	load_results_merge(total, b);
	assert_int_equal(total->started, 90);
	assert_int_equal(total->ended, 210);
	assert_int_equal(total->requests_sent, 11);
	assert_int_equal(total->errors[LOAD_ERROR_RESET], 2);
	assert_int_equal(total->bad_status, 503);
	assert_int_equal(total->latency.count, 2);
	assert_int_equal(total->latency.max, 20);
	a->ended = 0; // still runs
	load_results_merge(total, a);
	assert_int_equal(total->ended, 0);
	free(total);
}

static void refuses(const struct load_config *config)
{
	struct application *none;

	assert_int_equal(load_create(config, &none), -EINVAL);
	assert_null(none);
}

static void a_configuration_that_contradicts_itself_is_refused(void **state)
{
	struct load_config config;

	(void)state;
	config = load_config_plain();
	config.port_last = 79;
	refuses(&config);
	config = load_config_plain();
	config.path = "path";
	refuses(&config);
	config.path = "/a b";
	refuses(&config);
	config = load_config_plain();
	config.connections = 0;
	refuses(&config);
	config = load_config_plain();
	config.share_index = 1;
	refuses(&config);
	config = load_config_plain();
	config.n_sources = 1;
	refuses(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOAD_TEST(a_request_rides_on_the_handshake_and_the_next_follows_its_answer),
		LOAD_TEST(a_response_may_come_in_pieces),
		LOAD_TEST(a_request_that_does_not_fit_is_sent_in_pieces),
		LOAD_TEST(the_last_request_of_a_connection_says_so_and_another_one_follows),
		LOAD_TEST(a_target_that_keeps_the_connection_after_the_last_request_is_left),
		LOAD_TEST(a_response_with_the_fin_behind_it_is_one_event),
		LOAD_TEST(a_body_that_ends_with_the_connection_is_an_answer),
		LOAD_TEST(a_target_that_closes_between_requests_is_connected_to_again),
		LOAD_TEST(a_request_that_crosses_the_fin_is_sent_again),
		LOAD_TEST(a_request_that_crosses_fin_and_reset_in_one_event_is_sent_again),
		LOAD_TEST(an_open_loop_sends_at_the_times_of_its_schedule),
		LOAD_TEST(so_many_seconds_at_a_rate_send_exactly_their_product),
		LOAD_TEST(a_stall_of_the_target_is_in_the_latencies),
		LOAD_TEST(requests_that_nobody_could_take_are_counted_as_unsent),
		LOAD_TEST(a_new_connection_for_each_request_is_opened_when_it_is_due),
		LOAD_TEST(connections_are_opened_no_faster_than_twice_as_fast_as_they_are_accepted),
		LOAD_TEST(every_pair_of_source_and_port_has_its_turn),
		LOAD_TEST(the_host_field_names_a_port_that_is_not_80),
		LOAD_TEST(at_the_end_idle_connections_are_closed_and_answers_awaited),
		LOAD_TEST(the_load_ends_when_its_connections_have),
		LOAD_TEST(a_stop_ends_it_before_its_time),
		LOAD_TEST(workers_share_connections_and_requests),
		LOAD_TEST(results_of_workers_add_up),
		LOAD_TEST(a_configuration_that_contradicts_itself_is_refused),
	};

	return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}

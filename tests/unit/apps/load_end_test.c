// SPDX-License-Identifier: BSD-3-Clause
//
// The end of a load: no request is begun, answers are awaited for a bounded time, and what has not
// come by then is counted as what it is.
// Rooms: apps/load, apps/load_connection.
#include "load_fixture.h"

#include <errno.h>

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

static void what_is_unanswered_when_the_drain_is_over_is_unfinished(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.connections = 2;
	config.duration = PLX_SECOND;
	config.drain = 2 * PLX_SECOND;
	load_begin(&config);
	run();
	connected(nth(0)); // the other one is still connecting
	run_after(PLX_SECOND);
	run_after(2 * PLX_SECOND - 1);
	assert_false(at(nth(0))->is_aborted);
	run_after(1);
	dies(nth(1));
	dies(nth(0));
	assert_true(load->ops->is_finished(load));
	expect_errors(LOAD_ERROR_UNFINISHED, 2);
	assert_int_equal(results()->requests_failed, 2);
	expect_sums(0);
}

// It closes in order just when its time is over, and the request that crossed with that wants
// another one.
static void nothing_is_begun_again_when_the_drain_is_over(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.duration = PLX_SECOND;
	config.drain = PLX_SECOND;
	load_begin(&config);
	run();
	connected(nth(0));
	responds(nth(0), OK);
	run_after(PLX_SECOND);
	closes(nth(0));
	run_after(PLX_SECOND - 1);
	ends(nth(0));
	fake_control(stack)->connect_error = -EADDRNOTAVAIL;
	assert_int_equal(run(), now + 1);
	run_after(1);
	assert_true(load->ops->is_finished(load));
	assert_int_equal(results()->errors[LOAD_ERROR_UNFINISHED], 1);
	expect_sums(0);
}

static void a_request_that_never_got_a_port_is_unfinished(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.rate_per_s = 10;
	config.requests_per_connection = 1;
	config.duration = PLX_SECOND;
	config.drain = PLX_SECOND;
	fake_control(stack)->connect_error = -EADDRNOTAVAIL;
	load_begin(&config);
	run();
	run_after(PLX_SECOND);
	assert_false(load->ops->is_finished(load));
	run_after(PLX_SECOND);
	assert_true(load->ops->is_finished(load));
	assert_int_equal(results()->errors[LOAD_ERROR_NO_PORT], 1);
	assert_int_equal(results()->errors[LOAD_ERROR_UNFINISHED], 1);
	assert_int_equal(results()->requests_unsent, 9);
	expect_sums(0);
}

static void a_connection_that_failed_is_not_wanted_after_the_end(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	load_begin(&config);
	run();
	fails(nth(0), -ECONNRESET);
	load->ops->stop(load, now);
	run_after(PLX_SECOND);
	assert_true(load->ops->is_finished(load));
	assert_int_equal(results()->connections_opened, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOAD_TEST(at_the_end_idle_connections_are_closed_and_answers_awaited),
		LOAD_TEST(the_load_ends_when_its_connections_have),
		LOAD_TEST(a_stop_ends_it_before_its_time),
		LOAD_TEST(what_is_unanswered_when_the_drain_is_over_is_unfinished),
		LOAD_TEST(nothing_is_begun_again_when_the_drain_is_over),
		LOAD_TEST(a_request_that_never_got_a_port_is_unfinished),
		LOAD_TEST(a_connection_that_failed_is_not_wanted_after_the_end),
	};

	return cmocka_run_group_tests_name("load_end", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// How connections come to be opened: never more handshakes on their way than the configuration
// says, on request all of them before the first request. And how they are closed when all is over.
// Rooms: apps/load, apps/load_connection, apps/load_results.
#include "load_fixture.h"

#include <errno.h>

static struct load_config opening_config(uint32_t connections, uint32_t opening)
{
	struct load_config config = load_config_plain();

	config.connections = connections;
	config.opening = opening;
	return config;
}

static void run_some(void)
{
	for (unsigned i = 0; i < 10; i++)
		run();
}

static void so_many_handshakes_are_on_their_way_at_a_time(void **state)
{
	struct load_config config = opening_config(200, 10);

	(void)state;
	load_begin(&config);
	run_some();
	assert_int_equal(fake_count_open(stack), 10);
	assert_true(run() > now); // nothing to do before the target answers
	for (unsigned i = 0; i < 3; i++)
		connected(nth(i));
	assert_int_equal(run(), now + LOAD_TIMEOUT / 16 + 1);
	assert_int_equal(fake_count_open(stack), 13);
	for (unsigned done = 3; done < 190; done++) {
		connected(nth(done));
		run();
		assert_int_equal(fake_count_open(stack), done + 1 + 10);
	}
	expect_no_errors();
}

static void a_handshake_that_fails_makes_room_for_another(void **state)
{
	struct load_config config = opening_config(3, 2);

	(void)state;
	load_begin(&config);
	run_some();
	assert_int_equal(fake_count_open(stack), 2);
	fails(nth(0), -ECONNREFUSED);
	run_some();
	assert_int_equal(fake_count_open(stack), 2);
	assert_int_equal(results()->connections_opened, 3);
	expect_errors(LOAD_ERROR_REFUSED, 1);
}

static void without_a_bound_they_are_as_many_as_the_target_accepts(void **state)
{
	struct load_config config = opening_config(500, 0);

	(void)state;
	load_begin(&config);
	run_some();
	assert_int_equal(fake_count_open(stack), 64);
	for (unsigned i = 0; i < 64; i++)
		connected(nth(i));
	run_some();
	assert_int_equal(fake_count_open(stack), 64 + 128);
}

// Its time has come: that it waits for a handshake is part of its latency, not of our politeness.
static void a_request_that_is_due_does_not_wait_for_the_handshakes_of_others(void **state)
{
	struct load_config config = opening_config(5, 1);

	(void)state;
	config.rate_per_s = 10;
	config.requests_per_connection = 1;
	load_begin(&config);
	run();
	for (unsigned i = 1; i < 5; i++)
		run_after(PLX_SECOND / 10);
	assert_int_equal(fake_count_open(stack), 5);
	assert_int_equal(results()->connections_established, 0);
	expect_no_errors();
}

static struct load_config open_first_config(uint32_t connections)
{
	struct load_config config = load_config_plain();

	config.connections = connections;
	config.open_first = true;
	return config;
}

static void no_request_is_sent_before_all_connections_are_open(void **state)
{
	struct load_config config = open_first_config(3);

	(void)state;
	load_begin(&config);
	run();
	connected(nth(0));
	run_after(PLX_SECOND);
	connected(nth(1));
	assert_true(run() > now);
	for (unsigned i = 0; i < 3; i++)
		expect_nothing_sent(nth(i));
	connected(nth(2));
	run();
	for (unsigned i = 0; i < 3; i++)
		expect_request(nth(i), REQUEST);
	assert_int_equal(results()->connections_waiting, 3);
	assert_int_equal(results()->opening, PLX_SECOND);
	assert_int_equal(results()->started, LOAD_START + PLX_SECOND);
	responds(nth(0), OK);
	expect_request(nth(0), REQUEST); // in closed loop, as ever
	expect_no_errors();
	expect_sums(3);
}

static void its_duration_begins_with_the_requests(void **state)
{
	struct load_config config = open_first_config(2);

	(void)state;
	load_begin(&config);
	run();
	connected(nth(0));
	run_after(2 * PLX_SECOND);
	connected(nth(1));
	run();
	run_after(10 * PLX_SECOND - 1);
	assert_int_equal(results()->ended, 0);
	run_after(1);
	assert_int_equal(results()->ended, LOAD_START + 12 * PLX_SECOND);
}

static void a_schedule_begins_with_the_requests_and_takes_each_connection_once(void **state)
{
	struct load_config config = open_first_config(4);

	(void)state;
	config.rate_per_s = 2;
	config.duration = 2 * PLX_SECOND;
	load_begin(&config);
	run();
	now += PLX_SECOND;
	for (unsigned i = 0; i < 4; i++)
		connected(nth(i));
	for (unsigned i = 0; i < 4; i++) {
		run();
		expect_request(nth(i), REQUEST);
		responds(nth(i), OK);
		expect_nothing_sent(nth(i));
		now += PLX_SECOND / 2;
	}
	run();
	assert_int_equal(results()->connections_answered, 4);
	assert_int_equal(results()->requests_answered, 4);
	assert_int_equal(results()->requests_unsent, 0);
	assert_int_equal(results()->ended, LOAD_START + 3 * PLX_SECOND);
	expect_no_errors();
}

// Two requests are overdue when an answer comes: they are not for whoever happens to be free now.
static void what_is_overdue_goes_to_who_has_been_idle_for_longest(void **state)
{
	struct load_config config = open_first_config(2);

	(void)state;
	config.rate_per_s = 10;
	load_begin(&config);
	run();
	connected(nth(0));
	connected(nth(1));
	run();
	expect_request(nth(0), REQUEST);
	now += PLX_SECOND / 10;
	responds(nth(0), OK);
	expect_nothing_sent(nth(0));
	run();
	expect_request(nth(1), REQUEST);
	assert_int_equal(results()->connections_answered, 1);
}

static void connections_that_do_not_come_are_not_waited_for_for_ever(void **state)
{
	struct load_config config = open_first_config(3);

	(void)state;
	config.duration = 60 * PLX_SECOND;
	load_begin(&config);
	run();
	plx_conn first = nth(0), second = nth(1), third = nth(2);

	connected(first);
	run_after(PLX_SECOND);
	fails(second, -ECONNREFUSED);
	connected(third);
	run();
	run_after(PLX_SECOND); // asked again
	second = nth(1);
	run_after(LOAD_TIMEOUT - PLX_SECOND - 1);
	expect_nothing_sent(first);
	assert_true(run() <= now + 1);
	run_after(1);
	expect_request(first, REQUEST);
	expect_request(third, REQUEST);
	assert_int_equal(results()->connections_waiting, 2);
	connected(second); // what comes later takes part
	expect_request(second, REQUEST);
}

static void a_load_that_is_stopped_while_it_opens_closes_what_is_open(void **state)
{
	struct load_config config = open_first_config(2);

	(void)state;
	config.rate_per_s = 5;
	load_begin(&config);
	run();
	plx_conn first = nth(0), second = nth(1);

	connected(first);
	run_after(PLX_SECOND);
	load->ops->stop(load, now);
	connected(second);
	run();
	ends(first);
	ends(second);
	run();
	assert_true(load->ops->is_finished(load));
	assert_int_equal(results()->connections_waiting, 0);
	assert_int_equal(results()->requests_sent, 0);
	assert_int_equal(results()->requests_unsent, 0);
	assert_int_equal(results()->ended, now);
	expect_no_errors();
}

static void connections_of_a_request_each_cannot_be_opened_before_it(void **state)
{
	struct load_config config = open_first_config(2);

	(void)state;
	config.requests_per_connection = 1;
	config.rate_per_s = 5;
	assert_int_equal(load_create(&config, &load), -EINVAL);
	assert_null(load);
	config.requests_per_connection = 2;
	assert_int_equal(load_create(&config, &load), 0);
}

static unsigned count_closed(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fake_count_open(stack); i++)
		n += at(nth(i))->is_closed;
	return n;
}

static void at_the_end_so_many_are_closed_at_a_time_unless_the_way_is_long(void **state)
{
	struct load_config config = open_first_config(1300);

	(void)state;
	config.rate_per_s = 1;
	load_begin(&config);
	while (fake_count_open(stack) < 1300) {
		run();
		for (unsigned n = fake_count_open(stack); results()->connections_established < n;)
			connected(nth((unsigned)results()->connections_established));
	}
	run();
	responds(nth(0), OK);
	load->ops->stop(load, now);
	for (unsigned i = 0; i < 100; i++)
		run();
	assert_int_equal(count_closed(), 1024);
	assert_int_equal(run(), now + 200 * PLX_MICROSECOND);
	ends(nth(1));
	run();
	assert_int_equal(count_closed(), 1024 - 1 + 32);
	run_after(200 * PLX_MICROSECOND);
	assert_int_equal(count_closed(), 1024 - 1 + 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOAD_TEST(so_many_handshakes_are_on_their_way_at_a_time),
		LOAD_TEST(a_handshake_that_fails_makes_room_for_another),
		LOAD_TEST(without_a_bound_they_are_as_many_as_the_target_accepts),
		LOAD_TEST(a_request_that_is_due_does_not_wait_for_the_handshakes_of_others),
		LOAD_TEST(no_request_is_sent_before_all_connections_are_open),
		LOAD_TEST(its_duration_begins_with_the_requests),
		LOAD_TEST(a_schedule_begins_with_the_requests_and_takes_each_connection_once),
		LOAD_TEST(what_is_overdue_goes_to_who_has_been_idle_for_longest),
		LOAD_TEST(connections_that_do_not_come_are_not_waited_for_for_ever),
		LOAD_TEST(a_load_that_is_stopped_while_it_opens_closes_what_is_open),
		LOAD_TEST(connections_of_a_request_each_cannot_be_opened_before_it),
		LOAD_TEST(at_the_end_so_many_are_closed_at_a_time_unless_the_way_is_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

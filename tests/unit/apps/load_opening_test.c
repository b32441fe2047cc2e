// SPDX-License-Identifier: BSD-3-Clause
//
// How connections come to be opened: never more handshakes on their way than the configuration
// says.
// Rooms: apps/load, apps/load_connection.
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOAD_TEST(so_many_handshakes_are_on_their_way_at_a_time),
		LOAD_TEST(a_handshake_that_fails_makes_room_for_another),
		LOAD_TEST(without_a_bound_they_are_as_many_as_the_target_accepts),
		LOAD_TEST(a_request_that_is_due_does_not_wait_for_the_handshakes_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// The load where things go wrong: every kind of error of load_errors.def is brought about, counted
// once, and survived.
// Rooms: apps/load, apps/load_connection.
#include "load_fixture.h"

#include <errno.h>
#include <string.h>

#define RETRY_AFTER (100 * PLX_MILLISECOND) // of a failure
#define AGAIN_AFTER (10 * PLX_MILLISECOND)  // for want of a port or memory

// A connection with a request on it.
static plx_conn busy_connection(const struct load_config *config)
{
	load_begin(config);
	run();
	connected(nth(0));
	expect_request(nth(0), REQUEST);
	return nth(0);
}

// After a failure the next attempt comes in its own time, not at once.
static void expect_another_attempt(void)
{
	unsigned before = fake_control(stack)->n_connects;

	assert_true(run() <= now + RETRY_AFTER);
	assert_int_equal(fake_control(stack)->n_connects, before);
	run_after(RETRY_AFTER - 1);
	assert_int_equal(fake_control(stack)->n_connects, before);
	run_after(1);
	assert_int_equal(fake_control(stack)->n_connects, before + 1);
}

static void a_refused_connection_loses_its_request(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	load_begin(&config);
	run();
	fails(nth(0), -ECONNREFUSED);
	expect_errors(LOAD_ERROR_REFUSED, 1);
	assert_int_equal(results()->requests_failed, 1);
	assert_int_equal(results()->connections_failed, 1);
	expect_sums(0);
	expect_another_attempt();
}

static void an_unreachable_target_is_said_by_event_or_by_the_call(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	load_begin(&config);
	run();
	fails(nth(0), -EHOSTUNREACH);
	expect_errors(LOAD_ERROR_UNREACHABLE, 1);
	expect_another_attempt();
	fails(nth(0), -ENETUNREACH);
	expect_errors(LOAD_ERROR_UNREACHABLE, 2);
	fake_control(stack)->connect_error = -ENETUNREACH;
	expect_another_attempt();
	expect_errors(LOAD_ERROR_UNREACHABLE, 3);
	assert_int_equal(results()->connections_opened, 2);
	expect_sums(0);
	expect_another_attempt();
}

static void a_reset_loses_the_request_that_is_on_the_connection(void **state)
{
	struct load_config config = load_config_plain();
	plx_conn conn = busy_connection(&config);

	(void)state;
	responds(conn, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo");
	fails(conn, -ECONNRESET);
	expect_errors(LOAD_ERROR_RESET, 1);
	assert_int_equal(results()->requests_failed, 1);
	expect_sums(0);
	expect_another_attempt();
}

static void a_reset_of_an_idle_connection_is_an_error_of_its_own(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.rate_per_s = 1;
	plx_conn conn = busy_connection(&config);

	responds(conn, OK);
	fails(conn, -ECONNRESET);
	expect_errors(LOAD_ERROR_RESET, 1);
	assert_int_equal(results()->requests_failed, 0);
	assert_int_equal(results()->connections_failed, 1);
	expect_sums(0);
	expect_another_attempt();
}

static void a_reset_in_the_middle_of_an_orderly_close_is_no_error(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.rate_per_s = 1;
	plx_conn conn = busy_connection(&config);

	responds(conn, OK);
	closes(conn);
	fails(conn, -ECONNRESET);
	expect_no_errors();
	assert_int_equal(results()->connections_closed, 1);
	expect_sums(0);
}

static void what_the_stack_says_is_counted_under_its_kind(void **state)
{
	static const struct {
		int32_t error;
		enum load_error kind;
	} said[] = {{-ETIMEDOUT, LOAD_ERROR_TIMEOUT},
		    {-ENETUNREACH, LOAD_ERROR_UNREACHABLE},
		    {-ENOBUFS, LOAD_ERROR_NO_BUFFER},
		    {-EPROTO, LOAD_ERROR_OTHER}};
	struct load_config config = load_config_plain();

	(void)state;
	load_begin(&config);
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		run_after(RETRY_AFTER);
		fails(nth(0), said[i].error);
		assert_int_equal(results()->errors[said[i].kind], 1);
		assert_int_equal(results()->requests_failed, i + 1);
	}
	run_after(RETRY_AFTER);
	fake_control(stack)->connect_error = -EADDRINUSE;
	fails(nth(0), -ECONNREFUSED);
	run_after(RETRY_AFTER);
	assert_int_equal(results()->errors[LOAD_ERROR_OTHER], 2);
	expect_sums(0);
}

static void every_error_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (enum load_error i = 0; i < LOAD_ERROR_COUNT; i++) {
		assert_true(strlen(load_error_text(i)) > 0);
		for (enum load_error k = 0; k < i; k++)
			assert_string_not_equal(load_error_name(i), load_error_name(k));
	}
	assert_string_equal(load_error_name(LOAD_ERROR_BAD_RESPONSE), "bad-response");
}

// Sweeps until the load gives the connection up, which it has to do after LOAD_TIMEOUT and before a
// sixteenth more.
static void expect_timeout(plx_conn conn)
{
	plx_time since = now;

	while (!at(conn)->is_aborted) {
		plx_time next = run();

		assert_true(next > now || at(conn)->is_aborted);
		if (!at(conn)->is_aborted)
			now = next;
	}
	assert_in_range(now - since, LOAD_TIMEOUT, LOAD_TIMEOUT + LOAD_TIMEOUT / 16 + 2);
	dies(conn);
}

static void a_connection_attempt_takes_no_longer_than_its_timeout(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.duration = 0;
	load_begin(&config);
	run();
	expect_timeout(nth(0));
	expect_errors(LOAD_ERROR_TIMEOUT, 1);
	assert_int_equal(results()->requests_failed, 1);
	expect_sums(0);
	expect_another_attempt();
}

static void a_response_may_take_long_as_long_as_something_comes(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.duration = 0;
	plx_conn conn = busy_connection(&config);

	responds(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
	for (unsigned i = 0; i < 100; i++) {
		run_after(LOAD_TIMEOUT * 3 / 4);
		responds(conn, "x");
	}
	expect_no_errors();
	expect_timeout(conn);
	expect_errors(LOAD_ERROR_TIMEOUT, 1);
	expect_sums(0);
}

static void a_close_that_is_not_answered_times_out(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.duration = 0;
	config.rate_per_s = 1;
	plx_conn conn = busy_connection(&config);

	responds(conn, OK);
	closes(conn);
	expect_timeout(conn);
	expect_errors(LOAD_ERROR_TIMEOUT, 1);
	assert_int_equal(results()->requests_failed, 0);
	assert_int_equal(results()->connections_failed, 1);
}

static void a_target_that_announces_its_close_and_does_not_is_closed(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.duration = 0;
	plx_conn conn = busy_connection(&config);

	responds(conn, OK_CLOSE);
	assert_false(at(conn)->is_closed);
	for (plx_time from = now; now - from < LOAD_TIMEOUT + LOAD_TIMEOUT / 16 + 2;)
		now = run();
	run();
	ends(conn);
	expect_no_errors();
}

static void gives_up(const char *bytes, enum load_error error)
{
	struct load_config config = load_config_plain();
	plx_conn conn = busy_connection(&config);

	responds(conn, bytes);
	dies(conn);
	expect_errors(error, 1);
	assert_int_equal(results()->requests_failed, 1);
	expect_sums(0);
	expect_another_attempt();
}

static void what_is_not_http_is_a_bad_response(void **state)
{
	(void)state;
	gives_up("SSH-2.0-OpenSSH_9.2\r\n", LOAD_ERROR_BAD_RESPONSE);
}

static void more_than_was_announced_is_a_bad_response(void **state)
{
	(void)state;
	gives_up(OK "!", LOAD_ERROR_BAD_RESPONSE);
}

static void bytes_that_nobody_asked_for_are_a_bad_response(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	config.rate_per_s = 1;
	plx_conn conn = busy_connection(&config);

	responds(conn, OK);
	responds(conn, OK);
	dies(conn);
	expect_errors(LOAD_ERROR_BAD_RESPONSE, 1);
	assert_int_equal(results()->requests_answered, 1);
	assert_int_equal(results()->requests_failed, 0);
	expect_sums(0);
}

static void an_answer_to_half_a_request_is_a_bad_response(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	fake_control(stack)->room = 10;
	load_begin(&config);
	run();
	connected(nth(0));
	responds(nth(0), OK);
	dies(nth(0));
	expect_errors(LOAD_ERROR_BAD_RESPONSE, 1);
	expect_sums(0);
}

static void ends_early(const char *bytes, enum load_error error)
{
	struct load_config config = load_config_plain();
	plx_conn conn = busy_connection(&config);

	if (bytes[0] != '\0')
		responds(conn, bytes);
	closes(conn);
	ends(conn);
	expect_errors(error, 1);
	assert_int_equal(results()->requests_failed, 1);
	assert_int_equal(results()->connections_closed, 1);
	expect_sums(0);
	run();
	assert_int_equal(results()->connections_opened, 2);
}

static void a_connection_that_ends_within_a_body_is_a_short_body(void **state)
{
	(void)state;
	ends_early("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody", LOAD_ERROR_SHORT_BODY);
}

static void a_connection_that_ends_within_a_chunk_is_a_short_body(void **state)
{
	(void)state;
	ends_early("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbody",
		   LOAD_ERROR_SHORT_BODY);
}

static void a_connection_that_ends_within_a_header_is_a_bad_response(void **state)
{
	(void)state;
	ends_early("HTTP/1.1 200 OK\r\nContent-Le", LOAD_ERROR_BAD_RESPONSE);
}

static void a_new_connection_that_ends_without_an_answer_is_a_bad_response(void **state)
{
	(void)state;
	ends_early("", LOAD_ERROR_BAD_RESPONSE);
}

static void a_request_is_not_sent_a_third_time(void **state)
{
	struct load_config config = load_config_plain();
	plx_conn conn = busy_connection(&config);

	(void)state;
	responds(conn, OK);
	closes(conn);
	ends(conn);
	run();
	connected(nth(0));
	closes(nth(0));
	ends(nth(0));
	expect_errors(LOAD_ERROR_BAD_RESPONSE, 1);
	assert_int_equal(results()->requests_retried, 1);
	assert_int_equal(results()->requests_failed, 1);
	expect_sums(0);
}

static void a_bad_status_fails_the_request_and_keeps_the_connection(void **state)
{
	struct load_config config = load_config_plain();
	plx_conn conn = busy_connection(&config);

	(void)state;
	responds(conn, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	expect_request(conn, REQUEST);
	responds(conn, "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
	responds(conn, "HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n");
	expect_errors(LOAD_ERROR_BAD_STATUS, 2);
	assert_int_equal(results()->bad_status, 404);
	assert_int_equal(results()->requests_answered, 1);
	assert_int_equal(results()->requests_failed, 2);
	assert_int_equal(results()->latency.count, 1);
	expect_sums(1);
}

static void refuses_for_a_while(int error, enum load_error kind)
{
	struct load_config config = load_config_plain();

	config.connections = 3;
	config.requests_per_connection = 1;
	fake_control(stack)->connect_error = error;
	fake_control(stack)->connects_left = 2;
	load_begin(&config);
	for (unsigned i = 0; i < 20; i++)
		assert_true(run_after(AGAIN_AFTER) <= now + AGAIN_AFTER);
	assert_int_equal(fake_count_open(stack), 2);
	expect_errors(kind, 1); // once for the connection that waits, however often it tried

	fake_control(stack)->connects_left = 1; // one is free again, as its connection ends
	connected(nth(0));
	responds(nth(0), OK);
	ends(nth(0));
	run();
	assert_int_equal(results()->connections_opened, 3);
	assert_int_equal(results()->requests_failed, 0);
	expect_sums(2);
}

static void without_a_free_port_a_connection_waits_for_one(void **state)
{
	(void)state;
	refuses_for_a_while(-EADDRNOTAVAIL, LOAD_ERROR_NO_PORT);
}

static void without_memory_a_connection_waits_for_some(void **state)
{
	(void)state;
	refuses_for_a_while(-ENOBUFS, LOAD_ERROR_NO_BUFFER);
}

static void a_port_that_gets_free_unseen_is_found(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	fake_control(stack)->connect_error = -EADDRNOTAVAIL;
	load_begin(&config);
	run();
	fake_control(stack)->connect_error = 0;
	run();
	assert_int_equal(fake_count_open(stack), 0);
	run_after(AGAIN_AFTER);
	assert_int_equal(fake_count_open(stack), 1);
	assert_int_equal(fake_control(stack)->n_connects,
			 2); // the only pair there is, once each time
	expect_errors(LOAD_ERROR_NO_PORT, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOAD_TEST(a_refused_connection_loses_its_request),
		LOAD_TEST(an_unreachable_target_is_said_by_event_or_by_the_call),
		LOAD_TEST(a_reset_loses_the_request_that_is_on_the_connection),
		LOAD_TEST(a_reset_of_an_idle_connection_is_an_error_of_its_own),
		LOAD_TEST(a_reset_in_the_middle_of_an_orderly_close_is_no_error),
		LOAD_TEST(what_the_stack_says_is_counted_under_its_kind),
		LOAD_TEST(every_error_has_a_name_of_its_own),
		LOAD_TEST(a_connection_attempt_takes_no_longer_than_its_timeout),
		LOAD_TEST(a_response_may_take_long_as_long_as_something_comes),
		LOAD_TEST(a_close_that_is_not_answered_times_out),
		LOAD_TEST(a_target_that_announces_its_close_and_does_not_is_closed),
		LOAD_TEST(what_is_not_http_is_a_bad_response),
		LOAD_TEST(more_than_was_announced_is_a_bad_response),
		LOAD_TEST(bytes_that_nobody_asked_for_are_a_bad_response),
		LOAD_TEST(an_answer_to_half_a_request_is_a_bad_response),
		LOAD_TEST(a_connection_that_ends_within_a_body_is_a_short_body),
		LOAD_TEST(a_connection_that_ends_within_a_chunk_is_a_short_body),
		LOAD_TEST(a_connection_that_ends_within_a_header_is_a_bad_response),
		LOAD_TEST(a_new_connection_that_ends_without_an_answer_is_a_bad_response),
		LOAD_TEST(a_request_is_not_sent_a_third_time),
		LOAD_TEST(a_bad_status_fails_the_request_and_keeps_the_connection),
		LOAD_TEST(without_a_free_port_a_connection_waits_for_one),
		LOAD_TEST(without_memory_a_connection_waits_for_some),
		LOAD_TEST(a_port_that_gets_free_unseen_is_found),
	};

	return cmocka_run_group_tests_name("load_error", tests, NULL, NULL);
}

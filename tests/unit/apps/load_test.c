// SPDX-License-Identifier: BSD-3-Clause
//
// The load where nothing goes wrong: requests and answers, reconnecting, ramping up, ending.
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

static struct load_config echo_config(void)
{
	struct load_config config = load_config_plain();

	config.host = config.path = NULL;
	config.echo_bytes = 5;
	return config;
}

static void an_echo_is_asked_again_once_all_has_come_back(void **state)
{
	struct load_config config = echo_config();

	(void)state;
	config.requests_per_connection = 3;
	load_begin(&config);
	run();
	plx_conn conn = nth(0);

	expect_request(conn, "abcde");
	connected(conn);
	responds(conn, "ab");
	expect_nothing_sent(conn);
	responds(conn, "cde");
	expect_request(conn, "abcde");
	responds(conn, "abcde");
	expect_request(conn, "abcde");
	responds(conn, "abcde");
	ends(conn);
	assert_int_equal(results()->requests_answered, 3);
	assert_int_equal(results()->rx_bytes, 15);
	expect_no_errors();
	expect_sums(0);
}

static void an_echo_of_something_else_or_of_more_is_none(void **state)
{
	struct load_config config = echo_config();

	(void)state;
	config.connections = 2;
	load_begin(&config);
	run();
	plx_conn first = nth(0), second = nth(1);

	connected(first);
	connected(second);
	responds(first, "abcdf");
	responds(second, "abcdea");
	assert_true(at(first)->is_aborted);
	assert_true(at(second)->is_aborted);
	expect_errors(LOAD_ERROR_BAD_RESPONSE, 2);
}

static void an_echo_that_ends_early_is_short(void **state)
{
	struct load_config config = echo_config();

	(void)state;
	load_begin(&config);
	run();
	connected(nth(0));
	responds(nth(0), "abc");
	closes(nth(0));
	expect_errors(LOAD_ERROR_SHORT_BODY, 1);
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

static void options_that_are_given_come_after_its_own(void **state)
{
	const struct plx_option_value nagle = {PLX_OPTION_NAGLE, 1};
	struct load_config config = load_config_plain();

	(void)state;
	config.options = &nagle;
	config.n_options = 1;
	load_begin(&config);
	run();
	assert_true(at(nth(0))->nagle);
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

// From the last eight bytes into the first.
static void sources_carry_through_the_whole_address(void **state)
{
	struct load_config config = load_config_plain();

	(void)state;
	memset(&config.source_first, 0xff, sizeof(config.source_first));
	memset(&config.source_first, 0x20, 7);
	config.n_sources = 2;
	config.connections = 2;
	load_begin(&config);
	run();
	assert_memory_equal(&at(nth(0))->local, &config.source_first, sizeof(struct plx_addr));
	assert_int_equal(at(nth(1))->local.bytes[6], 0x21);
	for (unsigned i = 7; i < sizeof(struct plx_addr); i++)
		assert_int_equal(at(nth(1))->local.bytes[i], 0);
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
	a->opening = 7;
	b->opening = 5;
	a->connections_waiting = b->connections_waiting = 2;
	a->connections_answered = b->connections_answered = 3;
	histogram_record(&a->latency, 10);
	histogram_record(&b->latency, 20);
	load_results_merge(total, a);
	load_results_merge(total, b);
	assert_int_equal(total->started, 90);
	assert_int_equal(total->ended, 210);
	assert_int_equal(total->requests_sent, 11);
	assert_int_equal(total->errors[LOAD_ERROR_RESET], 2);
	assert_int_equal(total->bad_status, 503);
	assert_int_equal(total->opening, 7);
	assert_int_equal(total->connections_waiting, 4);
	assert_int_equal(total->connections_answered, 6);
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
		LOAD_TEST(an_echo_is_asked_again_once_all_has_come_back),
		LOAD_TEST(an_echo_of_something_else_or_of_more_is_none),
		LOAD_TEST(an_echo_that_ends_early_is_short),
		LOAD_TEST(a_request_that_does_not_fit_is_sent_in_pieces),
		LOAD_TEST(the_last_request_of_a_connection_says_so_and_another_one_follows),
		LOAD_TEST(a_target_that_keeps_the_connection_after_the_last_request_is_left),
		LOAD_TEST(a_response_with_the_fin_behind_it_is_one_event),
		LOAD_TEST(a_body_that_ends_with_the_connection_is_an_answer),
		LOAD_TEST(a_target_that_closes_between_requests_is_connected_to_again),
		LOAD_TEST(a_request_that_crosses_the_fin_is_sent_again),
		LOAD_TEST(a_request_that_crosses_fin_and_reset_in_one_event_is_sent_again),
		LOAD_TEST(connections_are_opened_no_faster_than_twice_as_fast_as_they_are_accepted),
		LOAD_TEST(options_that_are_given_come_after_its_own),
		LOAD_TEST(every_pair_of_source_and_port_has_its_turn),
		LOAD_TEST(sources_carry_through_the_whole_address),
		LOAD_TEST(the_host_field_names_a_port_that_is_not_80),
		LOAD_TEST(results_of_workers_add_up),
		LOAD_TEST(a_configuration_that_contradicts_itself_is_refused),
	};

	return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}

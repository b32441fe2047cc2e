// SPDX-License-Identifier: BSD-3-Clause
//
// When the HTTP server accepts, closes, lingers, turns away and stops.
// Rooms: apps/http_server, apps/http_session, apps/acceptor.
#include "http_fixture.h"

#include <errno.h>
#include <string.h>

#define LINGER (2 * PLX_SECOND)

static void a_client_that_closes_its_half_gets_all_its_responses(void **state)
{
	(void)state;
	create_pattern_server(8);
	fake_control(stack)->room = 50;
	plx_conn conn = accept_client();

	fake_arrive(stack, conn, GET GET, strlen(GET GET));
	event(conn, PLX_EVENT_READABLE | PLX_EVENT_PEER_CLOSED);
	assert_false(at(conn)->is_closed);
	at(conn)->room = 10000;
	event(conn, PLX_EVENT_WRITABLE);
	answers(conn, OK OK);
	end(conn);
}

static void a_client_that_closes_between_requests_is_followed(void **state)
{
	(void)state;
	create_pattern_server(8);
	plx_conn conn = accept_client();

	ask(conn, GET);
	event(conn, PLX_EVENT_PEER_CLOSED);
	answers(conn, OK);
	end(conn);
	conn = accept_client();
	ask(conn, "GET / HT");
	event(conn, PLX_EVENT_PEER_CLOSED);
	answers(conn, "");
	end(conn);
}

static void a_request_that_comes_with_the_handshake_is_answered(void **state)
{
	(void)state;
	create_pattern_server(8);
	fake_control(stack)->early_data = GET_CLOSE;
	plx_conn conn = fake_accept(stack, server, PLX_EVENT_READABLE, now);

	answers(conn, OK_CLOSE);
	end(conn);
	assert_int_equal(http_server_results(server)->server.accepted, 1);
	assert_int_equal(http_server_results(server)->server.closed, 1);
}

// The second of them is recognized by its header; what goes on afterwards is not mixed up with it.
static void clients_that_ask_to_close_alike_are_all_closed(void **state)
{
	plx_conn conn;

	(void)state;
	create_pattern_server(8);
	for (unsigned i = 0; i < 3; i++) {
		conn = accept_client();
		ask(conn, GET_CLOSE);
		answers(conn, OK_CLOSE);
		end(conn);
		conn = accept_client();
		ask(conn, GET GET_CLOSE GET);
		answers(conn, OK OK_CLOSE);
		assert_true(at(conn)->is_write_shut); // a request is unread: closing would reset
		event(conn, PLX_EVENT_PEER_CLOSED);
		end(conn);
	}
	conn = accept_client();
	ask(conn, GET);
	answers(conn, OK);
	assert_false(at(conn)->is_closed);
	assert_int_equal(http_server_results(server)->requests, 10);
	event(conn, PLX_EVENT_PEER_CLOSED);
	end(conn);
}

static void a_client_that_still_sends_is_given_time_to_read_the_answer(void **state)
{
	(void)state;
	create_pattern_server(8);
	plx_conn conn = accept_client();

	ask(conn, "nonsense\r\n");
	assert_true(at(conn)->is_write_shut);
	assert_false(at(conn)->is_closed);
	assert_int_equal(server->ops->run(server, now), now + LINGER);
	ask(conn, "more nonsense");
	assert_int_equal(at(conn)->received.taken, at(conn)->received.len);
	now += LINGER - 1;
	assert_int_equal(server->ops->run(server, now), now + 1);
	assert_false(at(conn)->is_closed);
	now += 1;
	assert_int_equal(server->ops->run(server, now), PLX_TIME_NEVER);
	end(conn);
}

static void a_lingering_client_that_closes_is_followed(void **state)
{
	(void)state;
	create_pattern_server(8);
	plx_conn first = accept_client();
	plx_conn second = accept_client();
	plx_conn third = accept_client();

	ask(first, "nonsense\r\n");
	ask(second, "nonsense\r\n");
	ask(third, "nonsense\r\n");
	event(second, PLX_EVENT_PEER_CLOSED);
	end(second);
	fake_event(stack, server, first, PLX_EVENT_FAILED, -ECONNRESET, now);
	now += LINGER;
	assert_int_equal(server->ops->run(server, now), PLX_TIME_NEVER);
	end(third);
}

static void when_every_session_is_taken_clients_are_turned_away(void **state)
{
	struct http_server_config config = {
		.server = {.port_first = 80, .port_last = 80, .max_sessions = 2}, .body_bytes = 8};
	const struct server_results *results;
	plx_conn conns[4];

	(void)state;
	create_server(&config);
	results = &http_server_results(server)->server;
	for (unsigned i = 0; i < 4; i++)
		conns[i] = accept_client();
	assert_false(at(conns[1])->is_closed);
	assert_true(at(conns[2])->is_closed && at(conns[3])->is_closed);
	assert_int_equal(results->accepted, 4);
	assert_int_equal(results->turned_away, 2);
	end(conns[2]);
	fake_event(stack, server, conns[3], PLX_EVENT_FAILED, -ECONNRESET, now);
	fake_event(stack, server, conns[0], PLX_EVENT_FAILED, -ECONNRESET, now);

	conns[0] = accept_client(); // the session of the first is free again
	ask(conns[0], GET);
	answers(conns[0], OK);
	ask(conns[1], GET);
	answers(conns[1], OK);
	assert_int_equal(results->closed, 1);
	assert_int_equal(results->failed, 2);
}

static void a_connection_that_failed_before_it_was_fetched_is_counted(void **state)
{
	(void)state;
	create_pattern_server(8);
	fake_accept(stack, server, PLX_EVENT_FAILED, now);
	assert_int_equal(http_server_results(server)->server.accepted, 1);
	assert_int_equal(http_server_results(server)->server.failed, 1);
	server->ops->stop(server, now);
	assert_true(server->ops->is_finished(server));
}

static void it_listens_on_every_port_of_its_range_or_on_none(void **state)
{
	struct http_server_config config = {.server = {.port_first = 8080, .port_last = 8082},
					    .body_bytes = 8};

	(void)state;
	create_server(&config);
	assert_int_equal(fake_control(stack)->n_listeners, 3);
	assert_int_equal(fake_control(stack)->listen_ports[0], 8080);
	assert_int_equal(fake_control(stack)->listen_ports[2], 8082);
	server->ops->destroy(server);

	fake_destroy(stack);
	stack = fake_create();
	fake_control(stack)->listen_error = -EADDRINUSE;
	assert_int_equal(http_server_create(&config, &server), 0);
	assert_int_equal(server->ops->start(server, stack, now), -EADDRINUSE);
	server->ops->stop(server, now); // would close the first listener again, were it still there
	config.server.port_last = 80;
	struct application *none;

	assert_int_equal(http_server_create(&config, &none), -EINVAL);
	assert_null(none);
}

static void a_stop_closes_what_is_idle_and_finishes_what_is_not(void **state)
{
	(void)state;
	create_pattern_server(8);
	plx_conn idle = accept_client();
	plx_conn busy = accept_client();
	plx_conn lingering = accept_client();

	at(busy)->room = 10;
	ask(busy, GET GET);
	ask(lingering, "nonsense\r\n");
	server->ops->stop(server, now);
	assert_false(server->ops->is_finished(server));
	end(idle);
	assert_false(at(busy)->is_closed);
	at(busy)->room = 1000;
	event(busy, PLX_EVENT_WRITABLE);
	answers(busy, OK); // the second request was not begun
	assert_true(at(busy)->is_write_shut);
	now += LINGER;
	server->ops->run(server, now);
	end(busy);
	end(lingering);
	assert_true(server->ops->is_finished(server));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HTTP_TEST(a_client_that_closes_its_half_gets_all_its_responses),
		HTTP_TEST(a_client_that_closes_between_requests_is_followed),
		HTTP_TEST(a_request_that_comes_with_the_handshake_is_answered),
		HTTP_TEST(clients_that_ask_to_close_alike_are_all_closed),
		HTTP_TEST(a_client_that_still_sends_is_given_time_to_read_the_answer),
		HTTP_TEST(a_lingering_client_that_closes_is_followed),
		HTTP_TEST(when_every_session_is_taken_clients_are_turned_away),
		HTTP_TEST(a_connection_that_failed_before_it_was_fetched_is_counted),
		HTTP_TEST(it_listens_on_every_port_of_its_range_or_on_none),
		HTTP_TEST(a_stop_closes_what_is_idle_and_finishes_what_is_not),
	};

	return cmocka_run_group_tests_name("http_close", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// The HTTP server on a stack that the test plays: what it sends, byte for byte, however the requests are
// cut and however little the send buffer takes; and when it closes, lingers or turns away.
// Rooms: apps/http_server, apps/http_session, apps/acceptor.
#include "support/cmocka_headers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/http_server.h"
#include "fake_stack.h"

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define GET_CLOSE "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
#define HEAD "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"
#define TEXT "Content-Type: text/plain; charset=utf-8\r\n"
#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n" TEXT
#define OK OK_HEAD "\r\n01234567"
#define OK_CLOSE OK_HEAD "Connection: close\r\n\r\n01234567"
#define LINGER (2 * PLX_SECOND)

static struct plx_stack *stack;
static struct application *server;
static struct http_files *files;
static plx_time now;

static void create_server(const struct http_server_config *config)
{
	assert_int_equal(http_server_create(config, &server), 0);
	assert_int_equal(server->ops->start(server, stack, now), 0);
}

static int setup(void **state)
{
	(void)state;
	stack = fake_create();
	now = 1000 * PLX_SECOND;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (server != NULL)
		server->ops->destroy(server);
	server = NULL;
	http_files_destroy(files);
	files = NULL;
	fake_destroy(stack);
	return 0;
}

static void create_pattern_server(uint64_t body_bytes)
{
	struct http_server_config config = {.server = {.port_first = 80, .port_last = 80},
					    .body_bytes = body_bytes};

	create_server(&config);
}

// What became of the connection: closed, half closed or neither.
static struct fake_connection *at(plx_conn conn)
{
	return fake_connection(stack, conn);
}

static plx_conn accept_client(void)
{
	return fake_accept(stack, server, 0, now);
}

static void event(plx_conn conn, uint32_t mask)
{
	fake_event(stack, server, conn, mask, 0, now);
}

static void ask(plx_conn conn, const char *bytes)
{
	fake_arrive(stack, conn, bytes, strlen(bytes));
	event(conn, PLX_EVENT_READABLE);
}

static void answers(plx_conn conn, const char *expected)
{
	assert_string_equal(fake_sent(stack, conn), expected);
}

static void end(plx_conn conn)
{
	assert_true(at(conn)->is_closed);
	event(conn, PLX_EVENT_CLOSED);
}

// A fresh connection asks for `bytes` and is answered `expected`, at every cut and byte by byte.
static void exchange(const char *bytes, const char *expected, bool is_closed)
{
	size_t len = strlen(bytes);

	for (size_t cut = 0; cut <= len; cut++) {
		plx_conn conn = accept_client();

		for (size_t i = 0; i < len; i++) {
			fake_arrive(stack, conn, bytes + i, 1);
			if (i + 1 == cut || i + 1 == len || cut == 0)
				event(conn, PLX_EVENT_READABLE);
		}
		answers(conn, expected);
		assert_int_equal(at(conn)->is_closed || at(conn)->is_write_shut, is_closed);
		fake_event(stack, server, conn, PLX_EVENT_FAILED, -ECONNRESET, now);
	}
}

static void requests_are_answered_wherever_they_are_cut(void **state)
{
	(void)state;
	create_pattern_server(8);
	exchange(GET, OK, false);
	exchange(GET GET GET, OK OK OK, false);
	exchange(GET HEAD GET, OK OK_HEAD "\r\n" OK, false);
	exchange(GET GET_CLOSE, OK OK_CLOSE, true);
	exchange("GET / HTTP/1.0\r\n\r\n", OK_CLOSE, true);
	exchange("GET /other HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		 OK_HEAD "Connection: keep-alive\r\n\r\n01234567", false);
}

static void nothing_is_answered_after_a_close(void **state)
{
	(void)state;
	create_pattern_server(8);
	exchange(GET_CLOSE GET, OK_CLOSE, true);
}

static void bodies_of_requests_are_skipped(void **state)
{
	(void)state;
	create_pattern_server(8);
	exchange("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 27\r\n\r\n" GET GET, OK OK, false);
	exchange("GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\n\r\n" GET,
		 OK OK, false);
}

#define REFUSAL(status, len, fields, body) \
	"HTTP/1.1 " status "\r\nContent-Length: " len "\r\n" TEXT fields "\r\n" body

static void other_methods_are_not_allowed(void **state)
{
	(void)state;
	create_pattern_server(8);
	exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" GET,
		 REFUSAL("405 Method Not Allowed", "18", "Allow: GET, HEAD\r\n",
			 "only GET and HEAD\n") OK,
		 false);
	exchange("CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n" GET,
		 REFUSAL("405 Method Not Allowed", "18",
			 "Allow: GET, HEAD\r\nConnection: close\r\n", "only GET and HEAD\n"),
		 true);
}

static void bad_requests_are_refused(void **state)
{
	(void)state;
	create_pattern_server(8);
	exchange(GET "nonsense\r\n\r\n",
		 OK REFUSAL("400 Bad Request", "12", "Connection: close\r\n", "bad request\n"),
		 true);
	exchange("GET / HTTP/1.1\r\n\r\n" GET,
		 REFUSAL("400 Bad Request", "12", "", "bad request\n") OK, false);
	exchange("GET / HTTP/2.0\r\nHost: x\r\n\r\n",
		 REFUSAL("505 HTTP Version Not Supported", "27", "Connection: close\r\n",
			 "only HTTP/1.1 and HTTP/1.0\n"),
		 true);
}

static void a_bad_body_ends_the_connection_without_another_answer(void **state)
{
	(void)state;
	create_pattern_server(8);
	exchange("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" GET, OK,
		 true);
}

static void an_endless_header_is_refused(void **state)
{
	static char header[20000];

	(void)state;
	create_pattern_server(8);
	plx_conn conn = accept_client();

	memset(header, 'a', sizeof(header));
	memcpy(header, "GET / HTTP/1.1\r\nA: ", 19);
	fake_arrive(stack, conn, header, sizeof(header));
	event(conn, PLX_EVENT_READABLE);
	answers(conn,
		REFUSAL("431 Request Header Fields Too Large", "17", "Connection: close\r\n",
			"header too large\n"));
	assert_true(at(conn)->is_write_shut);
}

// The send buffer takes one byte at a time; whatever it takes, the bytes are the same, and no request is
// taken from the receive queue before the one in front of it is answered.
static void exchange_slowly(const char *bytes, const char *expected, size_t room)
{
	fake_control(stack)->room = 0;
	plx_conn conn = accept_client();
	size_t taken_before;

	ask(conn, bytes);
	answers(conn, "");
	for (size_t sent = 0; sent < strlen(expected); sent += room) {
		taken_before = at(conn)->received.taken;
		at(conn)->room = room;
		event(conn, PLX_EVENT_WRITABLE);
		assert_memory_equal(fake_sent(stack, conn), expected, sent);
		assert_true(room > 1
			    || at(conn)->received.taken - taken_before <= strlen(GET_CLOSE));
	}
	answers(conn, expected);
	assert_int_equal(at(conn)->received.taken, strlen(bytes));
	assert_true(at(conn)->is_closed);
	end(conn);
}

static void a_full_send_buffer_delays_and_loses_nothing(void **state)
{
	(void)state;
	create_pattern_server(8);
	for (size_t room = 1; room < 2 * strlen(OK); room++)
		exchange_slowly(GET GET HEAD GET_CLOSE, OK OK OK_HEAD "\r\n" OK_CLOSE, room);
}

static void a_client_that_does_not_read_is_not_read_from(void **state)
{
	(void)state;
	create_pattern_server(8);
	fake_control(stack)->room = 10;
	plx_conn conn = accept_client();

	for (unsigned i = 0; i < 100; i++)
		ask(conn, GET);
	assert_int_equal(at(conn)->received.taken, strlen(GET));
}

static void a_large_body_is_sent_from_where_it_lies(void **state)
{
	const size_t body_bytes = 100000;
	char *body = malloc(body_bytes);
	struct http_server_config config = {.server = {.port_first = 80, .port_last = 80},
					    .body_bytes = body_bytes,
					    .body_memory = body};
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n" TEXT
				   "Connection: close\r\n\r\n";

	(void)state;
	create_server(&config);
	fake_control(stack)->room = 20;
	fake_control(stack)->external_at_once = 7777;
	plx_conn conn = accept_client();

	ask(conn, GET_CLOSE);
	while (!at(conn)->is_closed) {
		at(conn)->room = 3001;
		event(conn, PLX_EVENT_WRITABLE);
	}
	assert_true(fake_control(stack)->n_externals > 0);
	assert_int_equal(at(conn)->sent.len, strlen(head) + body_bytes);
	assert_memory_equal(fake_sent(stack, conn), head, strlen(head));
	assert_memory_equal(fake_sent(stack, conn) + strlen(head), body, body_bytes);
	end(conn);
	server->ops->destroy(server);
	server = NULL;
	free(body);
}

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

static void write_file(const char *folder, const char *name, const char *content)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static void create_file_server(void)
{
	char folder[] = "/tmp/pollux-XXXXXX";
	char path[256];
	struct http_files_error error;
	struct http_server_config config = {.server = {.port_first = 80, .port_last = 80}};

	assert_non_null(mkdtemp(folder));
	write_file(folder, "index.html", "top");
	write_file(folder, "a b", "spaced");
	int code = http_files_scan(folder, &files, &error);

	if (code == 0)
		code = http_files_read(files, NULL, &error);
	snprintf(path, sizeof(path), "%s/index.html", folder);
	remove(path);
	snprintf(path, sizeof(path), "%s/a b", folder);
	remove(path);
	remove(folder);
	assert_int_equal(code, 0);
	config.files = files;
	create_server(&config);
}

#define TOP \
	"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: text/html; charset=utf-8\r\n\r\ntop"
#define SPACED                                                                               \
	"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Type: application/octet-stream\r\n" \
	"\r\nspaced"
#define NOT_FOUND REFUSAL("404 Not Found", "13", "", "no such file\n")

static void files_are_served_by_their_paths(void **state)
{
	(void)state;
	create_file_server();
	exchange(GET, TOP, false);
	exchange("GET /index.html?v=1 HTTP/1.1\r\nHost: x\r\n\r\n"
		 "GET /a%20b HTTP/1.1\r\nHost: x\r\n\r\n"
		 "GET http://x/a%20b HTTP/1.1\r\nHost: x\r\n\r\n"
		 "GET /a%20b HTTP/1.1\r\nHost: x\r\n\r\n",
		 TOP SPACED SPACED SPACED, false);
	exchange("GET /none HTTP/1.1\r\nHost: x\r\n\r\n"
		 "GET /../a%20b HTTP/1.1\r\nHost: x\r\n\r\n",
		 NOT_FOUND REFUSAL("400 Bad Request", "12", "", "bad request\n"), false);
}

static void a_target_that_is_too_long_is_refused(void **state)
{
	static char request[4096];

	(void)state;
	create_file_server();
	plx_conn conn = accept_client();

	snprintf(request, sizeof(request), "GET /%01100d HTTP/1.1\r\nHost: x\r\n\r\n" GET, 0);
	ask(conn, request);
	answers(conn, REFUSAL("414 URI Too Long", "16", "", "target too long\n") TOP);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(requests_are_answered_wherever_they_are_cut),
		TEST(nothing_is_answered_after_a_close),
		TEST(bodies_of_requests_are_skipped),
		TEST(other_methods_are_not_allowed),
		TEST(bad_requests_are_refused),
		TEST(a_bad_body_ends_the_connection_without_another_answer),
		TEST(an_endless_header_is_refused),
		TEST(a_full_send_buffer_delays_and_loses_nothing),
		TEST(a_client_that_does_not_read_is_not_read_from),
		TEST(a_large_body_is_sent_from_where_it_lies),
		TEST(a_client_that_closes_its_half_gets_all_its_responses),
		TEST(a_client_that_closes_between_requests_is_followed),
		TEST(a_request_that_comes_with_the_handshake_is_answered),
		TEST(a_client_that_still_sends_is_given_time_to_read_the_answer),
		TEST(a_lingering_client_that_closes_is_followed),
		TEST(when_every_session_is_taken_clients_are_turned_away),
		TEST(a_connection_that_failed_before_it_was_fetched_is_counted),
		TEST(it_listens_on_every_port_of_its_range_or_on_none),
		TEST(a_stop_closes_what_is_idle_and_finishes_what_is_not),
		TEST(files_are_served_by_their_paths),
		TEST(a_target_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests_name("http_server", tests, NULL, NULL);
}

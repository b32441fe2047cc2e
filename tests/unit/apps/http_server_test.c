// SPDX-License-Identifier: BSD-3-Clause
//
// What the HTTP server answers, byte for byte, however the requests are cut and however little the
// send buffer takes.
// Rooms: apps/http_server, apps/http_session.
#include "http_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

// The send buffer takes one byte at a time; whatever it takes, the bytes are the same, and no
// request is taken from the receive queue before the one in front of it is answered.
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		HTTP_TEST(requests_are_answered_wherever_they_are_cut),
		HTTP_TEST(nothing_is_answered_after_a_close),
		HTTP_TEST(bodies_of_requests_are_skipped),
		HTTP_TEST(other_methods_are_not_allowed),
		HTTP_TEST(bad_requests_are_refused),
		HTTP_TEST(a_bad_body_ends_the_connection_without_another_answer),
		HTTP_TEST(an_endless_header_is_refused),
		HTTP_TEST(a_full_send_buffer_delays_and_loses_nothing),
		HTTP_TEST(a_client_that_does_not_read_is_not_read_from),
		HTTP_TEST(a_large_body_is_sent_from_where_it_lies),
		HTTP_TEST(files_are_served_by_their_paths),
		HTTP_TEST(a_target_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests_name("http_server", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Requests and responses, wherever the stream of bytes is cut: every stream is read whole,
// in every two pieces and byte by byte, and must come to the same.
// Rooms: apps/http_request, apps/http_reply.
#include "support/cmocka_headers.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/http_reply.h"
#include "apps/http_request.h"
#include "support/seed.h"

#define TARGET_ROOM 32
#define EVERY_BYTE SIZE_MAX

// What was read, one word after the other.
static char story[65536];
static size_t story_len;

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	story_len += (size_t)vsnprintf(story + story_len, sizeof(story) - story_len, format, args);
	va_end(args);
	assert_in_range(story_len, 0, sizeof(story) - 1);
}

// The end of the piece that begins at `at`, when the stream is cut at `cut`.
static size_t end_of_piece(size_t at, size_t cut, size_t len)
{
	if (cut == EVERY_BYTE)
		return at + 1;
	return at < cut ? cut : len;
}

// Reads a piece; false when nothing more can be read.
typedef bool (*read_piece)(void *reader, const char *piece, size_t len);

// Pieces are copied to memory of exactly their size, so that reading past one is found.
static void read_stream(const char *text, size_t cut, read_piece read, void *reader)
{
	size_t len = strlen(text);
	bool goes_on = true;

	for (size_t at = 0, end; at < len && goes_on; at = end) {
		end = end_of_piece(at, cut, len);
		char *piece = malloc(end - at);

		assert_non_null(piece);
		memcpy(piece, text + at, end - at);
		goes_on = read(reader, piece, end - at);
		free(piece);
	}
}

struct request_reader {
	struct http_request request;
	bool is_ended;
	char target[TARGET_ROOM];
};

static bool read_requests(void *reader, const char *piece, size_t len)
{
	struct request_reader *r = reader;
	const llhttp_t *parser = &r->request.parser;

	for (size_t at = 0, used; at < len; at += used) {
		switch (http_request_read(&r->request, piece + at, len - at, &used)) {
		case HTTP_REQUEST_MORE:
			assert_int_equal(used, len - at);
			break;
		case HTTP_REQUEST_COMPLETE:
			if (r->request.target_bytes > TARGET_ROOM)
				tell("long-target ");
			else
				tell("%.*s ", r->request.target_bytes, r->target);
			tell("%u.%u,%s,hosts=%u,%s;", parser->http_major, parser->http_minor,
			     llhttp_method_name(parser->method), r->request.n_hosts,
			     llhttp_should_keep_alive(parser) ? "on" : "last");
			break;
		case HTTP_REQUEST_BAD:
			tell("bad;");
			r->is_ended = true;
			return false;
		case HTTP_REQUEST_BAD_VERSION:
			tell("version;");
			r->is_ended = true;
			return false;
		case HTTP_REQUEST_HEADER_TOO_LARGE:
			tell("large;");
			r->is_ended = true;
			return false;
		}
	}
	return true;
}

static void read_all_requests(const char *text, size_t cut)
{
	struct request_reader reader = {0};

	story_len = 0;
	story[0] = '\0';
	http_request_init(&reader.request, reader.target, TARGET_ROOM);
	read_stream(text, cut, read_requests, &reader);
	if (!reader.is_ended && http_request_is_between(&reader.request))
		tell("between");
}

static void requests_read_at(const char *text, size_t cut, const char *expected)
{
	read_all_requests(text, cut);
	assert_string_equal(story, expected);
}

static void requests_read(const char *text, const char *expected)
{
	for (size_t cut = 0; cut < strlen(text); cut++)
		requests_read_at(text, cut, expected);
	requests_read_at(text, EVERY_BYTE, expected);
}

static void requests_are_read_wherever_the_stream_is_cut(void **state)
{
	(void)state;
	requests_read(
		"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
		"HEAD /b?c HTTP/1.1\r\nAccept: */*\r\nhOsT:y\r\n\r\n"
		"GET /d HTTP/1.0\r\n\r\n",
		"/a 1.1,GET,hosts=1,on;/b?c 1.1,HEAD,hosts=1,on;/d 1.0,GET,hosts=0,last;between");
	requests_read("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		      "/ 1.1,GET,hosts=1,last;between");
	requests_read("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		      "/ 1.0,GET,hosts=0,on;between");
	requests_read("\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\nGET", "/ 1.1,GET,hosts=1,on;");
}

static void bodies_are_passed_over(void **state)
{
	(void)state;
	requests_read("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /"
		      "GET /b HTTP/1.1\r\nHost: x\r\n\r\n",
		      "/a 1.1,POST,hosts=1,on;/b 1.1,GET,hosts=1,on;between");
	requests_read("PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
		      "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: z\r\n\r\n"
		      "GET /b HTTP/1.1\r\nHost: x\r\n\r\n",
		      "/a 1.1,PUT,hosts=1,on;/b 1.1,GET,hosts=1,on;between");
	requests_read("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET",
		      "/a 1.1,POST,hosts=1,on;");
	requests_read("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		      "/a 1.1,POST,hosts=1,on;bad;");
}

static void host_fields_are_counted_by_their_whole_name(void **state)
{
	(void)state;
	requests_read("GET / HTTP/1.1\r\nHos: x\r\nHosts: x\r\nXHost: y\r\n\r\n",
		      "/ 1.1,GET,hosts=0,on;between");
	requests_read("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\nHost: z\r\n\r\n",
		      "/ 1.1,GET,hosts=2,on;between");
}

static void an_upgrade_is_not_taken_up(void **state)
{
	(void)state;
	requests_read("GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
		      "GET /b HTTP/1.1\r\nHost: x\r\n\r\n",
		      "/a 1.1,GET,hosts=1,on;/b 1.1,GET,hosts=1,on;between");
	requests_read("POST /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
		      "Content-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nHost: x\r\n\r\n",
		      "/a 1.1,POST,hosts=1,on;/b 1.1,GET,hosts=1,on;between");
}

static void what_is_not_http_is_found(void **state)
{
	(void)state;
	requests_read("GOT / HTTP/1.1\r\nHost: x\r\n\r\n", "bad;");
	requests_read("GET / HTTP/1.1\r\nHost\r\n\r\n", "bad;");
	requests_read("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
		      "Transfer-Encoding: chunked\r\n\r\n",
		      "bad;");
	requests_read("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "bad;");
	requests_read("GET / HTTP/3.7\r\nHost: x\r\n\r\n", "version;");
	requests_read("GET / HTTP/2.0\r\nHost: x\r\n\r\n", "version;");
	requests_read("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "version;");
}

static void a_target_that_does_not_fit_is_known_as_such(void **state)
{
	(void)state;
	requests_read("GET /23456789012345678901234567890/2 HTTP/1.1\r\nHost: x\r\n\r\n"
		      "GET /2345678901234567890123456789012x HTTP/1.1\r\nHost: x\r\n\r\n"
		      "GET /b HTTP/1.1\r\nHost: x\r\n\r\n",
		      "/23456789012345678901234567890/2 1.1,GET,hosts=1,on;"
		      "long-target 1.1,GET,hosts=1,on;/b 1.1,GET,hosts=1,on;between");
}

static void a_header_of_the_greatest_size_is_read_and_one_byte_more_is_not(void **state)
{
	static const char before[] = "GET / HTTP/1.1\r\nHost: x\r\nA: ";
	static const char after[] = "\r\n\r\n";
	static char text[HTTP_HEADER_BYTES_MAX + 2];

	(void)state;
	for (size_t len = HTTP_HEADER_BYTES_MAX; len <= HTTP_HEADER_BYTES_MAX + 1; len++) {
		const char *expected = len == HTTP_HEADER_BYTES_MAX ? "/ 1.1,GET,hosts=1,on;between"
								    : "large;";

		memset(text, 'a', len);
		memcpy(text, before, strlen(before));
		memcpy(text + len - strlen(after), after, sizeof(after));
		requests_read_at(text, 0, expected);
		requests_read_at(text, 10000, expected);
	}
}

struct reply_reader {
	struct http_reply reply;
	struct http_reply_repeated *repeated;
	bool is_ended;
};

static void tell_reply(const struct http_reply *reply, enum http_reply_verdict verdict)
{
	if (verdict == HTTP_REPLY_COMPLETE)
		tell("%u,%s;", reply->status, reply->is_keep_alive ? "on" : "last");
	else
		tell(verdict == HTTP_REPLY_BAD ? "bad;" : "short;");
}

static bool read_replies(void *reader, const char *piece, size_t len)
{
	struct reply_reader *r = reader;

	for (size_t at = 0, used; at < len; at += used) {
		enum http_reply_verdict verdict = http_reply_read(&r->reply, r->repeated,
								  piece + at, len - at, &used);

		if (verdict == HTTP_REPLY_MORE) {
			assert_int_equal(used, len - at);
			continue;
		}
		tell_reply(&r->reply, verdict);
		r->is_ended = verdict == HTTP_REPLY_BAD;
		if (r->is_ended)
			return false;
		http_reply_begin(&r->reply);
	}
	return true;
}

static void read_all_replies(const char *text, size_t cut, struct http_reply_repeated *repeated)
{
	struct reply_reader reader = {.repeated = repeated};

	story_len = 0;
	story[0] = '\0';
	http_reply_begin(&reader.reply);
	read_stream(text, cut, read_replies, &reader);
	if (!reader.is_ended && !http_reply_is_untouched(&reader.reply)) {
		tell("end:");
		tell_reply(&reader.reply, http_reply_end(&reader.reply));
	}
}

// Twice with the same memory of repeated headers: what it recognizes must not differ.
static void replies_read_at(const char *text, size_t cut, const char *expected)
{
	struct http_reply_repeated repeated = {0};

	for (unsigned round = 0; round < 2; round++) {
		read_all_replies(text, cut, &repeated);
		assert_string_equal(story, expected);
	}
}

static void replies_read(const char *text, const char *expected)
{
	for (size_t cut = 0; cut < strlen(text); cut++)
		replies_read_at(text, cut, expected);
	replies_read_at(text, EVERY_BYTE, expected);
}

static void responses_are_read_wherever_the_stream_is_cut(void **state)
{
	(void)state;
	replies_read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
		     "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nHTT"
		     "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
		     "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
		     "200,on;200,on;404,on;200,last;");
	replies_read("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", "200,last;");
	replies_read("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nab",
		     "200,on;");
}

static void chunks_are_read_to_their_end(void **state)
{
	(void)state;
	replies_read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		     "3\r\nabc\r\n1\r\nd\r\n0\r\nTrailer: x\r\n\r\n"
		     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		     "200,on;200,on;");
	replies_read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
		     "end:short;");
	replies_read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "end:short;");
	replies_read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "bad;");
}

static void a_response_without_a_length_ends_with_its_connection(void **state)
{
	(void)state;
	replies_read("HTTP/1.1 200 OK\r\n\r\nabc", "end:200,last;");
	replies_read("HTTP/1.1 200 OK\r\n\r\n", "end:200,last;");
}

static void interim_responses_are_passed_over(void **state)
{
	(void)state;
	replies_read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
		     "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
		     "200,on;");
	replies_read("HTTP/1.1 100 Continue\r\n\r\n", "end:bad;");
}

static void some_statuses_have_no_body_whatever_their_header_says(void **state)
{
	(void)state;
	replies_read("HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n"
		     "HTTP/1.1 204 No Content\r\n\r\n"
		     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
		     "304,on;204,on;200,on;");
}

static void a_body_that_is_cut_off_is_short(void **state)
{
	(void)state;
	replies_read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "end:short;");
	replies_read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "end:short;");
	replies_read("HTTP/1.1 200 OK\r\nContent-Le", "end:bad;");
}

static void what_is_not_a_response_is_bad(void **state)
{
	(void)state;
	replies_read("SSH-2.0-OpenSSH_9.2\r\n", "bad;");
	replies_read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
		     "bad;");
	replies_read("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "bad;");
	replies_read("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxyz", "200,on;bad;");
}

static void a_header_without_end_is_bad(void **state)
{
	static char text[HTTP_REPLY_HEADER_BYTES_MAX + 100];
	static const char before[] = "HTTP/1.1 200 OK\r\nA: ";

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, before, strlen(before));
	replies_read_at(text, 0, "bad;");
	replies_read_at(text, 30000, "bad;");
}

static uint64_t next_random(void)
{
	static uint64_t x;

	x = (x == 0 ? test_seed() : x) * UINT64_C(6364136223846793005) + 1442695040888963407;
	return x >> 33;
}

// Damages up to three bytes of a copy; none becomes zero, which would end the text.
static void mutate(char *copy, const char *text)
{
	size_t len = strlen(text);

	memcpy(copy, text, len + 1);
	for (uint64_t n = 1 + next_random() % 3; n > 0; n--)
		copy[next_random() % len] = (char)(1 + next_random() % 127);
}

static void damaged_streams_come_to_the_same_however_they_are_cut(void **state)
{
	static const char requests[] =
		"PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
		"\r\n3\r\nabc\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n"
		"Content-Length: 2\r\n\r\nxyGET /c HTTP/1.0\r\n\r\n";
	static const char replies[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
				      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\n"
				      "Transfer-Encoding: chunked\r\n\r\n1\r\nd\r\n0\r\n\r\n";
	static char copy[512], whole[512];

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		mutate(copy, requests);
		read_all_requests(copy, 0);
		strcpy(whole, story);
		requests_read_at(copy, 1 + next_random() % strlen(copy), whole);
		requests_read_at(copy, EVERY_BYTE, whole);
		mutate(copy, replies);
		read_all_replies(copy, 0, &(struct http_reply_repeated){0});
		strcpy(whole, story);
		replies_read_at(copy, 1 + next_random() % strlen(copy), whole);
		replies_read_at(copy, EVERY_BYTE, whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_read_wherever_the_stream_is_cut),
		cmocka_unit_test(bodies_are_passed_over),
		cmocka_unit_test(host_fields_are_counted_by_their_whole_name),
		cmocka_unit_test(an_upgrade_is_not_taken_up),
		cmocka_unit_test(what_is_not_http_is_found),
		cmocka_unit_test(a_target_that_does_not_fit_is_known_as_such),
		cmocka_unit_test(a_header_of_the_greatest_size_is_read_and_one_byte_more_is_not),
		cmocka_unit_test(responses_are_read_wherever_the_stream_is_cut),
		cmocka_unit_test(chunks_are_read_to_their_end),
		cmocka_unit_test(a_response_without_a_length_ends_with_its_connection),
		cmocka_unit_test(interim_responses_are_passed_over),
		cmocka_unit_test(some_statuses_have_no_body_whatever_their_header_says),
		cmocka_unit_test(a_body_that_is_cut_off_is_short),
		cmocka_unit_test(what_is_not_a_response_is_bad),
		cmocka_unit_test(a_header_without_end_is_bad),
		cmocka_unit_test(damaged_streams_come_to_the_same_however_they_are_cut),
	};

	return cmocka_run_group_tests_name("http_message", tests, NULL, NULL);
}

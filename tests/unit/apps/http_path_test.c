// SPDX-License-Identifier: BSD-3-Clause
//
// What path a target names, and what stands in front of a body.
// Rooms: apps/http_path, apps/http_response.
#include "support/cmocka_headers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apps/http_path.h"
#include "apps/http_response.h"

static void decodes(const char *target, const char *expected)
{
	size_t len = strlen(target);
	char *exact = malloc(len + 1);
	char *path = malloc(len + 1);

	memcpy(exact, target, len);
	int n = http_path_decode(exact, len, path);

	assert_int_equal(n, strlen(expected));
	assert_memory_equal(path, expected, strlen(expected));
	free(exact);
	free(path);
}

static void is_refused(const char *target)
{
	char path[256];

	assert_int_equal(http_path_decode(target, strlen(target), path), -EINVAL);
}

static void paths_are_decoded(void **state)
{
	(void)state;
	decodes("/", "/");
	decodes("/a/b.html", "/a/b.html");
	decodes("/a%20b%2Fc", "/a b/c");
	decodes("/a?b/../c", "/a");
	decodes("/a#b", "/a");
	decodes("/..a/b../...", "/..a/b../...");
	decodes("http://x:80/a", "/a");
	decodes("HTTP://x", "/");
	decodes("http://x?a", "/");
	decodes("http://", "/");
	decodes("/%c3%BC", "/\xc3\xbc");
}

static void paths_that_lead_elsewhere_are_refused(void **state)
{
	(void)state;
	is_refused("");
	is_refused("*");
	is_refused("a");
	is_refused("?a");
	is_refused("/..");
	is_refused("/../a");
	is_refused("/a/../b");
	is_refused("/a/..");
	is_refused("/%2e%2e/a");
	is_refused("/.%2E");
	is_refused("/a%2f..%2fb");
	is_refused("/%");
	is_refused("/%4");
	is_refused("/%zz");
	is_refused("/a%00b");
	is_refused("http://x/../a");
}

static void a_response_head_has_the_field_that_its_connection_needs(void **state)
{
	struct http_response response;
	char text[HTTP_HEAD_SENT_BYTES + 1];

	(void)state;
	http_response_init(&response, 405, "text/plain", "no\n", 3);
	http_response_add_field(&response, "Allow: GET, HEAD");
	text[http_response_head(&response, HTTP_CONNECTION_DEFAULT, text)] = '\0';
	assert_string_equal(text,
			    "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 3\r\n"
			    "Content-Type: text/plain\r\nAllow: GET, HEAD\r\n\r\n");
	text[http_response_head(&response, HTTP_CONNECTION_CLOSE, text)] = '\0';
	assert_non_null(strstr(text, "\r\nConnection: close\r\n\r\n"));
	text[http_response_head(&response, HTTP_CONNECTION_KEEP_ALIVE, text)] = '\0';
	assert_non_null(strstr(text, "\r\nConnection: keep-alive\r\n\r\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_decoded),
		cmocka_unit_test(paths_that_lead_elsewhere_are_refused),
		cmocka_unit_test(a_response_head_has_the_field_that_its_connection_needs),
	};

	return cmocka_run_group_tests_name("http_path", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// See http_fixture.h.
// Linked by http_server_test and http_close_test.
#include "http_fixture.h"

#include <errno.h>
#include <string.h>

struct plx_stack *stack;
struct application *server;
struct http_files *files;
plx_time now;

int http_setup(void **state)
{
	(void)state;
	stack = fake_create();
	now = 1000 * PLX_SECOND;
	return 0;
}

int http_teardown(void **state)
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

struct plx_stack *stack;
struct application *server;
struct http_files *files;
plx_time now;

void create_server(const struct http_server_config *config)
{
	assert_int_equal(http_server_create(config, &server), 0);
	assert_int_equal(server->ops->start(server, stack, now), 0);
}

void create_pattern_server(uint64_t body_bytes)
{
	struct http_server_config config = {.server = {.port_first = 80, .port_last = 80},
					    .body_bytes = body_bytes};

	create_server(&config);
}

struct fake_connection *at(plx_conn conn)
{
	return fake_connection(stack, conn);
}

plx_conn accept_client(void)
{
	return fake_accept(stack, server, 0, now);
}

void event(plx_conn conn, uint32_t mask)
{
	fake_event(stack, server, conn, mask, 0, now);
}

void ask(plx_conn conn, const char *bytes)
{
	fake_arrive(stack, conn, bytes, strlen(bytes));
	event(conn, PLX_EVENT_READABLE);
}

void answers(plx_conn conn, const char *expected)
{
	assert_string_equal(fake_sent(stack, conn), expected);
}

void end(plx_conn conn)
{
	assert_true(at(conn)->is_closed);
	event(conn, PLX_EVENT_CLOSED);
}

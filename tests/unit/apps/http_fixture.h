// SPDX-License-Identifier: BSD-3-Clause
//
// An HTTP server on a stack that the test plays, with short words for what a client does. Its
// pattern is 8 bytes long unless a test says otherwise.
// Included by http_server_test and http_close_test.
#ifndef HTTP_FIXTURE_H
#define HTTP_FIXTURE_H

#include "support/cmocka_headers.h"

#include "apps/http_server.h"
#include "fake_stack.h"

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define GET_CLOSE "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
#define HEAD "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"
#define TEXT "Content-Type: text/plain; charset=utf-8\r\n"
#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n" TEXT
#define OK OK_HEAD "\r\n01234567"
#define OK_CLOSE OK_HEAD "Connection: close\r\n\r\n01234567"

extern struct plx_stack *stack;
extern struct application *server;
extern struct http_files *files; // freed after the test
extern plx_time now;

int http_setup(void **state);
int http_teardown(void **state);
#define HTTP_TEST(name) cmocka_unit_test_setup_teardown(name, http_setup, http_teardown)

void create_server(const struct http_server_config *config);
void create_pattern_server(uint64_t body_bytes);

struct fake_connection *at(plx_conn conn);
plx_conn accept_client(void);
void event(plx_conn conn, uint32_t mask);
void ask(plx_conn conn, const char *bytes); // READABLE included
// All that was answered so far.
void answers(plx_conn conn, const char *expected);
// CLOSED, after the server has closed.
void end(plx_conn conn);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// A load on a stack that the test plays, with its own clock: short words for what a target does.
// Nothing happens between the words.
// Included by the tests of the load.
#ifndef LOAD_FIXTURE_H
#define LOAD_FIXTURE_H

#include "support/cmocka_headers.h"

#include "apps/load.h"
#include "fake_stack.h"

#define LOAD_START (1000 * PLX_SECOND)
#define LOAD_TIMEOUT (8 * PLX_SECOND)
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
#define OK_CLOSE "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody"
#define REQUEST "GET /path HTTP/1.1\r\nHost: 198.18.0.2\r\n\r\n"
#define LAST_REQUEST "GET /path HTTP/1.1\r\nHost: 198.18.0.2\r\nConnection: close\r\n\r\n"

extern struct plx_stack *stack;
extern struct application *load;
extern plx_time now;

int load_setup(void **state);
int load_teardown(void **state);
#define LOAD_TEST(name) cmocka_unit_test_setup_teardown(name, load_setup, load_teardown)

// One connection, closed loop, 10 seconds, LOAD_TIMEOUT, target 198.18.0.2:80, "/path".
struct load_config load_config_plain(void);
void load_begin(const struct load_config *config);
const struct load_results *results(void);

// One iteration of the worker at `now`, or after some time. Gives what run() said.
plx_time run(void);
plx_time run_after(plx_duration time);

struct fake_connection *at(plx_conn conn);
plx_conn nth(unsigned n); // of the open ones
void event(plx_conn conn, uint32_t mask);
void connected(plx_conn conn);
void responds(plx_conn conn, const char *bytes); // READABLE included
void closes(plx_conn conn);			 // PEER_CLOSED
void ends(plx_conn conn);			 // CLOSED, after the load has closed
void fails(plx_conn conn, int32_t error);
void dies(plx_conn conn); // FAILED, after the load has aborted

// What was sent since the last look.
void expect_request(plx_conn conn, const char *expected);
void expect_nothing_sent(plx_conn conn);
// Of the named error so many, of all others none.
void expect_errors(enum load_error error, uint64_t count);
void expect_no_errors(void);
// opened = closed + failed + open, sent = answered + failed + outstanding.
void expect_sums(uint64_t outstanding);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// See load_fixture.h.
// Every word checks what a stack would have required of the application in that place.
// Linked by the tests of the load.
#include "load_fixture.h"

#include <errno.h>
#include <string.h>

struct plx_stack *stack;
struct application *load;
plx_time now;

int load_setup(void **state)
{
	(void)state;
	stack = fake_create();
	now = LOAD_START;
	return 0;
}

int load_teardown(void **state)
{
	(void)state;
	if (load != NULL)
		load->ops->destroy(load);
	load = NULL;
	fake_destroy(stack);
	return 0;
}

struct load_config load_config_plain(void)
{
	return (struct load_config){
		.target = {.bytes = {[10] = 255, [11] = 255, [12] = 198, 18, 0, 2}},
		.port_first = 80,
		.port_last = 80,
		.host = "198.18.0.2",
		.path = "/path",
		.connections = 1,
		.duration = 10 * PLX_SECOND,
		.timeout = LOAD_TIMEOUT,
	};
}

void load_begin(const struct load_config *config)
{
	assert_int_equal(load_create(config, &load), 0);
	assert_int_equal(load->ops->start(load, stack, now), 0);
}

const struct load_results *results(void)
{
	return load_results(load);
}

plx_time run(void)
{
	return load->ops->run(load, now);
}

plx_time run_after(plx_duration time)
{
	now += time;
	return run();
}

struct fake_connection *at(plx_conn conn)
{
	return fake_connection(stack, conn);
}

plx_conn nth(unsigned n)
{
	return fake_nth_open(stack, n);
}

void event(plx_conn conn, uint32_t mask)
{
	fake_event(stack, load, conn, mask, 0, now);
}

void connected(plx_conn conn)
{
	event(conn, PLX_EVENT_CONNECTED);
}

void responds(plx_conn conn, const char *bytes)
{
	fake_arrive(stack, conn, bytes, strlen(bytes));
	event(conn, PLX_EVENT_READABLE);
}

void closes(plx_conn conn)
{
	event(conn, PLX_EVENT_PEER_CLOSED);
}

void ends(plx_conn conn)
{
	assert_true(at(conn)->is_closed);
	event(conn, PLX_EVENT_CLOSED);
}

void fails(plx_conn conn, int32_t error)
{
	fake_event(stack, load, conn, PLX_EVENT_FAILED, error, now);
}

void dies(plx_conn conn)
{
	assert_true(at(conn)->is_aborted);
	fails(conn, -ECONNABORTED);
}

void expect_request(plx_conn conn, const char *expected)
{
	struct fake_bytes *sent = &at(conn)->sent;

	assert_string_equal(sent->data + sent->taken, expected);
	sent->taken = sent->len;
}

void expect_nothing_sent(plx_conn conn)
{
	expect_request(conn, "");
}

void expect_errors(enum load_error error, uint64_t count)
{
	for (enum load_error i = 0; i < LOAD_ERROR_COUNT; i++) {
		uint64_t expected = i == error ? count : 0;

		if (results()->errors[i] != expected)
			print_error("%s\n", load_error_name(i));
		assert_int_equal(results()->errors[i], expected);
	}
}

void expect_no_errors(void)
{
	expect_errors(LOAD_ERROR_OTHER, 0);
	assert_int_equal(results()->requests_failed, 0);
	assert_int_equal(results()->connections_failed, 0);
}

void expect_sums(uint64_t outstanding)
{
	const struct load_results *r = results();

	assert_int_equal(r->connections_opened,
			 r->connections_closed + r->connections_failed + fake_count_open(stack));
	assert_int_equal(r->requests_sent, r->requests_answered + r->requests_failed + outstanding);
}

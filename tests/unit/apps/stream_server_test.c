// SPDX-License-Identifier: BSD-3-Clause
//
// Echo and discard on a stack that the test plays.
// Rooms: apps/echo, apps/discard, apps/stream_server.
#include "support/cmocka_headers.h"

#include <errno.h>
#include <string.h>

#include "apps/discard.h"
#include "apps/echo.h"
#include "fake_stack.h"

#define BYTES 100000

static const struct server_config config = {.port_first = 7, .port_last = 7, .max_sessions = 4};
static struct plx_stack *stack;
static struct application *server;
static char text[BYTES];

static int setup(void **state)
{
	(void)state;
	stack = fake_create();
	for (size_t i = 0; i < BYTES; i++)
		text[i] = (char)('a' + i % 26 + i / 1000 % 3);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	server->ops->destroy(server);
	fake_destroy(stack);
	return 0;
}

static plx_conn start(int (*create)(const struct server_config *, struct application **))
{
	assert_int_equal(create(&config, &server), 0);
	assert_int_equal(server->ops->start(server, stack, 0), 0);
	return fake_accept(stack, server, 0, 0);
}

static void event(plx_conn conn, uint32_t mask)
{
	fake_event(stack, server, conn, mask, 0, 0);
}

static void echo_sends_back_what_it_gets(void **state)
{
	plx_conn conn = start(echo_create);

	(void)state;
	fake_arrive(stack, conn, text, BYTES);
	event(conn, PLX_EVENT_READABLE);
	assert_int_equal(fake_connection(stack, conn)->sent.len, BYTES);
	assert_memory_equal(fake_sent(stack, conn), text, BYTES);
	assert_int_equal(echo_results(server)->rx_bytes, BYTES);
	assert_int_equal(echo_results(server)->tx_bytes, BYTES);
	event(conn, PLX_EVENT_PEER_CLOSED);
	assert_true(fake_connection(stack, conn)->is_closed);
	event(conn, PLX_EVENT_CLOSED);
	assert_int_equal(echo_results(server)->closed, 1);
}

// One event tells of both, and none comes after it.
static void what_comes_with_the_end_is_sent_back_before_it(void **state)
{
	plx_conn conn = start(echo_create);

	(void)state;
	fake_arrive(stack, conn, text, 3);
	event(conn, PLX_EVENT_READABLE | PLX_EVENT_PEER_CLOSED);
	assert_int_equal(fake_connection(stack, conn)->sent.len, 3);
	assert_true(fake_connection(stack, conn)->is_closed);
}

// What connections go by is read from the first of them.
static void settings_are_read_from_a_connection(void **state)
{
	plx_conn conn = start(echo_create);
	const struct connection_settings *settings = &echo_results(server)->settings;

	(void)state;
	assert_true(settings->is_known);
	assert_int_equal(settings->info.mss_bytes, FAKE_MSS);
	for (unsigned i = 0; i < PLX_OPTION_COUNT; i++)
		assert_int_equal(settings->options[i], i);
	event(conn, PLX_EVENT_FAILED);
}

static void echo_reads_no_more_than_it_can_send(void **state)
{
	plx_conn conn = start(echo_create);
	struct fake_connection *c = fake_connection(stack, conn);

	(void)state;
	c->room = 0;
	fake_arrive(stack, conn, text, BYTES);
	event(conn, PLX_EVENT_READABLE | PLX_EVENT_PEER_CLOSED);
	assert_int_equal(c->received.taken, 0);
	for (size_t room = 1; c->sent.len < BYTES; room = room * 3 % 20011) {
		c->room = room;
		event(conn, PLX_EVENT_WRITABLE);
		assert_int_equal(c->received.taken, c->sent.len);
		assert_memory_equal(c->sent.data, text, c->sent.len);
	}
	assert_true(c->is_closed); // the half-close is passed on behind the last byte
}

static void discard_reads_all_and_answers_nothing(void **state)
{
	plx_conn conn = start(discard_create);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		fake_arrive(stack, conn, text, BYTES);
		event(conn, PLX_EVENT_READABLE);
	}
	assert_int_equal(discard_results(server)->rx_bytes, 3 * BYTES);
	assert_int_equal(fake_connection(stack, conn)->sent.len, 0);
	assert_false(fake_connection(stack, conn)->is_closed);
	event(conn, PLX_EVENT_PEER_CLOSED);
	assert_true(fake_connection(stack, conn)->is_closed);
}

static void a_stop_closes_every_connection(void **state)
{
	plx_conn first = start(discard_create);
	plx_conn second = fake_accept(stack, server, 0, 0);

	(void)state;
	server->ops->stop(server, 0);
	assert_true(fake_connection(stack, first)->is_closed);
	assert_true(fake_connection(stack, second)->is_closed);
	event(first, PLX_EVENT_CLOSED);
	assert_false(server->ops->is_finished(server));
	fake_event(stack, server, second, PLX_EVENT_FAILED, -ECONNRESET, 0);
	assert_true(server->ops->is_finished(server));
	assert_int_equal(discard_results(server)->accepted, 2);
	assert_int_equal(discard_results(server)->closed, 1);
	assert_int_equal(discard_results(server)->failed, 1);
}

static void they_say_who_they_are(void **state)
{
	struct application *other;

	(void)state;
	start(echo_create);
	assert_string_equal(server->ops->name, "echo");
	assert_int_equal(server->ops->run(server, 5), PLX_TIME_NEVER);
	assert_int_equal(discard_create(&config, &other), 0);
	assert_string_equal(other->ops->name, "discard");
	other->ops->destroy(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(echo_sends_back_what_it_gets),
		TEST(what_comes_with_the_end_is_sent_back_before_it),
		TEST(settings_are_read_from_a_connection),
		TEST(echo_reads_no_more_than_it_can_send),
		TEST(discard_reads_all_and_answers_nothing),
		TEST(a_stop_closes_every_connection),
		TEST(they_say_who_they_are),
	};

	return cmocka_run_group_tests_name("stream_server", tests, NULL, NULL);
}

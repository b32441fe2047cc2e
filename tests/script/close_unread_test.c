// SPDX-License-Identifier: BSD-3-Clause
//
// A connection that is over while its user has still to read: gone for its peer, readable to the end, and its
// last event comes once, whatever the order of reading and polling. RFC 9293 3.10.7.4 fifth (LAST-ACK).
#include <errno.h>

#include "support/eal_main.h"
#include "support/user.h"

// LAST-ACK is over when our FIN is acknowledged, and unread data waits for its user all the same.
static struct fixture *over_and_unread(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK | TCP_PSH, .len = 100));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 101));
	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK, .ack = f->rcv_nxt + 101));
	f->rcv_nxt += 101;
	f->snd_nxt++;
	segment_arrives(f, SEG());
	forget_events(f);
	return f;
}

// 3.10.7.4 fifth, LAST-ACK: CLOSED, to the peer and in figures.
static void connection_that_is_over_and_unread_is_closed(void **state)
{
	struct fixture *f = over_and_unread(state);

	assert_int_equal(info_of(f).state, PLX_STATE_CLOSED);
	segment_arrives(f, SEG(.flags = TCP_RST));
	expect_no_event(f);
	segment_arrives(f, SEG());
	expect_segment(f, SEG(.flags = TCP_RST, .seq = f->snd_nxt));
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = 70000));
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .ack = 70001));
	assert_int_equal(info_of(f).readable_bytes, 100);
}

// The end of the stream is told to a reader before the handle is stale.
static void end_is_read_before_the_handle_is_stale(void **state)
{
	struct fixture *f = over_and_unread(state);
	uint8_t bytes[200];

	assert_int_equal(plx_recv(f->stack, f->conn, bytes, sizeof(bytes), 0), 100);
	assert_int_equal(plx_recv(f->stack, f->conn, bytes, sizeof(bytes), 0), 0);
	expect_event(f, PLX_EVENT_CLOSED, 0);
	assert_int_equal(plx_recv(f->stack, f->conn, bytes, sizeof(bytes), 0), -EBADF);
}

static void nobody_keeps_alive_what_is_over(void **state)
{
	struct fixture *f = over_and_unread(state);

	assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_KEEPALIVE, 1), 0);
	expect_silence_for(f, 20000 * UINT64_C(1000));
	assert_int_equal(info_of(f).readable_bytes, 100);
	user_closes(f);
	expect_event(f, PLX_EVENT_CLOSED, 0);
	expect_silence(f);
}

// Read first, events fetched later: the last event comes all the same.
static void connection_read_before_its_events_ends_too(void **state)
{
	struct fixture *f = fixture_established(state);
	uint8_t bytes[200];

	f->holds_events = true;
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK | TCP_PSH, .len = 100));
	expect_segment(f, SEG(.flags = TCP_ACK));
	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK));
	f->rcv_nxt += 101;
	f->snd_nxt++;
	segment_arrives(f, SEG());
	assert_int_equal(plx_recv(f->stack, f->conn, bytes, sizeof(bytes), 0), 100);
	assert_int_equal(plx_recv(f->stack, f->conn, bytes, sizeof(bytes), 0), 0);
	f->holds_events = false;
	expect_event(f, PLX_EVENT_READABLE | PLX_EVENT_PEER_CLOSED, 0);
	expect_event(f, PLX_EVENT_CLOSED, 0);
}

// What reading was shut down for is no unread data.
static void close_after_shutdown_of_reading_sends_what_is_queued(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.seq = f->rcv_nxt + 500, .len = 100));
	forget_output(f);
	user_sends(f, 300);
	user_shuts_down(f, PLX_SHUTDOWN_READ);
	user_closes(f);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK | TCP_PSH, .len = 300));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(connection_that_is_over_and_unread_is_closed),
		SCENARIO(end_is_read_before_the_handle_is_stale),
		SCENARIO(nobody_keeps_alive_what_is_over),
		SCENARIO(connection_read_before_its_events_ends_too),
		SCENARIO(close_after_shutdown_of_reading_sends_what_is_queued),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script close unread", tests, NULL, NULL);
}

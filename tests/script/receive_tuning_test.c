// SPDX-License-Identifier: BSD-3-Clause
//
// The receive buffer that grows with what the application reads in a round trip, up to RECEIVE_BUFFER_MAX, and the
// scale (RFC 7323 2.2) that has to be announced for that before it does.
#include <rte_mbuf.h>

#include "support/eal_main.h"
#include "support/user.h"

enum {
	MSS = 1000,
	RTT_MS = 60,
	FIRST = 16384,
	MOST = 131072,
	MOST_SCALE = 2, // 131072 needs two bits more than the field has
};

// ESTABLISHED by the peer, a round trip of RTT_MS after the SYN+ACK.
static struct fixture *accepted(void **state, int64_t first, int64_t most)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = MSS;
	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, first);
	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER_MAX, most);
	fixture_syn_received(state);
	advance(f, RTT_MS);
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
	return f;
}

static struct fixture *growing(void **state)
{
	fixture_plan(state)->peer.wscale = 0;
	return accepted(state, FIRST, MOST);
}

static void peer_sends(struct fixture *f, uint32_t len_bytes)
{
	while (len_bytes > 0) {
		uint32_t len = len_bytes < MSS ? len_bytes : MSS;

		segment_arrives(f, SEG(.len = len));
		f->rcv_nxt += len;
		len_bytes -= len;
	}
	forget_output(f);
}

// Of what there may be so much is read.
static void user_reads(struct fixture *f, uint32_t len_bytes)
{
	static uint8_t bytes[MOST];

	assert_int_equal(plx_recv(f->stack, f->conn, bytes, len_bytes, 0), len_bytes);
	f->received_bytes += len_bytes;
	forget_output(f);
	forget_events(f);
}

// After a round trip the peer sends so much, and so much is read.
static void round_trip(struct fixture *f, uint32_t sent_bytes, uint32_t read_bytes)
{
	advance(f, RTT_MS);
	peer_sends(f, sent_bytes);
	user_reads(f, read_bytes);
}

static uint32_t buffer_of(struct fixture *f)
{
	return info_of(f).receive_buffer_bytes;
}

// A sender that fills the window and an application that reads it find it doubled a round trip later.
static void buffer_doubles_as_it_is_read(void **state)
{
	struct fixture *f = growing(state);

	assert_int_equal(buffer_of(f), FIRST);
	for (uint32_t buffer = FIRST; buffer < MOST; buffer *= 2) {
		uint32_t window = info_of(f).rcv_wnd_bytes;

		assert_int_equal(buffer_of(f), buffer);
		round_trip(f, window, window);
		assert_int_equal(buffer_of(f), 2 * buffer);
	}
}

// RECEIVE_BUFFER_MAX is the most, and the window says so.
static void buffer_never_exceeds_its_maximum(void **state)
{
	struct fixture *f = growing(state);

	for (unsigned i = 0; i < 10; i++) {
		uint32_t window = info_of(f).rcv_wnd_bytes;

		round_trip(f, window, window);
		assert_true(info_of(f).rcv_wnd_bytes <= MOST);
	}
	assert_int_equal(buffer_of(f), MOST);
	assert_true(info_of(f).rcv_wnd_bytes > MOST - 2 * MSS);
}

// A maximum that is no power of two times the first is reached all the same.
static void odd_maximum_is_reached(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.wscale = 0;
	accepted(state, FIRST, 50000);
	for (unsigned i = 0; i < 4; i++) {
		uint32_t window = info_of(f).rcv_wnd_bytes;

		round_trip(f, window, window);
	}
	assert_int_equal(buffer_of(f), 50000);
}

// The application keeps the window shut: more room would only be filled as well.
static void slow_reader_gets_no_more(void **state)
{
	struct fixture *f = growing(state);

	round_trip(f, info_of(f).rcv_wnd_bytes, FIRST / 4);
	for (unsigned i = 0; i < 10; i++)
		round_trip(f, info_of(f).rcv_wnd_bytes, FIRST / 4);
	assert_int_equal(buffer_of(f), FIRST);
}

// The sender does not fill it.
static void slow_sender_gets_no_more(void **state)
{
	struct fixture *f = growing(state);

	for (unsigned i = 0; i < 10; i++)
		round_trip(f, FIRST / 4, FIRST / 4);
	assert_int_equal(buffer_of(f), FIRST);
}

// It is the rate that counts: a buffer that is read after a long rest was read slowly.
static void rate_of_reading_is_what_counts(void **state)
{
	struct fixture *f = growing(state);

	for (unsigned i = 0; i < 5; i++) {
		uint32_t window = info_of(f).rcv_wnd_bytes;

		advance(f, 3 * RTT_MS);
		round_trip(f, window, window);
	}
	assert_int_equal(buffer_of(f), FIRST);
}

// Nor are reads within a round trip more than that round trip's.
static void many_reads_of_a_round_trip_count_once(void **state)
{
	struct fixture *f = growing(state);

	advance(f, RTT_MS);
	for (unsigned i = 0; i < 8; i++) {
		peer_sends(f, FIRST / 2);
		user_reads(f, FIRST / 2);
	}
	assert_int_equal(buffer_of(f), FIRST);
	advance(f, RTT_MS);
	peer_sends(f, MSS);
	user_reads(f, MSS);
	assert_int_equal(buffer_of(f), 2 * FIRST);
}

// 0, the default, keeps it as RECEIVE_BUFFER says, and so does a maximum below that.
static void without_a_maximum_it_stays(void **state)
{
	for (int64_t most = 0; most <= FIRST; most += FIRST / 2) {
		struct fixture *f;

		fixture_plan(state)->peer.wscale = 0;
		f = accepted(state, FIRST, most);
		for (unsigned i = 0; i < 5; i++) {
			uint32_t window = info_of(f).rcv_wnd_bytes;

			round_trip(f, window, window);
		}
		assert_int_equal(buffer_of(f), FIRST);
		assert_true(info_of(f).rcv_wnd_bytes <= FIRST);
		fixture_renew(state);
	}
}

// RFC 7323 2.2: the scale is fixed by the handshake, so it is that of the largest buffer; what the field holds
// begins as small as the first one.
static void scale_is_announced_for_the_maximum(void **state)
{
	static const struct {
		int64_t first, most, scale;
	} cases[] = {
		{FIRST, 0, 0},	     {FIRST, 65535, 0},
		{FIRST, 65536, 1},   {FIRST, MOST, MOST_SCALE},
		{FIRST, 1 << 20, 5}, {MOST, FIRST, MOST_SCALE},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture *f = fixture_plan(state);
		const struct frame *syn_ack;

		fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, cases[i].first);
		fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER_MAX, cases[i].most);
		fixture_listening(state);
		segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->peer.isn, .wscale = 0));
		syn_ack = expect_segment(f,
					 SEG(.flags = TCP_SYN | TCP_ACK, .wscale = cases[i].scale));
		assert_int_equal(syn_ack->tcp.window,
				 cases[i].first < UINT16_MAX ? cases[i].first : UINT16_MAX);
		fixture_renew(state);
		f = fixture_plan(state);
		fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, cases[i].first);
		fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER_MAX, cases[i].most);
		fixture_bare(state);
		assert_int_equal(user_connects(f), 0);
		expect_segment(f, SEG(.flags = TCP_SYN, .wscale = cases[i].scale));
		fixture_renew(state);
	}
}

// RFC 7323 2.2: a peer without the option is never told of more than 65535 bytes.
static void without_scaling_the_window_stays_within_its_field(void **state)
{
	struct fixture *f = accepted(state, FIRST, MOST);

	for (unsigned i = 0; i < 8; i++) {
		uint32_t window = info_of(f).rcv_wnd_bytes;

		assert_true(window <= UINT16_MAX);
		round_trip(f, window, window);
	}
	assert_true(info_of(f).rcv_wnd_bytes > UINT16_MAX - 2 * MSS);
}

// Who sets the size means that size; what has been granted is not taken back (RFC 9293 SHLD-14).
static void size_that_is_set_is_exact(void **state)
{
	struct fixture *f = growing(state);

	for (unsigned i = 0; i < 2; i++) {
		uint32_t window = info_of(f).rcv_wnd_bytes;

		round_trip(f, window, window);
	}
	assert_int_equal(buffer_of(f), 4 * FIRST);
	assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_RECEIVE_BUFFER, 20000), 0);
	forget_output(f);
	assert_int_equal(buffer_of(f), 20000);
	peer_sends(f, 3 * FIRST); // was granted
	user_reads(f, 3 * FIRST);
}

// Buffers run low: they are for what has been granted already.
static void buffer_does_not_grow_while_memory_is_short(void **state)
{
	enum { TAKEN = 8192 * 9 / 10, NOTICED = 2000 };
	static struct rte_mbuf *taken[TAKEN];
	struct fixture *f = growing(state);

	assert_int_equal(rte_pktmbuf_alloc_bulk(f->config.pool, taken, TAKEN), 0);
	for (unsigned i = 0; i < NOTICED; i++)
		segment_arrives(f, SEG()); // free buffers are counted now and then
	for (unsigned i = 0; i < 4; i++) {
		uint32_t window = info_of(f).rcv_wnd_bytes;

		round_trip(f, window, window);
	}
	assert_int_equal(buffer_of(f), FIRST);
	rte_pktmbuf_free_bulk(taken, TAKEN);
	for (unsigned i = 0; i < 4; i++) {
		uint32_t window = info_of(f).rcv_wnd_bytes;

		round_trip(f, window, window);
	}
	assert_int_equal(buffer_of(f), MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(buffer_doubles_as_it_is_read),
		SCENARIO(buffer_never_exceeds_its_maximum),
		SCENARIO(odd_maximum_is_reached),
		SCENARIO(slow_reader_gets_no_more),
		SCENARIO(slow_sender_gets_no_more),
		SCENARIO(rate_of_reading_is_what_counts),
		SCENARIO(many_reads_of_a_round_trip_count_once),
		SCENARIO(without_a_maximum_it_stays),
		SCENARIO(scale_is_announced_for_the_maximum),
		SCENARIO(without_scaling_the_window_stays_within_its_field),
		SCENARIO(size_that_is_set_is_exact),
		SCENARIO(buffer_does_not_grow_while_memory_is_short),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script receive_tuning", tests, NULL, NULL);
}

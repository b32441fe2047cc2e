// SPDX-License-Identifier: BSD-3-Clause
//
// Buffers handed over for sending, on a path that loses: sent again, acknowledged in the middle, given up, while a
// driver still holds them. What it holds is not written, and each buffer and cookie comes back once
// (architecture "Who owns an mbuf", pollux/conn.h). The driver of these scenarios keeps its frames.
#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "support/eal_main.h"
#include "support/pattern.h"
#include "support/user.h"

enum { MSS = 1000, SEGMENTS = 4, HELD_MAX = 16, RTO_MS = 200 };

// What a port may be able to do; each makes segments in another way.
static const uint32_t ports[] = {
	0,
	PLX_OFFLOAD_TX_MULTI_SEGS,
	PLX_OFFLOAD_TX_MULTI_SEGS | PLX_OFFLOAD_TX_ANY_MEMORY,
	PLX_OFFLOAD_TX_MULTI_SEGS | PLX_OFFLOAD_TX_BY_REFERENCE,
	PLX_OFFLOAD_TX_MULTI_SEGS | PLX_OFFLOAD_TX_TSO | PLX_OFFLOAD_TX_TCP_CHECKSUM
		| PLX_OFFLOAD_TX_IPV4_CHECKSUM,
};

// Frames that a driver has taken and not transmitted yet, and what was in them then.
struct driver {
	struct rte_mbuf *frames[HELD_MAX];
	uint8_t bytes[HELD_MAX][MBUFS_FRAME_MAX_BYTES];
	size_t len_bytes[HELD_MAX];
	unsigned n;
};

static struct fixture *connected(void **state, uint32_t offloads)
{
	struct fixture *f = fixture_plan(state);

	f->config.offloads = offloads;
	f->peer.mss = MSS;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	fixture_set_option(f, PLX_OPTION_TAIL_PROBE, 0);
	fixture_established(state);
	f->judge.ignores_flows = true; // it does not see what the driver takes
	return f;
}

static void hand_over(struct fixture *f, uint16_t len_bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(f->config.pool);

	assert_non_null(m);
	pattern_fill(rte_pktmbuf_append(m, len_bytes), len_bytes, 0, f->sent_bytes);
	f->sent_bytes += len_bytes;
	assert_int_equal(plx_send_mbuf(f->stack, f->conn, m), 0);
}

// The driver takes what there is, which is `n` segments, in one frame where the port cuts it.
static void driver_takes(struct fixture *f, struct driver *driver, unsigned n)
{
	bool cuts = (f->config.offloads & PLX_OFFLOAD_TX_TSO) != 0;

	driver->n = plx_output(f->stack, driver->frames, HELD_MAX, f->now);
	assert_int_equal(driver->n, cuts ? 1 : n);
	for (unsigned i = 0; i < driver->n; i++)
		driver->len_bytes[i] = mbufs_copy_out(driver->frames[i], driver->bytes[i]);
}

// Nobody has written to them since.
static void driver_finds_all_as_it_was(const struct driver *driver)
{
	uint8_t now[MBUFS_FRAME_MAX_BYTES];

	for (unsigned i = 0; i < driver->n; i++) {
		assert_int_equal(mbufs_copy_out(driver->frames[i], now), driver->len_bytes[i]);
		assert_memory_equal(now, driver->bytes[i], driver->len_bytes[i]);
	}
}

static void driver_gives_back(struct driver *driver)
{
	driver_finds_all_as_it_was(driver);
	rte_pktmbuf_free_bulk(driver->frames, driver->n);
	driver->n = 0;
}

// The retransmission timer expires; what it sends is left for the driver.
static void timer_expires(struct fixture *f)
{
	struct plx_event events[4];

	f->now += RTO_MS * PLX_MILLISECOND;
	assert_int_equal(plx_poll(f->stack, events, 4, f->now), 0);
}

static void expect_text(struct fixture *f, uint32_t from, uint32_t len_bytes)
{
	const struct frame *frame = expect_segment(f,
						   SEG(.seq = f->snd_nxt + from, .len = len_bytes));

	assert_int_equal(pattern_match(frame->payload, len_bytes, 0, from), len_bytes);
}

// Runs a scenario once for each kind of port.
static void for_each_port(void **state, void (*scenario)(struct fixture *f))
{
	for (unsigned i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		scenario(connected(state, ports[i]));
		fixture_renew(state);
	}
}

static void resend_what_is_held(struct fixture *f)
{
	unsigned idle = mbufs_in_use(f->config.pool);
	struct driver driver;

	for (unsigned i = 0; i < SEGMENTS; i++)
		hand_over(f, MSS);
	driver_takes(f, &driver, SEGMENTS);
	for (unsigned i = 0; i < 3; i++)
		segment_arrives(f, SEG());
	expect_text(f, 0, MSS);
	driver_finds_all_as_it_was(&driver);
	segment_arrives(f, SEG(.ack = f->snd_nxt + SEGMENTS * MSS));
	assert_true(mbufs_in_use(f->config.pool) >= idle + SEGMENTS);
	driver_gives_back(&driver);
	assert_int_equal(mbufs_in_use(f->config.pool), idle);
}

// While a driver holds a segment it is not rewritten: what is sent again has headers of its own.
static void retransmission_leaves_alone_what_the_driver_holds(void **state)
{
	for_each_port(state, resend_what_is_held);
}

// A driver holds a flight, with `extra` segments made of a buffer of 1800 bytes at its end or none, and another the
// first segment of it, sent again.
static void send_twice(struct fixture *f, unsigned extra, struct driver *first,
		       struct driver *second)
{
	for (unsigned i = 0; i < SEGMENTS; i++)
		hand_over(f, MSS);
	if (extra > 0)
		hand_over(f, 1800);
	driver_takes(f, first, SEGMENTS + extra);
	timer_expires(f);
	driver_takes(f, second, 1);
}

static void hold_both_transmissions(struct fixture *f, bool is_first_given_first)
{
	unsigned idle = mbufs_in_use(f->config.pool);
	struct driver first, second;

	send_twice(f, 0, &first, &second);
	segment_arrives(f, SEG(.ack = f->snd_nxt + SEGMENTS * MSS));
	driver_gives_back(is_first_given_first ? &first : &second);
	assert_true(mbufs_in_use(f->config.pool) > idle);
	driver_gives_back(is_first_given_first ? &second : &first);
	assert_int_equal(mbufs_in_use(f->config.pool), idle);
}

static void hold_both_and_give_the_first_first(struct fixture *f)
{
	hold_both_transmissions(f, true);
}

static void hold_both_and_give_the_second_first(struct fixture *f)
{
	hold_both_transmissions(f, false);
}

// Two transmissions of a buffer are out: the last to come back frees it, whichever that is.
static void last_transmission_to_come_back_frees_the_buffer(void **state)
{
	for_each_port(state, hold_both_and_give_the_first_first);
	for_each_port(state, hold_both_and_give_the_second_first);
}

static void acknowledge_in_the_middle(struct fixture *f)
{
	unsigned idle = mbufs_in_use(f->config.pool);
	struct driver driver;

	hand_over(f, 1800);
	hand_over(f, 700);
	driver_takes(f, &driver, 3); // 1000, 800, 700
	segment_arrives(f, SEG(.ack = f->snd_nxt + 500));
	expect_segment_within(f, RTO_MS + 1, SEG(.seq = f->snd_nxt + 500));
	driver_finds_all_as_it_was(&driver);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 1500));
	forget_output(f);
	expect_segment_within(f, 4 * RTO_MS, SEG(.seq = f->snd_nxt + 1500));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 1501));
	forget_output(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 2500));
	driver_gives_back(&driver);
	assert_int_equal(mbufs_in_use(f->config.pool), idle);
}

// An acknowledgement may end anywhere; what is sent again begins behind it, and may cross the buffers' ends.
static void buffer_may_be_acknowledged_in_the_middle(void **state)
{
	for_each_port(state, acknowledge_in_the_middle);
}

static void resend_all_in_other_pieces(struct fixture *f)
{
	unsigned idle = mbufs_in_use(f->config.pool);
	uint32_t acked = 0;

	for (unsigned i = 0; i < 3; i++)
		hand_over(f, 1500);
	forget_output(f);
	// In odd steps, with the timer's segment from each of them on.
	while (acked < 4500) {
		acked += 4500 - acked < 333 ? 4500 - acked : 333;
		segment_arrives(f, SEG(.ack = f->snd_nxt + acked));
		forget_output(f);
		if (acked < 4500)
			expect_segment_within(f, 130000, SEG(.seq = f->snd_nxt + acked));
		forget_output(f);
	}
	expect_silence_for(f, 100000);
	assert_int_equal(mbufs_in_use(f->config.pool), idle);
}

// Cut anew at each acknowledgement, nothing is lost of a buffer, nor kept.
static void buffers_survive_being_cut_again_and_again(void **state)
{
	for_each_port(state, resend_all_in_other_pieces);
}

static void end_while_held(struct fixture *f, bool is_abort)
{
	unsigned idle = mbufs_in_use(f->config.pool);
	struct driver first, second;

	send_twice(f, 2, &first, &second);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 100));
	if (is_abort)
		user_aborts(f);
	else
		segment_arrives(f, SEG(.flags = TCP_RST));
	forget_output(f);
	expect_event(f, PLX_EVENT_FAILED, is_abort ? -ECONNABORTED : -ECONNRESET);
	assert_true(mbufs_in_use(f->config.pool) > idle);
	driver_gives_back(&second);
	driver_gives_back(&first);
	assert_int_equal(mbufs_in_use(f->config.pool), idle);
}

static void abort_while_held(struct fixture *f)
{
	end_while_held(f, true);
}

static void be_reset_while_held(struct fixture *f)
{
	end_while_held(f, false);
}

// The connection is gone, the driver's frames are as they were.
static void held_buffers_outlive_an_abort(void **state)
{
	for_each_port(state, abort_while_held);
}

static void held_buffers_outlive_a_reset(void **state)
{
	for_each_port(state, be_reset_while_held);
}

static struct plx_external external_text(void)
{
	static char bytes[5 * MSS];

	pattern_fill(bytes, sizeof(bytes), 0, 0);
	return (struct plx_external){
		.data = bytes, .len_bytes = sizeof(bytes), .cookie = 7, .wants_sent = true};
}

static unsigned cookies_told(struct fixture *f)
{
	uint64_t cookies[4];
	unsigned n = (unsigned)plx_sent(f->stack, cookies, 4);

	for (unsigned i = 0; i < n; i++)
		assert_int_equal(cookies[i], 7);
	return n;
}

// SENT means acknowledged and in no driver's hands: neither by the first transmission nor by the second.
static void cookie_waits_for_every_transmission(void **state)
{
	struct fixture *f = connected(state, PLX_OFFLOAD_TX_MULTI_SEGS | PLX_OFFLOAD_TX_ANY_MEMORY);
	struct plx_external external = external_text();
	struct driver first, second;

	assert_int_equal(plx_send_external(f->stack, f->conn, &external), external.len_bytes);
	driver_takes(f, &first, 5);
	timer_expires(f);
	driver_takes(f, &second, 1);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 500));
	forget_output(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 5 * MSS));
	expect_no_event(f);
	driver_gives_back(&first);
	expect_no_event(f);
	assert_int_equal(cookies_told(f), 0);
	driver_gives_back(&second);
	expect_event(f, PLX_EVENT_SENT, 0);
	assert_int_equal(cookies_told(f), 1);
	expect_silence_for(f, 10000);
	assert_int_equal(cookies_told(f), 0);
}

// The connection ends before: its memory is still the driver's until that gives it back.
static void cookie_of_an_aborted_connection_waits_for_the_driver(void **state)
{
	struct fixture *f = connected(state, PLX_OFFLOAD_TX_MULTI_SEGS | PLX_OFFLOAD_TX_ANY_MEMORY);
	struct plx_external external = external_text();
	struct driver first, second;

	assert_int_equal(plx_send_external(f->stack, f->conn, &external), external.len_bytes);
	driver_takes(f, &first, 5);
	timer_expires(f);
	driver_takes(f, &second, 1);
	user_aborts(f);
	forget_output(f);
	forget_events(f);
	assert_int_equal(cookies_told(f), 0);
	driver_gives_back(&second);
	fixture_settle(f);
	assert_int_equal(cookies_told(f), 0);
	driver_gives_back(&first);
	forget_events(f);
	assert_int_equal(cookies_told(f), 1);
	fixture_settle(f);
	assert_int_equal(cookies_told(f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(retransmission_leaves_alone_what_the_driver_holds),
		SCENARIO(last_transmission_to_come_back_frees_the_buffer),
		SCENARIO(buffer_may_be_acknowledged_in_the_middle),
		SCENARIO(buffers_survive_being_cut_again_and_again),
		SCENARIO(held_buffers_outlive_an_abort),
		SCENARIO(held_buffers_outlive_a_reset),
		SCENARIO(cookie_waits_for_every_transmission),
		SCENARIO(cookie_of_an_aborted_connection_waits_for_the_driver),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script zero_copy_loss", tests, NULL, NULL);
}

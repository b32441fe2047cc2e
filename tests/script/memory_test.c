// SPDX-License-Identifier: BSD-3-Clause
//
// Running out of anything is an answered, counted event, never a crash and never a hang: buffers that others
// hold, send segments, a full receive side. Architecture rule 3 and "Who owns an mbuf".
#include <errno.h>

#include <rte_mbuf.h>

#include "support/eal_main.h"
#include "support/user.h"

enum { HELD_MAX = 8192 };

static struct rte_mbuf *held[HELD_MAX];
static unsigned n_held;

static void others_give_back(void)
{
	rte_pktmbuf_free_bulk(held, n_held);
	n_held = 0;
}

// Somebody else takes all buffers but so many.
static void others_leave(struct fixture *f, unsigned left)
{
	others_give_back(); // a scenario that failed has not
	n_held = rte_mempool_avail_count(f->config.pool) - left;
	assert_int_equal(rte_pktmbuf_alloc_bulk(f->config.pool, held, n_held), 0);
}

// The stack counts free buffers now and then: it has noticed by the time this returns.
static void others_are_noticed(struct fixture *f)
{
	for (unsigned i = 0; i < 2000; i++)
		segment_arrives(f, SEG());
	expect_silence(f);
}

// What cannot be sent now is sent when buffers are back, by the timer at the latest.
static void sending_waits_for_buffers(void **state)
{
	struct fixture *f = fixture_established(state);

	user_sends(f, 200);
	others_leave(f, 0);
	f->holds_events = true; // what waits for a buffer may well be due at once
	expect_silence(f);
	others_give_back();
	f->holds_events = false;
	assert_true(counter(f, PLX_COUNTER_TX_NO_BUFFER) > 0);
	expect_segment_within(f, 1000, SEG(.seq = f->snd_nxt, .len = 200));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 200));
	expect_silence_for(f, 10000);
}

// As often as it is tried, and each time by one.
static void expect_attempts_counted(struct fixture *f)
{
	uint64_t missing = counter(f, PLX_COUNTER_TX_NO_BUFFER);
	struct rte_mbuf *frames[8];

	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(plx_output(f->stack, frames, RTE_DIM(frames), f->now), 0);
		assert_int_equal(counter(f, PLX_COUNTER_TX_NO_BUFFER), missing + i);
	}
}

// A transmission that finds no buffer is counted once, whichever way it goes, and made up for as soon as there is one.
static void missing_buffer_is_counted_once_and_nothing_is_lost(void **state)
{
	struct fixture *f = fixture_plan(state);
	uint64_t missing;

	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	fixture_established(state);
	for (unsigned i = 0; i < 2; i++) { // with nothing in flight, and with something
		user_sends(f, 200);
		others_leave(f, 0);
		expect_attempts_counted(f);
		missing = counter(f, PLX_COUNTER_TX_NO_BUFFER);
		others_give_back();
		expect_segment(f, SEG(.seq = f->snd_nxt + i * 200, .len = 200));
		expect_counter(f, PLX_COUNTER_TX_NO_BUFFER, missing);
	}
	segment_arrives(f, SEG(.ack = f->snd_nxt + 400));
	expect_silence(f);
}

static void missing_buffer_of_an_acknowledgement_is_counted_once(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct plx_event event;
	struct rte_mbuf *m;
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];
	struct seg seg = SEG(.flags = TCP_ACK, .wnd = FIXTURE_PEER_WND, .len = 1000);
	uint64_t missing;

	fixture_set_option(f, PLX_OPTION_DELAYED_ACK, 0);
	fixture_established(state);
	seg.seq = f->rcv_nxt;
	seg.ack = f->snd_nxt;
	m = mbufs_frame(f->config.pool, bytes,
			seg_build(bytes, &f->to_stack, &seg, f->peer.isn + 1, 0), 0);
	assert_int_equal(plx_input(f->stack, &m, 1, f->now), 0);
	assert_int_equal(plx_poll(f->stack, &event, 1, f->now), 1);
	others_leave(f, 0);
	expect_attempts_counted(f);
	missing = counter(f, PLX_COUNTER_TX_NO_BUFFER);
	others_give_back();
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 1000, .len = 0));
	expect_counter(f, PLX_COUNTER_TX_NO_BUFFER, missing);
	user_receives(f, 1000);
	expect_silence_for(f, 1000);
}

// One connection has all records of the send queue; another, with nothing in flight, is told when there are
// some again, and costs nothing until then.
static void starved_sender_is_told_and_does_not_spin(void **state)
{
	static const char bytes[1000];
	struct fixture *f = fixture_plan(state);
	uint32_t greedy_nxt;

	f->config.max_send_segments = 4;
	f->peer.mss = sizeof(bytes);
	fixture_established(state);
	f->judge.knows_payload = false;
	greedy_nxt = f->snd_nxt;
	while (plx_send(f->stack, f->conn, bytes, sizeof(bytes)) > 0)
		;
	fixture_settle(f);
	while (f->next_output != f->n_outputs)
		greedy_nxt += expect_segment(f, SEG(.seq = greedy_nxt))->payload_bytes;

	f->to_stack.src_port++;
	peer_sends_syn(f);
	f->snd_nxt = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK))->tcp.seq + 1;
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
	assert_int_equal(plx_send(f->stack, f->conn, bytes, 1), -EAGAIN);
	expect_no_event(f);
	assert_true(plx_next_deadline(f->stack) > f->now);

	segment_arrives(f, SEG(.src_port = f->peer.port, .ack = greedy_nxt));
	fixture_settle(f);
	assert_in_range(f->n_events - f->next_event, 1, 2); // the greedy one may hear of it too
	assert_int_equal(plx_send(f->stack, f->conn, bytes, 1), 1);
	forget_output(f);
}

// One buffer is enough for a conversation.
static void one_buffer_is_enough(void **state)
{
	struct fixture *f = fixture_established(state);

	others_leave(f, 1);
	for (unsigned i = 0; i < 20; i++) {
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i, .ack = f->snd_nxt + i, .len = 1));
		user_receives(f, 1);
		user_sends(f, 1);
		expect_segment(f, SEG(.seq = f->snd_nxt + i, .ack = f->rcv_nxt + i + 1, .len = 1));
	}
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 20, .ack = f->snd_nxt + 20));
	others_give_back();
	expect_silence_for(f, 1000);
}

// A SYN that nothing is left to answer with is not forgotten: its SYN+ACK comes with the timer.
static void syn_ack_waits_for_buffers(void **state)
{
	struct fixture *f = fixture_listening(state);
	struct rte_mbuf *extra;

	others_leave(f, 1);
	peer_sends_syn(f);
	forget_output(f);
	assert_int_equal(stats_of(f).half_open, 1);
	extra = rte_pktmbuf_alloc(f->config.pool);
	others_give_back();
	rte_pktmbuf_free(extra);
	expect_segment_within(f, 1000, SEG(.flags = TCP_SYN | TCP_ACK));
}

// Small segments do not pin a buffer each: a stream of single bytes costs no more than it must.
static void small_segments_do_not_pin_all_buffers(void **state)
{
	struct fixture *f = fixture_established(state);
	unsigned before = mbufs_in_use(f->config.pool);

	others_leave(f, 800);
	others_are_noticed(f);
	for (unsigned i = 0; i < 2000; i++) {
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i, .len = 1));
		forget_output(f);
		forget_events(f);
	}
	assert_true(rte_mempool_avail_count(f->config.pool) > 200);
	others_give_back();
	assert_int_equal(plx_readable(f->stack, f->conn), 2000);
	user_receives(f, 2000);
	forget_output(f);
	assert_int_equal(mbufs_in_use(f->config.pool), before);
}

// Nor do single bytes out of order: what was not acknowledged may be given up, and comes again.
static void small_segments_behind_a_gap_leave_a_floor_for_reception(void **state)
{
	struct fixture *f = fixture_established(state);

	others_leave(f, 800);
	others_are_noticed(f);
	for (unsigned i = 1; i < 1000; i++) {
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i * 2, .len = 1));
		forget_output(f);
	}
	assert_true(rte_mempool_avail_count(f->config.pool) > 200);
	segment_arrives(f, SEG(.len = 1));
	forget_output(f);
	user_receives(f, 1);
	others_give_back();
}

// Buffers that come back while no frame arrives are seen all the same.
static void memory_is_found_again_without_any_frame(void **state)
{
	static const char bytes[1000];
	struct fixture *f = fixture_established(state);
	struct plx_event event;

	f->judge.knows_payload = false;
	others_leave(f, 10);
	others_are_noticed(f);
	assert_int_equal(plx_send(f->stack, f->conn, bytes, sizeof(bytes)), -EAGAIN);
	others_give_back();
	// One poll finds the memory, the next one tells of it.
	assert_int_equal(plx_poll(f->stack, &event, 1, f->now), 0);
	assert_int_equal(plx_next_deadline(f->stack), 0);
	assert_int_equal(plx_poll(f->stack, &event, 1, f->now), 1);
	assert_int_equal(event.mask, PLX_EVENT_WRITABLE);
	assert_int_equal(plx_send(f->stack, f->conn, bytes, sizeof(bytes)), 1000);
	expect_segment(f, SEG(.len = 1000));
}

// Nobody is told to go on while there is nothing, and the loop may sleep.
static void empty_pool_tells_nobody_to_write(void **state)
{
	static const char bytes[1000];
	struct fixture *f = fixture_established(state);
	struct plx_event event;

	f->judge.knows_payload = false;
	others_leave(f, 0);
	assert_int_equal(plx_send(f->stack, f->conn, bytes, sizeof(bytes)), -EAGAIN);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(plx_poll(f->stack, &event, 1, f->now), 0);
	assert_true(plx_next_deadline(f->stack) > f->now);
	others_give_back();
	expect_event(f, PLX_EVENT_WRITABLE, 0);
}

// The same for the cookies of external buffers.
static void cookies_that_are_out_tell_nobody_to_write(void **state)
{
	static const char bytes[1];
	struct fixture *f = fixture_plan(state);
	struct plx_external external = {.data = bytes, .len_bytes = 1, .wants_sent = true};
	struct plx_event event;

	f->config.max_send_segments = 20000;
	fixture_established(state);
	f->judge.knows_payload = false;
	while (plx_send_external(f->stack, f->conn, &external) == 1)
		;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(plx_poll(f->stack, &event, 1, f->now), 0);
	user_aborts(f);
	forget_output(f);
	forget_events(f);
}

// Ports take chains of some buffers, not of hundreds.
static void many_small_buffers_are_copied_into_one(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct rte_mbuf *frames[32];
	unsigned n;

	f->config.offloads = PLX_OFFLOAD_TX_MULTI_SEGS;
	fixture_established(state);
	f->judge.knows_payload = false;
	for (unsigned i = 0; i < 300; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(f->config.pool);

		assert_non_null(rte_pktmbuf_append(m, 5));
		assert_int_equal(plx_send_mbuf(f->stack, f->conn, m), 0);
	}
	n = plx_output(f->stack, frames, 32, f->now);
	assert_true(n > 0);
	for (unsigned i = 0; i < n; i++)
		assert_in_range(frames[i]->nb_segs, 1, 9);
	rte_pktmbuf_free_bulk(frames, n);
	user_aborts(f);
	forget_output(f);
	forget_events(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(sending_waits_for_buffers),
		SCENARIO(missing_buffer_is_counted_once_and_nothing_is_lost),
		SCENARIO(missing_buffer_of_an_acknowledgement_is_counted_once),
		SCENARIO(starved_sender_is_told_and_does_not_spin),
		SCENARIO(one_buffer_is_enough),
		SCENARIO(syn_ack_waits_for_buffers),
		SCENARIO(small_segments_do_not_pin_all_buffers),
		SCENARIO(small_segments_behind_a_gap_leave_a_floor_for_reception),
		SCENARIO(memory_is_found_again_without_any_frame),
		SCENARIO(empty_pool_tells_nobody_to_write),
		SCENARIO(cookies_that_are_out_tell_nobody_to_write),
		SCENARIO(many_small_buffers_are_copied_into_one),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script memory", tests, NULL, NULL);
}

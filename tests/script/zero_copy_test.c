// SPDX-License-Identifier: BSD-3-Clause
//
// Buffers handed over instead of copied: plx_recv_mbuf(), plx_send_mbuf(), plx_send_external() with its
// cookies, and who owns what when (pollux/conn.h, architecture "Who owns an mbuf").
#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

#include "support/eal_main.h"
#include "support/pattern.h"
#include "support/user.h"

enum { MSS = 1000 };

static struct fixture *with_round_mss(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = MSS;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	return fixture_established(state);
}

static struct rte_mbuf *next_bytes(struct fixture *f, uint16_t len_bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(f->config.pool);

	assert_non_null(m);
	pattern_fill(rte_pktmbuf_append(m, len_bytes), len_bytes, 0, f->sent_bytes);
	f->sent_bytes += len_bytes;
	return m;
}

// One segment per mbuf, payload only, the caller's to free; the window opens by what is taken.
static void received_buffers_are_handed_over(void **state)
{
	struct fixture *f = with_round_mss(state);
	uint64_t offset = 0;

	for (unsigned i = 0; i < 5; i++)
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i * MSS, .len = MSS));
	forget_output(f);
	while (plx_readable(f->stack, f->conn) > 0) {
		struct rte_mbuf *m = NULL;

		assert_int_equal(plx_recv_mbuf(f->stack, f->conn, &m), 0);
		assert_non_null(m);
		assert_int_equal(m->nb_segs, 1);
		assert_int_equal(pattern_match(rte_pktmbuf_mtod(m, void *), m->data_len, 0, offset),
				 m->data_len);
		offset += m->data_len;
		rte_pktmbuf_free(m);
	}
	assert_int_equal(offset, 5 * MSS);
	assert_int_equal(plx_recv_mbuf(f->stack, f->conn, &(struct rte_mbuf *){NULL}), -EAGAIN);
	forget_output(f);
}

static void end_is_a_null_buffer(void **state)
{
	struct fixture *f = with_round_mss(state);
	struct rte_mbuf *m = (struct rte_mbuf *)0x1;

	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .len = 10));
	forget_output(f);
	assert_int_equal(plx_recv_mbuf(f->stack, f->conn, &m), 0);
	assert_int_equal(m->data_len, 10);
	rte_pktmbuf_free(m);
	assert_int_equal(plx_recv_mbuf(f->stack, f->conn, &m), 0);
	assert_null(m);
}

// Buffers that the application still holds keep nothing from ending.
static void held_buffers_outlive_their_connection(void **state)
{
	struct fixture *f = with_round_mss(state);
	struct rte_mbuf *m = NULL;

	segment_arrives(f, SEG(.len = MSS));
	assert_int_equal(plx_recv_mbuf(f->stack, f->conn, &m), 0);
	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt + MSS));
	forget_events(f);
	forget_output(f);
	assert_int_equal(pattern_match(rte_pktmbuf_mtod(m, void *), m->data_len, 0, 0), MSS);
	rte_pktmbuf_free(m);
}

static void copying_and_taking_may_alternate(void **state)
{
	struct fixture *f = with_round_mss(state);
	struct rte_mbuf *m = NULL;
	uint8_t bytes[300];

	segment_arrives(f, SEG(.len = MSS));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + MSS, .len = MSS));
	assert_int_equal(plx_recv(f->stack, f->conn, bytes, sizeof(bytes), 0), sizeof(bytes));
	assert_int_equal(plx_recv_mbuf(f->stack, f->conn, &m), 0);
	assert_int_equal(pattern_match(rte_pktmbuf_mtod(m, void *), m->data_len, 0, 300),
			 m->data_len);
	f->received_bytes = 300u + m->data_len;
	rte_pktmbuf_free(m);
	user_receives(f, 2 * MSS - f->received_bytes);
	forget_output(f);
}

// An mbuf that is ours alone is sent, and sent again, and freed when it is acknowledged.
static void sent_buffers_are_kept_until_acknowledged(void **state)
{
	struct fixture *f = with_round_mss(state);
	unsigned idle = mbufs_in_use(f->config.pool);

	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(plx_send_mbuf(f->stack, f->conn, next_bytes(f, MSS)), 0);
	for (unsigned i = 0; i < 4; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	assert_true(mbufs_in_use(f->config.pool) >= idle + 4);
	expect_segment_after(f, 200, SEG(.seq = f->snd_nxt, .len = MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 4 * MSS));
	assert_int_equal(mbufs_in_use(f->config.pool), idle);
}

// A buffer longer than a segment is cut, smaller ones and copied bytes are put together in order.
static void buffers_of_all_sizes_keep_their_order(void **state)
{
	struct fixture *f = with_round_mss(state);
	uint32_t total = 0;

	assert_int_equal(plx_send_mbuf(f->stack, f->conn, next_bytes(f, 2000)), 0);
	user_sends(f, 10);
	assert_int_equal(plx_send_mbuf(f->stack, f->conn, next_bytes(f, 700)), 0);
	assert_int_equal(plx_send_mbuf(f->stack, f->conn, next_bytes(f, 1)), 0);
	user_sends(f, 1500);
	assert_int_equal(plx_send_mbuf(f->stack, f->conn, next_bytes(f, 300)), 0);
	fixture_settle(f);
	while (f->next_output != f->n_outputs) {
		const struct frame *frame = expect_segment(f, SEG(.seq = f->snd_nxt + total));

		assert_true(frame->payload_bytes <= MSS);
		total += frame->payload_bytes;
	}
	assert_int_equal(total, 2000 + 10 + 700 + 1 + 1500 + 300);
}

// An mbuf with another owner is read-only, header and data: what was in front of the payload stays.
static void shared_buffers_are_not_written(void **state)
{
	struct fixture *f = with_round_mss(state);
	struct rte_mbuf *m = next_bytes(f, MSS);
	uint8_t before[RTE_PKTMBUF_HEADROOM];

	memset(m->buf_addr, 0x5a, RTE_PKTMBUF_HEADROOM);
	memcpy(before, m->buf_addr, sizeof(before));
	rte_mbuf_refcnt_update(m, 1);
	assert_int_equal(plx_send_mbuf(f->stack, f->conn, m), 0);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_segment_after(f, 200, SEG(.seq = f->snd_nxt, .len = MSS));
	assert_memory_equal(before, m->buf_addr, sizeof(before));
	assert_int_equal(pattern_match(rte_pktmbuf_mtod(m, void *), MSS, 0, 0), MSS);
	segment_arrives(f, SEG(.ack = f->snd_nxt + MSS));
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	rte_pktmbuf_free(m);
}

// An abort with the queue full of buffers gives them all back.
static void aborted_buffers_are_freed(void **state)
{
	struct fixture *f = with_round_mss(state);
	unsigned idle = mbufs_in_use(f->config.pool);

	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(plx_send_mbuf(f->stack, f->conn, next_bytes(f, MSS)), 0);
	forget_output(f);
	user_aborts(f);
	forget_output(f);
	expect_event(f, PLX_EVENT_FAILED, -ECONNABORTED);
	assert_int_equal(mbufs_in_use(f->config.pool), idle);
}

// "The port hands our mbufs on to another reader": what is retained is copied for each transmission.
static void port_that_passes_references_gets_copies(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct rte_mbuf *m, *frames[4];
	unsigned n;

	f->config.offloads = PLX_OFFLOAD_TX_BY_REFERENCE | PLX_OFFLOAD_TX_MULTI_SEGS;
	with_round_mss(state);
	m = next_bytes(f, MSS);
	assert_int_equal(plx_send_mbuf(f->stack, f->conn, m), 0);
	n = plx_output(f->stack, frames, 4, f->now);
	assert_int_equal(n, 1);
	for (struct rte_mbuf *piece = frames[0]; piece != NULL; piece = piece->next) {
		assert_ptr_not_equal(piece, m);
		assert_int_equal(rte_mbuf_refcnt_read(piece), 1);
		assert_true(RTE_MBUF_DIRECT(piece));
	}
	rte_pktmbuf_free(frames[0]);
}

// Records of the send queue run out: what was taken is sent all the same, as the peer acknowledges.
static void data_goes_out_although_records_have_run_out(void **state)
{
	struct fixture *f = fixture_plan(state);
	uint32_t sent = 0;

	f->config.max_send_segments = 4;
	with_round_mss(state);
	while (sent < 100000) {
		struct rte_mbuf *m = next_bytes(f, 1500);

		if (plx_send_mbuf(f->stack, f->conn, m) != 0) {
			rte_pktmbuf_free(m);
			break;
		}
		sent += 1500;
	}
	assert_in_range(sent, 1500, 6000);
	expect_piece_by_piece(f, sent);
}

static const char *external_bytes(void)
{
	static char bytes[10000];

	pattern_fill(bytes, sizeof(bytes), 0, 0);
	return bytes;
}

// Where the port reads all memory, and where it does not, the same bytes come out, and the cookie back.
static void external_memory_is_sent_and_its_cookie_returned(struct fixture *f)
{
	struct plx_external external = {
		.data = external_bytes(), .len_bytes = 5000, .cookie = 77, .wants_sent = true};
	uint64_t cookies[4];

	assert_int_equal(plx_send_external(f->stack, f->conn, &external), 5000);
	for (unsigned i = 0; i < 5; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 4999));
	expect_no_event(f);
	assert_int_equal(plx_sent(f->stack, cookies, 4), 0);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 5000));
	expect_event(f, PLX_EVENT_SENT, 0);
	assert_int_equal(plx_sent(f->stack, cookies, 4), 1);
	assert_int_equal(cookies[0], 77);
	assert_int_equal(plx_sent(f->stack, cookies, 4), 0);
}

static void external_memory_by_copy(void **state)
{
	external_memory_is_sent_and_its_cookie_returned(with_round_mss(state));
}

static void external_memory_by_reference(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->config.offloads = PLX_OFFLOAD_TX_ANY_MEMORY | PLX_OFFLOAD_TX_MULTI_SEGS;
	external_memory_is_sent_and_its_cookie_returned(with_round_mss(state));
}

// "SENT means acknowledged and no longer referenced by any driver."
static void cookie_waits_for_the_driver(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct plx_external external = {
		.data = external_bytes(), .len_bytes = MSS, .cookie = 5, .wants_sent = true};
	struct rte_mbuf *frames[4];
	uint64_t cookie;

	f->config.offloads = PLX_OFFLOAD_TX_ANY_MEMORY | PLX_OFFLOAD_TX_MULTI_SEGS;
	with_round_mss(state);
	assert_int_equal(plx_send_external(f->stack, f->conn, &external), MSS);
	assert_int_equal(plx_output(f->stack, frames, 4, f->now), 1);
	segment_arrives(f, SEG(.ack = f->snd_nxt + MSS));
	expect_no_event(f);
	assert_int_equal(plx_sent(f->stack, &cookie, 1), 0);
	rte_pktmbuf_free(frames[0]);
	expect_event(f, PLX_EVENT_SENT, 0);
	assert_int_equal(plx_sent(f->stack, &cookie, 1), 1);
	assert_int_equal(cookie, 5);
}

// Taken in part, each call that took something and wants it gets its cookie once.
static void partly_taken_external_memory_has_a_cookie_per_call(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct plx_external external = {
		.data = external_bytes(), .len_bytes = 3000, .cookie = 1, .wants_sent = true};
	uint64_t cookies[4];

	fixture_set_option(f, PLX_OPTION_SEND_BUFFER, 2000);
	with_round_mss(state);
	assert_int_equal(plx_send_external(f->stack, f->conn, &external), 2000);
	assert_int_equal(plx_send_external(f->stack, f->conn, &external), -EAGAIN);
	forget_output(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 2000));
	expect_event(f, PLX_EVENT_WRITABLE | PLX_EVENT_SENT, 0);
	assert_int_equal(plx_sent(f->stack, cookies, 4), 1);
	external.data = external_bytes() + 2000;
	external.len_bytes = 1000;
	external.cookie = 2;
	assert_int_equal(plx_send_external(f->stack, f->conn, &external), 1000);
	forget_output(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 3000));
	expect_event(f, PLX_EVENT_SENT, 0);
	assert_int_equal(plx_sent(f->stack, cookies, 4), 1);
	assert_int_equal(cookies[0], 2);
}

static void external_memory_without_cookie_is_not_told(void **state)
{
	struct fixture *f = with_round_mss(state);
	struct plx_external external = {.data = external_bytes(), .len_bytes = MSS};
	uint64_t cookie;

	assert_int_equal(plx_send_external(f->stack, f->conn, &external), MSS);
	expect_segment(f, SEG(.len = MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + MSS));
	expect_no_event(f);
	assert_int_equal(plx_sent(f->stack, &cookie, 1), 0);
}

// The connection ends before the acknowledgement: the cookie comes back all the same, exactly once.
static void cookie_comes_back_when_the_connection_ends(void **state)
{
	struct fixture *f = with_round_mss(state);
	struct plx_external external = {
		.data = external_bytes(), .len_bytes = 3000, .cookie = 9, .wants_sent = true};
	uint64_t cookies[4];

	assert_int_equal(plx_send_external(f->stack, f->conn, &external), 3000);
	forget_output(f);
	segment_arrives(f, SEG(.flags = TCP_RST));
	forget_events(f);
	assert_int_equal(plx_sent(f->stack, cookies, 4), 1);
	assert_int_equal(cookies[0], 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_EVERY_LINK(received_buffers_are_handed_over),
		SCENARIO(end_is_a_null_buffer),
		SCENARIO(held_buffers_outlive_their_connection),
		SCENARIO(copying_and_taking_may_alternate),
		SCENARIO_EVERY_LINK(sent_buffers_are_kept_until_acknowledged),
		SCENARIO(buffers_of_all_sizes_keep_their_order),
		SCENARIO(shared_buffers_are_not_written),
		SCENARIO(aborted_buffers_are_freed),
		SCENARIO(port_that_passes_references_gets_copies),
		SCENARIO(data_goes_out_although_records_have_run_out),
		SCENARIO(external_memory_by_copy),
		SCENARIO(external_memory_by_reference),
		SCENARIO(cookie_waits_for_the_driver),
		SCENARIO(partly_taken_external_memory_has_a_cookie_per_call),
		SCENARIO(external_memory_without_cookie_is_not_told),
		SCENARIO(cookie_comes_back_when_the_connection_ends),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script zero_copy", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// A sender of one-byte segments against a receive buffer of 64 KB, in order and
// out of it: what it pins is bounded by the buffer's size and not by the number
// of segments, the window keeps its word, and no byte is lost. RFC
// 9293 3.8.6, 3.10.7.4 (MUST-58, SHLD-14, SHLD-31); architecture, "Who owns an
// mbuf".
#include <rte_mbuf.h>

#include "support/eal_main.h"
#include "support/user.h"

enum {
	BUFFER = 65536,
	MSS_LEAST = 64,
	// What a buffer of the pool pins: its bytes and its head.
	TRUESIZE = RTE_PKTMBUF_HEADROOM + MBUFS_DATA_BYTES + (int)sizeof(struct rte_mbuf),
	// Twice the receive buffer and 64 KB, and the one that goes beyond.
	PINNED_MAX = (2 * BUFFER + 65536) / TRUESIZE + 1,
};

struct receiver {
	struct fixture *f;
	uint32_t ack;  // the last one
	uint32_t edge; // of the window
	unsigned in_use;
	unsigned pinned; // the most buffers it has held
	unsigned acks;
	bool user_reads; // what has come, after each burst
};

static void read_answers(struct receiver *r)
{
	const struct fixture_output *output;
	struct fixture *f = r->f;
	uint32_t readable = info_of(f).readable_bytes;
	unsigned pinned = mbufs_in_use(f->config.pool) - r->in_use;

	r->pinned = pinned > r->pinned ? pinned : r->pinned;
	if (r->user_reads && readable > 0)
		user_receives(f, readable);
	fixture_settle(f);
	while ((output = fixture_next_output(f)) != NULL) {
		const struct tcp_header *tcp = &output->frame.tcp;

		r->ack = tcp->ack;
		r->edge = tcp->ack + ((uint32_t)tcp->window << info_of(f).rcv_wscale);
		r->acks++;
	}
	f->n_events = f->next_event = 0;
}

static struct receiver begin(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct receiver r = {.f = f};

	f->peer.wscale = 7;
	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, BUFFER);
	fixture_established(state);
	// The window of the SYN+ACK is what its field can say.
	segment_arrives(f, SEG(.len = 1));
	f->rcv_nxt++;
	user_receives(f, 1);
	advance(f, 100);
	r.in_use = mbufs_in_use(f->config.pool);
	read_answers(&r);
	assert_in_range(r.edge - f->rcv_nxt, UINT16_MAX - 2, BUFFER);
	return r;
}

// One byte each, a burst at a time; `step` 1 forwards, -1 backwards.
static void bytes_arrive(struct receiver *r, uint32_t first, uint32_t count, int step)
{
	for (uint32_t sent = 0; sent < count;) {
		burst_begin(r->f);
		for (unsigned i = 0; i < FIXTURE_BURST && sent < count; i++, sent++)
			segment_arrives(r->f, SEG(.seq = first + (uint32_t)step * sent, .len = 1));
		burst_end(r->f);
		read_answers(r);
	}
}

// The whole window in order; nobody reads.
static void bytes_in_order_are_kept_in_few_buffers(void **state)
{
	struct receiver r = begin(state);
	struct fixture *f = r.f;
	uint32_t count = r.edge - f->rcv_nxt;

	bytes_arrive(&r, f->rcv_nxt, count, 1);
	advance(f, 100);
	read_answers(&r);
	assert_int_equal(r.ack, f->rcv_nxt + count);
	assert_int_equal(info_of(f).readable_bytes, count);
	assert_in_range(r.pinned, 0, PINNED_MAX);
	user_receives(f, count);
	read_answers(&r);
	assert_int_equal(mbufs_in_use(f->config.pool), r.in_use);
	assert_true(r.edge - r.ack >= BUFFER - 128);
}

// What was not acknowledged may be given up and is sent again: each time the
// peer goes on from the last ACK.
static void peer_sends_until_all_is_acknowledged(struct receiver *r, uint32_t end)
{
	r->user_reads = true;
	while (r->ack != end) {
		uint32_t before = r->ack;

		bytes_arrive(r, r->ack, end - r->ack < 2048 ? end - r->ack : 2048, 1);
		advance(r->f, 100);
		read_answers(r);
		assert_true(r->ack != before);
	}
}

static void lose_first_byte_and_recover(void **state, uint32_t first_offset, uint32_t count,
					int step, uint32_t total)
{
	struct receiver r = begin(state);
	struct fixture *f = r.f;
	uint32_t edge = r.edge;

	bytes_arrive(&r, f->rcv_nxt + first_offset, count, step);
	// Nothing that lies behind the gap is acknowledged, and no window is taken
	// back or given.
	assert_int_equal(r.ack, f->rcv_nxt);
	assert_int_equal(r.edge, edge);
	// A duplicate ACK for every one of them (RFC 5681 4.2).
	assert_int_equal(r.acks, count + 1);
	expect_no_event(f);
	assert_in_range(r.pinned, 1, PINNED_MAX);
	peer_sends_until_all_is_acknowledged(&r, f->rcv_nxt + total);
	assert_in_range(r.pinned, 1, PINNED_MAX + FIXTURE_BURST);
	assert_int_equal(info_of(f).out_of_order_bytes, 0);
	assert_int_equal(f->received_bytes, 1 + total);
	assert_int_equal(mbufs_in_use(f->config.pool), r.in_use);
}

// A window of single bytes behind one that is missing.
static void bytes_behind_a_gap_are_bounded_and_none_is_lost(void **state)
{
	lose_first_byte_and_recover(state, 1, 60000, 1, 60001);
}

// The same from the window's end to its beginning.
static void bytes_in_reverse_are_bounded_and_none_is_lost(void **state)
{
	lose_first_byte_and_recover(state, 20000, 20000, -1, 20001);
}

// Every second byte is missing: nothing can be put together.
static void every_second_byte_is_bounded_and_none_is_lost(void **state)
{
	lose_first_byte_and_recover(state, 1, 30000, 2, 60000);
}

// The other way round: a peer whose MSS is a byte. DEVIATION RFC 9293 MUST-16: less than 64 is not believed, since every
// segment on its way costs a buffer. It is served, at a bounded cost, and others beside it.
static void peer_with_an_mss_of_one_byte_is_served(void **state)
{
	const uint32_t total = 20000;
	struct fixture *f = fixture_plan(state);
	uint32_t una, nxt, end;
	unsigned in_use;

	f->peer.mss = 1;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	fixture_established(state);
	in_use = mbufs_in_use(f->config.pool);
	una = nxt = f->snd_nxt;
	end = una + total;
	user_sends(f, total);
	while (una != end) {
		const struct fixture_output *output;

		fixture_settle(f);
		while ((output = fixture_next_output(f)) != NULL) {
			uint32_t len = output->frame.payload_bytes;

			assert_true(len == MSS_LEAST || nxt + len == end);
			assert_int_equal(output->frame.tcp.seq, nxt);
			nxt += len;
		}
		assert_true(nxt != una);
		assert_in_range(mbufs_in_use(f->config.pool) - in_use, 0, total / MSS_LEAST + 1);
		una = nxt - una > MSS_LEAST ? una + MSS_LEAST : nxt;
		segment_arrives(f, SEG(.ack = una));
		f->n_events = f->next_event = 0;
	}
	expect_counter(f, PLX_COUNTER_TCP_RETRANSMITS, 0);
	assert_int_equal(mbufs_in_use(f->config.pool), in_use);
}

// It does not take what the stack has for sending away from others.
static void peer_with_an_mss_of_one_byte_starves_nobody(void **state)
{
	static const char bytes[65536];
	struct fixture *f = fixture_plan(state);

	f->peer.mss = 1;
	fixture_established(state);
	f->judge.knows_payload = false;
	while (plx_send(f->stack, f->conn, bytes, sizeof(bytes)) > 0)
		;
	fixture_settle(f);
	forget_output(f);
	f->peer.mss = 1000;
	f->to_stack.src_port++;
	peer_sends_syn(f);
	f->snd_nxt = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK))->tcp.seq + 1;
	segment_arrives(f, SEG());
	forget_events(f);
	assert_int_equal(plx_send(f->stack, f->conn, bytes, sizeof(bytes)), sizeof(bytes));
	forget_output(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(bytes_in_order_are_kept_in_few_buffers),
		SCENARIO(bytes_behind_a_gap_are_bounded_and_none_is_lost),
		SCENARIO(bytes_in_reverse_are_bounded_and_none_is_lost),
		SCENARIO(every_second_byte_is_bounded_and_none_is_lost),
		SCENARIO(peer_with_an_mss_of_one_byte_is_served),
		SCENARIO(peer_with_an_mss_of_one_byte_starves_nobody),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script tiny_segments", tests, NULL, NULL);
}

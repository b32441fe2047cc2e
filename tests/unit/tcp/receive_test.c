// SPDX-License-Identifier: BSD-3-Clause
//
// The receive queue, and when payloads are copied together: small ones always, any that fit when buffers run low,
// none into memory that somebody else holds. Bytes come out as they came in, whoever takes them in which pieces.
// Room: engine/tcp/receive, and tcp/reassembly where it joins.
#include "tcp/receive.h"

#include <string.h>

#include <rte_mbuf.h>

#include "support/eal_main.h"
#include "tcp/reassembly.h"
#include "tcp_fixture.h"

enum { STREAM_BYTES = 60000, LARGE_BYTES = 700, ROUNDS = 300 };

static uint8_t stream[STREAM_BYTES];

static struct tcp_fixture open_fixture(struct tcp_conn **c, uint32_t irs)
{
	struct tcp_fixture f = tcp_fixture_prepare();
	struct flow_key key = tcp_fixture_key("198.18.0.1", FIXTURE_LOCAL_PORT);

	tcp_fixture_open(&f);
	for (unsigned i = 0; i < STREAM_BYTES; i++)
		stream[i] = (uint8_t)random_u32(&f.random);
	*c = tcp_fixture_conn(&f, &key, 1, irs);
	(*c)->rcv.adv += STREAM_BYTES;
	return f;
}

static void close_fixture(struct tcp_fixture *f, struct tcp_conn *c)
{
	tcp_fixture_end(f, c);
	tcp_fixture_close(f);
}

static struct rte_mbuf *payload(struct tcp_fixture *f, uint32_t at, uint32_t len_bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(f->config.pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len_bytes), stream + at, len_bytes);
	return m;
}

static unsigned elements(const struct rte_mbuf *chain)
{
	unsigned n = 0;

	for (; chain != NULL; chain = chain->next)
		n++;
	return n;
}

// Copying costs little up to RECEIVE_SMALL_BYTES; beyond that a buffer of its own does, as long as there are many.
static void small_payloads_are_joined_and_large_ones_when_buffers_run_low(void **state)
{
	static const struct {
		uint32_t len;
		bool is_low, is_joined;
	} cases[] = {
		{1, false, true},
		{RECEIVE_SMALL_BYTES, false, true},
		{RECEIVE_SMALL_BYTES + 1, false, false},
		{RECEIVE_SMALL_BYTES + 1, true, true},
		{LARGE_BYTES, true, true},
	};
	struct tcp_conn *c;
	struct tcp_fixture f = open_fixture(&c, 0);

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		struct rte_mbuf *tail = payload(&f, 0, 100);
		struct rte_mbuf *m = payload(&f, 100, cases[i].len);
		uint32_t plenty = f.tcp->mbufs_free;

		if (cases[i].is_low)
			f.tcp->mbufs_free = f.tcp->mbuf_low;
		assert_int_equal(receive_join(f.tcp, tail, m), cases[i].is_joined);
		f.tcp->mbufs_free = plenty;
		assert_int_equal(tail->data_len, 100 + (cases[i].is_joined ? cases[i].len : 0));
		assert_int_equal(tail->pkt_len, tail->data_len);
		assert_memory_equal(rte_pktmbuf_mtod(tail, void *), stream, tail->data_len);
		rte_pktmbuf_free(tail);
		if (!cases[i].is_joined)
			rte_pktmbuf_free(m);
	}
	close_fixture(&f, c);
}

// What another one refers to as well is read-only, data and room behind it.
static void nothing_is_written_to_a_buffer_that_is_shared(void **state)
{
	struct tcp_conn *c;
	struct tcp_fixture f = open_fixture(&c, 0);
	struct rte_mbuf *tail = payload(&f, 0, 100), *m = payload(&f, 100, 10);
	struct rte_mbuf *clone = rte_pktmbuf_clone(tail, f.config.pool);

	(void)state;
	assert_non_null(clone);
	assert_false(receive_join(f.tcp, tail, m));
	assert_false(receive_join(f.tcp, clone, m));
	rte_pktmbuf_free(clone);
	rte_mbuf_refcnt_update(tail, 1);
	assert_false(receive_join(f.tcp, tail, m));
	rte_mbuf_refcnt_update(tail, -1);
	assert_true(receive_join(f.tcp, tail, m));
	rte_pktmbuf_free(tail);
	close_fixture(&f, c);
}

// No further than the buffer reaches.
static void join_ends_where_the_buffer_does(void **state)
{
	struct tcp_conn *c;
	struct tcp_fixture f = open_fixture(&c, 0);
	struct rte_mbuf *tail = payload(&f, 0, 100);
	uint32_t room, len = 100;

	(void)state;
	for (room = rte_pktmbuf_tailroom(tail); room >= 50; room -= 50, len += 50)
		assert_true(receive_join(f.tcp, tail, payload(&f, len, 50)));
	if (room > 0)
		assert_true(receive_join(f.tcp, tail, payload(&f, len, room)));
	assert_int_equal(rte_pktmbuf_tailroom(tail), 0);
	for (unsigned i = 0; i < 2; i++) {
		struct rte_mbuf *m = payload(&f, 0, 1);

		assert_false(receive_join(f.tcp, i == 0 ? tail : NULL, m));
		rte_pktmbuf_free(m);
	}
	assert_memory_equal(rte_pktmbuf_mtod(tail, void *), stream, tail->data_len);
	rte_pktmbuf_free(tail);
	close_fixture(&f, c);
}

// Random sizes in; peeked at, consumed in part, and taken buffer by buffer, in random turns.
static void bytes_come_out_as_they_came_in(void **state)
{
	struct tcp_conn *c;
	struct tcp_fixture f = open_fixture(&c, UINT32_MAX - 1000);
	uint32_t in = 0, out = 0;

	(void)state;
	for (unsigned i = 0; i < ROUNDS || out < in; i++) {
		uint32_t len = 1
			+ random_below(&f.random, random_below(&f.random, 2) ? 40 : LARGE_BYTES);
		uint8_t bytes[2 * LARGE_BYTES];
		size_t n;

		if (i < ROUNDS && in + len <= STREAM_BYTES) {
			receive_append(f.tcp, c, payload(&f, in, len), len);
			in += len;
		}
		assert_int_equal(c->rcv_bytes, in - out);
		assert_int_equal(c->rcv_head == NULL, in == out);
		n = receive_peek(c, bytes, 1 + random_below(&f.random, sizeof(bytes)));
		assert_memory_equal(bytes, stream + out, n);
		if (random_below(&f.random, 3) == 0) {
			struct rte_mbuf *m = receive_take(c);

			if (m == NULL)
				continue;
			assert_null(m->next);
			assert_int_equal(m->pkt_len, m->data_len);
			assert_memory_equal(rte_pktmbuf_mtod(m, void *), stream + out, m->data_len);
			out += m->data_len;
			rte_pktmbuf_free(m);
		} else {
			n = random_below(&f.random, (uint32_t)n + 1);
			receive_consume(f.tcp, c, n);
			out += (uint32_t)n;
		}
	}
	assert_int_equal(c->rcv_bytes, 0);
	assert_null(c->rcv_tail);
	close_fixture(&f, c);
}

// A byte does not pin 2 KB: 2000 of them lie in a buffer or two.
static void bytes_in_a_row_share_a_buffer(void **state)
{
	struct tcp_conn *c;
	struct tcp_fixture f = open_fixture(&c, 0);
	uint8_t bytes[2000];

	(void)state;
	for (uint32_t at = 0; at < sizeof(bytes); at++)
		receive_append(f.tcp, c, payload(&f, at, 1), 1);
	assert_in_range(elements(c->rcv_head), 1, 2);
	assert_int_equal(receive_peek(c, bytes, sizeof(bytes)), sizeof(bytes));
	assert_memory_equal(bytes, stream, sizeof(bytes));
	receive_clear(c);
	close_fixture(&f, c);
}

static struct segment segment_at(struct tcp_fixture *f, uint32_t at, uint32_t len, bool fin)
{
	return (struct segment){
		.mbuf = payload(f, at, len),
		.len_bytes = len,
		.tcp = {.seq = 1 + at, .flags = (uint8_t)(TCP_ACK | (fin ? TCP_FIN : 0))},
	};
}

// Behind a gap the same; the FIN of the last of them is kept, and nothing is put behind it.
static void bytes_behind_a_gap_share_an_element_and_keep_their_fin(void **state)
{
	enum { GAP = 10, COUNT = 500 };
	struct tcp_conn *c;
	struct tcp_fixture f = open_fixture(&c, 0);
	struct segment seg;
	uint8_t bytes[GAP + COUNT];

	(void)state;
	for (uint32_t at = GAP; at < GAP + COUNT; at++) {
		seg = segment_at(&f, at, 1, at == GAP + COUNT - 1);
		assert_true(reassembly_insert(f.tcp, c, &seg));
	}
	assert_int_equal(elements(c->ooo_head), 1);
	assert_int_equal(c->ooo_bytes, COUNT);
	seg = segment_at(&f, GAP + COUNT, 1, false); // a peer that goes on behind its FIN
	(void)reassembly_insert(f.tcp, c, &seg);
	receive_append(f.tcp, c, payload(&f, 0, GAP), GAP);
	assert_true(reassembly_deliver(f.tcp, c));
	assert_int_equal(c->rcv.nxt, 1 + GAP + COUNT);
	assert_int_equal(receive_peek(c, bytes, sizeof(bytes)), sizeof(bytes));
	assert_memory_equal(bytes, stream, sizeof(bytes));
	reassembly_clear(c);
	close_fixture(&f, c);
}

// Each pins less than the bound allows, so many more of them fit than there would be buffers.
static void joined_bytes_count_as_the_memory_they_pin(void **state)
{
	struct tcp_conn *c;
	struct tcp_fixture f = open_fixture(&c, 0);
	uint32_t one = 0;

	(void)state;
	for (uint32_t at = 1; at < 1000; at++) {
		struct segment seg = segment_at(&f, at, 1, false);

		assert_true(reassembly_insert(f.tcp, c, &seg));
		if (at == 1)
			one = c->ooo_truesize;
	}
	assert_int_equal(c->ooo_truesize, one);
	assert_int_equal(c->ooo_bytes, 999);
	reassembly_clear(c);
	assert_int_equal(c->ooo_truesize, 0);
	close_fixture(&f, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_payloads_are_joined_and_large_ones_when_buffers_run_low),
		cmocka_unit_test(nothing_is_written_to_a_buffer_that_is_shared),
		cmocka_unit_test(join_ends_where_the_buffer_does),
		cmocka_unit_test(bytes_come_out_as_they_came_in),
		cmocka_unit_test(bytes_in_a_row_share_a_buffer),
		cmocka_unit_test(bytes_behind_a_gap_share_an_element_and_keep_their_fin),
		cmocka_unit_test(joined_bytes_count_as_the_memory_they_pin),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("tcp/receive", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// The out-of-order queue against an array of bytes and what of it has arrived: text comes out
// complete and in order, its FIN last, whatever the pieces; memory stays bounded, is accounted for
// and comes back.
// Room: engine/tcp/reassembly.
#include "tcp/reassembly.h"

#include <string.h>

#include "support/eal_main.h"
#include "support/mbufs.h"
#include "tcp/receive.h"
#include "tcp_fixture.h"

enum {
	STREAM_BYTES = 40000,
	SEGMENT_MAX_BYTES = 3000,
	HEADERS_MAX_BYTES = 94,
	STREAMS = 100,
	SEGMENTS_WILD = 400,
};

struct model {
	struct tcp_fixture f;
	struct tcp_conn *c;
	uint32_t first; // sequence number of the first byte
	uint32_t nxt;	// of the stream, where the first gap is
	uint32_t read;
	bool has_fin;
	bool has_chains; // frames may lie in several mbufs
	uint8_t stream[STREAM_BYTES];
	bool has_byte[STREAM_BYTES];
};

static struct model *model_open(void)
{
	static struct model m;

	memset(&m, 0, sizeof(m));
	m.f = tcp_fixture_prepare();
	tcp_fixture_open(&m.f);
	for (unsigned i = 0; i < STREAM_BYTES; i++)
		m.stream[i] = (uint8_t)random_u32(&m.f.random);
	return &m;
}

// Most streams wrap.
static void model_begin(struct model *m)
{
	struct flow_key key = tcp_fixture_key("198.18.0.1", FIXTURE_LOCAL_PORT);
	uint32_t irs = 0u - random_below(&m->f.random, STREAM_BYTES * 2);

	m->c = tcp_fixture_conn(&m->f, &key, 1, irs);
	m->c->rcv.adv += STREAM_BYTES;
	m->first = irs + 1;
	m->nxt = m->read = 0;
	m->has_fin = false;
	memset(m->has_byte, 0, sizeof(m->has_byte));
}

static unsigned queued_mbufs(const struct model *m)
{
	unsigned n = 0;

	for (const struct rte_mbuf *e = m->c->ooo_head; e != NULL; e = e->next)
		n++;
	return n;
}

// Sorted, without overlaps, and the sums are those of the elements.
static void expect_in_order(const struct model *m)
{
	const struct tcp_conn *c = m->c;
	uint32_t bytes = 0, truesize = 0, end = c->rcv.nxt;

	assert_int_equal(reassembly_is_empty(c), c->ooo_head == NULL);
	for (const struct rte_mbuf *e = c->ooo_head; e != NULL; e = e->next) {
		uint32_t seq = e->hash.fdir.lo;

		assert_true(seq_is_at_or_after(seq, end));
		assert_int_equal(e->nb_segs, 1);
		assert_int_equal(e->pkt_len, e->data_len);
		end = seq + e->data_len;
		bytes += e->data_len;
		truesize += e->buf_len + (uint32_t)sizeof(*e);
	}
	assert_int_equal(c->ooo_bytes, bytes);
	assert_int_equal(c->ooo_truesize, truesize);
}

static struct segment segment_of(struct model *m, const uint8_t *payload, uint32_t seq,
				 uint32_t len, bool fin)
{
	uint8_t frame[HEADERS_MAX_BYTES + SEGMENT_MAX_BYTES + 20];
	uint32_t headers = random_below(&m->f.random, HEADERS_MAX_BYTES + 1);
	uint32_t padding = random_below(&m->f.random, 4) == 0 ? random_below(&m->f.random, 20) : 0;
	uint32_t piece = m->has_chains && random_below(&m->f.random, 3) == 0
		? 100 + random_below(&m->f.random, 900)
		: 0;

	memset(frame, 0xee, sizeof(frame));
	memcpy(frame + headers, payload, len);
	return (struct segment){
		.mbuf = mbufs_frame(m->f.config.pool, frame, headers + len + padding, piece),
		.payload_offset = headers,
		.len_bytes = len,
		.tcp = {.seq = seq, .flags = (uint8_t)(TCP_ACK | (fin ? TCP_FIN : 0))},
	};
}

// What is new of [at, at + len) and of the FIN, which is remembered.
static bool mark_new(struct model *m, uint32_t at, uint32_t len, bool fin)
{
	bool is_new = fin && !m->has_fin;

	for (uint32_t i = at; i < at + len; i++) {
		is_new |= !m->has_byte[i];
		m->has_byte[i] = true;
	}
	m->has_fin |= fin;
	while (m->nxt < STREAM_BYTES && m->has_byte[m->nxt])
		m->nxt++;
	return is_new;
}

static void read_some(struct model *m)
{
	uint8_t bytes[STREAM_BYTES];
	size_t n = receive_peek(m->c, bytes, random_below(&m->f.random, STREAM_BYTES));

	assert_true(n <= m->nxt - m->read);
	assert_memory_equal(bytes, m->stream + m->read, n);
	receive_consume(m->f.tcp, m->c, n);
	m->read += (uint32_t)n;
}

// As tcp/input does: what is next goes to the user at once, and takes along what waited for it.
static void in_order(struct model *m, struct segment *seg, bool fin)
{
	uint32_t len = seg->len_bytes;
	struct rte_mbuf *chain = receive_detach(seg);
	bool is_last;

	if (len > 0)
		receive_append(m->f.tcp, m->c, chain, len);
	else
		rte_pktmbuf_free(chain);
	is_last = reassembly_deliver(m->f.tcp, m->c);
	assert_int_equal(is_last || fin, m->nxt == STREAM_BYTES && m->has_fin);
}

static void segment_arrives(struct model *m, uint32_t at, uint32_t len, bool fin)
{
	struct segment seg = segment_of(m, m->stream + at, m->first + at, len, fin);
	bool is_next = at == m->nxt, is_new, is_kept;

	is_new = mark_new(m, at, len, fin);
	if (is_next) {
		in_order(m, &seg, fin);
	} else {
		is_kept = reassembly_insert(m->f.tcp, m->c, &seg);
		assert_null(seg.mbuf);
		// A duplicate over several elements may take their place.
		assert_int_equal(is_kept, is_new);
		assert_int_equal(seg.drop, is_kept ? PLX_DROP_NONE : PLX_DROP_TCP_DUPLICATE);
	}
	assert_int_equal(m->c->rcv.nxt, m->first + m->nxt);
	expect_in_order(m);
}

// Bytes of the stream that have arrived and wait.
static uint32_t waiting_bytes(const struct model *m)
{
	uint32_t n = 0;

	for (uint32_t i = m->nxt; i < STREAM_BYTES; i++)
		n += m->has_byte[i];
	return n;
}

// A FIN comes with the last bytes, or by itself; some senders send the last bytes first without it.
static void random_segment_arrives(struct model *m)
{
	struct random *r = &m->f.random;
	uint32_t at = m->nxt, len, left = STREAM_BYTES - m->nxt;
	bool fin;

	if (random_below(r, 4) != 0)
		at += random_below(r, left < 8000 || random_below(r, 8) == 0 ? left + 1 : 8000);
	len = 1 + (random_u32(r) >> (20 + random_below(r, 12)));
	len = RTE_MIN(RTE_MIN(len, (uint32_t)SEGMENT_MAX_BYTES), STREAM_BYTES - at);
	fin = at + len == STREAM_BYTES && random_below(r, 2) == 0;
	if (len > 0 || fin)
		segment_arrives(m, at, len, fin);
}

static void random_segments_come_out_in_order(void **state)
{
	struct model *m = model_open();

	(void)state;
	m->has_chains = true;
	for (unsigned i = 0; i < STREAMS; i++) {
		model_begin(m);
		for (unsigned n = 0; m->nxt < STREAM_BYTES || !m->has_fin; n++) {
			random_segment_arrives(m);
			if (n % 16 == 0)
				assert_int_equal(m->c->ooo_bytes, waiting_bytes(m));
			if (n % 8 == 0)
				read_some(m);
		}
		while (m->read < STREAM_BYTES)
			read_some(m);
		assert_int_equal(m->c->ooo_bytes, 0);
		tcp_fixture_end(&m->f, m->c);
	}
	tcp_fixture_close(&m->f);
}

// The element that is there, the segment that comes, and what of it is new.
static void each_way_to_overlap_keeps_what_is_new(void **state)
{
	static const struct {
		uint32_t at, len;
		bool is_new;
		unsigned mbufs;
	} second[] = {
		{100, 100, false, 1}, // the same
		{120, 50, false, 1},  // within
		{100, 50, false, 1},  // its beginning
		{150, 50, false, 1},  // its end
		{50, 50, true, 2},    // touching its front
		{50, 40, true, 2},    // before it
		{50, 100, true, 2},   // over its front
		{50, 200, true, 1},   // all around
		{100, 101, true, 1},  // longer by one, which is copied behind
		{99, 101, true, 1},   // earlier by one
		{150, 100, true, 1},  // over its end, a small rest
		{200, 50, true, 1},   // touching its end, and small: copied behind it
		{201, 50, true, 2},   // behind it
	};
	struct model *m = model_open();

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(second); i++) {
		struct segment seg;

		model_begin(m);
		segment_arrives(m, 100, 100, false);
		seg = segment_of(m, m->stream + second[i].at, m->first + second[i].at,
				 second[i].len, false);
		assert_int_equal(reassembly_insert(m->f.tcp, m->c, &seg), second[i].is_new);
		assert_int_equal(queued_mbufs(m), second[i].mbufs);
		mark_new(m, second[i].at, second[i].len, false);
		assert_int_equal(m->c->ooo_bytes, waiting_bytes(m));
		expect_in_order(m);
		segment_arrives(m, 0, 100, false);
		assert_int_equal(m->c->ooo_bytes, waiting_bytes(m));
		while (m->read < m->nxt)
			read_some(m);
		tcp_fixture_end(&m->f, m->c);
	}
	tcp_fixture_close(&m->f);
}

static void a_fin_waits_for_the_text_before_it(void **state)
{
	enum { LAST = STREAM_BYTES - 10 };
	struct model *m = model_open();

	(void)state;
	model_begin(m);
	m->nxt = m->read = LAST - 100;
	m->c->rcv.nxt += LAST - 100;
	segment_arrives(m, STREAM_BYTES, 0, true); // alone
	segment_arrives(m, STREAM_BYTES, 0, true); // and again
	segment_arrives(m, LAST, 10, true);
	segment_arrives(m, LAST - 50, 60, true);
	segment_arrives(m, LAST - 100, 50, false);
	assert_int_equal(m->c->rcv.nxt, m->first + STREAM_BYTES);
	while (m->read < STREAM_BYTES)
		read_some(m);
	tcp_fixture_end(&m->f, m->c);
	tcp_fixture_close(&m->f);
}

// A byte in each mbuf pins as much as a full one: it is memory that is bounded.
static void pinned_memory_is_bounded(void **state)
{
	struct plx_option_value option = {PLX_OPTION_RECEIVE_BUFFER, 20000};
	struct model *m = model_open();
	uint32_t bound = 2 * 20000 + 64 * 1024, largest = 0;
	uint64_t *pruned = &m->f.tcp->stats->counters[PLX_COUNTER_TCP_OUT_OF_ORDER_PRUNED];
	unsigned kept = 0;

	(void)state;
	model_begin(m);
	assert_int_equal(option_profile_change(&m->f.tcp->profiles, &m->c->profile, &option, 1), 0);
	for (uint32_t at = 1; at < STREAM_BYTES; at += 2) {
		struct segment seg = segment_of(m, m->stream + at, m->first + at, 1, false);

		if (reassembly_insert(m->f.tcp, m->c, &seg)) {
			kept++;
			assert_int_equal(*pruned, 0);
			largest = m->c->ooo_truesize;
			continue;
		}
		assert_int_equal(seg.drop, PLX_DROP_TCP_OUT_OF_ORDER_FULL);
		assert_non_null(seg.mbuf);
		rte_pktmbuf_free(seg.mbuf);
	}
	assert_int_equal(*pruned, STREAM_BYTES / 2 - kept);
	assert_in_range(largest, bound + 1, bound + 2 * (MBUFS_DATA_BYTES + 400));
	assert_int_equal(queued_mbufs(m), kept);
	assert_int_equal(m->c->ooo_bytes, kept);
	reassembly_clear(m->c);
	assert_int_equal(m->c->ooo_truesize, 0);
	expect_in_order(m);
	tcp_fixture_end(&m->f, m->c);
	tcp_fixture_close(&m->f);
}

static void without_mbufs_nothing_is_kept(void **state)
{
	struct model *m = model_open();
	struct segment seg;

	(void)state;
	model_begin(m);
	seg = segment_of(m, m->stream + 9, m->first + 9, 9, false);
	m->f.tcp->mbufs_free = m->f.tcp->mbuf_floor;
	assert_false(reassembly_insert(m->f.tcp, m->c, &seg));
	assert_int_equal(seg.drop, PLX_DROP_TCP_OUT_OF_ORDER_FULL);
	rte_pktmbuf_free(seg.mbuf);
	tcp_fixture_end(&m->f, m->c);
	tcp_fixture_close(&m->f);
}

// A peer that contradicts himself, in bytes and in where the end is, harms only his own stream.
static void contradictions_keep_the_queue_whole(void **state)
{
	struct model *m = model_open();
	struct random *r = &m->f.random;
	uint8_t noise[SEGMENT_MAX_BYTES];

	(void)state;
	m->has_chains = true;
	for (unsigned i = 0; i < STREAMS; i++) {
		model_begin(m);
		for (unsigned n = 0; n < SEGMENTS_WILD; n++) {
			uint32_t seq = m->c->rcv.nxt + 1 + random_below(r, 300);
			uint32_t len = random_below(r, 50);
			struct segment seg;

			memset(noise, (int)random_u32(r), sizeof(noise));
			seg = segment_of(m, noise, seq, len, len == 0 || random_below(r, 4) == 0);
			if (!reassembly_insert(m->f.tcp, m->c, &seg))
				rte_pktmbuf_free(seg.mbuf);
			if (random_below(r, 10) == 0) {
				seg = segment_of(m, noise, m->c->rcv.nxt, 40, false);
				receive_append(m->f.tcp, m->c, receive_detach(&seg), 40);
				if (reassembly_deliver(m->f.tcp, m->c))
					reassembly_clear(m->c); // behind a FIN there is nothing
				receive_clear(m->c);
			}
			assert_int_equal(reassembly_is_empty(m->c), m->c->ooo_head == NULL);
		}
		tcp_fixture_end(&m->f, m->c);
	}
	tcp_fixture_close(&m->f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_to_overlap_keeps_what_is_new),
		cmocka_unit_test(a_fin_waits_for_the_text_before_it),
		cmocka_unit_test(pinned_memory_is_bounded),
		cmocka_unit_test(without_mbufs_nothing_is_kept),
		cmocka_unit_test(random_segments_come_out_in_order),
		cmocka_unit_test(contradictions_keep_the_queue_whole),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("tcp/reassembly", tests, NULL, NULL);
}

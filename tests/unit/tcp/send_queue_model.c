// SPDX-License-Identifier: BSD-3-Clause
//
// The stream is an array of random bytes that repeats; positions in it have 64 bits and never wrap.
// See send_queue_model.h.
// Called by send_queue_test.
#include "send_queue_model.h"

#include <errno.h>
#include <string.h>

#include "support/mbufs.h"

uint32_t model_seq_at(const struct model *m, uint64_t position)
{
	return m->c->iss + 1 + (uint32_t)position;
}

struct model *model_open(uint32_t max_send_segments)
{
	static struct model m;

	memset(&m, 0, sizeof(m));
	m.f = tcp_fixture_prepare();
	m.f.config.max_send_segments = max_send_segments;
	tcp_fixture_open(&m.f);
	for (unsigned i = 0; i < WORLD_BYTES; i++)
		m.world[i] = (uint8_t)random_u32(&m.f.random);
	memcpy(m.world + WORLD_BYTES, m.world, APPEND_MAX_BYTES);
	return &m;
}

void model_begin(struct model *m)
{
	struct flow_key key = tcp_fixture_key("198.18.0.1", FIXTURE_LOCAL_PORT);

	// Most connections wrap.
	m->c = tcp_fixture_conn(&m->f, &key, 0u - random_below(&m->f.random, 200000), 1);
	m->una = m->nxt = m->end = 0;
}

static const uint8_t *stream_at(const struct model *m, uint64_t position)
{
	return m->world + position % WORLD_BYTES;
}

static void expect_stream(const struct model *m, const uint8_t *bytes, uint32_t len_bytes,
			  uint64_t position)
{
	while (len_bytes > 0) {
		uint32_t n = RTE_MIN(len_bytes, (uint32_t)APPEND_MAX_BYTES);

		assert_memory_equal(bytes, stream_at(m, position), n);
		bytes += n;
		position += n;
		len_bytes -= n;
	}
}

static void expect_record(const struct model *m, const struct send_segment *seg, uint64_t position)
{
	assert_int_equal(seg->seq, model_seq_at(m, position));
	assert_true(seg->len_bytes > 0);
	expect_stream(m, send_segment_data(m->f.tcp, seg), seg->len_bytes, position);
	if (seg->kind == SEND_SLAB)
		assert_true(seg->offset + seg->len_bytes <= SLAB_BYTES);
	if (seg->kind == SEND_MBUF)
		assert_true(seg->offset + seg->len_bytes <= seg->mbuf->buf_len);
	if ((seg->flags & SEND_OWN_COPY) != 0)
		assert_in_range(seg->len_bytes, 1, m->c->mss);
}

void model_expect(const struct model *m)
{
	const struct send_queue *queue = &m->c->queue;
	uint32_t records = 0, slabs = 0, last = INDEX_NONE;
	uint64_t position = m->una;

	for (uint32_t idx = queue->head; idx != INDEX_NONE;) {
		const struct send_segment *seg = send_segment_at(m->f.tcp, idx);

		assert_int_equal(queue->unsent == idx, position == m->nxt);
		expect_record(m, seg, position);
		position += seg->len_bytes;
		records++;
		slabs += seg->kind == SEND_SLAB;
		last = idx;
		idx = seg->next;
	}
	assert_int_equal(position, m->end);
	assert_int_equal(queue->tail, last);
	assert_int_equal(queue->bytes, m->end - m->una);
	assert_int_equal(queue->unsent == INDEX_NONE, m->nxt == m->end);
	assert_int_equal(send_queue_unsent(m->f.tcp, m->c), m->end - m->nxt);
	assert_int_equal(pool_used(&m->f.tcp->send_segments), records);
	assert_int_equal(pool_used(&m->f.tcp->slabs), slabs);
}

static bool has_records(const struct model *m)
{
	return pool_available(&m->f.tcp->send_segments) > m->f.tcp->send_reserve;
}

uint32_t model_random_size(struct random *r, uint32_t max)
{
	uint32_t n = 1 + (random_u32(r) >> (19 + random_below(r, 13)));

	return n < max ? n : max;
}

// Bytes in a last record whose mbuf somebody else may read; 0: it has none.
static uint32_t shared_tail_bytes(const struct model *m)
{
	const struct send_segment *seg;

	if (m->c->queue.tail == INDEX_NONE)
		return 0;
	seg = send_segment_at(m->f.tcp, m->c->queue.tail);
	return seg->kind == SEND_MBUF && rte_mbuf_refcnt_read(seg->mbuf) > 1 ? seg->len_bytes : 0;
}

void model_copy(struct model *m, uint32_t n)
{
	uint32_t tail = m->c->queue.tail, shared = shared_tail_bytes(m), done;
	uint8_t bytes[APPEND_MAX_BYTES];

	memcpy(bytes, stream_at(m, m->end), n);
	done = send_queue_append_copy(m->f.tcp, m->c, bytes, n);
	memset(bytes, 0xee, n); // the caller's again
	assert_in_range(done, 0, n);
	if (done < n)
		assert_false(send_queue_has_memory(m->f.tcp));
	if (shared > 0)
		assert_int_equal(send_segment_at(m->f.tcp, tail)->len_bytes, shared);
	m->end += done;
}

void model_give_mbuf(struct model *m, uint32_t n)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(m->f.config.pool);
	int rc;

	assert_non_null(mbuf);
	n = RTE_MIN(n, 1000u);
	mbuf->data_off = (uint16_t)random_below(&m->f.random, 1000);
	memcpy(rte_pktmbuf_append(mbuf, (uint16_t)n), stream_at(m, m->end), n);
	rc = send_queue_append_mbuf(m->f.tcp, m->c, mbuf);
	if (rc == 0) {
		m->end += n;
		return;
	}
	assert_int_equal(rc, -EAGAIN);
	assert_false(has_records(m));
	assert_int_equal(rte_mbuf_refcnt_read(mbuf), 1);
	rte_pktmbuf_free(mbuf);
}

uint32_t model_lend(struct model *m, uint32_t n, bool wants_sent)
{
	struct plx_external external = {
		.data = stream_at(m, m->end),
		.len_bytes = n,
		.cookie = m->n_cookies,
		.wants_sent = wants_sent && m->n_cookies < COOKIES,
	};
	uint32_t done = send_queue_append_external(m->f.tcp, m->c, &external, n);

	m->end += done;
	if (done == 0) {
		assert_true(!has_records(m) || pool_available(&m->f.tcp->externals) == 0);
		return 0;
	}
	assert_int_equal(done, n);
	if (external.wants_sent)
		m->cookies[m->n_cookies++] = (struct cookie){.end = m->end};
	return done;
}

// A driver keeps what it was given by reference.
static void driver_takes(struct model *m, const struct send_segment *seg)
{
	struct held *held = &m->held[m->n_held];
	struct send_external *block;

	if (m->n_held == HELD_MAX || seg->kind == SEND_SLAB)
		return;
	*held = (struct held){0};
	if (seg->kind == SEND_MBUF) {
		held->mbuf = seg->mbuf;
		rte_mbuf_refcnt_update(held->mbuf, 1);
	} else {
		block = pool_at(&m->f.tcp->externals, seg->external_idx);
		held->mbuf = rte_pktmbuf_alloc(m->f.config.pool);
		assert_non_null(held->mbuf);
		rte_mbuf_ext_refcnt_update(&block->shared, 1);
		rte_pktmbuf_attach_extbuf(held->mbuf, (void *)(uintptr_t)seg->external,
					  (rte_iova_t)(uintptr_t)seg->external,
					  (uint16_t)seg->len_bytes, &block->shared);
		if (seg->external_idx != EXTERNAL_PERMANENT)
			held->cookie = &m->cookies[block->cookie];
	}
	if (held->cookie != NULL)
		held->cookie->drivers++;
	m->n_held++;
}

void model_driver_gives_back(struct model *m)
{
	unsigned which;

	if (m->n_held == 0)
		return;
	which = random_below(&m->f.random, m->n_held);
	if (m->held[which].cookie != NULL)
		m->held[which].cookie->drivers--;
	rte_pktmbuf_free(m->held[which].mbuf);
	m->held[which] = m->held[--m->n_held];
}

static bool split(struct model *m, uint32_t idx, uint32_t len_bytes)
{
	bool is_slab = send_segment_at(m->f.tcp, idx)->kind == SEND_SLAB;
	bool may = pool_available(&m->f.tcp->send_segments) > 0
		&& (!is_slab || pool_available(&m->f.tcp->slabs) > 0);

	assert_int_equal(send_queue_split(m->f.tcp, m->c, idx, len_bytes), may);
	return may;
}

void model_send_some(struct model *m)
{
	uint32_t left = model_random_size(&m->f.random, (uint32_t)(m->end - m->nxt));

	m->clock++;
	while (left > 0 && m->c->queue.unsent != INDEX_NONE) {
		uint32_t idx = m->c->queue.unsent;
		struct send_segment *seg = send_segment_at(m->f.tcp, idx);

		if (seg->len_bytes > left && !split(m, idx, left))
			return;
		seg->sent_at = m->clock;
		if (random_below(&m->f.random, 4) == 0)
			driver_takes(m, seg);
		left -= seg->len_bytes;
		m->nxt += seg->len_bytes;
		m->c->snd.nxt += seg->len_bytes;
		m->c->queue.unsent = seg->next;
	}
}

void model_send_again(struct model *m)
{
	uint64_t position = m->una + random_below(&m->f.random, (uint32_t)(m->nxt - m->una));
	uint32_t seq = model_seq_at(m, position);
	uint32_t idx = send_queue_find(m->f.tcp, m->c, seq);
	struct send_segment *seg;

	assert_int_not_equal(idx, INDEX_NONE);
	seg = send_segment_at(m->f.tcp, idx);
	assert_in_range(seq - seg->seq, 0, seg->len_bytes - 1);
	if (seq != seg->seq) {
		if (!split(m, idx, seq - seg->seq))
			return;
		seg = send_segment_at(m->f.tcp, seg->next);
	}
	seg->flags |= SEND_RESENT;
	seg->sent_at = ++m->clock;
}

static struct send_queue_freed freed_by(const struct model *m, uint64_t ack)
{
	struct send_queue_freed freed = {0};
	uint64_t position = m->una;

	for (uint32_t idx = m->c->queue.head; position < ack;) {
		const struct send_segment *seg = send_segment_at(m->f.tcp, idx);
		bool was_resent = (seg->flags & SEND_RESENT) != 0;
		bool has_segment = !was_resent && ack - position >= m->c->mss;

		freed.was_resent |= was_resent;
		position += seg->len_bytes;
		if ((position <= ack || has_segment) && !freed.has_sent_at) {
			freed.has_sent_at = true;
			freed.sent_at = seg->sent_at;
		}
		idx = seg->next;
	}
	return freed;
}

void model_acknowledge(struct model *m, uint64_t ack)
{
	struct send_queue_freed expected = freed_by(m, ack);
	struct send_queue_freed freed;

	send_queue_acknowledge(m->f.tcp, m->c, model_seq_at(m, ack), &freed);
	assert_int_equal(freed.has_sent_at, expected.has_sent_at);
	if (expected.has_sent_at)
		assert_int_equal(freed.sent_at, expected.sent_at);
	assert_int_equal(freed.was_resent, expected.was_resent);
	m->una = ack;
	m->c->snd.una = model_seq_at(m, ack);
}

void model_fetch_cookies(struct model *m)
{
	uint64_t cookies[7];
	unsigned n;

	do {
		n = plx_sent(m->f.stack, cookies, RTE_DIM(cookies));
		for (unsigned i = 0; i < n; i++) {
			assert_true(cookies[i] < m->n_cookies);
			assert_false(m->cookies[cookies[i]].is_back);
			m->cookies[cookies[i]].is_back = true;
		}
	} while (n > 0);
	for (unsigned i = 0; i < m->n_cookies; i++) {
		const struct cookie *cookie = &m->cookies[i];

		assert_int_equal(cookie->is_back, cookie->end <= m->una && cookie->drivers == 0);
	}
}

void model_end(struct model *m)
{
	tcp_fixture_end(&m->f, m->c);
	m->una = UINT64_MAX;
	model_fetch_cookies(m);
	while (m->n_held > 0)
		model_driver_gives_back(m);
	model_fetch_cookies(m);
	m->n_cookies = 0;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// The send queue and its three kinds of buffers. Small payloads are gathered in slab blocks, larger
// copies in mbufs with room for headers in front, so that a segment can be sent without copying again.
// An mbuf or external block may be shared by several records; reference counts tell when it is free.
// Called by tcp/user, tcp/output and tcp/ack.
#include "tcp/send_queue.h"

#include <errno.h>
#include <string.h>

#include <rte_ring.h>

#include "base/min.h"
#include "tcp/connections.h"
#include "tcp/seq.h"

void send_queue_init(struct send_queue *queue)
{
	*queue = (struct send_queue){INDEX_NONE, INDEX_NONE, INDEX_NONE, 0};
}

static uint8_t *slab_at(const struct tcp *tcp, uint32_t slab)
{
	return pool_at(&tcp->slabs, slab);
}

const uint8_t *send_segment_data(const struct tcp *tcp, const struct send_segment *seg)
{
	switch (seg->kind) {
	case SEND_SLAB:
		return send_slab_data(tcp, seg);
	case SEND_MBUF:
		return (const uint8_t *)seg->mbuf->buf_addr + seg->offset;
	default:
		return seg->external;
	}
}

// A record at the end of the queue, its buffer still to be set; INDEX_NONE when there is none.
static __rte_always_inline uint32_t push(struct tcp *tcp, struct tcp_conn *c, enum send_kind kind)
{
	struct send_queue *queue = &c->queue;
	struct send_segment *seg;
	uint32_t idx;

	// The reserve is for cutting what is queued: without it what is here might never leave.
	if (pool_available(&tcp->send_segments) <= tcp->send_reserve)
		return INDEX_NONE;
	idx = pool_get_plain(&tcp->send_segments);
	seg = send_segment_at(tcp, idx);
	*seg = (struct send_segment){
		.next = INDEX_NONE,
		.seq = c->snd.una + queue->bytes,
		.kind = kind,
	};
	// Before the handshake's end the first byte follows a SYN that is not acknowledged yet.
	if (!conn_is_synchronized(c))
		seg->seq = c->iss + 1 + queue->bytes;
	if (queue->tail == INDEX_NONE)
		queue->head = idx;
	else
		send_segment_at(tcp, queue->tail)->next = idx;
	queue->tail = idx;
	if (queue->unsent == INDEX_NONE)
		queue->unsent = idx;
	return idx;
}

static void grow(struct tcp_conn *c, struct send_segment *seg, uint32_t n)
{
	seg->len_bytes += n;
	c->queue.bytes += n;
}

// A copy's record is a full segment, so that it can go out in place. Where segments are tiny it is a buffer
// instead, which is cut when it is sent: a peer's MSS is not to fill the memory with records.
static uint32_t record_max(const struct tcp_conn *c)
{
	return c->mss > SLAB_BYTES ? c->mss : UINT16_MAX;
}

// Room behind the last record, if that was not sent yet and its buffer is ours alone.
static uint32_t tail_room(const struct tcp *tcp, const struct tcp_conn *c)
{
	const struct send_segment *seg;

	if (c->queue.unsent == INDEX_NONE)
		return 0;
	seg = send_segment_at(tcp, c->queue.tail);
	if (seg->kind == SEND_SLAB)
		return SLAB_BYTES - seg->offset - seg->len_bytes;
	if ((seg->flags & SEND_OWN_COPY) == 0 || rte_mbuf_refcnt_read(seg->mbuf) > 1
	    || seg->len_bytes >= record_max(c))
		return 0;
	return min_u32(record_max(c), seg->mbuf->buf_len - seg->offset) - seg->len_bytes;
}

static bool append_slab(struct tcp *tcp, struct tcp_conn *c, const uint8_t *data,
			uint32_t len_bytes)
{
	uint32_t slab;
	uint32_t idx;

	if (pool_available(&tcp->slabs) <= tcp->send_reserve)
		return false;
	slab = pool_get_plain(&tcp->slabs);
	idx = push(tcp, c, SEND_SLAB);
	if (idx == INDEX_NONE) {
		pool_put_plain(&tcp->slabs, slab);
		return false;
	}
	send_segment_at(tcp, idx)->slab = slab;
	memcpy(slab_at(tcp, slab), data, len_bytes);
	grow(c, send_segment_at(tcp, idx), len_bytes);
	return true;
}

// A copy in an mbuf of its own.
static uint32_t append_mbuf_copy(struct tcp *tcp, struct tcp_conn *c, const uint8_t *data,
				 uint32_t len_bytes)
{
	struct rte_mbuf *m;
	uint32_t n;

	if (tcp->mbufs_free <= tcp->mbuf_floor)
		return 0;
	m = rte_pktmbuf_alloc(tcp->pool);
	if (m == NULL) {
		tcp->mbufs_free = 0; // others have taken them: counted anew by the next poll
		return 0;
	}
	tcp->mbufs_free--;
	n = min_u32(len_bytes, min_u32(record_max(c), rte_pktmbuf_tailroom(m)));
	memcpy(rte_pktmbuf_append(m, (uint16_t)n), data, n);
	if (send_queue_append_mbuf(tcp, c, m) != 0) {
		rte_pktmbuf_free(m);
		return 0;
	}
	send_segment_at(tcp, c->queue.tail)->flags |= SEND_OWN_COPY;
	return n;
}

uint32_t send_queue_append_copy(struct tcp *tcp, struct tcp_conn *c, const uint8_t *data,
				uint32_t len_bytes)
{
	uint32_t done = 0;
	uint32_t room = tail_room(tcp, c);

	if (likely(room == 0 && len_bytes > 0 && len_bytes <= SLAB_BYTES))
		return append_slab(tcp, c, data, len_bytes) ? len_bytes : 0;
	if (room > 0) {
		struct send_segment *seg = send_segment_at(tcp, c->queue.tail);

		done = min_u32(room, len_bytes);
		memcpy((uint8_t *)(uintptr_t)send_segment_data(tcp, seg) + seg->len_bytes, data,
		       done);
		grow(c, seg, done);
	}
	while (done < len_bytes) {
		uint32_t left = len_bytes - done;
		uint32_t n = left;

		if (left > SLAB_BYTES)
			n = append_mbuf_copy(tcp, c, data + done, left);
		else if (!append_slab(tcp, c, data + done, left))
			n = 0;
		if (n == 0)
			break;
		done += n;
	}
	return done;
}

int send_queue_append_mbuf(struct tcp *tcp, struct tcp_conn *c, struct rte_mbuf *mbuf)
{
	uint32_t idx = push(tcp, c, SEND_MBUF);
	struct send_segment *seg;

	if (idx == INDEX_NONE)
		return -EAGAIN;
	seg = send_segment_at(tcp, idx);
	seg->mbuf = mbuf;
	seg->offset = mbuf->data_off;
	grow(c, seg, mbuf->data_len);
	return 0;
}

// The last reference to external memory is gone. May run on a driver's core: it only posts.
static void on_external_free(void *addr, void *opaque)
{
	struct send_external *external = opaque;

	(void)addr;
	// The ring has room for every block there is.
	(void)rte_ring_mp_enqueue(external->freed, external);
}

static void hold_external(const struct tcp *tcp, uint32_t idx)
{
	struct send_external *block = pool_at(&tcp->externals, idx);

	rte_mbuf_ext_refcnt_update(&block->shared, 1);
}

static void release_external(const struct tcp *tcp, uint32_t idx)
{
	struct send_external *block = pool_at(&tcp->externals, idx);

	if (rte_mbuf_ext_refcnt_update(&block->shared, -1) == 0)
		on_external_free(NULL, block);
}

void send_external_init(struct tcp *tcp, uint32_t idx, uint64_t cookie, plx_conn conn)
{
	struct send_external *block = pool_at(&tcp->externals, idx);

	*block = (struct send_external){
		.shared = {.free_cb = on_external_free, .fcb_opaque = block},
		.cookie = cookie,
		.conn = conn,
		.freed = tcp->freed_externals,
		.idx = idx,
	};
	rte_mbuf_ext_refcnt_set(&block->shared, 1);
}

uint32_t send_queue_append_external(struct tcp *tcp, struct tcp_conn *c,
				    const struct plx_external *external, uint32_t len_bytes)
{
	uint32_t tracked = EXTERNAL_PERMANENT;
	struct send_segment *seg;
	uint32_t idx;

	if (external->wants_sent)
		tracked = pool_get(&tcp->externals);
	if (tracked == INDEX_NONE)
		return 0;
	idx = push(tcp, c, SEND_EXTERNAL);
	if (idx == INDEX_NONE) {
		if (external->wants_sent)
			pool_put(&tcp->externals, tracked);
		return 0;
	}
	if (external->wants_sent)
		send_external_init(tcp, tracked, external->cookie, conn_handle(tcp, c));
	else
		hold_external(tcp, tracked);
	seg = send_segment_at(tcp, idx);
	seg->external = external->data;
	seg->external_idx = tracked;
	grow(c, seg, len_bytes);
	return len_bytes;
}

void send_external_collect(struct tcp *tcp)
{
	void *item;

	while (rte_ring_sc_dequeue(tcp->freed_externals, &item) == 0) {
		struct send_external *block = item;
		struct tcp_conn *c = pool_resolve(&tcp->conns, block->conn.index,
						  block->conn.generation);

		tcp->sent[tcp->sent_tail++ % EXTERNAL_BLOCKS] = block->idx;
		if (c != NULL && !conn_has(c, CONN_ENDED | CONN_RST_OWED))
			conn_raise(tcp, c, PLX_EVENT_SENT);
	}
}

// Gives a record's buffer back.
static void release_buffer(struct tcp *tcp, const struct send_segment *seg)
{
	if (seg->kind == SEND_SLAB)
		pool_put_plain(&tcp->slabs, seg->slab);
	else if (seg->kind == SEND_MBUF)
		rte_pktmbuf_free_seg(seg->mbuf); // a driver has left its `next`
	else
		release_external(tcp, seg->external_idx);
}

// The second half of a split record gets the same buffer, or a slab of its own.
static bool share_buffer(struct tcp *tcp, const struct send_segment *seg, struct send_segment *rest,
			 uint32_t len_bytes)
{
	*rest = *seg;
	rest->seq += len_bytes;
	rest->len_bytes -= len_bytes;
	if (seg->kind == SEND_SLAB) {
		rest->slab = pool_get_plain(&tcp->slabs);
		if (rest->slab == INDEX_NONE)
			return false;
		rest->offset = 0;
		memcpy(slab_at(tcp, rest->slab), slab_at(tcp, seg->slab) + seg->offset + len_bytes,
		       rest->len_bytes);
	} else if (seg->kind == SEND_MBUF) {
		rest->offset += len_bytes;
		rte_mbuf_refcnt_update(rest->mbuf, 1);
	} else {
		rest->external += len_bytes;
		hold_external(tcp, rest->external_idx);
	}
	return true;
}

bool send_queue_split(struct tcp *tcp, struct tcp_conn *c, uint32_t idx, uint32_t len_bytes)
{
	uint32_t rest_idx = pool_get_plain(&tcp->send_segments);
	struct send_segment *seg = send_segment_at(tcp, idx);
	struct send_segment *rest;

	if (rest_idx == INDEX_NONE)
		return false;
	rest = send_segment_at(tcp, rest_idx);
	if (!share_buffer(tcp, seg, rest, len_bytes)) {
		pool_put_plain(&tcp->send_segments, rest_idx);
		return false;
	}
	seg->len_bytes = len_bytes;
	seg->next = rest_idx;
	if (c->queue.tail == idx)
		c->queue.tail = rest_idx;
	return true;
}

// Cuts the first bytes, which are acknowledged, off a record.
static void trim(struct send_segment *seg, uint32_t n)
{
	seg->seq += n;
	seg->len_bytes -= n;
	if (seg->kind == SEND_EXTERNAL)
		seg->external += n;
	else
		seg->offset += n;
}

static void pop_head(struct tcp *tcp, struct send_queue *queue)
{
	uint32_t idx = queue->head;
	struct send_segment *seg = send_segment_at(tcp, idx);

	release_buffer(tcp, seg);
	queue->head = seg->next;
	if (queue->unsent == idx)
		queue->unsent = seg->next;
	if (queue->head == INDEX_NONE)
		queue->tail = INDEX_NONE;
	pool_put_plain(&tcp->send_segments, idx);
}

void send_queue_acknowledge(struct tcp *tcp, struct tcp_conn *c, uint32_t ack,
			    struct send_queue_freed *freed)
{
	struct send_queue *queue = &c->queue;

	freed->has_sent_at = false;
	freed->was_resent = false;
	freed->was_head_resent = false;
	while (queue->head != INDEX_NONE) {
		struct send_segment *seg = send_segment_at(tcp, queue->head);

		if (!seq_is_after(ack, seg->seq))
			break;
		freed->was_resent |= (seg->flags & SEND_RESENT) != 0;
		if (seq_is_before(ack, seg->seq + seg->len_bytes)) {
			// A record of several segments, see output_cut: one of them has come.
			if (!freed->has_sent_at && ack - seg->seq >= c->mss
			    && (seg->flags & SEND_RESENT) == 0) {
				freed->has_sent_at = true;
				freed->sent_at = seg->sent_at;
			}
			queue->bytes -= ack - seg->seq;
			trim(seg, ack - seg->seq);
			break;
		}
		if (!freed->has_sent_at) {
			freed->has_sent_at = true;
			freed->sent_at = seg->sent_at;
			freed->was_head_resent = (seg->flags & SEND_RESENT) != 0;
		}
		queue->bytes -= seg->len_bytes;
		pop_head(tcp, queue);
	}
}

uint32_t send_queue_find(const struct tcp *tcp, const struct tcp_conn *c, uint32_t seq)
{
	uint32_t idx = c->queue.head;

	while (idx != INDEX_NONE) {
		const struct send_segment *seg = send_segment_at(tcp, idx);

		if (seq_is_before(seq, seg->seq + seg->len_bytes))
			return idx;
		idx = seg->next;
	}
	return idx;
}

uint32_t send_queue_unsent(const struct tcp *tcp, const struct tcp_conn *c)
{
	const struct send_segment *tail;

	if (c->queue.unsent == INDEX_NONE)
		return 0;
	tail = send_segment_at(tcp, c->queue.tail);
	return tail->seq + tail->len_bytes - send_segment_at(tcp, c->queue.unsent)->seq;
}

void send_queue_clear(struct tcp *tcp, struct tcp_conn *c)
{
	while (c->queue.head != INDEX_NONE)
		pop_head(tcp, &c->queue);
	c->queue.bytes = 0;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// The out-of-order queue: mbufs linked by m->next in order of sequence number. A queued mbuf's first
// sequence number and FIN stand in its own receive fields (hash), which nothing else reads any more. A FIN
// is kept with the last byte before it, or as an empty element. Small segments in a row share an element.
// Called by tcp/input.
#include "tcp/reassembly.h"

#include <rte_mbuf.h>

#include "tcp/receive.h"
#include "tcp/recv_tuning.h"

// What an element pins beside its buffer.
#define ELEMENT_OVERHEAD_BYTES ((uint32_t)sizeof(struct rte_mbuf))

static uint32_t seq_of(const struct rte_mbuf *m)
{
	return m->hash.fdir.lo;
}

static bool has_fin(const struct rte_mbuf *m)
{
	return m->hash.fdir.hi != 0;
}

static uint32_t end_of(const struct rte_mbuf *m)
{
	return seq_of(m) + m->data_len;
}

static void label(struct rte_mbuf *m, uint32_t seq, bool fin)
{
	m->hash.fdir.lo = seq;
	m->hash.fdir.hi = fin;
}

static uint32_t truesize_of(const struct rte_mbuf *m)
{
	return m->buf_len + ELEMENT_OVERHEAD_BYTES;
}

static void account(struct tcp_conn *c, const struct rte_mbuf *m)
{
	c->ooo_bytes += m->data_len;
	c->ooo_truesize += truesize_of(m);
}

static void discount(struct tcp_conn *c, const struct rte_mbuf *m)
{
	c->ooo_bytes -= m->data_len;
	c->ooo_truesize -= truesize_of(m);
}

// The first element knows the last one, in a field that is for sending.
static struct rte_mbuf *tail_of(const struct tcp_conn *c)
{
	return (struct rte_mbuf *)(uintptr_t)c->ooo_head->tx_offload;
}

static void set_tail(struct tcp_conn *c, struct rte_mbuf *tail)
{
	c->ooo_head->tx_offload = (uintptr_t)tail;
}

// Takes the element at *link out of the queue.
static struct rte_mbuf *unlink_element(struct tcp_conn *c, struct rte_mbuf **link)
{
	struct rte_mbuf *m = *link;

	if (m == c->ooo_head && m->next != NULL)
		m->next->tx_offload = m->tx_offload;
	*link = m->next;
	return m;
}

static void drop_element(struct tcp_conn *c, struct rte_mbuf **link)
{
	struct rte_mbuf *m = unlink_element(c, link);

	discount(c, m);
	m->next = NULL;
	rte_pktmbuf_free_seg(m);
}

// Cuts what overlaps with the element at *link off the front of what it would follow, or drops it whole.
static void trim_front(struct tcp_conn *c, struct rte_mbuf *m, uint32_t n)
{
	c->ooo_bytes -= n;
	m->data_off = (uint16_t)(m->data_off + n);
	m->data_len = (uint16_t)(m->data_len - n);
	m->pkt_len = m->data_len;
	m->hash.fdir.lo += n;
}

// Copies a small piece behind the element before *link, if it follows that at once.
static bool join_element(const struct tcp *tcp, struct tcp_conn *c, struct rte_mbuf **link,
			 struct rte_mbuf *m)
{
	struct rte_mbuf *before = NULL;
	uint32_t len = m->data_len;
	bool fin = has_fin(m);

	if (link != &c->ooo_head)
		before = RTE_PTR_SUB(link, offsetof(struct rte_mbuf, next));
	if (before == NULL || end_of(before) != seq_of(m) || has_fin(before)
	    || !receive_join(tcp, before, m))
		return false;
	before->hash.fdir.hi = fin;
	c->ooo_bytes += len;
	if (before->next == NULL)
		set_tail(c, before);
	return true;
}

// Puts one piece [seq, seq + data_len) where it belongs. Its front gives way to what is there already; elements
// that lie inside it give way to it (RFC 9293 leaves that open: bytes are the same unless the peer lies).
// Takes the piece. True when something of it was kept.
static bool insert_piece(const struct tcp *tcp, struct tcp_conn *c, struct rte_mbuf *m,
			 uint32_t seq, bool fin)
{
	struct rte_mbuf *tail = c->ooo_head != NULL ? tail_of(c) : NULL;
	struct rte_mbuf **link = &c->ooo_head;
	bool is_kept = false;

	label(m, seq, fin);
	// What arrives behind a gap mostly arrives in order.
	if (tail != NULL && seq_is_at_or_before(end_of(tail), seq) && !has_fin(tail))
		link = &tail->next;
	while (*link != NULL && seq_is_at_or_before(end_of(*link), seq)
	       && !(has_fin(*link) && end_of(*link) == seq))
		link = &(*link)->next;
	// Elements that cover the front: what is there already stays.
	while (*link != NULL && seq_is_at_or_before(seq_of(*link), seq_of(m))) {
		uint32_t covered = end_of(*link) - seq_of(m);

		if (covered >= m->data_len && (!fin || has_fin(*link))) {
			rte_pktmbuf_free_seg(m);
			return false;
		}
		covered = covered < m->data_len ? covered : m->data_len;
		m->data_off = (uint16_t)(m->data_off + covered);
		m->data_len = (uint16_t)(m->data_len - covered);
		m->pkt_len = m->data_len;
		m->hash.fdir.lo += covered;
		link = &(*link)->next;
	}
	// Elements inside the piece go, one that reaches beyond loses its front.
	while (*link != NULL && seq_is_before(seq_of(*link), end_of(m))) {
		if (seq_is_after(end_of(*link), end_of(m))) {
			trim_front(c, *link, end_of(m) - seq_of(*link));
			break;
		}
		m->hash.fdir.hi |= (*link)->hash.fdir.hi;
		drop_element(c, link);
	}
	is_kept = m->data_len > 0 || has_fin(m);
	if (!is_kept) {
		rte_pktmbuf_free_seg(m);
		return false;
	}
	if (!join_element(tcp, c, link, m)) {
		m->next = *link;
		*link = m;
		account(c, m);
		set_tail(c, m->next == NULL ? m : tail);
	}
	return true;
}

bool reassembly_insert(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	// Pinned memory, not payload: as much again as the buffer, and some for small windows.
	uint32_t bound = 2 * recv_tuning_buffer(tcp, c) + 64 * 1024;
	bool fin = segment_has(seg, TCP_FIN);
	uint32_t seq = seg->tcp.seq;
	bool is_kept = false;
	struct rte_mbuf *m;

	if (c->ooo_truesize > bound || tcp->mbufs_free <= tcp->mbuf_floor) {
		tcp_count(tcp, PLX_COUNTER_TCP_OUT_OF_ORDER_PRUNED);
		seg->drop = PLX_DROP_TCP_OUT_OF_ORDER_FULL;
		return false;
	}
	m = receive_detach(seg);
	while (m != NULL) {
		struct rte_mbuf *next = m->next;
		uint32_t len = m->data_len;

		m->next = NULL;
		is_kept |= insert_piece(tcp, c, m, seq, fin && next == NULL);
		seq += len;
		m = next;
	}
	if (is_kept) {
		c->flags |= CONN_OUT_OF_ORDER;
		tcp_count(tcp, PLX_COUNTER_TCP_OUT_OF_ORDER);
	} else {
		seg->drop = PLX_DROP_TCP_DUPLICATE;
	}
	return is_kept;
}

// True when a FIN is next.
static bool deliver(struct tcp *tcp, struct tcp_conn *c)
{
	while (c->ooo_head != NULL && seq_is_at_or_before(seq_of(c->ooo_head), c->rcv.nxt)) {
		struct rte_mbuf *m = c->ooo_head;
		bool fin = has_fin(m);
		uint32_t old = c->rcv.nxt - seq_of(m);

		if (seq_is_before(end_of(m), c->rcv.nxt) || (end_of(m) == c->rcv.nxt && !fin)) {
			drop_element(c, &c->ooo_head);
			continue;
		}
		(void)unlink_element(c, &c->ooo_head);
		discount(c, m);
		m->next = NULL;
		m->data_off = (uint16_t)(m->data_off + old);
		m->data_len = (uint16_t)(m->data_len - old);
		m->pkt_len = m->data_len;
		if (m->data_len > 0)
			receive_append(tcp, c, m, m->data_len);
		else
			rte_pktmbuf_free_seg(m);
		if (fin)
			return true;
	}
	return false;
}

bool reassembly_deliver(struct tcp *tcp, struct tcp_conn *c)
{
	bool fin = deliver(tcp, c);

	if (c->ooo_head == NULL)
		c->flags &= ~CONN_OUT_OF_ORDER;
	return fin;
}

void reassembly_clear(struct tcp_conn *c)
{
	while (c->ooo_head != NULL)
		drop_element(c, &c->ooo_head);
	c->flags &= ~CONN_OUT_OF_ORDER;
}

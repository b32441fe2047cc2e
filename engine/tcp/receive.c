// SPDX-License-Identifier: BSD-3-Clause
//
// The receive queue. Elements are linked by m->next, each a segment of its own: a chained frame is taken
// apart. Small payloads are copied together, and any that fit when buffers run low: a byte does not pin 2 KB.
// Called by tcp/input, tcp/reassembly, tcp/user.
#include "tcp/receive.h"

#include <string.h>

#include "net/reuse.h"
#include "tcp/connections.h"

static inline struct rte_mbuf *last_of(struct rte_mbuf *chain)
{
	while (chain->next != NULL)
		chain = chain->next;
	return chain;
}

// The payload of a chained frame, each piece a segment of its own.
static __rte_noinline struct rte_mbuf *take_apart(struct segment *seg)
{
	struct rte_mbuf *m = seg->mbuf;
	struct rte_mbuf *chain;

	// The headers are gone at once; what is trimmed may reach into the chain, or leave empty pieces.
	for (uint32_t left = seg->payload_offset; left > 0;) {
		uint32_t n = left < m->data_len ? left : m->data_len;

		m->data_off = (uint16_t)(m->data_off + n);
		m->data_len = (uint16_t)(m->data_len - n);
		left -= n;
		if (left > 0 || (m->data_len == 0 && m->next != NULL)) {
			struct rte_mbuf *empty = m;

			m = m->next;
			empty->next = NULL;
			empty->nb_segs = 1;
			rte_pktmbuf_free_seg(empty);
		}
	}
	chain = m;
	for (uint32_t left = seg->len_bytes; m != NULL; m = m->next) {
		m->nb_segs = 1;
		if (m->data_len < left) {
			left -= m->data_len;
			continue;
		}
		m->data_len = (uint16_t)left;
		if (m->next != NULL)
			rte_pktmbuf_free(m->next);
		m->next = NULL;
	}
	for (m = chain; m != NULL; m = m->next)
		m->pkt_len = m->data_len;
	return chain;
}

struct rte_mbuf *receive_detach(struct segment *seg)
{
	struct rte_mbuf *m;

	if (likely(seg->mbuf->next == NULL))
		return receive_cut(seg);
	m = take_apart(seg);
	seg->mbuf = NULL;
	return m;
}

static void free_chain(struct rte_mbuf *chain)
{
	while (chain != NULL) {
		struct rte_mbuf *next = chain->next;

		chain->next = NULL;
		rte_pktmbuf_free_seg(chain);
		chain = next;
	}
}

bool receive_join(const struct tcp *tcp, struct rte_mbuf *tail, struct rte_mbuf *m)
{
	bool is_worth_it = m->data_len <= RECEIVE_SMALL_BYTES || tcp->mbufs_free <= tcp->mbuf_low;

	if (!is_worth_it || tail == NULL || m->next != NULL || !frame_is_writable(tail)
	    || rte_pktmbuf_tailroom(tail) < m->data_len)
		return false;
	memcpy(rte_pktmbuf_mtod_offset(tail, uint8_t *, tail->data_len),
	       rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
	tail->data_len = (uint16_t)(tail->data_len + m->data_len);
	tail->pkt_len = tail->data_len;
	rte_pktmbuf_free_seg(m);
	return true;
}

void receive_append(struct tcp *tcp, struct tcp_conn *c, struct rte_mbuf *chain, uint32_t len_bytes)
{
	receive_advance(tcp, c, len_bytes);
	if (conn_has(c, CONN_READ_SHUT | CONN_USER_CLOSED)) {
		free_chain(chain);
		return;
	}
	c->rcv_bytes += len_bytes;
	if (likely(c->rcv_head == NULL)) {
		c->rcv_head = chain;
		c->rcv_tail = last_of(chain);
	} else if (!receive_join(tcp, c->rcv_tail, chain)) {
		c->rcv_tail->next = chain;
		c->rcv_tail = last_of(chain);
	}
	conn_raise(tcp, c, PLX_EVENT_READABLE);
}

size_t receive_peek(const struct tcp_conn *c, uint8_t *to, size_t len_bytes)
{
	size_t done = 0;

	for (const struct rte_mbuf *m = c->rcv_head; m != NULL && done < len_bytes; m = m->next) {
		size_t n = len_bytes - done < m->data_len ? len_bytes - done : m->data_len;

		memcpy(to + done, rte_pktmbuf_mtod(m, const uint8_t *), n);
		done += n;
	}
	return done;
}

struct rte_mbuf *receive_take(struct tcp_conn *c)
{
	struct rte_mbuf *m = c->rcv_head;

	if (m == NULL)
		return NULL;
	c->rcv_head = m->next;
	if (c->rcv_head == NULL)
		c->rcv_tail = NULL;
	m->next = NULL;
	c->rcv_bytes -= m->data_len;
	return m;
}

void receive_consume(struct tcp *tcp, struct tcp_conn *c, size_t len_bytes)
{
	while (len_bytes > 0) {
		struct rte_mbuf *m = c->rcv_head;

		if (len_bytes < m->data_len) {
			m->data_off = (uint16_t)(m->data_off + len_bytes);
			m->data_len = (uint16_t)(m->data_len - len_bytes);
			m->pkt_len = m->data_len;
			c->rcv_bytes -= (uint32_t)len_bytes;
			return;
		}
		len_bytes -= m->data_len;
		spare_mbufs_put(tcp, receive_take(c));
	}
}

void receive_clear(struct tcp_conn *c)
{
	free_chain(c->rcv_head);
	c->rcv_head = NULL;
	c->rcv_tail = NULL;
	c->rcv_bytes = 0;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Text that has arrived in order, for the user: a chain of single-segment mbufs whose data is payload only.
// Called by tcp/input for arrivals, by tcp/user to read.
#ifndef TCP_RECEIVE_H
#define TCP_RECEIVE_H

#include <string.h>

#include "tcp/connections.h"
#include "tcp/segment.h"
#include "tcp/spare_mbufs.h"
#include "tcp/tcp.h"

// Leaves of a frame in one mbuf the payload of its segment.
static inline struct rte_mbuf *receive_cut(struct segment *seg)
{
	struct rte_mbuf *m = seg->mbuf;

	m->data_off = (uint16_t)(m->data_off + seg->payload_offset);
	m->data_len = (uint16_t)seg->len_bytes;
	m->pkt_len = seg->len_bytes;
	seg->mbuf = NULL;
	return m;
}

// The segment's payload as a chain of its own, cut out of its frame; takes seg->mbuf.
struct rte_mbuf *receive_detach(struct segment *seg);

// Payloads of so many bytes are copied behind what came before, where they fit: cheaper than the buffer they pin.
enum { RECEIVE_SMALL_BYTES = 256 };

// Copies the payload of `m` behind that of `tail` (NULL: there is none), frees `m`. False when that cannot be, or
// is not worth it.
bool receive_join(const struct tcp *tcp, struct rte_mbuf *tail, struct rte_mbuf *m);

// RCV.NXT goes over text that has come.
static inline void receive_advance(struct tcp *tcp, struct tcp_conn *c, uint32_t len_bytes)
{
	c->rcv.nxt += len_bytes;
	if (seq_is_after(c->rcv.nxt, c->rcv.adv))
		c->rcv.adv = c->rcv.nxt;
	tcp_count_n(tcp, PLX_COUNTER_TCP_RX_BYTES, len_bytes);
}

// Appends a chain of payload at rcv.nxt, which moves. Takes it; thrown away where nobody will read.
void receive_append(struct tcp *tcp, struct tcp_conn *c, struct rte_mbuf *chain,
		    uint32_t len_bytes);

// The same for the payload of a segment, which fits into the window; `idx` is the connection's.
static inline void receive_segment(struct tcp *tcp, struct tcp_conn *c, uint32_t idx,
				   struct segment *seg)
{
	struct rte_mbuf *m;

	if (unlikely(seg->mbuf->next != NULL || c->rcv_head != NULL
		     || conn_has(c, CONN_READ_SHUT | CONN_USER_CLOSED))) {
		uint32_t len_bytes = seg->len_bytes;

		receive_append(tcp, c, receive_detach(seg), len_bytes);
		return;
	}
	m = receive_cut(seg);
	receive_advance(tcp, c, seg->len_bytes);
	c->rcv_bytes += seg->len_bytes;
	c->rcv_head = m;
	c->rcv_tail = m;
	conn_raise_at(tcp, c, idx, PLX_EVENT_READABLE);
}

// Copies at most `len_bytes` from the front without taking them. Returns how many.
size_t receive_peek(const struct tcp_conn *c, uint8_t *to, size_t len_bytes);

// Copies all there is, which lies in one mbuf, and frees it. Returns how many bytes.
static inline size_t receive_copy_all(struct tcp *tcp, struct tcp_conn *c, uint8_t *to)
{
	struct rte_mbuf *m = c->rcv_head;
	uint32_t len_bytes = c->rcv_bytes;

	memcpy(to, rte_pktmbuf_mtod(m, const uint8_t *), len_bytes);
	c->rcv_head = NULL;
	c->rcv_tail = NULL;
	c->rcv_bytes = 0;
	spare_mbufs_put(tcp, m);
	return len_bytes;
}

// Takes the first mbuf; NULL when there is none.
struct rte_mbuf *receive_take(struct tcp_conn *c);

// Frees `len_bytes` from the front, which are there.
void receive_consume(struct tcp *tcp, struct tcp_conn *c, size_t len_bytes);

// Frees everything.
void receive_clear(struct tcp_conn *c);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// Text that has arrived in order, for the user: a chain of single-segment mbufs whose data is payload only.
// Called by tcp/input for arrivals, by tcp/user to read.
#ifndef TCP_RECEIVE_H
#define TCP_RECEIVE_H

#include "tcp/segment.h"
#include "tcp/tcp.h"

// The segment's payload as a chain of its own, cut out of its frame; takes seg->mbuf.
struct rte_mbuf *receive_detach(struct segment *seg);

// Payloads of so many bytes are copied behind what came before, where they fit: cheaper than the buffer they pin.
enum { RECEIVE_SMALL_BYTES = 256 };

// Copies the payload of `m` behind that of `tail` (NULL: there is none), frees `m`. False when that cannot be, or
// is not worth it.
bool receive_join(const struct tcp *tcp, struct rte_mbuf *tail, struct rte_mbuf *m);

// Appends a chain of payload at rcv.nxt, which moves. Takes it; thrown away where nobody will read.
void receive_append(struct tcp *tcp, struct tcp_conn *c, struct rte_mbuf *chain,
		    uint32_t len_bytes);

// Copies at most `len_bytes` from the front without taking them. Returns how many.
size_t receive_peek(const struct tcp_conn *c, uint8_t *to, size_t len_bytes);

// Takes the first mbuf; NULL when there is none.
struct rte_mbuf *receive_take(struct tcp_conn *c);

// Frees `len_bytes` from the front, which are there.
void receive_consume(struct tcp *tcp, struct tcp_conn *c, size_t len_bytes);

// Frees everything.
void receive_clear(struct tcp_conn *c);

#endif

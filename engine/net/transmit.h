// SPDX-License-Identifier: BSD-3-Clause
//
// The last step before the wire: the link header in front of an IP packet, or the packet waits
// until its next hop is resolved (RFC 1122 2.3.2.2, RFC 4861 7.2.2). By whom a destination was
// reached last is remembered in net->next_hops for those that bring no reference of their own.
// Called by tcp/segment_tx and stack/ for segments, by net/ for its own packets.
#ifndef NET_TRANSMIT_H
#define NET_TRANSMIT_H

#include <rte_mbuf.h>

#include "net/neighbor.h"
#include "wire/addr.h"

enum net_tx {
	NET_TX_READY,	    // `m` is a whole frame, the caller sends it
	NET_TX_HELD,	    // until the next hop answers; then it goes to the answer queue
	NET_TX_UNREACHABLE, // no route, or the next hop has failed to answer; freed
	NET_TX_DROPPED,	    // the neighbour table is full; freed, counted
	NET_TX_QUEUE_FULL,  // of net_transmit_answer(): the queue is full; freed, counted
};

// What net_transmit() does when the fast way is not open.
enum net_tx net_transmit_unresolved(struct net *net, struct rte_mbuf *m, struct neighbor_ref *ref,
				    const struct plx_addr *dst, plx_time now);

// Where the link header of `m` goes, which begins at the IP header.
static inline uint8_t *transmit_link_at(const struct net *net, const struct rte_mbuf *m)
{
	assert(m->data_off >= net_link_bytes(net));
	return (uint8_t *)m->buf_addr + m->data_off - net_link_bytes(net);
}

// Makes `m` begin so much earlier: there.
static inline uint8_t *transmit_prepend(struct rte_mbuf *m, uint16_t len_bytes)
{
	assert(m->data_off >= len_bytes);
	m->data_off = (uint16_t)(m->data_off - len_bytes);
	m->data_len = (uint16_t)(m->data_len + len_bytes);
	m->pkt_len += len_bytes;
	return rte_pktmbuf_mtod(m, uint8_t *);
}

// The link header is written: `m` begins there.
static inline enum net_tx transmit_ready(const struct net *net, struct rte_mbuf *m)
{
	transmit_prepend(m, net_link_bytes(net));
	return NET_TX_READY;
}

static inline struct next_hop *next_hop_place(struct net *net, const struct plx_addr *dst)
{
	uint64_t mixed = (address_high(dst) ^ address_low(dst)) * UINT64_C(0x9E3779B97F4A7C15);

	return &net->next_hops[(mixed >> 32) % NET_NEXT_HOPS];
}

// `m` begins at the IP header, its first segment is ours to write and has net_link_bytes() of
// headroom. `dst` is the destination, not the next hop. `ref` is the connection's cache of the next
// hop, begun as neighbor_ref_none() and kept up here.
static __rte_always_inline enum net_tx net_transmit(struct net *net, struct rte_mbuf *m,
						    struct neighbor_ref *ref,
						    const struct plx_addr *dst, plx_time now)
{
	if (!net->interface.has_ethernet)
		return NET_TX_READY;
	if (ref->idx == INDEX_NONE) {
		const struct next_hop *last = next_hop_place(net, dst);

		if (likely(addr_is_equal(&last->dst, dst)))
			*ref = last->ref; // by which it was reached last
	}
	if (unlikely(neighbor_header(net, *ref, transmit_link_at(net, m), now) != NEIGHBOR_USABLE))
		return net_transmit_unresolved(net, m, ref, dst, now);
	return transmit_ready(net, m);
}

// The same, and what is ready goes straight to the answer queue: READY then means queued there.
enum net_tx net_transmit_answer(struct net *net, struct rte_mbuf *m, struct neighbor_ref *ref,
				const struct plx_addr *dst, plx_time now);

// The reason for which a received frame is dropped whose answer had this outcome; PLX_DROP_NONE
// when the answer is on its way.
enum plx_drop net_tx_drop(enum net_tx outcome);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// Received mbufs that nobody needs any more, on their way to what is sent next: an acknowledgement goes out in the
// mbuf that an earlier frame of the same iteration came in, still in the cache, and the pool is asked by neither.
// What is left when plx_output() has nothing more to send goes back to the pool's cache of this core in one go; until
// then they stay, a sixteenth of the pool at most.
// Called by stack/input and tcp/receive to put, by tcp/segment_tx and tcp/segment_cut to take, by stack/poll
// to return.
#ifndef TCP_SPARE_MBUFS_H
#define TCP_SPARE_MBUFS_H

#include "net/reuse.h"
#include "tcp/tcp.h"

// Frees `m`, which may be a chain.
static inline void spare_mbufs_put(struct tcp *tcp, struct rte_mbuf *m)
{
	struct spare_mbufs *spare = &tcp->spare;

	if (likely(spare->n < spare->most && m->pool == tcp->pool && m->next == NULL
		   && frame_is_writable(m)))
		spare->mbufs[spare->n++] = m;
	else
		rte_pktmbuf_free(m);
}

// What a driver reads of an mbuf that is sent; all else is as it is in the pool. The four fields that begin with
// data_off are written together, by one store.
static inline void spare_mbuf_reset(struct rte_mbuf *m)
{
	m->data_off = RTE_PKTMBUF_HEADROOM;
	rte_mbuf_refcnt_set(m, 1);
	m->nb_segs = 1;
	m->port = RTE_MBUF_PORT_INVALID;
	m->ol_flags = 0;
	m->packet_type = RTE_PTYPE_UNKNOWN;
	m->pkt_len = 0;
	m->data_len = 0;
	m->vlan_tci = 0;
	m->tx_offload = 0;
}

// As rte_pktmbuf_alloc() of the stack's pool, for what is to be sent. NULL is counted.
static inline struct rte_mbuf *spare_mbufs_take(struct tcp *tcp)
{
	struct spare_mbufs *spare = &tcp->spare;
	struct rte_mbuf *m;

	if (likely(spare->n > 0)) {
		m = spare->mbufs[--spare->n];
		spare_mbuf_reset(m);
		return m;
	}
	m = rte_pktmbuf_alloc(tcp->pool);
	if (m == NULL)
		tcp_count(tcp, PLX_COUNTER_TX_NO_BUFFER);
	return m;
}

static inline void spare_mbufs_return(struct tcp *tcp)
{
	struct spare_mbufs *spare = &tcp->spare;

	if (spare->n == 0)
		return;
	rte_mempool_put_bulk(tcp->pool, (void *const *)spare->mbufs, spare->n);
	spare->n = 0;
}

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// When a received mbuf may become the answer to itself: nobody else holds it, it owns its data, it
// is one piece, it comes from our pool. Anything else is read-only, and the answer needs an mbuf of
// its own. Called by net/ for ARP, ND and echo, by tcp/ for what it answers, joins and sends in received mbufs.
#ifndef NET_REUSE_H
#define NET_REUSE_H

#include <rte_mbuf.h>

#include "net/net.h"

// May its data and fields be written?
static inline bool frame_is_writable(const struct rte_mbuf *m)
{
	return rte_mbuf_refcnt_read(m) == 1 && RTE_MBUF_DIRECT(m);
}

static inline bool frame_is_reusable(const struct net *net, const struct rte_mbuf *m)
{
	return frame_is_writable(m) && m->nb_segs == 1 && m->pool == net->pool;
}

// An empty mbuf with the usual headroom: `m` itself when it is reusable, its contents then are
// void; else a new one, `m` being untouched. NULL when there is none.
struct rte_mbuf *frame_reuse_or_alloc(struct net *net, struct rte_mbuf *m);

#endif

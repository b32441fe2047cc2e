// SPDX-License-Identifier: BSD-3-Clause
//
// The port of a rig that cuts large frames (TSO): its segments as they arrive at the other side, whose port has verified
// them. Not measured.
// Called by bench/micro/rig.
#ifndef MICRO_RIG_CUT_H
#define MICRO_RIG_CUT_H

#include <stdbool.h>

#include <rte_mbuf.h>

static inline bool rig_cut_is_large(const struct rte_mbuf *m)
{
	return (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) != 0;
}

// Makes mbufs of `pool` of the segments of a large frame, at most `max`; gives how many, 0 when there is no room for all.
unsigned rig_cut(const struct rte_mbuf *m, struct rte_mempool *pool, struct rte_mbuf **segments,
		 unsigned max);

#endif

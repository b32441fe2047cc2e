// SPDX-License-Identifier: BSD-3-Clause
//
// How the rooms of net/ say what became of a received frame, see enum net_verdict.
// Called by input, arp, nd and icmp.
#ifndef NET_VERDICT_H
#define NET_VERDICT_H

#include <rte_mbuf.h>

#include "net/input.h"

static inline enum net_verdict verdict_drop(struct net_frame *frame, enum plx_drop reason)
{
	frame->drop = reason;
	return NET_DROP;
}

static inline enum net_verdict verdict_foreign(struct net_frame *frame, enum plx_drop reason)
{
	frame->drop = reason;
	return NET_FOREIGN;
}

// An answer is on its way, or something was learned; or `reason` hindered the answer. What is left
// of the frame is freed.
static inline enum net_verdict verdict_answered(struct net_frame *frame, enum plx_drop reason)
{
	rte_pktmbuf_free(frame->mbuf);
	frame->mbuf = NULL;
	frame->drop = reason;
	return reason == PLX_DROP_NONE ? NET_ANSWERED : NET_DROP;
}

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// An mbuf for an answer: the very one that asked, where that is allowed.
// What reception has written into its fields is forgotten.
// Called by net/arp, net/nd and tcp/segment_tx.
#include "net/reuse.h"

#include "wire/offload.h"

struct rte_mbuf *frame_reuse_or_alloc(struct net *net, struct rte_mbuf *m)
{
	if (!frame_is_reusable(net, m))
		return rte_pktmbuf_alloc(net->pool);
	offload_reset(m);
	rte_pktmbuf_reset_headroom(m);
	m->data_len = 0;
	m->pkt_len = 0;
	return m;
}

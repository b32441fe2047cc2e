// SPDX-License-Identifier: BSD-3-Clause
//
// The neighbour cache as the data path sees it: a connection keeps a reference to its next hop and
// has the ready link header copied with every segment; TCP's progress confirms it (RFC 4861 7.3.1).
// Called by transmit and by tcp/ for every segment sent. Only for Ethernet; bare IP has no
// neighbours.
#ifndef NET_NEIGHBOR_H
#define NET_NEIGHBOR_H

#include <rte_common.h>

#include "net/net.h"

static inline struct neighbor_ref neighbor_ref_none(void)
{
	return (struct neighbor_ref){INDEX_NONE, 0};
}

enum neighbor_answer {
	NEIGHBOR_USABLE,
	NEIGHBOR_UNRESOLVED,  // nobody has answered yet
	NEIGHBOR_UNREACHABLE, // it has failed to answer, a moment ago
	NEIGHBOR_GONE,	      // look it up again
};

// The entry of a next hop, made if need be (the longest unused one goes for it); sends nothing by
// itself. idx is INDEX_NONE when the table is full of static entries.
struct neighbor_ref neighbor_find_or_begin(struct net *net, const struct plx_addr *next_hop);

// RFC 4861 7.3.3: a use of a STALE entry begins the delay before probing. For neighbor_header()
// only.
void neighbor_begin_delay(struct net *net, uint32_t idx, plx_time now);

// RFC 4861 7.3.1. For neighbor_confirm() only.
void neighbor_restart_reachable(struct net *net, uint32_t idx, plx_time now);

// When usable writes the link header, net_link_bytes() of it, to `l2`.
static __rte_always_inline enum neighbor_answer neighbor_header(struct net *net,
								struct neighbor_ref ref,
								uint8_t *l2, plx_time now)
{
	struct neighbor *n = (struct neighbor *)pool_resolve(&net->neighbors.entries, ref.idx,
							     ref.generation);

	if (__builtin_expect(n == NULL, 0))
		return NEIGHBOR_GONE;
	if (__builtin_expect(n->state != NEIGHBOR_REACHABLE, 0)) {
		if (!neighbor_is_usable(n))
			return n->state == NEIGHBOR_FAILED ? NEIGHBOR_UNREACHABLE
							   : NEIGHBOR_UNRESOLVED;
		if (n->state == NEIGHBOR_STALE)
			neighbor_begin_delay(net, ref.idx, now);
	}
	n->was_used = true;
	neighbor_write_header(n, &net->interface, l2);
	return NEIGHBOR_USABLE;
}

// Nothing comes back from there for a while (RFC 1122 3.3.1.4, negative advice): the next use begins to
// ask whether it is still reachable.
void neighbor_advise_against(struct net *net, struct neighbor_ref ref);

// The peer has acknowledged something new, so what we send arrives: forward progress (RFC 4861
// 7.3.1).
static inline void neighbor_confirm(struct net *net, struct neighbor_ref ref, plx_time now)
{
	struct neighbor *n = (struct neighbor *)pool_resolve(&net->neighbors.entries, ref.idx,
							     ref.generation);

	// Once a second is often enough, for something that lasts at least 15.
	if (n == NULL || (n->state == NEIGHBOR_REACHABLE && now < n->since + PLX_SECOND))
		return;
	neighbor_restart_reachable(net, ref.idx, now);
}

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// Received packets that lie in several mbufs, or in mbufs that others look at too.
// What is shared is never written, not even its lengths.
// Called by net_input() and net/fragment.
#ifndef NET_CHAIN_H
#define NET_CHAIN_H

#include <rte_mbuf.h>

// Does anybody else hold a part of it?
bool chain_is_shared(const struct rte_mbuf *m);

// Cuts off what lies behind `len_bytes`, in the last mbuf or over several of them. Not shared.
void chain_trim(struct rte_mbuf *m, uint32_t len_bytes);

// Brings the first `bytes` of the packet (or all of it, if it is shorter) into its first mbuf, from
// those behind it. False when that has no room, or is not ours alone to write.
bool chain_pull_up(struct rte_mbuf *m, uint32_t bytes);

#endif

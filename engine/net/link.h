// SPDX-License-Identifier: BSD-3-Clause
//
// A frame to a known MAC address: the link header goes in front, the frame into the answer queue.
// For packets that need no next hop, because they go to a group or to whoever just asked.
// Called by net/arp and net/nd.
#ifndef NET_LINK_H
#define NET_LINK_H

#include "net/net.h"

// Takes `m`. False: no room in the queue, counted there.
bool link_push(struct net *net, struct rte_mbuf *m, const struct mac_addr *dst, uint16_t type);

// An empty mbuf of our pool, NULL and TX_NO_BUFFER counted when there is none.
struct rte_mbuf *link_alloc(struct net *net);

#endif

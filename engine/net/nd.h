// SPDX-License-Identifier: BSD-3-Clause
//
// Neighbour discovery of a host with static routes (RFC 4861 7.2): answers solicitations for our
// addresses, hears advertisements, asks and announces. Router discovery and redirects are not taken
// part in. Called by net/icmp for verified messages, by the neighbour cache to ask, at start to
// announce.
#ifndef NET_ND_H
#define NET_ND_H

#include "net/input.h"

// The message of `len_bytes` at frame->transport_offset, all of it in the first mbuf.
enum net_verdict nd_input(struct net *net, struct net_frame *frame, size_t len_bytes, plx_time now);

// Asks for `target`: its solicited-node group, or `mac` alone when that is not NULL.
void nd_send_solicitation(struct net *net, const struct plx_addr *target,
			  const struct mac_addr *mac);

// RFC 4861 7.2.6: tells all nodes that `addr` is ours.
void nd_send_announcement(struct net *net, const struct plx_addr *addr);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// ARP (RFC 826, RFC 5227): answers for our addresses, merges what it hears into the neighbour
// cache, asks and announces. An address of ours that another station claims stays ours; the
// conflict is counted. Called by net_input() for ARP frames, by the neighbour cache to ask, at
// start to announce.
#ifndef NET_ARP_H
#define NET_ARP_H

#include "net/input.h"

// The ARP packet at frame->ip_offset.
enum net_verdict arp_input(struct net *net, struct net_frame *frame, plx_time now);

// Asks for `target`: everybody, or `mac` alone (RFC 1122 2.3.2.1 unicast poll) when it is not NULL.
void arp_send_request(struct net *net, const struct plx_addr *target, const struct mac_addr *mac);

// RFC 5227 2.3: tells everybody that `addr` is ours.
void arp_send_announcement(struct net *net, const struct plx_addr *addr);

#endif

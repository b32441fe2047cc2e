// SPDX-License-Identifier: BSD-3-Clause
//
// ICMP (RFC 792, RFC 1122 3.2.2) and ICMPv6 (RFC 4443): echo answered within a rate, errors about
// our segments read, neighbour discovery handed on, everything else dropped.
// Called by net_input() for packets to an address or a group of ours.
#ifndef NET_ICMP_H
#define NET_ICMP_H

#include "net/input.h"

// The message at frame->transport_offset. A source of all zero bytes may only ask for a neighbour.
enum net_verdict icmp_input(struct net *net, struct net_frame *frame, plx_time now);

#endif

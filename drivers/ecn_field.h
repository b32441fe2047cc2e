// SPDX-License-Identifier: BSD-3-Clause
//
// The ECN field of a frame's IP header (RFC 3168 5), as a router sees it: is it an ECN-capable
// transport's, and the mark "congestion experienced". IPv4 and IPv6, behind any VLAN tags.
// Called by impairment.c.
#ifndef DRIVERS_ECN_FIELD_H
#define DRIVERS_ECN_FIELD_H

#include <stdbool.h>

struct rte_mbuf;

// True for ECT(0), ECT(1) and CE. False for what is no IP, or whose header the first buffer has not
// got.
bool ecn_field_is_capable(const struct rte_mbuf *mbuf);

// Sets CE; the checksum of an IPv4 header stays right. The frame is ECN-capable, and nobody else
// reads its bytes.
void ecn_field_mark(struct rte_mbuf *mbuf);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// The IP header of a packet of ours (RFC 791, RFC 8200), with DF set, its checksum by software or
// left to the port. The Identification is 0: a packet that is never fragmented needs none (RFC 6864
// 4.1), and a counter shared by all peers would tell each of them how much the others get. DF is always set: we size
// segments by the path MTU, and nobody shall fragment them (RFC 1191).
// Called by tcp/segment_tx for every segment, by net/ for ICMP.
#ifndef NET_IP_OUTPUT_H
#define NET_IP_OUTPUT_H

#include "net/net.h"
#include "wire/ip.h"

enum { IPV4_ID_OF_ATOMIC = 0 };

static inline size_t ip_header_bytes(bool is_ipv4)
{
	return is_ipv4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
}

// Writes ip_header_bytes(!in->is_ipv6) bytes and returns that. header_bytes of `in` is ignored.
// With PLX_OFFLOAD_TX_IPV4_CHECKSUM the IPv4 checksum stays zero, and the caller tells the port by
// ol_flags.
static inline size_t ip_write_header(const struct net *net, uint8_t *bytes,
				     const struct ip_header *in)
{
	bool fills = (net->offloads & PLX_OFFLOAD_TX_IPV4_CHECKSUM) == 0;

	return in->is_ipv6 ? ipv6_header_build(bytes, in)
			   : ipv4_header_build(bytes, in, IPV4_ID_OF_ATOMIC, true, fills);
}

#endif

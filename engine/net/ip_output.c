// SPDX-License-Identifier: BSD-3-Clause
//
// IP headers of what we send, with the checksum where it belongs.
// DF is always set: we size segments by the path MTU, and nobody shall fragment them (RFC 1191).
// Called by tcp/segment_tx and net/icmp.
#include "net/ip_output.h"

enum { IPV4_ID_OF_ATOMIC = 0 };

size_t ip_write_header(const struct net *net, uint8_t *bytes, const struct ip_header *in)
{
	if (in->is_ipv6)
		return ipv6_header_build(bytes, in);
	if ((net->offloads & PLX_OFFLOAD_TX_IPV4_CHECKSUM) != 0)
		return ipv4_header_build(bytes, in, IPV4_ID_OF_ATOMIC, true, false);
	return ipv4_header_build(bytes, in, IPV4_ID_OF_ATOMIC, true, true);
}

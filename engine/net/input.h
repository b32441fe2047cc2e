// SPDX-License-Identifier: BSD-3-Clause
//
// A received frame up to its transport: Ethernet and VLAN, ARP, IPv4 and IPv6 validity, whose it
// is, martians (RFC 1122 3.2.1.3, RFC 1812 5.3.7), ICMP. The answer is a verdict; the stack counts
// the fate. Called by stack/ in phase 1 for every frame; the way of a plain TCP frame is kept
// short.
#ifndef NET_INPUT_H
#define NET_INPUT_H

#include <rte_common.h>

#include "net/net.h"
#include "wire/icmp.h"

struct net_frame {
	struct rte_mbuf
		*mbuf; // what is the caller's now, see the verdicts; may be a copy of what came
	enum plx_drop drop; // for NET_DROP and NET_FOREIGN
	uint16_t ip_offset; // 0 for bare IP, else 14 or 18
	uint16_t transport_offset;
	bool to_group;		 // the link-layer destination is broadcast or multicast
	bool is_fragmented;	 // it came in fragments, or as an atomic one
	struct ip_header ip;	 // valid for NET_TCP and NET_ICMP_ERROR
	struct mac_addr src_mac; // of Ethernet frames
	struct icmp_quote quote; // for NET_ICMP_ERROR
};

enum net_verdict {
	// A TCP segment to an address of ours from a credible one: ip.payload_bytes bytes at
	// transport_offset, and nothing behind them: padding is cut off. The TCP header (up to 60
	// bytes, if there are so many) is contiguous. Nobody has looked at its checksum. `mbuf` is
	// the caller's.
	NET_TCP,
	// Used up: answered through the answer queue, or learned from. `mbuf` is NULL.
	NET_ANSWERED,
	// A fragment that waits for others: in plx_stats.frames_held until it has a fate of its own,
	// counted here. `mbuf` is NULL.
	NET_HELD,
	// `drop` says why. `mbuf` is the caller's to free, and NULL when it is gone already.
	NET_DROP,
	// Not for this stack: another MAC, VLAN, EtherType, address, protocol, or ARP and ND about
	// others. `drop` says why, should it not be handed back. `mbuf` is the caller's, its
	// bytes as they came.
	NET_FOREIGN,
	// An ICMP error that quotes a TCP segment which an address of ours sent: `quote`. `mbuf` is
	// the caller's. The sequence number is still to be found in flight (RFC 5927 4.1).
	NET_ICMP_ERROR,
};

// RFC 1122 3.2.1.3, RFC 4291 2.5.2, 2.5.3 and 2.7: could a single other station have sent this? `is_ipv4` is
// what `src` is.
static __rte_always_inline bool net_is_credible_source(const struct net *net,
						       const struct plx_addr *src, bool is_ipv4)
{
	const struct interface *interface = &net->interface;

	if (is_ipv4) {
		uint32_t ipv4 = (uint32_t)address_low(src);
		uint8_t net_number = (uint8_t)(ipv4 >> 24);

		return net_number != 0 && net_number != 127 && (net_number & 0xf0) != 0xe0
			&& !interface_has_broadcast(interface, ipv4)
			&& !interface_owns_ipv4(interface, src);
	}
	return src->bytes[0] != 0xff && (address_high(src) != 0 || address_low(src) > 1)
		&& !interface_owns(interface, src);
}

// Takes `m` and gives back out->mbuf, as the verdict says.
enum net_verdict net_input(struct net *net, struct rte_mbuf *m, struct net_frame *out,
			   plx_time now);

#endif

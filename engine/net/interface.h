// SPDX-License-Identifier: BSD-3-Clause
//
// What is ours: the MAC address, the VLAN, and the IP addresses with their prefixes (RFC 1122
// 3.3.4, RFC 4291 2.8). A configured address may be a range; fe80:: of the MAC joins by itself.
// Called by net_input() for both addresses of every packet, by stack/ for listen and connect.
#ifndef NET_INTERFACE_H
#define NET_INTERFACE_H

#include <pollux/stack.h>

#include "base/index.h"
#include "wire/addr.h"
#include "wire/ethernet.h"

struct net;

enum {
	INTERFACE_ADDRESSES_MAX = 64 + 1, // what may be configured, and the link-local one
	INTERFACE_LOOP_RANGES = 8,	  // up to so many, a straight loop beats a search
};

// `span` + 1 consecutive addresses; a range never crosses the lower half of an address.
struct address_range {
	uint64_t high;	// bytes 0 to 7, in host byte order
	uint64_t first; // bytes 8 to 15 of the first address
	uint64_t span;
};

// Of IPv4 addresses the same, in host byte order.
struct ipv4_range {
	uint32_t first;
	uint32_t span;
};

struct interface_address {
	struct plx_addr addr; // the first of the range
	uint32_t count;
	uint8_t prefix_len;
	bool is_ipv4;
};

struct interface {
	struct mac_addr mac;
	uint64_t mac_word;   // to compare with mac_word_is()
	bool is_untagged;    // Ethernet without a VLAN
	uint16_t vlan;	     // 0: untagged
	uint16_t outer_vlan; // 0: none but that
	uint8_t l2_bytes;    // of a link header: 14, 18, 22, or 0 for bare IP
	bool has_ethernet;   // else bare IP
	bool has_ipv6;
	uint8_t n_addresses;
	uint8_t n_ranges; // as many
	uint8_t n_ipv4_ranges;
	uint8_t n_broadcasts;
	uint16_t mtu_bytes;
	struct address_range ranges[INTERFACE_ADDRESSES_MAX];	// disjoint, in order of address
	struct ipv4_range ipv4_ranges[INTERFACE_ADDRESSES_MAX]; // those of IPv4 once more
	// 255.255.255.255 and those of the IPv4 prefixes, in host byte order.
	uint32_t broadcasts[INTERFACE_ADDRESSES_MAX + 1];
	struct interface_address
		addresses[INTERFACE_ADDRESSES_MAX]; // as configured; link-local last
};

// NULL, or the sentence that names the wrong field and the remedy.
const char *interface_init(struct interface *interface, const struct plx_stack_config *config);

// The address `offset` behind `addr`.
struct plx_addr address_after(const struct plx_addr *addr, uint32_t offset);

// One that a single station can have as its own, as far as its class tells.
bool address_is_unicast(const struct plx_addr *addr);

// Is it one of ours?
bool interface_has_address(const struct net *net, const struct plx_addr *addr);

// 255.255.255.255, or the broadcast address of one of our prefixes.
bool interface_is_broadcast(const struct net *net, const struct plx_addr *addr);

// The address of ours that a packet to `remote` should come from: same family, same scope first,
// then the prefix that holds the next hop (RFC 6724 5, rules 2 and 8). NULL without one, or without
// a route.
const struct plx_addr *interface_source_for(const struct net *net, const struct plx_addr *remote);

// A group that frames for us are sent to: all nodes, or the solicited-node group of an address of
// ours.
bool interface_has_group(const struct interface *interface, const struct plx_addr *group);
bool interface_has_group_mac(const struct interface *interface, const struct mac_addr *mac);

static inline bool address_range_has(const struct address_range *range, uint64_t high, uint64_t low)
{
	return range->high == high && low - range->first <= range->span;
}

static inline bool interface_has_broadcast(const struct interface *interface, uint32_t ipv4)
{
	for (unsigned i = 0; i < interface->n_broadcasts; i++)
		if (interface->broadcasts[i] == ipv4)
			return true;
	return false;
}

// For more ranges than a loop should try.
bool interface_search(const struct interface *interface, uint64_t high, uint64_t low);

// The same question as interface_has_address(), for the path of every packet.
static inline bool interface_owns(const struct interface *interface, const struct plx_addr *addr)
{
	uint64_t high = address_high(addr), low = address_low(addr);

	if (__builtin_expect(interface->n_ranges > INTERFACE_LOOP_RANGES, 0))
		return interface_search(interface, high, low);
	for (unsigned i = 0; i < interface->n_ranges; i++)
		if (address_range_has(&interface->ranges[i], high, low))
			return true;
	return false;
}

// For an address that is known to be IPv4.
static inline bool interface_owns_ipv4(const struct interface *interface,
				       const struct plx_addr *addr)
{
	uint32_t ipv4 = (uint32_t)address_low(addr);

	if (__builtin_expect(interface->n_ipv4_ranges == 1, 1))
		return ipv4 - interface->ipv4_ranges[0].first <= interface->ipv4_ranges[0].span;
	if (interface->n_ipv4_ranges > INTERFACE_LOOP_RANGES)
		return interface_search(interface, address_high(addr), address_low(addr));
	for (unsigned i = 0; i < interface->n_ipv4_ranges; i++)
		if (ipv4 - interface->ipv4_ranges[i].first <= interface->ipv4_ranges[i].span)
			return true;
	return false;
}

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// Ethernet II headers with up to two VLAN tags, as values and back to bytes (RFC 894, RFC 2464).
// The outer tag is that of IEEE 802.1ad (QinQ).
// Also MAC addresses: what kind they are, and which one a multicast group maps to.
// Pure functions. Called by stack/ for every received frame and by net/ for every sent one.
#ifndef WIRE_ETHERNET_H
#define WIRE_ETHERNET_H

#include <string.h>

#include <pollux/drop.h>
#include <pollux/types.h>

enum {
	ETH_ADDR_BYTES = 6,
	ETH_HEADER_BYTES = 14, // untagged
	ETH_TYPE_OFFSET = 12,
	VLAN_TAG_BYTES = 4,
	ETH_TAGGED_BYTES = ETH_HEADER_BYTES + VLAN_TAG_BYTES,
	ETH_HEADER_MAX_BYTES = ETH_HEADER_BYTES + 2 * VLAN_TAG_BYTES,
};

enum eth_type {
	ETH_TYPE_IPV4 = 0x0800,
	ETH_TYPE_ARP = 0x0806,
	ETH_TYPE_VLAN = 0x8100,
	ETH_TYPE_IPV6 = 0x86dd,
	ETH_TYPE_SERVICE_VLAN = 0x88a8, // IEEE 802.1ad, of the outer one of two tags
};

struct mac_addr {
	uint8_t bytes[ETH_ADDR_BYTES];
};

struct eth_header {
	struct mac_addr dst;
	struct mac_addr src;
	uint16_t type;	      // the inner one: what follows the tags, if there are any
	uint16_t vlan;	      // VLAN identifier; 0 is untagged, or a tag that carries priority only
	uint16_t outer_vlan;  // of the first of two tags, or of a service tag alone; else 0
	uint8_t header_bytes; // 14, 18 or 22
};

// PLX_DROP_NONE or PLX_DROP_FRAME_SHORT. Whether `type` and the VLANs please is the caller's to
// judge; a third tag shows as the type ETH_TYPE_VLAN or ETH_TYPE_SERVICE_VLAN.
enum plx_drop eth_header_parse(const uint8_t *bytes, size_t len_bytes, struct eth_header *out);

// Writes a header to `bytes`, tagged when `vlan` is not 0, and in front of that with a service tag
// when `outer_vlan` is not 0; returns its length, 14, 18 or 22.
// Ignores header_bytes of `in`.
size_t eth_header_build(uint8_t *bytes, const struct eth_header *in);

// The tag of `outer_vlan` that stands behind the two addresses, VLAN_TAG_BYTES of it.
void eth_outer_tag_build(uint8_t *bytes, uint16_t outer_vlan);

// The group address that an IPv4 multicast destination is sent to (RFC 1112 6.4).
struct mac_addr mac_of_ipv4_multicast(const struct plx_addr *group);

// The group address that an IPv6 multicast destination is sent to (RFC 2464 7).
struct mac_addr mac_of_ipv6_multicast(const struct plx_addr *group);

static inline struct mac_addr mac_broadcast(void)
{
	return (struct mac_addr){{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
}

static inline bool mac_is_equal(const struct mac_addr *a, const struct mac_addr *b)
{
	return memcmp(a->bytes, b->bytes, ETH_ADDR_BYTES) == 0;
}

// The address at `bytes`, with two bytes behind it that do not count, as one word to compare.
static inline uint64_t mac_word(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? word >> 16 : word << 16;
}

static inline uint64_t mac_word_of(const struct mac_addr *mac)
{
	uint8_t padded[sizeof(uint64_t)] = {0};

	memcpy(padded, mac, sizeof(*mac));
	return mac_word(padded);
}

static inline bool mac_word_is(const uint8_t *bytes, uint64_t word)
{
	return mac_word(bytes) == word;
}

// True for every group address, the broadcast one among them.
static inline bool mac_is_multicast(const struct mac_addr *mac)
{
	return (mac->bytes[0] & 1) != 0;
}

static inline bool mac_is_broadcast(const struct mac_addr *mac)
{
	const struct mac_addr broadcast = mac_broadcast();

	return mac_is_equal(mac, &broadcast);
}

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// Questions about an address of either family, and addresses derived from others.
// Classes of RFC 1122 3.2.1.3 and RFC 4291 2.5 to 2.7; the basics are in pollux/types.h.
// Called by net/ and stack/ wherever a source or destination is judged.
#ifndef WIRE_ADDR_H
#define WIRE_ADDR_H

#include <endian.h>
#include <string.h>

#include <pollux/types.h>

#include "wire/ethernet.h"

enum {
	ADDR_BYTES = 16,
	ADDR_IPV4_BYTES = 4,
	ADDR_IPV4_OFFSET = 12, // of the four octets behind ::ffff:0:0/96
	ADDR_IPV4_MAPPED_BITS = 96,
};

// The address of the four octets at `octets`.
static inline struct plx_addr addr_of_ipv4_bytes(const uint8_t *octets)
{
	struct plx_addr addr = {{[10] = 0xff, [11] = 0xff}};

	memcpy(addr.bytes + ADDR_IPV4_OFFSET, octets, ADDR_IPV4_BYTES);
	return addr;
}

static inline struct plx_addr addr_of_ipv6_bytes(const uint8_t *octets)
{
	struct plx_addr addr;

	memcpy(addr.bytes, octets, ADDR_BYTES);
	return addr;
}

// Its halves as numbers.
static inline uint64_t address_high(const struct plx_addr *addr)
{
	uint64_t value;

	memcpy(&value, addr->bytes, sizeof(value));
	return be64toh(value);
}

static inline uint64_t address_low(const struct plx_addr *addr)
{
	uint64_t value;

	memcpy(&value, addr->bytes + sizeof(value), sizeof(value));
	return be64toh(value);
}

// plx_addr_is_equal() in line.
static inline bool addr_is_equal(const struct plx_addr *a, const struct plx_addr *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

// "Any", or 0.0.0.0: no source that a packet can be answered to.
bool addr_is_unspecified(const struct plx_addr *addr);

// 224.0.0.0/4 or ff00::/8.
bool addr_is_multicast(const struct plx_addr *addr);

// 127.0.0.0/8 or ::1.
bool addr_is_loopback(const struct plx_addr *addr);

// 255.255.255.255; the broadcast address of a subnet is known only with its prefix.
bool addr_is_ipv4_broadcast(const struct plx_addr *addr);

// fe80::/10.
bool addr_is_link_local_ipv6(const struct plx_addr *addr);

// `prefix_len_bits` counts in the prefix's own family, 0 to 32 or 0 to 128. An address of the other
// family is in no prefix.
bool addr_in_prefix(const struct plx_addr *addr, const struct plx_addr *prefix,
		    unsigned prefix_len_bits);

// The group that a neighbour solicitation for `addr` goes to (RFC 4291 2.7.1).
struct plx_addr addr_solicited_node_multicast(const struct plx_addr *addr);

// fe80::/64 with the modified EUI-64 of `mac` (RFC 4291 appendix A, RFC 2464 5).
struct plx_addr addr_link_local_of_mac(const struct mac_addr *mac);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// Addresses of either family as numbers of 128 bits.
// IPv4 addresses are mapped ones, so one arithmetic serves both (RFC 4291 2.5.5.2).
// Called by value.c and by the checks.
#include "config/address.h"

#include <string.h>

enum { MAPPED_BITS = 96 };

unsigned address_bits(const struct plx_addr *addr)
{
	return plx_addr_is_ipv4(addr) ? 32 : 128;
}

bool address_is_same_family(const struct plx_addr *a, const struct plx_addr *b)
{
	return plx_addr_is_ipv4(a) == plx_addr_is_ipv4(b);
}

const char *address_family(const struct plx_addr *addr)
{
	return plx_addr_is_ipv4(addr) ? "IPv4" : "IPv6";
}

struct plx_addr address_add(const struct plx_addr *addr, uint32_t n)
{
	struct plx_addr sum = *addr;
	uint64_t carry = n;

	for (int i = 15; i >= 0 && carry; i--) {
		carry += sum.bytes[i];
		sum.bytes[i] = (uint8_t)carry;
		carry >>= 8;
	}
	return sum;
}

uint32_t address_count(const struct plx_addr *first, const struct plx_addr *last)
{
	uint64_t low_first = 0, low_last = 0;

	if (memcmp(first->bytes, last->bytes, 8) != 0)
		return 0;
	for (unsigned i = 8; i < 16; i++) {
		low_first = low_first << 8 | first->bytes[i];
		low_last = low_last << 8 | last->bytes[i];
	}
	if (low_last < low_first || low_last - low_first >= UINT32_MAX)
		return 0;
	return (uint32_t)(low_last - low_first + 1);
}

bool address_is_in_range(const struct plx_addr *addr, const struct plx_addr *first, uint32_t count)
{
	uint32_t position = address_count(first, addr);

	return position != 0 && position <= count;
}

bool address_is_in_prefix(const struct plx_addr *addr, const struct plx_addr *prefix,
			  unsigned prefix_len)
{
	unsigned bits = 128 - address_bits(prefix) + prefix_len;
	unsigned bytes = bits / 8;
	uint8_t mask = (uint8_t)(0xff00 >> bits % 8);

	if (!address_is_same_family(addr, prefix) || memcmp(addr->bytes, prefix->bytes, bytes) != 0)
		return false;
	return mask == 0 || ((addr->bytes[bytes] ^ prefix->bytes[bytes]) & mask) == 0;
}

struct plx_addr address_network(const struct plx_addr *addr, unsigned prefix_len)
{
	struct plx_addr network = *addr;

	for (unsigned bit = 128 - address_bits(addr) + prefix_len; bit < 128; bit++)
		network.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	return network;
}

// True when all bits behind the prefix have the same value.
static bool has_host_bits(const struct plx_addr *addr, unsigned prefix_len, bool ones)
{
	for (unsigned bit = MAPPED_BITS + prefix_len; bit < 128; bit++)
		if ((addr->bytes[bit / 8] >> (7 - bit % 8) & 1) != ones)
			return false;
	return true;
}

static const char *why_unfit_ipv4(const struct plx_addr *addr, unsigned prefix_len)
{
	uint8_t first = addr->bytes[12];

	if (first == 0)
		return "an address of \"this network\"";
	if (first == 127)
		return "a loopback address";
	if (first >= 224 && first < 240)
		return "a multicast address";
	if (first >= 240)
		return "a reserved address";
	if (prefix_len < 31 && has_host_bits(addr, prefix_len, false))
		return "the address of its network";
	if (prefix_len < 31 && has_host_bits(addr, prefix_len, true))
		return "the broadcast address of its network";
	return NULL;
}

const char *address_why_unfit(const struct plx_addr *addr, unsigned prefix_len)
{
	static const struct plx_addr loopback = {.bytes[15] = 1};

	if (plx_addr_is_ipv4(addr))
		return why_unfit_ipv4(addr, prefix_len);
	if (plx_addr_is_any(addr))
		return "the unspecified address";
	if (plx_addr_is_equal(addr, &loopback))
		return "the loopback address";
	if (addr->bytes[0] == 0xff)
		return "a multicast address";
	return NULL;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Addresses of either family: the public functions of pollux/types.h, the classes of wire/addr.h.
// IPv4 is ::ffff:0:0/96 throughout (RFC 4291 2.5.5.2), so most questions are about a prefix.
// Text is the C library's: strict dotted decimal, RFC 4291 2.2 in, RFC 5952 out.
#include "wire/addr.h"

#include <arpa/inet.h>
#include <errno.h>

static const uint8_t mapped_prefix[ADDR_IPV4_OFFSET] = {[10] = 0xff, [11] = 0xff};

struct plx_addr plx_addr_ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	const uint8_t octets[ADDR_IPV4_BYTES] = {a, b, c, d};

	return addr_of_ipv4_bytes(octets);
}

bool plx_addr_is_ipv4(const struct plx_addr *addr)
{
	return memcmp(addr->bytes, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

bool plx_addr_is_any(const struct plx_addr *addr)
{
	static const struct plx_addr any;

	return plx_addr_is_equal(addr, &any);
}

bool plx_addr_is_equal(const struct plx_addr *a, const struct plx_addr *b)
{
	return addr_is_equal(a, b);
}

int plx_addr_parse(const char *text, struct plx_addr *addr)
{
	uint8_t octets[ADDR_BYTES];

	if (inet_pton(AF_INET, text, octets) == 1)
		*addr = addr_of_ipv4_bytes(octets);
	else if (inet_pton(AF_INET6, text, octets) == 1)
		*addr = addr_of_ipv6_bytes(octets);
	else
		return -EINVAL;
	return 0;
}

const char *plx_addr_format(const struct plx_addr *addr, char *text)
{
	if (plx_addr_is_ipv4(addr))
		return inet_ntop(AF_INET, addr->bytes + ADDR_IPV4_OFFSET, text,
				 PLX_ADDR_TEXT_BYTES);
	return inet_ntop(AF_INET6, addr->bytes, text, PLX_ADDR_TEXT_BYTES);
}

bool addr_is_unspecified(const struct plx_addr *addr)
{
	const struct plx_addr zero = plx_addr_ipv4(0, 0, 0, 0);

	return plx_addr_is_any(addr) || plx_addr_is_equal(addr, &zero);
}

bool addr_is_multicast(const struct plx_addr *addr)
{
	if (addr->bytes[0] == 0xff)
		return true;
	return plx_addr_is_ipv4(addr) && (addr->bytes[ADDR_IPV4_OFFSET] & 0xf0) == 0xe0;
}

bool addr_is_loopback(const struct plx_addr *addr)
{
	static const struct plx_addr one = {{[15] = 1}};

	if (plx_addr_is_ipv4(addr))
		return addr->bytes[ADDR_IPV4_OFFSET] == 127;
	return plx_addr_is_equal(addr, &one);
}

bool addr_is_ipv4_broadcast(const struct plx_addr *addr)
{
	const struct plx_addr all_ones = plx_addr_ipv4(255, 255, 255, 255);

	return plx_addr_is_equal(addr, &all_ones);
}

bool addr_is_link_local_ipv6(const struct plx_addr *addr)
{
	return addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

bool addr_in_prefix(const struct plx_addr *addr, const struct plx_addr *prefix,
		    unsigned prefix_len_bits)
{
	bool is_ipv4 = plx_addr_is_ipv4(prefix);
	unsigned bits = prefix_len_bits + (is_ipv4 ? ADDR_IPV4_MAPPED_BITS : 0);
	uint64_t high = address_high(addr) ^ address_high(prefix);
	uint64_t low = address_low(addr) ^ address_low(prefix);

	if (plx_addr_is_ipv4(addr) != is_ipv4)
		return false;
	if (bits <= 64)
		return bits == 0 || high >> (64 - bits) == 0;
	return high == 0 && low >> (128 - bits) == 0;
}

struct plx_addr addr_solicited_node_multicast(const struct plx_addr *addr)
{
	struct plx_addr group = {{0xff, 0x02, [11] = 0x01, [12] = 0xff}};

	memcpy(group.bytes + 13, addr->bytes + 13, 3);
	return group;
}

struct plx_addr addr_link_local_of_mac(const struct mac_addr *mac)
{
	struct plx_addr addr = {{0xfe, 0x80, [11] = 0xff, [12] = 0xfe}};

	memcpy(addr.bytes + 8, mac->bytes, 3);
	memcpy(addr.bytes + 13, mac->bytes + 3, 3);
	addr.bytes[8] ^= 0x02; // the universal/local bit is kept inverted
	return addr;
}

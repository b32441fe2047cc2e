// SPDX-License-Identifier: BSD-3-Clause
//
// Arithmetic on addresses of either family: ranges, prefixes, what is fit to be an address of a
// host (RFC 1122 3.2.1.3, RFC 4291 2.4). Bits of a prefix count within the address's own family.
// Called by value.c and by the checks.
#ifndef CONFIG_ADDRESS_H
#define CONFIG_ADDRESS_H

#include <stdbool.h>

#include <pollux/types.h>

// 32 or 128.
unsigned address_bits(const struct plx_addr *addr);

bool address_is_same_family(const struct plx_addr *a, const struct plx_addr *b);

// "IPv4" or "IPv6"
const char *address_family(const struct plx_addr *addr);

// The address `n` after this one; it may run over into another family.
struct plx_addr address_add(const struct plx_addr *addr, uint32_t n);

// How many addresses from first to last, both counted; 0 when last is before first or they are more
// than UINT32_MAX.
uint32_t address_count(const struct plx_addr *first, const struct plx_addr *last);

// True when `addr` is one of the `count` from `first` on.
bool address_is_in_range(const struct plx_addr *addr, const struct plx_addr *first, uint32_t count);

// True when both are of one family and agree in the first `prefix_len` bits.
bool address_is_in_prefix(const struct plx_addr *addr, const struct plx_addr *prefix,
			  unsigned prefix_len);

// The address with the bits behind the prefix cleared.
struct plx_addr address_network(const struct plx_addr *addr, unsigned prefix_len);

// What an address is when a host on a link of that prefix cannot have it: "a multicast address";
// else NULL.
const char *address_why_unfit(const struct plx_addr *addr, unsigned prefix_len);

#endif

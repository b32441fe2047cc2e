// SPDX-License-Identifier: BSD-3-Clause
//
// The Internet checksum (RFC 1071, RFC 1624): partial sums, pseudo headers, updates by difference.
// A partial sum is opaque: 16-bit words as they lie in memory, added; only these functions read it.
// What they return as a checksum is in host byte order, for load_be16() and store_be16().
#ifndef WIRE_CHECKSUM_H
#define WIRE_CHECKSUM_H

#include <pollux/types.h>

#include "wire/bytes.h"

// Adds the `len_bytes` bytes at `bytes`, wherever they lie, to `sum`. An odd length counts as
// padded with a zero byte, so what follows it must be added by checksum_combine().
uint32_t checksum_partial(const void *bytes, size_t len_bytes, uint32_t sum);

// Copies and adds in one pass. The areas do not overlap.
uint32_t checksum_copy(void *to, const void *from, size_t len_bytes, uint32_t sum);

// The pseudo header (RFC 9293 3.1, RFC 8200 8.1) of either family, without the length, so that a
// connection can keep it: checksum_add16(pseudo, len_bytes) completes it. Same in both directions.
uint32_t checksum_pseudo(const struct plx_addr *src, const struct plx_addr *dst, uint8_t protocol);

// Adds two partial sums.
static inline uint32_t checksum_add(uint32_t sum, uint32_t part)
{
	sum += part;
	return sum + (sum < part);
}

// Brings a sum of 32-bit words, kept in 64 bits, down to a partial sum: added to itself with its halves
// exchanged, the upper half has the sum of both and its carry.
static inline uint32_t checksum_narrow(uint64_t sum)
{
	return (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);
}

// Adds a 16-bit value in host byte order.
static inline uint32_t checksum_add16(uint32_t sum, uint16_t value)
{
	return checksum_add(sum, be16_of(value));
}

// Adds the partial sum of a piece, itself started at 0, that lies `offset_bytes` into the whole.
static inline uint32_t checksum_combine(uint32_t sum, uint32_t part, size_t offset_bytes)
{
	// Behind an odd offset every byte has changed places within its word (RFC 1071 2 B).
	if ((offset_bytes & 1) != 0)
		part = part << 8 | part >> 24;
	return checksum_add(sum, part);
}

// A partial sum in 16 bits, to be added to as before; by the same trick.
static inline uint16_t checksum_halve(uint32_t sum)
{
	return (uint16_t)((sum + (sum << 16 | sum >> 16)) >> 16);
}

// The sum reduced to 16 bits, not inverted, in host byte order.
static inline uint16_t checksum_reduce(uint32_t sum)
{
	return be16_of(checksum_halve(sum));
}

// The checksum: what goes into the header, by store_be16().
static inline uint16_t checksum_fold(uint32_t sum)
{
	return (uint16_t)~checksum_reduce(sum);
}

// True when a sum over everything, the checksum itself included, verifies.
static inline bool checksum_is_valid(uint32_t sum)
{
	return checksum_reduce(sum) == 0xffff;
}

// The TCP checksum of a whole segment in one piece, whose checksum field is zero; `pseudo` as of
// checksum_pseudo(). Of a received segment, with the field as it came, it is 0 when it verifies.
static inline uint16_t checksum_tcp(uint32_t pseudo, const void *segment, uint16_t len_bytes)
{
	return checksum_fold(
		checksum_partial(segment, len_bytes, checksum_add16(pseudo, len_bytes)));
}

// RFC 1624 equation 3: the checksum after a 16-bit or 32-bit field changed its value.
static inline uint16_t checksum_update16(uint16_t checksum, uint16_t before, uint16_t after)
{
	uint32_t sum = (uint16_t)~checksum + (uint32_t)(uint16_t)~before + after;

	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

static inline uint16_t checksum_update32(uint16_t checksum, uint32_t before, uint32_t after)
{
	checksum = checksum_update16(checksum, (uint16_t)(before >> 16), (uint16_t)(after >> 16));
	return checksum_update16(checksum, (uint16_t)before, (uint16_t)after);
}

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// Numbers in network byte order at any address: the only door between bytes and values.
// Fixed-size loads and stores that demand no alignment, one or two instructions each.
// Used by every parser and builder of wire/, and by those above that patch a header field.
#ifndef WIRE_BYTES_H
#define WIRE_BYTES_H

#include <stdint.h>
#include <string.h>

// DPDK's rte_cpu_to_be_* are inline assembly on x86, which hides the value from the compiler.
static inline uint16_t be16_of(uint16_t value)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? value : __builtin_bswap16(value);
}

static inline uint32_t be32_of(uint32_t value)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? value : __builtin_bswap32(value);
}

// Words as they lie in memory, which is how checksums add them.
static inline uint32_t load_word(const void *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static inline void store_word(void *at, uint32_t word)
{
	memcpy(at, &word, sizeof(word));
}

static inline uint16_t load_be16(const void *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return be16_of(value);
}

static inline uint32_t load_be32(const void *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return be32_of(value);
}

static inline void store_be16(void *at, uint16_t value)
{
	value = be16_of(value);
	memcpy(at, &value, sizeof(value));
}

static inline void store_be32(void *at, uint32_t value)
{
	value = be32_of(value);
	memcpy(at, &value, sizeof(value));
}

#endif

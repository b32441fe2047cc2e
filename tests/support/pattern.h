// SPDX-License-Identifier: BSD-3-Clause
//
// Payload of which every byte depends on its place in the stream, so that a byte lost, doubled, moved
// or taken from another stream cannot go unseen. A salt tells streams apart.
// Pure functions. Called by all that send or judge payload in tests.
#ifndef SUPPORT_PATTERN_H
#define SUPPORT_PATTERN_H

#include <stddef.h>
#include <stdint.h>

static inline uint8_t pattern_byte(uint32_t salt, uint64_t offset)
{
	return (uint8_t)((((uint32_t)offset ^ salt) * UINT32_C(2654435761)) >> 24);
}

// Writes the stream's bytes from `offset` on.
void pattern_fill(void *bytes, size_t len_bytes, uint32_t salt, uint64_t offset);

// How many of the bytes are the stream's from `offset` on, before the first that is not.
size_t pattern_match(const void *bytes, size_t len_bytes, uint32_t salt, uint64_t offset);

#endif

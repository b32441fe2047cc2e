// SPDX-License-Identifier: BSD-3-Clause
//
// Position-dependent payload, see pattern.h.
// A multiplicative hash of the offset: neighbours differ, and so does what lies a segment apart.
// Called by all that send or judge payload in tests.
#include "support/pattern.h"

void pattern_fill(void *bytes, size_t len_bytes, uint32_t salt, uint64_t offset)
{
	uint8_t *at = bytes;

	for (size_t i = 0; i < len_bytes; i++)
		at[i] = pattern_byte(salt, offset + i);
}

size_t pattern_match(const void *bytes, size_t len_bytes, uint32_t salt, uint64_t offset)
{
	const uint8_t *at = bytes;
	size_t n = 0;

	while (n < len_bytes && at[n] == pattern_byte(salt, offset + n))
		n++;
	return n;
}

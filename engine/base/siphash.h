// SPDX-License-Identifier: BSD-3-Clause
//
// SipHash-2-4 with a 64-bit result (Aumasson and Bernstein, 2012): a keyed hash whose results may be
// shown to an attacker, as sequence numbers (RFC 6528), ports (RFC 6056) and cookies are.
// For the flow table, whose hashes nobody sees, flow_hash() is the quicker one.
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

// The 16-byte key of the paper as two little-endian words. Fill it by random_bytes_kernel().
struct siphash_key {
	uint64_t k0, k1;
};

uint64_t siphash(const void *data, size_t len_bytes, const struct siphash_key *key);

// The same for 16 bytes, given as two little-endian words.
uint64_t siphash_pair(uint64_t first, uint64_t second, const struct siphash_key *key);

#endif

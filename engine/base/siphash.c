// SPDX-License-Identifier: BSD-3-Clause
//
// SipHash-2-4 as in "SipHash: a fast short-input PRF", section 2: two rounds per word, four at the end.
// Bytes are read little-endian; the last word holds what is left and the length.
// Called by tcp/isn, tcp/port_alloc, tcp/syn_cookie.
#include "base/siphash.h"

#include <string.h>

#include <rte_byteorder.h>

struct siphash_state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate_left(uint64_t x, unsigned bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static inline void siphash_round(struct siphash_state *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate_left(s->v1, 13) ^ s->v0;
	s->v3 = rotate_left(s->v3, 16) ^ s->v2;
	s->v0 = rotate_left(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotate_left(s->v1, 17) ^ s->v2;
	s->v3 = rotate_left(s->v3, 21) ^ s->v0;
	s->v2 = rotate_left(s->v2, 32);
}

static inline void siphash_compress(struct siphash_state *s, uint64_t word)
{
	s->v3 ^= word;
	siphash_round(s);
	siphash_round(s);
	s->v0 ^= word;
}

static inline struct siphash_state siphash_begin(const struct siphash_key *key)
{
	return (struct siphash_state){
		.v0 = key->k0 ^ UINT64_C(0x736f6d6570736575),
		.v1 = key->k1 ^ UINT64_C(0x646f72616e646f6d),
		.v2 = key->k0 ^ UINT64_C(0x6c7967656e657261),
		.v3 = key->k1 ^ UINT64_C(0x7465646279746573),
	};
}

static inline uint64_t siphash_end(struct siphash_state *s)
{
	s->v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		siphash_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t siphash_pair(uint64_t first, uint64_t second, const struct siphash_key *key)
{
	struct siphash_state s = siphash_begin(key);

	siphash_compress(&s, first);
	siphash_compress(&s, second);
	siphash_compress(&s, (uint64_t)16 << 56);
	return siphash_end(&s);
}

uint64_t siphash(const void *data, size_t len_bytes, const struct siphash_key *key)
{
	struct siphash_state s = siphash_begin(key);
	const unsigned char *bytes = data;
	size_t whole = len_bytes & ~(size_t)7;
	uint64_t word;

	for (size_t at = 0; at < whole; at += 8) {
		memcpy(&word, bytes + at, 8);
		siphash_compress(&s, rte_le_to_cpu_64(word));
	}
	word = (uint64_t)len_bytes << 56;
	for (size_t at = whole; at < len_bytes; at++)
		word |= (uint64_t)bytes[at] << 8 * (at - whole);
	siphash_compress(&s, word);
	return siphash_end(&s);
}

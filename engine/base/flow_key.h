// SPDX-License-Identifier: BSD-3-Clause
//
// What tells one flow from another, and its keyed hash. The hash is multilinear (Dietzfelbinger 1996;
// Lemire and Kaser 2014): the upper half of a 128-bit sum of key words times secret words, for which any
// two keys hash independently and uniformly, so that nobody who lacks the secret can aim at a bucket.
// Called by stack/ demux for every segment; the results never leave the process.
#ifndef BASE_FLOW_KEY_H
#define BASE_FLOW_KEY_H

#include <assert.h>
#include <string.h>

#include <pollux/types.h>

// All fields are compared and hashed: `reserved` must be 0.
struct flow_key {
	struct plx_addr local, remote;
	uint16_t local_port, remote_port; // host byte order
	uint16_t zone;			  // port and VLAN the flow lives in
	uint16_t reserved;
};

enum { FLOW_KEY_WORDS = 5 };
static_assert(sizeof(struct flow_key) == FLOW_KEY_WORDS * sizeof(uint64_t),
	      "no padding to compare");

// A 128-bit multiplier (low, high) per word of the key, and one addend.
struct flow_secret {
	uint64_t low[FLOW_KEY_WORDS + 1];
	uint64_t high[FLOW_KEY_WORDS + 1];
};

// 0 or -errno of getrandom().
int flow_secret_init_kernel(struct flow_secret *secret);

// A secret that is none, for tests and benchmarks that repeat.
void flow_secret_init_seed(struct flow_secret *secret, uint64_t seed);

static inline bool flow_key_is_equal(const struct flow_key *a, const struct flow_key *b)
{
	uint64_t x[FLOW_KEY_WORDS], y[FLOW_KEY_WORDS];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4])) == 0;
}

// The linear part alone would map a run of ports to evenly spaced hashes. The last two lines permute the
// 64-bit values, which leaves their independence as it is and spreads such runs over bucket and tag bits.
static inline uint64_t flow_hash(const struct flow_secret *secret, const struct flow_key *key)
{
	unsigned __int128 sum = secret->low[FLOW_KEY_WORDS];
	uint64_t upper = secret->high[FLOW_KEY_WORDS];
	uint64_t words[FLOW_KEY_WORDS];
	uint64_t hash;

	memcpy(words, key, sizeof(words));
	for (unsigned i = 0; i < FLOW_KEY_WORDS; i++) {
		sum += (unsigned __int128)words[i] * secret->low[i];
		upper += words[i] * secret->high[i];
	}
	hash = upper + (uint64_t)(sum >> 64);
	hash = (hash ^ (hash >> 32)) * UINT64_C(0x9E3779B97F4A7C15);
	return hash ^ (hash >> 29);
}

#endif

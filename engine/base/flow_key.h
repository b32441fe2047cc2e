// SPDX-License-Identifier: BSD-3-Clause
//
// What tells one flow from another, and its keyed hash. NH (UMAC, Black et al. 1999) brings the key to 128
// bits, on which two keys agree with a chance of 2^-64; a multilinear hash (Dietzfelbinger 1996; Lemire
// and Kaser 2014) brings those to 64, uniformly and pairwise independently. So nobody who lacks the secret
// can aim at a bucket, whatever keys he chooses. Called by stack/ demux; results never leave the process.
#ifndef BASE_FLOW_KEY_H
#define BASE_FLOW_KEY_H

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include <pollux/types.h>

// All fields are compared and hashed: `reserved` must be 0.
struct flow_key {
	struct plx_addr local, remote;
	uint16_t local_port, remote_port; // host byte order
	uint16_t zone;			  // port and VLAN the flow lives in
	uint16_t reserved;
};

enum { FLOW_KEY_WORDS = 5, FLOW_KEY_PORTS = 4 }; // the last word is ports and zone
static_assert(sizeof(struct flow_key) == FLOW_KEY_WORDS * sizeof(uint64_t),
	      "no padding to compare");
static_assert(offsetof(struct flow_key, local_port) == 4 * sizeof(uint64_t), "ports are a word");

// Sets all but the addresses, by one store: what follows reads them as a word.
static inline void flow_key_set_ports(struct flow_key *key, uint16_t local_port,
				      uint16_t remote_port, uint16_t zone)
{
	const uint64_t first = local_port, second = remote_port, third = zone;
	uint64_t word = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		? first << 48 | second << 32 | third << 16
		: first | second << 16 | third << 32;

	memcpy(&key->local_port, &word, sizeof(word));
}

// Random words, all of them independent.
struct flow_secret {
	uint64_t nh[FLOW_KEY_WORDS + 1]; // what NH adds to the words of the key, a zero behind them
	uint64_t low[2], high[2];	 // 128-bit multipliers of its lower and upper half
	uint64_t low_addend, high_addend;
};

// 0 or -errno of getrandom().
int flow_secret_init_kernel(struct flow_secret *secret);

// A secret that is none, for tests and benchmarks that repeat.
void flow_secret_init_seed(struct flow_secret *secret, uint64_t seed);

static inline bool flow_key_is_equal(const struct flow_key *a, const struct flow_key *b)
{
	typedef uint64_t pair __attribute__((vector_size(16)));
	pair x[2], y[2], differ;
	uint64_t u, v;

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	memcpy(&u, &a->local_port, sizeof(u));
	memcpy(&v, &b->local_port, sizeof(v));
	differ = (x[0] ^ y[0]) | (x[1] ^ y[1]);
	return (differ[0] | differ[1] | (u ^ v)) == 0;
}

// Keys are written and read by whole words, or addresses: a load waits for what was just stored in smaller
// pieces, and for all that is stored before that.
static inline uint64_t flow_key_word(const struct flow_key *key, unsigned i)
{
	uint64_t word;

	memcpy(&word, (const unsigned char *)key + i * sizeof(word), sizeof(word));
	return word;
}

static inline void flow_key_copy(struct flow_key *to, const struct flow_key *from)
{
	uint64_t ports = flow_key_word(from, FLOW_KEY_PORTS);

	to->local = from->local;
	to->remote = from->remote;
	memcpy(&to->local_port, &ports, sizeof(ports));
}

// A run of ports still gives evenly spaced sums. The last two lines permute the 64-bit values, which leaves
// their independence as it is and spreads such runs over bucket and tag bits.
static inline uint64_t flow_hash(const struct flow_secret *secret, const struct flow_key *key)
{
	const uint64_t *nh = secret->nh;
	uint64_t lower, upper, hash;
	unsigned __int128 sum;

	sum = (unsigned __int128)(flow_key_word(key, 0) + nh[0]) * (flow_key_word(key, 1) + nh[1])
		+ (unsigned __int128)(flow_key_word(key, 2) + nh[2])
			* (flow_key_word(key, 3) + nh[3])
		+ (unsigned __int128)(flow_key_word(key, 4) + nh[4]) * nh[5];
	lower = (uint64_t)sum;
	upper = (uint64_t)(sum >> 64);
	sum = (unsigned __int128)lower * secret->low[0] + secret->low_addend
		+ (unsigned __int128)upper * secret->low[1];
	hash = (uint64_t)(sum >> 64) + lower * secret->high[0] + upper * secret->high[1]
		+ secret->high_addend;
	hash = (hash ^ (hash >> 32)) * UINT64_C(0x9E3779B97F4A7C15);
	return hash ^ (hash >> 29);
}

#endif

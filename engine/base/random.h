// SPDX-License-Identifier: BSD-3-Clause
//
// Random numbers in two qualities. struct random is xoshiro256** (Blackman and Vigna): quick, seedable
// so that tests repeat, predictable by whoever sees enough of it. random_bytes_kernel() is for secrets.
// Called by rate_limit, port_alloc, pacing, tests; secrets are drawn when a stack is created.
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t state[4]; // never all zero
};

// The same seed gives the same sequence on every machine; every seed is a good one.
void random_init_seed(struct random *r, uint64_t seed);

// Seeds from the kernel. 0, or -errno of getrandom(), `r` is untouched then.
int random_init_kernel(struct random *r);

// Fills `bytes` from the kernel's generator, for keys. 0 or -errno of getrandom(). May block at boot.
int random_bytes_kernel(void *bytes, size_t len_bytes);

static inline uint64_t random_rotate_left(uint64_t x, unsigned bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static inline uint64_t random_u64(struct random *r)
{
	uint64_t *s = r->state;
	uint64_t result = random_rotate_left(s[1] * 5, 7) * 9;
	uint64_t shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = random_rotate_left(s[3], 45);
	return result;
}

static inline uint32_t random_u32(struct random *r)
{
	return (uint32_t)(random_u64(r) >> 32);
}

// Uniform in [0, n), without the bias of a modulo (Lemire 2019); 0 when n is 0 or 1.
static inline uint32_t random_below(struct random *r, uint32_t n)
{
	uint64_t product = (uint64_t)random_u32(r) * n;

	if ((uint32_t)product < n) {
		uint32_t uneven = -n % n;

		while ((uint32_t)product < uneven)
			product = (uint64_t)random_u32(r) * n;
	}
	return (uint32_t)(product >> 32);
}

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// Seeding: SplitMix64 spreads a 64-bit seed over the 256 bits of xoshiro256**, as its authors advise;
// or the kernel fills them.
// Called when a stack or a test is set up.
#include "base/random.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

// SplitMix64 is a permutation of its counter: four different words, so never all zero.
void random_init_seed(struct random *random, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		random->state[i] = splitmix64(&seed);
}

// Four words of the kernel's are all zero once in 2^256 draws.
int random_init_kernel(struct random *random)
{
	struct random drawn;
	int rc = random_bytes_kernel(&drawn, sizeof(drawn));

	if (rc == 0)
		*random = drawn;
	return rc;
}

int random_bytes_kernel(void *bytes, size_t len_bytes)
{
	unsigned char *at = bytes;

	while (len_bytes > 0) {
		ssize_t got = getrandom(at, len_bytes, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		at += got;
		len_bytes -= (size_t)got;
	}
	return 0;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Secrets of the flow hash. Its guarantee needs independent words, so all of them come from the kernel
// and none is stretched from a shorter seed, except in tests.
// Called when a stack is created.
#include "base/flow_key.h"

#include "base/random.h"

int flow_secret_init_kernel(struct flow_secret *secret)
{
	return random_bytes_kernel(secret, sizeof(*secret));
}

void flow_secret_init_seed(struct flow_secret *secret, uint64_t seed)
{
	struct random random;

	random_init_seed(&random, seed);
	for (unsigned i = 0; i <= FLOW_KEY_WORDS; i++)
		secret->nh[i] = random_u64(&random);
	for (unsigned i = 0; i < 2; i++) {
		secret->low[i] = random_u64(&random);
		secret->high[i] = random_u64(&random);
	}
	secret->low_addend = random_u64(&random);
	secret->high_addend = random_u64(&random);
}

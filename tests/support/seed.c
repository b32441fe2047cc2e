// SPDX-License-Identifier: BSD-3-Clause
//
// One seed per program run, see seed.h.
// The line it prints can be pasted before the command that failed.
// Called by randomised tests.
#include "support/seed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t test_seed(void)
{
	static uint64_t seed;
	static int is_drawn;
	const char *wanted = getenv("POLLUX_SEED");
	struct timespec now;

	if (is_drawn)
		return seed;
	clock_gettime(CLOCK_REALTIME, &now);
	seed = wanted ? strtoull(wanted, NULL, 0)
		      : (uint64_t)now.tv_sec * 1000000007u + (uint64_t)now.tv_nsec;
	is_drawn = 1;
	printf("POLLUX_SEED=%" PRIu64 "\n", seed);
	return seed;
}

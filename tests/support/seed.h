// SPDX-License-Identifier: BSD-3-Clause
//
// Where a test that rolls dice gets its seed: from the environment variable POLLUX_SEED when it is set,
// so that a failure repeats, else from the clock. Printed either way.
// Called once at the beginning of every randomised test.
#ifndef SUPPORT_SEED_H
#define SUPPORT_SEED_H

#include <stdint.h>

uint64_t test_seed(void);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// What the tests of wire/ share: bytes behind which memory ends, and random values of its types.
// One seed per program (support/seed.h) makes every run repeatable.
// Called by the tests of this folder only.
#ifndef UNIT_WIRE_TEST_H
#define UNIT_WIRE_TEST_H

// cmocka.h asks for these four before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pollux/types.h>

#include "base/random.h"

enum {
	RANDOM_ROUNDS = 5000,
	GUARDED_MAX_BYTES = 1 << 17,
};

#define LENGTH_OF(array) (sizeof(array) / sizeof((array)[0]))

// A copy that ends where an inaccessible page begins, so that reading one byte too many is fatal
// even without a sanitizer. Valid until the next call.
uint8_t *guarded_copy(const void *bytes, size_t len_bytes);

// A generator from the program's seed.
struct random test_random(void);

void random_fill(struct random *r, void *bytes, size_t len_bytes);

// Uniform in its family; an IPv6 one is never a mapped one.
struct plx_addr random_addr(struct random *r, bool is_ipv6);

bool random_bool(struct random *r);

// The address of a text that is known to be one.
struct plx_addr addr_of(const char *text);

#endif

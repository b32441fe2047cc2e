// SPDX-License-Identifier: BSD-3-Clause
//
// The generator against the published outputs of xoshiro256** and SplitMix64; uniformity where a modulo
// or an unrejected product would show. Seeds are fixed, so that chance cannot fail a run.
// Room: engine/base/random.
#include "base/random.h"

#include <math.h>
#include <string.h>

#include "support/cmocka_headers.h"

enum { DRAWS = 90000 };

static void the_sequence_is_that_of_xoshiro256(void **state)
{
	static const uint64_t PUBLISHED[] = {
		UINT64_C(11520),
		UINT64_C(0),
		UINT64_C(1509978240),
		UINT64_C(1215971899390074240),
		UINT64_C(1216172134540287360),
		UINT64_C(607988272756665600),
		UINT64_C(16172922978634559625),
		UINT64_C(8476171486693032832),
		UINT64_C(10595114339597558777),
		UINT64_C(2904607092377533576),
	};
	struct random r = {{1, 2, 3, 4}};

	(void)state;
	for (unsigned i = 0; i < sizeof(PUBLISHED) / sizeof(PUBLISHED[0]); i++)
		assert_int_equal(random_u64(&r), PUBLISHED[i]);
}

static void a_seed_is_spread_by_splitmix64(void **state)
{
	static const uint64_t PUBLISHED[4] = {
		UINT64_C(6457827717110365317),
		UINT64_C(3203168211198807973),
		UINT64_C(9817491932198370423),
		UINT64_C(4593380528125082431),
	};
	struct random r;

	(void)state;
	random_init_seed(&r, 1234567);
	assert_memory_equal(r.state, PUBLISHED, sizeof(PUBLISHED));
}

static void small_bounds_are_met(void **state)
{
	struct random r;

	(void)state;
	random_init_seed(&r, 1);
	assert_int_equal(random_below(&r, 0), 0);
	assert_int_equal(random_below(&r, 1), 0);
	for (uint32_t n = 2; n < 300; n++)
		for (unsigned i = 0; i < 100; i++)
			assert_true(random_below(&r, n) < n);
}

static void expect_even(const unsigned *counts, unsigned n)
{
	double expected = (double)DRAWS / n;

	for (unsigned i = 0; i < n; i++)
		assert_true(fabs(counts[i] - expected) < 6 * sqrt(expected));
}

static void every_value_is_equally_likely(void **state)
{
	unsigned counts[100] = {0};
	struct random r;

	(void)state;
	random_init_seed(&r, 2);
	for (unsigned i = 0; i < DRAWS; i++)
		counts[random_below(&r, 100)]++;
	expect_even(counts, 100);
}

// Three quarters of 2^32: a modulo favours the lowest third, a bare product every third value.
static void an_awkward_bound_is_not_biased(void **state)
{
	unsigned by_range[3] = {0}, by_residue[3] = {0};
	uint32_t n = UINT32_C(3) << 30;
	struct random r;

	(void)state;
	random_init_seed(&r, 3);
	for (unsigned i = 0; i < DRAWS; i++) {
		uint32_t drawn = random_below(&r, n);

		assert_true(drawn < n);
		by_range[drawn >> 30]++;
		by_residue[drawn % 3]++;
	}
	expect_even(by_range, 3);
	expect_even(by_residue, 3);
}

static void the_kernel_never_repeats_itself(void **state)
{
	unsigned char first[100], second[100];
	struct random a, b;

	(void)state;
	assert_int_equal(random_bytes_kernel(first, sizeof(first)), 0);
	assert_int_equal(random_bytes_kernel(second, sizeof(second)), 0);
	assert_memory_not_equal(first, second, sizeof(first));
	assert_int_equal(random_init_kernel(&a), 0);
	assert_int_equal(random_init_kernel(&b), 0);
	assert_int_not_equal(random_u64(&a), random_u64(&b));
}

// More than the kernel gives in one call that a signal may cut short.
static void long_secrets_are_filled_to_the_end(void **state)
{
	static unsigned char secret[4096];
	unsigned zeros = 0;

	(void)state;
	assert_int_equal(random_bytes_kernel(secret, sizeof(secret)), 0);
	for (size_t i = sizeof(secret) - 64; i < sizeof(secret); i++)
		zeros += secret[i] == 0;
	assert_true(zeros < 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sequence_is_that_of_xoshiro256),
		cmocka_unit_test(a_seed_is_spread_by_splitmix64),
		cmocka_unit_test(small_bounds_are_met),
		cmocka_unit_test(every_value_is_equally_likely),
		cmocka_unit_test(an_awkward_bound_is_not_biased),
		cmocka_unit_test(the_kernel_never_repeats_itself),
		cmocka_unit_test(long_secrets_are_filled_to_the_end),
	};

	return cmocka_run_group_tests_name("base/random", tests, NULL, NULL);
}

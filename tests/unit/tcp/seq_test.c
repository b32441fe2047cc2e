// SPDX-License-Identifier: BSD-3-Clause
//
// Sequence numbers compared around the wrap (RFC 9293 3.4), against positions of 64 bits that never
// wrap: as long as two are less than 2^31 apart, both must tell the same.
// Room: engine/tcp/seq.
#include "tcp/seq.h"

#include "base/random.h"
#include "support/cmocka_headers.h"
#include "support/seed.h"

enum { ROUNDS = 100000 };

static void expect_order(int64_t x, int64_t y)
{
	uint32_t a = (uint32_t)x, b = (uint32_t)y;

	assert_int_equal(seq_is_before(a, b), x < y);
	assert_int_equal(seq_is_after(a, b), x > y);
	assert_int_equal(seq_is_at_or_before(a, b), x <= y);
	assert_int_equal(seq_is_at_or_after(a, b), x >= y);
	assert_int_equal(seq_max(a, b), (uint32_t)(x > y ? x : y));
	assert_int_equal(seq_min(a, b), (uint32_t)(x < y ? x : y));
}

static void zero_comes_after_the_greatest(void **state)
{
	(void)state;
	assert_true(seq_is_before(UINT32_MAX, 0));
	assert_true(seq_is_after(0, UINT32_MAX));
	assert_true(seq_is_before(UINT32_C(0x80000000), UINT32_MAX));
	assert_true(seq_is_before(0, UINT32_C(0x7fffffff)));
	assert_true(seq_is_after(0, UINT32_C(0x80000001)));
	assert_int_equal(seq_max(UINT32_MAX - 5, 7), 7);
	assert_int_equal(seq_min(UINT32_MAX - 5, 7), UINT32_MAX - 5);
}

static void edges_of_half_the_circle_are_told_apart(void **state)
{
	static const int64_t steps[] = {0, 1, 2, 65535, 65536, INT32_MAX - 1, INT32_MAX};
	static const int64_t bases[] = {0, 1, INT32_MAX, UINT32_C(0x80000000), UINT32_MAX};

	(void)state;
	for (unsigned i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		for (unsigned j = 0; j < sizeof(steps) / sizeof(steps[0]); j++) {
			expect_order(bases[i], bases[i] + steps[j]);
			expect_order(bases[i] + steps[j], bases[i]);
		}
	}
}

static void random_positions_keep_their_order(void **state)
{
	struct random r;

	(void)state;
	random_init_seed(&r, test_seed());
	for (unsigned i = 0; i < ROUNDS; i++) {
		int64_t x = (int64_t)(random_u64(&r) >> 2);
		// Near ones as often as far ones.
		int64_t distance = random_u32(&r) >> (1 + random_below(&r, 31));

		expect_order(x, x + distance);
		expect_order(x + distance, x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zero_comes_after_the_greatest),
		cmocka_unit_test(edges_of_half_the_circle_are_told_apart),
		cmocka_unit_test(random_positions_keep_their_order),
	};

	return cmocka_run_group_tests_name("tcp/seq", tests, NULL, NULL);
}

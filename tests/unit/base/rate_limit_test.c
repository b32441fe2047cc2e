// SPDX-License-Identifier: BSD-3-Clause
//
// The token bucket is exact to the nanosecond, saves no more than its burst, and survives every clock.
// The jittered one keeps the mean and hides how much of the budget is left (RFC 5961 10).
// Room: engine/base/rate_limit.
#include "base/rate_limit.h"

#include "base/clock.h"
#include "support/cmocka_headers.h"

// How many of a thousand tries at one moment pass.
static unsigned passing_at(struct rate_limit *limit, plx_time now)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < 1000; i++)
		passed += rate_limit_try(limit, now);
	return passed;
}

static void a_full_bucket_gives_its_burst(void **state)
{
	struct rate_limit limit;

	(void)state;
	rate_limit_init(&limit, 10, 25);
	assert_int_equal(passing_at(&limit, 77 * PLX_SECOND), 25);
	assert_int_equal(passing_at(&limit, 77 * PLX_SECOND), 0);
}

static void a_token_is_earned_to_the_nanosecond(void **state)
{
	struct rate_limit limit;

	(void)state;
	rate_limit_init(&limit, 3, 2);
	assert_int_equal(passing_at(&limit, 0), 2);
	assert_false(rate_limit_try(&limit, 333333333));
	assert_true(rate_limit_try(&limit, 333333334));
	assert_false(
		rate_limit_try(&limit, 666666666)); // two billionths of a token short of the next
	assert_true(rate_limit_try(&limit, 666666667));
}

static void polling_often_loses_nothing(void **state)
{
	struct rate_limit limit;
	unsigned passed = 0;

	(void)state;
	rate_limit_init(&limit, 7, 1);
	assert_true(rate_limit_try(&limit, 0));
	for (plx_time now = 1; now <= 10 * PLX_SECOND; now += 999983)
		passed += rate_limit_try(&limit, now);
	assert_in_range(passed, 69, 70);
}

static void idleness_saves_no_more_than_the_burst(void **state)
{
	struct rate_limit limit;

	(void)state;
	rate_limit_init(&limit, 100, 5);
	assert_int_equal(passing_at(&limit, 0), 5);
	assert_int_equal(passing_at(&limit, 49 * PLX_MILLISECOND), 4);
	assert_int_equal(passing_at(&limit, PLX_SECOND * 86400 * 365), 5);
	assert_int_equal(passing_at(&limit, PLX_TIME_NEVER), 5);
}

static void time_going_backwards_earns_nothing(void **state)
{
	struct rate_limit limit;

	(void)state;
	rate_limit_init(&limit, 1000, 10);
	assert_int_equal(passing_at(&limit, PLX_SECOND), 10);
	assert_int_equal(passing_at(&limit, PLX_SECOND / 2), 0);
	assert_int_equal(passing_at(&limit, PLX_SECOND), 0);
	assert_int_equal(passing_at(&limit, PLX_SECOND + PLX_MILLISECOND), 1);
}

static void zero_refuses_everything(void **state)
{
	struct rate_limit limit;

	(void)state;
	rate_limit_init(&limit, 0, 10);
	assert_int_equal(passing_at(&limit, 0), 0);
	assert_int_equal(passing_at(&limit, PLX_TIME_NEVER), 0);
	rate_limit_init(&limit, 10, 0);
	assert_int_equal(passing_at(&limit, 0), 0);
	assert_int_equal(passing_at(&limit, PLX_TIME_NEVER), 0);
}

static void the_largest_limits_do_not_overflow(void **state)
{
	struct rate_limit limit;

	(void)state;
	rate_limit_init(&limit, UINT32_MAX, UINT32_MAX);
	assert_int_equal(passing_at(&limit, 0), 1000);
	assert_int_equal(passing_at(&limit, PLX_TIME_NEVER - 1), 1000);
	assert_true(limit.credit <= limit.credit_max);
	rate_limit_init(&limit, 1, UINT32_MAX);
	limit.credit = 0;
	assert_int_equal(passing_at(&limit, 3 * PLX_SECOND), 3);
}

// Tries far more often than the limit for some seconds; what passed in each.
static void passing_by_second(struct rate_limit *limit, struct random *random, unsigned *passed,
			      unsigned seconds)
{
	for (unsigned s = 0; s < seconds; s++) {
		passed[s] = 0;
		for (unsigned i = 0; i < 5000; i++)
			passed[s] += rate_limit_try_jittered(
				limit, s * PLX_SECOND + i * (PLX_SECOND / 5000), random);
	}
}

static void jitter_keeps_the_mean_and_hides_the_count(void **state)
{
	enum { SECONDS = 400, RATE = 100 };
	unsigned passed[SECONDS], total = 0, repeated = 0;
	struct rate_limit limit;
	struct random random;

	(void)state;
	random_init_seed(&random, 5);
	rate_limit_init(&limit, RATE, RATE);
	passing_by_second(&limit, &random, passed, SECONDS);
	for (unsigned s = 1; s < SECONDS; s++) {
		total += passed[s];
		repeated += passed[s] == passed[s - 1];
	}
	assert_in_range(total, (SECONDS - 1) * RATE * 99 / 100, (SECONDS - 1) * RATE * 101 / 100);
	assert_true(repeated < SECONDS / 10);
}

static void jitter_leaves_the_smallest_bucket_its_token(void **state)
{
	struct rate_limit limit;
	struct random random;

	(void)state;
	random_init_seed(&random, 6);
	rate_limit_init(&limit, 10, 1);
	for (unsigned i = 0; i < 100; i++)
		assert_true(rate_limit_try_jittered(&limit, i * 100 * PLX_MILLISECOND, &random));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_bucket_gives_its_burst),
		cmocka_unit_test(a_token_is_earned_to_the_nanosecond),
		cmocka_unit_test(polling_often_loses_nothing),
		cmocka_unit_test(idleness_saves_no_more_than_the_burst),
		cmocka_unit_test(time_going_backwards_earns_nothing),
		cmocka_unit_test(zero_refuses_everything),
		cmocka_unit_test(the_largest_limits_do_not_overflow),
		cmocka_unit_test(jitter_keeps_the_mean_and_hides_the_count),
		cmocka_unit_test(jitter_leaves_the_smallest_bucket_its_token),
	};

	return cmocka_run_group_tests_name("base/rate_limit", tests, NULL, NULL);
}

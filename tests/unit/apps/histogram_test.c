// SPDX-License-Identifier: BSD-3-Clause
//
// The histogram against the values themselves, sorted: every percentile is within a thousandth of
// the exact one, and never below it.
// Room: apps/histogram.
#include "support/cmocka_headers.h"

#include <stdlib.h>

#include "apps/histogram.h"
#include "support/seed.h"

#define VALUES 100000

static struct histogram histogram, other;
static uint64_t values[VALUES];

static uint64_t next_random(void)
{
	static uint64_t x;

	if (x == 0)
		x = test_seed() | 1;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t exact_percentile(uint32_t thousandths)
{
	uint64_t rank = ((uint64_t)VALUES * thousandths + 99999) / 100000;

	return values[rank == 0 ? 0 : rank - 1];
}

static void check_percentiles(void)
{
	static const uint32_t asked[] = {0,	1,     1000,  25000, 50000,
					 90000, 99000, 99900, 99999, 100000};

	qsort(values, VALUES, sizeof(values[0]), compare);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		uint64_t exact = exact_percentile(asked[i]);
		uint64_t found = histogram_percentile(&histogram, asked[i]);

		assert_true(found >= exact);
		assert_true(found - exact <= exact / 1000);
	}
	assert_int_equal(histogram.min, values[0]);
	assert_int_equal(histogram.max, values[VALUES - 1]);
	assert_int_equal(histogram_percentile(&histogram, 100000), values[VALUES - 1]);
}

static void percentiles_of_any_magnitude_are_known_to_a_thousandth(void **state)
{
	(void)state;
	histogram_init(&histogram);
	for (unsigned i = 0; i < VALUES; i++) {
		values[i] = next_random()
			>> (22 + next_random() % 42); // 1 ns to an hour, log-uniform
		histogram_record(&histogram, values[i]);
	}
	check_percentiles();
}

static void percentiles_of_one_magnitude_are_known_to_a_thousandth(void **state)
{
	(void)state;
	histogram_init(&histogram);
	for (unsigned i = 0; i < VALUES; i++) {
		values[i] = 20000 + next_random() % 5000;
		histogram_record(&histogram, values[i]);
	}
	check_percentiles();
}

static void cells_follow_each_other_without_gap_or_overlap(void **state)
{
	(void)state;
	for (unsigned bit = 1; bit < HISTOGRAM_VALUE_BITS; bit++) {
		uint64_t value = UINT64_C(1) << bit;

		assert_int_equal(histogram_cell(value), histogram_cell(value - 1) + 1);
	}
	for (uint64_t value = 0; value < 2048; value++)
		assert_int_equal(histogram_cell(value), value);
	assert_int_equal(histogram_cell((UINT64_C(1) << HISTOGRAM_VALUE_BITS) - 1),
			 HISTOGRAM_CELLS - 1);
}

static void values_beyond_the_range_share_the_last_cell_and_keep_the_maximum(void **state)
{
	(void)state;
	histogram_init(&histogram);
	histogram_record(&histogram, 7);
	histogram_record(&histogram, UINT64_MAX);
	assert_int_equal(histogram.cells[HISTOGRAM_CELLS - 1], 1);
	assert_int_equal(histogram_percentile(&histogram, 50000), 7);
	assert_int_equal(histogram_percentile(&histogram, 50001), UINT64_MAX);
}

static void an_empty_histogram_has_no_percentiles(void **state)
{
	(void)state;
	histogram_init(&histogram);
	assert_int_equal(histogram_percentile(&histogram, 50000), 0);
	assert_int_equal(histogram_percentile(&histogram, 100000), 0);
}

static void merged_histograms_are_the_histogram_of_all_values(void **state)
{
	(void)state;
	histogram_init(&histogram);
	histogram_init(&other);
	for (unsigned i = 0; i < VALUES; i++) {
		values[i] = next_random() >> (22 + next_random() % 42);
		histogram_record(i % 3 == 0 ? &histogram : &other, values[i]);
	}
	histogram_merge(&histogram, &other);
	assert_int_equal(histogram.count, VALUES);
	check_percentiles();
	histogram_init(&other);
	histogram_merge(&histogram, &other);
	check_percentiles();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_of_any_magnitude_are_known_to_a_thousandth),
		cmocka_unit_test(percentiles_of_one_magnitude_are_known_to_a_thousandth),
		cmocka_unit_test(cells_follow_each_other_without_gap_or_overlap),
		cmocka_unit_test(values_beyond_the_range_share_the_last_cell_and_keep_the_maximum),
		cmocka_unit_test(an_empty_histogram_has_no_percentiles),
		cmocka_unit_test(merged_histograms_are_the_histogram_of_all_values),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}

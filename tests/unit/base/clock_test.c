// SPDX-License-Identifier: BSD-3-Clause
//
// Time saturates at both ends, never stays never, and units round down. Counters add
// up, and names of lists come out in lower case.
// Rooms: engine/base/clock, engine/base/counter, engine/base/lower_name.
#include "base/clock.h"
#include "base/counter.h"
#include "base/lower_name.h"

#include "support/cmocka_headers.h"

static void sums_stop_at_never(void **state)
{
	(void)state;
	assert_int_equal(time_add(5, 7), 12);
	assert_int_equal(time_add(PLX_TIME_NEVER - 1, 1), PLX_TIME_NEVER);
	assert_int_equal(time_add(PLX_TIME_NEVER - 1, 2), PLX_TIME_NEVER);
	assert_int_equal(time_add(PLX_TIME_NEVER, PLX_SECOND), PLX_TIME_NEVER);
}

static void differences_stop_at_zero(void **state)
{
	(void)state;
	assert_int_equal(time_subtract(12, 7), 5);
	assert_int_equal(time_subtract(7, 12), 0);
	assert_int_equal(time_subtract(PLX_TIME_NEVER, 12), PLX_TIME_NEVER);
	assert_int_equal(time_since(12, 7), 5);
	assert_int_equal(time_since(7, 12), 0);
	assert_int_equal(time_until(12, 7), 5);
	assert_int_equal(time_until(7, 12), 0);
	assert_int_equal(time_until(PLX_TIME_NEVER, 12), PLX_TIME_NEVER);
}

static void a_deadline_is_due_at_its_nanosecond(void **state)
{
	(void)state;
	assert_false(time_is_due(10, 9));
	assert_true(time_is_due(10, 10));
	assert_true(time_is_before(9, 10));
	assert_false(time_is_before(10, 10));
	assert_int_equal(time_min(9, 10), 9);
	assert_int_equal(time_max(9, 10), 10);
}

static void the_largest_counts_of_units_fit(void **state)
{
	(void)state;
	assert_int_equal(duration_from_us(UINT32_MAX), UINT64_C(4294967295000));
	assert_int_equal(duration_from_ms(UINT32_MAX), UINT64_C(4294967295000000));
	assert_int_equal(duration_from_s(UINT32_MAX), UINT64_C(4294967295000000000));
	assert_int_equal(duration_to_us(1999), 1);
	assert_int_equal(duration_to_ms(1999999), 1);
	assert_int_equal(duration_to_s(1999999999), 1);
}

static void a_counter_adds_up(void **state)
{
	uint64_t counters[2] = {0, UINT32_MAX};

	(void)state;
	counter_add(&counters[1], 3);
	counter_add(&counters[1], 4);
	assert_int_equal(counter_read(&counters[1]), UINT64_C(0x100000006));
	assert_int_equal(counter_read(&counters[0]), 0);
}

static void a_lower_name_ends_in_zeros(void **state)
{
	static const char LONGEST[LOWER_NAME_BYTES] = LOWER_NAME(ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123);
	static const char SHORT[LOWER_NAME_BYTES] = LOWER_NAME(TCP_Q9z);

	(void)state;
	assert_string_equal(LONGEST, "abcdefghijklmnopqrstuvwxyz_0123");
	assert_string_equal(SHORT, "tcp_q9z");
	for (unsigned i = sizeof("tcp_q9z"); i < LOWER_NAME_BYTES; i++)
		assert_int_equal(SHORT[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_stop_at_never),
		cmocka_unit_test(differences_stop_at_zero),
		cmocka_unit_test(a_deadline_is_due_at_its_nanosecond),
		cmocka_unit_test(the_largest_counts_of_units_fit),
		cmocka_unit_test(a_counter_adds_up),
		cmocka_unit_test(a_lower_name_ends_in_zeros),
	};

	return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}

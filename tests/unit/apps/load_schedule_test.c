// SPDX-License-Identifier: BSD-3-Clause
//
// The schedule of an open loop against its definition: request k of R per second is due k/R seconds
// after the start, whoever asks and however late.
// Room: apps/load_schedule.
#include "support/cmocka_headers.h"

#include "apps/load_schedule.h"
#include "support/seed.h"

#define START 123456789012345

typedef unsigned __int128 wide;

static plx_time due_of(uint64_t k, uint64_t rate)
{
	return START + (plx_time)((wide)k * PLX_SECOND / rate);
}

static struct load_schedule started(uint64_t rate, uint32_t index, uint32_t count,
				    plx_duration duration)
{
	struct load_schedule schedule;

	load_schedule_init(&schedule, rate, index, count);
	load_schedule_start(&schedule, START, duration);
	return schedule;
}

static void every_request_is_due_at_its_exact_time(void **state)
{
	static const uint64_t rates[] = {1, 3, 7, 1000, 333333, 1000003, 999999937, 1000000000};

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct load_schedule schedule = started(rates[i], 0, 1, 0);

		for (uint64_t k = 0; k < 200000; k++)
			assert_int_equal(load_schedule_take(&schedule), due_of(k, rates[i]));
	}
}

static void ten_million_requests_do_not_drift(void **state)
{
	struct load_schedule schedule = started(3000001, 0, 1, 0);

	(void)state;
	for (uint64_t k = 0; k < 10000000; k++)
		load_schedule_take(&schedule);
	assert_int_equal(schedule.next, due_of(10000000, 3000001));
}

static uint64_t take_all(struct load_schedule *schedule)
{
	uint64_t count = 0;

	while (schedule->next != PLX_TIME_NEVER) {
		assert_true(load_schedule_take(schedule) < START + 10 * PLX_SECOND);
		count++;
	}
	return count;
}

static void so_many_seconds_at_such_a_rate_have_exactly_their_product(void **state)
{
	struct load_schedule schedule;

	(void)state;
	schedule = started(1000, 0, 1, 10 * PLX_SECOND);
	assert_int_equal(take_all(&schedule), 10000);
	schedule = started(999983, 0, 1, PLX_SECOND);
	assert_int_equal(take_all(&schedule), 999983);
	schedule = started(3, 0, 1, 3 * PLX_SECOND);
	assert_int_equal(take_all(&schedule), 9);
	schedule = started(1, 0, 1, 1); // the first is due at the start
	assert_int_equal(take_all(&schedule), 1);
	schedule = started(3, 0, 1, 333333334); // the second after 333333333 1/3 ns
	assert_int_equal(take_all(&schedule), 2);
	schedule = started(3, 0, 1, 333333333);
	assert_int_equal(take_all(&schedule), 1);
}

static void workers_together_have_each_request_once(void **state)
{
	const uint64_t rate = 100003;
	const uint32_t workers = 7;
	struct load_schedule schedules[7];
	uint64_t total = 0;

	(void)state;
	for (uint32_t i = 0; i < workers; i++)
		schedules[i] = started(rate, i, workers, 2 * PLX_SECOND);
	for (uint64_t k = 0; k < 2 * rate; k++)
		assert_int_equal(load_schedule_take(&schedules[k % workers]), due_of(k, rate));
	for (uint32_t i = 0; i < workers; i++) {
		assert_int_equal(schedules[i].next, PLX_TIME_NEVER);
		total += schedules[i].taken;
	}
	assert_int_equal(total, 2 * rate);
}

static void a_worker_beyond_the_last_request_has_none(void **state)
{
	struct load_schedule schedule = started(2, 5, 6, PLX_SECOND);

	(void)state;
	assert_int_equal(schedule.next, PLX_TIME_NEVER);
	assert_int_equal(load_schedule_end(&schedule, START + PLX_SECOND), 0);
}

// Whenever somebody looks, what is due has been due at its own time, not at the time of the look.
static void stalls_lose_no_request_and_move_none(void **state)
{
	const uint64_t rate = 70001;
	struct load_schedule schedule = started(rate, 0, 1, 5 * PLX_SECOND);
	uint64_t x = test_seed() | 1;
	uint64_t k = 0;

	(void)state;
	for (plx_time now = START; k < 5 * rate;) {
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
		now += (x >> 33) % 4 == 0 ? 100 * PLX_MILLISECOND : (x >> 40) % 50000;
		while (schedule.next <= now)
			assert_int_equal(load_schedule_take(&schedule), due_of(k++, rate));
		assert_true(k == 5 * rate || due_of(k, rate) > now);
	}
	assert_int_equal(k, 5 * rate);
	assert_int_equal(schedule.next, PLX_TIME_NEVER);
}

static void the_end_counts_what_was_due_and_not_taken(void **state)
{
	const uint64_t rate = 333331;
	uint64_t x = test_seed() | 1;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		uint32_t count = 1 + round % 5;
		uint32_t index = round % count;
		struct load_schedule schedule = started(rate, index, count,
							round % 2 ? 0 : 50 * PLX_MILLISECOND);
		uint64_t due = 0;

		x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
		plx_time now = START + (x >> 33) % (100 * PLX_MILLISECOND);

		for (uint64_t k = index; due_of(k, rate) <= now; k += count)
			due += round % 2 || due_of(k, rate) < START + 50 * PLX_MILLISECOND;
		uint64_t taken = due / 3;

		for (uint64_t i = 0; i < taken; i++)
			load_schedule_take(&schedule);
		assert_int_equal(load_schedule_end(&schedule, now), due - taken);
		assert_int_equal(schedule.next, PLX_TIME_NEVER);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_request_is_due_at_its_exact_time),
		cmocka_unit_test(ten_million_requests_do_not_drift),
		cmocka_unit_test(so_many_seconds_at_such_a_rate_have_exactly_their_product),
		cmocka_unit_test(workers_together_have_each_request_once),
		cmocka_unit_test(a_worker_beyond_the_last_request_has_none),
		cmocka_unit_test(stalls_lose_no_request_and_move_none),
		cmocka_unit_test(the_end_counts_what_was_due_and_not_taken),
	};

	return cmocka_run_group_tests_name("load_schedule", tests, NULL, NULL);
}

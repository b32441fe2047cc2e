// SPDX-License-Identifier: BSD-3-Clause
//
// The clock of the workers: nanoseconds whatever the counter's frequency, for years, and in step
// with the kernel's.
#include "drivers/clock.h"

#include <time.h>

#include "support/cmocka_headers.h"
#include "support/eal_main.h"

static void ticks_become_nanoseconds_for_years(void **state)
{
	// 2.5 GHz: 0.4 ns a tick.
	struct tsc_clock clock = {.origin_tsc = 1000, .ns_per_tick_q32 = (4ull << 32) / 10};
	const uint64_t ten_years_s = 10ull * 365 * 24 * 3600;
	plx_time late = tsc_clock_at(&clock, 1000 + ten_years_s * 2500000000ull);

	(void)state;
	assert_int_equal(tsc_clock_at(&clock, 1000), PLX_SECOND);
	assert_int_equal(tsc_clock_at(&clock, 1000 + 2500), PLX_SECOND + 999); // rounded down
	assert_true(late <= PLX_SECOND + ten_years_s * PLX_SECOND);
	assert_true(late > PLX_SECOND + ten_years_s * PLX_SECOND - PLX_SECOND);
}

static uint64_t kernel_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (uint64_t)now.tv_sec * PLX_SECOND + (uint64_t)now.tv_nsec;
}

// True when both clocks saw as much time pass, to a hundredth.
static bool agrees_with_the_kernel(const struct tsc_clock *clock)
{
	uint64_t kernel_before = kernel_now(), kernels, ours;
	plx_time before = tsc_clock_now(clock);

	while (kernel_now() - kernel_before < 20 * PLX_MILLISECOND)
		continue;
	ours = tsc_clock_now(clock) - before;
	kernels = kernel_now() - kernel_before;
	return ours > kernels - kernels / 100 && ours < kernels + kernels / 100;
}

static void it_goes_as_fast_as_the_kernels(void **state)
{
	struct tsc_clock clock = tsc_clock_start();
	unsigned agreed = 0;

	(void)state;
	// The processor may be taken away between two readings; a wrong frequency never agrees.
	for (unsigned i = 0; i < 20 && agreed == 0; i++)
		agreed += agrees_with_the_kernel(&clock);
	assert_int_equal(agreed, 1);
}

static void it_never_goes_back(void **state)
{
	struct tsc_clock clock = tsc_clock_start();
	plx_time last = 0;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		plx_time now = tsc_clock_now(&clock);

		assert_true(now >= last);
		last = now;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_become_nanoseconds_for_years),
		cmocka_unit_test(it_goes_as_fast_as_the_kernels),
		cmocka_unit_test(it_never_goes_back),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("drivers/clock", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Nanoseconds from the processor's time stamp counter, scaled once: one multiplication a reading,
// the same on every lcore, never backwards on one. Starts at one second, so that 0 stays "at once".
// Called by the worker's loop and by bring-up; the engine itself reads no clock.
#ifndef DRIVERS_CLOCK_H
#define DRIVERS_CLOCK_H

#include <rte_cycles.h>

#include <pollux/types.h>

struct tsc_clock {
	uint64_t origin_tsc;
	uint64_t ns_per_tick_q32; // nanoseconds a tick, 32 bits behind the point
};

__extension__ typedef unsigned __int128 tsc_clock_product;

static inline plx_time tsc_clock_at(const struct tsc_clock *clock, uint64_t tsc)
{
	tsc_clock_product product = (tsc_clock_product)(tsc - clock->origin_tsc)
		* clock->ns_per_tick_q32;

	return PLX_SECOND + (plx_time)(product >> 32);
}

static inline plx_time tsc_clock_now(const struct tsc_clock *clock)
{
	return tsc_clock_at(clock, rte_rdtsc());
}

// After the EAL is up: it measures the counter's frequency.
static inline struct tsc_clock tsc_clock_start(void)
{
	uint64_t tsc_per_second = rte_get_tsc_hz();

	return (struct tsc_clock){
		.origin_tsc = rte_rdtsc(),
		.ns_per_tick_q32 =
			(uint64_t)((((tsc_clock_product)PLX_SECOND) << 32) / tsc_per_second),
	};
}

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// The divisions of the schedule: once at the start, once at the end. Products of a rate and a time
// need 128 bits.
// Called by load.
#include "apps/load_schedule.h"

typedef unsigned __int128 wide;

// How many requests of the whole load are due before `duration` has passed: k / rate < duration.
static uint64_t count_before(uint64_t rate_per_s, plx_duration duration)
{
	return (uint64_t)(((wide)rate_per_s * duration + PLX_SECOND - 1) / PLX_SECOND);
}

// How many of the first n requests are this worker's.
static uint64_t count_share(const struct load_schedule *schedule, uint64_t n)
{
	uint64_t index = schedule->share_index;
	uint64_t count = schedule->share_count;

	return n > index ? (n - index - 1) / count + 1 : 0;
}

void load_schedule_init(struct load_schedule *schedule, uint64_t rate_per_s, uint32_t share_index,
			uint32_t share_count)
{
	wide step = (wide)share_count * PLX_SECOND;

	*schedule = (struct load_schedule){.next = PLX_TIME_NEVER,
					   .step = (plx_duration)(step / rate_per_s),
					   .step_fraction = (uint64_t)(step % rate_per_s),
					   .rate_per_s = rate_per_s,
					   .share_index = share_index,
					   .share_count = share_count};
}

void load_schedule_start(struct load_schedule *schedule, plx_time start, plx_duration duration)
{
	wide offset = (wide)schedule->share_index * PLX_SECOND;

	schedule->start = start;
	schedule->taken = 0;
	schedule->total = duration == 0
		? UINT64_MAX
		: count_share(schedule, count_before(schedule->rate_per_s, duration));
	schedule->next = start + (plx_duration)(offset / schedule->rate_per_s);
	schedule->next_fraction = (uint64_t)(offset % schedule->rate_per_s);
	if (schedule->total == 0)
		schedule->next = PLX_TIME_NEVER;
}

uint64_t load_schedule_end(struct load_schedule *schedule, plx_time now)
{
	// k / rate rounded down <= passed is the same as k / rate < passed + 1 ns.
	plx_duration passed = now - schedule->start;
	uint64_t due = count_share(schedule, count_before(schedule->rate_per_s, passed + 1));

	schedule->next = PLX_TIME_NEVER;
	if (due > schedule->total)
		due = schedule->total;
	schedule->total = schedule->taken;
	return due - schedule->taken;
}

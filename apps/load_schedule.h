// SPDX-License-Identifier: BSD-3-Clause
//
// When the requests of an open loop are due. Request k of R per second is due k/R seconds after the
// start, rounded down to the nanosecond: computed by whole numbers and a remainder that is carried,
// so that neither drift nor a rounding error grows, and without a division while it runs. Worker i
// of W has the requests i, i+W, i+2W ...: together they have each exactly once. The schedule is its
// own queue: requests nobody could take yet are the ones before now.
// Called by load.
#ifndef APPS_LOAD_SCHEDULE_H
#define APPS_LOAD_SCHEDULE_H

#include <pollux/types.h>

struct load_schedule {
	plx_time next; // when the first request not taken is due; PLX_TIME_NEVER = none is left
	uint64_t next_fraction; // what was rounded off `next`, in ns / rate_per_s
	plx_duration step;	// between two requests of this worker
	uint64_t step_fraction;
	uint64_t rate_per_s;
	uint64_t taken;
	uint64_t total; // UINT64_MAX = without end
	plx_time start;
	uint32_t share_index;
	uint32_t share_count;
};

// Every request that is due before start + duration; duration 0 = without end. rate_per_s > 0,
// share_index < share_count.
void load_schedule_init(struct load_schedule *schedule, uint64_t rate_per_s, uint32_t share_index,
			uint32_t share_count);
void load_schedule_start(struct load_schedule *schedule, plx_time start, plx_duration duration);

// Takes the next request and returns when it was due. Only when `next` is not PLX_TIME_NEVER.
static inline plx_time load_schedule_take(struct load_schedule *schedule)
{
	plx_time due = schedule->next;

	schedule->next += schedule->step;
	schedule->next_fraction += schedule->step_fraction;
	if (schedule->next_fraction >= schedule->rate_per_s) {
		schedule->next_fraction -= schedule->rate_per_s;
		schedule->next++;
	}
	if (++schedule->taken == schedule->total)
		schedule->next = PLX_TIME_NEVER;
	return due;
}

// No more requests. Returns how many were due by `now` and not taken.
uint64_t load_schedule_end(struct load_schedule *schedule, plx_time now);

#endif

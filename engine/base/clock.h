// SPDX-License-Identifier: BSD-3-Clause
//
// Arithmetic on plx_time and plx_duration that cannot wrap: PLX_TIME_NEVER stays never, a clock that
// steps back gives zero. Nothing here reads a clock, `now` always comes from the embedder.
// Called by every room that knows time.
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <pollux/types.h>

static inline bool time_is_before(plx_time a, plx_time b)
{
	return a < b;
}

static inline bool time_is_due(plx_time deadline, plx_time now)
{
	return deadline <= now;
}

static inline plx_time time_min(plx_time a, plx_time b)
{
	return a < b ? a : b;
}

static inline plx_time time_max(plx_time a, plx_time b)
{
	return a > b ? a : b;
}

// Saturates at PLX_TIME_NEVER.
static inline plx_time time_add(plx_time t, plx_duration d)
{
	plx_time sum = t + d;

	return sum < t ? PLX_TIME_NEVER : sum;
}

// Saturates at the beginning of time; never stays never.
static inline plx_time time_subtract(plx_time t, plx_duration d)
{
	if (t == PLX_TIME_NEVER)
		return t;
	return t > d ? t - d : 0;
}

// How long ago `then` was; 0 when it lies ahead.
static inline plx_duration time_since(plx_time now, plx_time then)
{
	return now > then ? now - then : 0;
}

// How long until `deadline`; 0 when it is due, PLX_TIME_NEVER when it never comes.
static inline plx_duration time_until(plx_time deadline, plx_time now)
{
	if (deadline == PLX_TIME_NEVER)
		return PLX_TIME_NEVER;
	return deadline > now ? deadline - now : 0;
}

static inline plx_duration duration_from_us(uint32_t us)
{
	return us * PLX_MICROSECOND;
}

static inline plx_duration duration_from_ms(uint32_t ms)
{
	return ms * PLX_MILLISECOND;
}

static inline plx_duration duration_from_s(uint32_t s)
{
	return s * PLX_SECOND;
}

// Whole units, rounded down.
static inline uint64_t duration_to_us(plx_duration d)
{
	return d / PLX_MICROSECOND;
}

static inline uint64_t duration_to_ms(plx_duration d)
{
	return d / PLX_MILLISECOND;
}

static inline uint64_t duration_to_s(plx_duration d)
{
	return d / PLX_SECOND;
}

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// The rate is cwnd per smoothed round-trip time, doubled in slow start, so that the window can double, and 6/5 of
// it afterwards, so that it can be filled. The deadline is 32 bits of microseconds; one that lies too far ahead
// is one that the clock has wrapped around.
// Called by tcp/output and tcp/timers.
#include "tcp/pacing.h"

#include "tcp/slow_start.h"

#define BURST_US 500
#define AHEAD_MAX_US \
	2000000 // 536 s is the longest round trip; nobody waits for that between segments

static uint32_t now_us(const struct tcp *tcp)
{
	return (uint32_t)duration_to_us(tcp->now);
}

// How far ahead of the schedule the sender is.
static uint32_t ahead_us(const struct tcp *tcp, const struct tcp_conn *c)
{
	int32_t ahead = (int32_t)(c->pace_until_us - now_us(tcp));

	return c->pace_until_us == 0 || ahead < 0 || ahead > AHEAD_MAX_US ? 0 : (uint32_t)ahead;
}

uint64_t pacing_rate(const struct tcp_conn *c)
{
	uint64_t window = is_in_slow_start(c) ? 2 * (uint64_t)c->cwnd : (uint64_t)c->cwnd * 6 / 5;

	if (!c->is_paced || c->rtt.srtt_8th_us < 8)
		return 0;
	return window * 8 * 1000000 / c->rtt.srtt_8th_us;
}

bool pacing_holds(const struct tcp *tcp, const struct tcp_conn *c)
{
	return c->is_paced && ahead_us(tcp, c) > BURST_US;
}

uint32_t pacing_segments(const struct tcp *tcp, const struct tcp_conn *c, uint32_t segment_bytes)
{
	uint32_t ahead = ahead_us(tcp, c);
	uint32_t left_us = ahead < BURST_US ? BURST_US - ahead : 0;
	uint64_t rate = pacing_rate(c);
	uint64_t segments = rate * left_us / 1000000 / segment_bytes + 1;

	return rate != 0 && segments < UINT32_MAX ? (uint32_t)segments : UINT32_MAX;
}

void pacing_on_sent(const struct tcp *tcp, struct tcp_conn *c, uint32_t len_bytes)
{
	uint64_t rate = pacing_rate(c);
	uint64_t takes_us;

	if (rate == 0)
		return;
	takes_us = (uint64_t)len_bytes * 1000000 / rate + ahead_us(tcp, c);
	if (takes_us > AHEAD_MAX_US)
		takes_us = AHEAD_MAX_US;
	c->pace_until_us = now_us(tcp) + (uint32_t)takes_us;
	if (c->pace_until_us == 0)
		c->pace_until_us = 1;
}

plx_time pacing_until(const struct tcp *tcp, const struct tcp_conn *c)
{
	if (!c->is_paced || c->queue.unsent == INDEX_NONE || !pacing_holds(tcp, c))
		return PLX_TIME_NEVER;
	return time_add(tcp->now, duration_from_us(ahead_us(tcp, c)));
}

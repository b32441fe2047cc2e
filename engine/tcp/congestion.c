// SPDX-License-Identifier: BSD-3-Clause
//
// The table of congestion controls, and what RFC 5681 and RFC 6928 say of all of them.
// Called by the rooms that learn of acknowledgements and losses.
#include "tcp/congestion.h"

#include <errno.h>
#include <string.h>

#include <pollux/option.h>

#include "tcp/slow_start.h"

// Far above any path's product; keeps sums of windows within 32 bits.
#define CWND_MAX (UINT32_C(1) << 30)

enum {
	SSTHRESH_SEGMENTS_MIN = 2, // RFC 5681 equation 4
	BURST_SEGMENTS = 10,
	ORDINARY_SEGMENT_BYTES = 1460, // of RFC 6928 2
};

static const struct congestion_ops *const table[CONGESTION_COUNT] = {
	[CONGESTION_NEWRENO] = &congestion_newreno,
	[CONGESTION_FIXED] = &congestion_fixed,
	[CONGESTION_CUBIC] = &congestion_cubic,
	[CONGESTION_DCTCP] = &congestion_dctcp,
};

int plx_congestion_index(const char *name)
{
	for (int i = 0; i < CONGESTION_COUNT; i++)
		if (strcmp(table[i]->name, name) == 0)
			return i;
	return -EINVAL;
}

const char *plx_congestion_name(unsigned index)
{
	return index < CONGESTION_COUNT ? table[index]->name : NULL;
}

const struct congestion_ops *congestion_by_index(unsigned index)
{
	return table[index];
}

// RFC 6928 2, equation 1, for any number of segments: large ones count for fewer.
uint32_t congestion_initial_window(const struct tcp_conn *c, uint32_t segments)
{
	uint32_t bytes = segments * (uint32_t)ORDINARY_SEGMENT_BYTES;
	uint32_t least = 2u * c->mss;

	if (bytes < least)
		bytes = least;
	return segments * c->mss < bytes ? segments * c->mss : bytes;
}

void congestion_begin(struct tcp_conn *c, uint32_t segments)
{
	c->cwnd = congestion_initial_window(c, segments);
	c->ssthresh = SSTHRESH_UNKNOWN;
	c->recover = c->snd.una - 1; // the SYN: RFC 6582 3.2 step 1
	slow_start_begin(c);
	congestion_of(c)->init(c);
}

void congestion_change(struct tcp_conn *c, unsigned index)
{
	bool was_fixed = congestion_of(c)->is_fixed;

	c->congestion = index & 7;
	congestion_of(c)->init(c);
	if (c->ssthresh == SSTHRESH_UNKNOWN)
		slow_start_begin(c);
	if (was_fixed && !congestion_of(c)->is_fixed)
		c->cwnd = conn_unacked(c) > c->mss ? conn_unacked(c)
						   : c->mss; // its window meant nothing
}

void congestion_on_ack(struct tcp_conn *c, const struct ack_news *news)
{
	if (c->cwnd < CWND_MAX)
		congestion_of(c)->on_ack(c, news);
}

static uint32_t at_least_two(const struct tcp_conn *c, uint32_t ssthresh)
{
	uint32_t least = (uint32_t)SSTHRESH_SEGMENTS_MIN * c->mss;

	return ssthresh > least ? ssthresh : least;
}

uint32_t congestion_ssthresh(struct tcp_conn *c, uint32_t flight_bytes)
{
	return at_least_two(c, congestion_of(c)->ssthresh(c, flight_bytes));
}

uint32_t congestion_ssthresh_on_mark(struct tcp_conn *c)
{
	const struct congestion_ops *ops = congestion_of(c);
	uint32_t flight = conn_unacked(c) < c->cwnd ? conn_unacked(c) : c->cwnd;

	if (ops->ssthresh_on_mark == NULL)
		return congestion_ssthresh(c, flight);
	return at_least_two(c, ops->ssthresh_on_mark(c));
}

static void on_restart(struct tcp_conn *c)
{
	if (congestion_of(c)->on_restart != NULL)
		congestion_of(c)->on_restart(c);
}

void congestion_on_idle(struct tcp_conn *c, uint32_t segments)
{
	uint32_t restart = congestion_initial_window(c, segments);

	if (congestion_of(c)->is_fixed || c->cwnd <= restart)
		return;
	c->cwnd = restart;
	on_restart(c);
}

void congestion_on_timeout(struct tcp_conn *c, bool is_first)
{
	if (congestion_of(c)->is_fixed)
		return;
	if (is_first)
		c->ssthresh = congestion_ssthresh(c, conn_flight(c));
	c->cwnd = c->mss;
	if (congestion_of(c)->on_timeout != NULL)
		congestion_of(c)->on_timeout(c);
}

void congestion_on_overshoot(struct tcp_conn *c, uint32_t ssthresh, uint32_t cwnd)
{
	if (congestion_of(c)->is_fixed)
		return;
	c->ssthresh = at_least_two(c, ssthresh);
	c->cwnd = cwnd < c->ssthresh ? cwnd : c->ssthresh;
}

void congestion_limit_burst(struct tcp_conn *c)
{
	uint32_t most = conn_unacked(c) + (uint32_t)BURST_SEGMENTS * c->mss;

	if (c->cwnd > most)
		congestion_set_cwnd(c, most);
}

void congestion_set_cwnd(struct tcp_conn *c, uint32_t cwnd)
{
	if (!congestion_of(c)->is_fixed)
		c->cwnd = cwnd;
}

void congestion_restore(struct tcp_conn *c, uint32_t cwnd, uint32_t ssthresh)
{
	c->ssthresh = ssthresh;
	if (ssthresh == SSTHRESH_UNKNOWN)
		slow_start_begin(c);
	if (congestion_of(c)->is_fixed)
		return;
	c->cwnd = cwnd;
	on_restart(c);
}

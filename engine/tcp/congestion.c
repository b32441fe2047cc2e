// SPDX-License-Identifier: BSD-3-Clause
//
// The table of congestion controls, and what RFC 5681 and RFC 6928 say of all of them.
// Called by the rooms that learn of acknowledgements and losses.
#include "tcp/congestion.h"

#include <errno.h>
#include <string.h>

#include <pollux/option.h>

static const struct congestion_ops *const table[CONGESTION_COUNT] = {
	[CONGESTION_NEWRENO] = &congestion_newreno,
	[CONGESTION_FIXED] = &congestion_fixed,
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

const struct congestion_ops *congestion_of(const struct tcp_conn *c)
{
	return table[c->congestion];
}

void congestion_begin(struct tcp_conn *c, uint32_t segments)
{
	c->cwnd = segments * c->mss;
	c->ssthresh = UINT32_MAX;
	c->recover = c->snd.una - 1; // the SYN: RFC 6582 3.2 step 1
	congestion_of(c)->init(c);
}

void congestion_on_idle(struct tcp_conn *c, uint32_t segments)
{
	uint32_t restart = segments * c->mss;

	if (!congestion_of(c)->is_fixed && c->cwnd > restart)
		c->cwnd = restart;
}

void congestion_on_timeout(struct tcp_conn *c, bool is_first)
{
	const struct congestion_ops *ops = congestion_of(c);

	if (ops->is_fixed)
		return;
	if (is_first)
		c->ssthresh = ops->ssthresh(c, conn_flight(c));
	c->cwnd = c->mss;
}

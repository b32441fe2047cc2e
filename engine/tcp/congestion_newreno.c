// SPDX-License-Identifier: BSD-3-Clause
//
// Reno's window of RFC 5681 3.1 with appropriate byte counting (RFC 3465): slow start by at most two
// segments per ACK, congestion avoidance by one segment per window acknowledged.
// Called through the table of tcp/congestion.
#include "tcp/congestion.h"

struct newreno {
	uint32_t acked_bytes; // towards the next increase (RFC 3465 2.1)
};
static_assert(sizeof(struct newreno) <= CONGESTION_STATE_BYTES, "fits the connection");

// Far above any path's product; keeps sums of windows within 32 bits.
#define CWND_MAX (UINT32_C(1) << 30)

static struct newreno *state_of(struct tcp_conn *c)
{
	return (struct newreno *)(void *)c->congestion_state;
}

static void init(struct tcp_conn *c)
{
	state_of(c)->acked_bytes = 0;
}

static void on_ack(struct tcp_conn *c, const struct ack_news *news)
{
	struct newreno *reno = state_of(c);

	// RFC 7661's spirit: a window that was not used says nothing about the path.
	if (!news->was_cwnd_limited || c->cwnd >= CWND_MAX)
		return;
	if (c->cwnd < c->ssthresh) {
		uint32_t limit = 2u * c->mss; // RFC 3465 2.3, L = 2

		c->cwnd += news->acked_bytes < limit ? news->acked_bytes : limit;
		return;
	}
	reno->acked_bytes += news->acked_bytes;
	if (reno->acked_bytes >= c->cwnd) {
		reno->acked_bytes -= c->cwnd;
		c->cwnd += c->mss;
	}
}

static uint32_t ssthresh(struct tcp_conn *c, uint32_t flight_bytes)
{
	uint32_t floor = 2u * c->mss;

	state_of(c)->acked_bytes = 0;
	return flight_bytes / 2 > floor ? flight_bytes / 2 : floor;
}

const struct congestion_ops congestion_newreno = {
	.name = "newreno",
	.init = init,
	.on_ack = on_ack,
	.ssthresh = ssthresh,
};

// SPDX-License-Identifier: BSD-3-Clause
//
// Reno's window of RFC 5681 3.1: half of it after a loss, and in congestion avoidance a segment more for every
// window acknowledged, by bytes (RFC 3465 2.1).
// Called through the table of tcp/congestion.
#include "tcp/slow_start.h"

struct newreno {
	uint32_t acked_bytes; // towards the next increase
};
static_assert(sizeof(struct newreno) <= CONGESTION_STATE_BYTES, "fits the connection");

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
	reno_on_ack(c, news, &state_of(c)->acked_bytes);
}

static uint32_t ssthresh(struct tcp_conn *c, uint32_t flight_bytes)
{
	state_of(c)->acked_bytes = 0;
	return flight_bytes / 2;
}

const struct congestion_ops congestion_newreno = {
	.name = "newreno",
	.init = init,
	.on_ack = on_ack,
	.ssthresh = ssthresh,
	.on_restart = init,
};

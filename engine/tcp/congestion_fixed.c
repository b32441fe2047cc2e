// SPDX-License-Identifier: BSD-3-Clause
//
// No congestion control: a window as wide as the peer's, for load generation on links of one's own.
// DEVIATION RFC 9293 3.8.2 (MUST-19): whoever chooses it says so in the report.
// Called through the table of tcp/congestion.
#include "tcp/congestion.h"

static void init(struct tcp_conn *c)
{
	c->cwnd = UINT32_C(1) << 30;
}

static void on_ack(struct tcp_conn *c, const struct ack_news *news)
{
	(void)c;
	(void)news;
}

static uint32_t ssthresh(struct tcp_conn *c, uint32_t flight_bytes)
{
	(void)flight_bytes;
	return c->cwnd;
}

const struct congestion_ops congestion_fixed = {
	.name = "fixed",
	.init = init,
	.on_ack = on_ack,
	.ssthresh = ssthresh,
	.is_fixed = true,
};

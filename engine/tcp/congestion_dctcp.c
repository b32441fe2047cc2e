// SPDX-License-Identifier: BSD-3-Clause
//
// DCTCP (RFC 8257): the share of bytes that the network marked, averaged over windows, is the share by which half
// of the window is given up. Losses count as Reno counts them; without ECN it is Reno.
// Called through the table of tcp/congestion; the receiver's part is tcp/ecn's.
#include "tcp/slow_start.h"

#include "tcp/seq.h"

struct dctcp {
	uint32_t alpha;	     // DCTCP.Alpha, in parts of ALPHA_ONE
	uint32_t window_end; // DCTCP.WindowEnd
	uint32_t acked;	     // DCTCP.BytesAcked
	uint32_t marked;     // DCTCP.BytesMarked
	uint32_t increase;   // acknowledged towards the next increase
};
static_assert(sizeof(struct dctcp) <= CONGESTION_STATE_BYTES, "fits the connection");

#define ALPHA_ONE (UINT32_C(1) << 20)
enum { G_SHIFT = 4 }; // g = 1/16

static struct dctcp *state_of(struct tcp_conn *c)
{
	return (struct dctcp *)(void *)c->congestion_state;
}

static void init(struct tcp_conn *c)
{
	*state_of(c) = (struct dctcp){.alpha = ALPHA_ONE, .window_end = c->snd.nxt};
}

// 3.3 steps 1 to 8: once a window, alpha follows the share that was marked.
static void observe(struct tcp_conn *c, const struct ack_news *news)
{
	struct dctcp *dctcp = state_of(c);
	uint64_t share;

	dctcp->acked += news->acked_bytes;
	if (news->has_mark)
		dctcp->marked += news->acked_bytes;
	if (seq_is_before(c->snd.una, dctcp->window_end))
		return;
	share = (uint64_t)dctcp->marked * ALPHA_ONE / dctcp->acked;
	dctcp->alpha = dctcp->alpha - (dctcp->alpha >> G_SHIFT) + (uint32_t)(share >> G_SHIFT);
	dctcp->window_end = c->snd.nxt;
	dctcp->acked = 0;
	dctcp->marked = 0;
}

static void on_ack(struct tcp_conn *c, const struct ack_news *news)
{
	reno_on_ack(c, news, &state_of(c)->increase);
}

// 3.5: a loss is a loss.
static uint32_t ssthresh(struct tcp_conn *c, uint32_t flight_bytes)
{
	state_of(c)->increase = 0;
	return flight_bytes / 2;
}

// 3.3 step 9: cwnd (1 - alpha / 2).
static uint32_t ssthresh_on_mark(struct tcp_conn *c)
{
	struct dctcp *dctcp = state_of(c);

	dctcp->increase = 0;
	return c->cwnd - (uint32_t)((uint64_t)c->cwnd * dctcp->alpha / ALPHA_ONE / 2);
}

static void on_restart(struct tcp_conn *c)
{
	state_of(c)->increase = 0;
}

const struct congestion_ops congestion_dctcp = {
	.name = "dctcp",
	.init = init,
	.on_ack = on_ack,
	.observe = observe,
	.ssthresh = ssthresh,
	.ssthresh_on_mark = ssthresh_on_mark,
	.on_restart = on_restart,
	.echoes_every_mark = true,
};

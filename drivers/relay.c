// SPDX-License-Identifier: BSD-3-Clause
//
// A lane reads a burst only when the last one is gone, so that it holds one burst at most: what
// arrives meanwhile waits in the device, and is lost there when it does not fit.
// Called by worker.c on the worker's lcore; set up and read by system.c.
#include "drivers/relay.h"

#include <rte_mbuf.h>

#include "drivers/port_burst.h"

void relay_init(struct relay *relay, struct port *left, struct port *right)
{
	*relay = (struct relay){
		.lanes = {{.from = left, .to = right}, {.from = right, .to = left}},
	};
}

static unsigned receive(struct relay_lane *lane, plx_time now)
{
	unsigned n = port_rx_burst(lane->from, 0, lane->unsent, WORKER_BURST, now);

	lane->first_unsent = 0;
	lane->n_unsent = (uint16_t)n;
	lane->counters.frames += n;
	for (unsigned i = 0; i < n; i++)
		lane->counters.bytes += rte_pktmbuf_pkt_len(lane->unsent[i]);
	return n;
}

static void drop_unsent(struct relay_lane *lane)
{
	rte_pktmbuf_free_bulk(lane->unsent + lane->first_unsent, lane->n_unsent);
	lane->counters.lost += lane->n_unsent;
	lane->n_unsent = 0;
}

// Also with nothing to send: a shim behind it gives out what is due, a driver gives back buffers.
static unsigned send_on(struct relay_lane *lane, plx_time now)
{
	unsigned sent = port_tx_burst(lane->to, 0, lane->unsent + lane->first_unsent,
				      lane->n_unsent, now);

	lane->first_unsent += (uint16_t)sent;
	lane->n_unsent -= (uint16_t)sent;
	lane->counters.sent += sent;
	if (sent > 0 || lane->n_unsent == 0)
		lane->refused_since = 0;
	else if (lane->refused_since == 0)
		lane->refused_since = now;
	else if (now - lane->refused_since > RELAY_PATIENCE)
		drop_unsent(lane);
	return sent;
}

struct account_work relay_turn(struct relay *relay, struct worker_account *account, plx_time now)
{
	struct account_work work = {0};

	for (unsigned i = 0; i < 2; i++) {
		struct relay_lane *lane = &relay->lanes[i];

		if (lane->n_unsent == 0)
			work.received += receive(lane, now);
		account_mark(account, ACCOUNT_RECEIVE);
		work.sent += send_on(lane, now);
		account_mark(account, ACCOUNT_TRANSMIT);
	}
	return work;
}

plx_time relay_next_due(const struct relay *relay)
{
	plx_time left = port_next_due(relay->lanes[0].from, 0);
	plx_time right = port_next_due(relay->lanes[0].to, 0);

	return RTE_MIN(left, right);
}

void relay_drop_unsent(struct relay *relay)
{
	drop_unsent(&relay->lanes[0]);
	drop_unsent(&relay->lanes[1]);
}

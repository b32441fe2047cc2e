// SPDX-License-Identifier: BSD-3-Clause
//
// The relay: two ports joined by a wire, what arrives at either goes out of the other, unread. What
// the wire does to the frames is the affair of the ports' impairment shims. It is a worker without
// a stack, so that it runs beside stacks, and ends with them, in the same loop.
// Called by worker.c on the worker's lcore; set up and read by system.c.
#ifndef DRIVERS_RELAY_H
#define DRIVERS_RELAY_H

#include "drivers/port.h"
#include "drivers/worker.h"

// Written by the worker's own thread. frames = sent + lost + those that wait.
struct relay_counters {
	uint64_t frames; // that came out of the port they arrived at
	uint64_t bytes;
	uint64_t sent; // that the other port has taken
	uint64_t lost; // because it took nothing for RELAY_PATIENCE
};

// One direction.
struct relay_lane {
	struct port *from;
	struct port *to;
	uint16_t n_unsent; // not yet taken by the port
	uint16_t first_unsent;
	plx_time
		refused_since; // when the port began to take nothing; 0 = it takes what it is given
	struct relay_counters counters;
	struct rte_mbuf *unsent[WORKER_BURST];
};

struct relay {
	struct relay_lane lanes[2]; // left to right, right to left
};

// As long as a full descriptor ring is expected to be busy, and no longer: a wire holds nothing.
#define RELAY_PATIENCE (10 * PLX_MILLISECOND)

void relay_init(struct relay *relay, struct port *left, struct port *right);

// Both directions once, as receive and transmit of the account.
struct account_work relay_turn(struct relay *relay, struct worker_account *account, plx_time now);

// When a frame that a shim holds is due; PLX_TIME_NEVER when none is.
plx_time relay_next_due(const struct relay *relay);

// Frees what the ports did not take any more, at the end.
void relay_drop_unsent(struct relay *relay);

#endif

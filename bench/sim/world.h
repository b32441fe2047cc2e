// SPDX-License-Identifier: BSD-3-Clause
//
// One run under a virtual clock: a stack per flow that sends, one stack that receives, one bottleneck that all data
// crosses, and a line of its own for the acknowledgements of each flow. Everything follows from the plan.
// The link is the tests' one, the engine what libpollux is made of.
// Called by bench/sim/sim.
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdio.h>

#include <pollux/pollux.h>

#include "plan.h"
#include "support/link.h"

struct world_flow {
	const struct plan_flow *plan;
	struct plx_stack *stack; // the sender's
	plx_conn conn;
	struct link back; // acknowledgements
	struct plx_addr addr;
	bool has_begun;
	bool is_open;
	bool has_room; // in the send buffer
	uint64_t received_bytes;
	uint64_t warm_bytes; // of these, before measuring began
	uint64_t lost_frames;
	uint64_t warm_counters[PLX_COUNTER_COUNT];
};

struct world {
	const struct plan *plan;
	plx_time now; // since the beginning
	struct plx_stack *receiver;
	struct link forward;
	struct world_flow flows[PLAN_FLOWS_MAX];
	bool is_warm;
	plx_time sample_at;
	uint64_t script_seen; // data frames since drop_from_us
	uint64_t script_lost;
	FILE *samples; // JSON arrays, when the plan wants samples
	FILE *losses;
	const char *error; // a sentence when something has failed that must not
};

void world_begin(struct world *world, const struct plan *plan, FILE *samples, FILE *losses);

// To the end of the plan.
void world_run(struct world *world);

void world_end(struct world *world);

// A counter of the flow's sending stack since measuring began.
uint64_t world_counter(const struct world_flow *flow, enum plx_counter counter);

#endif

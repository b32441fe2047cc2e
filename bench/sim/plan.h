// SPDX-License-Identifier: BSD-3-Clause
//
// What one simulated run is, as a line of words "key=value": a bottleneck, what goes wrong on it, and the flows
// that share it. Times are microseconds, sizes bytes, probabilities parts per million, rates bits per second.
// The keys stand in plan.def; `pollux_sim --help` prints them.
// Called by bench/sim/sim.
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PLAN_FLOWS_MAX = 4, PLAN_NAME_BYTES = 128 };

struct plan_flow {
	unsigned congestion; // as PLX_OPTION_CONGESTION takes it
	uint64_t extra_us;   // its acknowledgements take so much longer than others'
	uint64_t start_us;
	uint64_t idle_from_us; // the application gives nothing to send between these two
	uint64_t idle_until_us;
};

struct plan {
	char name[PLAN_NAME_BYTES]; // handed through to the result
#define X(key, initial, text) uint64_t key;
#include "plan.def"
#undef X
	struct plan_flow flows[PLAN_FLOWS_MAX];
	unsigned n_flows;
};

// Reads a line, which it cuts into words. NULL, or a sentence about the first word that is wrong.
const char *plan_read(struct plan *plan, char *line);

// Writes every key, with its default and what it means.
void plan_help(void);

#endif

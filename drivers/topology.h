// SPDX-License-Identifier: BSD-3-Clause
//
// The description of a system as a graph: which port a stack is on, which port is joined to which,
// and whether all of that makes sense. Positions in the arrays of system_config are the names here.
// Called by bring-up before anything is touched.
#ifndef DRIVERS_TOPOLOGY_H
#define DRIVERS_TOPOLOGY_H

#include "drivers/system.h"

#define TOPOLOGY_NONE (-1)

struct topology {
	int stack_of_port[SYSTEM_PORTS_MAX];
	int peer_of_port[SYSTEM_PORTS_MAX]; // loopbacks; else TOPOLOGY_NONE
	int port_of_stack[SYSTEM_STACKS_MAX];
	int node_of_stack[SYSTEM_STACKS_MAX]; // NUMA node of its port
	unsigned n_workers;
};

// Workers of a stack: 0 counts as 1.
unsigned topology_workers(const struct stack_plan *plan);

// 0; -EINVAL with `error` naming the entry that is wrong and what would mend it.
int topology_make(const struct system_config *config, struct topology *topology,
		  struct system_error *error);

#endif

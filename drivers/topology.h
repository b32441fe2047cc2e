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
	int stack_of_port[SYSTEM_PORTS_MAX]; // TOPOLOGY_NONE: a relay's
	int relay_of_port[SYSTEM_PORTS_MAX]; // TOPOLOGY_NONE: a stack's
	int peer_of_port[SYSTEM_PORTS_MAX]; // what is joined inside the process; else TOPOLOGY_NONE
	int port_of_stack[SYSTEM_STACKS_MAX];
	int node_of_stack[SYSTEM_STACKS_MAX];	  // NUMA node of its port
	int ports_of_relay[SYSTEM_RELAYS_MAX][2]; // left, right
	int node_of_relay[SYSTEM_RELAYS_MAX];	  // of its left port
	unsigned n_workers;			  // of all stacks, and one of each relay
};

// Workers of a stack: 0 counts as 1.
unsigned topology_workers(const struct stack_plan *plan);

// Queues and greatest IP packet of a port, as the stack or relay on it wants them.
unsigned topology_port_queues(const struct system_config *config, const struct topology *topology,
			      unsigned port);
unsigned topology_port_mtu(const struct system_config *config, const struct topology *topology,
			   unsigned port);

// 0; -EINVAL with `error` naming the entry that is wrong and what would mend it.
int topology_make(const struct system_config *config, struct topology *topology,
		  struct system_error *error);

#endif

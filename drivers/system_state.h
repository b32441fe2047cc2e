// SPDX-License-Identifier: BSD-3-Clause
//
// The inside of a system: the plans it was made from, and what is up. Shared by the rooms that
// bring it up, run it and explain it; nobody else sees it.
#ifndef DRIVERS_SYSTEM_STATE_H
#define DRIVERS_SYSTEM_STATE_H

#include "drivers/chatter.h"
#include "drivers/clock.h"
#include "drivers/cores.h"
#include "drivers/interrupt_gate.h"
#include "drivers/memory.h"
#include "drivers/port_burst.h"
#include "drivers/relay.h"
#include "drivers/ring_ports.h"
#include "drivers/system.h"
#include "drivers/topology.h"
#include "drivers/worker.h"

struct system {
	struct system_config config;
	struct topology topology;
	struct memory_plan memory;
	struct cores_plan cores;
	struct chatter chatter;
	struct tsc_clock clock;
	bool eal_is_up;
	bool has_gate; // a port needs it
	struct interrupt_gate gate;
	unsigned n_ports_found; // in the order of the configuration
	unsigned n_workers;	// those with a stack come first
	unsigned n_stack_workers;
	struct port ports[SYSTEM_PORTS_MAX];
	struct worker workers[SYSTEM_WORKERS_MAX];
	struct relay relays[SYSTEM_RELAYS_MAX];
	struct ring_ports ring_ports;
	struct rte_mempool *pools[SYSTEM_WORKERS_MAX]; // of each worker
};

// The first worker of the stack at position `stack`; its others follow.
static inline unsigned system_first_worker(const struct system *system, unsigned stack)
{
	unsigned first = 0;

	for (unsigned i = 0; i < stack; i++)
		first += topology_workers(&system->config.stacks[i]);
	return first;
}

// The worker of a relay.
static inline unsigned system_relay_worker(const struct system *system, unsigned relay)
{
	return system->n_stack_workers + relay;
}

#endif

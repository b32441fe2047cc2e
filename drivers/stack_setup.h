// SPDX-License-Identifier: BSD-3-Clause
//
// From a stack of the description to what one worker of it needs: the engine's configuration, an
// mbuf pool, and the memory both will take. Called by bring-up: first to add up memory, then to
// create.
#ifndef DRIVERS_STACK_SETUP_H
#define DRIVERS_STACK_SETUP_H

#include "drivers/system.h"
#include "drivers/topology.h"

struct pool_plan {
	unsigned mbufs;
	unsigned room_bytes; // of each, headroom included
	size_t bytes;	     // of EAL memory
};

// Descriptors of a port: 0 counts as the default.
uint16_t stack_setup_rx_descriptors(const struct port_config *port);
uint16_t stack_setup_tx_descriptors(const struct port_config *port);

// The pool of each worker of stack `index`.
struct pool_plan stack_setup_pool(const struct system_config *config,
				  const struct topology *topology, unsigned index);

// The pool of relay `index`: both ports receive into it.
struct pool_plan stack_setup_relay_pool(const struct system_config *config,
					const struct topology *topology, unsigned index);

// NULL when there is not enough memory.
struct rte_mempool *stack_setup_create_pool(const struct pool_plan *plan, const char *name,
					    int numa_node);

// The engine's configuration of a worker: arrays in place, figures that depend on the pool filled
// in. Points into `plan`; name, pool, mac and offloads are the caller's.
struct plx_stack_config stack_setup_config(const struct stack_plan *plan,
					   const struct pool_plan *pool, int numa_node);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// Ports of DPDK's net_ring, joined two by two inside the process: what one sends, the other receives, by
// reference, without a copy. Unlike other devices they are not found but made here, from rings of our own:
// given by devargs, a net_ring is joined to itself. Called by bring-up.
#ifndef DRIVERS_RING_PORTS_H
#define DRIVERS_RING_PORTS_H

#include <stdbool.h>

#include "drivers/error.h"
#include "drivers/system.h"
#include "drivers/topology.h"

#define RING_QUEUES_MAX 16 // of a net_ring

struct rte_ring;

// The queues that each port receives from, and whether it is a device already.
struct ring_ports {
	struct rte_ring *rings[SYSTEM_PORTS_MAX][RING_QUEUES_MAX];
	bool is_made[SYSTEM_PORTS_MAX];
};

// Makes the devices of all ports that are joined this way; the EAL is up. 0, or a negative errno with `error`.
int ring_ports_create(const struct system_config *config, const struct topology *topology,
		      struct ring_ports *ring_ports, struct system_error *error);

// Under which name DPDK lists the device of the port at that position.
void ring_port_name(unsigned port, char *name, size_t size);

// The devices are stopped. What nobody has received goes back to its pools.
void ring_ports_destroy(struct ring_ports *ring_ports);

#endif

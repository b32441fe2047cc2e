// SPDX-License-Identifier: BSD-3-Clause
//
// A DPDK device as a port: found by name after the EAL has started, set up by what it reports of
// itself, started, stopped. Offloads are negotiated here and nowhere else. Called by bring-up.
#ifndef DRIVERS_ETHDEV_H
#define DRIVERS_ETHDEV_H

#include "drivers/port_burst.h"

// Finds the device of port->config, which DPDK lists as `name`; reads its driver, address and
// offloads. 0; -ENODEV with `error`.
int ethdev_find(struct port *port, const char *name, struct system_error *error);

// Of enum plx_offload: what `port` uses of what its device reports, which has these traits.
uint32_t ethdev_offloads(const struct port *port, const struct rte_eth_dev_info *info,
			 unsigned traits);

// Sets up port->n_queues queues for frames of `mtu_bytes` and starts the device. pools[queue]
// receives. port->mac is the stack's address and may differ from the device's. 0; else a negative
// errno, `error`.
int ethdev_start(struct port *port, struct rte_mempool *const *pools, unsigned mtu_bytes,
		 struct system_error *error);

// Does the device cut large segments (TSO), as it was set up?
bool ethdev_cuts_segments(const struct port *port);

// Stops the device; frames that it holds go back to their pools when it is closed.
void ethdev_stop(struct port *port);

void ethdev_close(struct port *port);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// Frames in and out of a port: one switch between a DPDK device and a loopback, the impairment shim
// in between when there is one. Also the port's inside, for bring-up.
// Called by the worker that owns the queue, and by nobody else while it runs.
#ifndef DRIVERS_PORT_BURST_H
#define DRIVERS_PORT_BURST_H

#include <stdalign.h>

#include <rte_branch_prediction.h>
#include <rte_ethdev.h>

#include "drivers/clock.h"
#include "drivers/loopback.h"
#include "drivers/port.h"
#include "drivers/system.h"
#include "drivers/worker.h"

enum port_kind {
	PORT_LOOPBACK,
	PORT_ETHDEV,
};

struct port_queue {
	alignas(RTE_CACHE_LINE_SIZE) struct impairment *rx; // NULL = no shim
	struct impairment *tx;
	struct loopback_lane *receive_lane; // loopback only
	struct loopback_lane *send_lane;
	// Frames that came out of the shim and that the device refused.
	uint16_t n_waiting;
	uint16_t first_waiting;
	struct rte_mbuf *waiting[WORKER_BURST];
};

struct port {
	enum port_kind kind;
	uint16_t device; // DPDK port
	uint16_t n_queues;
	bool prepares; // the device fills in checksums and wants to see the frames before
	bool is_started;
	bool needs_gate;     // see interrupt_gate.h
	bool is_relayed;     // passes on frames for others, as they are
	uint64_t tx_invalid; // frames the device would not even look at
	struct port_queue *queues;

	const struct port_config *config;
	const struct tsc_clock *clock; // when a shim says that a frame has arrived
	char driver[SYSTEM_NAME_BYTES];
	uint8_t mac[6];
	uint32_t offloads; // of enum plx_offload
	uint16_t rx_descriptors;
	uint16_t tx_descriptors;
};

// The longer ways of the two bursts below.
unsigned port_rx_impaired(struct port *port, uint16_t queue, struct rte_mbuf **frames, unsigned n,
			  plx_time now);
unsigned port_tx_impaired(struct port *port, uint16_t queue, struct rte_mbuf **frames, unsigned n,
			  plx_time now);
unsigned port_tx_prepared(struct port *port, uint16_t queue, struct rte_mbuf **frames, unsigned n);

static inline unsigned port_rx_device(struct port *port, uint16_t queue, struct rte_mbuf **frames,
				      unsigned n)
{
	if (port->kind == PORT_LOOPBACK)
		return loopback_receive(port->queues[queue].receive_lane, frames, n);
	return rte_eth_rx_burst(port->device, queue, frames, (uint16_t)n);
}

static inline unsigned port_tx_device(struct port *port, uint16_t queue, struct rte_mbuf **frames,
				      unsigned n)
{
	if (port->kind == PORT_LOOPBACK)
		return loopback_send(port->queues[queue].send_lane, frames, n);
	if (port->prepares)
		return port_tx_prepared(port, queue, frames, n);
	return rte_eth_tx_burst(port->device, queue, frames, (uint16_t)n);
}

// At most n (<= WORKER_BURST) received frames.
static inline unsigned port_rx_burst(struct port *port, uint16_t queue, struct rte_mbuf **frames,
				     unsigned n, plx_time now)
{
	if (unlikely(port->queues[queue].rx != NULL))
		return port_rx_impaired(port, queue, frames, n, now);
	return port_rx_device(port, queue, frames, n);
}

// Takes the first of n frames and returns how many; the caller keeps the rest and offers it again.
// Also to be called with none now and then: frames that the shim held back go out, and a driver
// gives back what it has sent.
static inline unsigned port_tx_burst(struct port *port, uint16_t queue, struct rte_mbuf **frames,
				     unsigned n, plx_time now)
{
	if (unlikely(port->queues[queue].tx != NULL))
		return port_tx_impaired(port, queue, frames, n, now);
	return port_tx_device(port, queue, frames, n);
}

// When a frame that a shim of the queue holds is due; PLX_TIME_NEVER when none is.
static inline plx_time port_next_due(const struct port *port, uint16_t queue)
{
	const struct port_queue *own = &port->queues[queue];
	plx_time due = PLX_TIME_NEVER;

	if (own->rx != NULL)
		due = impairment_next_due(own->rx);
	if (own->tx != NULL)
		due = RTE_MIN(due, impairment_next_due(own->tx));
	return due;
}

// Bring-up: queues and their shims; mbufs of copies come from pools[queue]. 0 or -ENOMEM.
int port_create_queues(struct port *port, uint16_t n_queues, struct rte_mempool *const *pools,
		       int numa_node);

// Throws away what has arrived, and what waits to be sent. After the workers have ended.
void port_drain(struct port *port);

// Ends queues and shims. The device is stopped, or the loopback's other end drained.
void port_destroy_queues(struct port *port);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// What every port has, whatever carries its frames: the shims of its queues, statistics, the end.
// The ways of a burst that are not the common one.
// Called by port_burst.h, bring-up, and the control thread's report.
#include "drivers/port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "drivers/ethdev.h"
#include "drivers/port_burst.h"

// A device that never runs dry (a busy neighbour behind it) must not hold up the end.
#define DRAIN_BURSTS 4096

unsigned port_rx_impaired(struct port *port, uint16_t queue, struct rte_mbuf **frames, unsigned n,
			  plx_time now)
{
	struct impairment *shim = port->queues[queue].rx;
	unsigned arrived = port_rx_device(port, queue, frames, n);

	// The turn may have begun long before, on a CPU that others use too.
	impairment_put(shim, frames, arrived, tsc_clock_now(port->clock));
	return impairment_take(shim, frames, n, now);
}

// True when the device took all of the frames that wait.
static bool send_waiting(struct port *port, uint16_t queue)
{
	struct port_queue *own = &port->queues[queue];
	unsigned sent = port_tx_device(port, queue, own->waiting + own->first_waiting,
				       own->n_waiting);

	own->first_waiting += (uint16_t)sent;
	own->n_waiting -= (uint16_t)sent;
	return own->n_waiting == 0;
}

unsigned port_tx_impaired(struct port *port, uint16_t queue, struct rte_mbuf **frames, unsigned n,
			  plx_time now)
{
	struct port_queue *own = &port->queues[queue];

	impairment_put(own->tx, frames, n, now);
	while (send_waiting(port, queue)) {
		own->first_waiting = 0;
		own->n_waiting = (uint16_t)impairment_take(own->tx, own->waiting, WORKER_BURST,
							   now);
		if (own->n_waiting == 0)
			break;
	}
	return n;
}

// A frame that the device cannot send is thrown away and counted: it would block all others.
unsigned port_tx_prepared(struct port *port, uint16_t queue, struct rte_mbuf **frames, unsigned n)
{
	uint16_t ready = rte_eth_tx_prepare(port->device, queue, frames, (uint16_t)n);
	uint16_t sent = rte_eth_tx_burst(port->device, queue, frames, ready);

	if (ready == n || sent < ready)
		return sent;
	rte_pktmbuf_free(frames[ready]);
	port->tx_invalid++;
	return sent + 1u;
}

static int create_shim(struct impairment **shim, const struct port *port, uint16_t queue,
		       struct rte_mempool *pool, int numa_node)
{
	const struct impairment_config *config = &port->config->impairment;
	bool is_rx = shim == &port->queues[queue].rx;
	const struct link_model_config *link = is_rx ? &config->rx : &config->tx;
	// Every queue and direction its own sequence of numbers.
	uint64_t seed = config->seed + 2u * queue + (is_rx ? 0 : 1);

	if (!link_model_is_active(link))
		return 0;
	*shim = impairment_create(link, seed, impairment_queue_frames(config), pool, numa_node);
	return *shim != NULL ? 0 : -ENOMEM;
}

int port_create_queues(struct port *port, uint16_t n_queues, struct rte_mempool *const *pools,
		       int numa_node)
{
	port->queues = aligned_alloc(RTE_CACHE_LINE_SIZE, n_queues * sizeof(*port->queues));
	if (port->queues == NULL)
		return -ENOMEM;
	memset(port->queues, 0, n_queues * sizeof(*port->queues));
	port->n_queues = n_queues;
	for (uint16_t queue = 0; queue < n_queues; queue++) {
		struct port_queue *own = &port->queues[queue];

		if (create_shim(&own->rx, port, queue, pools[queue], numa_node) != 0
		    || create_shim(&own->tx, port, queue, pools[queue], numa_node) != 0)
			return -ENOMEM;
	}
	return 0;
}

static void drain_queue(struct port *port, uint16_t queue)
{
	struct rte_mbuf *frames[WORKER_BURST];
	unsigned n, bursts = 0;

	if (port->kind == PORT_ETHDEV && !port->is_started)
		return;
	while (bursts++ < DRAIN_BURSTS
	       && (n = port_rx_device(port, queue, frames, WORKER_BURST)) > 0)
		rte_pktmbuf_free_bulk(frames, n);
}

void port_drain(struct port *port)
{
	for (uint16_t queue = 0; queue < port->n_queues; queue++) {
		struct port_queue *own = &port->queues[queue];

		drain_queue(port, queue);
		rte_pktmbuf_free_bulk(own->waiting + own->first_waiting, own->n_waiting);
		own->n_waiting = 0;
	}
}

void port_destroy_queues(struct port *port)
{
	for (uint16_t queue = 0; queue < port->n_queues; queue++) {
		impairment_destroy(port->queues[queue].rx);
		impairment_destroy(port->queues[queue].tx);
		// A lane ends with the port that receives from it.
		loopback_lane_destroy(port->queues[queue].receive_lane);
	}
	free(port->queues);
	port->queues = NULL;
	port->n_queues = 0;
}

const char *port_name(const struct port *port)
{
	return port->config->name;
}

const char *port_device(const struct port *port)
{
	return port->config->device;
}

const char *port_driver(const struct port *port)
{
	return port->driver;
}

const uint8_t *port_mac(const struct port *port)
{
	return port->mac;
}

uint32_t port_offloads(const struct port *port)
{
	return port->offloads;
}

bool port_cuts_segments(const struct port *port)
{
	return port->kind == PORT_ETHDEV && ethdev_cuts_segments(port);
}

bool port_has_link(const struct port *port)
{
	struct rte_eth_link link = {0};

	if (port->kind == PORT_LOOPBACK)
		return true;
	return rte_eth_link_get_nowait(port->device, &link) == 0
		&& link.link_status == RTE_ETH_LINK_UP;
}

static void add_impairment(struct impairment_counters *sum, const struct impairment *shim)
{
	struct impairment_counters one;

	if (shim == NULL)
		return;
	impairment_get_counters(shim, &one);
	impairment_add_counters(sum, &one);
}

static void add_loopback(struct port_stats *stats, const struct port_queue *queue)
{
	struct loopback_counters received, sent;

	loopback_get_counters(queue->receive_lane, &received);
	loopback_get_counters(queue->send_lane, &sent);
	stats->rx_frames += received.frames;
	stats->rx_bytes += received.bytes;
	stats->rx_no_buffer += received.no_buffer;
	stats->tx_frames += sent.sent_frames;
	stats->tx_bytes += sent.sent_bytes;
	stats->tx_errors += sent.too_long;
}

static void add_ethdev(struct port_stats *stats, const struct port *port)
{
	struct rte_eth_stats device;

	if (rte_eth_stats_get(port->device, &device) != 0)
		return;
	stats->rx_frames = device.ipackets;
	stats->rx_bytes = device.ibytes;
	stats->rx_missed = device.imissed;
	stats->rx_no_buffer = device.rx_nombuf;
	stats->rx_errors = device.ierrors;
	stats->tx_frames = device.opackets;
	stats->tx_bytes = device.obytes;
	stats->tx_errors = device.oerrors + port->tx_invalid;
}

void port_get_stats(const struct port *port, struct port_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	if (port->kind == PORT_ETHDEV)
		add_ethdev(stats, port);
	for (uint16_t queue = 0; queue < port->n_queues; queue++) {
		add_impairment(&stats->rx_impairment, port->queues[queue].rx);
		add_impairment(&stats->tx_impairment, port->queues[queue].tx);
		if (port->kind == PORT_LOOPBACK)
			add_loopback(stats, &port->queues[queue]);
	}
}

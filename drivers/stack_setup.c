// SPDX-License-Identifier: BSD-3-Clause
//
// Sizes of pools: what the port's descriptors and the shim's queues may hold on to comes on top of
// what the stack itself may use; a buffer takes a whole frame, so that none is ever scattered.
// Called by bring-up.
#include "drivers/stack_setup.h"

#include <rte_eal.h>
#include <rte_ether.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

#define POOL_CACHE 256u
#define VLAN_TAG_BYTES 4u
// Bursts on their way, caches of lcores, and frames that drivers hold beyond their descriptors.
#define RELAY_MBUFS 2048u

uint16_t stack_setup_rx_descriptors(const struct port_config *port)
{
	return port->rx_descriptors != 0 ? port->rx_descriptors : SYSTEM_RX_DESCRIPTORS;
}

uint16_t stack_setup_tx_descriptors(const struct port_config *port)
{
	return port->tx_descriptors != 0 ? port->tx_descriptors : SYSTEM_TX_DESCRIPTORS;
}

static unsigned shim_frames(const struct impairment_config *config)
{
	unsigned directions = (link_model_is_active(&config->rx) ? 1u : 0u)
		+ (link_model_is_active(&config->tx) ? 1u : 0u);

	return directions * impairment_queue_frames(config);
}

// A joined port's other end may have a larger MTU; what it sends must fit.
static unsigned largest_mtu(const struct system_config *config, const struct topology *topology,
			    unsigned port)
{
	int peer = topology->peer_of_port[port];
	unsigned mtu_bytes = topology_port_mtu(config, topology, port);

	if (peer == TOPOLOGY_NONE)
		return mtu_bytes;
	return RTE_MAX(mtu_bytes, topology_port_mtu(config, topology, (unsigned)peer));
}

// What the port's descriptors and its shim may hold.
static unsigned frames_on_port(const struct port_config *port)
{
	return stack_setup_rx_descriptors(port) + stack_setup_tx_descriptors(port)
		+ shim_frames(&port->impairment);
}

static size_t pool_bytes(const struct pool_plan *plan)
{
	size_t object = rte_mempool_calc_obj_size(
		(uint32_t)(sizeof(struct rte_mbuf) + plan->room_bytes), 0, NULL);
	size_t ring = (size_t)rte_align32pow2(plan->mbufs + 1) * sizeof(void *);

	return plan->mbufs * object + ring + sizeof(struct rte_mempool)
		+ RTE_MAX_LCORE * sizeof(struct rte_mempool_cache);
}

static struct pool_plan plan_pool(unsigned mbufs, unsigned mtu_bytes)
{
	unsigned frame_bytes = mtu_bytes + RTE_ETHER_HDR_LEN + VLAN_TAG_BYTES + RTE_ETHER_CRC_LEN;
	struct pool_plan plan = {.mbufs = mbufs};

	plan.room_bytes = RTE_PKTMBUF_HEADROOM
		+ RTE_ALIGN_CEIL(RTE_MAX(frame_bytes, RTE_MBUF_DEFAULT_DATAROOM),
				 RTE_CACHE_LINE_SIZE);
	plan.bytes = pool_bytes(&plan);
	return plan;
}

struct pool_plan stack_setup_pool(const struct system_config *config,
				  const struct topology *topology, unsigned index)
{
	unsigned port = (unsigned)topology->port_of_stack[index];
	unsigned mbufs = config->stacks[index].mbufs;

	if (mbufs == 0)
		mbufs = SYSTEM_MBUFS + frames_on_port(&config->ports[port]);
	return plan_pool(mbufs, largest_mtu(config, topology, port));
}

struct pool_plan stack_setup_relay_pool(const struct system_config *config,
					const struct topology *topology, unsigned index)
{
	unsigned mbufs = RELAY_MBUFS, mtu_bytes = 0;

	for (unsigned side = 0; side < 2; side++) {
		unsigned port = (unsigned)topology->ports_of_relay[index][side];

		mbufs += frames_on_port(&config->ports[port]);
		mtu_bytes = RTE_MAX(mtu_bytes, largest_mtu(config, topology, port));
	}
	return plan_pool(mbufs, mtu_bytes);
}

// As rte_pktmbuf_pool_create(), but for one flag: without huge pages that one gives every object a
// page of its own, for the sake of a DMA that is not possible then.
struct rte_mempool *stack_setup_create_pool(const struct pool_plan *plan, const char *name,
					    int numa_node)
{
	struct rte_pktmbuf_pool_private room = {.mbuf_data_room_size = (uint16_t)plan->room_bytes};
	unsigned flags = rte_eal_has_hugepages() ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG;
	unsigned cache = RTE_MIN(POOL_CACHE, plan->mbufs / 8); // few mbufs shall not lie in it
	struct rte_mempool *pool = rte_mempool_create_empty(
		name, plan->mbufs, (unsigned)sizeof(struct rte_mbuf) + plan->room_bytes, cache,
		sizeof(room), numa_node, flags);

	if (pool == NULL)
		return NULL;
	if (rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL) != 0) {
		rte_mempool_free(pool);
		return NULL;
	}
	rte_pktmbuf_pool_init(pool, &room);
	if (rte_mempool_populate_default(pool) < 0) {
		rte_mempool_free(pool);
		return NULL;
	}
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return pool;
}

struct plx_stack_config stack_setup_config(const struct stack_plan *plan,
					   const struct pool_plan *pool, int numa_node)
{
	struct plx_stack_config config = plan->base;

	config.addresses = plan->addresses;
	config.routes = plan->routes;
	config.neighbors = plan->neighbors;
	config.numa_node = numa_node;
	if (config.max_send_segments == 0)
		config.max_send_segments = config.max_connections + 2 * pool->mbufs;
	return config;
}

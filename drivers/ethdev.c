// SPDX-License-Identifier: BSD-3-Clause
//
// Negotiation with a DPDK device. It is asked for what the engine can use and what it offers, never
// for FAST_FREE (retained mbufs are shared) and never for scattered reception (a frame is one
// buffer). Called by bring-up.
#include "drivers/ethdev.h"

#include <errno.h>
#include <string.h>

#include "drivers/device.h"

#define DEFAULT_MTU_BYTES RTE_ETHER_MTU

// One line per offload that the engine knows.
static const struct offload_pair {
	uint64_t rx;
	uint64_t tx;
	uint32_t engine;
} offload_pairs[] = {
	{.rx = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM, .engine = PLX_OFFLOAD_RX_IPV4_CHECKSUM},
	{.rx = RTE_ETH_RX_OFFLOAD_TCP_CKSUM, .engine = PLX_OFFLOAD_RX_TCP_CHECKSUM},
	{.tx = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM, .engine = PLX_OFFLOAD_TX_IPV4_CHECKSUM},
	{.tx = RTE_ETH_TX_OFFLOAD_TCP_CKSUM, .engine = PLX_OFFLOAD_TX_TCP_CHECKSUM},
	{.tx = RTE_ETH_TX_OFFLOAD_MULTI_SEGS, .engine = PLX_OFFLOAD_TX_MULTI_SEGS},
	{.tx = RTE_ETH_TX_OFFLOAD_TCP_TSO, .engine = PLX_OFFLOAD_TX_TSO},
};

#define TX_CHECKSUMS (PLX_OFFLOAD_TX_IPV4_CHECKSUM | PLX_OFFLOAD_TX_TCP_CHECKSUM)

static uint32_t offloads_of(const struct rte_eth_dev_info *info)
{
	uint32_t offloads = 0;

	for (size_t i = 0; i < RTE_DIM(offload_pairs); i++)
		if (((offload_pairs[i].rx & info->rx_offload_capa)
		     | (offload_pairs[i].tx & info->tx_offload_capa))
		    != 0)
			offloads |= offload_pairs[i].engine;
	return offloads;
}

// Does it cut as rte_mbuf_core.h describes it, filling in both checksums, and does it hold such frames? Virtio does not: it
// has no IPv4 checksum, and hands large frames to its other end whole. The shim is to get them as they are on the wire.
static bool may_cut(const struct port *port, uint32_t offloads,
		    const struct rte_eth_desc_lim *limit)
{
	uint32_t needed = TX_CHECKSUMS | PLX_OFFLOAD_TX_MULTI_SEGS;

	// 0 is what drivers leave that say nothing.
	return (offloads & (needed | PLX_OFFLOAD_TX_BY_REFERENCE)) == needed
		&& (limit->nb_seg_max == 0 || limit->nb_seg_max >= PLX_TSO_MBUFS_MAX)
		&& (limit->nb_mtu_seg_max == 0
		    || limit->nb_mtu_seg_max >= PLX_TSO_SEGMENT_MBUFS_MAX)
		&& port->tx_descriptors >= 2 * PLX_TSO_MBUFS_MAX
		&& !link_model_is_active(&port->config->impairment.tx);
}

uint32_t ethdev_offloads(const struct port *port, const struct rte_eth_dev_info *info,
			 unsigned traits)
{
	uint32_t offloads = offloads_of(info);

	// What a relay passes on is whole, and stays as it is.
	if (port->is_relayed)
		return 0;
	if ((traits & DEVICE_COPIES) != 0)
		offloads |= PLX_OFFLOAD_TX_ANY_MEMORY;
	if ((traits & DEVICE_BY_REFERENCE) != 0)
		offloads |= PLX_OFFLOAD_TX_BY_REFERENCE;
	// Made after the shim, a checksum would be right for corrupted bytes.
	if (port->config->impairment.tx.corrupt_ppm != 0 || (traits & DEVICE_MISSUMS) != 0)
		offloads &= ~TX_CHECKSUMS;
	if (!may_cut(port, offloads, &info->tx_desc_lim))
		offloads &= ~PLX_OFFLOAD_TX_TSO;
	return offloads;
}

static struct rte_eth_conf conf_of(uint32_t offloads, unsigned mtu_bytes)
{
	struct rte_eth_conf conf = {.rxmode.mtu = mtu_bytes};

	for (size_t i = 0; i < RTE_DIM(offload_pairs); i++)
		if ((offloads & offload_pairs[i].engine) != 0) {
			conf.rxmode.offloads |= offload_pairs[i].rx;
			conf.txmode.offloads |= offload_pairs[i].tx;
		}
	return conf;
}

bool ethdev_cuts_segments(const struct port *port)
{
	struct rte_eth_conf conf = conf_of(port->offloads, 0);

	return (conf.txmode.offloads & RTE_ETH_TX_OFFLOAD_TCP_TSO) != 0;
}

static bool is_usable_mac(const uint8_t *mac)
{
	static const uint8_t zero[6];

	return (mac[0] & 1) == 0 && memcmp(mac, zero, sizeof(zero)) != 0;
}

// A port needs an address of its own: none is given to a ring, and a tap's is also its kernel's
// end.
static void choose_mac(struct port *port, unsigned traits)
{
	struct rte_ether_addr reported = {0};

	rte_eth_macaddr_get(port->device, &reported);
	if (is_usable_mac(reported.addr_bytes))
		memcpy(port->mac, reported.addr_bytes, sizeof(port->mac));
	if ((traits & DEVICE_SHARES_MAC) != 0) {
		port->mac[0] |= RTE_ETHER_LOCAL_ADMIN_ADDR;
		port->mac[5] ^= 1;
	}
}

int ethdev_find(struct port *port, const char *name, struct system_error *error)
{
	struct rte_eth_dev_info info;
	unsigned traits;

	if (rte_eth_dev_get_port_by_name(name, &port->device) != 0
	    || rte_eth_dev_info_get(port->device, &info) != 0) {
		device_explain_missing(port->config, error);
		return -ENODEV;
	}
	snprintf(port->driver, sizeof(port->driver), "%s", info.driver_name);
	traits = device_traits(port->driver, port->config->device);
	port->needs_gate = (traits & DEVICE_UNMAPS) != 0;
	choose_mac(port, traits);
	port->offloads = ethdev_offloads(port, &info, traits);
	port->prepares = (port->offloads & TX_CHECKSUMS) != 0;
	return 0;
}

static int check_limits(const struct port *port, const struct rte_eth_dev_info *info,
			unsigned mtu_bytes, struct system_error *error)
{
	unsigned frame_bytes = mtu_bytes + RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;

	system_error_where(error, "port %s", port->config->name);
	if (frame_bytes > info->max_rx_pktlen || mtu_bytes > info->max_mtu) {
		system_error_what(
			error, "an MTU of %u is more than %s takes, which is %u bytes", mtu_bytes,
			port->driver,
			RTE_MIN(info->max_rx_pktlen - RTE_ETHER_HDR_LEN - RTE_ETHER_CRC_LEN,
				info->max_mtu));
		system_error_remedy(error, "lower the mtu of its stack");
		return -EINVAL;
	}
	if (port->n_queues > info->max_rx_queues || port->n_queues > info->max_tx_queues) {
		system_error_what(error, "%u workers need as many queues, %s has %u",
				  port->n_queues, port->driver,
				  RTE_MIN(info->max_rx_queues, info->max_tx_queues));
		system_error_remedy(error, "lower the workers of its stack");
		return -EINVAL;
	}
	return 0;
}

static int setup_queue(struct port *port, uint16_t queue, const struct rte_eth_conf *conf,
		       const struct rte_eth_dev_info *info, struct rte_mempool *pool)
{
	struct rte_eth_rxconf rx = info->default_rxconf;
	struct rte_eth_txconf tx = info->default_txconf;
	int node = rte_eth_dev_socket_id(port->device);
	int code;

	rx.offloads = conf->rxmode.offloads;
	tx.offloads = conf->txmode.offloads;
	code = rte_eth_rx_queue_setup(port->device, queue, port->rx_descriptors, (unsigned)node,
				      &rx, pool);
	if (code != 0)
		return code;
	return rte_eth_tx_queue_setup(port->device, queue, port->tx_descriptors, (unsigned)node,
				      &tx);
}

static int set_up(struct port *port, const struct rte_eth_dev_info *info,
		  struct rte_mempool *const *pools, unsigned mtu_bytes)
{
	struct rte_eth_conf conf = conf_of(port->offloads, mtu_bytes);
	int code = rte_eth_dev_configure(port->device, port->n_queues, port->n_queues, &conf);

	if (code == 0)
		code = rte_eth_dev_adjust_nb_rx_tx_desc(port->device, &port->rx_descriptors,
							&port->tx_descriptors);
	for (uint16_t queue = 0; code == 0 && queue < port->n_queues; queue++)
		code = setup_queue(port, queue, &conf, info, pools[queue]);
	// Some drivers only carry it to the kernel's interface this way; others have nothing to
	// set.
	if (code == 0 && mtu_bytes != DEFAULT_MTU_BYTES) {
		code = rte_eth_dev_set_mtu(port->device, (uint16_t)mtu_bytes);
		code = code == -ENOTSUP ? 0 : code;
	}
	return code;
}

// Neighbour discovery comes by multicast, and a stack may have another address than the device; what
// a relay passes on is for others.
// Devices without filters refuse, and need nothing.
static void open_filters(struct port *port)
{
	struct rte_ether_addr own = {0};

	rte_eth_macaddr_get(port->device, &own);
	if (port->is_relayed || memcmp(own.addr_bytes, port->mac, sizeof(port->mac)) != 0
	    || rte_eth_allmulticast_enable(port->device) != 0)
		rte_eth_promiscuous_enable(port->device);
}

int ethdev_start(struct port *port, struct rte_mempool *const *pools, unsigned mtu_bytes,
		 struct system_error *error)
{
	struct rte_eth_dev_info info;
	int code = rte_eth_dev_info_get(port->device, &info);

	if (code == 0) {
		code = check_limits(port, &info, mtu_bytes, error);
		if (code != 0)
			return code;
		code = set_up(port, &info, pools, mtu_bytes);
	}
	if (code == 0)
		code = rte_eth_dev_start(port->device);
	if (code != 0) {
		device_explain_start(port->config, code, error);
		return code;
	}
	port->is_started = true;
	open_filters(port);
	return 0;
}

void ethdev_stop(struct port *port)
{
	if (port->is_started)
		rte_eth_dev_stop(port->device);
	port->is_started = false;
}

void ethdev_close(struct port *port)
{
	rte_eth_dev_close(port->device);
}

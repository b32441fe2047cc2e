// SPDX-License-Identifier: BSD-3-Clause
//
// Frames to a known MAC address, and mbufs to build them in.
// Packets that need a next hop go by transmit.c instead.
// Called by net/arp and net/nd.
#include "net/link.h"

#include <rte_mbuf.h>

bool link_push(struct net *net, struct rte_mbuf *m, const struct mac_addr *dst, uint16_t type)
{
	const struct eth_header eth = {
		.dst = *dst,
		.src = net->interface.mac,
		.type = type,
		.vlan = net->interface.vlan,
		.outer_vlan = net->interface.outer_vlan,
	};

	eth_header_build((uint8_t *)rte_pktmbuf_prepend(m, net_link_bytes(net)), &eth);
	return answer_push(net, m);
}

struct rte_mbuf *link_alloc(struct net *net)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(net->pool);

	if (m == NULL)
		net_count(net, PLX_COUNTER_TX_NO_BUFFER);
	return m;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Next-hop determination (RFC 1122 3.3.1, RFC 4861 5.2): the prefixes of our own addresses,
// fe80::/10, and the configured gateways in one table, longest prefix first, a connected one before
// a gateway. Called by transmit when neither a connection nor net->next_hops knows a neighbour that
// is still there, and by plx_connect().
#ifndef NET_ROUTE_H
#define NET_ROUTE_H

#include <pollux/stack.h>

#include "net/interface.h"

enum {
	ROUTE_GATEWAYS_MAX = 64,
	ROUTES_MAX = INTERFACE_ADDRESSES_MAX + 1 + ROUTE_GATEWAYS_MAX, // and fe80::/10
};

struct route {
	struct plx_addr prefix;
	struct plx_addr gateway;
	uint8_t prefix_len; // of its own family
	bool is_connected;  // the destination is its own next hop
};

struct route_table {
	unsigned n_routes;
	struct route routes[ROUTES_MAX];
};

// NULL, or the sentence that names the wrong field and the remedy.
const char *route_table_init(struct route_table *table, const struct interface *interface,
			     const struct plx_stack_config *config);

// Who gets a packet to `dst` first: itself, or a gateway. False: no route. On a bare-IP link every
// destination is its own next hop.
bool route_next_hop(const struct net *net, const struct plx_addr *dst, struct plx_addr *next_hop);

// Is `addr` reached without a gateway?
bool route_is_connected(const struct net *net, const struct plx_addr *addr);

#endif

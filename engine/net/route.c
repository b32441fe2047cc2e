// SPDX-License-Identifier: BSD-3-Clause
//
// The routing table of a host: at most 130 prefixes in a row, longest first, so that the first that
// fits is the one (RFC 1122 3.3.1.2). Connections keep the neighbour that came of it, so this is
// not hot. Called by transmit, by plx_connect() and by source selection.
#include "net/route.h"

#include "net/net.h"
#include "wire/addr.h"

// Behind those of the same length, so that what comes first stays first.
static void add_route(struct route_table *table, const struct route *route)
{
	unsigned at = table->n_routes++;

	for (; at > 0 && table->routes[at - 1].prefix_len < route->prefix_len; at--)
		table->routes[at] = table->routes[at - 1];
	table->routes[at] = *route;
}

static const struct route *find_route(const struct route_table *table, const struct plx_addr *dst)
{
	for (unsigned i = 0; i < table->n_routes; i++)
		if (addr_in_prefix(dst, &table->routes[i].prefix, table->routes[i].prefix_len))
			return &table->routes[i];
	return NULL;
}

// `connected` holds nothing but connected prefixes yet.
static const char *check_route(const struct plx_route *route, const struct route_table *connected,
			       const struct interface *interface)
{
	bool is_ipv4 = plx_addr_is_ipv4(&route->prefix);

	if (route->prefix_len > (is_ipv4 ? 32 : 128))
		return "routes: prefix_len is longer than the prefix; give 0 to 32 for IPv4, "
		       "0 to 128 for IPv6";
	if (plx_addr_is_ipv4(&route->gateway) != is_ipv4)
		return "routes: prefix and gateway are of different families; give both as IPv4 or "
		       "both as IPv6";
	if (!address_is_unicast(&route->gateway) || interface_owns(interface, &route->gateway))
		return "routes: the gateway is an address of the stack, or of no host; give the "
		       "router's address";
	if (interface->has_ethernet && find_route(connected, &route->gateway) == NULL)
		return "routes: the gateway is on no prefix of addresses; give an address whose "
		       "prefix holds the gateway";
	return NULL;
}

static void add_connected(struct route_table *table, const struct interface *interface)
{
	const struct route link_local = {
		.prefix = {{0xfe, 0x80}}, .prefix_len = 10, .is_connected = true};

	for (unsigned i = 0; i < interface->n_addresses; i++) {
		const struct route connected = {
			.prefix = interface->addresses[i].addr,
			.prefix_len = interface->addresses[i].prefix_len,
			.is_connected = true,
		};

		add_route(table, &connected);
	}
	if (interface->has_ipv6)
		add_route(table, &link_local);
}

const char *route_table_init(struct route_table *table, const struct interface *interface,
			     const struct plx_stack_config *config)
{
	struct route_table connected = {0};

	if (config->n_routes > ROUTE_GATEWAYS_MAX)
		return "n_routes: too many; give at most 64";
	if (config->n_routes > 0 && config->routes == NULL)
		return "routes: n_routes is not 0, but there are none; give the array";
	add_connected(&connected, interface);
	*table = connected;
	for (unsigned i = 0; i < config->n_routes; i++) {
		const struct route route = {
			.prefix = config->routes[i].prefix,
			.gateway = config->routes[i].gateway,
			.prefix_len = config->routes[i].prefix_len,
		};
		const char *wrong = check_route(&config->routes[i], &connected, interface);

		if (wrong != NULL)
			return wrong;
		add_route(table, &route);
	}
	return NULL;
}

bool route_next_hop(const struct net *net, const struct plx_addr *dst, struct plx_addr *next_hop)
{
	const struct route *route;

	if (!net->interface.has_ethernet) {
		*next_hop = *dst;
		return true;
	}
	route = find_route(&net->routes, dst);
	if (route == NULL)
		return false;
	*next_hop = route->is_connected ? *dst : route->gateway;
	return true;
}

bool route_is_connected(const struct net *net, const struct plx_addr *addr)
{
	const struct route *route = find_route(&net->routes, addr);

	return route != NULL && route->is_connected;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Addresses of stacks: each once on a link, next hops on the link, and a way from every load to its
// target (RFC 1122 3.3.1.1: on the link, else by a gateway).
// Called by check.c.
#include <string.h>

#include "config/address.h"
#include "config/check.h"

// How many addresses from `addr` on are the stack's, as far as one range goes.
static uint32_t count_own(const struct config_stack *stack, const struct plx_addr *addr)
{
	for (unsigned i = 0; i < stack->addresses.n; i++) {
		const struct config_prefix *own = &stack->addresses.items[i];

		if (address_is_in_range(addr, &own->first, own->count))
			return own->count - address_count(&own->first, addr) + 1;
	}
	return 0;
}

bool check_is_own_address(const struct config_stack *stack, const struct plx_addr *addr)
{
	return count_own(stack, addr) != 0;
}

static bool has_family_of(const struct config_stack *stack, const struct plx_addr *addr)
{
	for (unsigned i = 0; i < stack->addresses.n; i++)
		if (address_is_same_family(&stack->addresses.items[i].first, addr))
			return true;
	return false;
}

static bool is_on_link(const struct config_stack *stack, const struct plx_addr *addr)
{
	for (unsigned i = 0; i < stack->addresses.n; i++) {
		const struct config_prefix *own = &stack->addresses.items[i];

		if (address_is_in_prefix(addr, &own->first, own->prefix_len))
			return true;
	}
	return false;
}

// The first address that both ranges have; NULL when they have none in common.
static const struct plx_addr *common_address(const struct config_prefix *a,
					     const struct config_prefix *b)
{
	if (address_is_in_range(&b->first, &a->first, a->count))
		return &b->first;
	return address_is_in_range(&a->first, &b->first, b->count) ? &a->first : NULL;
}

// The stack at the other end of a loopback; NULL when there is none.
static const struct config_stack *other_end(const struct config *config,
					    const struct config_stack *stack)
{
	const struct config_port *port = config_find_port(config, stack->port);
	const struct config_port *peer = port ? config_peer(config, port) : NULL;

	for (unsigned i = 0; peer && peer != port && i < config->n_stacks; i++)
		if (strcmp(config->stacks[i].port, peer->name) == 0)
			return &config->stacks[i];
	return NULL;
}

static void check_unique(const struct config *config, const struct config_stack *stack,
			 struct config_errors *errors)
{
	const struct config_stack *other = other_end(config, stack);
	char text[PLX_ADDR_TEXT_BYTES];

	for (unsigned i = 0; i < stack->addresses.n; i++) {
		const struct config_prefix *own = &stack->addresses.items[i];
		const struct plx_addr *twice = NULL;

		for (unsigned k = 0; k < i && !twice; k++)
			twice = common_address(own, &stack->addresses.items[k]);
		if (twice)
			CHECK_SAY(errors, stack, CONFIG_KEY_stack_addresses,
				  "%s is given twice; leave one out", plx_addr_format(twice, text));
		for (unsigned k = 0; other && other < stack && k < other->addresses.n; k++) {
			twice = common_address(own, &other->addresses.items[k]);
			if (twice)
				CHECK_SAY(errors, stack, CONFIG_KEY_stack_addresses,
					  "stack \"%s\" at the other end has %s; give each end "
					  "its own",
					  other->name, plx_addr_format(twice, text));
		}
	}
}

// A next hop or neighbour: somebody else, and on the link.
static void check_next_hop(const struct config_stack *stack, const void *section,
			   enum config_key key, const struct plx_addr *addr,
			   struct config_errors *errors)
{
	char text[PLX_ADDR_TEXT_BYTES];

	plx_addr_format(addr, text);
	if (check_is_own_address(stack, addr))
		CHECK_SAY(errors, section, key,
			  "%s is an address of the stack itself; give another station's", text);
	else if (!is_on_link(stack, addr))
		CHECK_SAY(errors, section, key,
			  "%s is not on the link; give one within the prefix of %s", text,
			  config_errors_key(errors, CONFIG_KEY_stack_addresses));
}

static void check_routes(const struct config_stack *stack, struct config_errors *errors)
{
	for (unsigned i = 0; i < stack->gateway.n; i++)
		check_next_hop(stack, stack, CONFIG_KEY_stack_gateway, &stack->gateway.items[i],
			       errors);
	for (unsigned i = 0; i < stack->n_routes; i++) {
		const struct config_route *route = &stack->routes[i];

		check_next_hop(stack, route, CONFIG_KEY_route_via, &route->via, errors);
		if (!address_is_same_family(&route->to.first, &route->via))
			CHECK_SAY(errors, route, CONFIG_KEY_route_via,
				  "an %s next hop cannot take %s; give one of the same family",
				  address_family(&route->via), address_family(&route->to.first));
	}
	if (stack->n_routes + stack->gateway.n > CONFIG_ROUTES_MAX)
		CHECK_SAY(errors, stack, CONFIG_KEY_stack_routes,
			  "are more than %u with the gateways; leave some out", CONFIG_ROUTES_MAX);
}

void check_addresses(const struct config *config, const struct config_stack *stack,
		     struct config_errors *errors)
{
	enum { IPV6_MTU = 1280 }; // RFC 8200 5
	bool has_ipv6 = false;

	for (unsigned i = 0; i < stack->addresses.n; i++)
		has_ipv6 |= !plx_addr_is_ipv4(&stack->addresses.items[i].first);
	if (has_ipv6 && stack->mtu < IPV6_MTU)
		CHECK_SAY(errors, stack, CONFIG_KEY_stack_mtu,
			  "%u is too small for IPv6; give at least %d", (unsigned)stack->mtu,
			  IPV6_MTU);
	check_unique(config, stack, errors);
	check_routes(stack, errors);
	for (unsigned i = 0; i < stack->n_neighbors; i++)
		check_next_hop(stack, &stack->neighbors[i], CONFIG_KEY_neighbor_address,
			       &stack->neighbors[i].address, errors);
}

static bool has_route(const struct config_stack *stack, const struct plx_addr *addr)
{
	for (unsigned i = 0; i < stack->gateway.n; i++)
		if (address_is_same_family(&stack->gateway.items[i], addr))
			return true;
	for (unsigned i = 0; i < stack->n_routes; i++)
		if (address_is_in_prefix(addr, &stack->routes[i].to.first,
					 stack->routes[i].to.prefix_len))
			return true;
	return false;
}

// All addresses of the source are the stack's, and can talk to the target.
static void check_source(const struct config_stack *stack, const struct config_load *load,
			 struct config_errors *errors)
{
	const struct config_range *source = &load->source;
	char text[PLX_ADDR_TEXT_BYTES];

	if (!address_is_same_family(&source->first, &load->target.addr)) {
		CHECK_SAY(errors, load, CONFIG_KEY_load_source,
			  "an %s address cannot reach an %s target; give one of its family",
			  address_family(&source->first), address_family(&load->target.addr));
		return;
	}
	for (uint64_t i = 0, own; i < source->count; i += own) {
		struct plx_addr addr = address_add(&source->first, (uint32_t)i);

		own = count_own(stack, &addr);
		if (own == 0) {
			CHECK_SAY(errors, load, CONFIG_KEY_load_source,
				  "%s is not an address of stack \"%s\"; add it to %s",
				  plx_addr_format(&addr, text), stack->name,
				  config_errors_key(errors, CONFIG_KEY_stack_addresses));
			return;
		}
	}
}

void check_reach(const struct config_stack *stack, const struct config_load *load,
		 struct config_errors *errors)
{
	const enum config_key key = CONFIG_KEY_load_target;
	const struct plx_addr *target = &load->target.addr;
	char text[PLX_ADDR_TEXT_BYTES];

	plx_addr_format(target, text);
	if (!has_family_of(stack, target))
		CHECK_SAY(errors, load, key, "stack \"%s\" has no %s address; add one to %s",
			  stack->name, address_family(target),
			  config_errors_key(errors, CONFIG_KEY_stack_addresses));
	else if (check_is_own_address(stack, target))
		CHECK_SAY(errors, load, key,
			  "%s is an address of stack \"%s\" itself; name another station's", text,
			  stack->name);
	else if (!is_on_link(stack, target) && !has_route(stack, target))
		CHECK_SAY(errors, load, key,
			  "%s is not on the link; set %s, or name an address in the prefix", text,
			  config_errors_key(errors, CONFIG_KEY_stack_gateway));
	if (load->source.count)
		check_source(stack, load, errors);
}

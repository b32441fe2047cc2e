// SPDX-License-Identifier: BSD-3-Clause
//
// Description to plan. Where the operator gave no size, it follows from what runs on the stack.
// Both sides have bounds of their own, which must agree.
// Called by apps/.
#include "config/plan.h"

#include <assert.h>
#include <string.h>
#include <sys/param.h>

// A frame with another address is not damaged but somebody else's.
#define MAC_ADDRESSES_BYTES 12

static_assert(CONFIG_NAME_BYTES == SYSTEM_NAME_BYTES, "names are copied");
static_assert(CONFIG_DEVICE_BYTES == SYSTEM_DEVICE_BYTES, "devices are copied");
static_assert(CONFIG_PORTS_MAX == SYSTEM_PORTS_MAX, "every port has a place");
static_assert(CONFIG_STACKS_MAX == SYSTEM_STACKS_MAX, "every stack has a place");
static_assert(CONFIG_RELAYS_MAX == SYSTEM_RELAYS_MAX, "every relay has a place");
static_assert(CONFIG_WORKERS_MAX == SYSTEM_WORKERS_MAX, "every worker has a place");
static_assert(CONFIG_ADDRESSES_MAX == SYSTEM_ADDRESSES_MAX, "every address has a place");
static_assert(CONFIG_ROUTES_MAX == SYSTEM_ROUTES_MAX, "every route has a place");
static_assert(CONFIG_NEIGHBORS_MAX == SYSTEM_NEIGHBORS_MAX, "every neighbour has a place");

static struct link_model_config plan_direction(const struct config_direction *direction)
{
	const uint64_t million = 1000000;

	return (struct link_model_config){
		.rate_bps = direction->rate,
		.queue_bytes = (uint32_t)direction->queue,
		.ecn_threshold_bytes = (uint32_t)direction->ecn_threshold,
		.delay = direction->delay,
		.jitter = direction->jitter,
		.jitter_reorders = direction->jitter_reorders != 0,
		.loss_ppm = (uint32_t)direction->loss,
		.burst_enter_ppm = (uint32_t)direction->burst,
		.burst_leave_ppm = (uint32_t)((million + direction->burst_frames / 2)
					      / direction->burst_frames),
		.burst_loss_ppm = (uint32_t)direction->burst_loss,
		.reorder_ppm = (uint32_t)direction->reorder,
		.reorder_delay = direction->reorder_delay,
		.duplicate_ppm = (uint32_t)direction->duplicate,
		.duplicate_delay = direction->duplicate_delay,
		.corrupt_ppm = (uint32_t)direction->corrupt,
		.corrupt_spared_bytes = MAC_ADDRESSES_BYTES,
	};
}

static void plan_port(const struct config_port *port, struct port_config *plan)
{
	strcpy(plan->name, port->name);
	strcpy(plan->device, port->device);
	strcpy(plan->peer, port->peer);
	plan->rx_descriptors = (uint16_t)port->rx_descriptors;
	plan->tx_descriptors = (uint16_t)port->tx_descriptors;
	plan->impairment = (struct impairment_config){
		.rx = plan_direction(&port->impairment.rx),
		.tx = plan_direction(&port->impairment.tx),
		.seed = port->impairment.seed,
		.queue_frames = (uint32_t)port->impairment.queue_frames,
	};
}

static void plan_routes(const struct config_stack *stack, struct stack_plan *plan)
{
	unsigned n = 0;

	for (unsigned i = 0; i < stack->gateway.n; i++)
		plan->routes[n++] = (struct plx_route){
			.prefix = stack->gateway.items[i],
			.gateway = stack->gateway.items[i],
		};
	for (unsigned i = 0; i < stack->n_routes; i++)
		plan->routes[n++] = (struct plx_route){
			.prefix = stack->routes[i].to.first,
			.prefix_len = stack->routes[i].to.prefix_len,
			.gateway = stack->routes[i].via,
		};
	plan->base.n_routes = n;
}

static void plan_addresses(const struct config_stack *stack, struct stack_plan *plan)
{
	for (unsigned i = 0; i < stack->addresses.n; i++)
		plan->addresses[i] = (struct plx_address){
			.addr = stack->addresses.items[i].first,
			.count = stack->addresses.items[i].count,
			.prefix_len = stack->addresses.items[i].prefix_len,
		};
	plan->base.n_addresses = stack->addresses.n;
	for (unsigned i = 0; i < stack->n_neighbors; i++) {
		plan->neighbors[i].addr = stack->neighbors[i].address;
		memcpy(plan->neighbors[i].mac, stack->neighbors[i].mac.bytes,
		       sizeof(plan->neighbors[i].mac));
	}
	plan->base.n_neighbors = stack->n_neighbors;
}

// Connections and listeners of what runs on each worker of the stack.
struct need {
	uint64_t connections;
	uint32_t listeners;
};

static struct need need_of(const struct config *config, const struct config_stack *stack)
{
	struct need need = {0};

	for (unsigned i = 0; i < config->n_loads; i++)
		if (strcmp(config->loads[i].stack, stack->name) == 0)
			need.connections += (config->loads[i].connections + stack->workers - 1)
				/ stack->workers;
	for (unsigned i = 0; i < config->n_servers; i++) {
		const struct config_ports *ports = &config->servers[i].listen.ports;

		if (strcmp(config->servers[i].stack, stack->name) == 0)
			need.listeners += (uint32_t)(ports->last - ports->first) + 1;
	}
	return need;
}

static void plan_sizes(const struct config_stack *stack, const struct config_port *port,
		       const struct need *need, struct stack_plan *plan)
{
	plan->base.max_connections = (uint32_t)stack->max_connections;
	if (!config_is_given(stack, CONFIG_KEY_stack_max_connections))
		plan->base.max_connections = (uint32_t)MAX(stack->max_connections,
							   need->connections);
	plan->base.max_half_open = (uint32_t)stack->max_half_open;
	plan->base.max_time_wait = (uint32_t)stack->max_time_wait;
	plan->base.max_listeners = MAX(plan->base.max_listeners, need->listeners);
	plan->mbufs = (uint32_t)stack->mbufs;
	// Every connection may have a packet on its way at once.
	if (!stack->mbufs && need->connections > SYSTEM_MBUFS / 2)
		plan->mbufs = (uint32_t)(SYSTEM_MBUFS + need->connections + port->rx_descriptors
					 + port->tx_descriptors);
}

static void plan_stack(const struct config *config, const struct config_stack *stack,
		       struct stack_plan *plan)
{
	struct need need = need_of(config, stack);

	plx_stack_config_init(&plan->base);
	strcpy(plan->name, stack->name);
	strcpy(plan->port, stack->port);
	plan->workers = (unsigned)stack->workers;
	plan->base.mtu_bytes = (uint16_t)stack->mtu;
	plan->base.vlan = (uint16_t)stack->vlan;
	plan->base.outer_vlan = (uint16_t)stack->outer_vlan;
	plan->base.max_fragments = (uint32_t)stack->max_fragments;
	plan->base.fragment_time = stack->fragment_time;
	plan->base.time_wait = stack->time_wait;
	plan->base.syn_cookies = (enum plx_syn_cookies)stack->syn_cookies;
	plan->base.answer_nobody = stack->answer_nobody != 0;
	memcpy(plan->base.mac, stack->mac.bytes, sizeof(plan->base.mac));
	plan_addresses(stack, plan);
	plan_routes(stack, plan);
	plan_sizes(stack, config_find_port(config, stack->port), &need, plan);
}

static void plan_relay(const struct config_relay *relay, struct relay_plan *plan)
{
	strcpy(plan->left, relay->left);
	strcpy(plan->right, relay->right);
	plan->mtu_bytes = (uint16_t)relay->mtu;
}

void config_plan(const struct config *config, struct system_config *system)
{
	for (unsigned i = 0; i < config->n_ports; i++)
		plan_port(&config->ports[i], &system->ports[i]);
	system->n_ports = config->n_ports;
	for (unsigned i = 0; i < config->n_stacks; i++)
		plan_stack(config, &config->stacks[i], &system->stacks[i]);
	system->n_stacks = config->n_stacks;
	for (unsigned i = 0; i < config->n_relays; i++)
		plan_relay(&config->relays[i], &system->relays[i]);
	system->n_relays = config->n_relays;
	system->memory_bytes = config->memory;
}

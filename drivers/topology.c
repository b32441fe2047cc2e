// SPDX-License-Identifier: BSD-3-Clause
//
// Every name is looked up once. A port without a stack or relay would fill up unread, a stack without
// a port is nowhere, what is joined inside the process has two ends with as many workers: queue i of one is joined to queue i of
// the other, so that both segments of a connection stay with one worker on each side.
// Called by bring-up before anything is touched.
#include "drivers/topology.h"

#include <errno.h>
#include <string.h>

#include "drivers/device.h"

unsigned topology_workers(const struct stack_plan *plan)
{
	return plan->workers != 0 ? plan->workers : 1;
}

unsigned topology_port_queues(const struct system_config *config, const struct topology *topology,
			      unsigned port)
{
	int stack = topology->stack_of_port[port];

	return stack != TOPOLOGY_NONE ? topology_workers(&config->stacks[stack]) : 1;
}

unsigned topology_port_mtu(const struct system_config *config, const struct topology *topology,
			   unsigned port)
{
	int stack = topology->stack_of_port[port];

	return stack != TOPOLOGY_NONE ? config->stacks[stack].base.mtu_bytes
				      : config->relays[topology->relay_of_port[port]].mtu_bytes;
}

static int find_port(const struct system_config *config, const char *name)
{
	for (unsigned i = 0; i < config->n_ports; i++)
		if (strcmp(config->ports[i].name, name) == 0)
			return (int)i;
	return TOPOLOGY_NONE;
}

static int place_stack(const struct system_config *config, unsigned stack,
		       struct topology *topology, struct system_error *error)
{
	const struct stack_plan *plan = &config->stacks[stack];
	int port = find_port(config, plan->port);

	system_error_where(error, "stack %s", plan->name);
	if (port == TOPOLOGY_NONE) {
		system_error_what(error, "there is no port %s", plan->port);
		system_error_remedy(error, "name one of the ports");
		return -EINVAL;
	}
	if (topology->stack_of_port[port] != TOPOLOGY_NONE) {
		system_error_what(error, "port %s belongs to stack %s already", plan->port,
				  config->stacks[topology->stack_of_port[port]].name);
		system_error_remedy(error, "give each stack a port of its own");
		return -EINVAL;
	}
	topology->port_of_stack[stack] = port;
	topology->node_of_stack[stack] = device_numa_node(config->ports[port].device);
	topology->stack_of_port[port] = (int)stack;
	topology->n_workers += topology_workers(plan);
	return 0;
}

static const char *side_of(const struct relay_plan *plan, unsigned side)
{
	return side == 0 ? plan->left : plan->right;
}

static int place_relay(const struct system_config *config, unsigned relay,
		       struct topology *topology, struct system_error *error)
{
	const struct relay_plan *plan = &config->relays[relay];

	system_error_where(error, "relay of %s and %s", plan->left, plan->right);
	for (unsigned side = 0; side < 2; side++) {
		int port = find_port(config, side_of(plan, side));

		if (port == TOPOLOGY_NONE) {
			system_error_what(error, "there is no port %s", side_of(plan, side));
			system_error_remedy(error, "name two of the ports");
			return -EINVAL;
		}
		if (topology->stack_of_port[port] != TOPOLOGY_NONE
		    || topology->relay_of_port[port] != TOPOLOGY_NONE) {
			system_error_what(error, "port %s is in use already", side_of(plan, side));
			system_error_remedy(error, "give it two ports of its own");
			return -EINVAL;
		}
		topology->relay_of_port[port] = (int)relay;
		topology->ports_of_relay[relay][side] = port;
	}
	topology->node_of_relay[relay] =
		device_numa_node(config->ports[topology->ports_of_relay[relay][0]].device);
	topology->n_workers++;
	return 0;
}

// Joins a port to the peer it names; the peer need not name it back, but no other either.
static int join(const struct system_config *config, unsigned port, struct topology *topology,
		struct system_error *error)
{
	const struct port_config *own = &config->ports[port];
	int peer;

	if (!device_is_joined(own->device) || own->peer[0] == '\0')
		return 0;
	system_error_where(error, "port %s", own->name);
	peer = find_port(config, own->peer);
	if (peer == TOPOLOGY_NONE || peer == (int)port
	    || strcmp(config->ports[peer].device, own->device) != 0) {
		system_error_what(error, "its peer %s is no other %s", own->peer, own->device);
		system_error_remedy(error, "name another port whose device is %s", own->device);
		return -EINVAL;
	}
	if (topology->peer_of_port[port] == peer)
		return 0;
	if (topology->peer_of_port[port] != TOPOLOGY_NONE
	    || topology->peer_of_port[peer] != TOPOLOGY_NONE) {
		system_error_what(error, "one of %s and %s is joined to a third port", own->name,
				  own->peer);
		system_error_remedy(error, "join ports two by two");
		return -EINVAL;
	}
	topology->peer_of_port[port] = peer;
	topology->peer_of_port[peer] = (int)port;
	return 0;
}

static int check_workers(const struct system_config *config, unsigned port,
			 const struct topology *topology, struct system_error *error)
{
	int stack = topology->stack_of_port[port], peer = topology->peer_of_port[port];
	unsigned own = topology_port_queues(config, topology, port), other;

	if (stack == TOPOLOGY_NONE)
		return 0; // the other end says it
	system_error_where(error, "stack %s", config->stacks[stack].name);
	if (!device_is_joined(config->ports[port].device)) {
		if (own == 1)
			return 0;
		system_error_what(error, "%u workers on %s; several work on joined ports only", own,
				  config->ports[port].device);
		system_error_remedy(error, "set workers to 1");
		return -EINVAL;
	}
	other = topology_port_queues(config, topology, (unsigned)peer);
	if (own != other) {
		int far = topology->stack_of_port[peer];

		system_error_what(error, "it has %u workers and %s, at the other end, has %u", own,
				  far != TOPOLOGY_NONE ? config->stacks[far].name : "a relay",
				  other);
		system_error_remedy(error, "give both ends as many workers");
		return -EINVAL;
	}
	return 0;
}

static int check_port(const struct system_config *config, unsigned port,
		      const struct topology *topology, struct system_error *error)
{
	const struct port_config *own = &config->ports[port];

	system_error_where(error, "port %s", own->name);
	if (find_port(config, own->name) != (int)port) {
		system_error_what(error, "there are two ports of that name");
		system_error_remedy(error, "rename one");
		return -EINVAL;
	}
	if (topology->stack_of_port[port] == TOPOLOGY_NONE
	    && topology->relay_of_port[port] == TOPOLOGY_NONE) {
		system_error_what(error, "no stack is on it");
		system_error_remedy(error, "add a stack with port %s, or leave the port out",
				    own->name);
		return -EINVAL;
	}
	if (device_is_joined(own->device) && topology->peer_of_port[port] == TOPOLOGY_NONE) {
		system_error_what(error, "a %s has two ends, and this one has no peer",
				  own->device);
		system_error_remedy(error, "add a second port with device %s and peer %s",
				    own->device, own->name);
		return -EINVAL;
	}
	return 0;
}

static int check_counts(const struct topology *topology, struct system_error *error)
{
	system_error_where(error, "stacks");
	if (topology->n_workers == 0) {
		system_error_what(error, "there is none");
		system_error_remedy(error, "describe one, with the port it is on");
		return -EINVAL;
	}
	if (topology->n_workers > SYSTEM_WORKERS_MAX) {
		system_error_what(error, "%u workers are more than the %d there may be",
				  topology->n_workers, SYSTEM_WORKERS_MAX);
		system_error_remedy(error, "lower the workers of the stacks");
		return -EINVAL;
	}
	return 0;
}

int topology_make(const struct system_config *config, struct topology *topology,
		  struct system_error *error)
{
	int code = 0;

	*topology = (struct topology){0};
	for (unsigned i = 0; i < SYSTEM_PORTS_MAX; i++)
		topology->stack_of_port[i] = topology->relay_of_port[i] =
			topology->peer_of_port[i] = TOPOLOGY_NONE;
	for (unsigned i = 0; code == 0 && i < config->n_stacks; i++)
		code = place_stack(config, i, topology, error);
	for (unsigned i = 0; code == 0 && i < config->n_relays; i++)
		code = place_relay(config, i, topology, error);
	for (unsigned i = 0; code == 0 && i < config->n_ports; i++)
		code = join(config, i, topology, error);
	if (code == 0)
		code = check_counts(topology, error);
	for (unsigned i = 0; code == 0 && i < config->n_ports; i++)
		code = check_port(config, i, topology, error);
	for (unsigned i = 0; code == 0 && i < config->n_ports; i++)
		code = check_workers(config, i, topology, error);
	return code;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Rings first, for all ports, then the devices around them: each receives from its own and sends to its
// peer's, queue by queue. The rings stay ours when the driver closes.
// Called by bring-up.
#include "drivers/ring_ports.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_eth_ring.h>

#include "drivers/device.h"
#include "drivers/frame_ring.h"
#include "drivers/stack_setup.h"

#define DRIVER_PREFIX "net_ring_" // the driver puts it before the name that it is given

void ring_port_name(unsigned port, char *name, size_t size)
{
	snprintf(name, size, DRIVER_PREFIX "%u", port);
}

static int node_of(const struct topology *topology, unsigned port)
{
	int stack = topology->stack_of_port[port];

	return stack != TOPOLOGY_NONE ? topology->node_of_stack[stack]
				      : topology->node_of_relay[topology->relay_of_port[port]];
}

static int create_rings(const struct system_config *config, const struct topology *topology,
			unsigned port, struct rte_ring **rings, struct system_error *error)
{
	unsigned n_queues = topology_port_queues(config, topology, port);
	unsigned descriptors = stack_setup_rx_descriptors(&config->ports[port]);

	system_error_where(error, "port %s", config->ports[port].name);
	if (n_queues > RING_QUEUES_MAX) {
		system_error_what(error, "%u workers need as many queues, %s has %u", n_queues,
				  config->ports[port].device, RING_QUEUES_MAX);
		system_error_remedy(error, "lower the workers of its stack");
		return -EINVAL;
	}
	for (unsigned queue = 0; queue < n_queues; queue++) {
		rings[queue] = frame_ring_create(descriptors, node_of(topology, port));
		if (rings[queue] == NULL) {
			system_error_what(error, "not enough memory for its queues");
			system_error_remedy(error, "raise memory, or lower rx_descriptors");
			return -ENOMEM;
		}
	}
	return 0;
}

static int create_device(const struct system_config *config, const struct topology *topology,
			 unsigned port, struct ring_ports *ring_ports, struct system_error *error)
{
	unsigned n_queues = topology_port_queues(config, topology, port);
	int peer = topology->peer_of_port[port];
	char name[RTE_DEV_NAME_MAX_LEN];

	ring_port_name(port, name, sizeof(name));
	ring_ports->is_made[port] = rte_eth_from_rings(name + strlen(DRIVER_PREFIX),
						       ring_ports->rings[port], n_queues,
						       ring_ports->rings[peer], n_queues,
						       (unsigned)node_of(topology, port))
		>= 0;
	if (ring_ports->is_made[port])
		return 0;
	device_explain_missing(&config->ports[port], error);
	return -ENODEV;
}

int ring_ports_create(const struct system_config *config, const struct topology *topology,
		      struct ring_ports *ring_ports, struct system_error *error)
{
	int code = 0;

	for (unsigned i = 0; code == 0 && i < config->n_ports; i++)
		if (device_is_ring(config->ports[i].device))
			code = create_rings(config, topology, i, ring_ports->rings[i], error);
	for (unsigned i = 0; code == 0 && i < config->n_ports; i++)
		if (device_is_ring(config->ports[i].device))
			code = create_device(config, topology, i, ring_ports, error);
	return code;
}

static void remove_device(struct ring_ports *ring_ports, unsigned port)
{
	char name[RTE_DEV_NAME_MAX_LEN];

	if (!ring_ports->is_made[port])
		return;
	ring_port_name(port, name, sizeof(name));
	rte_eal_hotplug_remove("vdev", name);
	ring_ports->is_made[port] = false;
}

void ring_ports_destroy(struct ring_ports *ring_ports)
{
	for (unsigned port = 0; port < SYSTEM_PORTS_MAX; port++)
		remove_device(ring_ports, port);
	for (unsigned port = 0; port < SYSTEM_PORTS_MAX; port++)
		for (unsigned queue = 0; queue < RING_QUEUES_MAX; queue++) {
			frame_ring_destroy(ring_ports->rings[port][queue]);
			ring_ports->rings[port][queue] = NULL;
		}
}

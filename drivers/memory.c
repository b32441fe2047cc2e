// SPDX-License-Identifier: BSD-3-Clause
//
// Added up per NUMA node: each worker's pool and stack or relay, lanes and shims, what the caller reserves,
// and a little for the EAL and the drivers. Compared with what is there, so that too little is said
// before anything starts and not by whoever happens to allocate last. Called by bring-up before the
// EAL starts.
#include "drivers/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <rte_common.h>

#include "drivers/leftover.h"
#include "drivers/loopback.h"
#include "drivers/stack_setup.h"

#define MEGABYTE ((uint64_t)1 << 20)
// The EAL's own, and what drivers take for queues.
#define BASE_BYTES (16 * MEGABYTE)
// Headers and alignment of allocations.
#define OVERHEAD_PER 32

static uint64_t in_megabytes(uint64_t bytes)
{
	return (bytes + MEGABYTE - 1) / MEGABYTE;
}

static size_t shim_bytes(const struct impairment_config *config)
{
	size_t bytes = impairment_bytes(impairment_queue_frames(config));

	return (link_model_is_active(&config->rx) ? bytes : 0)
		+ (link_model_is_active(&config->tx) ? bytes : 0);
}

static uint64_t worker_bytes(const struct system_config *config, const struct topology *topology,
			     unsigned index)
{
	const struct port_config *port = &config->ports[topology->port_of_stack[index]];
	struct pool_plan pool = stack_setup_pool(config, topology, index);
	struct plx_stack_config stack = stack_setup_config(&config->stacks[index], &pool,
							   topology->node_of_stack[index]);

	return pool.bytes + plx_stack_bytes(&stack)
		+ loopback_lane_bytes(stack_setup_rx_descriptors(port))
		+ shim_bytes(&port->impairment);
}

static uint64_t relay_bytes(const struct system_config *config, const struct topology *topology,
			    unsigned index)
{
	struct pool_plan pool = stack_setup_relay_pool(config, topology, index);
	uint64_t bytes = pool.bytes;

	for (unsigned side = 0; side < 2; side++) {
		const struct port_config *port =
			&config->ports[topology->ports_of_relay[index][side]];

		bytes += loopback_lane_bytes(stack_setup_rx_descriptors(port))
			+ shim_bytes(&port->impairment);
	}
	return bytes;
}

// The node of the first worker takes what belongs to none.
static int first_node(const struct system_config *config, const struct topology *topology)
{
	return config->n_stacks > 0 ? topology->node_of_stack[0] : topology->node_of_relay[0];
}

static void add_to_node(struct memory_plan *plan, int node, uint64_t bytes)
{
	plan->node_bytes[node] += bytes;
	plan->n_nodes = RTE_MAX(plan->n_nodes, (unsigned)node + 1);
}

static void add_up(const struct system_config *config, const struct topology *topology,
		   struct memory_plan *plan)
{
	for (unsigned i = 0; i < config->n_stacks; i++)
		add_to_node(plan, topology->node_of_stack[i],
			    worker_bytes(config, topology, i)
				    * topology_workers(&config->stacks[i]));
	for (unsigned i = 0; i < config->n_relays; i++)
		add_to_node(plan, topology->node_of_relay[i], relay_bytes(config, topology, i));
	add_to_node(plan, first_node(config, topology), BASE_BYTES + config->reserve_bytes);
	for (unsigned node = 0; node < plan->n_nodes; node++) {
		uint64_t *bytes = &plan->node_bytes[node];

		*bytes = in_megabytes(*bytes + *bytes / OVERHEAD_PER) * MEGABYTE;
		plan->total_bytes += *bytes;
	}
}

// The operator's figure: the surplus goes to the first worker's node.
static int apply_override(const struct system_config *config, const struct topology *topology,
			  struct memory_plan *plan, struct system_error *error)
{
	if (config->memory_bytes == 0)
		return 0;
	if (config->memory_bytes < plan->total_bytes) {
		system_error_where(error, "memory");
		system_error_what(error, "%" PRIu64 " MB are needed, memory gives %" PRIu64 " MB",
				  in_megabytes(plan->total_bytes), config->memory_bytes / MEGABYTE);
		system_error_remedy(error, "raise it to %" PRIu64 "M, or leave it out",
				    in_megabytes(plan->total_bytes));
		return -ENOMEM;
	}
	plan->node_bytes[first_node(config, topology)] += config->memory_bytes - plan->total_bytes;
	plan->total_bytes = config->memory_bytes;
	return 0;
}

static bool has_enough(const struct memory_plan *plan, const struct huge_pages_mount *mount)
{
	for (unsigned node = 0; node < plan->n_nodes; node++)
		if (huge_pages_free_bytes(mount, node)
		    < RTE_ALIGN_MUL_CEIL(plan->node_bytes[node], mount->page_bytes))
			return false;
	return true;
}

// What is missing, on each node for itself, and how to have it.
static void describe_shortage(struct memory_plan *plan, bool has_mount)
{
	struct huge_pages_mount common = {.page_bytes = huge_pages_default_bytes()};
	uint64_t free_bytes = 0, missing_pages = 0;
	int used;

	for (unsigned node = 0; node < plan->n_nodes; node++) {
		uint64_t free_on_node = huge_pages_free_bytes(&common, node);

		free_bytes += free_on_node;
		if (free_on_node < plan->node_bytes[node])
			missing_pages +=
				(plan->node_bytes[node] - free_on_node + common.page_bytes - 1)
				/ common.page_bytes;
	}
	snprintf(plan->shortage, sizeof(plan->shortage),
		 "%" PRIu64 " MB of huge pages are needed, %" PRIu64 " MB are free%s",
		 in_megabytes(plan->total_bytes), free_bytes / MEGABYTE,
		 has_mount ? "" : ", no hugetlbfs may be written to");
	used = snprintf(plan->remedy, sizeof(plan->remedy), "hugeadm");
	if (missing_pages > 0)
		used += snprintf(plan->remedy + used, sizeof(plan->remedy) - (size_t)used,
				 " --pool-pages-min %" PRIu64 "MB:+%" PRIu64,
				 common.page_bytes / MEGABYTE, missing_pages);
	snprintf(plan->remedy + used, sizeof(plan->remedy) - (size_t)used, "%s (as root)",
		 has_mount ? "" : " --create-global-mounts");
}

// Takes the smallest pages of which enough are free.
static void choose_huge_pages(struct memory_plan *plan)
{
	struct huge_pages_mount mounts[HUGE_PAGES_MOUNTS_MAX];
	unsigned n_mounts = huge_pages_find_mounts(mounts);

	for (unsigned i = 0; i < n_mounts; i++) {
		leftover_sweep_huge_pages(mounts[i].path);
		if (has_enough(plan, &mounts[i])) {
			plan->has_huge_pages = true;
			plan->mount = mounts[i];
			return;
		}
	}
	describe_shortage(plan, n_mounts > 0);
}

static uint64_t available_bytes(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	uint64_t kilobytes = UINT64_MAX / 1024;
	char line[128];

	if (file == NULL)
		return UINT64_MAX;
	while (fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "MemAvailable: %" SCNu64 " kB", &kilobytes) == 1)
			break;
	fclose(file);
	return kilobytes * 1024;
}

static int check_ordinary_memory(const struct system_config *config, const struct memory_plan *plan,
				 struct system_error *error)
{
	uint64_t present = available_bytes();

	for (unsigned i = 0; i < config->n_ports; i++) {
		const struct port_config *port = &config->ports[i];

		if (!device_needs_huge_pages(port->device))
			continue;
		system_error_where(error, "port %s", port->name);
		system_error_what(error, "%s works with huge pages only: %s", port->device,
				  plan->shortage);
		system_error_remedy(error, "%s provides them", plan->remedy);
		return -ENOMEM;
	}
	if (plan->total_bytes <= present)
		return 0;
	system_error_where(error, "memory");
	system_error_what(error, "%" PRIu64 " MB are needed, %" PRIu64 " MB are present",
			  in_megabytes(plan->total_bytes), present / MEGABYTE);
	system_error_remedy(error, "lower max_connections, mbufs or the workers of the stacks");
	return -ENOMEM;
}

int memory_plan_make(const struct system_config *config, const struct topology *topology,
		     struct memory_plan *plan, struct system_error *error)
{
	int code;

	*plan = (struct memory_plan){0};
	add_up(config, topology, plan);
	code = apply_override(config, topology, plan, error);
	if (code != 0)
		return code;
	choose_huge_pages(plan);
	return plan->has_huge_pages ? 0 : check_ordinary_memory(config, plan, error);
}

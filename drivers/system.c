// SPDX-License-Identifier: BSD-3-Clause
//
// Bring-up in the order in which things need each other, and the way back, which works from any
// point that bring-up may have reached.
// Called by apps/ once in a process, on the thread that becomes the control thread.
#include "drivers/system.h"

#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "drivers/device.h"
#include "drivers/eal.h"
#include "drivers/ethdev.h"
#include "drivers/leftover.h"
#include "drivers/stack_setup.h"
#include "drivers/system_state.h"

void system_config_init(struct system_config *config)
{
	memset(config, 0, sizeof(*config));
	for (unsigned i = 0; i < SYSTEM_STACKS_MAX; i++)
		plx_stack_config_init(&config->stacks[i].base);
}

static int no_memory(struct system_error *error, const char *what, const char *name)
{
	system_error_where(error, "memory");
	system_error_what(error, "not enough of it for %s %s", what, name);
	system_error_remedy(error, "raise memory, or lower max_connections or mbufs");
	return -ENOMEM;
}

static void place_relay(struct system *system, unsigned index)
{
	const int *ports = system->topology.ports_of_relay[index];
	struct worker *worker = &system->workers[system->n_workers++];

	relay_init(&system->relays[index], &system->ports[ports[0]], &system->ports[ports[1]]);
	worker->relay = &system->relays[index];
	worker->plan = index;
	worker->wants_run_at = PLX_TIME_NEVER;
}

static void place_workers(struct system *system)
{
	int nodes[SYSTEM_WORKERS_MAX];

	for (unsigned stack = 0; stack < system->config.n_stacks; stack++) {
		const struct stack_plan *plan = &system->config.stacks[stack];

		for (unsigned i = 0; i < topology_workers(plan); i++) {
			struct worker *worker = &system->workers[system->n_workers];

			nodes[system->n_workers++] = system->topology.node_of_stack[stack];
			worker->stack_name = plan->name;
			worker->plan = stack;
			worker->index = i;
			worker->queue = (uint16_t)i;
			worker->port = &system->ports[system->topology.port_of_stack[stack]];
			worker->wants_run_at = PLX_TIME_NEVER;
		}
	}
	system->n_stack_workers = system->n_workers;
	for (unsigned i = 0; i < system->config.n_relays; i++) {
		nodes[system->n_workers] = system->topology.node_of_relay[i];
		place_relay(system, i);
	}
	cores_plan_make(nodes, system->n_workers, &system->cores);
	for (unsigned i = 0; i < system->n_workers; i++)
		system->workers[i].lcore = system->cores.lcore_of_worker[i];
}

// What an operator should know before it runs, a line each.
static void say_what_is_in_force(const struct system *system)
{
	if (!system->memory.has_huge_pages)
		fprintf(stderr,
			"pollux: memory: %s, so ordinary memory is used; %s provides them\n",
			system->memory.shortage, system->memory.remedy);
	if (system->cores.n_lcores < system->n_workers)
		fprintf(stderr,
			"pollux: workers: %u of them share %u CPU%s by turns; allow more CPUs, or "
			"lower workers\n",
			system->n_workers, system->cores.n_lcores,
			system->cores.n_lcores > 1 ? "s" : "");
}

static struct pool_plan pool_plan_of(const struct system *system, const struct worker *worker)
{
	if (worker->relay != NULL)
		return stack_setup_relay_pool(&system->config, &system->topology, worker->plan);
	return stack_setup_pool(&system->config, &system->topology, worker->plan);
}

static int node_of(const struct system *system, const struct worker *worker)
{
	const struct topology *topology = &system->topology;

	return worker->relay != NULL ? topology->node_of_relay[worker->plan]
				     : topology->node_of_stack[worker->plan];
}

static int create_pools(struct system *system, struct system_error *error)
{
	for (unsigned i = 0; i < system->n_workers; i++) {
		const struct worker *worker = &system->workers[i];
		struct pool_plan plan = pool_plan_of(system, worker);
		char name[RTE_MEMPOOL_NAMESIZE];

		snprintf(name, sizeof(name), "pollux_%u", i);
		system->pools[i] = stack_setup_create_pool(&plan, name, node_of(system, worker));
		if (system->pools[i] == NULL)
			return no_memory(error, "the pool of",
					 worker->relay != NULL ? "a relay" : worker->stack_name);
	}
	return 0;
}

// Looks up the DPDK device of a port.
static int find_device(struct port *port, unsigned index, struct system_error *error)
{
	char name[SYSTEM_DEVICE_BYTES];

	if (device_is_ring(port->config->device))
		ring_port_name(index, name, sizeof(name));
	else
		device_port_name(port->config->device, name, sizeof(name));
	return ethdev_find(port, name, error);
}

// What a port is before its frames can flow.
static int find_port(struct system *system, unsigned index, struct system_error *error)
{
	const struct port_config *config = &system->config.ports[index];
	int stack = system->topology.stack_of_port[index];
	static const uint8_t none[6];
	const uint8_t *wanted = stack != TOPOLOGY_NONE ? system->config.stacks[stack].base.mac
						       : none;
	struct port *port = &system->ports[index];
	int code = 0;

	*port = (struct port){
		.kind = device_is_loopback(config->device) ? PORT_LOOPBACK : PORT_ETHDEV,
		.is_relayed = stack == TOPOLOGY_NONE,
		.config = config,
		.clock = &system->clock,
		.driver = "loopback",
		.mac = {0x02, 'p', 'l', 'x', 0, (uint8_t)index}, // where a device has none
		.offloads = PLX_OFFLOAD_TX_MULTI_SEGS | PLX_OFFLOAD_TX_ANY_MEMORY,
		.rx_descriptors = stack_setup_rx_descriptors(config),
		.tx_descriptors = stack_setup_tx_descriptors(config),
	};
	if (port->kind == PORT_ETHDEV)
		code = find_device(port, index, error);
	if (memcmp(wanted, none, sizeof(none)) != 0)
		memcpy(port->mac, wanted, sizeof(port->mac));
	return code;
}

static int find_ports(struct system *system, struct system_error *error)
{
	for (unsigned i = 0; i < system->config.n_ports; i++) {
		int code = find_port(system, i, error);

		if (code != 0)
			return code;
		system->n_ports_found++;
	}
	return 0;
}

// The first worker on a port; one for each queue follows.
static unsigned first_worker_on(const struct system *system, unsigned port)
{
	int stack = system->topology.stack_of_port[port];

	if (stack != TOPOLOGY_NONE)
		return system_first_worker(system, (unsigned)stack);
	return system_relay_worker(system, (unsigned)system->topology.relay_of_port[port]);
}

static int start_port(struct system *system, unsigned index, struct system_error *error)
{
	const struct topology *topology = &system->topology;
	struct port *port = &system->ports[index];
	unsigned n_queues = topology_port_queues(&system->config, topology, index);
	unsigned mtu_bytes = topology_port_mtu(&system->config, topology, index);
	unsigned worker = first_worker_on(system, index);
	struct rte_mempool **pools = &system->pools[worker];
	int node = node_of(system, &system->workers[worker]);

	if (port_create_queues(port, (uint16_t)n_queues, pools, node) != 0)
		return no_memory(error, "the queues of port", port->config->name);
	if (port->kind == PORT_ETHDEV)
		return ethdev_start(port, pools, mtu_bytes, error);
	for (uint16_t queue = 0; queue < port->n_queues; queue++) {
		struct loopback_lane *lane = loopback_lane_create(pools[queue],
								  port->rx_descriptors, node);

		if (lane == NULL)
			return no_memory(error, "the queues of port", port->config->name);
		port->queues[queue].receive_lane = lane;
	}
	return 0;
}

// Each end of a loopback sends into what the other receives from.
static void join_loopback(struct system *system, unsigned index)
{
	const struct port *peer = &system->ports[system->topology.peer_of_port[index]];
	struct port *port = &system->ports[index];

	for (uint16_t queue = 0; queue < port->n_queues; queue++)
		port->queues[queue].send_lane = peer->queues[queue].receive_lane;
}

static int start_ports(struct system *system, struct system_error *error)
{
	for (unsigned i = 0; i < system->n_ports_found; i++) {
		int code = start_port(system, i, error);

		if (code != 0)
			return code;
	}
	for (unsigned i = 0; i < system->n_ports_found; i++)
		if (system->ports[i].kind == PORT_LOOPBACK)
			join_loopback(system, i);
	return 0;
}

// The engine's sentence is "field: remedy".
static void explain_refusal(const struct stack_plan *plan, int code, const char *sentence,
			    struct system_error *error)
{
	const char *colon = sentence != NULL ? strstr(sentence, ": ") : NULL;

	system_error_where(error, "stack %s", plan->name);
	if (colon == NULL) {
		system_error_what(error, "it cannot be made: %s",
				  sentence != NULL ? sentence : strerror(-code));
		system_error_remedy(error, "raise memory, or lower max_connections");
		return;
	}
	system_error_what(error, "%.*s is not right", (int)(colon - sentence), sentence);
	system_error_remedy(error, "%s", colon + 2);
}

static int create_stack(struct system *system, unsigned index, struct system_error *error)
{
	struct worker *worker = &system->workers[index];
	const struct stack_plan *plan = &system->config.stacks[worker->plan];
	struct pool_plan pool = stack_setup_pool(&system->config, &system->topology, worker->plan);
	struct plx_stack_config config =
		stack_setup_config(plan, &pool, system->topology.node_of_stack[worker->plan]);
	char name[SYSTEM_NAME_BYTES + 8];
	const char *sentence = NULL;
	int code;

	snprintf(name, sizeof(name), "%s.%u", plan->name, index);
	config.name = name; // the engine copies it
	config.pool = system->pools[index];
	config.offloads = worker->port->offloads;
	memcpy(config.mac, worker->port->mac, sizeof(config.mac));
	code = plx_stack_create(&config, &worker->stack, &sentence);
	if (code != 0)
		explain_refusal(plan, code, sentence, error);
	return code;
}

// Everybody who needs interrupts to connect has connected.
static bool are_links_up(void *context)
{
	const struct system *system = context;

	for (unsigned i = 0; i < system->n_ports_found; i++)
		if (system->ports[i].needs_gate && !port_has_link(&system->ports[i]))
			return false;
	return true;
}

static bool needs_gate(const struct worker *worker)
{
	const struct relay *relay = worker->relay;

	if (relay != NULL)
		return relay->lanes[0].from->needs_gate || relay->lanes[0].to->needs_gate;
	return worker->port->needs_gate;
}

// Before the ports: from then on their interrupts come when no worker is in the way.
static int start_gate(struct system *system, struct system_error *error)
{
	bool is_needed = false;
	int code;

	for (unsigned i = 0; i < system->n_workers; i++)
		if (needs_gate(&system->workers[i])) {
			system->workers[i].gate = &system->gate;
			is_needed = true;
		}
	if (!is_needed)
		return 0;
	code = interrupt_gate_start(&system->gate, are_links_up, system);
	system->has_gate = code == 0;
	if (code != 0) {
		system_error_where(error, "EAL");
		system_error_what(error, "it takes no interrupt: %s", strerror(-code));
		system_error_remedy(error, "--verbose shows what it says");
	}
	return code;
}

static int bring_up(struct system *system, struct system_error *error)
{
	int code = eal_start(&system->config, &system->memory, &system->cores, error);

	if (code != 0)
		return code;
	system->eal_is_up = true;
	system->clock = tsc_clock_start();
	for (unsigned i = 0; i < system->n_workers; i++)
		account_init(&system->workers[i].account, rte_get_tsc_hz(), i);
	code = ring_ports_create(&system->config, &system->topology, &system->ring_ports, error);
	if (code == 0)
		code = find_ports(system, error);
	if (code == 0)
		code = create_pools(system, error);
	if (code == 0)
		code = start_gate(system, error);
	if (code == 0)
		code = start_ports(system, error);
	for (unsigned i = 0; code == 0 && i < system->n_stack_workers; i++)
		code = create_stack(system, i, error);
	return code;
}

static void copy_config(struct system *system, const struct system_config *config)
{
	system->config = *config;
	// The same seed on two ports shall not mean the same fate for the same frame.
	for (unsigned i = 0; i < config->n_ports; i++)
		system->config.ports[i].impairment.seed += (uint64_t)i << 32;
}

int system_start(const struct system_config *config, struct system **started,
		 struct system_error *error)
{
	static bool was_started;
	struct system *system;
	int code;

	*started = NULL;
	if (was_started) {
		system_error_where(error, "EAL");
		system_error_what(error, "it cannot be started twice in a process");
		system_error_remedy(error, "start another process");
		return -EALREADY;
	}
	system = aligned_alloc(alignof(struct system), sizeof(*system)); // ports begin cache lines
	if (system == NULL)
		return no_memory(error, "the", "description");
	memset(system, 0, sizeof(*system));
	copy_config(system, config);
	code = topology_make(&system->config, &system->topology, error);
	if (code == 0)
		code = memory_plan_make(&system->config, &system->topology, &system->memory, error);
	if (code != 0) {
		free(system);
		return code;
	}
	place_workers(system);
	say_what_is_in_force(system);
	was_started = true;
	chatter_begin(&system->chatter, config->verbose);
	code = bring_up(system, error);
	chatter_end(&system->chatter, code != 0);
	if (code != 0) {
		system_stop(system, NULL);
		return code;
	}
	*started = system;
	return 0;
}

static void count_mbufs(const struct system *system, struct system_books *books)
{
	*books = (struct system_books){0};
	for (unsigned i = 0; i < system->n_workers; i++) {
		const struct rte_mempool *pool = system->pools[i];

		if (pool == NULL)
			continue;
		books->mbufs += pool->size;
		books->mbufs_missing += pool->size - rte_mempool_avail_count(pool);
	}
	books->closed = books->mbufs_missing == 0;
}

static void stop_workers(struct system *system)
{
	for (unsigned i = 0; i < system->n_workers; i++) {
		worker_drop_unsent(&system->workers[i]);
		plx_stack_destroy(system->workers[i].stack);
		system->workers[i].stack = NULL;
	}
}

static void stop_ports(struct system *system)
{
	for (unsigned i = 0; i < system->n_ports_found; i++) {
		struct port *port = &system->ports[i];

		port_drain(port);
		if (port->kind == PORT_ETHDEV) {
			ethdev_stop(port);
			ethdev_close(port);
		}
	}
	// After all were drained: a loopback's lanes belong to two ports.
	for (unsigned i = 0; i < system->n_ports_found; i++)
		port_destroy_queues(&system->ports[i]);
	ring_ports_destroy(&system->ring_ports);
}

void system_stop(struct system *system, struct system_books *books)
{
	struct system_books counted;

	if (system == NULL)
		return;
	if (system->eal_is_up) {
		stop_workers(system);
		if (system->has_gate)
			interrupt_gate_end(&system->gate);
		stop_ports(system);
		count_mbufs(system, books != NULL ? books : &counted);
		for (unsigned i = 0; i < system->n_workers; i++)
			rte_mempool_free(system->pools[i]);
		eal_stop(&system->memory);
	}
	chatter_close(&system->chatter);
	free(system);
}

unsigned system_workers(const struct system *system)
{
	return system->n_stack_workers;
}

struct worker *system_worker(struct system *system, unsigned index)
{
	return index < system->n_stack_workers ? &system->workers[index] : NULL;
}

unsigned system_relays(const struct system *system)
{
	return system->config.n_relays;
}

const struct relay *system_relay(const struct system *system, unsigned index)
{
	return index < system->config.n_relays ? &system->relays[index] : NULL;
}

const struct worker_account *system_relay_account(const struct system *system, unsigned index)
{
	if (index >= system->config.n_relays)
		return NULL;
	return &system->workers[system_relay_worker(system, index)].account;
}

unsigned system_ports(const struct system *system)
{
	return system->config.n_ports;
}

struct port *system_port(struct system *system, unsigned index)
{
	return index < system->config.n_ports ? &system->ports[index] : NULL;
}

plx_time system_now(const struct system *system)
{
	return tsc_clock_now(&system->clock);
}

bool system_has_huge_pages(const struct system *system)
{
	return system->memory.has_huge_pages;
}

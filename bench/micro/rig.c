// SPDX-License-Identifier: BSD-3-Clause
//
// Makes two stacks and carries their frames, see rig.h. The stacks are as they are by default, but for
// what the plan says; neighbours are static, so that no address resolution comes in between.
// Called by the benchmarks of the stack.
#include "rig.h"
#include "rig_cut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_memcpy.h>

#include "base/random.h"
#include "drivers/stack_setup.h"
#include "heap.h"

enum {
	SERVER_PORT = 80,
	POOL_MBUFS = 8192,
	MBUF_ROOM_BYTES = 2048 + RTE_PKTMBUF_HEADROOM,
	MBUF_BYTES = 2560, // with everything
	SLOTS_SPARE = 1024,
	CONNECTIONS_PER_CLIENT = 50000,
	CLIENTS_LEAST = 4,
	OUTPUT_MAX = 64,
	EVENTS_MAX = 64,
	METER_SERIES = 64,
	METER_TRIALS = 256,
};

const char *const rig_phase_names[PHASES] = {"input", "poll", "application", "output"};

static const uint8_t SERVER_MAC[6] = {2, 0, 0, 0, 0, 1}, CLIENT_MAC[6] = {2, 0, 0, 0, 0, 2};

static void give_up(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	exit(2);
}

static struct plx_addr make_addr(const struct rig_plan *plan, unsigned number)
{
	struct plx_addr addr = {{0xfd, [14] = (uint8_t)(number >> 8), [15] = (uint8_t)number}};

	return plan->is_ipv6 ? addr : plx_addr_ipv4(10, 0, (uint8_t)(number >> 8), (uint8_t)number);
}

static unsigned count_clients(const struct rig_plan *plan)
{
	unsigned clients = plan->connections / CONNECTIONS_PER_CLIENT + 1;

	return clients < CLIENTS_LEAST ? CLIENTS_LEAST : clients;
}

static void plan_stack(const struct rig_plan *plan, struct plx_stack_config *config)
{
	plx_stack_config_init(config);
	config->offloads = plan->offloads != 0
		? plan->offloads
		: PLX_OFFLOAD_TX_MULTI_SEGS | PLX_OFFLOAD_TX_ANY_MEMORY;
	if (plan->slots != 0)
		config->max_connections = plan->slots;
	else if (plan->connections + SLOTS_SPARE > config->max_connections)
		config->max_connections = plan->connections + SLOTS_SPARE;
	if (plan->time_waits != 0)
		config->max_time_wait = plan->time_waits;
	config->time_wait = plan->time_wait;
	config->max_send_segments = config->max_connections + 2 * POOL_MBUFS;
	config->seeded = true;
	config->seed = 1;
}

size_t rig_bytes(const struct rig_plan *plan)
{
	struct plx_stack_config config;

	plan_stack(plan, &config);
	return 2 * (plx_stack_bytes(&config) + (size_t)POOL_MBUFS * MBUF_BYTES)
		+ plan->connections * (sizeof(plx_conn) + sizeof(uint32_t)) + ((size_t)8 << 20);
}

// The address range and the neighbours of one side; `config` points into the arrays.
struct network {
	struct plx_address address;
	struct plx_neighbor neighbors[RIG_CLIENTS_MAX];
};

static void plan_network(const struct rig *rig, const struct side *side, struct network *network,
			 struct plx_stack_config *config)
{
	bool is_server = side == &rig->server;
	unsigned n = is_server ? rig->clients : 1;

	network->address = (struct plx_address){
		.addr = is_server ? rig->server_addr : rig->client_addrs[0],
		.count = is_server ? 1 : rig->clients,
		.prefix_len = rig->plan.is_ipv6 ? 64 : 8,
	};
	for (unsigned i = 0; i < n; i++) {
		network->neighbors[i].addr = is_server ? rig->client_addrs[i] : rig->server_addr;
		memcpy(network->neighbors[i].mac, is_server ? CLIENT_MAC : SERVER_MAC, 6);
	}
	memcpy(config->mac, is_server ? SERVER_MAC : CLIENT_MAC, 6);
	config->addresses = &network->address;
	config->n_addresses = 1;
	config->neighbors = network->neighbors;
	config->n_neighbors = n;
}

static void create_side(struct rig *rig, struct side *side, const char *suffix, int socket)
{
	const struct pool_plan pool = {.mbufs = POOL_MBUFS, .room_bytes = MBUF_ROOM_BYTES};
	struct plx_stack_config config = rig->config;
	struct network network;
	const char *error;
	char name[24];

	snprintf(name, sizeof(name), "%s%s", rig->plan.name, suffix);
	side->rig = rig;
	side->pool = stack_setup_create_pool(&pool, name, socket);
	if (side->pool == NULL)
		give_up(name, "not enough memory for its buffers");
	plan_network(rig, side, &network, &config);
	config.name = name;
	config.pool = side->pool;
	config.numa_node = socket;
	if (plx_stack_create(&config, &side->stack, &error) != 0)
		give_up(name, error);
}

static void listen_on(struct rig *rig)
{
	const struct plx_listen_args args = {.port = SERVER_PORT};

	if (plx_listen(rig->server.stack, &args, &rig->listener) != 0)
		give_up("plx_listen", "refused");
}

static void shuffle(struct rig *rig)
{
	struct random random;

	random_init_seed(&random, 1);
	for (uint32_t i = 0; i < rig->plan.connections; i++) {
		uint32_t other = random_below(&random, i + 1);

		rig->order[i] = rig->order[other];
		rig->order[other] = i;
	}
}

void rig_create(struct rig *rig, const struct rig_plan *plan, int socket)
{
	*rig = (struct rig){.plan = *plan, .now = PLX_SECOND, .clients = count_clients(plan)};
	if (rig->clients > RIG_CLIENTS_MAX)
		give_up(plan->name, "too many connections");
	plan_stack(plan, &rig->config);
	rig->server_addr = make_addr(plan, 1);
	for (unsigned i = 0; i < rig->clients; i++)
		rig->client_addrs[i] = make_addr(plan, 2 + i);
	create_side(rig, &rig->server, "s", socket);
	create_side(rig, &rig->client, "c", socket);
	rig->server.peer = &rig->client;
	rig->client.peer = &rig->server;
	rig->conns = heap_take((plan->connections + 1) * sizeof(*rig->conns));
	rig->order = heap_take((plan->connections + 1) * sizeof(*rig->order));
	shuffle(rig);
	listen_on(rig);
	rig_settle(rig);
}

static void destroy_side(struct side *side)
{
	rte_pktmbuf_free_bulk(side->inbox, side->n_inbox);
	plx_stack_destroy(side->stack);
	rte_mempool_free(side->pool);
}

void rig_destroy(struct rig *rig)
{
	destroy_side(&rig->server);
	destroy_side(&rig->client);
	rte_free(rig->conns);
	rte_free(rig->order);
}

plx_conn rig_connect(struct rig *rig)
{
	const struct plx_connect_args args = {
		.local = rig->client_addrs[rig->connects++ % rig->clients],
		.remote = rig->server_addr,
		.remote_port = SERVER_PORT,
	};
	plx_conn conn;

	if (plx_connect(rig->client.stack, &args, &conn) != 0)
		give_up("plx_connect", "refused");
	return conn;
}

void rig_open(struct rig *rig)
{
	for (uint32_t i = 0; i < rig->plan.connections; i++) {
		rig->conns[i] = rig_connect(rig);
		if (i % RIG_BURST == RIG_BURST - 1)
			rig_settle(rig);
	}
	rig_settle(rig);
	rig_settle(rig);
	rig_losses(rig); // addresses that were announced to nobody
}

void rig_set_option(struct rig *rig, enum plx_option option, int64_t value)
{
	for (uint32_t i = 0; i < rig->plan.connections; i++)
		if (plx_set_option(rig->client.stack, rig->conns[i], option, value) != 0)
			give_up(plx_option_name(option), "refused");
}

static bool is_counted(const struct side *side, enum phase phase)
{
	return side->rig->counted == side && (side->rig->counted_phases & 1u << phase) != 0;
}

uint64_t rig_begin(struct side *side, enum phase phase)
{
	if (is_counted(side, phase))
		CALLGRIND_TOGGLE_COLLECT;
	return rte_rdtsc();
}

void rig_end(struct side *side, enum phase phase, uint64_t start)
{
	uint64_t end = rte_rdtsc();

	if (is_counted(side, phase))
		CALLGRIND_TOGGLE_COLLECT;
	side->cycles[phase] += end - start;
	side->metered[phase]++;
}

void rig_input(struct side *side)
{
	for (unsigned done = 0; done < side->n_inbox; done += RIG_BURST) {
		unsigned n = RTE_MIN(side->n_inbox - done, (unsigned)RIG_BURST);
		uint64_t start = rig_begin(side, PHASE_INPUT);

		plx_input(side->stack, &side->inbox[done], n, side->rig->now);
		rig_end(side, PHASE_INPUT, start);
	}
	side->received += side->n_inbox;
	side->n_inbox = 0;
}

void rig_poll(struct side *side)
{
	struct plx_event events[EVENTS_MAX];
	unsigned n;

	do {
		uint64_t start = rig_begin(side, PHASE_POLL);

		n = plx_poll(side->stack, events, EVENTS_MAX, side->rig->now);
		rig_end(side, PHASE_POLL, start);
		start = rig_begin(side, PHASE_APPLICATION);
		for (unsigned i = 0; side->application != NULL && i < n; i++)
			side->application(side, &events[i]);
		rig_end(side, PHASE_APPLICATION, start);
		if (n > 0)
			side->last = events[n - 1].conn;
	} while (n == EVENTS_MAX);
}

static void copy_frame(struct rte_mbuf *to, const struct rte_mbuf *from)
{
	uint8_t *bytes = (uint8_t *)rte_pktmbuf_append(to, (uint16_t)from->pkt_len);

	for (; from != NULL; from = from->next) {
		rte_memcpy(bytes, rte_pktmbuf_mtod(from, const void *), from->data_len);
		bytes += from->data_len;
	}
}

// A frame into the other side's inbox: copied, or cut into segments.
static void carry_one(struct side *from, const struct rte_mbuf *frame)
{
	struct side *to = from->peer;
	struct rte_mbuf **fresh = &to->inbox[to->n_inbox];
	unsigned room = RIG_INBOX - to->n_inbox, n;

	if (rig_cut_is_large(frame)) {
		n = rig_cut(frame, to->pool, fresh, room);
	} else {
		n = room > 0 && rte_pktmbuf_alloc_bulk(to->pool, fresh, 1) == 0;
		if (n > 0)
			copy_frame(fresh[0], frame);
	}
	if (n == 0)
		give_up("carry", "no room for a frame");
	for (unsigned i = 0; i < n; i++) // heeded only where the plan says so
		fresh[i]->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	to->n_inbox += n;
	from->sent += n;
}

static void carry(struct side *from, struct rte_mbuf **frames, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		carry_one(from, frames[i]);
	rte_pktmbuf_free_bulk(frames, n);
}

void rig_output(struct side *side)
{
	struct rte_mbuf *frames[OUTPUT_MAX];
	unsigned n;

	do {
		uint64_t start = rig_begin(side, PHASE_OUTPUT);

		n = plx_output(side->stack, frames, OUTPUT_MAX, side->rig->now);
		rig_end(side, PHASE_OUTPUT, start);
		carry(side, frames, n);
	} while (n == OUTPUT_MAX);
}

void rig_turn(struct side *side)
{
	rig_input(side);
	rig_poll(side);
	rig_output(side);
}

void rig_settle(struct rig *rig)
{
	do {
		rig_turn(&rig->server);
		rig_turn(&rig->client);
	} while (rig->server.n_inbox > 0);
	rig->now += RIG_INTERVAL;
}

static void reset_side(struct side *side)
{
	memset(side->cycles, 0, sizeof(side->cycles));
	memset(side->metered, 0, sizeof(side->metered));
	side->received = side->sent = 0;
}

void rig_reset(struct rig *rig, const struct side *side, unsigned phases)
{
	reset_side(&rig->server);
	reset_side(&rig->client);
	rig->counted = compare_mode.is_collecting ? side : NULL;
	rig->counted_phases = phases;
	for (unsigned phase = 0; compare_mode.part != NULL && phase < PHASES; phase++)
		if (strcmp(compare_mode.part, rig_phase_names[phase]) == 0)
			rig->counted_phases = 1u << phase;
}

// What an empty phase seems to take: in the best of the series, for whoever was interrupted measured that.
static double meter_cycles(void)
{
	static double cycles;
	struct rig rig = {.counted = NULL};

	if (cycles > 0)
		return cycles;
	for (unsigned series = 0; series < METER_SERIES; series++) {
		struct side side = {.rig = &rig};
		double each;

		for (unsigned i = 0; i < METER_TRIALS; i++)
			rig_end(&side, PHASE_POLL, rig_begin(&side, PHASE_POLL));
		each = (double)side.cycles[PHASE_POLL] / METER_TRIALS;
		cycles = cycles == 0 || each < cycles ? each : cycles;
	}
	return cycles;
}

double rig_cycles(const struct side *side, enum phase phase)
{
	double metering = (double)side->metered[phase] * meter_cycles();
	double cycles = (double)side->cycles[phase];

	return cycles > metering ? cycles - metering : 0;
}

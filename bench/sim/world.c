// SPDX-License-Identifier: BSD-3-Clause
//
// The loop around the stacks and the links between them, see world.h. Time moves to the next arrival or deadline;
// whoever has something to do then goes through its four phases.
// Checksums are left to the simulated ports, so that a run costs what the engine costs.
// Called by bench/sim/sim.
#include "world.h"

#include <string.h>

#include <rte_mbuf.h>

#include "support/mbufs.h"

enum {
	RECEIVER_HOST = 1,
	FLOW_HOST = 10,
	PORT = 5000,
	POOL_BUFFERS = 32768,
	SEND_SEGMENTS = 32768,
	RECEIVE_BUFFER_BYTES = 16 << 20,
	PIECE_BYTES = 65536,
	BURST = 32,
	EVENTS = 16,
	STILL_MAX = 100000, // turns without time moving on
};

enum { SENDERS_POOL, RECEIVER_POOL };

static const uint8_t payload[PIECE_BYTES];

static void fail(struct world *world, const char *sentence)
{
	if (world->error == NULL)
		world->error = sentence;
}

static struct plx_addr host(unsigned number)
{
	return plx_addr_ipv4(198, 18, 0, (uint8_t)number);
}

static struct plx_neighbor neighbor(unsigned number)
{
	struct plx_neighbor found = {.addr = host(number), .mac = {2, 0, 0, 0, 0, (uint8_t)number}};

	return found;
}

static struct plx_stack *create_stack(struct world *world, unsigned number, unsigned pool,
				      const struct plx_neighbor *neighbors, unsigned n_neighbors)
{
	struct plx_address address = {.addr = host(number), .prefix_len = 24};
	struct plx_stack_config config;
	struct plx_stack *stack = NULL;
	const char *error = NULL;

	plx_stack_config_init(&config);
	config.pool = mbufs_pool(pool, POOL_BUFFERS);
	memcpy(config.mac, neighbor(number).mac, sizeof(config.mac));
	config.addresses = &address;
	config.n_addresses = 1;
	config.neighbors = neighbors;
	config.n_neighbors = n_neighbors;
	config.max_neighbors = PLAN_FLOWS_MAX + 1;
	config.max_connections = PLAN_FLOWS_MAX;
	config.max_half_open = PLAN_FLOWS_MAX;
	config.max_time_wait = PLAN_FLOWS_MAX;
	config.max_listeners = PLAN_FLOWS_MAX;
	config.max_send_segments = SEND_SEGMENTS;
	config.offloads = PLX_OFFLOAD_RX_IPV4_CHECKSUM | PLX_OFFLOAD_RX_TCP_CHECKSUM
		| PLX_OFFLOAD_TX_IPV4_CHECKSUM | PLX_OFFLOAD_TX_TCP_CHECKSUM
		| PLX_OFFLOAD_TX_MULTI_SEGS | PLX_OFFLOAD_TX_ANY_MEMORY;
	config.seeded = true;
	config.seed = world->plan->seed * 256 + number;
	if (plx_stack_create(&config, &stack, &error) != 0)
		fail(world, error);
	return stack;
}

static void listen_for(struct world *world, unsigned index)
{
	const struct plx_option_value options[] = {
		{PLX_OPTION_RECEIVE_BUFFER, RECEIVE_BUFFER_BYTES},
		{PLX_OPTION_CONGESTION, world->flows[index].plan->congestion},
	};
	struct plx_listen_args args = {
		.port = (uint16_t)(PORT + index),
		.user = &world->flows[index],
		.options = options,
		.n_options = sizeof(options) / sizeof(options[0]),
	};
	plx_conn listener;

	if (plx_listen(world->receiver, &args, &listener) != 0)
		fail(world, "plx_listen() refuses");
}

// The script's own losses: those of the plan that are no dice.
static bool script_loses(void *context, const struct frame *frame)
{
	struct world *world = context;
	const struct plan *plan = world->plan;
	uint64_t now_us = world->now / PLX_MICROSECOND;

	if (frame->payload_bytes == 0)
		return false;
	if (now_us >= plan->outage_from_us && now_us < plan->outage_until_us)
		return true;
	if (world->script_lost == plan->drop_count || now_us < plan->drop_from_us
	    || world->script_seen++ % plan->drop_every != 0)
		return false;
	world->script_lost++;
	return true;
}

static void begin_links(struct world *world)
{
	const struct plan *plan = world->plan;
	struct link_config forward = {.model = {
					      .rate_bps = plan->rate_bps,
					      .queue_bytes = (uint32_t)plan->queue_bytes,
					      .ecn_threshold_bytes = (uint32_t)plan->mark_bytes,
					      .delay = plan->delay_us * PLX_MICROSECOND,
					      .loss_ppm = (uint32_t)plan->loss_ppm,
				      }};

	link_init(&world->forward, &forward, plan->seed);
	world->forward.loses = script_loses;
	world->forward.context = world;
	for (unsigned i = 0; i < plan->n_flows; i++) {
		struct link_config back = {
			.model = {
				.delay = (plan->delay_us + plan->flows[i].extra_us)
					* PLX_MICROSECOND,
				.jitter = plan->jitter_us * PLX_MICROSECOND,
			}};

		link_init(&world->flows[i].back, &back, plan->seed * PLAN_FLOWS_MAX + i);
	}
}

void world_begin(struct world *world, const struct plan *plan, FILE *samples, FILE *losses)
{
	const struct plx_neighbor receiver = neighbor(RECEIVER_HOST);
	struct plx_neighbor senders[PLAN_FLOWS_MAX];

	*world = (struct world){
		.plan = plan,
		.samples = samples,
		.losses = losses,
		.sample_at = plan->sample_us == 0 ? PLX_TIME_NEVER : 0,
	};
	begin_links(world);
	for (unsigned i = 0; i < plan->n_flows; i++) {
		struct world_flow *flow = &world->flows[i];

		flow->plan = &plan->flows[i];
		flow->addr = host(FLOW_HOST + i);
		senders[i] = neighbor(FLOW_HOST + i);
		flow->stack = create_stack(world, FLOW_HOST + i, SENDERS_POOL, &receiver, 1);
	}
	world->receiver = create_stack(world, RECEIVER_HOST, RECEIVER_POOL, senders, plan->n_flows);
	for (unsigned i = 0; i < plan->n_flows && world->error == NULL; i++)
		listen_for(world, i);
}

void world_end(struct world *world)
{
	for (unsigned i = 0; i < world->plan->n_flows; i++) {
		plx_stack_destroy(world->flows[i].stack);
		link_fini(&world->flows[i].back);
	}
	plx_stack_destroy(world->receiver);
	link_fini(&world->forward);
	if (mbufs_in_use(mbufs_pool(SENDERS_POOL, POOL_BUFFERS)) != 0
	    || mbufs_in_use(mbufs_pool(RECEIVER_POOL, POOL_BUFFERS)) != 0)
		fail(world, "buffers have not come back to their pool");
}

static void open_flow(struct world *world, struct world_flow *flow)
{
	const struct plx_option_value options[] = {
		{PLX_OPTION_SEND_BUFFER, (int64_t)world->plan->buffer_bytes},
		{PLX_OPTION_CONGESTION, flow->plan->congestion},
	};
	struct plx_connect_args args = {
		.remote = host(RECEIVER_HOST),
		.remote_port = (uint16_t)(PORT + (flow - world->flows)),
		.options = options,
		.n_options = sizeof(options) / sizeof(options[0]),
	};

	flow->has_begun = true;
	flow->has_room = true;
	if (plx_connect(flow->stack, &args, &flow->conn) != 0)
		fail(world, "plx_connect() refuses");
}

static bool is_idle(const struct world *world, const struct plan_flow *flow)
{
	uint64_t now_us = world->now / PLX_MICROSECOND;

	return now_us >= flow->idle_from_us && now_us < flow->idle_until_us;
}

static void fill(struct world *world, struct world_flow *flow)
{
	const struct plx_external piece = {.data = payload, .len_bytes = sizeof(payload)};

	while (flow->has_room && !is_idle(world, flow->plan)) {
		int64_t taken = plx_send_external(flow->stack, flow->conn, &piece);

		if (taken < 0 && taken != -EAGAIN)
			fail(world, "plx_send_external() refuses");
		flow->has_room = taken == (int64_t)sizeof(payload);
	}
}

// When its application does something of its own accord; 0 when that is over.
static plx_time flow_wakes_at(const struct world *world, const struct world_flow *flow)
{
	if (!flow->has_begun)
		return flow->plan->start_us * PLX_MICROSECOND;
	if (is_idle(world, flow->plan))
		return flow->plan->idle_until_us * PLX_MICROSECOND;
	return PLX_TIME_NEVER;
}

static void note_loss(struct world *world, struct world_flow *flow)
{
	flow->lost_frames++;
	if (world->losses != NULL)
		fprintf(world->losses, "%s[%.6f,%td]", ftell(world->losses) > 0 ? "," : "",
			(double)world->now / (double)PLX_SECOND, flow - world->flows);
}

// From the sender of `flow`; NULL: from the receiver, to the flow of its port. Neighbours are static: what is no TCP
// (an announcement by ARP) is of interest to nobody.
static void send_frame(struct world *world, const struct rte_mbuf *m, struct world_flow *flow)
{
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];
	size_t len_bytes = mbufs_copy_out(m, bytes);
	struct link *way = &world->forward;
	struct link_model_fate fate;
	struct frame frame;

	if (!frame_read(bytes, len_bytes, PLX_LINK_ETHERNET, &frame)) {
		fail(world, "a frame that cannot be read");
		return;
	}
	if (!frame.is_tcp)
		return;
	if (flow == NULL)
		way = &world->flows[frame.tcp.src_port - PORT].back;
	fate = link_send(way, bytes, len_bytes, &frame, world->now);
	if (flow != NULL && fate.loss != LINK_MODEL_ARRIVES)
		note_loss(world, flow);
}

static void send_frames(struct world *world, struct plx_stack *stack, struct world_flow *flow)
{
	struct rte_mbuf *frames[BURST];
	unsigned n;

	do {
		n = plx_output(stack, frames, BURST, world->now);
		for (unsigned i = 0; i < n; i++) {
			send_frame(world, frames[i], flow);
			rte_pktmbuf_free(frames[i]);
		}
	} while (n == BURST);
}

static void take_arrivals(struct world *world, struct plx_stack *stack, struct link *from,
			  unsigned pool)
{
	struct rte_mbuf *frames[BURST];
	unsigned n;

	for (n = 0; n < BURST; n++) {
		frames[n] = link_take(from, mbufs_pool(pool, POOL_BUFFERS), world->now, NULL);
		if (frames[n] == NULL)
			break;
		frames[n]->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	}
	if (n > 0)
		plx_input(stack, frames, n, world->now);
}

static void serve_flow(struct world *world, struct world_flow *flow)
{
	struct plx_event events[EVENTS];
	unsigned n;

	take_arrivals(world, flow->stack, &flow->back, SENDERS_POOL);
	n = plx_poll(flow->stack, events, EVENTS, world->now);
	if (!flow->has_begun && flow->plan->start_us * PLX_MICROSECOND <= world->now)
		open_flow(world, flow);
	for (unsigned i = 0; i < n; i++) {
		flow->is_open |= (events[i].mask & PLX_EVENT_CONNECTED) != 0;
		flow->has_room |= (events[i].mask & PLX_EVENT_WRITABLE) != 0;
		if ((events[i].mask & (PLX_EVENT_CLOSED | PLX_EVENT_FAILED)) != 0)
			fail(world, "a connection has ended");
	}
	if (flow->is_open)
		fill(world, flow);
	send_frames(world, flow->stack, flow);
}

static void serve_receiver(struct world *world)
{
	struct plx_event events[EVENTS];
	unsigned n;

	take_arrivals(world, world->receiver, &world->forward, RECEIVER_POOL);
	n = plx_poll(world->receiver, events, EVENTS, world->now);
	for (unsigned i = 0; i < n; i++) {
		struct world_flow *flow = events[i].user;
		struct rte_mbuf *m;

		while (plx_recv_mbuf(world->receiver, events[i].conn, &m) == 0 && m != NULL) {
			flow->received_bytes += m->data_len;
			rte_pktmbuf_free(m);
		}
	}
	send_frames(world, world->receiver, NULL);
}

static bool is_due(const struct world *world, const struct plx_stack *stack,
		   const struct link *arrivals)
{
	return link_next(arrivals) <= world->now || plx_next_deadline(stack) <= world->now;
}

// [seconds, flow, cwnd, ssthresh, pipe, queue, received]
static void sample(struct world *world)
{
	uint64_t queue_bytes = link_model_waiting_bytes(&world->forward.model, world->now);

	for (unsigned i = 0; i < world->plan->n_flows; i++) {
		const struct world_flow *flow = &world->flows[i];
		struct plx_info info = {.size = sizeof(info)};

		if (!flow->is_open || plx_get_info(flow->stack, flow->conn, &info) != 0)
			continue;
		fprintf(world->samples, "%s[%.6f,%u,%u,%u,%u,%llu,%llu]",
			ftell(world->samples) > 0 ? "," : "",
			(double)world->now / (double)PLX_SECOND, i, info.cwnd_bytes,
			info.ssthresh_bytes, info.pipe_bytes, (unsigned long long)queue_bytes,
			(unsigned long long)flow->received_bytes);
	}
	world->sample_at += world->plan->sample_us * PLX_MICROSECOND;
}

static void read_counters(const struct world_flow *flow, uint64_t *counters)
{
	struct plx_stats stats = {.size = sizeof(stats)};

	plx_get_stats(flow->stack, &stats);
	memcpy(counters, stats.counters, sizeof(stats.counters));
}

uint64_t world_counter(const struct world_flow *flow, enum plx_counter counter)
{
	uint64_t counters[PLX_COUNTER_COUNT];

	read_counters(flow, counters);
	return counters[counter] - flow->warm_counters[counter];
}

static void begin_measuring(struct world *world)
{
	world->is_warm = true;
	for (unsigned i = 0; i < world->plan->n_flows; i++) {
		struct world_flow *flow = &world->flows[i];

		flow->warm_bytes = flow->received_bytes;
		flow->lost_frames = 0;
		read_counters(flow, flow->warm_counters);
	}
}

static void turn(struct world *world)
{
	if (!world->is_warm && world->now >= world->plan->warm_us * PLX_MICROSECOND)
		begin_measuring(world);
	for (unsigned i = 0; i < world->plan->n_flows; i++) {
		struct world_flow *flow = &world->flows[i];

		if (is_due(world, flow->stack, &flow->back)
		    || flow_wakes_at(world, flow) <= world->now
		    || (flow->is_open && flow->has_room))
			serve_flow(world, flow);
	}
	if (is_due(world, world->receiver, &world->forward))
		serve_receiver(world);
	if (world->now >= world->sample_at)
		sample(world);
}

static plx_time earlier(plx_time a, plx_time b)
{
	return a < b ? a : b;
}

static plx_time next_time(const struct world *world)
{
	plx_time next = earlier(link_next(&world->forward), plx_next_deadline(world->receiver));

	next = earlier(next, world->sample_at);
	if (!world->is_warm)
		next = earlier(next, world->plan->warm_us * PLX_MICROSECOND);
	for (unsigned i = 0; i < world->plan->n_flows; i++) {
		const struct world_flow *flow = &world->flows[i];

		next = earlier(next, link_next(&flow->back));
		next = earlier(next, plx_next_deadline(flow->stack));
		next = earlier(next, flow_wakes_at(world, flow));
	}
	return next;
}

void world_run(struct world *world)
{
	plx_time until = world->plan->time_us * PLX_MICROSECOND;
	unsigned still = 0;

	while (world->error == NULL) {
		plx_time next = next_time(world);

		if (next >= until)
			break;
		still = next > world->now ? 0 : still + 1;
		if (still > STILL_MAX)
			fail(world, "deadlines come, but time stands still");
		if (next > world->now)
			world->now = next;
		turn(world);
	}
}

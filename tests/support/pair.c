// SPDX-License-Identifier: BSD-3-Clause
//
// The loop around two stacks and the link between them, see pair.h.
// Time moves to the next arrival or deadline; then both sides go through their four phases.
// Called by tests/pair.
#include "support/pair.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_mbuf.h>

#include "support/books.h"
#include "support/mbufs.h"
#include "support/nic.h"

enum {
	POOL_BUFFERS = 32768,
	EVENTS = 64,
	FRAMES = 64,
	SLOW_FRAMES = 2,	 // the least that plx_output() may be asked for
	STILL_TURNS_MAX = 10000, // without time moving on
};

static const plx_time PAIR_START = 1000 * PLX_SECOND;

static void leave_capture(const struct pair *pair)
{
	static const char *const names[] = {"server", "client"};
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s-%" PRIu64 ".pcapng", program_invocation_name, pair->seed);
	if (pair->capture.ring != NULL && capture_write(&pair->capture, path, names, pair->link))
		print_error("what went over the wire: '%s'\n", path);
}

void pair_fail(struct pair *pair, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print_error("after %.6f s and %" PRIu64 " turns (IPv%u): %s\n",
		    (double)(pair->now - PAIR_START) / (double)PLX_SECOND, pair->turns,
		    pair->is_ipv6 ? 6 : 4, text);
	leave_capture(pair);
	print_error("to repeat: POLLUX_SEED=%" PRIu64 " POLLUX_RUNS=1 '%s'\n", pair->seed,
		    program_invocation_name);
	_fail(__FILE__, __LINE__);
	abort(); // _fail() does not return, but does not say so
}

static void plan_side(struct pair *pair, enum pair_role role)
{
	struct pair_side *side = &pair->sides[role];
	struct plx_stack_config *config = &side->config;
	char text[16];

	snprintf(text, sizeof(text), pair->is_ipv6 ? "fd00::%d" : "198.18.0.%d",
		 role == PAIR_SERVER ? 2 : 1);
	plx_addr_parse(text, &side->addr);
	plx_stack_config_init(config);
	side->wake_at = PLX_TIME_NEVER;
	config->pool = mbufs_pool(role, POOL_BUFFERS);
	config->mac[0] = 2;
	config->mac[5] = (uint8_t)(1 + role);
	config->max_connections = 2048;
	config->max_half_open = 2048;
	config->max_time_wait = 4096;
	config->max_neighbors = 16;
	config->seeded = true;
	config->seed = pair->seed * 2 + role;
}

void pair_use_link(struct pair *pair, struct link_config config)
{
	for (unsigned i = 0; i < PAIR_SIDES; i++)
		pair->sides[i].link_config = config;
}

void pair_plan(struct pair *pair, uint64_t seed, bool is_ipv6)
{
	*pair = (struct pair){
		.is_ipv6 = is_ipv6,
		.link = PLX_LINK_ETHERNET,
		.burst = 32,
		.now = PAIR_START,
		.seed = seed,
	};
	pair_use_link(pair, (struct link_config){.model.delay = 5 * PLX_MILLISECOND});
	plan_side(pair, PAIR_SERVER);
	plan_side(pair, PAIR_CLIENT);
}

plx_time pair_clock(const struct pair *pair, const struct pair_side *side)
{
	return pair->now + side->clock;
}

static void begin_side(struct pair *pair, enum pair_role role)
{
	struct pair_side *side = &pair->sides[role], *other = &pair->sides[!role];
	struct plx_address address = {.addr = side->addr, .prefix_len = pair->is_ipv6 ? 64 : 24};
	struct plx_neighbor neighbor = {.addr = other->addr};
	const char *error = "?";

	memcpy(neighbor.mac, other->config.mac, sizeof(neighbor.mac));
	side->config.link = pair->link;
	side->config.addresses = &address;
	side->config.n_addresses = 1;
	if (pair->link == PLX_LINK_ETHERNET && !pair->learns_neighbors) {
		side->config.neighbors = &neighbor;
		side->config.n_neighbors = 1;
	}
	if (pair->link == PLX_LINK_IP)
		memset(side->config.mac, 0, sizeof(side->config.mac));
	side->buffers_before = mbufs_in_use(side->config.pool);
	judge_init(&side->judge, &side->config);
	lifecycle_init(&side->life);
	watch_init(&side->watch, role == PAIR_CLIENT);
	side->watch.ignores_stalls = pair->learns_neighbors || side->frame_time != 0;
	link_init(&side->link, &side->link_config, pair->seed * 2 + role);
	if (plx_stack_create(&side->config, &side->stack, &error) != 0)
		pair_fail(pair, "plx_stack_create: %s", error);
	plx_poll(side->stack, NULL, 0, pair_clock(pair, side)); // what time it is
}

void pair_begin(struct pair *pair)
{
	capture_init(&pair->capture);
	begin_side(pair, PAIR_SERVER);
	begin_side(pair, PAIR_CLIENT);
}

void pair_listen(struct pair *pair, uint16_t port, const struct plx_option_value *options,
		 unsigned n_options)
{
	struct pair_side *server = &pair->sides[PAIR_SERVER];
	struct plx_listen_args args = {.port = port, .options = options, .n_options = n_options};
	int rc = plx_listen(server->stack, &args, &server->listener);

	if (rc != 0)
		pair_fail(pair, "plx_listen: %d", rc);
	server->is_listening = true;
}

plx_conn pair_connect(struct pair *pair, uint16_t port, void *user,
		      const struct plx_option_value *options, unsigned n_options)
{
	struct pair_side *client = &pair->sides[PAIR_CLIENT];
	struct plx_connect_args args = {
		.remote = pair->sides[PAIR_SERVER].addr,
		.remote_port = port,
		.user = user,
		.options = options,
		.n_options = n_options,
	};
	plx_conn conn = {0};
	int rc = plx_connect(client->stack, &args, &conn);

	if (rc != 0)
		pair_fail(pair, "plx_connect: %d", rc);
	lifecycle_on_connect(&client->life, conn);
	watch_open(&client->watch, conn);
	return conn;
}

void pair_close(struct pair *pair, struct pair_side *side, plx_conn conn)
{
	int rc = plx_close(side->stack, conn);

	if (rc != 0)
		pair_fail(pair, "plx_close: %d", rc);
	lifecycle_on_close(&side->life, conn);
}

struct plx_stats pair_stats(const struct pair_side *side)
{
	struct plx_stats stats = {.size = sizeof(stats)};

	assert_int_equal(plx_get_stats(side->stack, &stats), 0);
	return stats;
}

// What the stack is about to be given. A damaged frame is none, but where no checksum covers the damage.
static void hear(struct pair *pair, struct pair_side *side, const struct rte_mbuf *m,
		 bool is_corrupted)
{
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];
	size_t len_bytes = mbufs_copy_out(m, bytes);
	struct frame frame;

	capture_frame(&pair->capture, (unsigned)(side - pair->sides), CAPTURE_RECEIVED, bytes,
		      len_bytes, pair->now);
	if (frame_read(bytes, len_bytes, pair->link, &frame)
	    && (!is_corrupted || judge_is_intact(&frame, bytes)))
		watch_on_heard(&side->watch, &frame);
}

// Phase 1: one burst of what has arrived.
static void take_arrivals(struct pair *pair, struct pair_side *side, struct link *from)
{
	struct rte_mbuf *frames[FRAMES];
	unsigned n;

	for (n = 0; n < pair->burst && n < FRAMES; n++) {
		bool is_corrupted;

		frames[n] = link_take(from, side->config.pool, pair->now, &is_corrupted);
		if (frames[n] == NULL)
			break;
		hear(pair, side, frames[n], is_corrupted);
	}
	if (n > 0)
		plx_input(side->stack, frames, n, pair_clock(pair, side));
}

static void follow_handle(struct pair_side *side, const struct plx_event *event)
{
	if ((event->mask & PLX_EVENT_ACCEPTED) != 0)
		watch_open(&side->watch, event->conn);
	if ((event->mask & (PLX_EVENT_CLOSED | PLX_EVENT_FAILED)) != 0)
		watch_close(&side->watch, event->conn);
}

// Phases 2 and 3.
static void serve_application(struct pair *pair, struct pair_side *side)
{
	struct plx_event events[EVENTS];
	unsigned n;

	do {
		lifecycle_on_poll(&side->life);
		n = plx_poll(side->stack, events, EVENTS, pair_clock(pair, side));
		for (unsigned i = 0; i < n; i++) {
			const char *fault = lifecycle_on_event(&side->life, &events[i]);

			if (fault != NULL)
				pair_fail(pair, "%s", fault);
			follow_handle(side, &events[i]);
			if (side->on_event != NULL)
				side->on_event(pair, side, &events[i]);
		}
	} while (n == EVENTS);
	side->wake_at = PLX_TIME_NEVER;
	if (side->on_turn != NULL)
		side->on_turn(pair, side);
}

static unsigned notes_of(const struct link_model_fate *fate)
{
	if (fate->loss != LINK_MODEL_ARRIVES)
		return fate->loss == LINK_MODEL_LOST_IN_QUEUE ? CAPTURE_LOST_IN_QUEUE
							      : CAPTURE_LOST;
	return (fate->is_corrupted ? CAPTURE_CORRUPTED : 0u)
		| (fate->is_marked ? CAPTURE_MARKED : 0u) | (fate->has_copy ? CAPTURE_COPIED : 0u);
}

struct sender {
	struct pair *pair;
	struct pair_side *side;
};

static void send_on_link(void *context, const uint8_t *bytes, size_t len_bytes)
{
	const struct sender *sender = context;
	struct pair *pair = sender->pair;
	struct pair_side *side = sender->side;
	struct link_model_fate fate;
	char text[240];
	struct frame frame;
	const char *fault = judge_frame(&side->judge, bytes, len_bytes, &frame);

	if (fault != NULL) {
		frame_describe(&frame, 0, 0, text, sizeof(text));
		pair_fail(pair, "%s breaks a rule: %s", text, fault);
	}
	judge_hear(&pair->sides[side == pair->sides].judge, &frame);
	watch_on_sent(&side->watch, &frame, pair_clock(pair, side));
	fate = link_send(&side->link, bytes, len_bytes, &frame, pair->now);
	capture_frame(&pair->capture, (unsigned)(side - pair->sides), notes_of(&fate), bytes,
		      len_bytes, pair->now);
}

static void send_frame(struct pair *pair, struct pair_side *side, struct rte_mbuf *m)
{
	struct sender sender = {pair, side};
	const char *fault = nic_send(m, side->config.offloads, send_on_link, &sender);

	side->sent_frames++;
	if (fault != NULL)
		pair_fail(pair, "a frame is prepared wrongly: %s", fault);
}

void pair_output(struct pair *pair, struct pair_side *side)
{
	struct rte_mbuf *frames[FRAMES];
	unsigned n, max = side->frame_time == 0 ? FRAMES : SLOW_FRAMES;

	do {
		if (pair->now < side->port_free_at)
			return;
		n = plx_output(side->stack, frames, max, pair_clock(pair, side));
		for (unsigned i = 0; i < n; i++)
			send_frame(pair, side, frames[i]);
		side->port_free_at = pair->now + n * side->frame_time;
	} while (n == max);
}

static const char *side_books_fault(struct pair *pair, unsigned role, const struct plx_stats *stats)
{
	const struct pair_side *side = &pair->sides[role];
	const char *fault = books_first_fault(stats);

	if (fault == NULL)
		fault = link_fault(&side->link);
	if (fault == NULL
	    && stats->counters[PLX_COUNTER_RX_FRAMES] != pair->sides[!role].link.delivered)
		fault = "a stack has not received what the link delivered";
	if (fault == NULL && stats->counters[PLX_COUNTER_TX_FRAMES] != side->sent_frames)
		fault = "a stack has sent what it did not count";
	return fault;
}

static void check_side(struct pair *pair, unsigned role)
{
	struct pair_side *side = &pair->sides[role];
	struct plx_stats stats = pair_stats(side);
	const char *fault = side_books_fault(pair, role, &stats);

	if (fault == NULL)
		fault = watch_fault(&side->watch, side->stack, &stats, pair_clock(pair, side));
	if (fault != NULL)
		pair_fail(pair, "%s: %s", role == PAIR_SERVER ? "server" : "client", fault);
}

static void turn(struct pair *pair)
{
	pair->turns++;
	for (unsigned i = 0; i < PAIR_SIDES; i++) {
		struct pair_side *side = &pair->sides[i];

		take_arrivals(pair, side, &pair->sides[!i].link);
		serve_application(pair, side);
		pair_output(pair, side);
	}
	for (unsigned i = 0; i < PAIR_SIDES; i++)
		check_side(pair, i);
}

const char *pair_books_fault(struct pair *pair)
{
	for (unsigned i = 0; i < PAIR_SIDES; i++) {
		struct plx_stats stats = pair_stats(&pair->sides[i]);
		const char *fault = side_books_fault(pair, i, &stats);

		if (fault != NULL)
			return fault;
	}
	return NULL;
}

// Of one side, by the pair's clock.
static plx_time next_deadline(const struct pair_side *side)
{
	plx_time deadline = plx_next_deadline(side->stack);

	if (deadline == PLX_TIME_NEVER)
		return side->wake_at;
	deadline = deadline > side->clock ? deadline - side->clock : 0;
	if (deadline == 0 && side->frame_time != 0)
		deadline = side->port_free_at; // what waits to be sent hides the timers
	return deadline < side->wake_at ? deadline : side->wake_at;
}

static plx_time next_time(const struct pair *pair)
{
	plx_time next = PLX_TIME_NEVER;

	for (unsigned i = 0; i < PAIR_SIDES; i++) {
		plx_time deadline = next_deadline(&pair->sides[i]);
		plx_time arrival = link_next(&pair->sides[i].link);

		next = deadline < next ? deadline : next;
		next = arrival < next ? arrival : next;
	}
	return next;
}

// False when nothing happens until then.
static bool step(struct pair *pair, plx_time until)
{
	plx_time next = next_time(pair);

	if (next > until)
		return false;
	pair->now = next > pair->now ? next : pair->now;
	turn(pair);
	return true;
}

void pair_run(struct pair *pair, bool (*is_done)(struct pair *pair), plx_duration limit)
{
	plx_time until = pair->now + limit, last = pair->now;
	unsigned still = 0;

	turn(pair);
	while (!is_done(pair)) {
		if (!step(pair, until))
			pair_fail(pair, "not done within %.0f s",
				  (double)limit / (double)PLX_SECOND);
		still = pair->now == last ? still + 1 : 0;
		last = pair->now;
		if (still > STILL_TURNS_MAX)
			pair_fail(pair, "deadlines come, but time stands still");
	}
}

void pair_run_for(struct pair *pair, plx_duration duration)
{
	plx_time until = pair->now + duration;

	while (step(pair, until))
		;
	pair->now = until;
}

static void end_side(struct pair *pair, struct pair_side *side)
{
	uint32_t cursor = 0;
	plx_conn conn;

	side->on_event = NULL;
	side->on_turn = NULL;
	if (side->is_listening)
		plx_close(side->stack, side->listener);
	while (lifecycle_next_alive(&side->life, &cursor, &conn)) {
		if (plx_abort(side->stack, conn) != 0)
			pair_fail(pair, "the handle of a living connection is stale");
		lifecycle_on_close(&side->life, conn);
	}
}

void pair_end(struct pair *pair)
{
	for (unsigned i = 0; i < PAIR_SIDES; i++)
		end_side(pair, &pair->sides[i]);
	turn(pair); // the RSTs go out
	turn(pair); // and the last events come
	for (unsigned i = 0; i < PAIR_SIDES; i++) {
		struct pair_side *side = &pair->sides[i];
		struct plx_stats stats = pair_stats(side);

		if (side->life.alive != 0)
			pair_fail(pair, "a connection ended without CLOSED or FAILED");
		if (stats.connections != 0 || stats.listeners != 0)
			pair_fail(pair, "control blocks are in use without a connection");
		plx_stack_destroy(side->stack);
		judge_fini(&side->judge);
		lifecycle_fini(&side->life);
		watch_fini(&side->watch);
		link_fini(&side->link);
		if (mbufs_in_use(side->config.pool) != side->buffers_before)
			pair_fail(pair, "%d buffers have not come back to the pool",
				  (int)(mbufs_in_use(side->config.pool) - side->buffers_before));
	}
	capture_fini(&pair->capture);
}

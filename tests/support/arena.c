// SPDX-License-Identifier: BSD-3-Clause
//
// What happens in an arena, see arena.h: frames, calls, time, and what is checked after each.
// The application keeps the last few handles it was given, and goes on using those that are stale.
// Called by tests/fuzz.
#include "support/arena.h"

#include <stdio.h>
#include <stdlib.h>

#include <rte_mbuf.h>

#include "support/arena_frame.h"
#include "support/books.h"
#include "support/mbufs.h"
#include "support/nic.h"

enum {
	POOL_BUFFERS = 4096,
	PORT = 80,
	OTHER_PORT = 81,
	ODDS_OF_CALL = 3, // one in so many
	ODDS_OF_TIME = 10,
	CALL_MAX_BYTES = 5000,
	EVENTS = 8,
	FRAMES = 32,
	ROUNDS_MAX = 1000,
};

static uint8_t scratch[CALL_MAX_BYTES];

static uint32_t draw(struct arena *a, uint32_t n)
{
	return a->draw(a->context, n);
}

static void blame(struct arena *a, const char *fault)
{
	if (a->fault == NULL)
		a->fault = fault;
}

static void keep_conn(struct arena *a, plx_conn conn)
{
	a->conns[a->n_conns++ % ARENA_CONNS] = conn;
}

static void draw_config(struct arena *a, bool is_ipv6)
{
	struct plx_stack_config *config = &a->config;

	plx_stack_config_init(config);
	config->pool = mbufs_pool(0, POOL_BUFFERS);
	config->link = draw(a, 4) == 0 ? PLX_LINK_IP : PLX_LINK_ETHERNET;
	config->vlan = config->link == PLX_LINK_ETHERNET && draw(a, 4) == 0 ? 7 : 0;
	config->max_connections = 1 + draw(a, 32);
	config->max_half_open = 1 + draw(a, 16);
	config->max_time_wait = 1 + draw(a, 16);
	config->max_neighbors = 8;
	config->max_listeners = 4;
	config->max_send_segments = 16 + draw(a, 200);
	config->return_foreign = draw(a, 4) == 0;
	config->answer_nobody = draw(a, 4) != 0;
	config->offloads = draw(a, 2) == 0 ? 0 : draw(a, 128) & ~3u;
	config->time_wait = draw(a, 4) == 0 ? 0 : 5 * PLX_SECOND;
	config->seeded = true;
	config->seed = draw(a, 1000);
	config->syn_cookies = (enum plx_syn_cookies)draw(a, 3);
	config->rfc5961 = draw(a, 4) != 0;
	config->drop_syn_fin = draw(a, 4) == 0;
	config->max_fragments = 4 * draw(a, 3);
	a->path = (struct seg_path){
		.link = config->link,
		.vlan = config->vlan,
		.src_mac = {{2, 0, 0, 0, 0, 1}},
		.dst_mac = {{2, 0, 0, 0, 0, 2}},
		.dst_port = PORT,
	};
	plx_addr_parse(is_ipv6 ? "fd00::1" : "198.18.0.1", &a->path.src);
	plx_addr_parse(is_ipv6 ? "fd00::2" : "198.18.0.2", &a->path.dst);
	if (config->link == PLX_LINK_ETHERNET)
		memcpy(config->mac, a->path.dst_mac.bytes, sizeof(config->mac));
}

bool arena_begin(struct arena *a, bool is_ipv6)
{
	struct plx_address address = {.prefix_len = is_ipv6 ? 64 : 24};
	struct plx_neighbor neighbor = {{{0}}, {2, 0, 0, 0, 0, 1}};
	struct plx_listen_args listen = {.port = PORT, .backlog = 1 + draw(a, 8)};

	*a = (struct arena){.draw = a->draw, .context = a->context, .now = 1000 * PLX_SECOND};
	draw_config(a, is_ipv6);
	address.addr = a->path.dst;
	neighbor.addr = a->path.src;
	a->config.addresses = &address;
	a->config.n_addresses = 1;
	if (a->config.link == PLX_LINK_ETHERNET) {
		a->config.neighbors = &neighbor;
		a->config.n_neighbors = 1;
	}
	a->buffers_before = mbufs_in_use(a->config.pool);
	if (plx_stack_create(&a->config, &a->stack, NULL) != 0)
		return false;
	judge_init(&a->judge, &a->config);
	a->judge.ignores_flows = true;
	lifecycle_init(&a->life);
	return plx_listen(a->stack, &listen, &a->listener) == 0;
}

static void hear_handshake(struct arena *a, const struct frame *frame)
{
	if (!frame->is_tcp || (frame->tcp.flags & TCP_SYN) == 0)
		return;
	a->handshakes[a->n_handshakes++ % ARENA_HANDSHAKES] = (struct arena_handshake){
		.iss = frame->tcp.seq,
		.peer_seq = frame->tcp.ack,
		.port = frame->tcp.src_port,
		.peer_port = frame->tcp.dst_port,
		.has_timestamps = frame->tcp.options.has_timestamps,
	};
}

static void hear_frame(void *context, const uint8_t *bytes, size_t len_bytes)
{
	struct arena *a = context;
	struct frame frame;

	blame(a, judge_frame(&a->judge, bytes, len_bytes, &frame));
	hear_handshake(a, &frame);
}

static void take_output(struct arena *a)
{
	struct rte_mbuf *frames[FRAMES];
	unsigned n;

	do {
		n = plx_output(a->stack, frames, FRAMES, a->now);
		for (unsigned i = 0; i < n; i++)
			blame(a, nic_send(frames[i], a->config.offloads, hear_frame, a));
	} while (n == FRAMES);
}

static void take_events(struct arena *a)
{
	struct plx_event events[EVENTS];
	unsigned n;

	do {
		lifecycle_on_poll(&a->life);
		n = plx_poll(a->stack, events, EVENTS, a->now);
		for (unsigned i = 0; i < n; i++) {
			blame(a, lifecycle_on_event(&a->life, &events[i]));
			if ((events[i].mask & PLX_EVENT_ACCEPTED) != 0)
				keep_conn(a, events[i].conn);
		}
	} while (n == EVENTS);
}

void arena_run(struct arena *a)
{
	unsigned rounds = 0;

	do {
		take_events(a);
		take_output(a);
	} while (plx_next_deadline(a->stack) <= a->now && ++rounds < ROUNDS_MAX);
	if (rounds == ROUNDS_MAX)
		blame(a, "the stack is never done");
}

void arena_frame(struct arena *a, const uint8_t *bytes, size_t len_bytes)
{
	struct rte_mbuf *m = arena_frame_wrap(a, bytes, len_bytes);
	unsigned returned = plx_input(a->stack, &m, 1, a->now);

	rte_pktmbuf_free_bulk(&m, returned);
	a->frames++;
}

static void frame_arrives(struct arena *a)
{
	static uint8_t bytes[2 * MBUFS_FRAME_MAX_BYTES];
	size_t len_bytes = arena_frame_draw(a, bytes);
	uint32_t times = draw(a, 12) == 0 ? 1 + draw(a, 5) : 1;

	while (times-- > 0) // networks double frames, and duplicate ACKs mean something
		arena_frame(a, bytes, len_bytes);
}

static void user_connects(struct arena *a)
{
	struct plx_option_value option = {(enum plx_option)draw(a, PLX_OPTION_COUNT + 1),
					  (int64_t)draw(a, UINT32_MAX) - 10};
	struct plx_connect_args args = {
		.remote = draw(a, 16) == 0 ? a->path.dst : a->path.src,
		.remote_port = (uint16_t)draw(a, 100),
		.options = &option,
		.n_options = draw(a, 2),
	};
	plx_conn conn;

	if (plx_connect(a->stack, &args, &conn) == 0) {
		lifecycle_on_connect(&a->life, conn);
		keep_conn(a, conn);
	}
}

static void user_sends(struct arena *a, plx_conn conn)
{
	struct plx_external external = {.data = scratch,
					.len_bytes = 1 + draw(a, CALL_MAX_BYTES - 1),
					.cookie = draw(a, 100),
					.wants_sent = draw(a, 2) == 0};
	struct rte_mbuf *m;

	switch (draw(a, 3)) {
	case 0:
		m = mbufs_frame(a->config.pool, scratch, draw(a, MBUFS_DATA_BYTES), 0);
		if (plx_send_mbuf(a->stack, conn, m) != 0)
			rte_pktmbuf_free(m);
		break;
	case 1:
		plx_send_external(a->stack, conn, &external);
		break;
	default:
		plx_send(a->stack, conn, scratch, draw(a, CALL_MAX_BYTES));
	}
}

static void user_reads(struct arena *a, plx_conn conn)
{
	static uint8_t bytes[CALL_MAX_BYTES];
	struct rte_mbuf *m = NULL;

	if (draw(a, 2) == 0) {
		plx_recv(a->stack, conn, bytes, draw(a, CALL_MAX_BYTES), draw(a, 4) == 0);
		return;
	}
	if (plx_recv_mbuf(a->stack, conn, &m) == 0)
		rte_pktmbuf_free(m);
}

static void user_sets_option(struct arena *a, plx_conn conn)
{
	enum plx_option option = (enum plx_option)draw(a, PLX_OPTION_COUNT);
	int64_t minimum = 0, maximum = 0;

	plx_option_bounds(option, NULL, &minimum, &maximum);
	if (maximum > minimum + 1000000 && draw(a, 2) == 0)
		maximum = minimum + 1000000;
	plx_set_option(a->stack, conn, option,
		       minimum + (int64_t)draw(a, (uint32_t)(maximum - minimum) + 2));
}

static void user_closes(struct arena *a, plx_conn conn, bool aborts)
{
	int rc = aborts ? plx_abort(a->stack, conn) : plx_close(a->stack, conn);

	if (rc == 0)
		lifecycle_on_close(&a->life, conn);
}

static void listener_comes_and_goes(struct arena *a)
{
	struct plx_listen_args args = {.port = OTHER_PORT, .backlog = 1};
	plx_conn listener;

	if (plx_listen(a->stack, &args, &listener) != 0)
		blame(a, "a listener is refused");
	arena_run(a);
	if (plx_close(a->stack, listener) != 0)
		blame(a, "a listener is stale");
}

static void user_calls(struct arena *a)
{
	plx_conn conn = a->conns[draw(a, ARENA_CONNS)];
	struct plx_info info = {.size = sizeof(info)};
	uint64_t cookies[8];

	switch (draw(a, 16)) {
	case 0:
		user_connects(a);
		break;
	case 1:
		plx_shutdown(a->stack, conn, (enum plx_shutdown_how)draw(a, 4));
		break;
	case 2:
		user_closes(a, conn, false);
		break;
	case 3:
		user_closes(a, conn, draw(a, 4) == 0);
		break;
	case 4:
		user_sets_option(a, conn);
		break;
	case 5:
		plx_sent(a->stack, cookies, 1 + draw(a, 8));
		break;
	case 6:
		plx_get_info(a->stack, conn, &info);
		break;
	case 7:
		listener_comes_and_goes(a);
		break;
	case 8:
	case 9:
	case 10:
	case 11:
		user_reads(a, conn);
		break;
	default:
		user_sends(a, conn);
	}
}

static void time_passes(struct arena *a)
{
	static const plx_duration spans[] = {PLX_MICROSECOND, PLX_MILLISECOND,
					     100 * PLX_MILLISECOND, PLX_SECOND, 10 * PLX_SECOND};
	plx_time deadline = plx_next_deadline(a->stack);

	if (draw(a, 2) == 0 && deadline != PLX_TIME_NEVER && deadline > a->now
	    && deadline < a->now + 3600 * PLX_SECOND)
		a->now = deadline;
	else
		a->now += draw(a, 100) * spans[draw(a, 5)];
}

void arena_step(struct arena *a)
{
	if (draw(a, ODDS_OF_CALL) == 0)
		user_calls(a);
	else if (draw(a, ODDS_OF_TIME) == 0)
		time_passes(a);
	else
		frame_arrives(a);
	if (draw(a, 4) != 0) // else the next thing happens in the same iteration
		arena_run(a);
}

static void check_books(struct arena *a)
{
	struct plx_stats stats = {.size = sizeof(stats)};

	if (plx_get_stats(a->stack, &stats) != 0)
		blame(a, "plx_get_stats() refuses");
	blame(a, books_first_fault(&stats));
	if (stats.counters[PLX_COUNTER_RX_FRAMES] != a->frames)
		blame(a, "a frame was not counted");
	if (stats.connections != 0)
		blame(a, "control blocks are in use without a connection");
}

void arena_end(struct arena *a)
{
	uint32_t cursor = 0;
	plx_conn conn;

	arena_run(a);
	while (lifecycle_next_alive(&a->life, &cursor, &conn)) {
		if (plx_abort(a->stack, conn) != 0)
			blame(a, "the handle of a living connection is stale");
		lifecycle_on_close(&a->life, conn);
	}
	arena_run(a);
	if (plx_close(a->stack, a->listener) != 0)
		blame(a, "the listener is stale");
	for (unsigned i = 0; i < 8; i++) { // next hops that are asked for are given up
		a->now += PLX_SECOND;
		arena_run(a);
	}
	if (a->life.alive != 0)
		blame(a, "a connection ended without CLOSED or FAILED");
	check_books(a);
	plx_stack_destroy(a->stack);
	judge_fini(&a->judge);
	lifecycle_fini(&a->life);
	if (mbufs_in_use(a->config.pool) != a->buffers_before)
		blame(a, "buffers have not come back to the pool");
}

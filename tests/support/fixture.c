// SPDX-License-Identifier: BSD-3-Clause
//
// The stack under a virtual clock, see fixture.h: what goes in, what comes out, and the end of it.
// The rules of judge.h and lifecycle.h and the books are looked at whenever the stack has run.
// Called by tests/script.
#include "support/fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_mbuf.h>

#include "support/books.h"
#include "support/nic.h"

enum {
	POOL_BUFFERS = 8192,
	POLL_EVENTS = 4, // few, so that what does not fit is seen to stay pending
	OUTPUT_FRAMES = 32,
	STEPS_MAX = 1000000, // of advance(); more than any scenario has deadlines
	TS_BASE = 5000,	     // of the peer's clock, in milliseconds
};

static const plx_time FIXTURE_START = 1000 * PLX_SECOND;

struct fixture_variant fixture_ipv4 = {"IPv4", false, PLX_LINK_ETHERNET};
struct fixture_variant fixture_ipv6 = {"IPv6", true, PLX_LINK_ETHERNET};
struct fixture_variant fixture_ipv4_bare = {"IPv4, no Ethernet", false, PLX_LINK_IP};
struct fixture_variant fixture_ipv6_bare = {"IPv6, no Ethernet", true, PLX_LINK_IP};

static void trace_line(struct fixture *f, const char *direction, const char *text)
{
	char *line = f->trace[f->n_trace++ % FIXTURE_TRACE_LINES];

	snprintf(line, FIXTURE_TRACE_WIDTH, "%12.6f %s %s",
		 (double)(f->now - FIXTURE_START) / (double)PLX_SECOND, direction, text);
}

static void trace_frame(struct fixture *f, const char *direction, const struct frame *frame,
			bool is_ours)
{
	uint32_t ours = f->snd_nxt, theirs = f->rcv_nxt;
	char text[FIXTURE_TRACE_WIDTH - 24];

	frame_describe(frame, is_ours ? ours : theirs, is_ours ? theirs : ours, text, sizeof(text));
	trace_line(f, direction, text);
}

void fixture_fail(struct fixture *f, const char *file, int line, const char *format, ...)
{
	unsigned kept = f->n_trace < FIXTURE_TRACE_LINES ? f->n_trace : FIXTURE_TRACE_LINES;
	char text[512];
	va_list args;

	f->has_failed = true;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print_error("%s:%d: %s\n", file, line, text);
	print_error("  the last segments (numbers relative to snd_nxt and rcv_nxt):\n");
	for (unsigned i = f->n_trace - kept; i < f->n_trace; i++)
		print_error("  %s\n", f->trace[i % FIXTURE_TRACE_LINES]);
	_fail(file, line);
	abort(); // _fail() does not return, but does not say so
}

#define broken(f, ...) fixture_fail(f, __FILE__, __LINE__, __VA_ARGS__)

static void plan_addresses(struct fixture *f)
{
	bool is_ipv6 = f->variant->is_ipv6;
	struct seg_path *path = &f->to_stack;

	plx_addr_parse(is_ipv6 ? "fd00::1" : "198.18.0.1", &path->src);
	plx_addr_parse(is_ipv6 ? "fd00::2" : "198.18.0.2", &path->dst);
	path->link = f->variant->link;
	path->src_port = FIXTURE_PEER_PORT;
	path->dst_port = FIXTURE_PORT;
	path->src_mac = (struct mac_addr){{2, 0, 0, 0, 0, 1}};
	path->dst_mac = (struct mac_addr){{2, 0, 0, 0, 0, 2}};
}

static void plan_config(struct fixture *f)
{
	struct plx_stack_config *config = &f->config;

	plx_stack_config_init(config);
	config->pool = mbufs_pool(0, POOL_BUFFERS);
	config->link = f->variant->link;
	config->max_neighbors = 16;
	config->max_connections = 64;
	config->max_half_open = 64;
	config->max_time_wait = 64;
	config->max_listeners = 8;
	config->max_send_segments = 4096;
	config->seeded = true;
	config->seed = 1;
	if (config->link == PLX_LINK_ETHERNET)
		memcpy(config->mac, f->to_stack.dst_mac.bytes, sizeof(config->mac));
}

int fixture_setup(void **state)
{
	struct fixture_variant *variant = *state;
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	f->outputs = calloc(FIXTURE_OUTPUTS, sizeof(*f->outputs));
	if (f->outputs == NULL)
		return -1;
	f->variant = variant;
	f->now = FIXTURE_START;
	f->peer = (struct fixture_peer){
		.mss = variant->is_ipv6 ? 1440 : 1460,
		.wscale = SEG_ABSENT,
		.wnd = FIXTURE_PEER_WND,
		.isn = FIXTURE_PEER_ISN,
		.port = FIXTURE_PEER_PORT,
	};
	plan_addresses(f);
	plan_config(f);
	f->in_use_before = mbufs_in_use(f->config.pool);
	*state = f;
	return 0;
}

struct fixture *fixture_plan(void **state)
{
	return *state;
}

void fixture_set_option(struct fixture *f, enum plx_option option, int64_t value)
{
	if (f->n_options == FIXTURE_OPTIONS)
		broken(f, "too many options for a fixture");
	f->options[f->n_options++] = (struct plx_option_value){option, value};
}

// Addresses and the static neighbour are added here, unless the test has named its own.
struct fixture *fixture_bare(void **state)
{
	struct fixture *f = *state;
	struct plx_address address = {.addr = f->to_stack.dst,
				      .prefix_len = f->variant->is_ipv6 ? 64 : 24};
	struct plx_neighbor neighbor = {.addr = f->to_stack.src};
	const char *error = "?";
	int rc;

	memcpy(neighbor.mac, f->to_stack.src_mac.bytes, sizeof(neighbor.mac));
	if (f->config.n_addresses == 0) {
		f->config.addresses = &address;
		f->config.n_addresses = 1;
	}
	if (f->config.max_neighbors > 0 && f->config.link == PLX_LINK_ETHERNET
	    && f->config.neighbors == NULL) {
		f->config.neighbors = &neighbor;
		f->config.n_neighbors = 1;
	}
	f->to_stack.src_port = f->peer.port;
	f->to_stack.vlan = f->config.vlan;
	judge_init(&f->judge, &f->config);
	f->judge.knows_payload = true;
	lifecycle_init(&f->life);
	rc = plx_stack_create(&f->config, &f->stack, &error);
	if (rc != 0)
		broken(f, "plx_stack_create: %s (%d)", error, rc);
	f->rcv_nxt = f->peer.isn;
	forget_output(f); // the stack announces its addresses
	return f;
}

static void run(struct fixture *f);

static void run_input(struct fixture *f, struct rte_mbuf **frames, unsigned n)
{
	unsigned returned = plx_input(f->stack, frames, n, f->now);

	rte_pktmbuf_free_bulk(frames, returned);
	run(f);
}

static void input_frame(struct fixture *f, struct rte_mbuf *m)
{
	if (!f->is_in_burst) {
		run_input(f, &m, 1);
		return;
	}
	if (f->n_burst == FIXTURE_BURST)
		broken(f, "too many frames for a burst");
	f->burst[f->n_burst++] = m;
}

void burst_begin(struct fixture *f)
{
	f->is_in_burst = true;
	f->n_burst = 0;
}

void burst_end(struct fixture *f)
{
	f->is_in_burst = false;
	run_input(f, f->burst, f->n_burst);
}

void frame_arrives(struct fixture *f, const void *bytes, size_t len_bytes)
{
	struct frame frame;

	if (frame_read(bytes, len_bytes, f->config.link, &frame))
		trace_frame(f, "<", &frame, false);
	else
		trace_line(f, "<", "a malformed frame");
	input_frame(f, mbufs_frame(f->config.pool, bytes, len_bytes, 0));
}

void segment_arrives(struct fixture *f, struct seg seg)
{
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];
	struct frame frame;
	size_t len_bytes;

	seg.flags = seg_or(seg.flags, TCP_ACK);
	seg.seq = seg_or(seg.seq, f->rcv_nxt);
	seg.ack = seg_or(seg.ack, (seg.flags & TCP_ACK) != 0 ? f->snd_nxt : 0);
	seg.wnd = seg_or(seg.wnd, f->peer.wnd);
	seg.len = seg_or(seg.len, 0);
	if (f->has_timestamps && seg.ts_val == SEG_UNNAMED) {
		seg.ts_val = (int64_t)(TS_BASE + (f->now - FIXTURE_START) / PLX_MILLISECOND);
		seg.ts_ecr = seg_or(seg.ts_ecr, f->ts_val);
	}
	len_bytes = seg_build(bytes, &f->to_stack, &seg, f->peer.isn + 1, 0);
	if (frame_read(bytes, len_bytes, f->config.link, &frame))
		trace_frame(f, "<", &frame, false);
	input_frame(f,
		    mbufs_frame(f->config.pool, bytes, len_bytes, (size_t)seg_or(seg.pieces, 0)));
}

static void take_events(struct fixture *f)
{
	struct plx_event events[POLL_EVENTS];
	unsigned n, max = f->holds_events ? 0 : POLL_EVENTS;

	do {
		lifecycle_on_poll(&f->life);
		n = plx_poll(f->stack, events, max, f->now);
		for (unsigned i = 0; i < n; i++) {
			const char *fault = lifecycle_on_event(&f->life, &events[i]);

			if (fault != NULL)
				broken(f, "%s", fault);
			if (f->n_events == FIXTURE_EVENTS)
				broken(f, "too many events");
			f->events[f->n_events++] = events[i];
			if ((events[i].mask & PLX_EVENT_ACCEPTED) != 0)
				f->conn = events[i].conn;
			if (f->application != NULL)
				f->application(f, &events[i]);
		}
	} while (n > 0 && n == max);
}

static void take_frame(struct fixture *f, struct rte_mbuf *m)
{
	struct fixture_output *output;
	const char *fault;

	if (f->next_output == f->n_outputs)
		f->n_outputs = f->next_output = 0;
	if (f->n_outputs == FIXTURE_OUTPUTS)
		broken(f, "too many frames that nobody looked at");
	output = &f->outputs[f->n_outputs++];
	f->sent_frames++;
	output->at = f->now;
	output->len_bytes = mbufs_copy_out(m, output->bytes);
	fault = nic_finish(m, f->config.offloads, output->bytes);
	rte_pktmbuf_free(m);
	if (fault != NULL)
		broken(f, "a frame is prepared wrongly: %s", fault);
	fault = judge_frame(&f->judge, output->bytes, output->len_bytes, &output->frame);
	trace_frame(f, ">", &output->frame, true);
	if (fault != NULL)
		broken(f, "the last segment breaks a rule: %s", fault);
	if (output->frame.tcp.options.has_timestamps)
		f->ts_val = output->frame.tcp.options.ts_val;
}

static void take_frames(struct fixture *f)
{
	struct rte_mbuf *frames[OUTPUT_FRAMES];
	unsigned n;

	do {
		n = plx_output(f->stack, frames, OUTPUT_FRAMES, f->now);
		for (unsigned i = 0; i < n; i++)
			take_frame(f, frames[i]);
	} while (n == OUTPUT_FRAMES);
	if (plx_output(f->stack, frames, 1, f->now) != 0)
		broken(f, "plx_output() gave fewer than asked for, and then more");
}

static void check_connection(struct fixture *f)
{
	struct plx_info info = {.size = sizeof(info)};

	if (plx_get_info(f->stack, f->conn, &info) != 0)
		return;
	if ((int32_t)(info.snd_nxt - info.snd_una) < 0)
		broken(f, "SND.NXT lies before SND.UNA");
	if (info.readable_bytes + info.out_of_order_bytes > 1u << 30)
		broken(f, "more is queued than any buffer holds");
}

// Phases 2 to 4, and what must be true after them.
static void run(struct fixture *f)
{
	struct plx_stats stats;
	const char *fault;

	take_events(f);
	take_frames(f);
	stats = stats_of(f);
	fault = books_first_fault(&stats);
	if (fault != NULL)
		broken(f, "%s", fault);
	check_connection(f);
	if (!f->holds_events && plx_next_deadline(f->stack) <= f->now)
		broken(f, "all is done, yet the next deadline is now");
}

void fixture_settle(struct fixture *f)
{
	take_frames(f);
	run(f);
}

static void step(struct fixture *f, plx_time to)
{
	f->now = to;
	run(f);
}

void advance_to_output(struct fixture *f, plx_time until)
{
	uint64_t before = f->sent_frames;

	for (unsigned steps = 0; f->sent_frames == before; steps++) {
		plx_time deadline = plx_next_deadline(f->stack);

		if (steps == STEPS_MAX)
			broken(f, "deadlines come, but nothing happens");
		if (deadline > until)
			break;
		step(f, deadline > f->now ? deadline : f->now);
	}
}

void advance_until(struct fixture *f, plx_time until)
{
	uint64_t before;

	fixture_settle(f);
	do {
		before = f->sent_frames;
		advance_to_output(f, until);
	} while (f->sent_frames != before);
	step(f, until);
}

void advance(struct fixture *f, uint64_t ms)
{
	advance_until(f, f->now + ms * PLX_MILLISECOND);
}

const struct fixture_output *fixture_next_output(struct fixture *f)
{
	if (f->next_output == f->n_outputs)
		return NULL;
	return &f->outputs[f->next_output++];
}

void forget_output(struct fixture *f)
{
	fixture_settle(f);
	f->n_outputs = 0;
	f->next_output = 0;
}

void forget_events(struct fixture *f)
{
	fixture_settle(f);
	f->n_events = 0;
	f->next_event = 0;
}

struct plx_stats stats_of(struct fixture *f)
{
	struct plx_stats stats = {.size = sizeof(stats)};

	if (plx_get_stats(f->stack, &stats) != 0)
		broken(f, "plx_get_stats() refuses");
	return stats;
}

uint64_t counter(struct fixture *f, enum plx_counter which)
{
	return stats_of(f).counters[which];
}

uint64_t drops(struct fixture *f, enum plx_drop reason)
{
	return stats_of(f).drops[reason];
}

struct plx_info info_of(struct fixture *f)
{
	struct plx_info info = {.size = sizeof(info)};
	int rc = plx_get_info(f->stack, f->conn, &info);

	if (rc != 0)
		broken(f, "plx_get_info: %d", rc);
	return info;
}

// Everything that lives is ended, so that what is left over is a leak.
static const char *end_connections(struct fixture *f)
{
	struct plx_stats stats;
	uint32_t cursor = 0;
	plx_conn conn;

	f->holds_events = false;
	fixture_settle(f);
	if (f->is_listening && plx_close(f->stack, f->listener) != 0)
		return "the listener's handle is stale";
	while (lifecycle_next_alive(&f->life, &cursor, &conn)) {
		if (plx_abort(f->stack, conn) != 0)
			return "the handle of a living connection is stale";
		lifecycle_on_close(&f->life, conn);
	}
	fixture_settle(f);
	stats = stats_of(f);
	if (f->life.alive != 0)
		return "a connection ended without CLOSED or FAILED";
	if (stats.connections != 0)
		return "control blocks are in use without a connection";
	if (stats.listeners != 0)
		return "a listener is left over";
	return books_first_fault(&stats);
}

static void release(struct fixture *f)
{
	plx_stack_destroy(f->stack);
	judge_fini(&f->judge);
	lifecycle_fini(&f->life);
	free(f->outputs);
	free(f);
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	const char *fault = NULL;
	unsigned in_use_before, missing;
	bool has_failed;

	if (f == NULL)
		return 0; // fixture_renew() has failed
	has_failed = f->has_failed;
	in_use_before = f->in_use_before;
	if (f->stack != NULL && !has_failed) {
		if (f->next_output != f->n_outputs)
			fault = "segments came out that the test did not expect";
		else
			fault = end_connections(f);
		if (fault != NULL)
			print_error("at the end of the scenario: %s\n", fault);
	}
	release(f);
	*state = NULL;
	missing = mbufs_in_use(mbufs_pool(0, POOL_BUFFERS)) - in_use_before;
	if (missing != 0 && !has_failed)
		print_error("%u buffers have not come back to the pool\n", missing);
	return fault == NULL && (missing == 0 || has_failed) ? 0 : -1;
}

void fixture_renew(void **state)
{
	struct fixture *f = *state;
	struct fixture_variant *variant = f->variant;

	assert_int_equal(fixture_teardown(state), 0);
	*state = variant;
	assert_int_equal(fixture_setup(state), 0);
}

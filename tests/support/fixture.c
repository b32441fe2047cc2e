// SPDX-License-Identifier: BSD-3-Clause
//
// The stack under a virtual clock, see fixture.h: what goes in and what comes out.
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
	POLL_EVENTS = 4, // few, so that what does not fit is seen to stay pending
	OUTPUT_FRAMES = 32,
	ROUNDS_MAX = 4,	     // an event may come of what is sent, and an answer of an event
	STEPS_MAX = 1000000, // of advance(); more than any scenario has deadlines
	TS_BASE = 5000,	     // of the peer's clock, in milliseconds
};

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

void fixture_print_trace(const struct fixture *f)
{
	unsigned kept = f->n_trace < FIXTURE_TRACE_LINES ? f->n_trace : FIXTURE_TRACE_LINES;

	print_error("  the last segments (numbers relative to snd_nxt and rcv_nxt):\n");
	for (unsigned i = f->n_trace - kept; i < f->n_trace; i++)
		print_error("  %s\n", f->trace[i % FIXTURE_TRACE_LINES]);
}

void fixture_fail(struct fixture *f, const char *file, int line, const char *format, ...)
{
	char text[512];
	va_list args;

	f->has_failed = true;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (f->about != NULL)
		print_error("%s\n", f->about);
	print_error("%s:%d: %s\n", file, line, text);
	fixture_print_trace(f);
	_fail(file, line);
	abort(); // _fail() does not return, but does not say so
}

#define broken(f, ...) fixture_fail(f, __FILE__, __LINE__, __VA_ARGS__)

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

static void hear_frame(void *context, const uint8_t *bytes, size_t len_bytes)
{
	struct fixture *f = context;
	struct fixture_output *output;
	const char *fault;

	if (f->next_output == f->n_outputs)
		f->n_outputs = f->next_output = 0;
	if (f->n_outputs == FIXTURE_OUTPUTS)
		broken(f, "too many frames that nobody looked at");
	output = &f->outputs[f->n_outputs++];
	f->sent_frames++;
	output->at = f->now;
	output->given = f->given_frames;
	output->len_bytes = len_bytes;
	memcpy(output->bytes, bytes, len_bytes);
	fault = judge_frame(&f->judge, output->bytes, output->len_bytes, &output->frame);
	trace_frame(f, ">", &output->frame, true);
	if (fault != NULL)
		broken(f, "the last segment breaks a rule: %s", fault);
	if (output->frame.tcp.options.has_timestamps)
		f->ts_val = output->frame.tcp.options.ts_val;
}

static void take_frame(struct fixture *f, struct rte_mbuf *m)
{
	const char *fault;

	f->given_frames++;
	fault = nic_send(m, f->config.offloads, hear_frame, f);
	if (fault != NULL)
		broken(f, "a frame is prepared wrongly: %s", fault);
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

// Phases 2 to 4 until nothing is left to do at this moment, and what must be true then.
static void run(struct fixture *f)
{
	struct plx_stats stats;
	unsigned rounds = 0;
	const char *fault;

	do {
		take_events(f);
		take_frames(f);
	} while (plx_next_deadline(f->stack) <= f->now && ++rounds < ROUNDS_MAX
		 && !f->holds_events);
	stats = stats_of(f);
	fault = books_first_fault(&stats);
	if (fault != NULL)
		broken(f, "%s", fault);
	check_connection(f);
	if (rounds == ROUNDS_MAX)
		broken(f, "all is done, yet the next deadline is now");
}

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

static void hear(struct fixture *f, const uint8_t *bytes, size_t len_bytes)
{
	struct frame frame;

	if (!frame_read(bytes, len_bytes, f->config.link, &frame)) {
		trace_line(f, "<", "a malformed frame");
		return;
	}
	trace_frame(f, "<", &frame, false);
	judge_hear(&f->judge, &frame);
}

void frame_arrives(struct fixture *f, const void *bytes, size_t len_bytes)
{
	hear(f, bytes, len_bytes);
	input_frame(f, mbufs_frame(f->config.pool, bytes, len_bytes, 0));
}

void segment_arrives(struct fixture *f, struct seg seg)
{
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];
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
	hear(f, bytes, len_bytes);
	input_frame(f,
		    mbufs_frame(f->config.pool, bytes, len_bytes, (size_t)seg_or(seg.pieces, 0)));
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

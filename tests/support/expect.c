// SPDX-License-Identifier: BSD-3-Clause
//
// Statements about a stack, see expect.h.
// Every one lets the stack run at the present time first, so that user calls show their effect.
// Called by tests/script.
#include "support/expect.h"

#include <inttypes.h>
#include <stdio.h>

enum { LINE_BYTES = 240 };

static void name_mask(uint32_t mask, char *text, size_t text_bytes)
{
	static const char *const names[] = {"ACCEPTED",	   "CONNECTED", "READABLE",   "WRITABLE",
					    "PEER_CLOSED", "URGENT",	"SOFT_ERROR", "SENT",
					    "CLOSED",	   "FAILED"};
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((mask & 1u << i) != 0 && used < text_bytes)
			used += (size_t)snprintf(text + used, text_bytes - used, "%s%s",
						 used == 0 ? "" : "|", names[i]);
}

static void describe_output(struct fixture *f, const struct fixture_output *output, char *text)
{
	frame_describe(&output->frame, f->snd_nxt, f->rcv_nxt, text, LINE_BYTES);
}

const struct frame *expect_segment_here(struct fixture *f, struct seg seg, struct place at)
{
	const struct fixture_output *output;
	char expected[LINE_BYTES], got[LINE_BYTES];
	const char *difference;

	fixture_settle(f);
	output = fixture_next_output(f);
	seg_describe(&seg, f->snd_nxt, f->rcv_nxt, expected, sizeof(expected));
	if (output == NULL)
		fixture_fail(f, at.file, at.line, "nothing came\n  expected %s", expected);
	describe_output(f, output, got);
	difference = seg_first_difference(&seg, &output->frame);
	if (difference != NULL)
		fixture_fail(f, at.file, at.line, "another %s\n  expected %s\n  came     %s",
			     difference, expected, got);
	return &output->frame;
}

void expect_silence_here(struct fixture *f, struct place at)
{
	const struct fixture_output *output;
	char got[LINE_BYTES];

	fixture_settle(f);
	output = fixture_next_output(f);
	if (output == NULL)
		return;
	describe_output(f, output, got);
	fixture_fail(f, at.file, at.line, "silence expected\n  came     %s", got);
}

void expect_silence_for_here(struct fixture *f, uint64_t ms, struct place at)
{
	plx_time until = f->now + ms * PLX_MILLISECOND;

	expect_silence_here(f, at);
	advance_to_output(f, until);
	expect_silence_here(f, at);
	advance_until(f, until);
	expect_silence_here(f, at);
}

const struct frame *expect_segment_within_here(struct fixture *f, uint64_t ms, struct seg seg,
					       struct place at)
{
	fixture_settle(f);
	if (f->next_output == f->n_outputs)
		advance_to_output(f, f->now + ms * PLX_MILLISECOND);
	return expect_segment_here(f, seg, at);
}

void expect_piece_by_piece_here(struct fixture *f, uint32_t len_bytes, struct place at)
{
	for (uint32_t acked = 0; acked < len_bytes;) {
		expect_segment_within_here(f, 1000, SEG(.seq = f->snd_nxt + acked), at);
		forget_output(f);
		acked = info_of(f).snd_nxt - f->snd_nxt;
		segment_arrives(f, SEG(.ack = f->snd_nxt + acked));
	}
	expect_silence_for_here(f, 10000, at);
}

const struct frame *expect_segment_after_here(struct fixture *f, uint64_t ms, struct seg seg,
					      struct place at)
{
	plx_time start, until;
	const struct frame *frame;

	expect_silence_here(f, at);
	start = f->now;
	until = start + ms * PLX_MILLISECOND;
	advance_to_output(f, until);
	frame = expect_segment_here(f, seg, at);
	if (f->now != until)
		fixture_fail(f, at.file, at.line, "it came after %.6f ms, not after %" PRIu64 " ms",
			     (double)(f->now - start) / (double)PLX_MILLISECOND, ms);
	return frame;
}

void expect_event_here(struct fixture *f, uint32_t mask, int error, struct place at)
{
	char expected[LINE_BYTES], got[LINE_BYTES];
	const struct plx_event *event;

	fixture_settle(f);
	name_mask(mask, expected, sizeof(expected));
	if (f->next_event == f->n_events)
		fixture_fail(f, at.file, at.line, "no event came\n  expected %s", expected);
	event = &f->events[f->next_event++];
	name_mask(event->mask, got, sizeof(got));
	if (event->mask != mask || event->error != error)
		fixture_fail(
			f, at.file, at.line,
			"another event\n  expected %s, error %d\n  came     %s, error %" PRId32,
			expected, error, got, event->error);
	if (!plx_conn_is_equal(event->conn, f->conn))
		fixture_fail(f, at.file, at.line, "the event is another connection's");
}

void expect_no_event_here(struct fixture *f, struct place at)
{
	char got[LINE_BYTES];

	fixture_settle(f);
	if (f->next_event == f->n_events)
		return;
	name_mask(f->events[f->next_event].mask, got, sizeof(got));
	fixture_fail(f, at.file, at.line, "no event expected\n  came     %s, error %" PRId32, got,
		     f->events[f->next_event].error);
}

// What is no control block is told by how many entries there are; a scenario has one connection.
static enum plx_state compact_state(const struct plx_stats *stats)
{
	if (stats->time_wait != 0)
		return PLX_STATE_TIME_WAIT;
	if (stats->half_open != 0)
		return PLX_STATE_SYN_RECEIVED;
	return stats->listeners != 0 ? PLX_STATE_LISTEN : PLX_STATE_CLOSED;
}

void expect_state_here(struct fixture *f, enum plx_state state, struct place at)
{
	struct plx_info info = {.size = sizeof(info)};
	struct plx_stats stats;
	enum plx_state got;

	fixture_settle(f);
	stats = stats_of(f);
	got = plx_get_info(f->stack, f->conn, &info) == 0 ? info.state : compact_state(&stats);
	if (got == PLX_STATE_LISTEN && state == PLX_STATE_CLOSED && stats.connections == 0)
		return; // the connection is gone, its listener is not
	if (got != state)
		fixture_fail(f, at.file, at.line, "the state is %s, not %s", plx_state_name(got),
			     plx_state_name(state));
}

void expect_drops_here(struct fixture *f, enum plx_drop reason, uint64_t n, struct place at)
{
	uint64_t got;

	fixture_settle(f);
	got = drops(f, reason);
	if (got != n)
		fixture_fail(f, at.file, at.line,
			     "%" PRIu64 " frames were dropped as %s, not %" PRIu64, got,
			     plx_drop_name(reason), n);
}

void expect_counter_here(struct fixture *f, enum plx_counter which, uint64_t n, struct place at)
{
	uint64_t got;

	fixture_settle(f);
	got = counter(f, which);
	if (got != n)
		fixture_fail(f, at.file, at.line, "%s is %" PRIu64 ", not %" PRIu64,
			     plx_counter_name(which), got, n);
}

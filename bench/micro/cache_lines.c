// SPDX-License-Identifier: BSD-3-Clause
//
// Which lines of the control block an in-order segment touches, phase by phase: a line is forbidden while
// a phase runs, and memcheck counts who reads or writes it all the same. Prefetching is no touch.
// Run by bench/cache-lines, under valgrind.
#include <stdio.h>
#include <string.h>

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define RUNNING_ON_VALGRIND 0
#define VALGRIND_COUNT_ERRORS 0u
#define VALGRIND_MAKE_MEM_NOACCESS(at, bytes) ((void)(at))
#define VALGRIND_MAKE_MEM_DEFINED(at, bytes) ((void)(at))
#endif

#include "heap.h"
#include "rig.h"
#include "stack/stack.h"

enum {
	HEAP_MEGABYTES = 256,
	LINES = sizeof(struct tcp_conn) / CACHE_LINE,
	INPUT_LINES = 2, // are enough for a segment in order
	SEGMENT_BYTES = 64,
	SEGMENTS = 4, // every second one is acknowledged
};

static struct rig rig;

// Phases run by themselves here, so that nothing else is done while a line is forbidden.
static void run_application(struct side *side)
{
	uint8_t bytes[SEGMENT_BYTES];

	plx_recv(side->stack, side->last, bytes, sizeof(bytes), 0);
}

static void (*const PHASE_CALLS[PHASES])(struct side *side) = {rig_input, rig_poll, run_application,
							       rig_output};

// How many accesses to the line there were while `phase` dealt with some segments in order.
static unsigned count_accesses(enum phase counted, unsigned line)
{
	static const uint8_t DATA[SEGMENT_BYTES];
	struct side *server = &rig.server;
	uint8_t *forbidden = (uint8_t *)conn_at(&server->stack->tcp, server->last.index)
		+ (size_t)line * CACHE_LINE;
	unsigned before = VALGRIND_COUNT_ERRORS;

	for (unsigned i = 0; i < SEGMENTS; i++) {
		plx_send(rig.client.stack, rig.conns[0], DATA, sizeof(DATA));
		rig_output(&rig.client);
		for (unsigned phase = 0; phase < PHASES; phase++) {
			if (phase == counted)
				VALGRIND_MAKE_MEM_NOACCESS(forbidden, CACHE_LINE);
			PHASE_CALLS[phase](server);
			VALGRIND_MAKE_MEM_DEFINED(forbidden, CACHE_LINE);
		}
		rig_settle(&rig);
	}
	return VALGRIND_COUNT_ERRORS - before;
}

// Prints a row per phase; returns how many accesses input had beyond its lines.
static unsigned show(void)
{
	unsigned beyond = 0;

	printf("accesses per line of the control block, %u segments of %u bytes in order\n%-12s",
	       SEGMENTS, SEGMENT_BYTES, "");
	for (unsigned line = 0; line < LINES; line++)
		printf("   line %u", line);
	for (unsigned phase = 0; phase < PHASES; phase++) {
		printf("\n%-12s", rig_phase_names[phase]);
		for (unsigned line = 0; line < LINES; line++) {
			unsigned n = count_accesses((enum phase)phase, line);

			printf(" %8u", n);
			if (phase == PHASE_INPUT && line >= INPUT_LINES)
				beyond += n;
		}
	}
	printf("\n");
	return beyond;
}

int main(void)
{
	const struct rig_plan plan = {
		.name = "lines", .connections = 1, .slots = 64, .time_wait = PLX_SECOND};
	unsigned beyond;

	if (!RUNNING_ON_VALGRIND) {
		fprintf(stderr, "cache_lines: only memcheck can tell; bench/cache-lines runs it\n");
		return 2;
	}
	compare_mode.is_counting = true; // no need to touch all memory before
	rig_create(&rig, &plan, heap_create(HEAP_MEGABYTES));
	rig_open(&rig);
	rig_set_option(&rig, PLX_OPTION_NAGLE, 0);
	count_accesses(PHASE_INPUT, 0); // the way of the first data is another one
	beyond = show();
	rig_destroy(&rig);
	printf("input %s\n",
	       beyond == 0 ? "needs the first two lines alone"
			   : "needs more than the first two lines");
	return beyond == 0 ? 0 : 1;
}

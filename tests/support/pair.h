// SPDX-License-Identifier: BSD-3-Clause
//
// Two stacks joined by a simulated link, under one virtual clock: the loop of pollux/stack.h for both, with
// everything that can be checked checked at every turn. A run follows from its seed; a failure prints the
// command that repeats it and leaves what went over the wire beside the program, as PROGRAM-SEED.pcapng.
// Called by tests/pair.
#ifndef SUPPORT_PAIR_H
#define SUPPORT_PAIR_H

#include <pollux/pollux.h>

#include "support/capture.h"
#include "support/cmocka_headers.h"
#include "support/judge.h"
#include "support/lifecycle.h"
#include "support/link.h"
#include "support/watch.h"

struct pair;

// Which of the two: the one that listens, and the one that connects.
enum pair_role { PAIR_SERVER, PAIR_CLIENT, PAIR_SIDES };

struct pair_side {
	struct plx_stack *stack;
	struct plx_stack_config config; // the test changes it before pair_begin()
	struct plx_addr addr;
	struct link_config
		link_config; // the test changes it before pair_begin(), see pair_use_link()
	struct link link;    // what it sends
	struct judge judge;
	struct lifecycle life;
	struct watch watch;
	plx_conn listener;
	bool is_listening;
	unsigned buffers_before;
	uint64_t sent_frames;
	plx_duration frame_time; // its port takes two frames in twice as long; 0: all at once
	plx_time port_free_at;
	plx_duration clock; // so much ahead of the pair's: hosts do not agree
	plx_time wake_at; // by the pair's clock: phase 3 wants a turn. PLX_TIME_NEVER: it does not
	// Phase 3 of this side: an event, and after all events once per turn. NULL: nothing.
	void (*on_event)(struct pair *pair, struct pair_side *side, const struct plx_event *event);
	void (*on_turn)(struct pair *pair, struct pair_side *side);
	void *context;
};

struct pair {
	struct pair_side sides[PAIR_SIDES];
	bool is_ipv6;
	bool learns_neighbors; // by ARP and ND; else they are static
	enum plx_link link;
	unsigned burst; // most frames of one plx_input()
	plx_time now;
	uint64_t seed;
	struct capture capture;
	uint64_t turns;
};

// Everything at its default, to be changed by the test.
void pair_plan(struct pair *pair, uint64_t seed, bool is_ipv6);

// The same link in both directions.
void pair_use_link(struct pair *pair, struct link_config config);

void pair_begin(struct pair *pair);

// The server listens on `port` with these options.
void pair_listen(struct pair *pair, uint16_t port, const struct plx_option_value *options,
		 unsigned n_options);

// The client connects; returns the handle.
plx_conn pair_connect(struct pair *pair, uint16_t port, void *user,
		      const struct plx_option_value *options, unsigned n_options);

// plx_close() and plx_abort() that tell the life of the handle.
void pair_close(struct pair *pair, struct pair_side *side, plx_conn conn);

// Runs until `is_done` says so; a failure when that takes longer than `limit` of virtual time.
void pair_run(struct pair *pair, bool (*is_done)(struct pair *pair), plx_duration limit);

// Runs for so long.
void pair_run_for(struct pair *pair, plx_duration duration);

// What the stack of this side takes for the time.
plx_time pair_clock(const struct pair *pair, const struct pair_side *side);

// Phase 4 of one side alone.
void pair_output(struct pair *pair, struct pair_side *side);

// Ends what is left and checks that nothing is missing.
void pair_end(struct pair *pair);

// NULL, or a sentence: the books of both stacks and of what lies between them.
const char *pair_books_fault(struct pair *pair);

struct plx_stats pair_stats(const struct pair_side *side);

__attribute__((noreturn, format(printf, 2, 3))) void pair_fail(struct pair *pair,
							       const char *format, ...);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// A stack among hostile peers and a reckless application: segments that fit its connections, spoiled in
// every way, and calls in any order, all drawn from dice. Whatever comes, frames have their fates, events
// keep their promises, what is sent is well-formed, and in the end every buffer is back.
// Called by tests/fuzz, with dice that are a generator or the bytes of a fuzzer's input.
#ifndef SUPPORT_ARENA_H
#define SUPPORT_ARENA_H

#include <pollux/pollux.h>

#include "support/judge.h"
#include "support/lifecycle.h"
#include "support/segment.h"

enum { ARENA_CONNS = 16, ARENA_HANDSHAKES = 16 };

// A SYN or SYN+ACK of the stack that a peer may answer.
struct arena_handshake {
	uint32_t iss;
	uint32_t peer_seq; // what the stack expects next, in answer to a SYN+ACK
	uint16_t port;
	uint16_t peer_port;
	bool has_timestamps;
};

struct arena {
	// Uniform in [0, n).
	uint32_t (*draw)(void *context, uint32_t n);
	void *context;

	struct plx_stack *stack;
	struct plx_stack_config config;
	plx_time now;
	plx_conn listener;
	plx_conn conns[ARENA_CONNS]; // the last ones; some are stale
	unsigned n_conns;
	struct arena_handshake handshakes[ARENA_HANDSHAKES];
	unsigned n_handshakes;
	struct seg_path path; // to the stack
	struct judge judge;
	struct lifecycle life;
	unsigned buffers_before;
	uint64_t frames;
	const char *fault; // the first thing that was wrong
};

// `draw` and `context` are set. The configuration is drawn too. False: no memory.
bool arena_begin(struct arena *a, bool is_ipv6);

// One thing happens, most often a frame. `fault` is to be looked at afterwards.
void arena_step(struct arena *a);

// Phases 2 to 4 until nothing is left to do at this moment.
void arena_run(struct arena *a);

// A frame of exactly these bytes arrives.
void arena_frame(struct arena *a, const uint8_t *bytes, size_t len_bytes);

// Ends all connections, then the stack; `fault` tells whether anything is missing.
void arena_end(struct arena *a);

#endif

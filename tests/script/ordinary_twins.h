// SPDX-License-Identifier: BSD-3-Clause
//
// Two stacks, equal in configuration, seed and clock, that get the same frames: the first in the form that may go the
// short way of stack/ordinary.h, the second in one that may not. What they send, count, tell, hand over and hand back
// is compared after every burst; a difference ends the test and prints it.
// Called by ordinary_test.
#ifndef ORDINARY_TWINS_H
#define ORDINARY_TWINS_H

#include <pollux/pollux.h>

#include "ordinary_frames.h"
#include "support/cmocka_headers.h"

struct rte_mbuf;
struct rte_mempool;

enum {
	TWINS_PORT = 80,
	TWINS_RECORD_BYTES = 1 << 20,
};

// How a stack differs from the others, for one test.
struct variant {
	bool is_ipv6;
	uint32_t offloads;
	bool returns_foreign;
	enum plx_syn_cookies syn_cookies;
};

// All that a stack did in one turn: entries of a length, a word for it, and bytes.
struct record {
	size_t used;
	uint8_t bytes[TWINS_RECORD_BYTES];
};

struct side {
	struct plx_stack *stack;
	struct rte_mempool *pool;
	unsigned in_use_before;
	bool is_general; // its frames do not look ordinary
	struct rte_mbuf *given[ORDINARY_BURST];
	struct rte_mbuf *held[ORDINARY_BURST]; // by somebody else, or NULL
	struct record record;
};

struct twins {
	struct side sides[2];
	plx_time now;
	uint64_t seed;
	struct random application; // drawn from alike by both
	struct ordinary_peers peers;
	struct ordinary_frame burst[ORDINARY_BURST];
	unsigned n_burst;
};

void twins_begin(struct twins *t, const struct variant *v);

// Adds what the first stack has counted to `sums`. Nothing is left behind.
void twins_end(struct twins *t, struct plx_stats *sums);

// The burst arrives at both, their applications act alike, and what comes of it is compared.
void twins_turn(struct twins *t);

// From the port that peers connect to, so that the tuple may be theirs.
void twins_connect(struct twins *t, const struct plx_addr *remote, uint16_t remote_port);

struct plx_stats twins_stats(const struct side *s);

#endif

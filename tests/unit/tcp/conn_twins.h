// SPDX-License-Identifier: BSD-3-Clause
//
// Two stacks that were made alike, each with the same connections: what the short way does to one of them is held
// against what the general way does to the other. Everything but pointers is compared, and where it is said so it is
// compared byte for byte.
// Called by tests of ways that must come to the same.
#ifndef CONN_TWINS_H
#define CONN_TWINS_H

#include "tcp/segment_tx.h"
#include "tcp_fixture.h"

// What becomes of a frame to the peer.
enum twins_peer {
	PEER_IPV4,
	PEER_IPV6,
	PEER_LEARNED, // its neighbour entry ages
	PEER_SILENT,  // its next hop is not resolved
	PEER_FAILED,  // its next hop has not answered
	PEER_NOWHERE, // no route
	PEERS
};

enum {
	TWINS_PROFILES = 4, // connections to each of them, with other options
	TWINS_CONNS = PEERS * TWINS_PROFILES,
	TWINS_FRAMES = 8,
	TWINS_BUFFERS = 1024,
};

struct twin {
	struct tcp_fixture f;
	struct tcp_conn *conns[TWINS_CONNS];
	struct tcp_conn untouched[TWINS_CONNS];
	struct tcp *tcp;
	struct tcp_conn *c; // of this round
	struct rte_mbuf *frames[TWINS_FRAMES];
	unsigned n_frames;
	uint32_t offloads;
};

struct twins {
	struct twin sides[2];
	struct random dice;
	plx_time now;
	enum twins_peer peer; // of this round
	uint64_t seed;
};

// The second one's port computes `offloads`.
void twins_open(struct twins *t, uint32_t offloads);
void twins_close(struct twins *t);

// Some time has passed, and a connection is chosen; it is as it was when it was made.
void twins_begin_round(struct twins *t);

// What it had is given back, and nothing waits for anything.
void twins_end_round(struct twins *t);

// Does the same to both: each finds the dice as the other one found them.
void twins_draw(struct twins *t, void (*draw)(struct twin *side, struct random *dice, void *arg),
		void *arg);

// In ESTABLISHED with an empty queue, its window and estimates anything they can be. Draws no flag but those that
// disturb nothing.
void twin_draw_conn(struct twin *side, struct random *dice);

// Gives the connection a set of flags, and what comes with them; `recover` lies so far before SND.NXT.
void twin_give_flags(struct twin *side, uint32_t flags, uint32_t recover_behind,
		     struct random *dice);

// A record of `len_bytes` at the end of the queue, of this enum send_kind.
void twin_add_record(struct twin *side, struct random *dice, unsigned kind, uint32_t len_bytes);

// What stands in the queue has been sent some time ago.
void twin_mark_sent(struct twin *side, struct random *dice, bool was_resent);

// The wheel knows the deadlines, or an earlier one that has moved since.
void twin_arm(struct twin *side, struct random *dice);

// They do not differ. `about` is for the message.
void twins_expect_equal(struct twins *t, const char *about);

static inline bool one_in(struct random *dice, uint32_t n)
{
	return random_below(dice, n) == 0;
}

#endif

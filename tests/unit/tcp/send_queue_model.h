// SPDX-License-Identifier: BSD-3-Clause
//
// A send queue beside the stream of bytes it must be: whatever is appended, cut, sent, sent again
// and acknowledged happens to both, and they are compared. Drivers keep references for as long as
// they like.
// Called by send_queue_test.
#ifndef SEND_QUEUE_MODEL_H
#define SEND_QUEUE_MODEL_H

#include "tcp/send_queue.h"
#include "tcp_fixture.h"

enum {
	WORLD_BYTES = 50021, // the stream repeats after so many
	APPEND_MAX_BYTES = 5000,
	COOKIES = 20000,
	HELD_MAX = 64,
};

struct cookie {
	uint64_t end; // acknowledged when SND.UNA is here
	unsigned drivers;
	bool is_back;
};

// An mbuf that a driver has not given back yet.
struct held {
	struct rte_mbuf *mbuf;
	struct cookie *cookie; // of external memory that wants it
};

struct model {
	struct tcp_fixture f;
	struct tcp_conn *c;
	uint64_t una, nxt, end; // positions in the stream
	uint64_t clock;
	struct cookie cookies[COOKIES];
	unsigned n_cookies;
	struct held held[HELD_MAX];
	unsigned n_held;
	uint8_t world[WORLD_BYTES + APPEND_MAX_BYTES];
};

// There is one at a time. All of it is random but `max_send_segments`.
struct model *model_open(uint32_t max_send_segments);

// A connection with nothing queued, and its end: what is queued still is thrown away, and that
// gives cookies back too.
void model_begin(struct model *m);
void model_end(struct model *m);

uint32_t model_seq_at(const struct model *m, uint64_t position);

// The queue's records are the stream from SND.UNA to its end.
void model_expect(const struct model *m);

// Small ones as often as large ones; 1 to max.
uint32_t model_random_size(struct random *r, uint32_t max);

// Each appends as much as fits; model_lend() tells how much.
void model_copy(struct model *m, uint32_t n);
void model_give_mbuf(struct model *m, uint32_t n);
uint32_t model_lend(struct model *m, uint32_t n, bool wants_sent);

void model_send_some(struct model *m);
void model_send_again(struct model *m);
void model_acknowledge(struct model *m, uint64_t ack);

// A driver lets go of one buffer.
void model_driver_gives_back(struct model *m);

// Exactly those come back that are acknowledged and held by no driver.
void model_fetch_cookies(struct model *m);

#endif

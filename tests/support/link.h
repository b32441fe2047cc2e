// SPDX-License-Identifier: BSD-3-Clause
//
// One direction of a simulated wire under a virtual clock: drivers/link_model decides what becomes of a
// frame, this carries the bytes. Everything follows from the seed.
// Frames cross it by copy, as they cross a wire.
// Called by support/pair.
#ifndef SUPPORT_LINK_H
#define SUPPORT_LINK_H

#include "drivers/link_model.h"
#include "support/segment.h"

struct link_config {
	struct link_model_config model;
	plx_duration batch; // arrivals gather until a multiple of this: bursts. 0: each at its time
};

struct link_frame {
	plx_time at;
	uint64_t order; // of equals, the first sent arrives first
	size_t len_bytes;
	uint8_t *bytes;
	bool is_corrupted;
};

struct link {
	struct link_model model;
	plx_duration batch;
	struct link_frame *heap; // the earliest is at 0
	size_t count;
	size_t room;
	uint64_t order;
	// Loses what it says true to, besides the dice. NULL: nothing.
	bool (*loses)(void *context, const struct frame *frame);
	void *context;
	// Books: of what the model lets arrive, copies included, so much was lost by the test or delivered.
	uint64_t lost;
	uint64_t delivered;
};

void link_init(struct link *link, const struct link_config *config, uint64_t seed);
void link_fini(struct link *link);

// Copies the frame, which was read into `frame`, onto the wire. What becomes of it.
struct link_model_fate link_send(struct link *link, const uint8_t *bytes, size_t len_bytes,
				 const struct frame *frame, plx_time now);

// When the next frame arrives, PLX_TIME_NEVER when none is under way.
plx_time link_next(const struct link *link);

// The next frame that has arrived, in a buffer of the pool; NULL when none has. `is_corrupted` may be NULL.
struct rte_mbuf *link_take(struct link *link, struct rte_mempool *pool, plx_time now,
			   bool *is_corrupted);

// Takes the next frame off the wire and forgets it, uncounted: a fault for the books to find.
void link_steal(struct link *link);

// NULL, or a sentence when the link's own books do not close.
const char *link_fault(const struct link *link);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// One direction of a simulated wire under a virtual clock: rate, delay, queue, and everything a network may
// do to a frame: lose, double, reorder, corrupt it. What happens follows from the seed.
// Knows bytes only; frames cross it by copy, as they cross a wire.
// Called by support/pair.
#ifndef SUPPORT_LINK_H
#define SUPPORT_LINK_H

#include "support/segment.h"

#include "base/random.h"

struct link_config {
	uint64_t rate_bps; // 0: as fast as it is given
	plx_duration delay;
	uint32_t queue_bytes; // what waits for the rate; beyond it is lost. 0: no bound
	uint32_t loss_ppm;
	uint32_t duplicate_ppm;
	uint32_t reorder_ppm; // delayed once more by up to reorder_delay
	uint32_t corrupt_ppm; // one bit is flipped
	plx_duration reorder_delay;
	plx_duration batch; // arrivals gather until a multiple of this: bursts. 0: each at its time
};

struct link_frame {
	plx_time at;
	uint64_t order; // of equals, the first sent arrives first
	size_t len_bytes;
	uint8_t *bytes;
};

struct link {
	struct link_config config;
	struct random random;
	struct link_frame *heap; // the earliest is at 0
	size_t count;
	size_t room;
	uint64_t order;
	plx_time idle_at; // when the last frame has left
	// Loses what it says true to, besides the dice. NULL: nothing.
	bool (*loses)(void *context, const struct frame *frame);
	void *context;
	enum plx_link kind; // how frames begin, for `loses`
	uint64_t taken;	    // books: taken + doubled = lost + delivered + count
	uint64_t doubled;
	uint64_t lost;
	uint64_t delivered;
	uint64_t corrupted;
	uint64_t reordered;
};

void link_init(struct link *link, const struct link_config *config, enum plx_link kind,
	       uint64_t seed);
void link_fini(struct link *link);

// Copies the frame onto the wire.
void link_send(struct link *link, const uint8_t *bytes, size_t len_bytes, plx_time now);

// When the next frame arrives, PLX_TIME_NEVER when none is under way.
plx_time link_next(const struct link *link);

// The next frame that has arrived, in a buffer of the pool; NULL when none has.
struct rte_mbuf *link_take(struct link *link, struct rte_mempool *pool, plx_time now);

// Takes the next frame off the wire and forgets it, uncounted: a fault for the books to find.
void link_steal(struct link *link);

// NULL, or a sentence when the link's own books do not close.
const char *link_fault(const struct link *link);

#endif

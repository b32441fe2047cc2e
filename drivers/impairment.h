// SPDX-License-Identifier: BSD-3-Clause
//
// The impairment shim: seeded loss, delay, reordering, duplication and corruption on one direction
// of one queue of a port. Fixed memory, every decision counted; the same seed and the same frames
// give the same decisions. Called by port.c between worker and device; knows no device itself.
#ifndef DRIVERS_IMPAIRMENT_H
#define DRIVERS_IMPAIRMENT_H

#include <pollux/types.h>

// One direction. Probabilities are in parts per million of frames; all zero does nothing.
struct impairment_direction {
	uint32_t loss_ppm;
	uint32_t duplicate_ppm;	    // the frame is followed by a copy of itself
	uint32_t corrupt_ppm;	    // one bit behind the MAC addresses is flipped
	uint32_t reorder_ppm;	    // the frame is held back by reorder_delay while others pass it
	plx_duration delay;	    // every frame
	plx_duration jitter;	    // 0..jitter more, evenly distributed; keeps the order
	plx_duration reorder_delay; // 0 = 1 ms
};

struct impairment_config {
	struct impairment_direction rx; // what the stack receives
	struct impairment_direction tx; // what the stack sends
	uint64_t seed;
	uint32_t queue_frames; // frames held at most per queue and direction; 0 = 4096
};

struct impairment_counters {
	uint64_t frames; // that came in
	uint64_t passed; // that went out, copies included
	uint64_t lost;	 // on purpose
	uint64_t duplicated;
	uint64_t corrupted;
	uint64_t reordered;
	uint64_t overflowed; // lost because the queue was full
	uint64_t no_buffer;  // duplicates and corruptions left out because no mbuf was free
};

#define IMPAIRMENT_QUEUE_FRAMES 4096
#define IMPAIRMENT_REORDER_DELAY PLX_MILLISECOND

struct impairment;

// True when this direction does anything at all.
bool impairment_is_active(const struct impairment_direction *direction);

// Frames that a queue and direction holds at most, the default resolved.
uint32_t impairment_queue_frames(const struct impairment_config *config);

// Bytes that impairment_create() takes.
size_t impairment_bytes(uint32_t queue_frames);

// Memory on `numa_node`; copies come from `pool`. NULL when there is no memory.
struct impairment *impairment_create(const struct impairment_direction *direction, uint64_t seed,
				     uint32_t queue_frames, struct rte_mempool *pool,
				     int numa_node);

// Frees what is held and the shim itself. NULL is ignored.
void impairment_destroy(struct impairment *impairment);

// Takes ownership of n frames at `now`. Always takes all.
void impairment_put(struct impairment *impairment, struct rte_mbuf **frames, unsigned n,
		    plx_time now);

// Gives out at most `max` frames whose time has come, in order of their time.
unsigned impairment_take(struct impairment *impairment, struct rte_mbuf **frames, unsigned max,
			 plx_time now);

// Frames held now.
unsigned impairment_held(const struct impairment *impairment);

void impairment_get_counters(const struct impairment *impairment,
			     struct impairment_counters *counters);

#endif

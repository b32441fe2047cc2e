// SPDX-License-Identifier: BSD-3-Clause
//
// The impairment shim: one direction of one queue of a port behind a simulated link. link_model.h
// decides what becomes of a frame; the shim does it to the mbuf, and holds it until it is due. Fixed
// memory, every decision counted; the same seed and the same frames give the same fates.
// Called by port.c between worker and device; knows no device itself.
#ifndef DRIVERS_IMPAIRMENT_H
#define DRIVERS_IMPAIRMENT_H

#include <pollux/types.h>

#include "drivers/link_model.h"

struct impairment_config {
	struct link_model_config rx; // what the stack receives
	struct link_model_config tx; // what the stack sends
	uint64_t seed;
	uint32_t queue_frames; // frames held at most per queue and direction; 0 = 4096
};

// link.arrived + link.copied = passed + overflowed + copies_left_out + held.
struct impairment_counters {
	struct link_model_counters link;
	uint64_t passed;	   // that went out, copies included
	uint64_t held;		   // that are in it now
	uint64_t overflowed;	   // lost because the shim was full, for the link has no such bound
	uint64_t copies_left_out;  // because no mbuf was free
	uint64_t changes_left_out; // corruptions and marks, for the same reason
};

#define IMPAIRMENT_QUEUE_FRAMES 4096

struct impairment;

// Frames that a queue and direction holds at most, the default resolved.
uint32_t impairment_queue_frames(const struct impairment_config *config);

// Bytes that impairment_create() takes.
size_t impairment_bytes(uint32_t queue_frames);

// Memory on `numa_node`; copies come from `pool`. NULL when there is no memory.
struct impairment *impairment_create(const struct link_model_config *link, uint64_t seed,
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

// When the first frame that is held is due; PLX_TIME_NEVER when none is.
plx_time impairment_next_due(const struct impairment *impairment);

void impairment_get_counters(const struct impairment *impairment,
			     struct impairment_counters *counters);

// Adds the counters of another queue to a sum.
void impairment_add_counters(struct impairment_counters *sum,
			     const struct impairment_counters *one);

#endif

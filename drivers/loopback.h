// SPDX-License-Identifier: BSD-3-Clause
//
// A link between two ports inside the process. Every frame is copied into a buffer that the
// receiver posted before, as a NIC's DMA would: no mbuf crosses from one stack to another, the two
// ends may run on different cores, and what is retained for retransmission stays with its owner.
// Offers no offloads: what is sent must be complete, what is received must be checked.
// Queue i of one end talks to queue i of the other. Called by port_burst.h and bring-up.
#ifndef DRIVERS_LOOPBACK_H
#define DRIVERS_LOOPBACK_H

#include <pollux/types.h>

struct loopback_lane;

// What a lane has counted; the receiver's and the sender's view of one direction of one queue.
struct loopback_counters {
	uint64_t frames;      // received
	uint64_t bytes;	      // of those
	uint64_t no_buffer;   // lost: the receiver's pool was empty
	uint64_t sent_frames; // taken from the sender
	uint64_t sent_bytes;
	uint64_t too_long; // taken and thrown away: longer than the receiver's buffers
};

// Memory of one lane, its buffers apart.
size_t loopback_lane_bytes(unsigned descriptors);

// One direction of one queue: frames are received into `descriptors` mbufs of `pool`, which are
// taken here. Memory on `numa_node`. NULL when there is not enough of either.
struct loopback_lane *loopback_lane_create(struct rte_mempool *pool, unsigned descriptors,
					   int numa_node);

// Both ends have stopped. Every mbuf goes back to its pool. NULL is ignored.
void loopback_lane_destroy(struct loopback_lane *lane);

// The receiver's thread: at most n frames.
unsigned loopback_receive(struct loopback_lane *lane, struct rte_mbuf **frames, unsigned n);

// The sender's thread: takes the first of n frames, as many as the receiver has posted buffers for.
unsigned loopback_send(struct loopback_lane *lane, struct rte_mbuf **frames, unsigned n);

// Any thread.
void loopback_get_counters(const struct loopback_lane *lane, struct loopback_counters *counters);

#endif

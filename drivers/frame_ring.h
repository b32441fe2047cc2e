// SPDX-License-Identifier: BSD-3-Clause
//
// A ring of frames between one sender and one receiver, which may run on different cores.
// Called by what joins ports inside the process: the loopback, which copies frames, and net_ring, which
// hands them on.
#ifndef DRIVERS_FRAME_RING_H
#define DRIVERS_FRAME_RING_H

#include <stddef.h>

struct rte_ring;

// Memory of one.
size_t frame_ring_bytes(unsigned descriptors);

// Room for `descriptors` frames at least. NULL when there is not enough memory on `numa_node`.
struct rte_ring *frame_ring_create(unsigned descriptors, int numa_node);

// Both ends have stopped. What is left in it goes back to its pools. NULL is ignored.
void frame_ring_destroy(struct rte_ring *ring);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// DPDK's ring, without a name that others could find it by: one producer, one consumer, no locks.
// Called by loopback and ring_ports.
#include "drivers/frame_ring.h"

#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#define RING_NAME "frames"

// A ring is a power of two, of which one slot stays empty.
static unsigned ring_slots(unsigned descriptors)
{
	return rte_align32pow2(descriptors + 1);
}

size_t frame_ring_bytes(unsigned descriptors)
{
	return (size_t)rte_ring_get_memsize(ring_slots(descriptors));
}

struct rte_ring *frame_ring_create(unsigned descriptors, int numa_node)
{
	struct rte_ring *ring = rte_zmalloc_socket(RING_NAME, frame_ring_bytes(descriptors),
						   RTE_CACHE_LINE_SIZE, numa_node);

	if (ring != NULL)
		rte_ring_init(ring, RING_NAME, ring_slots(descriptors),
			      RING_F_SP_ENQ | RING_F_SC_DEQ);
	return ring;
}

void frame_ring_destroy(struct rte_ring *ring)
{
	void *mbuf;

	if (ring == NULL)
		return;
	while (rte_ring_sc_dequeue(ring, &mbuf) == 0)
		rte_pktmbuf_free(mbuf);
	rte_free(ring);
}

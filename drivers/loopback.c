// SPDX-License-Identifier: BSD-3-Clause
//
// A lane is two rings of one producer and one consumer each: empty buffers go from the receiver to
// the sender, full ones come back. The receiver replaces what it takes; when its pool is empty the
// frame is lost and its buffer posted again, as a NIC does it, so a lane never dries up.
// Called by port_burst.h on the two workers of a lane, and by bring-up.
#include "drivers/loopback.h"

#include <stdalign.h>

#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_memcpy.h>
#include <rte_ring.h>
#include <rte_ring_peek.h>

#include "drivers/frame_ring.h"

// Most frames of one call; the bursts of a worker are smaller.
#define LANE_BURST 64u

struct loopback_lane {
	struct rte_ring *posted;
	struct rte_ring *filled;
	struct rte_mempool *pool;
	// by the receiver
	alignas(RTE_CACHE_LINE_SIZE) uint64_t frames;
	uint64_t bytes;
	uint64_t no_buffer;
	// by the sender
	alignas(RTE_CACHE_LINE_SIZE) uint64_t sent_frames;
	uint64_t sent_bytes;
	uint64_t too_long;
};

size_t loopback_lane_bytes(unsigned descriptors)
{
	return sizeof(struct loopback_lane) + 2 * frame_ring_bytes(descriptors);
}

static bool post_all(struct loopback_lane *lane, unsigned descriptors)
{
	for (unsigned i = 0; i < descriptors; i++) {
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(lane->pool);

		if (mbuf == NULL)
			return false;
		rte_ring_sp_enqueue(lane->posted, mbuf);
	}
	return true;
}

struct loopback_lane *loopback_lane_create(struct rte_mempool *pool, unsigned descriptors,
					   int numa_node)
{
	struct loopback_lane *lane = rte_zmalloc_socket("loopback", sizeof(*lane),
							RTE_CACHE_LINE_SIZE, numa_node);

	if (lane == NULL)
		return NULL;
	lane->pool = pool;
	lane->posted = frame_ring_create(descriptors, numa_node);
	lane->filled = frame_ring_create(descriptors, numa_node);
	if (lane->posted == NULL || lane->filled == NULL || !post_all(lane, descriptors)) {
		loopback_lane_destroy(lane);
		return NULL;
	}
	return lane;
}

void loopback_lane_destroy(struct loopback_lane *lane)
{
	if (lane == NULL)
		return;
	frame_ring_destroy(lane->posted);
	frame_ring_destroy(lane->filled);
	rte_free(lane);
}

// Fewer new buffers than frames taken: the last frames are lost and their buffers posted again.
static unsigned replace_what_can_be(struct loopback_lane *lane, struct rte_mbuf **frames,
				    struct rte_mbuf **fresh, unsigned n)
{
	unsigned kept = 0;

	while (kept < n && (fresh[kept] = rte_pktmbuf_alloc(lane->pool)) != NULL)
		kept++;
	for (unsigned i = kept; i < n; i++) {
		rte_pktmbuf_reset(frames[i]);
		fresh[i] = frames[i];
	}
	lane->no_buffer += n - kept;
	return kept;
}

unsigned loopback_receive(struct loopback_lane *lane, struct rte_mbuf **frames, unsigned n)
{
	struct rte_mbuf *fresh[LANE_BURST];
	unsigned kept;

	n = rte_ring_sc_dequeue_burst(lane->filled, (void **)frames, RTE_MIN(n, LANE_BURST), NULL);
	if (n == 0)
		return 0;
	kept = rte_pktmbuf_alloc_bulk(lane->pool, fresh, n) == 0
		? n
		: replace_what_can_be(lane, frames, fresh, n);
	rte_ring_sp_enqueue_bulk(lane->posted, (void **)fresh, n, NULL);
	for (unsigned i = 0; i < kept; i++)
		lane->bytes += frames[i]->pkt_len;
	lane->frames += kept;
	return kept;
}

static void copy_frame(struct rte_mbuf *to, const struct rte_mbuf *from)
{
	uint8_t *bytes = rte_pktmbuf_mtod(to, uint8_t *);

	to->pkt_len = from->pkt_len;
	to->data_len = (uint16_t)from->pkt_len;
	for (; from != NULL; from = from->next) {
		rte_memcpy(bytes, rte_pktmbuf_mtod(from, const void *), from->data_len);
		bytes += from->data_len;
	}
}

// Copies frames into as many of the posted buffers as they need. Returns how many that are.
static unsigned fill(struct loopback_lane *lane, struct rte_mbuf **posted, struct rte_mbuf **frames,
		     unsigned n)
{
	unsigned filled = 0;

	for (unsigned i = 0; i < n; i++) {
		if (frames[i]->pkt_len > rte_pktmbuf_tailroom(posted[filled])) {
			lane->too_long++;
			continue;
		}
		lane->sent_bytes += frames[i]->pkt_len;
		copy_frame(posted[filled++], frames[i]);
	}
	return filled;
}

unsigned loopback_send(struct loopback_lane *lane, struct rte_mbuf **frames, unsigned n)
{
	struct rte_mbuf *posted[LANE_BURST];
	unsigned filled;

	n = rte_ring_dequeue_burst_start(lane->posted, (void **)posted, RTE_MIN(n, LANE_BURST),
					 NULL);
	if (n == 0)
		return 0;
	filled = fill(lane, posted, frames, n);
	rte_ring_dequeue_finish(lane->posted, filled);
	rte_ring_sp_enqueue_bulk(lane->filled, (void **)posted, filled, NULL);
	lane->sent_frames += n;
	rte_pktmbuf_free_bulk(frames, n);
	return n;
}

void loopback_get_counters(const struct loopback_lane *lane, struct loopback_counters *counters)
{
	*counters = (struct loopback_counters){
		.frames = lane->frames,
		.bytes = lane->bytes,
		.no_buffer = lane->no_buffer,
		.sent_frames = lane->sent_frames,
		.sent_bytes = lane->sent_bytes,
		.too_long = lane->too_long,
	};
}

// SPDX-License-Identifier: BSD-3-Clause
//
// A frame that comes in is judged once by the model of the link, and then waits in a heap until its
// time; without delay that is at once.
// Called by port_burst.h; the mbufs come from and go back to the pools of the stacks.
#include "drivers/impairment.h"

#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "drivers/ecn_field.h"

struct held_frame {
	plx_time due;
	uint64_t order; // of arrival, among frames due at the same time
	struct rte_mbuf *mbuf;
};

struct impairment {
	struct link_model link;
	struct rte_mempool *pool;
	uint64_t next_order;
	uint32_t n_held;
	uint32_t capacity;
	struct impairment_counters counters; // but for link and held
	struct held_frame heap[];	     // the earliest at [0]
};

uint32_t impairment_queue_frames(const struct impairment_config *config)
{
	return config->queue_frames != 0 ? config->queue_frames : IMPAIRMENT_QUEUE_FRAMES;
}

size_t impairment_bytes(uint32_t queue_frames)
{
	return sizeof(struct impairment) + queue_frames * sizeof(struct held_frame);
}

struct impairment *impairment_create(const struct link_model_config *link, uint64_t seed,
				     uint32_t queue_frames, struct rte_mempool *pool, int numa_node)
{
	struct impairment *impairment = rte_zmalloc_socket(
		"impairment", impairment_bytes(queue_frames), RTE_CACHE_LINE_SIZE, numa_node);

	if (impairment == NULL)
		return NULL;
	link_model_init(&impairment->link, link, seed);
	impairment->pool = pool;
	impairment->capacity = queue_frames;
	return impairment;
}

void impairment_destroy(struct impairment *impairment)
{
	if (impairment == NULL)
		return;
	for (uint32_t i = 0; i < impairment->n_held; i++)
		rte_pktmbuf_free(impairment->heap[i].mbuf);
	rte_free(impairment);
}

static bool is_earlier(const struct held_frame *a, const struct held_frame *b)
{
	return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void heap_insert(struct impairment *impairment, struct held_frame frame)
{
	struct held_frame *heap = impairment->heap;
	uint32_t slot = impairment->n_held++;

	while (slot > 0 && is_earlier(&frame, &heap[(slot - 1) / 2])) {
		heap[slot] = heap[(slot - 1) / 2];
		slot = (slot - 1) / 2;
	}
	heap[slot] = frame;
}

static struct rte_mbuf *heap_remove_first(struct impairment *impairment)
{
	struct held_frame *heap = impairment->heap;
	struct rte_mbuf *first = heap[0].mbuf;
	struct held_frame moved = heap[--impairment->n_held];
	uint32_t slot = 0, child;

	while ((child = 2 * slot + 1) < impairment->n_held) {
		if (child + 1 < impairment->n_held && is_earlier(&heap[child + 1], &heap[child]))
			child++;
		if (!is_earlier(&heap[child], &moved))
			break;
		heap[slot] = heap[child];
		slot = child;
	}
	heap[slot] = moved;
	return first;
}

static void hold(struct impairment *impairment, struct rte_mbuf *mbuf, plx_time due)
{
	if (impairment->n_held == impairment->capacity) {
		impairment->counters.overflowed++;
		rte_pktmbuf_free(mbuf);
		return;
	}
	heap_insert(impairment, (struct held_frame){due, impairment->next_order++, mbuf});
}

// True when nobody else reads these bytes, and no clone shares them.
static bool is_writable(const struct rte_mbuf *mbuf)
{
	for (; mbuf != NULL; mbuf = mbuf->next)
		if (!RTE_MBUF_DIRECT(mbuf) || rte_mbuf_refcnt_read(mbuf) != 1)
			return false;
	return true;
}

static void flip_bit(struct rte_mbuf *mbuf, uint64_t bit)
{
	uint64_t byte = bit / 8;

	while (byte >= mbuf->data_len) {
		byte -= mbuf->data_len;
		mbuf = mbuf->next;
	}
	*rte_pktmbuf_mtod_offset(mbuf, uint8_t *, byte) ^= (uint8_t)(1u << (bit % 8));
}

// The frame, or the copy that takes its place because others hold it; NULL without a buffer for one.
static struct rte_mbuf *make_writable(struct impairment *impairment, struct rte_mbuf *mbuf)
{
	struct rte_mbuf *copy;

	if (is_writable(mbuf))
		return mbuf;
	copy = rte_pktmbuf_copy(mbuf, impairment->pool, 0, UINT32_MAX);
	if (copy != NULL)
		rte_pktmbuf_free(mbuf);
	return copy;
}

// Marks and damages it as its fate says. A device's verdict on the checksums of damaged bytes is
// void.
static struct rte_mbuf *change(struct impairment *impairment, struct rte_mbuf *mbuf,
			       const struct link_model_fate *fate)
{
	struct rte_mbuf *changed;

	if (!fate->is_marked && !fate->is_corrupted)
		return mbuf;
	changed = make_writable(impairment, mbuf);
	if (changed == NULL) {
		impairment->counters.changes_left_out += (unsigned)fate->is_marked
			+ (unsigned)fate->is_corrupted;
		return mbuf;
	}
	if (fate->is_marked)
		ecn_field_mark(changed);
	if (fate->is_corrupted) {
		flip_bit(changed, fate->flipped_bit);
		changed->ol_flags &= ~(RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK);
	}
	return changed;
}

static void put_one(struct impairment *impairment, struct rte_mbuf *mbuf, plx_time now)
{
	struct link_model_fate fate = link_model_send(&impairment->link, rte_pktmbuf_pkt_len(mbuf),
						      ecn_field_is_capable(mbuf), now);
	struct rte_mbuf *copy;

	if (fate.loss != LINK_MODEL_ARRIVES) {
		rte_pktmbuf_free(mbuf);
		return;
	}
	mbuf = change(impairment, mbuf, &fate);
	copy = fate.has_copy ? rte_pktmbuf_copy(mbuf, impairment->pool, 0, UINT32_MAX) : NULL;
	hold(impairment, mbuf, fate.at);
	if (copy != NULL)
		hold(impairment, copy, fate.copy_at);
	else
		impairment->counters.copies_left_out += fate.has_copy;
}

void impairment_put(struct impairment *impairment, struct rte_mbuf **frames, unsigned n,
		    plx_time now)
{
	for (unsigned i = 0; i < n; i++)
		put_one(impairment, frames[i], now);
}

unsigned impairment_take(struct impairment *impairment, struct rte_mbuf **frames, unsigned max,
			 plx_time now)
{
	unsigned n = 0;

	while (n < max && impairment->n_held > 0 && impairment->heap[0].due <= now)
		frames[n++] = heap_remove_first(impairment);
	impairment->counters.passed += n;
	return n;
}

plx_time impairment_next_due(const struct impairment *impairment)
{
	return impairment->n_held > 0 ? impairment->heap[0].due : PLX_TIME_NEVER;
}

void impairment_get_counters(const struct impairment *impairment,
			     struct impairment_counters *counters)
{
	*counters = impairment->counters;
	counters->link = impairment->link.counters;
	counters->held = impairment->n_held;
}

void impairment_add_counters(struct impairment_counters *sum, const struct impairment_counters *one)
{
	sum->link.frames += one->link.frames;
	sum->link.arrived += one->link.arrived;
	sum->link.lost_in_queue += one->link.lost_in_queue;
	sum->link.lost_at_random += one->link.lost_at_random;
	sum->link.lost_in_burst += one->link.lost_in_burst;
	sum->link.bursts += one->link.bursts;
	sum->link.copied += one->link.copied;
	sum->link.reordered += one->link.reordered;
	sum->link.corrupted += one->link.corrupted;
	sum->link.marked += one->link.marked;
	sum->passed += one->passed;
	sum->held += one->held;
	sum->overflowed += one->overflowed;
	sum->copies_left_out += one->copies_left_out;
	sum->changes_left_out += one->changes_left_out;
}

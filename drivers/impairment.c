// SPDX-License-Identifier: BSD-3-Clause
//
// A frame that comes in is judged once, with the same number of random draws whatever happens to
// it, and then waits in a heap until its time; without delay that is at once.
// Called by port_burst.h; the mbufs come from and go back to the pools of the stacks.
#include "drivers/impairment.h"

#include <rte_malloc.h>
#include <rte_mbuf.h>

#define MILLION 1000000u
#define MAC_ADDRESSES_BYTES 12u

struct held_frame {
	plx_time due;
	uint64_t order; // of arrival, among frames due at the same time
	struct rte_mbuf *mbuf;
};

struct impairment {
	struct impairment_direction direction;
	struct rte_mempool *pool;
	uint64_t random_state;
	uint64_t next_order;
	plx_time last_due; // of the frames that keep their order
	uint32_t n_held;
	uint32_t capacity;
	struct impairment_counters counters;
	struct held_frame heap[]; // the earliest at [0]
};

// What was drawn for one frame.
struct judgement {
	bool is_lost;
	bool is_corrupted;
	bool is_duplicated;
	bool is_reordered;
	uint64_t jitter_draw;
	uint64_t corrupt_draw;
};

bool impairment_is_active(const struct impairment_direction *direction)
{
	return direction->loss_ppm != 0 || direction->duplicate_ppm != 0
		|| direction->corrupt_ppm != 0 || direction->reorder_ppm != 0
		|| direction->delay != 0 || direction->jitter != 0;
}

uint32_t impairment_queue_frames(const struct impairment_config *config)
{
	return config->queue_frames != 0 ? config->queue_frames : IMPAIRMENT_QUEUE_FRAMES;
}

size_t impairment_bytes(uint32_t queue_frames)
{
	return sizeof(struct impairment) + queue_frames * sizeof(struct held_frame);
}

struct impairment *impairment_create(const struct impairment_direction *direction, uint64_t seed,
				     uint32_t queue_frames, struct rte_mempool *pool, int numa_node)
{
	struct impairment *impairment = rte_zmalloc_socket(
		"impairment", impairment_bytes(queue_frames), RTE_CACHE_LINE_SIZE, numa_node);

	if (impairment == NULL)
		return NULL;
	impairment->direction = *direction;
	if (impairment->direction.reorder_delay == 0)
		impairment->direction.reorder_delay = IMPAIRMENT_REORDER_DELAY;
	impairment->pool = pool;
	impairment->random_state = seed;
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

// SplitMix64 (Steele, Lea, Flood 2014).
static uint64_t draw(struct impairment *impairment)
{
	uint64_t z = impairment->random_state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

// 0..bound-1; the upper half of the draw scaled, which is even enough for bounds far below 2^32.
static uint64_t scale(uint64_t drawn, uint64_t bound)
{
	return ((drawn >> 32) * bound) >> 32;
}

static bool draw_chance(struct impairment *impairment, uint32_t ppm)
{
	return scale(draw(impairment), MILLION) < ppm;
}

static struct judgement judge(struct impairment *impairment)
{
	const struct impairment_direction *direction = &impairment->direction;
	struct judgement judgement;

	judgement.is_lost = draw_chance(impairment, direction->loss_ppm);
	judgement.is_corrupted = draw_chance(impairment, direction->corrupt_ppm);
	judgement.is_duplicated = draw_chance(impairment, direction->duplicate_ppm);
	judgement.is_reordered = draw_chance(impairment, direction->reorder_ppm);
	judgement.jitter_draw = draw(impairment);
	judgement.corrupt_draw = draw(impairment);
	return judgement;
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

// Flips one bit behind the MAC addresses; a device's verdict on the checksums is void afterwards.
// Gives back the frame, or the copy that took its place because others hold it.
static struct rte_mbuf *corrupt(struct impairment *impairment, struct rte_mbuf *mbuf,
				uint64_t drawn)
{
	uint32_t len_bytes = rte_pktmbuf_pkt_len(mbuf);

	if (len_bytes <= MAC_ADDRESSES_BYTES)
		return mbuf;
	if (!is_writable(mbuf)) {
		struct rte_mbuf *copy = rte_pktmbuf_copy(mbuf, impairment->pool, 0, UINT32_MAX);

		if (copy == NULL) {
			impairment->counters.no_buffer++;
			return mbuf;
		}
		rte_pktmbuf_free(mbuf);
		mbuf = copy;
	}
	flip_bit(mbuf,
		 MAC_ADDRESSES_BYTES * 8 + scale(drawn, (len_bytes - MAC_ADDRESSES_BYTES) * 8ull));
	mbuf->ol_flags &= ~(RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK);
	impairment->counters.corrupted++;
	return mbuf;
}

static void duplicate(struct impairment *impairment, struct rte_mbuf *mbuf, plx_time due)
{
	struct rte_mbuf *copy = rte_pktmbuf_copy(mbuf, impairment->pool, 0, UINT32_MAX);

	if (copy == NULL) {
		impairment->counters.no_buffer++;
		return;
	}
	impairment->counters.duplicated++;
	hold(impairment, copy, due);
}

// Delay and jitter keep the order; a reordered frame alone leaves its place.
static plx_time due_of(struct impairment *impairment, const struct judgement *judgement,
		       plx_time now)
{
	const struct impairment_direction *direction = &impairment->direction;
	plx_time due = now + direction->delay;

	if (direction->jitter != 0)
		due += judgement->jitter_draw % (direction->jitter + 1);
	if (due < impairment->last_due)
		due = impairment->last_due;
	impairment->last_due = due;
	if (judgement->is_reordered) {
		impairment->counters.reordered++;
		due += direction->reorder_delay;
	}
	return due;
}

static void put_one(struct impairment *impairment, struct rte_mbuf *mbuf, plx_time now)
{
	struct judgement judgement = judge(impairment);
	plx_time due;

	impairment->counters.frames++;
	if (judgement.is_lost) {
		impairment->counters.lost++;
		rte_pktmbuf_free(mbuf);
		return;
	}
	due = due_of(impairment, &judgement, now);
	if (judgement.is_corrupted)
		mbuf = corrupt(impairment, mbuf, judgement.corrupt_draw);
	if (judgement.is_duplicated)
		duplicate(impairment, mbuf, due);
	hold(impairment, mbuf, due);
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

unsigned impairment_held(const struct impairment *impairment)
{
	return impairment->n_held;
}

void impairment_get_counters(const struct impairment *impairment,
			     struct impairment_counters *counters)
{
	*counters = impairment->counters;
}

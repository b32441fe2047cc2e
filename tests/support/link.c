// SPDX-License-Identifier: BSD-3-Clause
//
// A simulated wire, see link.h: a heap of frames under way, ordered by arrival.
// A mark is set and a bit flipped as the frame is put on the wire.
// Called by support/pair.
#include "support/link.h"

#include <stdlib.h>

#include "support/mbufs.h"
#include "support/reference.h"
#include "wire/bytes.h"

enum {
	BITS_PER_BYTE = 8,
	IPV4_CHECKSUM_OFFSET = 10,
	TRAFFIC_CLASS_OFFSET = 1, // of the byte with its ECN bits
	ECN_MASK = 3,
	ECN_CE_IPV4 = 3,
	ECN_CE_IPV6 = 3 << 4,
};

void link_init(struct link *link, const struct link_config *config, uint64_t seed)
{
	*link = (struct link){.batch = config->batch};
	link_model_init(&link->model, &config->model, seed);
}

void link_fini(struct link *link)
{
	while (link->count > 0)
		free(link->heap[--link->count].bytes);
	free(link->heap);
}

static bool is_earlier(const struct link_frame *a, const struct link_frame *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct link_frame *a, struct link_frame *b)
{
	struct link_frame t = *a;

	*a = *b;
	*b = t;
}

static void push(struct link *link, struct link_frame frame)
{
	size_t at = link->count++;

	if (link->count > link->room) {
		link->room = link->room == 0 ? 64 : 2 * link->room;
		link->heap = realloc(link->heap, link->room * sizeof(*link->heap));
		if (link->heap == NULL)
			abort();
	}
	link->heap[at] = frame;
	for (; at > 0 && is_earlier(&link->heap[at], &link->heap[(at - 1) / 2]); at = (at - 1) / 2)
		swap(&link->heap[at], &link->heap[(at - 1) / 2]);
}

static struct link_frame pop(struct link *link)
{
	struct link_frame first = link->heap[0];
	size_t at = 0;

	link->heap[0] = link->heap[--link->count];
	for (;;) {
		size_t least = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
			if (child < link->count
			    && is_earlier(&link->heap[child], &link->heap[least]))
				least = child;
		if (least == at)
			return first;
		swap(&link->heap[at], &link->heap[least]);
		at = least;
	}
}

static bool is_ip(const struct frame *frame)
{
	return frame->type == ETH_TYPE_IPV4 || frame->type == ETH_TYPE_IPV6;
}

// RFC 3168 5: what a router does instead of losing the packet.
static void mark(uint8_t *bytes, const struct frame *frame)
{
	uint8_t *l3 = bytes + frame->l3_offset_bytes;

	if (frame->ip.is_ipv6) {
		l3[TRAFFIC_CLASS_OFFSET] |= ECN_CE_IPV6;
		return;
	}
	l3[TRAFFIC_CLASS_OFFSET] |= ECN_CE_IPV4;
	store_be16(l3 + IPV4_CHECKSUM_OFFSET, 0);
	store_be16(l3 + IPV4_CHECKSUM_OFFSET, reference_checksum(l3, frame->ip.header_bytes));
}

static plx_time in_batches(const struct link *link, plx_time at)
{
	plx_duration batch = link->batch;

	return batch == 0 ? at : (at + batch - 1) / batch * batch;
}

static uint8_t *copy_of(const uint8_t *bytes, size_t len_bytes)
{
	uint8_t *copy = malloc(len_bytes);

	if (copy == NULL)
		abort();
	memcpy(copy, bytes, len_bytes);
	return copy;
}

static void put_under_way(struct link *link, uint8_t *bytes, size_t len_bytes, plx_time at,
			  bool is_corrupted)
{
	push(link,
	     (struct link_frame){
		     .at = in_batches(link, at),
		     .order = link->order++,
		     .len_bytes = len_bytes,
		     .bytes = bytes,
		     .is_corrupted = is_corrupted,
	     });
}

struct link_model_fate link_send(struct link *link, const uint8_t *bytes, size_t len_bytes,
				 const struct frame *frame, plx_time now)
{
	bool is_ecn_capable = is_ip(frame) && (frame->ip.traffic_class & ECN_MASK) != 0;
	struct link_model_fate fate = link_model_send(&link->model, (uint32_t)len_bytes,
						      is_ecn_capable, now);
	uint8_t *arriving;

	if (fate.loss != LINK_MODEL_ARRIVES)
		return fate;
	if (link->loses != NULL && link->loses(link->context, frame)) {
		link->lost += 1u + fate.has_copy;
		fate.loss = LINK_MODEL_LOST_AT_RANDOM;
		return fate;
	}
	arriving = copy_of(bytes, len_bytes);
	if (fate.is_marked)
		mark(arriving, frame);
	if (fate.is_corrupted)
		arriving[fate.flipped_bit / BITS_PER_BYTE] ^=
			(uint8_t)(1u << fate.flipped_bit % BITS_PER_BYTE);
	put_under_way(link, arriving, len_bytes, fate.at, fate.is_corrupted);
	if (fate.has_copy)
		put_under_way(link, copy_of(arriving, len_bytes), len_bytes, fate.copy_at,
			      fate.is_corrupted);
	return fate;
}

plx_time link_next(const struct link *link)
{
	return link->count == 0 ? PLX_TIME_NEVER : link->heap[0].at;
}

struct rte_mbuf *link_take(struct link *link, struct rte_mempool *pool, plx_time now,
			   bool *is_corrupted)
{
	struct link_frame frame;
	struct rte_mbuf *m;

	if (link_next(link) > now)
		return NULL;
	frame = pop(link);
	link->delivered++;
	m = mbufs_frame(pool, frame.bytes, frame.len_bytes, 0);
	if (is_corrupted != NULL)
		*is_corrupted = frame.is_corrupted;
	free(frame.bytes);
	return m;
}

void link_steal(struct link *link)
{
	free(pop(link).bytes);
}

const char *link_fault(const struct link *link)
{
	const struct link_model_counters *c = &link->model.counters;

	if (c->frames != c->arrived + c->lost_in_queue + c->lost_at_random + c->lost_in_burst)
		return "the link's losses are not those it counts";
	if (c->arrived + c->copied != link->lost + link->delivered + link->count)
		return "frames have vanished between the stacks";
	return NULL;
}

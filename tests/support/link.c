// SPDX-License-Identifier: BSD-3-Clause
//
// A simulated wire, see link.h: a heap of frames under way, ordered by arrival.
// Dice are rolled in a fixed order for every frame, so that a seed repeats a run.
// Called by support/pair.
#include "support/link.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/mbufs.h"

enum { MILLION = 1000000, BITS_PER_BYTE = 8 };

void link_init(struct link *link, const struct link_config *config, enum plx_link kind,
	       uint64_t seed)
{
	*link = (struct link){.config = *config, .kind = kind};
	random_init_seed(&link->random, seed);
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

static bool happens(struct link *link, uint32_t ppm)
{
	return random_below(&link->random, MILLION) < ppm;
}

// When the last bit has left, or PLX_TIME_NEVER when the queue has no room for it.
static plx_time departure(struct link *link, size_t len_bytes, plx_time now)
{
	const struct link_config *config = &link->config;
	plx_time begin = link->idle_at > now ? link->idle_at : now;
	plx_duration takes;

	if (config->rate_bps == 0)
		return now;
	takes = len_bytes * BITS_PER_BYTE * PLX_SECOND / config->rate_bps;
	if (config->queue_bytes > 0
	    && (begin - now) * config->rate_bps / PLX_SECOND / BITS_PER_BYTE + len_bytes
		    > config->queue_bytes)
		return PLX_TIME_NEVER;
	link->idle_at = begin + takes;
	return link->idle_at;
}

static plx_time in_batches(const struct link *link, plx_time at)
{
	plx_duration batch = link->config.batch;

	return batch == 0 ? at : (at + batch - 1) / batch * batch;
}

static void put_under_way(struct link *link, const uint8_t *bytes, size_t len_bytes, plx_time at)
{
	struct link_frame frame = {.order = link->order++, .len_bytes = len_bytes};

	at += link->config.delay;
	if (happens(link, link->config.reorder_ppm)) {
		at += random_below(&link->random, (uint32_t)link->config.reorder_delay);
		link->reordered++;
	}
	frame.at = in_batches(link, at);
	frame.bytes = malloc(len_bytes);
	if (frame.bytes == NULL)
		abort();
	memcpy(frame.bytes, bytes, len_bytes);
	if (happens(link, link->config.corrupt_ppm)) {
		uint32_t bit = random_below(&link->random, (uint32_t)len_bytes * BITS_PER_BYTE);

		frame.bytes[bit / BITS_PER_BYTE] ^= (uint8_t)(1u << bit % BITS_PER_BYTE);
		link->corrupted++;
	}
	push(link, frame);
}

static bool is_lost(struct link *link, const uint8_t *bytes, size_t len_bytes)
{
	struct frame frame;

	if (happens(link, link->config.loss_ppm))
		return true;
	return link->loses != NULL && frame_read(bytes, len_bytes, link->kind, &frame)
		&& link->loses(link->context, &frame);
}

void link_send(struct link *link, const uint8_t *bytes, size_t len_bytes, plx_time now)
{
	plx_time at = departure(link, len_bytes, now);

	link->taken++;
	if (at == PLX_TIME_NEVER || is_lost(link, bytes, len_bytes)) {
		link->lost++;
		return;
	}
	put_under_way(link, bytes, len_bytes, at);
	if (happens(link, link->config.duplicate_ppm)) {
		link->doubled++;
		put_under_way(link, bytes, len_bytes, at);
	}
}

plx_time link_next(const struct link *link)
{
	return link->count == 0 ? PLX_TIME_NEVER : link->heap[0].at;
}

struct rte_mbuf *link_take(struct link *link, struct rte_mempool *pool, plx_time now)
{
	struct link_frame frame;
	struct rte_mbuf *m;

	if (link_next(link) > now)
		return NULL;
	frame = pop(link);
	link->delivered++;
	m = mbufs_frame(pool, frame.bytes, frame.len_bytes, 0);
	free(frame.bytes);
	return m;
}

void link_steal(struct link *link)
{
	free(pop(link).bytes);
}

const char *link_fault(const struct link *link)
{
	if (link->taken + link->doubled == link->lost + link->delivered + link->count)
		return NULL;
	return "frames have vanished between the stacks";
}

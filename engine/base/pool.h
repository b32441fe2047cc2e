// SPDX-License-Identifier: BSD-3-Clause
//
// A fixed number of equal objects, named by index. Optionally each carries a generation, so that an
// (index, generation) handle cannot dangle, and optionally what is put back rests until pool_commit(),
// because a burst may still hold an index found before. Memory is taken once, at pool_init().
// Called by tcp/ and net/ for connections, compact entries, listeners, neighbours.
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <assert.h>
#include <stddef.h>

#include <pollux/types.h>

#include "base/index.h"

#define POOL_NO_GENERATION UINT32_MAX

struct pool_config {
	const char *name; // for the allocator's books; need not outlive the call
	uint32_t count;	  // 1 to INDEX_NONE
	uint32_t object_bytes;
	uint32_t align_bytes; // of each object, a power of two; 0: 8
	int socket;	      // NUMA node, or SOCKET_ID_ANY
	// Where in the object its uint32_t generation lies, or POOL_NO_GENERATION.
	uint32_t generation_offset;
	bool fifo; // reuse the longest idle first, else the last one put, which is warm in the cache
	bool deferred; // what is put can be got again only after pool_commit()
};

struct pool {
	unsigned char *objects;
	uint32_t *
		free; // a ring when fifo; else a stack growing up, and those put in wait growing down
	uint32_t stride_bytes;
	uint32_t generation_offset;
	uint32_t count;
	uint32_t available;
	uint32_t waiting; // put, not yet committed
	uint32_t worn;	  // put for the last time, see pool_put()
	uint32_t head;	  // fifo: next to get
	uint32_t tail;	  // fifo: next to put
	bool fifo;
	bool deferred;
};

// The memory pool_init() will take, allocator's overhead included; 0 for a configuration it refuses.
size_t pool_bytes(const struct pool_config *config);

// 0, -EINVAL for an impossible configuration, -ENOMEM. All objects are zero, generations 1.
// The first indexes got are 0, 1, 2 and so on.
int pool_init(struct pool *pool, const struct pool_config *config);

// Gives the memory back, whatever is in use. A pool that is all zero is left alone.
void pool_fini(struct pool *pool);

// Makes what was put since the last commit available again. Does nothing when not deferred.
void pool_commit(struct pool *pool);

static inline uint32_t pool_capacity(const struct pool *pool)
{
	return pool->count;
}

// Objects that pool_get() can still give.
static inline uint32_t pool_available(const struct pool *pool)
{
	return pool->available;
}

// Objects got and not put back.
static inline uint32_t pool_used(const struct pool *pool)
{
	return pool->count - pool->available - pool->waiting - pool->worn;
}

static inline void *pool_at(const struct pool *pool, uint32_t idx)
{
	return pool->objects + (size_t)idx * pool->stride_bytes;
}

static inline uint32_t *pool_generation_at(const struct pool *pool, uint32_t idx)
{
	return (uint32_t *)(void *)((unsigned char *)pool_at(pool, idx) + pool->generation_offset);
}

// The object a handle names, NULL when it was put back since (or never given out).
static inline void *pool_resolve(const struct pool *pool, uint32_t idx, uint32_t generation)
{
	if (idx >= pool->count || *pool_generation_at(pool, idx) != generation)
		return NULL;
	return pool_at(pool, idx);
}

// Fetches the first line of the object that the next pool_get() of a pool that is no fifo will give.
static inline void pool_prefetch_next(const struct pool *pool)
{
	assert(!pool->fifo);
	if (pool->available > 0)
		__builtin_prefetch(pool_at(pool, pool->free[pool->available - 1]));
}

// pool_get() of a pool that is no fifo.
static inline uint32_t pool_get_plain(struct pool *pool)
{
	assert(!pool->fifo);
	return pool->available == 0 ? INDEX_NONE : pool->free[--pool->available];
}

// pool_put() of such a pool without generations.
static inline void pool_put_plain(struct pool *pool, uint32_t idx)
{
	assert(!pool->fifo && !pool->deferred && pool->generation_offset == POOL_NO_GENERATION);
	pool->free[pool->available++] = idx;
}

// INDEX_NONE when none is available. The object's bytes are what they were when it was put, its
// generation advanced; zero before its first use. The caller must not overwrite the generation.
static inline uint32_t pool_get(struct pool *pool)
{
	uint32_t idx;

	if (pool->available == 0)
		return INDEX_NONE;
	pool->available--;
	if (!pool->fifo)
		return pool->free[pool->available];
	idx = pool->free[pool->head];
	pool->head = pool->head + 1 == pool->count ? 0 : pool->head + 1;
	return idx;
}

// The object must be in use; its handles are stale from now on. One whose generations are used up is worn,
// and rests for ever: nobody has had the last one, so no handle comes true again.
static inline void pool_put(struct pool *pool, uint32_t idx)
{
	if (pool->generation_offset != POOL_NO_GENERATION
	    && ++*pool_generation_at(pool, idx) == UINT32_MAX) {
		pool->worn++;
		return;
	}
	if (pool->fifo) {
		pool->free[pool->tail] = idx;
		pool->tail = pool->tail + 1 == pool->count ? 0 : pool->tail + 1;
	} else if (pool->deferred) {
		pool->free[pool->count - 1 - pool->waiting] = idx;
	} else {
		pool->free[pool->available] = idx;
	}
	if (pool->deferred)
		pool->waiting++;
	else
		pool->available++;
}

#endif

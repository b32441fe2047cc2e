// SPDX-License-Identifier: BSD-3-Clause
//
// Making and unmaking pools, and the end of a quarantine; getting and putting are inline, see pool.h.
// Objects and the list of free ones are one piece of memory.
// Called by tcp/ and net/ at creation, pool_commit() by stack/ at the end of phase 1.
#include "base/pool.h"

#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "base/memory.h"

enum {
	POOL_ALIGN_DEFAULT_BYTES = 8,
	POOL_ALIGN_MAX_BYTES = CACHE_LINE, // what memory_take() gives
};
#define POOL_MAX (UINT32_C(1) << 31) // objects, and bytes of one

static bool is_sound(const struct pool_config *config)
{
	uint32_t align = config->align_bytes;
	uint32_t generation = config->generation_offset;

	if (config->count == 0 || config->count > POOL_MAX)
		return false;
	if (config->object_bytes == 0 || config->object_bytes > POOL_MAX)
		return false;
	if (align > POOL_ALIGN_MAX_BYTES || (align & (align - 1)) != 0)
		return false;
	if (generation == POOL_NO_GENERATION)
		return true;
	return generation % sizeof(uint32_t) == 0 && config->object_bytes >= sizeof(uint32_t)
		&& generation <= config->object_bytes - sizeof(uint32_t)
		&& (align == 0 || align >= sizeof(uint32_t));
}

static uint32_t stride_bytes(const struct pool_config *config)
{
	uint32_t align = config->align_bytes == 0 ? POOL_ALIGN_DEFAULT_BYTES : config->align_bytes;

	return RTE_ALIGN_CEIL(config->object_bytes, align);
}

// The list of free objects follows the objects, aligned for itself.
static size_t free_offset(const struct pool_config *config)
{
	return RTE_ALIGN_CEIL((size_t)config->count * stride_bytes(config), sizeof(uint32_t));
}

size_t pool_bytes(const struct pool_config *config)
{
	if (!is_sound(config))
		return 0;
	return memory_cost(free_offset(config) + config->count * sizeof(uint32_t));
}

int pool_init(struct pool *pool, const struct pool_config *config)
{
	size_t list_offset;
	unsigned char *memory;

	if (!is_sound(config))
		return -EINVAL;
	list_offset = free_offset(config);
	memory = memory_take(config->name, list_offset + config->count * sizeof(uint32_t),
			     config->socket);
	if (memory == NULL)
		return -ENOMEM;

	*pool = (struct pool){
		.objects = memory,
		.free = (uint32_t *)(void *)(memory + list_offset),
		.stride_bytes = stride_bytes(config),
		.generation_offset = config->generation_offset,
		.count = config->count,
		.available = config->count,
		.fifo = config->fifo,
		.deferred = config->deferred,
	};
	for (uint32_t i = 0; i < pool->count; i++) {
		pool->free[i] = pool->fifo ? i : pool->count - 1 - i;
		if (pool->generation_offset != POOL_NO_GENERATION)
			*pool_generation_at(pool, i) = 1;
	}
	return 0;
}

void pool_fini(struct pool *pool)
{
	rte_free(pool->objects);
	*pool = (struct pool){0};
}

void pool_commit(struct pool *pool)
{
	// The stack's waiting part lies at the far end of the list; the two may touch, never overlap.
	if (!pool->fifo && pool->waiting != 0)
		memmove(&pool->free[pool->available], &pool->free[pool->count - pool->waiting],
			pool->waiting * sizeof(uint32_t));
	pool->available += pool->waiting;
	pool->waiting = 0;
}

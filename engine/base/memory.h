// SPDX-License-Identifier: BSD-3-Clause
//
// Memory taken once, at creation: zeroed, aligned to a cache line, on a NUMA node, from huge pages where
// EAL has them and from ordinary ones where it was started with --no-huge. And what that costs, so that
// a driver can ask EAL for enough.
// Called by the create functions of every room; never afterwards.
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

#include <rte_malloc.h>

#include "base/index.h"

// An element header of rte_malloc, and what alignment may skip.
#define MEMORY_OVERHEAD_BYTES (3 * CACHE_LINE)

// NULL when there is not enough. Given back by rte_free().
static inline void *memory_take(const char *name, size_t bytes, int socket)
{
	return rte_zmalloc_socket(name, bytes, CACHE_LINE, socket);
}

// What memory_take() of as many bytes takes from the heap.
static inline size_t memory_cost(size_t bytes)
{
	return RTE_ALIGN_CEIL(bytes, (size_t)CACHE_LINE) + MEMORY_OVERHEAD_BYTES;
}

#endif

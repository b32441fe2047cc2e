// SPDX-License-Identifier: BSD-3-Clause
//
// The kernel's transparent huge pages: nobody has to reserve them, and a kernel that has none to give makes the
// table no less right.
// Called by acceptor and load.
#include "apps/table_memory.h"

#include <stdlib.h>
#include <sys/mman.h>

#define CACHE_LINE ((size_t)64)
#define HUGE_PAGE_BYTES ((size_t)2 << 20)

static size_t round_up(size_t bytes, size_t unit)
{
	return (bytes + unit - 1) / unit * unit;
}

size_t table_row_bytes(size_t bytes)
{
	return round_up(bytes, CACHE_LINE);
}

void *table_memory(size_t bytes)
{
	size_t unit = bytes < HUGE_PAGE_BYTES ? CACHE_LINE : HUGE_PAGE_BYTES;
	size_t rounded = round_up(bytes, unit);
	void *memory = aligned_alloc(unit, rounded);

	if (memory != NULL && unit == HUGE_PAGE_BYTES)
		(void)madvise(memory, rounded, MADV_HUGEPAGE);
	return memory;
}

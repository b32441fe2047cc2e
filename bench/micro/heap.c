// SPDX-License-Identifier: BSD-3-Clause
//
// An external heap of EAL's over memory of our own, see heap.h.
// Called by every micro-benchmark.
#include "heap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "base/memory.h"
#include "compare.h"
#include "support/eal_main.h"

#define HEAP_NAME "bench"
#define PAGE_BYTES ((size_t)2 << 20)

// Linux 6.1, younger than the C library's headers.
#define COLLAPSE_NOW 25

static int heap_socket;
static const char *pages = "4 KB pages";

static void give_up(const char *what, int error)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(error));
	exit(2);
}

static void *map_aligned(size_t bytes)
{
	unsigned char *mapped = mmap(NULL, bytes + PAGE_BYTES, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mapped == MAP_FAILED)
		give_up("mmap", errno);
	return (void *)RTE_ALIGN_CEIL((uintptr_t)mapped, PAGE_BYTES);
}

// Touches all of it, so that no page comes in while something is measured.
static bool take_huge_pages(void *memory, size_t bytes)
{
	madvise(memory, bytes, MADV_HUGEPAGE);
	memset(memory, 0, bytes);
	return madvise(memory, bytes, COLLAPSE_NOW) == 0;
}

int heap_create(unsigned megabytes)
{
	size_t bytes = RTE_ALIGN_CEIL((size_t)megabytes << 20, PAGE_BYTES);
	void *memory = map_aligned(bytes);

	if (!compare_mode.is_counting && take_huge_pages(memory, bytes))
		pages = "2 MB pages";

	test_eal_init();
	if (rte_malloc_heap_create(HEAP_NAME) != 0
	    || rte_malloc_heap_memory_add(HEAP_NAME, memory, bytes, NULL, 0, PAGE_BYTES) != 0)
		give_up("heap", rte_errno);
	heap_socket = rte_malloc_heap_get_socket(HEAP_NAME);
	return heap_socket;
}

const char *heap_pages(void)
{
	return pages;
}

void *heap_take(size_t bytes)
{
	void *memory = memory_take("bench", bytes, heap_socket);

	if (memory == NULL)
		give_up("heap", ENOMEM);
	return memory;
}

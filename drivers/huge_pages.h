// SPDX-License-Identifier: BSD-3-Clause
//
// What huge pages there are: mounted hugetlbfs, free pages per NUMA node, and the command that
// would provide more. Called by memory.c and by bring-up.
#ifndef DRIVERS_HUGE_PAGES_H
#define DRIVERS_HUGE_PAGES_H

#include <stddef.h>
#include <stdint.h>

#define HUGE_PAGES_MOUNTS_MAX 8
#define HUGE_PAGES_PATH_BYTES 256

// A size of huge pages that can be used: a hugetlbfs of it is mounted and may be written to.
struct huge_pages_mount {
	char path[HUGE_PAGES_PATH_BYTES];
	uint64_t page_bytes;
};

// Writable hugetlbfs mounts, the smallest pages first. Returns how many.
unsigned huge_pages_find_mounts(struct huge_pages_mount mounts[HUGE_PAGES_MOUNTS_MAX]);

// Bytes of free pages of one size on a node.
uint64_t huge_pages_free_bytes(const struct huge_pages_mount *mount, unsigned node);

// The size that the kernel gives when nobody names one.
uint64_t huge_pages_default_bytes(void);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// Read from /proc/mounts, /proc/meminfo and the pools in /sys, per node where the kernel has nodes.
// Pages that others have reserved but not yet touched count as free per node, so the figure of the
// whole machine bounds it.
// Called by memory.c.
#include "drivers/huge_pages.h"

#include <inttypes.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>

static bool read_number(const char *path, uint64_t *number)
{
	FILE *file = fopen(path, "re");
	bool ok;

	if (file == NULL)
		return false;
	ok = fscanf(file, "%" SCNu64, number) == 1;
	fclose(file);
	return ok;
}

uint64_t huge_pages_default_bytes(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	uint64_t kilobytes = 2048;
	char line[128];

	if (file == NULL)
		return kilobytes * 1024;
	while (fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "Hugepagesize: %" SCNu64 " kB", &kilobytes) == 1)
			break;
	fclose(file);
	return kilobytes * 1024;
}

// "pagesize=1024M" in the options of a mount; without it the default size.
static uint64_t page_bytes_of(const struct mntent *mount)
{
	const char *option = hasmntopt(mount, "pagesize");
	char *unit;
	uint64_t size;

	if (option == NULL)
		return huge_pages_default_bytes();
	size = strtoull(option + strlen("pagesize="), &unit, 10);
	switch (*unit) {
	case 'G':
		return size << 30;
	case 'M':
		return size << 20;
	case 'K':
		return size << 10;
	default:
		return size;
	}
}

static int by_page_size(const void *a, const void *b)
{
	const struct huge_pages_mount *left = a, *right = b;

	return (left->page_bytes > right->page_bytes) - (left->page_bytes < right->page_bytes);
}

unsigned huge_pages_find_mounts(struct huge_pages_mount mounts[HUGE_PAGES_MOUNTS_MAX])
{
	FILE *table = setmntent("/proc/mounts", "re");
	struct mntent *entry;
	unsigned n = 0;

	if (table == NULL)
		return 0;
	while (n < HUGE_PAGES_MOUNTS_MAX && (entry = getmntent(table)) != NULL) {
		if (strcmp(entry->mnt_type, "hugetlbfs") != 0
		    || strlen(entry->mnt_dir) >= HUGE_PAGES_PATH_BYTES
		    || access(entry->mnt_dir, R_OK | W_OK) != 0)
			continue;
		snprintf(mounts[n].path, HUGE_PAGES_PATH_BYTES, "%s", entry->mnt_dir);
		mounts[n++].page_bytes = page_bytes_of(entry);
	}
	endmntent(table);
	qsort(mounts, n, sizeof(mounts[0]), by_page_size);
	return n;
}

uint64_t huge_pages_free_bytes(const struct huge_pages_mount *mount, unsigned node)
{
	uint64_t kilobytes = mount->page_bytes / 1024;
	uint64_t on_machine = 0, reserved = 0, on_node;
	char path[HUGE_PAGES_PATH_BYTES];

	snprintf(path, sizeof(path),
		 "/sys/kernel/mm/hugepages/hugepages-%" PRIu64 "kB/free_hugepages", kilobytes);
	if (!read_number(path, &on_machine))
		return 0;
	snprintf(path, sizeof(path),
		 "/sys/kernel/mm/hugepages/hugepages-%" PRIu64 "kB/resv_hugepages", kilobytes);
	read_number(path, &reserved);
	on_machine -= RTE_MIN(reserved, on_machine);

	snprintf(path, sizeof(path),
		 "/sys/devices/system/node/node%u/hugepages/hugepages-%" PRIu64 "kB/free_hugepages",
		 node, kilobytes);
	if (!read_number(path, &on_node))
		on_node = node == 0 ? on_machine : 0;
	return RTE_MIN(on_node, on_machine) * mount->page_bytes;
}

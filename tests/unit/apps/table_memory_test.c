// SPDX-License-Identifier: BSD-3-Clause
//
// Memory for tables: all of it is there, on whole cache lines; what is large lies on whole huge pages, and the kernel
// has been asked for them.
// Room: apps/table_memory.
#include "apps/table_memory.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/cmocka_headers.h"

#define CACHE_LINE 64
#define HUGE_PAGE_BYTES ((size_t)2 << 20)

static void all_of_it_is_there(void **state)
{
	static const size_t sizes[] = {
		1,
		CACHE_LINE,
		CACHE_LINE + 1,
		HUGE_PAGE_BYTES - 1,
		HUGE_PAGE_BYTES,
		HUGE_PAGE_BYTES + 1,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t unit = sizes[i] < HUGE_PAGE_BYTES ? CACHE_LINE : HUGE_PAGE_BYTES;
		unsigned char *table = table_memory(sizes[i]);

		assert_non_null(table);
		assert_int_equal((uintptr_t)table % unit, 0);
		assert_true(malloc_usable_size(table) >= (sizes[i] + unit - 1) / unit * unit);
		memset(table, 0x5a, sizes[i]);
		assert_int_equal(table[sizes[i] - 1], 0x5a);
		free(table);
	}
}

static void a_row_is_whole_lines(void **state)
{
	(void)state;
	assert_int_equal(table_row_bytes(1), CACHE_LINE);
	assert_int_equal(table_row_bytes(CACHE_LINE), CACHE_LINE);
	assert_int_equal(table_row_bytes(CACHE_LINE + 1), 2 * CACHE_LINE);
}

// The flags that /proc/self/smaps has for the mapping which holds `address`.
static void read_flags(const void *address, char *flags, int flags_bytes)
{
	FILE *maps = fopen("/proc/self/smaps", "r");
	char line[512];
	uintptr_t first, end;
	bool is_it = false;

	assert_non_null(maps);
	flags[0] = '\0';
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%zx-%zx ", &first, &end) == 2)
			is_it = first <= (uintptr_t)address && (uintptr_t)address < end;
		else if (is_it && strncmp(line, "VmFlags:", 8) == 0)
			snprintf(flags, (size_t)flags_bytes, "%s", line);
	}
	fclose(maps);
}

static void huge_pages_are_asked_for(void **state)
{
	char flags[512];
	void *table = table_memory(4 * HUGE_PAGE_BYTES);

	(void)state;
	assert_non_null(table);
	read_flags(table, flags, sizeof(flags));
	free(table);
	// A kernel that knows no transparent huge pages refuses.
	if (access("/sys/kernel/mm/transparent_hugepage", F_OK) == 0)
		assert_non_null(strstr(flags, " hg"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_is_there),
		cmocka_unit_test(a_row_is_whole_lines),
		cmocka_unit_test(huge_pages_are_asked_for),
	};

	return cmocka_run_group_tests_name("apps/table_memory", tests, NULL, NULL);
}

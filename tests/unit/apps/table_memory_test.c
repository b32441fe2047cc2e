// SPDX-License-Identifier: BSD-3-Clause
//
// Memory for tables: all of it is there, on whole cache lines, whether huge pages are asked for or not.
// Room: apps/table_memory.
#include "apps/table_memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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
		unsigned char *table = table_memory(sizes[i]);

		assert_non_null(table);
		assert_int_equal((uintptr_t)table % CACHE_LINE, 0);
		memset(table, 0x5a, sizes[i]);
		assert_int_equal(table[sizes[i] - 1], 0x5a);
		free(table);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_is_there),
	};

	return cmocka_run_group_tests_name("apps/table_memory", tests, NULL, NULL);
}

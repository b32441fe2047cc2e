// SPDX-License-Identifier: BSD-3-Clause
//
// Memory for a table of as many sessions as there may be connections.
// Called by acceptor and load.
#ifndef APPS_TABLE_MEMORY_H
#define APPS_TABLE_MEMORY_H

#include <stddef.h>

// What a row of `bytes` takes in a table: whole cache lines.
size_t table_row_bytes(size_t bytes);

// At least `bytes`, aligned to cache lines, their contents undefined; NULL without memory. For free(). Where it is
// large, the kernel is asked for transparent huge pages, since a million sessions on small ones cost an address
// translation each; it may refuse. Memory is then taken 2 MB at a time, when it is first touched.
void *table_memory(size_t bytes);

#endif

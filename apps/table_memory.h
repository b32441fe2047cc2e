// SPDX-License-Identifier: BSD-3-Clause
//
// Memory for a table of as many sessions as there may be connections.
// Called by acceptor and load.
#ifndef APPS_TABLE_MEMORY_H
#define APPS_TABLE_MEMORY_H

#include <stddef.h>

// At least `bytes`, aligned to cache lines, their contents undefined; where it is large, the kernel is asked to lay
// it on huge pages: a million sessions on small ones cost an address translation each. NULL without memory.
// For free().
void *table_memory(size_t bytes);

#endif

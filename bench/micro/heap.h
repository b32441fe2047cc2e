// SPDX-License-Identifier: BSD-3-Clause
//
// Memory for a benchmark as an engine has it in earnest: on 2 MB pages. They are asked of the kernel as
// transparent ones, so that neither root nor a reservation is needed; where it gives none, the figures
// say that they were taken on 4 KB pages.
// Called first by every micro-benchmark; brings up EAL.
#ifndef MICRO_HEAP_H
#define MICRO_HEAP_H

#include <stddef.h>

// The socket number to allocate from. Ends the program when it cannot.
int heap_create(unsigned megabytes);

// "2 MB pages" or "4 KB pages".
const char *heap_pages(void);

// From that heap, zeroed; ends the program when it is used up.
void *heap_take(size_t bytes);

#endif

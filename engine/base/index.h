// SPDX-License-Identifier: BSD-3-Clause
//
// What every room that links objects by number agrees on: the number that names nothing, and the
// size of a cache line. Indexes are 32 bits: half a pointer, and checkable against a capacity.
// Used by all storeys.
#ifndef BASE_INDEX_H
#define BASE_INDEX_H

#include <stdint.h>

#define INDEX_NONE UINT32_MAX

// A macro, not RTE_CACHE_LINE_SIZE: the layouts asserted with it must not change with the build.
#define CACHE_LINE 64

#endif

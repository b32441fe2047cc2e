// SPDX-License-Identifier: BSD-3-Clause
//
// The least of what bounds a number of bytes or segments. A function, where a macro would take the types as they come:
// a mixed pair is converted, with the compiler's warnings on.
// Called by the rooms of tcp/ that decide how much.
#ifndef BASE_MIN_H
#define BASE_MIN_H

#include <stdint.h>

static inline uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// The lower-case name of a line in a .def list, made by the compiler, so that no second list can go stale.
// An initialiser for an array of LOWER_NAME_BYTES characters.
// Used by the rooms that tell drops, counters and options by name.
#ifndef BASE_LOWER_NAME_H
#define BASE_LOWER_NAME_H

#include <assert.h>

enum { LOWER_NAME_BYTES = 32 };

// The characters of the literal `s` from `i` on in lower case, zeros behind its end.
#define LOWER_CHAR_AT(s, i) ((s)[(i) < sizeof(s) ? (i) : sizeof(s) - 1])
#define LOWER_OF(c) ((c) >= 'A' && (c) <= 'Z' ? (c) - 'A' + 'a' : (c))
#define LOWER_1(s, i) LOWER_OF(LOWER_CHAR_AT(s, i))
#define LOWER_4(s, i) LOWER_1(s, i), LOWER_1(s, i + 1), LOWER_1(s, i + 2), LOWER_1(s, i + 3)
#define LOWER_16(s, i) LOWER_4(s, i), LOWER_4(s, i + 4), LOWER_4(s, i + 8), LOWER_4(s, i + 12)

#define LOWER_NAME(name)                                \
	{                                               \
		LOWER_16(#name, 0), LOWER_16(#name, 16) \
	}
#define LOWER_NAME_CHECK(name) \
	static_assert(sizeof(#name) <= LOWER_NAME_BYTES, #name " is too long a name")

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// The names and sentences of drop.def, for counters, reports and documentation.
// The lower-case names are made from the list by the compiler, so that no second list can go stale.
// Called by whoever shows a drop to a human; never on the data path.
#include <assert.h>

#include <pollux/drop.h>

enum { NAME_BYTES = 32 };

// The characters of the literal `s` from `i` on in lower case, zeros behind its end.
#define CHAR_AT(s, i) ((s)[(i) < sizeof(s) ? (i) : sizeof(s) - 1])
#define LOWER(c) ((c) >= 'A' && (c) <= 'Z' ? (c) - 'A' + 'a' : (c))
#define LOWER_1(s, i) LOWER(CHAR_AT(s, i))
#define LOWER_4(s, i) LOWER_1(s, i), LOWER_1(s, i + 1), LOWER_1(s, i + 2), LOWER_1(s, i + 3)
#define LOWER_16(s, i) LOWER_4(s, i), LOWER_4(s, i + 4), LOWER_4(s, i + 8), LOWER_4(s, i + 12)

static const char names[PLX_DROP_COUNT][NAME_BYTES] = {
	"none",
#define X(name, sentence) {LOWER_16(#name, 0), LOWER_16(#name, 16)},
#include <pollux/drop.def>
#undef X
};

#define X(name, sentence) static_assert(sizeof(#name) <= NAME_BYTES, #name " is too long a name");
#include <pollux/drop.def>
#undef X

static const char *const texts[PLX_DROP_COUNT] = {
	"not dropped",
#define X(name, sentence) sentence,
#include <pollux/drop.def>
#undef X
};

static unsigned index_of(enum plx_drop reason)
{
	return (unsigned)reason < PLX_DROP_COUNT ? (unsigned)reason : PLX_DROP_NONE;
}

const char *plx_drop_name(enum plx_drop reason)
{
	return names[index_of(reason)];
}

const char *plx_drop_text(enum plx_drop reason)
{
	return texts[index_of(reason)];
}

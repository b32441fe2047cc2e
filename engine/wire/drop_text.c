// SPDX-License-Identifier: BSD-3-Clause
//
// The names and sentences of drop.def, for counters, reports and documentation.
// Lower-case names by base/lower_name.h.
// Called by whoever shows a drop to a human; never on the data path.
#include <pollux/drop.h>

#include "base/lower_name.h"

static const char names[PLX_DROP_COUNT][LOWER_NAME_BYTES] = {
	"none",
#define X(name, sentence) LOWER_NAME(name),
#include <pollux/drop.def>
#undef X
};

#define X(name, sentence) LOWER_NAME_CHECK(name);
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

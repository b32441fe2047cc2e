/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why a received frame was dropped. One list, drop.def, makes the enum, the counters and
 * the texts. PLX_DROP_NONE is no reason: the frame was not dropped.
 * Parsers of the wire layer answer with these, so that a verdict needs no translation.
 */
#ifndef POLLUX_DROP_H
#define POLLUX_DROP_H

#include <pollux/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum plx_drop {
	PLX_DROP_NONE = 0,
#define X(name, sentence) PLX_DROP_##name,
#include <pollux/drop.def>
#undef X
	PLX_DROP_COUNT
};

/** The reason's name in lower case, "ipv4_checksum"; "none" for PLX_DROP_NONE or a value outside the list. */
PLX_API const char *plx_drop_name(enum plx_drop reason);

/** The reason as a sentence for an operator. */
PLX_API const char *plx_drop_text(enum plx_drop reason);

#ifdef __cplusplus
}
#endif

#endif

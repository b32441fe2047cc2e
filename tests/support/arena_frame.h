// SPDX-License-Identifier: BSD-3-Clause
//
// The frames of an arena: segments that nearly fit, and what becomes of them in bad hands.
// Called by support/arena alone.
// Keeps nothing.
#ifndef SUPPORT_ARENA_FRAME_H
#define SUPPORT_ARENA_FRAME_H

#include "support/arena.h"

struct rte_mbuf;

// Writes a frame for the stack, a segment of one of its connections or handshakes more often than not,
// perhaps spoiled, perhaps with its checksums mended afterwards. Returns its length.
size_t arena_frame_draw(struct arena *a, uint8_t *bytes);

// Makes the checksums of a frame right where there is still a header to hold them, so that what was spoiled
// gets past them.
void arena_frame_mend(const struct arena *a, uint8_t *bytes, size_t len_bytes);

// The bytes in one buffer or a chain, of the pool or of exactly their size on the heap, where a sanitizer
// sees every byte read too far.
struct rte_mbuf *arena_frame_wrap(struct arena *a, const uint8_t *bytes, size_t len_bytes);

#endif

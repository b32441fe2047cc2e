// SPDX-License-Identifier: BSD-3-Clause
//
// Packets cut into fragments by hand (RFC 791 3.2, RFC 8200 4.5): any piece of one, in its place or
// in a wrong one, and whole sets that cover it at random.
// Called by tests/script and tests/unit.
#ifndef SUPPORT_FRAGMENTS_H
#define SUPPORT_FRAGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"

enum {
	FRAGMENTS_MAX = 8, // of a packet that reassembly takes
	FRAGMENT_FRAME_MAX_BYTES = 9018,
};

struct piece {
	uint32_t offset_bytes; // within the transport segment
	uint32_t len_bytes;
	bool more;
};

// Writes the frame of one piece of the packet whose IP header, without options or extensions, is at
// `l3_bytes` of `frame`. Returns its length.
size_t fragment_build(uint8_t *bytes, const uint8_t *frame, size_t l3_bytes, uint32_t id,
		      struct piece piece);

// Cuts `len_bytes` at random into `n` pieces, the first of at least 24 bytes. In order.
void fragments_cut(struct piece *pieces, unsigned n, uint32_t len_bytes, struct random *r);

void fragments_shuffle(struct piece *pieces, unsigned n, struct random *r);

#endif

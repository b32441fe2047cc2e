// SPDX-License-Identifier: BSD-3-Clause
//
// Peers that talk to a stack over a wire where frames are spoiled: every field of every header, addresses that nobody
// should use, tags, options, padding, truncation; checksums mended half of the time.
// Everything follows from the seed and from what the stack answers.
// Called by ordinary_test.
#ifndef ORDINARY_FRAMES_H
#define ORDINARY_FRAMES_H

#include "base/random.h"
#include "support/segment.h"

enum {
	ORDINARY_PEERS = 6,
	ORDINARY_FIRST_PORT = 40000,
	ORDINARY_BURST = 40, // more than what the stack takes in one step
	ORDINARY_FRAME_BYTES = 1700,
};

enum ordinary_sharing {
	ORDINARY_ALONE,
	ORDINARY_IS_ORIGINAL, // somebody else holds a clone
	ORDINARY_IS_CLONE,    // somebody else holds the original
};

struct ordinary_frame {
	uint8_t bytes[ORDINARY_FRAME_BYTES];
	size_t len_bytes;
	size_t cut_bytes;  // of the first mbuf, where it comes as two; 0: it must be one
	uint64_t ol_flags; // what the port says of it
	uint16_t vlan_tci;
	enum ordinary_sharing sharing;
};

// What the wire told of one peer's connection.
struct ordinary_peer {
	bool is_known;	// the stack has answered
	bool is_called; // the stack has sent a SYN
	bool is_ending; // the stack has sent a FIN
	bool has_timestamps;
	uint32_t seq; // what it sends next
	uint32_t ack; // what it expects next
	uint32_t ts_recent;
};

struct ordinary_peers {
	struct random dice;
	struct seg_path path; // to the stack
	struct ordinary_peer peers[ORDINARY_PEERS];
};

void ordinary_peers_init(struct ordinary_peers *peers, const struct seg_path *path, uint64_t seed);

// A frame that the stack has sent.
void ordinary_peers_hear(struct ordinary_peers *peers, const uint8_t *bytes, size_t len_bytes);

// The next frame of one of them.
void ordinary_frame_draw(struct ordinary_peers *peers, plx_time now, struct ordinary_frame *out);

#endif

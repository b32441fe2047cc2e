// SPDX-License-Identifier: BSD-3-Clause
//
// Packets to be cut into fragments, and what must hold afterwards whatever became of them.
// Called by the fragment tests of this folder.
#ifndef SCRIPT_FRAGMENT_PACKETS_H
#define SCRIPT_FRAGMENT_PACKETS_H

#include "support/fragments.h"
#include "support/user.h"

enum {
	ROUNDS = 300,
	PAYLOAD_MIN_BYTES = 100,
	PAYLOAD_MAX_BYTES = 1400,
	FRAGMENT_TIME_MS = 60000,
	LATEST_SHARE = 4, // what is given up is gone a quarter of that later
};

// One packet to the stack, whole, and what its fragments are told by.
struct packet {
	uint8_t bytes[FRAGMENT_FRAME_MAX_BYTES];
	size_t len_bytes;
	size_t l3_bytes;
	size_t l4_bytes; // where the transport begins
	uint32_t id;
};

// Where its headers lie, and a number of its own.
void packet_set_places(struct fixture *f, struct packet *p);

// The next data segment of the peer.
struct packet packet_of_next_segment(struct fixture *f, uint32_t payload_bytes);

// What there is to cut.
uint32_t packet_transport_bytes(const struct packet *p);

void piece_arrives(struct fixture *f, const struct packet *p, struct piece piece);

void pieces_arrive(struct fixture *f, const struct packet *p, const struct piece *pieces,
		   unsigned n);

// Frames that the stack keeps for now.
uint64_t fragments_held(struct fixture *f);

// The stream goes on as if the segment had come in one piece.
void expect_taken(struct fixture *f, uint32_t payload_bytes);

// Whatever became of fragments before, the next whole segment is taken.
void expect_unharmed(struct fixture *f);

// After the time for reassembly.
void expect_all_given_up(struct fixture *f);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// Remembers the last frames of two stacks, sent and received, with their virtual times and what the link did to
// them, and writes them as a pcapng file when a run has failed: one interface per stack.
// draft-ietf-opsawg-pcapng; only the first bytes of a frame are kept, which hold all its headers.
// Called by support/pair.
#ifndef SUPPORT_CAPTURE_H
#define SUPPORT_CAPTURE_H

#include <pollux/stack.h>

enum {
	CAPTURE_FRAMES = 1 << 17, // older ones are forgotten
	CAPTURE_BYTES = 128,	  // of each frame
	CAPTURE_INTERFACES = 2,
};

enum capture_note {
	CAPTURE_RECEIVED = 1u << 0, // else it was sent
	CAPTURE_LOST_IN_QUEUE = 1u << 1,
	CAPTURE_LOST = 1u << 2,
	CAPTURE_CORRUPTED = 1u << 3,
	CAPTURE_MARKED = 1u << 4,
	CAPTURE_COPIED = 1u << 5,
};

struct capture_record {
	plx_time at;
	uint32_t len_bytes;
	uint16_t interface;
	uint16_t notes; // of enum capture_note
	uint8_t bytes[CAPTURE_BYTES];
};

struct capture {
	struct capture_record *ring;
	uint64_t count;
};

void capture_init(struct capture *capture);
void capture_fini(struct capture *capture);

void capture_frame(struct capture *capture, unsigned interface, unsigned notes,
		   const uint8_t *bytes, size_t len_bytes, plx_time at);

// False when the file cannot be written.
bool capture_write(const struct capture *capture, const char *path,
		   const char *const names[CAPTURE_INTERFACES], enum plx_link link);

#endif

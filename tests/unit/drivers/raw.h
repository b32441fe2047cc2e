// SPDX-License-Identifier: BSD-3-Clause
//
// Numbered raw frames through a port, without its stack: what was sent is known to the last byte.
// In the children of the tests of devices; a check that does not hold ends the child.
#ifndef DRIVERS_RAW_H
#define DRIVERS_RAW_H

#include <stdint.h>

#include "drivers/system.h"

enum {
	RAW_ETHERTYPE = 0x88b5, // for local experiments
	RAW_FRAME_BYTES = 1000,
};

// A system with this device as its only port, "left".
struct system *raw_start(const char *device);

// The frame of this number.
void raw_fill(uint8_t bytes[RAW_FRAME_BYTES], unsigned number);

// Sends it, in buffers of at most `piece_bytes` each (0: in one).
void raw_send_number(struct system *system, unsigned number, unsigned piece_bytes);

// Receives it, in one buffer, and frees it.
void raw_receive_number(struct system *system, unsigned number);

void raw_send_mbuf(struct system *system, struct rte_mbuf *frame);

// The next frame of this EtherType; others (a kernel greets its routers) are thrown away.
struct rte_mbuf *raw_receive_mbuf(struct system *system, uint16_t ethertype);

#endif

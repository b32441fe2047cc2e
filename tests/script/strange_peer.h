// SPDX-License-Identifier: BSD-3-Clause
//
// What the scenarios of strange peers share: a connection for every congestion control, a user who always has
// more to send, and what is sent taken in order.
// Called by strange_acks_test.c and strange_echoes_test.c.
#ifndef SCRIPT_STRANGE_PEER_H
#define SCRIPT_STRANGE_PEER_H

#include "support/user.h"

enum {
	MSS = 1000,
	INITIAL = 10 * MSS,
	GROWTH_MAX = 8 * MSS, // of one ACK in slow start: L of RFC 9406 4.3, unpaced
	SEND_BUFFER = 250 * MSS,
	DUPLICATES = 3, // RFC 5681 3.2
};

// A fixture with this congestion control, named in failures, and segments of MSS.
struct fixture *plan(void **state, unsigned control);

// Runs the scenario once for each congestion control that is one.
void for_each_control(void **state, void (*scenario)(void **state, unsigned control));

// Takes what is sent in order; returns how many bytes are new, none of them in less than full segments.
uint32_t take_full_segments(struct fixture *f, uint32_t *nxt);

// The send buffer is full afterwards.
void user_fills(struct fixture *f);

#endif

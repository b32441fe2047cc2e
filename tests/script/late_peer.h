// SPDX-License-Identifier: BSD-3-Clause
//
// A flight whose answers come late, or not at all: the beginning of what is told of needless retransmissions.
// Called by the scenarios of what was spurious and of the echoes that follow.
#ifndef SCRIPT_LATE_PEER_H
#define SCRIPT_LATE_PEER_H

#include "support/user.h"

enum {
	LATE_MSS = 1000,
	LATE_FLIGHT = 10,
	LATE_UNSENT = 10,
	LATE_RTT_MS = 100,
	LATE_RTO_MS = 300,
};

// ESTABLISHED with a first sample of LATE_RTT_MS, which makes a timeout of LATE_RTO_MS.
struct fixture *late_connected(void **state);

// The window is full; `unsent` segments wait.
void late_fill_window(struct fixture *f, unsigned unsent);

// The first segment was sent again by the timer; *original is the timestamp of its first sending, NULL: of no interest.
struct fixture *late_after_timeout(void **state, unsigned unsent, uint32_t *original);

// The same with timestamps, and LATE_UNSENT segments waiting.
struct fixture *late_after_timeout_with_timestamps(void **state, uint32_t *original);

// The window is full, and three duplicates have called forth the first segment again; gives the timestamp of its first
// sending.
uint32_t late_fast_retransmit(struct fixture *f);

// That, of a new connection with timestamps.
struct fixture *late_after_fast_retransmit(void **state, uint32_t *original);

// So many segments come out, from the `first` behind f->snd_nxt on.
void late_expect_new(struct fixture *f, unsigned first, unsigned n);

#endif

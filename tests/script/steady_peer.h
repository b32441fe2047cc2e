// SPDX-License-Identifier: BSD-3-Clause
//
// A connection whose round trip was always the same: SRTT is exact, its variance next to nothing, and the timeout
// lies so far ahead that whatever comes before it is something else's doing.
// Called by the scenarios of tail probes, lost retransmissions and pacing.
#ifndef SCRIPT_STEADY_PEER_H
#define SCRIPT_STEADY_PEER_H

#include "support/user.h"

enum { STEADY_MSS = 1000, STEADY_RTO_MS = 5000 };

// ESTABLISHED by plx_connect(), with the options and the peer that were planned (whose MSS is set here, and who may
// have timestamps), round trips of `rtt_ms`.
struct fixture *steady_connected(void **state, uint64_t rtt_ms);

// So many full segments are sent, and go out now.
void steady_sends(struct fixture *f, unsigned segments);

// The peer's acknowledgement arrives `n` times.
void steady_duplicates(struct fixture *f, unsigned n);

#endif

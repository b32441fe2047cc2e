// SPDX-License-Identifier: BSD-3-Clause
//
// A peer that takes part in explicit congestion notification (RFC 3168), from its SYN on.
// Called by the scenarios of who agrees with whom, and of marks and their echoes.
#ifndef SCRIPT_ECN_PEER_H
#define SCRIPT_ECN_PEER_H

#include "support/user.h"

enum {
	ECN_PEER_MSS = 1000,
	ECN_PEER_FLIGHT = 10,
	NOT_ECT = 0, // codepoints
	ECT_0 = 2,
	CE = 3,
	SETUP_SYN = TCP_SYN | TCP_ECE | TCP_CWR,
	SETUP_SYN_ACK = TCP_SYN | TCP_ACK | TCP_ECE,
};

// An MSS of ECN_PEER_MSS, and no Nagle.
struct fixture *ecn_peer_plan(void **state);

// The peer's SYN has these flags, the stack answers with those, and the handshake ends.
void ecn_peer_connects(struct fixture *f, int64_t syn, int64_t answer);

// ESTABLISHED by a peer that has asked for it.
struct fixture *ecn_peer_established(void **state);

// The same, with a window of ECN_PEER_FLIGHT segments in flight.
struct fixture *ecn_peer_with_flight(void **state);

// The next segment is a full one with this codepoint, and has just these of ECE and CWR.
void ecn_peer_expects(struct fixture *f, uint32_t seq, uint8_t marks, unsigned codepoint);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// Explicit congestion notification (RFC 3168) from the handshake to the echo, with the receiver of DCTCP
// (RFC 8257 3.2) for connections that use it.
// Called by tcp/input for what arrives, tcp/ack for echoes, tcp/output and tcp/segment_tx for what is sent, and by
// the rooms of the handshake.
#ifndef TCP_ECN_H
#define TCP_ECN_H

#include "tcp/ack.h"
#include "tcp/segment.h"
#include "tcp/tcp.h"

// The two lowest bits of the traffic class (RFC 3168 5).
enum ecn_codepoint { ECN_NOT_ECT = 0, ECN_ECT_1 = 1, ECN_ECT_0 = 2, ECN_CE = 3, ECN_MASK = 3 };

// Does an endpoint with these options ask for it in its SYN, does it agree when asked?
bool ecn_asks(const struct tcp *tcp, uint16_t profile);
bool ecn_agrees(const struct tcp *tcp, uint16_t profile);

// RFC 3168 6.1.1: an ECN-setup SYN, and an ECN-setup SYN+ACK.
static inline bool ecn_is_asked(const struct segment *seg)
{
	return (seg->tcp.flags & (TCP_ECE | TCP_CWR)) == (TCP_ECE | TCP_CWR);
}

static inline bool ecn_is_agreed(const struct segment *seg)
{
	return (seg->tcp.flags & (TCP_ECE | TCP_CWR)) == TCP_ECE;
}

// A segment in the window of a connection with CONN_ECN: before RCV.NXT follows it.
void ecn_on_segment(struct tcp *tcp, struct tcp_conn *c, const struct segment *seg);

// cwnd was reduced for whatever reason: the peer is to hear of it (RFC 3168 6.1.2).
static inline void ecn_on_reduction(struct tcp_conn *c)
{
	if (conn_has(c, CONN_ECN))
		c->flags |= CONN_CWR_OWED;
}

// An acknowledgement of such a connection says that the network marked something of ours.
void ecn_on_echo(struct tcp *tcp, struct tcp_conn *c);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// RST: the one we send for segments that belong to nobody (RFC 9293 3.5.2, 3.10.7.1), and the one we obey.
// Called by tcp/dispatch, tcp/input, tcp/half_open.
#ifndef TCP_RESET_H
#define TCP_RESET_H

#include "tcp/segment.h"
#include "tcp/tcp.h"

// Answers a segment that has no connection, or an unacceptable ACK, by RST. PLX_DROP_NONE: answered. Else
// why not: it is a RST itself, answering is off, or the rate limit is reached.
enum plx_drop reset_answer(struct tcp *tcp, struct segment *seg);

// <SEQ=SND.NXT><CTL=RST> of a connection, at once, in the mbuf of `seg`. The caller ends the connection.
void reset_send(struct tcp *tcp, const struct tcp_conn *c, struct segment *seg);

// A segment for no connection: RFC 9293 3.10.7.1, in full.
enum verdict reset_nobody(struct tcp *tcp, struct segment *seg, enum plx_drop unanswered);

// An acceptable RST has arrived (RFC 9293 3.10.7.4 second).
void reset_obey(struct tcp *tcp, struct tcp_conn *c);

#endif

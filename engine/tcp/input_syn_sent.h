// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.10.7.3: a segment arrives at a connection in SYN_SENT.
// Called by tcp/dispatch.
#ifndef TCP_INPUT_SYN_SENT_H
#define TCP_INPUT_SYN_SENT_H

#include "tcp/segment.h"
#include "tcp/tcp.h"

enum verdict input_syn_sent(struct tcp *tcp, struct tcp_conn *c, struct segment *seg);

// What a SYN of either direction settles: window scale, timestamps, MSS of the peer.
void input_syn_options(struct tcp *tcp, struct tcp_conn *c, const struct segment *seg);

#endif

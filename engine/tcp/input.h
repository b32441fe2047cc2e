// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.10.7.4: a segment arrives at a control block in SYN_RECEIVED or a synchronized state.
// Called by tcp/dispatch.
#ifndef TCP_INPUT_H
#define TCP_INPUT_H

#include "tcp/segment.h"
#include "tcp/tcp.h"

enum verdict tcp_input(struct tcp *tcp, struct tcp_conn *c, struct segment *seg);

// The parts that a SYN_SENT connection shares once it is established by this very segment.
void input_text_and_fin(struct tcp *tcp, struct tcp_conn *c, struct segment *seg);

#endif

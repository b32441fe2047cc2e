// SPDX-License-Identifier: BSD-3-Clause
//
// Header prediction: the in-order segment and the pure ACK of an established connection, which are nearly
// all there are. Anything else goes the RFC's way through tcp/input.
// Called by tcp/dispatch for connections in ESTABLISHED.
#ifndef TCP_INPUT_FAST_H
#define TCP_INPUT_FAST_H

#include "tcp/segment.h"
#include "tcp/tcp.h"

enum verdict input_fast(struct tcp *tcp, struct tcp_conn *c, struct segment *seg);

#endif

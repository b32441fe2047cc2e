// SPDX-License-Identifier: BSD-3-Clause
//
// The state of a connection, RFC 9293 3.3.2 figure 5: the legal transitions as a table, and the only
// function that writes one.
// Called by the rooms that decide a transition.
#ifndef TCP_STATE_H
#define TCP_STATE_H

#include "tcp/conn.h"

// A transition outside figure 5 is a programming error and is asserted against.
void state_set(struct tcp_conn *c, enum plx_state next);

bool state_may_become(enum plx_state from, enum plx_state to);

#endif

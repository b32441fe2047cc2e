// SPDX-License-Identifier: BSD-3-Clause
//
// Challenge ACKs of RFC 5961: the answer to segments that a blind attacker might have sent. Whoever is the
// real peer answers with a RST that fits, or is put right by the numbers in it.
// Called by tcp/input; tcp/half_open and tcp/time_wait ask for the budget.
#ifndef TCP_CHALLENGE_H
#define TCP_CHALLENGE_H

#include "tcp/tcp.h"

// May one go, within the stack's budget (RFC 5961 7)? Then it is counted.
bool challenge_try(struct tcp *tcp);

// Owes one, if it may.
void challenge_send(struct tcp *tcp, struct tcp_conn *c);

#endif

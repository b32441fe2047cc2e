// SPDX-License-Identifier: BSD-3-Clause
//
// Challenge ACKs of RFC 5961: the answer to segments that a blind attacker might have sent. Whoever is the
// real peer answers with a RST that fits, or is put right by the numbers in it.
// Called by tcp/input.
#ifndef TCP_CHALLENGE_H
#define TCP_CHALLENGE_H

#include "tcp/tcp.h"

// Owes one, within the stack's budget (RFC 5961 7).
void challenge_send(struct tcp *tcp, struct tcp_conn *c);

#endif

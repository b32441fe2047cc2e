// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 5961 7: challenge ACKs are limited per stack. The limit is jittered, so that nobody can learn from its
// exhaustion whether another connection used it.
// Called by tcp/input.
#include "tcp/challenge.h"

#include "tcp/connections.h"

void challenge_send(struct tcp *tcp, struct tcp_conn *c)
{
	if (!rate_limit_try_jittered(&tcp->challenge_limit, tcp->now, tcp->random))
		return;
	tcp_count(tcp, PLX_COUNTER_TCP_CHALLENGE_ACKS);
	if (c->acks_owed < UINT8_MAX)
		c->acks_owed++;
	conn_wants_output(tcp, c);
}

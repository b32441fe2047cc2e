// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 5961 7: challenge ACKs are limited per stack. The limit is jittered, so that nobody can learn from its
// exhaustion whether another connection used it.
// Called by tcp/input, tcp/half_open and tcp/time_wait.
#include "tcp/challenge.h"

#include "tcp/connections.h"

bool challenge_try(struct tcp *tcp)
{
	if (!rate_limit_try_jittered(&tcp->challenge_limit, tcp->now, tcp->random))
		return false;
	tcp_count(tcp, PLX_COUNTER_TCP_CHALLENGE_ACKS);
	return true;
}

void challenge_send(struct tcp *tcp, struct tcp_conn *c)
{
	if (!challenge_try(tcp))
		return;
	if (c->acks_owed < UINT8_MAX)
		c->acks_owed++;
	conn_wants_output(tcp, c);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.8.4: a probe is an acknowledgement that begins one before SND.NXT, without data (SHLD-6), so
// that any TCP answers it. One lost probe proves nothing (MUST-29); when none of KEEPALIVE_COUNT is answered
// the peer is gone, and is told so by a RST in case it is not.
// Called by tcp/input, tcp/timers, tcp/listener, tcp/user.
#include "tcp/keepalive.h"

#include <errno.h>

#include "tcp/connections.h"
#include "tcp/timers.h"

static plx_duration idle_of(const struct tcp *tcp, const struct tcp_conn *c)
{
	return (plx_duration)conn_option(tcp, c, PLX_OPTION_KEEPALIVE_IDLE);
}

// In TIME_WAIT there is nobody to keep alive; FIN_WAIT_2 of a closed connection has its own limit.
static bool may_have_one(const struct tcp *tcp, const struct tcp_conn *c)
{
	bool is_limited = c->state == PLX_STATE_FIN_WAIT_2 && conn_has(c, CONN_USER_CLOSED)
		&& conn_option(tcp, c, PLX_OPTION_FIN_WAIT_2_TIME) > 0;

	return conn_is_synchronized(c) && c->state != PLX_STATE_TIME_WAIT && !is_limited
		&& !conn_has(c, CONN_UNFETCHED | CONN_ENDED | CONN_RST_OWED | CONN_OFF_WIRE)
		&& conn_option(tcp, c, PLX_OPTION_KEEPALIVE) != 0;
}

void keepalive_begin(struct tcp *tcp, struct tcp_conn *c)
{
	if (!may_have_one(tcp, c))
		return;
	c->flags |= CONN_KEEPALIVE;
	c->probes_unanswered = 0;
	timers_set_long(tcp, c, time_add(tcp->now, idle_of(tcp, c)));
}

void keepalive_end(struct tcp_conn *c)
{
	c->flags &= ~(CONN_KEEPALIVE | CONN_KEEPALIVE_PROBE);
}

void keepalive_on_option(struct tcp *tcp, struct tcp_conn *c, plx_duration idle_before)
{
	if (!conn_has(c, CONN_KEEPALIVE)) {
		keepalive_begin(tcp, c);
	} else if (!may_have_one(tcp, c)) {
		keepalive_end(c);
		timers_set_long(tcp, c, PLX_TIME_NEVER);
	} else if (c->probes_unanswered == 0) {
		plx_time heard = time_subtract(c->coarse_deadline, idle_before);

		timers_set_long(tcp, c, time_add(heard, idle_of(tcp, c)));
	}
}

void keepalive_restart(struct tcp *tcp, struct tcp_conn *c)
{
	c->coarse_deadline = time_add(tcp->now, idle_of(tcp, c));
	c->flags &= ~CONN_KEEPALIVE_PROBE;
	// Before the first probe this only moves the deadline away, and the wheel may learn of it late.
	if (c->probes_unanswered > 0)
		timers_set_long(tcp, c, c->coarse_deadline);
	c->probes_unanswered = 0;
}

void keepalive_on_timeout(struct tcp *tcp, struct tcp_conn *c)
{
	// MUST-26: while data is outstanding its own timers find out.
	if (c->snd.una != c->snd.nxt || c->queue.head != INDEX_NONE || conn_has(c, CONN_PERSIST)) {
		timers_set_long(tcp, c, time_add(tcp->now, idle_of(tcp, c)));
		return;
	}
	if (c->probes_unanswered >= conn_option(tcp, c, PLX_OPTION_KEEPALIVE_COUNT)) {
		conn_reset(tcp, c, -ETIMEDOUT);
		return;
	}
	c->probes_unanswered++;
	c->flags |= CONN_KEEPALIVE_PROBE;
	timers_set_long(tcp, c,
			time_add(tcp->now,
				 (plx_duration)conn_option(tcp, c, PLX_OPTION_KEEPALIVE_INTERVAL)));
	conn_wants_output(tcp, c);
}

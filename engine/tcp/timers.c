// SPDX-License-Identifier: BSD-3-Clause
//
// Two wheels, one node of each per connection. The fine node is armed for the earliest of the
// connection's deadlines; when it fires, each deadline is looked at and the node armed anew.
// Called by tcp/output and stack/.
#include "tcp/timers.h"

#include <errno.h>

#include "tcp/connections.h"
#include "tcp/delayed_ack.h"
#include "tcp/half_open.h"
#include "tcp/keepalive.h"
#include "tcp/pacing.h"
#include "tcp/retransmit.h"
#include "tcp/tail_probe.h"
#include "tcp/time_wait.h"

// What one poll does at most of each kind; what is left is due at once, and the next poll goes on.
enum { EXPIRE_BATCH = 64, EXPIRE_MAX = 4096 };

// The long waits; the fifth cache line is read for nobody else.
static bool has_long_deadline(const struct tcp_conn *c)
{
	return conn_has(c, CONN_KEEPALIVE | CONN_OFF_WIRE) || c->state == PLX_STATE_FIN_WAIT_2
		|| c->state == PLX_STATE_TIME_WAIT;
}

// The coarse wheel takes care of it.
static bool is_far(const struct tcp *tcp, plx_time deadline)
{
	return deadline > tcp->now + 2 * TIMERS_COARSE_TICK;
}

// A long deadline counts once it is so near that the coarse wheel may have handed it over.
static plx_time earliest(const struct tcp *tcp, const struct tcp_conn *c)
{
	plx_time deadline = time_min(c->rto_deadline, c->ack_deadline);

	deadline = time_min(deadline, tail_probe_at(tcp, c));
	deadline = time_min(deadline, pacing_until(tcp, c));
	if (has_long_deadline(c) && !is_far(tcp, c->coarse_deadline))
		deadline = time_min(deadline, c->coarse_deadline);
	return deadline;
}

void timers_update(struct tcp *tcp, struct tcp_conn *c)
{
	plx_time deadline = earliest(tcp, c);

	if (deadline < c->fine_armed) {
		timer_arm(tcp->fine, conn_index(tcp, c), deadline);
		c->fine_armed = deadline;
	}
}

void timers_set_long(struct tcp *tcp, struct tcp_conn *c, plx_time deadline)
{
	c->coarse_deadline = deadline;
	if (deadline == PLX_TIME_NEVER)
		timer_disarm(tcp->coarse, conn_index(tcp, c));
	else
		timer_arm(tcp->coarse, conn_index(tcp, c), deadline);
}

void timers_stop(struct tcp *tcp, struct tcp_conn *c)
{
	uint32_t idx = conn_index(tcp, c);

	if (c->fine_armed != PLX_TIME_NEVER)
		timer_disarm(tcp->fine, idx);
	c->fine_armed = PLX_TIME_NEVER;
	c->rto_deadline = PLX_TIME_NEVER;
	c->ack_deadline = PLX_TIME_NEVER;
	timer_disarm(tcp->coarse, idx);
}

// RFC 9293 3.10.8: the TIME-WAIT timeout; and the wait for a FIN that nobody would read past.
static void on_long_timeout(struct tcp *tcp, struct tcp_conn *c)
{
	if (conn_has(c, CONN_KEEPALIVE))
		keepalive_on_timeout(tcp, c);
	else if (c->state != PLX_STATE_TIME_WAIT && !conn_has(c, CONN_OFF_WIRE))
		conn_end(tcp, c, -ETIMEDOUT);
	else if (conn_may_vanish(c))
		conn_end(tcp, c, 0);
	else
		conn_leave_wire(tcp, c, INDEX_NONE); // its user may still read
}

// What was handed to the fine wheel may have moved away since (keep-alive): back to the coarse one.
static void look_at_long_deadline(struct tcp *tcp, struct tcp_conn *c)
{
	if (time_is_due(c->coarse_deadline, tcp->now))
		on_long_timeout(tcp, c);
	else if (c->coarse_deadline != PLX_TIME_NEVER && is_far(tcp, c->coarse_deadline))
		timer_arm(tcp->coarse, conn_index(tcp, c), c->coarse_deadline);
}

// The coarse wheel is a tick early.
static void on_coarse(struct tcp *tcp, struct tcp_conn *c)
{
	if (!has_long_deadline(c))
		return;
	look_at_long_deadline(tcp, c);
	if (!conn_has(c, CONN_ENDED))
		timers_update(tcp, c);
}

static void expire_fine(struct tcp *tcp, struct tcp_conn *c)
{
	c->fine_armed = PLX_TIME_NEVER;
	if (has_long_deadline(c))
		look_at_long_deadline(tcp, c);
	if (time_is_due(c->ack_deadline, tcp->now))
		delayed_ack_on_timeout(tcp, c);
	if (time_is_due(c->rto_deadline, tcp->now))
		retransmit_on_timeout(tcp, c);
	else if (time_is_due(tail_probe_at(tcp, c), tcp->now))
		tail_probe_begin(tcp, c);
	if (c->is_paced && c->queue.unsent != INDEX_NONE)
		conn_wants_output(tcp, c);
	if (!conn_has(c, CONN_ENDED))
		timers_update(tcp, c);
}

void timers_expire(struct tcp *tcp)
{
	uint32_t fired[EXPIRE_BATCH];
	unsigned n;
	unsigned total = 0;

	do {
		n = timer_wheel_expire_early(tcp->coarse, tcp->now, TIMERS_COARSE_TICK, fired,
					     EXPIRE_BATCH);
		for (unsigned i = 0; i < n; i++)
			on_coarse(tcp, conn_at(tcp, fired[i]));
		total += n;
	} while (n == EXPIRE_BATCH && total < EXPIRE_MAX);
	total = 0;
	do {
		n = timer_wheel_expire(tcp->fine, tcp->now, fired, EXPIRE_BATCH);
		for (unsigned i = 0; i < n; i++)
			expire_fine(tcp, conn_at(tcp, fired[i]));
		total += n;
	} while (n == EXPIRE_BATCH && total < EXPIRE_MAX);
	half_open_expire(tcp, EXPIRE_MAX);
	time_wait_expire(tcp, EXPIRE_MAX);
}

plx_time timers_next(const struct tcp *tcp)
{
	plx_time next = timer_wheel_next(tcp->fine);

	// The coarse wheel is polled one tick ahead of its deadlines.
	next = time_min(next, time_subtract(timer_wheel_next(tcp->coarse), TIMERS_COARSE_TICK));
	next = time_min(next, half_open_next(tcp));
	return time_min(next, time_wait_next(tcp));
}

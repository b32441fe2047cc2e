// SPDX-License-Identifier: BSD-3-Clause
//
// When data that arrived is acknowledged (RFC 9293 3.8.6.3, RFC 5681 4.2): with every second segment, within
// the delay at the latest, at once for whatever is out of order, repeated, or fills a gap.
// Called by tcp/receive and tcp/input for arrivals, by tcp/output to decide, by tcp/timers on expiry.
#ifndef TCP_DELAYED_ACK_H
#define TCP_DELAYED_ACK_H

#include "tcp/connections.h"
#include "tcp/overdue_ack.h"

// An in-order segment has come for `c`, whose index is `idx`; those that come before one plx_output() share
// an acknowledgement.
static inline void delayed_ack_on_segment(struct tcp *tcp, struct tcp_conn *c, uint32_t idx)
{
	if (unlikely(tcp->overdue.is_late) && overdue_ack_on_segment(tcp, c))
		return;
	if (c->ack_segs < UINT8_MAX)
		c->ack_segs++;
	// What was owed for the gap before is covered by the one acknowledgement of this segment.
	if (c->acks_owed > 0) {
		c->acks_owed = 0;
		c->flags |= CONN_ACK_NOW;
	}
	conn_wants_output_at(tcp, c, idx);
}

// A segment that is out of order or repeated owes an acknowledgement of its own; what came in order
// before it is acknowledged first, so that the sender counts duplicates right.
static inline void delayed_ack_owe(struct tcp *tcp, struct tcp_conn *c)
{
	if (c->ack_segs > 0 && c->acks_owed == 0)
		c->acks_owed++;
	if (c->acks_owed < UINT8_MAX)
		c->acks_owed++;
	conn_wants_output(tcp, c);
}

// An acknowledgement that does not wait: FIN, gap filled, window update.
static inline void delayed_ack_at_once(struct tcp *tcp, struct tcp_conn *c)
{
	c->flags |= CONN_ACK_NOW;
	conn_wants_output(tcp, c);
}

// Has the time come, with what has arrived by now?
static inline bool delayed_ack_is_due(const struct tcp *tcp, const struct tcp_conn *c)
{
	if (conn_has(c, CONN_ACK_NOW))
		return true;
	return c->ack_segs > 0
		&& (c->ack_segs >= conn_option(tcp, c, PLX_OPTION_DELAYED_ACK_SEGMENTS)
		    || conn_option(tcp, c, PLX_OPTION_DELAYED_ACK) == 0);
}

// Nothing carried the acknowledgement: the delay begins, unless it runs already.
static inline void delayed_ack_wait(const struct tcp *tcp, struct tcp_conn *c)
{
	if (c->ack_segs > 0 && c->ack_deadline == PLX_TIME_NEVER)
		c->ack_deadline = time_add(
			tcp->now, (plx_duration)conn_option(tcp, c, PLX_OPTION_DELAYED_ACK_TIME));
}

static inline void delayed_ack_on_timeout(struct tcp *tcp, struct tcp_conn *c)
{
	c->ack_deadline = PLX_TIME_NEVER;
	delayed_ack_at_once(tcp, c);
}

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 7323: our timestamp clock of one millisecond, TS.Recent, and protection against wrapped sequence
// numbers (PAWS).
// Called by tcp/input for every segment with the option, by tcp/segment_tx for every one sent.
#ifndef TCP_TIMESTAMPS_H
#define TCP_TIMESTAMPS_H

#include "tcp/segment.h"
#include "tcp/tcp.h"

// RFC 7323 5.5: a TS.Recent that has been idle for 24 days proves nothing.
#define TIMESTAMP_VALID_UNITS (24u * 24 * 3600 / TIMESTAMP_AGE_UNIT_S)

// TSval of what is sent then, by a connection whose timestamps are moved by `offset` (RFC 7323 5.4).
static inline uint32_t timestamp_at(plx_time when, uint32_t offset)
{
	return (uint32_t)duration_to_ms(when) + offset;
}

// TSval now, of a connection whose timestamps are moved by `offset` (RFC 7323 5.4).
static inline uint32_t timestamp_now(const struct tcp *tcp, uint32_t offset)
{
	return tcp->now_ms + offset;
}

static inline uint16_t timestamp_age_clock(const struct tcp *tcp)
{
	return tcp->now_age;
}

// RFC 7323 5.3 R1: true when the segment's timestamp is older than TS.Recent and that is still valid.
static inline bool timestamp_is_old(const struct tcp *tcp, uint32_t ts_val, uint32_t ts_recent,
				    uint16_t ts_recent_age)
{
	return seq_is_before(ts_val, ts_recent)
		&& (uint16_t)(timestamp_age_clock(tcp) - ts_recent_age) < TIMESTAMP_VALID_UNITS;
}

// RFC 7323 3.2: once agreed on, every segment but a RST has the option. A SYN without it may come of a peer
// that was started anew, and is challenged.
static inline bool timestamp_is_missing(const struct tcp_conn *c, const struct segment *seg)
{
	return conn_has(c, CONN_TIMESTAMPS) && !seg->tcp.options.has_timestamps
		&& !segment_has(seg, TCP_RST | TCP_SYN);
}

// RFC 7323 4.3 (2): TS.Recent follows the segment that covers Last.ACK.sent. While an acknowledgement
// is pending, Last.ACK.sent lies before RCV.NXT, and the timestamp to echo is that of the first segment.
// For one that has a timestamp, begins at or before RCV.NXT and is known not to be old.
static inline void timestamp_on_predicted(const struct tcp *tcp, struct tcp_conn *c,
					  const struct segment *seg)
{
	if (c->ack_segs == 0 && conn_has(c, CONN_TIMESTAMPS)) {
		c->ts_recent = seg->tcp.options.ts_val;
		c->ts_recent_age = timestamp_age_clock(tcp);
	}
}

// The same for any segment.
static inline void timestamp_on_segment(const struct tcp *tcp, struct tcp_conn *c,
					const struct segment *seg)
{
	if (seg->tcp.options.has_timestamps && seq_is_at_or_before(seg->tcp.seq, c->rcv.nxt)
	    && !timestamp_is_old(tcp, seg->tcp.options.ts_val, c->ts_recent, c->ts_recent_age))
		timestamp_on_predicted(tcp, c, seg);
}

#endif

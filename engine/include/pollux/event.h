/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the engine tells the application: at most one event per connection and plx_poll(),
 * with everything that happened since the last one in its mask.
 * Given out by plx_poll() in phase 3; RFC 9293 3.9.1 names most of the occasions.
 */
#ifndef POLLUX_EVENT_H
#define POLLUX_EVENT_H

#include <pollux/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum plx_event_mask {
	/** A listener has a new established connection: `conn` is the new one, `user` the listener's. */
	PLX_EVENT_ACCEPTED = 1u << 0,
	/** plx_connect() has succeeded. */
	PLX_EVENT_CONNECTED = 1u << 1,
	/** There is more to read than before. */
	PLX_EVENT_READABLE = 1u << 2,
	/** The send buffer has room again after a plx_send() that could not take everything. */
	PLX_EVENT_WRITABLE = 1u << 3,
	/** The peer's FIN has arrived; what was sent before it can still be read. */
	PLX_EVENT_PEER_CLOSED = 1u << 4,
	/** Urgent data has arrived or moved (RFC 6093); see urgent_bytes of plx_get_info(). */
	PLX_EVENT_URGENT = 1u << 5,
	/** Retransmissions pass R1, or an ICMP error came (RFC 9293 MUST-47); `error` names it, the connection lives. */
	PLX_EVENT_SOFT_ERROR = 1u << 6,
	/** Buffers given with a cookie are free again; fetch them with plx_sent(). */
	PLX_EVENT_SENT = 1u << 7,
	/**
	 * The last event: the connection has ended in order; the handle is stale now. That may be before
	 * plx_close(): when both FINs are acknowledged and all was read it comes with the next plx_poll().
	 */
	PLX_EVENT_CLOSED = 1u << 8,
	/** The last event: the connection has ended by `error`; the handle is stale now. */
	PLX_EVENT_FAILED = 1u << 9,
};

/**
 * One event. `error` is 0 or a negative errno value: -ECONNREFUSED, -ECONNRESET, -ETIMEDOUT,
 * -EHOSTUNREACH, -ENETUNREACH, -ECONNABORTED (by ourselves) or -ENOBUFS; with SOFT_ERROR also
 * -EPROTO (an ICMP error of another kind).
 * Exactly one of CLOSED and FAILED comes for every connection whose handle was given out, as
 * its last event, and only then may what `user` points to be freed. A layer of blocking calls answers reads after
 * CLOSED with the end of the stream, after FAILED with `error`.
 */
struct plx_event {
	plx_conn conn;
	void *user;
	uint32_t mask;
	int32_t error;
};

#ifdef __cplusplus
}
#endif

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// What we let the peer send: the window field, its scaling, the MSS we announce. The right edge never
// moves left (RFC 9293 3.8.6), and only moves right by steps worth a segment (3.8.6.2.2).
// Called by tcp/segment_tx for every segment sent, by tcp/receive when the user has read.
#ifndef TCP_RECV_WINDOW_H
#define TCP_RECV_WINDOW_H

#include "base/min.h"
#include "tcp/recv_tuning.h"
#include "tcp/seq.h"

// What the buffer has room for, or as much of it as the field can say (RFC 7323 2.2).
static inline uint32_t recv_window_room(const struct tcp_conn *c, uint32_t buffer)
{
	// What will never be read takes no room.
	uint32_t used = conn_has(c, CONN_READ_SHUT | CONN_USER_CLOSED) ? 0 : c->rcv_bytes;
	uint32_t room = buffer > used ? buffer - used : 0;

	return min_u32(room, (uint32_t)UINT16_MAX << c->rcv_wscale);
}

// The window field of a segment that goes out now; moves rcv.adv.
static inline uint16_t recv_window_announce(struct tcp *tcp, struct tcp_conn *c)
{
	uint32_t buffer = recv_tuning_buffer(tcp, c);
	uint32_t granted = conn_rcv_wnd(c);
	uint32_t room = recv_window_room(c, buffer);
	uint32_t window = granted;
	uint32_t field;

	// RFC 9293 3.8.6.2.2: the edge moves by min(buffer / 2, MSS) or not at all. Under memory
	// pressure it does not move.
	if (room > granted && room - granted >= min_u32(buffer / 2, c->mss)
	    && tcp->mbufs_free > tcp->mbuf_floor)
		window = room;
	field = window >> c->rcv_wscale;
	// Rounded up where rounding down would take back what was granted, as long as the buffer is overrun
	// by less than one unit.
	if (field << c->rcv_wscale < granted && field << c->rcv_wscale < room && field < UINT16_MAX)
		field++;
	assert(field <= UINT16_MAX);
	c->rcv.adv = seq_max(c->rcv.adv, c->rcv.nxt + (field << c->rcv_wscale));
	return (uint16_t)field;
}

// The window field of a segment after the peer's last one: what was granted, none of it taken back.
static inline uint16_t recv_window_granted(const struct tcp_conn *c)
{
	return (uint16_t)((conn_rcv_wnd(c) + (1u << c->rcv_wscale) - 1) >> c->rcv_wscale);
}

// The same as recv_window_announce() for SYN and SYN+ACK, whose field is never scaled (RFC 7323 2.2).
uint16_t recv_window_announce_syn(struct tcp *tcp, struct tcp_conn *c);

// Has reading made so much room that the peer should be told? Two segments or half the buffer, and at least
// twice what the peer still has: small reads from a wide window cause no segment of their own.
static inline bool recv_window_is_worth_update(const struct tcp *tcp, const struct tcp_conn *c)
{
	uint32_t buffer = recv_tuning_buffer(tcp, c);
	uint32_t granted = conn_rcv_wnd(c);
	uint32_t room;

	if (likely(granted > buffer / 2))
		return false;
	room = recv_window_room(c, buffer);
	return room > granted && room - granted >= min_u32(buffer / 2, 2u * c->mss)
		&& room >= 2 * (uint64_t)granted
		&& !conn_has(c, CONN_FIN_RECEIVED); // nothing will come
}

// The smallest shift with which a buffer's window fits the field (RFC 7323 2.3).
uint8_t recv_window_scale_for(uint32_t buffer_bytes);

// The MSS that SYN and SYN+ACK announce (RFC 9293 3.7.1, RFC 6691: options are not taken off).
uint16_t recv_window_mss(const struct tcp *tcp, uint16_t profile, bool is_ipv6);

// Effective send MSS (RFC 9293 3.7.1): from what the peer announced, our MTU and the options of data
// segments.
uint16_t send_mss_of(const struct tcp *tcp, const struct tcp_conn *c);

#endif

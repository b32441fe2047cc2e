// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.8.6: the receive window. rcv.adv, the right edge, is the largest ever announced: segments are
// accepted up to it even when scaling has rounded a later field down (RFC 7323 2.4).
// Called by tcp/segment_tx, tcp/receive, tcp/user.
#include "tcp/recv_window.h"

#include "base/min.h"
#include "net/ip_output.h"
#include "tcp/recv_tuning.h"
#include "tcp/seq.h"
#include "wire/tcp.h"

enum {
	MSS_BELIEVED_MIN = 64,
	FIELD_BITS = 16,
};

static inline uint32_t room_in(const struct tcp_conn *c, uint32_t buffer)
{
	// What will never be read takes no room.
	uint32_t used = conn_has(c, CONN_READ_SHUT | CONN_USER_CLOSED) ? 0 : c->rcv_bytes;
	uint32_t room = buffer > used ? buffer - used : 0;

	// Nor is there more than the field can say (RFC 7323 2.2).
	return min_u32(room, (uint32_t)UINT16_MAX << c->rcv_wscale);
}

// A window in units of its scale. Rounded up where rounding down would take back what was granted, as
// long as the buffer is overrun by less than one unit.
static uint32_t to_field(uint32_t window, uint32_t granted, uint32_t room, unsigned scale)
{
	uint32_t unit = UINT32_C(1) << scale;
	uint32_t field = window >> scale;

	if (field << scale < granted && ((uint64_t)(field + 1) << scale) < (uint64_t)room + unit)
		field++;
	return min_u32(field, UINT16_MAX);
}

uint16_t recv_window_announce(struct tcp *tcp, struct tcp_conn *c)
{
	uint32_t buffer = recv_tuning_buffer(tcp, c);
	uint32_t granted = conn_rcv_wnd(c);
	uint32_t room = room_in(c, buffer);
	uint32_t window = granted;
	uint32_t field;

	// RFC 9293 3.8.6.2.2: the edge moves by min(buffer / 2, MSS) or not at all. Under memory
	// pressure it does not move.
	if (room > granted && room - granted >= min_u32(buffer / 2, c->mss)
	    && tcp->mbufs_free > tcp->mbuf_floor)
		window = room;
	field = to_field(window, granted, room, c->rcv_wscale);
	c->rcv.adv = seq_max(c->rcv.adv, c->rcv.nxt + (field << c->rcv_wscale));
	return (uint16_t)field;
}

uint16_t recv_window_announce_syn(struct tcp *tcp, struct tcp_conn *c)
{
	uint32_t window = min_u32(room_in(c, recv_tuning_buffer(tcp, c)), UINT16_MAX);

	c->rcv.adv = c->rcv.nxt + window;
	return (uint16_t)window;
}

bool recv_window_is_worth_update(const struct tcp *tcp, const struct tcp_conn *c)
{
	uint32_t buffer = recv_tuning_buffer(tcp, c);
	uint32_t granted = conn_rcv_wnd(c);
	uint32_t room;

	// Two segments or half the buffer, and at least twice what the peer still has: small reads from a
	// wide window cause no segment of their own.
	if (granted > buffer / 2)
		return false;
	room = room_in(c, buffer);
	return room > granted && room - granted >= min_u32(buffer / 2, 2u * c->mss)
		&& room >= 2 * (uint64_t)granted
		&& !conn_has(c, CONN_FIN_RECEIVED); // nothing will come
}

uint8_t recv_window_scale_for(uint32_t buffer_bytes)
{
	unsigned bits = 32 - (unsigned)__builtin_clz(buffer_bytes | 1);
	unsigned scale = bits > FIELD_BITS ? bits - FIELD_BITS : 0;

	return (uint8_t)(scale < TCP_WINDOW_SCALE_MAX ? scale : TCP_WINDOW_SCALE_MAX);
}

uint16_t recv_window_mss(const struct tcp *tcp, uint16_t profile, bool is_ipv6)
{
	uint32_t mss = tcp->config.mtu_bytes - (uint32_t)ip_header_bytes(!is_ipv6)
		- TCP_HEADER_BYTES;
	int64_t limit = option_profile_value(&tcp->profiles, profile, PLX_OPTION_MAX_SEGMENT);

	return (uint16_t)(limit > 0 && limit < mss ? limit : mss);
}

uint16_t send_mss_of(const struct tcp *tcp, const struct tcp_conn *c)
{
	uint32_t ours = recv_window_mss(tcp, c->profile, conn_is_ipv6(c));
	uint32_t mss = min_u32(ours, c->peer_mss);
	uint32_t options = conn_has(c, CONN_TIMESTAMPS) ? TCP_TIMESTAMP_BYTES : 0;

	// DEVIATION MUST-16: a segment costs a record each, so a peer's MSS far below what every host must take
	// (RFC 1122 3.3.2) is not believed.
	if (mss < MSS_BELIEVED_MIN)
		mss = min_u32(ours, MSS_BELIEVED_MIN);
	return (uint16_t)(mss > options + 1 ? mss - options : 1);
}

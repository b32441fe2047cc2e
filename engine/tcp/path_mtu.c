// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 1191 and RFC 8201 with the floors of RFC 5927 7.2, and for paths on which no ICMP comes back the
// fallback of RFC 4821's idea: a large segment that was lost many times in a row is sent again in pieces that
// pass everywhere, of 1280 bytes, for IPv4 at last of 576. What was lowered stays so for the connection.
// Called by tcp/icmp_error and tcp/retransmit.
#include "tcp/path_mtu.h"

#include "net/ip_output.h"
#include "tcp/connections.h"
#include "wire/tcp.h"

enum {
	FLOOR_IPV4 = 552,
	FLOOR_IPV6 = 1280,
	UNNAMED_IPV4 = 576, // from routers before RFC 1191
	SAFE = 1280,	    // what tunnels and IPv6 links carry
	SAFE_IPV4 = 576,    // what every host takes (RFC 9293 3.7.1)
	// Retransmissions in vain that are an outage rather than a black hole: 12 s at the least timeout.
	SUSPICION = 6,
	STRONG_SUSPICION = 8,
};

// True when that makes segments smaller.
static bool lower(struct tcp_conn *c, uint32_t mtu_bytes)
{
	uint32_t headers = (uint32_t)ip_header_bytes(!conn_is_ipv6(c)) + TCP_HEADER_BYTES
		+ (conn_has(c, CONN_TIMESTAMPS) ? TCP_TIMESTAMP_BYTES : 0);

	if (mtu_bytes - headers >= c->mss)
		return false;
	c->mss = (uint16_t)(mtu_bytes - headers);
	return true;
}

void path_mtu_on_too_big(struct tcp *tcp, struct tcp_conn *c, uint16_t mtu_bytes)
{
	uint32_t floor = conn_is_ipv6(c) ? FLOOR_IPV6 : FLOOR_IPV4;
	uint32_t mtu = mtu_bytes == 0 ? UNNAMED_IPV4 : mtu_bytes;

	if (!conn_is_synchronized(c) || !lower(c, mtu < floor ? floor : mtu))
		return;
	c->rtx = c->snd.una; // what was too big goes again, in smaller pieces
	// That it was lost is certain.
	c->flags &= ~(CONN_FRTO | CONN_FRTO_NEW | CONN_TAIL_PROBE);
	if (conn_has(c, CONN_LOSS | CONN_RECOVERY)) {
		c->loss.pipe_prev = 0;
		c->loss.unacked = conn_unacked(c);
	}
	conn_wants_output(tcp, c);
}

void path_mtu_on_silence(struct tcp *tcp, struct tcp_conn *c)
{
	bool is_strong = c->backoff > STRONG_SUSPICION && !conn_is_ipv6(c);

	uint32_t mtu = is_strong ? SAFE_IPV4 : SAFE;

	// What is small passes anywhere: then it is an outage.
	if (c->backoff > SUSPICION && conn_unacked(c) > mtu && lower(c, mtu))
		tcp_count(tcp, PLX_COUNTER_TCP_BLACK_HOLES);
}

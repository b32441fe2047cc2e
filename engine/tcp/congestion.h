// SPDX-License-Identifier: BSD-3-Clause
//
// Congestion control as a table of functions (RFC 5681, RFC 9743 for what may stand in it), chosen per
// connection by index. An algorithm sets cwnd and ssthresh and keeps its own state in the connection.
// Called by tcp/ack, tcp/recovery and tcp/retransmit; nobody else writes cwnd outside recovery.
#ifndef TCP_CONGESTION_H
#define TCP_CONGESTION_H

#include "tcp/ack.h"
#include "tcp/conn.h"

struct congestion_ops {
	const char *name;
	// The handshake is over: cwnd is the initial window (RFC 6928).
	void (*init)(struct tcp_conn *c);
	// New data was acknowledged outside of recovery.
	void (*on_ack)(struct tcp_conn *c, const struct ack_news *news);
	// A loss was seen with so much in flight: the new ssthresh (RFC 5681 equation 4).
	uint32_t (*ssthresh)(struct tcp_conn *c, uint32_t flight_bytes);
	// Is cwnd held where it is, whatever happens?
	bool is_fixed;
};

enum congestion_index { CONGESTION_NEWRENO, CONGESTION_FIXED, CONGESTION_COUNT };

extern const struct congestion_ops congestion_newreno;
extern const struct congestion_ops congestion_fixed;

const struct congestion_ops *congestion_of(const struct tcp_conn *c);

// Sets the initial window, of `segments` full ones (RFC 6928 2), and lets the algorithm begin.
void congestion_begin(struct tcp_conn *c, uint32_t segments);

// RFC 5681 4.1: after an idle time longer than the RTO cwnd falls back to the initial window.
void congestion_on_idle(struct tcp_conn *c, uint32_t segments);

// RFC 5681 3.1: a retransmission timeout, the first for this data when `is_first`.
void congestion_on_timeout(struct tcp_conn *c, bool is_first);

#endif

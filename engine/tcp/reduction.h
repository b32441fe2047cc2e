// SPDX-License-Identifier: BSD-3-Clause
//
// Proportional rate reduction (RFC 6937) without SACK: while the window comes down to ssthresh, sending follows
// delivery in proportion instead of stopping for half a round trip. A duplicate says that a segment was
// delivered, an advance says the rest.
// Called by tcp/recovery for losses, tcp/ecn and tcp/tail_probe where there is nothing to repair; tcp/output_turn
// tells what was sent.
#ifndef TCP_REDUCTION_H
#define TCP_REDUCTION_H

#include "tcp/conn.h"

// How many bytes duplicates say are at the peer. While nothing is repaired as many segments count as limited
// transmit replaces (RFC 3042), and one at least is still out.
static inline uint32_t reduction_held(const struct tcp_conn *c)
{
	uint32_t held = (uint32_t)c->dupacks * c->mss;
	uint32_t most = (c->reordering - 1u) * c->mss;

	return conn_has(c, CONN_RECOVERY) || held < most ? held : most;
}

// What is thought to be in the network.
static inline uint32_t reduction_pipe(const struct tcp_conn *c)
{
	uint32_t flight = conn_flight(c);
	uint32_t held;

	if (c->dupacks == 0)
		return flight;
	held = reduction_held(c);
	return flight > held + c->mss ? flight - held : flight < c->mss ? flight : c->mss;
}

// The window is to come down from what is in flight to `ssthresh`.
void reduction_begin(struct tcp_conn *c, uint32_t ssthresh);

// ssthresh after a loss with so much in flight, as the congestion control has it.
uint32_t reduction_for_loss(struct tcp_conn *c, uint32_t flight_bytes);

// So much more was delivered, as far as an acknowledgement tells: cwnd is what is in the network and what may
// follow it now.
void reduction_on_delivered(struct tcp_conn *c, uint32_t delivered_bytes);

// So much was sent, new or again.
static inline void reduction_on_sent(struct tcp_conn *c, uint32_t len_bytes)
{
	if (conn_has(c, CONN_RECOVERY | CONN_CWR))
		c->loss.out += len_bytes;
}

// A reduction with nothing left to repair, until all that is in flight now is acknowledged.
void reduction_without_repair(struct tcp_conn *c, uint32_t flight_bytes);

// SND.UNA has moved by `acked_bytes` while that goes on.
void reduction_on_ack(struct tcp_conn *c, uint32_t acked_bytes);

// It is over: cwnd is ssthresh; after a loss less, where that would be a great burst (RFC 6582 3.2 step 3).
void reduction_end(struct tcp_conn *c);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.10.7.4 fifth, the ACK field of a synchronized connection: what it acknowledges is freed, the
// window follows, and what it told travels on as a value to estimator, congestion control and recovery.
// Called by tcp/input and tcp/input_fast.
#ifndef TCP_ACK_H
#define TCP_ACK_H

#include <pollux/types.h>

struct segment;
struct tcp;
struct tcp_conn;

// What one acknowledgement told us.
struct ack_news {
	plx_time now;
	uint32_t acked_bytes;	// FIN and SYN count, as everywhere in sequence space
	uint32_t flight_before; // conn_flight(); after a timeout what was sent again since
	bool was_cwnd_limited;	// the window was in use when it came
	bool has_mark;		// ECE of RFC 3168
	uint8_t timeouts;	// of what it acknowledges, in a row
	bool has_rtt;		// a sample that Karn would take, or that timestamps prove
	plx_duration rtt; // since the oldest record that it frees was last sent; 0 without one
	bool has_ts_ecr;  // RFC 7323
	uint32_t ts_ecr;
	bool is_answer_to_resent; // that record was sent again, and it came for the last time, not for one before
};

enum ack_answer {
	ACK_ACCEPTABLE, // go on with the segment
	ACK_OLD,	// RFC 5961 5: too old; challenge
	ACK_FUTURE,	// acknowledges what was never sent; challenge
};

// SND.UNA - MAX.SND.WND =< SEG.ACK =< SND.NXT (RFC 5961 5.2).
enum ack_answer ack_check(const struct tcp_conn *c, uint32_t ack);

// Acts on an acceptable one. The connection may have ended afterwards (LAST_ACK).
void ack_process(struct tcp *tcp, struct tcp_conn *c, struct segment *seg);

// SND.UNA =< SEG.ACK for the first time at the end of a handshake: SND.WND, WL1, WL2, the effective MSS
// and the initial congestion window begin.
void ack_begin(struct tcp *tcp, struct tcp_conn *c, const struct segment *seg);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// Pacing: new data leaves at the rate of the window per round trip, and a little more, instead of in the bursts in
// which acknowledgements come. Half a millisecond's worth goes at a time, so that timers stay few.
// Called by tcp/output for what may be sent, tcp/timers for when it may.
#ifndef TCP_PACING_H
#define TCP_PACING_H

#include "tcp/tcp.h"

// Must new data wait?
bool pacing_holds(const struct tcp *tcp, const struct tcp_conn *c);

// How many segments of so many bytes may follow one another until it must, when it need not now.
uint32_t pacing_segments(const struct tcp *tcp, const struct tcp_conn *c, uint32_t segment_bytes);

// So much new data was sent.
void pacing_on_sent(const struct tcp *tcp, struct tcp_conn *c, uint32_t len_bytes);

// When it may go on; PLX_TIME_NEVER when nothing waits for that.
plx_time pacing_until(const struct tcp *tcp, const struct tcp_conn *c);

// The rate in bytes per second; 0: as fast as windows allow.
uint64_t pacing_rate(const struct tcp_conn *c);

#endif

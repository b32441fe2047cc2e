// SPDX-License-Identifier: BSD-3-Clause
//
// When the last of what was sent is lost, no duplicates tell of it. After two round trips of silence a probe goes
// out, long before the timeout: new data if there is any, else the first unacknowledged segment, which
// without SACK is the one whose arrival the peer can tell of (RFC 8985 7, in its spirit). Within a recovery it
// repeats the retransmission whose answer is overdue.
// Called by tcp/timers for the time, tcp/output to send it, tcp/ack for its answer.
#ifndef TCP_TAIL_PROBE_H
#define TCP_TAIL_PROBE_H

#include "tcp/ack.h"
#include "tcp/tcp.h"

// When a probe is due; PLX_TIME_NEVER when none is, or the timeout comes first.
plx_time tail_probe_at(const struct tcp *tcp, const struct tcp_conn *c);

// It is due: the next output sends it.
void tail_probe_begin(struct tcp *tcp, struct tcp_conn *c);

// It was sent, and was nothing new if `is_resent`.
void tail_probe_on_sent(struct tcp *tcp, struct tcp_conn *c, bool is_resent);

// SND.UNA has moved: is the probe answered, and what was it that it told? True when that settles what this
// acknowledgement means to the window.
bool tail_probe_on_ack(struct tcp *tcp, struct tcp_conn *c, const struct ack_news *news);

#endif

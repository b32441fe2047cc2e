// SPDX-License-Identifier: BSD-3-Clause
//
// Was the retransmission needed? By timestamps (Eifel, RFC 3522), or without them by the order of acknowledgements
// after a timeout (F-RTO, RFC 5682 2.1). If it was not, the window and
// what was sent are as before (RFC 4015), and the path is known to reorder or to delay.
// Called by tcp/ack, tcp/recovery, tcp/retransmit.
#ifndef TCP_SPURIOUS_H
#define TCP_SPURIOUS_H

#include "tcp/ack.h"
#include "tcp/tcp.h"

// A retransmission follows, the first for what is in flight; `ssthresh` is what it was before.
void spurious_begin(struct tcp *tcp, struct tcp_conn *c, uint32_t ssthresh);

// SND.UNA has moved. True when that settles what this acknowledgement means to the window.
bool spurious_on_ack(struct tcp *tcp, struct tcp_conn *c, const struct ack_news *news);

// A duplicate: what F-RTO waited for, if it did, is real. True when it was the second answer.
bool spurious_on_duplicate(struct tcp *tcp, struct tcp_conn *c);

#endif

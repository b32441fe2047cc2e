// SPDX-License-Identifier: BSD-3-Clause
//
// The persist timer and zero-window probes (RFC 9293 3.8.6.1, RFC 1122 4.2.2.17): the peer has closed its
// window and nothing is in flight that would make it speak again.
// Called by tcp/output when it can send nothing, tcp/ack on every acknowledgement, tcp/retransmit on expiry.
#ifndef TCP_PERSIST_H
#define TCP_PERSIST_H

#include "tcp/tcp.h"

void persist_begin(struct tcp *tcp, struct tcp_conn *c);

// Still shut, or open again: then what the probe carried is sent again at once. `is_news`: SND.UNA or the window
// has changed.
void persist_on_ack(struct tcp *tcp, struct tcp_conn *c, bool is_news);

void persist_on_timeout(struct tcp *tcp, struct tcp_conn *c);

#endif

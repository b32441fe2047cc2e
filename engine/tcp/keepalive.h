// SPDX-License-Identifier: BSD-3-Clause
//
// Keep-alive probes (RFC 9293 3.8.4): off unless asked for, sent only when nothing was heard for the idle time and
// nothing of ours is outstanding. The deadline is the connection's long one; hearing something moves it by a
// store, and only for connections that want them.
// Called by tcp/input and tcp/input_fast for what is heard, by tcp/timers on expiry, by tcp/user for options.
#ifndef TCP_KEEPALIVE_H
#define TCP_KEEPALIVE_H

#include "tcp/tcp.h"

// Begins where the option asks for it: the connection is established and its user knows it.
void keepalive_begin(struct tcp *tcp, struct tcp_conn *c);

// The long deadline is needed for something else.
void keepalive_end(struct tcp_conn *c);

// KEEPALIVE or KEEPALIVE_IDLE was set; `idle_before` is what the idle time was. The time since something was
// heard counts on.
void keepalive_on_option(struct tcp *tcp, struct tcp_conn *c, plx_duration idle_before);

// The idle time, or the interval after a probe, is over.
void keepalive_on_timeout(struct tcp *tcp, struct tcp_conn *c);

void keepalive_restart(struct tcp *tcp, struct tcp_conn *c);

// A segment that belongs to the connection has arrived.
static inline void keepalive_on_heard(struct tcp *tcp, struct tcp_conn *c)
{
	if (__builtin_expect(conn_has(c, CONN_KEEPALIVE), 0))
		keepalive_restart(tcp, c);
}

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// The timers of a connection on the two wheels of a stack: retransmission, persist and delayed ACK on the
// fine one, long waits on the coarse one, which hands over to the fine one before they are due.
// Deadlines live in the connection; the wheel knows one that is never later. So a restart is a store.
// Called by tcp/output and the rooms whose deadlines move; expiry by stack/ in phase 2.
#ifndef TCP_TIMERS_H
#define TCP_TIMERS_H

#include "tcp/tcp.h"

// The fine wheel ticks every 0.26 ms, the coarse one about every second.
#define TIMERS_FINE_TICK (UINT64_C(1) << 18)
#define TIMERS_COARSE_TICK (UINT64_C(1) << 30)

// Makes sure that the fine wheel fires no later than the connection's earliest deadline.
void timers_update(struct tcp *tcp, struct tcp_conn *c);

// Sets the long deadline (keep-alive, FIN_WAIT_2, TIME_WAIT); PLX_TIME_NEVER clears it.
void timers_set_long(struct tcp *tcp, struct tcp_conn *c, plx_time deadline);

// Disarms everything.
void timers_stop(struct tcp *tcp, struct tcp_conn *c);

// Phase 2: runs what is due.
void timers_expire(struct tcp *tcp);

// Never later than the first deadline of connections, half-open and TIME_WAIT entries.
plx_time timers_next(const struct tcp *tcp);

#endif

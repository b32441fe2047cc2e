// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.8.6.3 (MUST-40): an acknowledgement is not kept longer than half a second, whatever it waits for. One
// that would ride on data waits for its connection's turn in the output list, which may be as long as there are
// connections; a peer whose least timeout is 200 ms would send again what has arrived.
// Called by stack/ from plx_output(), before the list is served; tcp/connections counts what comes and goes.
#ifndef TCP_OVERDUE_ACK_H
#define TCP_OVERDUE_ACK_H

#include "tcp/segment_tx.h"
#include "tcp/tcp.h"

// Sends the acknowledgements of connections that have stood in the output list for 60 to 80 ms, ahead of their
// turn, in three quarters of what room the burst has, rounded up. Once while they stand there: what comes to be owed
// after that waits for the turn.
void overdue_ack_run(struct tcp *tcp, struct tx_burst *burst);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.8.6.3 (MUST-40): an acknowledgement is not kept longer than half a second, whatever it waits for. One
// that would ride on data waits for its connection's turn in the output list, which may be as long as there are
// connections; a peer whose least timeout is 200 ms would send again what has arrived.
// Called by stack/ from plx_output(), before the list is served, and by tcp/delayed_ack; tcp/output_list counts what
// comes and goes.
#ifndef TCP_OVERDUE_ACK_H
#define TCP_OVERDUE_ACK_H

#include "tcp/segment_tx.h"
#include "tcp/tcp.h"

// Sends the acknowledgements of connections that have stood in the output list for 60 to 80 ms, ahead of their
// turn, in three quarters of what room the burst has, rounded up. Each is looked at once while it stands there.
void overdue_ack_run(struct tcp *tcp, struct tx_burst *burst);

// For delayed_ack_on_segment() where the list is late: a segment in order has come for a connection that stands in it
// and owed nothing so far, so that it may have been looked at. True: the acknowledgement has gone to the answer queue.
bool overdue_ack_on_segment(struct tcp *tcp, struct tcp_conn *c);

#endif

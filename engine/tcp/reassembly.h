// SPDX-License-Identifier: BSD-3-Clause
//
// Segments that came before their turn (RFC 9293 3.10.7.4, SHLD-31): sorted, without overlaps, bounded by
// the memory they pin. The in-order queue takes over what a gap's filling connects.
// Called by tcp/input.
#ifndef TCP_REASSEMBLY_H
#define TCP_REASSEMBLY_H

#include "tcp/segment.h"
#include "tcp/tcp.h"

// Keeps what is new of the segment's text and FIN, all within the window. False and a reason in seg->drop
// when nothing is kept: it was there already, or the bound is reached.
bool reassembly_insert(struct tcp *tcp, struct tcp_conn *c, struct segment *seg);

// Moves what rcv.nxt has reached to the in-order queue. True when a FIN is next.
bool reassembly_deliver(struct tcp *tcp, struct tcp_conn *c);

static inline bool reassembly_is_empty(const struct tcp_conn *c)
{
	return !conn_has(c, CONN_OUT_OF_ORDER);
}

void reassembly_clear(struct tcp_conn *c);

#endif

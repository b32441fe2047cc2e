// SPDX-License-Identifier: BSD-3-Clause
//
// The life of control blocks: made, entered in the flow table, put on the ready and output lists, ended
// with exactly one last event, given back when the last list has let go of them.
// Called by every room of tcp/ that begins or ends a connection, and by stack/ for the lists.
#ifndef TCP_CONNECTIONS_H
#define TCP_CONNECTIONS_H

#include <pollux/event.h>

#include "tcp/tcp.h"

// A block in CLOSED with this key, all else zero or at its beginning, known to the flow table when
// `is_listed`; the caller enters it otherwise. Holds `profile` anew. NULL when none is free.
struct tcp_conn *conn_create(struct tcp *tcp, const struct flow_key *key, uint64_t hash,
			     uint16_t profile, bool is_listed);

// The live connection of a handle; NULL for a stale one, or one whose last event is on its way.
struct tcp_conn *conn_resolve(const struct tcp *tcp, plx_conn handle);

plx_conn conn_handle(const struct tcp *tcp, const struct tcp_conn *c);

// Ends it: CLOSED when error is 0, else FAILED with that negative errno. Gives everything back but
// the block, which waits for its last event to be fetched. Sends nothing.
void conn_end(struct tcp *tcp, struct tcp_conn *c, int error);

// As conn_end() without an error, when `successor` takes the place in the flow table.
void conn_end_as(struct tcp *tcp, struct tcp_conn *c, uint32_t successor);

// The next output sends RST, then ends it by `error`. Its handle is stale from now on.
void conn_reset(struct tcp *tcp, struct tcp_conn *c, int error);

// RFC 9293 3.10.7.4 fifth, LAST-ACK, and the end of TIME-WAIT: it is CLOSED to everybody but its user, who has not
// read everything. `successor` takes its place in the flow table, or INDEX_NONE.
void conn_leave_wire(struct tcp *tcp, struct tcp_conn *c, uint32_t successor);

// Gives the buffers of its queues back.
void conn_clear(struct tcp *tcp, struct tcp_conn *c);

// Adds to the connection's next event.
void conn_raise(struct tcp *tcp, struct tcp_conn *c, unsigned events);

// Does it wait only for the stack's memory, its send buffer having room?
bool conn_is_starved(const struct tcp *tcp, const struct tcp_conn *c);

// Output will look at it in this iteration.
void conn_wants_output(struct tcp *tcp, struct tcp_conn *c);

// The next connection of a list, taken off it; NULL when empty.
struct tcp_conn *conn_list_pop_ready(struct tcp *tcp);
struct tcp_conn *conn_list_pop_output(struct tcp *tcp);

// Gives the block back if it has ended and nobody needs it any more.
void conn_release_if_done(struct tcp *tcp, struct tcp_conn *c);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// The life of control blocks: made, entered in the flow table, put on the ready and output lists, ended
// with exactly one last event, given back when the last list has let go of them.
// Called by every room of tcp/ that begins or ends a connection, and by stack/ for the lists.
#ifndef TCP_CONNECTIONS_H
#define TCP_CONNECTIONS_H

#include <pollux/event.h>

#include "tcp/output_list.h"
#include "tcp/tcp.h"

// A block in CLOSED with this key, all else zero or at its beginning, known to the flow table when
// `is_listed`; the caller enters it otherwise. Holds `profile` anew. NULL when none is free.
struct tcp_conn *conn_create(struct tcp *tcp, const struct flow_key *key, uint64_t hash,
			     uint16_t profile, bool is_listed);

// The live connection of a handle; NULL for a stale one, or one whose last event is on its way.
static inline struct tcp_conn *conn_resolve(const struct tcp *tcp, plx_conn handle)
{
	struct tcp_conn *c = pool_resolve(&tcp->conns, handle.index, handle.generation);

	if (c == NULL || c->state == PLX_STATE_CLOSED || conn_has(c, CONN_RST_OWED))
		return NULL;
	return c;
}

// What is done with `c` next may need the hash of its key.
static inline void conn_heard(struct tcp *tcp, const struct tcp_conn *c, uint64_t hash)
{
	tcp->heard = c;
	tcp->heard_hash = hash;
}

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

// Adds to the next event of `c`, whose index is `idx`.
static inline void conn_raise_at(struct tcp *tcp, struct tcp_conn *c, uint32_t idx, unsigned events)
{
	c->events |= (uint16_t)events;
	if (events != 0)
		tcp->is_ready_starved = false;
	if (c->ready_next != CONN_UNLISTED)
		return;
	c->ready_next = INDEX_NONE;
	if (tcp->ready.head == INDEX_NONE)
		tcp->ready.head = idx;
	else
		conn_at(tcp, tcp->ready.tail)->ready_next = idx;
	tcp->ready.tail = idx;
}

// Adds to the connection's next event.
void conn_raise(struct tcp *tcp, struct tcp_conn *c, unsigned events);

// Does it wait only for the stack's memory, its send buffer having room?
bool conn_is_starved(const struct tcp *tcp, const struct tcp_conn *c);

// Output will look at `c`, whose index is `idx`, in this iteration.
static inline void conn_wants_output_at(struct tcp *tcp, struct tcp_conn *c, uint32_t idx)
{
	if (!output_list_holds(c))
		output_list_push(tcp, c, idx);
}

// Puts it at the end of the output list, where it does not stand. Out of line, many call conn_wants_output().
void conn_push_output(struct tcp *tcp, struct tcp_conn *c);

// conn_wants_output_at() for a connection whose index is not at hand.
static inline void conn_wants_output(struct tcp *tcp, struct tcp_conn *c)
{
	if (!output_list_holds(c))
		conn_push_output(tcp, c);
}

// The next connection of the ready list, taken off it; NULL when empty.
static inline struct tcp_conn *ready_list_pop(struct tcp *tcp)
{
	struct tcp_conn *c;

	if (tcp->ready.head == INDEX_NONE)
		return NULL;
	c = conn_at(tcp, tcp->ready.head);
	tcp->ready.head = c->ready_next;
	c->ready_next = CONN_UNLISTED;
	return c;
}

// Gives the block back if it has ended and nobody needs it any more.
void conn_release_if_done(struct tcp *tcp, struct tcp_conn *c);

#endif

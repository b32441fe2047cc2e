// SPDX-License-Identifier: BSD-3-Clause
//
// A stack without TCP: the calls of <pollux/conn.h> that applications make, on connections whose
// other end the test plays. What arrives, how much the send buffer takes and which events come is
// the test's decision; a call on a connection whose last event was given out fails the test, as
// does an event that a stack would not give.
// Linked instead of libpollux by the tests of apps/.
#ifndef FAKE_STACK_H
#define FAKE_STACK_H

#include "apps/application.h"

#define FAKE_CONNECTIONS 2048
#define FAKE_LISTENERS 8
#define FAKE_MSS 1234 // of every connection

struct fake_bytes {
	char *data;
	size_t len;
	size_t taken; // from the front, by plx_recv() or the test
	size_t capacity;
};

struct fake_connection {
	void *user;
	struct plx_addr local;
	uint16_t remote_port;
	uint32_t generation;
	bool is_open;
	bool is_fin_received;
	bool is_closed;	     // plx_close()
	bool is_aborted;     // plx_abort()
	bool is_write_shut;  // plx_shutdown()
	bool wants_writable; // a send could not take everything
	bool nagle;
	struct fake_bytes received;
	struct fake_bytes sent;
	size_t room; // of the send buffer
};

// What the next calls answer, and what was called.
struct fake_control {
	int connect_error;	 // for every plx_connect() until it is 0 again
	uint32_t connects_left;	 // before connect_error; 0 = none
	int listen_error;	 // for every plx_listen() but the first
	const char *early_data;	 // has arrived when a connection is accepted
	size_t room;		 // of new connections
	size_t external_at_once; // most that a plx_send_external() takes; 0 = no bound
	unsigned n_connects;	 // plx_connect() calls, refused ones too
	unsigned n_externals;
	unsigned n_listeners;
	uint16_t listen_ports[FAKE_LISTENERS];
};

struct plx_stack *fake_create(void);
void fake_destroy(struct plx_stack *stack);
struct fake_control *fake_control(struct plx_stack *stack);

// The connection that the handle names; also after its last event.
struct fake_connection *fake_connection(struct plx_stack *stack, plx_conn conn);
// How many are open, and the n-th of them in order of their slots.
unsigned fake_count_open(const struct plx_stack *stack);
plx_conn fake_nth_open(const struct plx_stack *stack, unsigned n);

// A client connects: ACCEPTED, with further bits of the mask. Gives its handle.
plx_conn fake_accept(struct plx_stack *stack, struct application *application, uint32_t mask,
		     plx_time now);
// Bytes arrive; the event is separate.
void fake_arrive(struct plx_stack *stack, plx_conn conn, const void *data, size_t len);
// An event for the connection. PEER_CLOSED sets the FIN; CLOSED and FAILED end it. WRITABLE is only
// given when a send had been refused.
void fake_event(struct plx_stack *stack, struct application *application, plx_conn conn,
		uint32_t mask, int32_t error, plx_time now);
// All bytes that the application has sent, as a string that lives until the next send.
const char *fake_sent(struct plx_stack *stack, plx_conn conn);

#endif

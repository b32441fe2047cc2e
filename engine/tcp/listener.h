// SPDX-License-Identifier: BSD-3-Clause
//
// Listeners: who listens where, with which options, and how many established connections wait to be
// fetched (the backlog). A listener is found by port, an exact address before "any".
// Called by tcp/user, tcp/input_listen, tcp/half_open, and stack/ when ACCEPTED is fetched.
#ifndef TCP_LISTENER_H
#define TCP_LISTENER_H

#include <pollux/conn.h>

#include "tcp/tcp.h"

// Handles of listeners have this bit in their index.
#define LISTENER_HANDLE_BIT (UINT32_C(1) << 31)

struct listener {
	uint32_t generation; // kept by the pool
	uint32_t next;	     // of its bucket
	struct plx_addr local;
	uint16_t port;
	uint16_t profile;
	bool is_open;
	uint8_t timing_class; // of its half-open entries
	uint32_t backlog;     // bound
	uint32_t unfetched;   // established, ACCEPTED not fetched
	void *user;
};

// Calls of the user; see plx_listen() and plx_close().
int listener_open(struct tcp *tcp, const struct plx_listen_args *args, plx_conn *handle);
void listener_close(struct tcp *tcp, struct listener *listener);

// The open listener of a handle with LISTENER_HANDLE_BIT; NULL for a stale one.
struct listener *listener_resolve(const struct tcp *tcp, plx_conn handle);

// By index and generation, as connections and half-open entries keep it; NULL when it has gone.
struct listener *listener_at(const struct tcp *tcp, uint32_t idx, uint32_t generation);

// Who accepts connections to this address and port; NULL for nobody.
struct listener *listener_find(const struct tcp *tcp, const struct plx_addr *local, uint16_t port);

// RTO_INITIAL or RTO_MAX may have changed: which timing class its half-open entries are of.
void listener_choose_timing(struct tcp *tcp, struct listener *listener);

uint32_t listener_index(const struct tcp *tcp, const struct listener *listener);

// A connection leaves the backlog: its ACCEPTED was fetched, or it has ended before.
void listener_on_fetched(struct tcp *tcp, struct tcp_conn *c);

#endif

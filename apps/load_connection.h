// SPDX-License-Identifier: BSD-3-Clause
//
// One connection of a load, from the wish for it to its last event, again and again. Its state says
// what it waits for; the four states in which it waits for the load and not for the target are
// lists. For a timeout nothing is kept but a time, which sweep() of load.c looks at.
// Called by load.
#ifndef APPS_LOAD_CONNECTION_H
#define APPS_LOAD_CONNECTION_H

#include <assert.h>
#include <stdalign.h>
#include <stddef.h>
#include <sys/queue.h>

#include "apps/http_reply.h"
#include "apps/load.h"
#include "apps/load_request.h"
#include "apps/load_schedule.h"

#define LOAD_CHUNK_BYTES 65536
#define LOAD_WINDOW_FIRST 64 // attempts on the way at first; each success allows one more
#define LOAD_RETRY_AFTER (100 * PLX_MILLISECOND) // so that a dead target is not hammered

enum load_state {
	LOAD_VACANT,  // no connection, and none is wanted without a request
	LOAD_WANTING, // a connection is wanted
	LOAD_COOLING, // it failed; wanted again after LOAD_RETRY_AFTER
	LOAD_IDLE,    // established, and free for a request
	LOAD_CONNECTING,
	LOAD_BUSY,    // a response is awaited
	LOAD_ENDING,  // everything is answered, and the target said that it will close
	LOAD_CLOSING, // plx_close() was called
	LOAD_ABORTED, // plx_abort() was called, and the reason counted
	LOAD_STATES,
	LOAD_LISTS = LOAD_CONNECTING, // the states before it are lists, first in first out
};

// Its first cache line is all that an answer and the next request need, when the header is the same
// as ever.
struct load_connection {
	alignas(64) struct application *owner; // first, as application.h asks of every `user`
	plx_conn conn;
	plx_time due;	// when the request it carries should have been sent
	plx_time since; // last sign of life: of the target, or ours when we gave it something to do
	uint32_t n_requests; // begun on this connection; stays at its greatest value
	uint32_t sent_bytes; // of the request
	uint16_t port;	     // of the target
	uint8_t state;	     // of enum load_state
	bool has_request;    // not answered yet; it may wait for a connection
	bool is_sent;	     // all of the request
	bool is_peer_closed;
	bool is_refusal_counted; // of this wish
	struct http_reply reply;
	TAILQ_ENTRY(load_connection) link;
};
static_assert(offsetof(struct load_connection, reply.parser) == 64, "one line for the usual case");
static_assert(alignof(struct load_connection) == 64, "as table_memory() aligns");

TAILQ_HEAD(load_list, load_connection);

struct load {
	struct application application;
	struct plx_stack *stack;
	struct load_list lists[LOAD_LISTS];
	uint32_t n[LOAD_STATES]; // connections by state
	uint32_t window; // most connection attempts on the way, but for those that carry a request
	uint32_t window_max; // what it grows to
	bool is_open_loop;
	bool is_on_demand; // open loop with a new connection for each request
	bool is_opening;   // no request is begun before all connections are there
	bool is_over;	   // no more requests are begun
	bool is_drain_over;
	struct load_schedule schedule;
	struct load_request request;
	struct http_reply_repeated repeated;

	struct load_connection *connections;
	uint32_t n_connections;
	uint32_t swept;	       // connections looked at in this sweep
	uint32_t most_open;    // of those that are opened first, at any time
	plx_time most_open_at; // since when
	plx_time sweep_at;
	plx_time connect_at; // not before, for want of a port or memory
	plx_time end_at;     // PLX_TIME_NEVER: when it is stopped
	plx_time drain_until;
	plx_time close_at; // not before, when many are being closed

	struct load_config config;
	struct plx_option_value options[LOAD_OPTIONS_MAX];
	uint32_t n_sources;
	uint32_t n_ports;
	uint32_t next_source;
	struct plx_addr next_source_address; // any = the stack chooses
	uint32_t next_port;
	uint32_t turns; // after which source and port would meet again
	uint32_t turns_left;
	struct load_results results;
	char chunk[LOAD_CHUNK_BYTES];
};

// The address `index` behind the first source; any when the stack chooses.
struct plx_addr load_source_address(const struct load *load, uint32_t index);

void load_connection_set_state(struct load *load, struct load_connection *c, enum load_state state,
			       plx_time now);

// A request for a connection that is free or vacant: sent, or bound to it until it is connected.
void load_connection_begin_request(struct load *load, struct load_connection *c, plx_time due,
				   plx_time now);

// Gives a wanting connection its tuple. False when that cannot be had at present.
bool load_connection_connect(struct load *load, struct load_connection *c, plx_time now);

void load_connection_on_event(struct load *load, struct load_connection *c,
			      const struct plx_event *event, plx_time now);

// Closes in order a connection that has no request.
void load_connection_close(struct load *load, struct load_connection *c, plx_time now);

// Counts what went wrong, gives up the request and the connection, if it has them.
void load_connection_fail(struct load *load, struct load_connection *c, enum load_error error,
			  plx_time now);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// What all servers share: the listeners of a range of ports and a fixed pool of sessions, one for
// each connection. When no session is free a connection is closed at once and counted. An event
// goes through acceptor_find_session() first; after CLOSED or FAILED the session goes back by
// acceptor_release().
// Called by http_server, echo and discard.
#ifndef APPS_ACCEPTOR_H
#define APPS_ACCEPTOR_H

#include "apps/application.h"
#include "apps/server.h"

#define ACCEPTOR_LAST_EVENTS (PLX_EVENT_CLOSED | PLX_EVENT_FAILED)

// First member of every server's session.
struct session {
	struct application *owner; // first, as application.h asks of every `user`
	plx_conn conn;
	struct session *next_free;
	bool is_open;
};

// The `user` of the listeners and of connections that got no session.
struct acceptor_door {
	struct application *owner;
};

struct acceptor {
	struct acceptor_door door;
	struct plx_stack *stack;
	struct server_results *results;
	struct session *free;
	char *sessions; // max_sessions of session_bytes each
	size_t session_bytes;
	uint32_t max_sessions;
	uint32_t n_touched; // sessions that were ever taken: the others' memory is not yet paid for
	uint32_t n_open;
	uint32_t n_leaving; // connections without a session whose last event has not come
	plx_conn *listeners;
	uint32_t n_listeners;
	bool is_stopped;
	struct server_config config;
	struct plx_option_value options[SERVER_OPTIONS_MAX];
};

// `results` is where it counts. Returns 0; -EINVAL; -ENOMEM.
int acceptor_init(struct acceptor *acceptor, const struct server_config *config,
		  struct application *owner, size_t session_bytes, struct server_results *results);
void acceptor_fini(struct acceptor *acceptor);

// Listens on every port of the range. Returns 0; or what plx_listen() said, nothing listening then.
int acceptor_start(struct acceptor *acceptor, struct plx_stack *stack);

// The session that an event is for, a new one when the mask has ACCEPTED: its session part is
// filled in, the rest is as its last user left it. NULL when the event is dealt with.
struct session *acceptor_find_session(struct acceptor *acceptor, const struct plx_event *event);

// The last event has come: counts it and takes the session back.
void acceptor_release(struct acceptor *acceptor, struct session *session,
		      const struct plx_event *event);

// Closes the listeners; sessions are their server's affair.
void acceptor_stop(struct acceptor *acceptor);

// The open session after `after`, NULL for the first; NULL when there is none.
struct session *acceptor_next_open(const struct acceptor *acceptor, const struct session *after);

// Stopped, and no connection is left.
bool acceptor_is_finished(const struct acceptor *acceptor);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// The pool is one block; sessions are taken from its untouched end until some have come back, then
// the last one that came back first, being warm. `door` tells events of listeners from those of
// sessions.
// Called by http_server, echo and discard.
#include "apps/acceptor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apps/table_memory.h"

#define MAX_SESSIONS_DEFAULT 65536

int acceptor_init(struct acceptor *acceptor, const struct server_config *config,
		  struct application *owner, size_t session_bytes, struct server_results *results)
{
	uint32_t n_ports = (uint32_t)config->port_last - config->port_first + 1;

	if (config->port_first == 0 || config->port_last < config->port_first
	    || config->n_options >= SERVER_OPTIONS_MAX)
		return -EINVAL;
	*acceptor = (struct acceptor){.door.owner = owner,
				      .results = results,
				      .session_bytes = table_row_bytes(session_bytes),
				      .max_sessions = config->max_sessions,
				      .config = *config};
	if (acceptor->max_sessions == 0)
		acceptor->max_sessions = MAX_SESSIONS_DEFAULT;
	acceptor->options[0] = (struct plx_option_value){PLX_OPTION_NAGLE, 0};
	for (unsigned i = 0; i < config->n_options; i++)
		acceptor->options[i + 1] = config->options[i];
	acceptor->config.options = acceptor->options;
	acceptor->config.n_options = config->n_options + 1;

	acceptor->sessions = table_memory(acceptor->max_sessions * acceptor->session_bytes);
	acceptor->listeners = calloc(n_ports, sizeof(*acceptor->listeners));
	if (acceptor->sessions == NULL || acceptor->listeners == NULL) {
		acceptor_fini(acceptor);
		return -ENOMEM;
	}
	return 0;
}

void acceptor_fini(struct acceptor *acceptor)
{
	free(acceptor->sessions);
	free(acceptor->listeners);
	acceptor->sessions = NULL;
	acceptor->listeners = NULL;
}

static void close_listeners(struct acceptor *acceptor)
{
	for (uint32_t i = 0; i < acceptor->n_listeners; i++)
		plx_close(acceptor->stack, acceptor->listeners[i]);
	acceptor->n_listeners = 0;
}

int acceptor_start(struct acceptor *acceptor, struct plx_stack *stack)
{
	struct plx_listen_args args = {.local = acceptor->config.address,
				       .backlog = acceptor->config.backlog,
				       .user = &acceptor->door,
				       .options = acceptor->options,
				       .n_options = acceptor->config.n_options};

	acceptor->stack = stack;
	for (uint32_t port = acceptor->config.port_first; port <= acceptor->config.port_last;
	     port++) {
		args.port = (uint16_t)port;
		int err = plx_listen(stack, &args, &acceptor->listeners[acceptor->n_listeners]);

		if (err < 0) {
			close_listeners(acceptor);
			return err;
		}
		acceptor->n_listeners++;
	}
	return 0;
}

static void count_last(struct acceptor *acceptor, const struct plx_event *event)
{
	if (event->mask & PLX_EVENT_FAILED)
		acceptor->results->failed++;
	else
		acceptor->results->closed++;
}

static struct session *take_session(struct acceptor *acceptor)
{
	struct session *session = acceptor->free;

	if (session != NULL) {
		acceptor->free = session->next_free;
	} else if (acceptor->n_touched < acceptor->max_sessions) {
		size_t offset = acceptor->n_touched++ * acceptor->session_bytes;

		session = (struct session *)(acceptor->sessions + offset);
	}
	return session;
}

static struct session *accept_connection(struct acceptor *acceptor, const struct plx_event *event)
{
	acceptor->results->accepted++;
	if (event->mask & ACCEPTOR_LAST_EVENTS) { // it was over before it was fetched
		count_last(acceptor, event);
		return NULL;
	}
	struct session *session = acceptor->is_stopped ? NULL : take_session(acceptor);

	if (session == NULL) {
		acceptor->results->turned_away++;
		acceptor->n_leaving++;
		plx_close(acceptor->stack, event->conn);
		return NULL;
	}
	session->owner = acceptor->door.owner;
	session->conn = event->conn;
	session->is_open = true;
	acceptor->n_open++;
	connection_settings_read(&acceptor->results->settings, acceptor->stack, event->conn);
	plx_conn_set_user(acceptor->stack, event->conn, session);
	return session;
}

struct session *acceptor_find_session(struct acceptor *acceptor, const struct plx_event *event)
{
	if (event->user != &acceptor->door)
		return event->user;
	if (event->mask & PLX_EVENT_ACCEPTED)
		return accept_connection(acceptor, event);
	if (event->mask & ACCEPTOR_LAST_EVENTS) {
		acceptor->n_leaving--;
		count_last(acceptor, event);
	}
	return NULL;
}

void acceptor_release(struct acceptor *acceptor, struct session *session,
		      const struct plx_event *event)
{
	count_last(acceptor, event);
	session->is_open = false;
	session->next_free = acceptor->free;
	acceptor->free = session;
	acceptor->n_open--;
}

void acceptor_stop(struct acceptor *acceptor)
{
	acceptor->is_stopped = true;
	close_listeners(acceptor);
}

struct session *acceptor_next_open(const struct acceptor *acceptor, const struct session *after)
{
	const char *first = acceptor->sessions;
	const char *end = first + acceptor->n_touched * acceptor->session_bytes;
	const char *at = after == NULL ? first : (const char *)after + acceptor->session_bytes;

	for (; at < end; at += acceptor->session_bytes) {
		struct session *session = (struct session *)at;

		if (session->is_open)
			return session;
	}
	return NULL;
}

bool acceptor_is_finished(const struct acceptor *acceptor)
{
	return acceptor->is_stopped && acceptor->n_open == 0 && acceptor->n_leaving == 0;
}

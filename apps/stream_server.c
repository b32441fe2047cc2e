// SPDX-License-Identifier: BSD-3-Clause
//
// Sessions come and go, and whatever may let one go on calls `serve`.
// When it is stopped every connection is closed: what is queued is still sent.
// The worker's loop calls it through application.h.
#include "apps/stream_server.h"

#include <errno.h>
#include <stdlib.h>

static int stream_server_start(struct application *application, struct plx_stack *stack,
			       plx_time now)
{
	struct stream_server *server = (struct stream_server *)application;

	(void)now;
	return acceptor_start(&server->acceptor, stack);
}

static void stream_server_on_event(struct application *application, const struct plx_event *event,
				   plx_time now)
{
	struct stream_server *server = (struct stream_server *)application;
	struct session *session = acceptor_find_session(&server->acceptor, event);

	(void)now;
	if (session == NULL)
		return;
	if (event->mask & ACCEPTOR_LAST_EVENTS)
		acceptor_release(&server->acceptor, session, event);
	else if (event->mask & (PLX_EVENT_READABLE | PLX_EVENT_WRITABLE | PLX_EVENT_PEER_CLOSED))
		server->serve(server, session, event->mask);
}

static plx_time stream_server_run(struct application *application, plx_time now)
{
	(void)application;
	(void)now;
	return PLX_TIME_NEVER;
}

static void stream_server_stop(struct application *application, plx_time now)
{
	struct acceptor *acceptor = &((struct stream_server *)application)->acceptor;

	(void)now;
	acceptor_stop(acceptor);
	for (struct session *session = acceptor_next_open(acceptor, NULL); session != NULL;
	     session = acceptor_next_open(acceptor, session))
		plx_close(acceptor->stack, session->conn);
}

static bool stream_server_is_finished(const struct application *application)
{
	return acceptor_is_finished(&((const struct stream_server *)application)->acceptor);
}

static void stream_server_destroy(struct application *application)
{
	struct stream_server *server = (struct stream_server *)application;

	acceptor_fini(&server->acceptor);
	free(server);
}

static const struct application_ops stream_server_ops = {
	.start = stream_server_start,
	.on_event = stream_server_on_event,
	.run = stream_server_run,
	.stop = stream_server_stop,
	.is_finished = stream_server_is_finished,
	.destroy = stream_server_destroy,
};

int stream_server_create(const struct server_config *config, const char *name,
			 stream_serve_fn serve, struct application **application)
{
	struct stream_server *server = calloc(1, sizeof(*server));

	*application = NULL;
	if (server == NULL)
		return -ENOMEM;
	server->ops = stream_server_ops;
	server->ops.name = name;
	server->application.ops = &server->ops;
	server->serve = serve;
	int err = acceptor_init(&server->acceptor, config, &server->application,
				sizeof(struct session), &server->results);

	if (err < 0) {
		free(server);
		return err;
	}
	*application = &server->application;
	return 0;
}

const struct server_results *stream_server_results(const struct application *application)
{
	return &((const struct stream_server *)application)->results;
}

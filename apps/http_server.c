// SPDX-License-Identifier: BSD-3-Clause
//
// Sets the table for the sessions: the responses that are made once, the pool, the listeners; and
// ends what lingers too long.
// The worker's loop calls it through application.h.
#include "apps/http_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apps/http_session.h"

#define TEXT "text/plain; charset=utf-8"

struct http_server {
	struct application application;
	struct acceptor acceptor;
	struct http_server_results results;
	struct http_context context;
	char *own_body; // NULL when the caller gave memory, or there are files
};

static int http_server_start(struct application *application, struct plx_stack *stack, plx_time now)
{
	struct http_server *server = (struct http_server *)application;

	(void)now;
	return acceptor_start(&server->acceptor, stack);
}

static void http_server_on_event(struct application *application, const struct plx_event *event,
				 plx_time now)
{
	struct http_server *server = (struct http_server *)application;
	struct session *base = acceptor_find_session(&server->acceptor, event);
	struct http_session *session = (struct http_session *)base;

	if (session == NULL)
		return;
	server->context.now = now;
	if (event->mask & ACCEPTOR_LAST_EVENTS) {
		http_session_fini(session, &server->context);
		acceptor_release(&server->acceptor, base, event);
		return;
	}
	if (event->mask & PLX_EVENT_ACCEPTED)
		http_session_init(session, &server->context);
	if (event->mask & (PLX_EVENT_READABLE | PLX_EVENT_WRITABLE | PLX_EVENT_PEER_CLOSED))
		http_session_serve(session, &server->context, event);
}

static plx_time http_server_run(struct application *application, plx_time now)
{
	struct http_context *context = &((struct http_server *)application)->context;
	struct http_session *session;

	while ((session = TAILQ_FIRST(&context->lingering)) != NULL) {
		if (session->linger_until > now)
			return session->linger_until;
		http_session_end_lingering(session, context);
	}
	return PLX_TIME_NEVER;
}

static void http_server_stop(struct application *application, plx_time now)
{
	struct http_server *server = (struct http_server *)application;
	struct acceptor *acceptor = &server->acceptor;

	server->context.now = now;
	server->context.is_stopping = true;
	acceptor_stop(acceptor);
	for (struct session *session = acceptor_next_open(acceptor, NULL); session != NULL;
	     session = acceptor_next_open(acceptor, session))
		http_session_stop((struct http_session *)session, &server->context);
}

static bool http_server_is_finished(const struct application *application)
{
	return acceptor_is_finished(&((const struct http_server *)application)->acceptor);
}

static void http_server_destroy(struct application *application)
{
	struct http_server *server = (struct http_server *)application;

	acceptor_fini(&server->acceptor);
	free(server->own_body);
	free(server);
}

static const struct application_ops http_server_ops = {
	.name = "http",
	.start = http_server_start,
	.on_event = http_server_on_event,
	.run = http_server_run,
	.stop = http_server_stop,
	.is_finished = http_server_is_finished,
	.destroy = http_server_destroy,
};

static void init_refusal(struct http_response *response, uint16_t status, const char *text)
{
	http_response_init(response, status, TEXT, text, strlen(text));
}

static void init_refusals(struct http_context *context)
{
	init_refusal(&context->bad_request, 400, "bad request\n");
	init_refusal(&context->not_found, 404, "no such file\n");
	init_refusal(&context->method_not_allowed, 405, "only GET and HEAD\n");
	http_response_add_field(&context->method_not_allowed, "Allow: GET, HEAD");
	init_refusal(&context->target_too_long, 414, "target too long\n");
	init_refusal(&context->header_too_large, 431, "header too large\n");
	init_refusal(&context->version_not_supported, 505, "only HTTP/1.1 and HTTP/1.0\n");
}

// The digits over and over, in lines of 64.
static void fill_pattern(char *body, uint64_t bytes)
{
	static const char digits[] = "0123456789";

	for (uint64_t i = 0; i < bytes; i++)
		body[i] = i % 64 == 63 ? '\n' : digits[i % 64 % 10];
}

static int init_pattern(struct http_server *server, const struct http_server_config *config)
{
	char *body = config->body_memory;

	if (body == NULL)
		body = server->own_body = malloc(config->body_bytes + 1);
	if (body == NULL)
		return -ENOMEM;
	fill_pattern(body, config->body_bytes);
	http_response_init(&server->context.pattern, 200, TEXT, body, config->body_bytes);
	return 0;
}

static int init_server(struct http_server *server, const struct http_server_config *config)
{
	struct http_context *context = &server->context;
	size_t session_bytes = sizeof(struct http_session);

	if (config->files != NULL)
		session_bytes += HTTP_TARGET_BYTES_MAX;
	server->application.ops = &http_server_ops;
	context->acceptor = &server->acceptor;
	context->results = &server->results;
	context->files = config->files;
	TAILQ_INIT(&context->lingering);
	init_refusals(context);
	if (config->files == NULL && init_pattern(server, config) < 0)
		return -ENOMEM;
	return acceptor_init(&server->acceptor, &config->server, &server->application,
			     session_bytes, &server->results.server);
}

int http_server_create(const struct http_server_config *config, struct application **application)
{
	struct http_server *server = calloc(1, sizeof(*server));

	*application = NULL;
	if (server == NULL)
		return -ENOMEM;
	int err = init_server(server, config);

	if (err < 0) {
		http_server_destroy(&server->application);
		return err;
	}
	*application = &server->application;
	return 0;
}

const struct http_server_results *http_server_results(const struct application *application)
{
	return &((const struct http_server *)application)->results;
}

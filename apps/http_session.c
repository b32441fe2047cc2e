// SPDX-License-Identifier: BSD-3-Clause
//
// Reading: look at a chunk, answer what is complete in it, take as much as was dealt with. Sending:
// a response that does not fit stops the reading until WRITABLE. Ending: close when nothing can be
// unread, else FIN first and close when the peer has closed too, or was given time to. RFC 9112 9.
// Called by http_server.
#include "apps/http_session.h"

#include <string.h>

#include "apps/http_path.h"

#define EXTERNAL_BYTES_MAX (UINT32_C(1) << 30)

void http_session_init(struct http_session *session, const struct http_context *context)
{
	bool has_target = context->files != NULL;

	session->response = NULL;
	session->is_last = false;
	session->is_peer_closed = false;
	session->is_broken = false;
	session->is_lingering = false;
	session->is_closed = false;
	http_request_init(&session->request, has_target ? session->target : NULL,
			  has_target ? HTTP_TARGET_BYTES_MAX : 0);
}

static void close_session(struct http_session *session, struct http_context *context)
{
	session->is_closed = true;
	plx_close(context->acceptor->stack, session->session.conn);
}

// What goes by copy: the header, and a small body with it in the same call.
static size_t build_first(const struct http_session *session, struct http_context *context)
{
	const struct http_response *response = session->response;
	size_t bytes = http_response_head(response, session->connection, context->out);

	if (!session->is_head && response->body_bytes <= HTTP_SMALL_BYTES) {
		memcpy(context->out + bytes, response->body, response->body_bytes);
		bytes += response->body_bytes;
	}
	return bytes;
}

// A large body lies where it is for as long as the stack lives, and is sent from there. `offset` is
// where what is still to be sent of it begins.
static int64_t send_body(struct http_session *session, struct http_context *context,
			 uint64_t offset)
{
	uint64_t left = session->response->body_bytes - offset;
	struct plx_external external = {
		.data = session->response->body + offset,
		.len_bytes = left < EXTERNAL_BYTES_MAX ? (uint32_t)left : EXTERNAL_BYTES_MAX,
	};

	return plx_send_external(context->acceptor->stack, session->session.conn, &external);
}

// Sends on. True when the response is finished; else WRITABLE tells when to call again.
static bool send_response(struct http_session *session, struct http_context *context)
{
	size_t first_bytes = build_first(session, context);
	uint64_t whole_bytes = first_bytes;

	if (!session->is_head && session->response->body_bytes > HTTP_SMALL_BYTES)
		whole_bytes += session->response->body_bytes;
	while (session->sent_bytes < whole_bytes) {
		uint64_t sent = session->sent_bytes;
		int64_t n = sent < first_bytes
			? plx_send(context->acceptor->stack, session->session.conn,
				   context->out + sent, first_bytes - sent)
			: send_body(session, context, sent - first_bytes);

		if (n <= 0)
			return false;
		session->sent_bytes += (uint64_t)n;
		context->results->server.tx_bytes += (uint64_t)n;
	}
	session->response = NULL;
	return true;
}

static void begin_response(struct http_session *session, struct http_context *context,
			   const struct http_response *response)
{
	session->response = response;
	session->sent_bytes = 0;
	context->results->responses++;
	context->results->refusals += response->status >= 400;
	send_response(session, context);
}

static const struct http_response *find_file(const struct http_request *request,
					     struct http_context *context)
{
	int len;

	if (request->target_bytes > request->target_room)
		return &context->target_too_long;
	len = http_path_decode(request->target, request->target_bytes, context->path);
	if (len < 0)
		return &context->bad_request;
	const struct http_response *file = http_files_find(context->files, context->path, len);

	return file != NULL ? file : &context->not_found;
}

static const struct http_response *choose_response(const struct http_request *request,
						   struct http_context *context)
{
	const llhttp_t *parser = &request->parser;
	unsigned least_hosts = parser->http_minor > 0 ? 1 : 0;

	if (request->n_hosts < least_hosts || request->n_hosts > 1) // RFC 9112 3.2
		return &context->bad_request;
	if (parser->method != HTTP_GET && parser->method != HTTP_HEAD)
		return &context->method_not_allowed;
	return context->files == NULL ? &context->pattern : find_file(request, context);
}

// So that the same header, coming again, need not be read again. Only a whole one without a body
// that led to an ordinary response.
static void remember(struct http_context *context, const struct http_session *session,
		     const struct http_response *response, const char *header)
{
	struct http_repeated *repeated = &context->repeated;
	uint32_t bytes = session->request.header_bytes;

	if (bytes > HTTP_REPEATED_BYTES || response->status != 200
	    || session->request.phase != HTTP_REQUEST_ENDED)
		return;
	repeated->response = response;
	repeated->header_bytes = bytes;
	repeated->connection = session->connection;
	repeated->is_head = session->is_head;
	repeated->is_last = session->is_last;
	memcpy(repeated->header, header, bytes);
}

// A whole header was read; it ends at `end` of the chunk.
static void answer(struct http_session *session, struct http_context *context, const char *end)
{
	const struct http_request *request = &session->request;
	const llhttp_t *parser = &request->parser;
	const struct http_response *response = choose_response(request, context);
	bool is_whole = (size_t)(end - context->chunk) >= request->header_bytes;

	context->results->requests++;
	session->is_head = parser->method == HTTP_HEAD;
	session->is_last = context->is_stopping || !llhttp_should_keep_alive(parser)
		|| parser->method == HTTP_CONNECT;
	session->is_broken = parser->method == HTTP_CONNECT;
	session->connection = session->is_last ? HTTP_CONNECTION_CLOSE
		: parser->http_minor == 0      ? HTTP_CONNECTION_KEEP_ALIVE
					       : HTTP_CONNECTION_DEFAULT;
	if (is_whole)
		remember(context, session, response, end - request->header_bytes);
	begin_response(session, context, response);
}

// What cannot be read is answered when it stands where a header should be, and ends the connection.
static void refuse(struct http_session *session, struct http_context *context,
		   const struct http_response *response)
{
	session->is_last = true;
	session->is_broken = true;
	if (session->request.phase == HTTP_REQUEST_IN_BODY)
		return;
	session->is_head = false;
	session->connection = HTTP_CONNECTION_CLOSE;
	begin_response(session, context, response);
}

// True when the chunk goes on with the header that was remembered, which is answered then.
static bool answer_repeated(struct http_session *session, struct http_context *context,
			    const char *at, size_t left)
{
	const struct http_repeated *repeated = &context->repeated;

	if (repeated->header_bytes == 0 || left < repeated->header_bytes || context->is_stopping
	    || !http_request_is_between(&session->request)
	    || memcmp(at, repeated->header, repeated->header_bytes) != 0)
		return false;
	context->results->requests++;
	session->is_head = repeated->is_head;
	session->is_last = repeated->is_last;
	session->connection = repeated->connection;
	begin_response(session, context, repeated->response);
	return true;
}

// Answers the requests of a chunk one by one for as long as every response can be sent whole.
// Returns how many bytes are dealt with.
static size_t answer_chunk(struct http_session *session, struct http_context *context, size_t len)
{
	const char *at = context->chunk;
	const char *end = at + len;
	size_t used;

	while (at < end && session->response == NULL && !session->is_last) {
		if (answer_repeated(session, context, at, (size_t)(end - at))) {
			at += context->repeated.header_bytes;
			continue;
		}
		switch (http_request_read(&session->request, at, (size_t)(end - at), &used)) {
		case HTTP_REQUEST_MORE:
			break;
		case HTTP_REQUEST_COMPLETE:
			answer(session, context, at + used);
			break;
		case HTTP_REQUEST_BAD:
			refuse(session, context, &context->bad_request);
			break;
		case HTTP_REQUEST_BAD_VERSION:
			refuse(session, context, &context->version_not_supported);
			break;
		case HTTP_REQUEST_HEADER_TOO_LARGE:
			refuse(session, context, &context->header_too_large);
			break;
		}
		at += used;
	}
	return (size_t)(at - context->chunk);
}

// True when there may be more to do at once.
static bool read_chunk(struct http_session *session, struct http_context *context)
{
	struct plx_stack *stack = context->acceptor->stack;
	plx_conn conn = session->session.conn;
	int64_t n = plx_recv(stack, conn, context->chunk, HTTP_CHUNK_BYTES, PLX_RECV_PEEK);

	if (n == 0)
		close_session(session, context); // the peer has closed, everything is answered
	if (n <= 0)
		return false;
	size_t used = answer_chunk(session, context, (size_t)n);

	plx_recv(stack, conn, context->chunk, used, 0);
	context->results->server.rx_bytes += used;
	if (session->response != NULL)
		return false;
	return session->is_last || n == HTTP_CHUNK_BYTES || session->is_peer_closed;
}

// RFC 9112 9.6: closing while the peer still sends would reset the connection under the response.
static void end_session(struct http_session *session, struct http_context *context)
{
	bool may_send_more = session->is_broken || session->request.phase == HTTP_REQUEST_IN_BODY;
	bool has_unread = plx_readable(context->acceptor->stack, session->session.conn) > 0;

	if (!has_unread && (session->is_peer_closed || !may_send_more)) {
		close_session(session, context);
		return;
	}
	plx_shutdown(context->acceptor->stack, session->session.conn, PLX_SHUTDOWN_WRITE);
	session->is_lingering = true;
	session->linger_until = context->now + HTTP_LINGER;
	TAILQ_INSERT_TAIL(&context->lingering, session, lingering);
}

static void stop_lingering(struct http_session *session, struct http_context *context)
{
	if (session->is_lingering)
		TAILQ_REMOVE(&context->lingering, session, lingering);
	session->is_lingering = false;
}

static void linger(struct http_session *session, struct http_context *context)
{
	int64_t n;

	while ((n = plx_recv(context->acceptor->stack, session->session.conn, context->chunk,
			     HTTP_CHUNK_BYTES, 0))
	       > 0)
		context->results->server.rx_bytes += (uint64_t)n;
	if (n == 0)
		http_session_end_lingering(session, context);
}

void http_session_serve(struct http_session *session, struct http_context *context,
			const struct plx_event *event)
{
	if (event->mask & PLX_EVENT_PEER_CLOSED)
		session->is_peer_closed = true;
	while (!session->is_closed && !session->is_lingering) {
		if (session->response != NULL && !send_response(session, context))
			return;
		if (session->is_last)
			end_session(session, context);
		else if (!read_chunk(session, context))
			return;
	}
	if (session->is_lingering)
		linger(session, context);
}

void http_session_end_lingering(struct http_session *session, struct http_context *context)
{
	stop_lingering(session, context);
	close_session(session, context);
}

void http_session_stop(struct http_session *session, struct http_context *context)
{
	session->is_last = true;
	if (session->response == NULL && !session->is_lingering && !session->is_closed)
		close_session(session, context);
}

void http_session_fini(struct http_session *session, struct http_context *context)
{
	stop_lingering(session, context);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// One connection of the HTTP server. Requests are parsed where the receive queue lets us look at
// them and taken from it when they are answered, so that a client that does not read its responses
// is not read from either: at most one response is begun, none is ever queued here. A request is
// answered when its header is complete (RFC 9110 10.1.1 allows it, so Expect needs nothing more);
// what body it has is skipped. Called by http_server.
#ifndef APPS_HTTP_SESSION_H
#define APPS_HTTP_SESSION_H

#include <assert.h>
#include <stddef.h>
#include <sys/queue.h>

#include "apps/acceptor.h"
#include "apps/http_request.h"
#include "apps/http_server.h"

#define HTTP_TARGET_BYTES_MAX 1024 // of a request, when there are files: more is 414
#define HTTP_CHUNK_BYTES 16384
#define HTTP_SMALL_BYTES 4096	     // a body up to this size is sent with its header in one call
#define HTTP_REPEATED_BYTES 512	     // the longest header that is recognized when it comes again
#define HTTP_LINGER (2 * PLX_SECOND) // for the peer to read the last response and close

struct http_session {
	struct session session;		      // first
	const struct http_response *response; // begun and not finished; NULL = none
	uint64_t sent_bytes;		      // of it, header included
	uint8_t connection;		      // of enum http_connection, for it
	bool is_head;			      // it goes without its body
	bool is_last;			      // nothing is answered after it
	bool is_peer_closed;
	bool is_broken;	   // what else the peer sends cannot be read
	bool is_lingering; // FIN sent, the peer may still be sending
	bool is_closed;
	struct http_request request;
	plx_time linger_until;
	TAILQ_ENTRY(http_session) lingering;
	char target[]; // HTTP_TARGET_BYTES_MAX when there are files
};
static_assert(offsetof(struct http_session, request.target) <= 64,
	      "a request that repeats itself touches one line");

// The last header that led to an ordinary response: clients repeat themselves, and comparing is a
// tenth of parsing.
struct http_repeated {
	const struct http_response *response;
	uint32_t header_bytes; // 0 = none yet
	uint8_t connection;
	bool is_head;
	bool is_last; // it asked to close
	char header[HTTP_REPEATED_BYTES];
};

TAILQ_HEAD(http_lingering, http_session);

// What the sessions of a server share.
struct http_context {
	struct acceptor *acceptor;
	struct http_server_results *results;
	const struct http_files *files; // NULL: every path answers with `pattern`
	struct http_response pattern;
	struct http_response bad_request;
	struct http_response not_found;
	struct http_response method_not_allowed;
	struct http_response target_too_long;
	struct http_response header_too_large;
	struct http_response version_not_supported;
	struct http_lingering lingering; // in order of their deadlines, which are all as long
	struct http_repeated repeated;
	bool is_stopping;
	plx_time now;
	char path[HTTP_TARGET_BYTES_MAX];
	char chunk[HTTP_CHUNK_BYTES];
	char out[HTTP_HEAD_SENT_BYTES + HTTP_SMALL_BYTES];
};

// For a session that has just been taken.
void http_session_init(struct http_session *session, const struct http_context *context);

// There may be something to read, or room to send.
void http_session_serve(struct http_session *session, struct http_context *context,
			const struct plx_event *event);

// Its time to linger is over.
void http_session_end_lingering(struct http_session *session, struct http_context *context);

// The server stops: ends after the response that is being sent, at once when there is none.
void http_session_stop(struct http_session *session, struct http_context *context);

// Its last event has come: leaves the lists of the context.
void http_session_fini(struct http_session *session, struct http_context *context);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// A response as it lies ready in memory: header and body apart, made once, sent any number of
// times. Only the Connection field is chosen when it is sent (RFC 9112 9.3). There is no Date: an
// application has no wall clock (RFC 9110 6.6.1).
// Made by http_files and http_server, sent by http_session.
#ifndef APPS_HTTP_RESPONSE_H
#define APPS_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_BYTES 192
#define HTTP_HEAD_SENT_BYTES (HTTP_HEAD_BYTES + 32)

enum http_connection {
	HTTP_CONNECTION_DEFAULT,    // HTTP/1.1 that goes on: no field
	HTTP_CONNECTION_KEEP_ALIVE, // HTTP/1.0 that asked to go on
	HTTP_CONNECTION_CLOSE,
};

struct http_response {
	const char *body;
	uint64_t body_bytes;
	uint16_t status;
	uint16_t head_bytes;
	char head
		[HTTP_HEAD_BYTES]; // status line and fields, each with CRLF, without the empty line
};

// A response with this status, Content-Type and Content-Length. The body is not copied. Statuses
// are those of http_statuses.def.
void http_response_init(struct http_response *response, uint16_t status, const char *type,
			const char *body, uint64_t body_bytes);

// Adds a field, "Allow: GET, HEAD". The head has room for it: fields are few and known here.
void http_response_add_field(struct http_response *response, const char *field);

// Writes the head as it is sent, with the Connection field and the empty line. `text` must have
// room for HTTP_HEAD_SENT_BYTES. Returns its length.
size_t http_response_head(const struct http_response *response, enum http_connection connection,
			  char *text);

#endif

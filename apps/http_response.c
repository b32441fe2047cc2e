// SPDX-License-Identifier: BSD-3-Clause
//
// Heads are put together once, when a server is made or its files are read; sending one copies a
// line or two.
// Made by http_files and http_server, sent by http_session.
#include "apps/http_response.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *status_reason(uint16_t status)
{
	switch (status) {
#define X(code, reason) \
	case code:      \
		return reason;
#include "apps/http_statuses.def"
#undef X
	default:
		return "";
	}
}

static void append(struct http_response *response, const char *text)
{
	size_t len = strlen(text);

	assert(response->head_bytes + len <= HTTP_HEAD_BYTES);
	memcpy(response->head + response->head_bytes, text, len);
	response->head_bytes += (uint16_t)len;
}

void http_response_init(struct http_response *response, uint16_t status, const char *type,
			const char *body, uint64_t body_bytes)
{
	char line[64];

	*response =
		(struct http_response){.status = status, .body = body, .body_bytes = body_bytes};
	snprintf(line, sizeof(line), "HTTP/1.1 %u ", status);
	append(response, line);
	append(response, status_reason(status));
	snprintf(line, sizeof(line),
		 "\r\nContent-Length: %" PRIu64 "\r\nContent-Type: ", body_bytes);
	append(response, line);
	append(response, type);
	append(response, "\r\n");
}

void http_response_add_field(struct http_response *response, const char *field)
{
	append(response, field);
	append(response, "\r\n");
}

size_t http_response_head(const struct http_response *response, enum http_connection connection,
			  char *text)
{
	static const struct {
		const char *text;
		size_t len;
	} ends[] = {
#define END(string) {string, sizeof(string) - 1}
		[HTTP_CONNECTION_DEFAULT] = END("\r\n"),
		[HTTP_CONNECTION_KEEP_ALIVE] = END("Connection: keep-alive\r\n\r\n"),
		[HTTP_CONNECTION_CLOSE] = END("Connection: close\r\n\r\n"),
#undef END
	};

	memcpy(text, response->head, response->head_bytes);
	memcpy(text + response->head_bytes, ends[connection].text, ends[connection].len);
	return response->head_bytes + ends[connection].len;
}

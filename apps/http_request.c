// SPDX-License-Identifier: BSD-3-Clause
//
// llhttp does the reading; it pauses at the end of every header and of every body, which tells
// exactly how far it got, and begins anew for the next request.
// Called by http_session.
#include "apps/http_request.h"

#include <string.h>

static const char host[] = "host";
#define HOST_LEN (sizeof(host) - 1)

static int on_url(llhttp_t *parser, const char *at, size_t len)
{
	struct http_request *request = parser->data;
	size_t room = request->target_room - request->target_bytes;

	if (request->target_bytes > request->target_room)
		return 0;
	if (len > room) {
		request->target_bytes = request->target_room + 1;
		return 0;
	}
	memcpy(request->target + request->target_bytes, at, len);
	request->target_bytes += (uint16_t)len;
	return 0;
}

// RFC 9112 3.2 wants exactly one Host field. Of any other name a byte or two is looked at.
static int on_header_field(llhttp_t *parser, const char *at, size_t len)
{
	struct http_request *request = parser->data;

	for (size_t i = 0; i < len && request->is_host; i++) {
		request->is_host = request->field_len < HOST_LEN
			&& (at[i] | 0x20) == host[request->field_len];
		request->field_len++;
	}
	return 0;
}

static int on_header_field_complete(llhttp_t *parser)
{
	struct http_request *request = parser->data;

	if (request->is_host && request->field_len == HOST_LEN && request->n_hosts < 2)
		request->n_hosts++;
	request->is_host = true;
	request->field_len = 0;
	return 0;
}

static int on_pause(llhttp_t *parser)
{
	(void)parser;
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_header_field = on_header_field,
	.on_header_field_complete = on_header_field_complete,
	.on_headers_complete = on_pause,
	.on_message_complete = on_pause,
};

static const llhttp_settings_t settings_with_target = {
	.on_url = on_url,
	.on_header_field = on_header_field,
	.on_header_field_complete = on_header_field_complete,
	.on_headers_complete = on_pause,
	.on_message_complete = on_pause,
};

static void begin(struct http_request *request)
{
	llhttp_init(&request->parser, HTTP_REQUEST,
		    request->target == NULL ? &settings : &settings_with_target);
	request->parser.data = request;
	request->target_bytes = 0;
	request->header_bytes = 0;
	request->field_len = 0;
	request->n_hosts = 0;
	request->is_host = true;
	request->phase = HTTP_REQUEST_BEGINS;
}

void http_request_init(struct http_request *request, char *target, uint16_t target_room)
{
	request->target = target;
	request->target_room = target_room;
	request->phase = HTTP_REQUEST_ENDED; // the parser is made ready when it is needed
}

// RFC 9112 6.3: without chunked as its last coding the length of a request's body is unknown.
static bool has_unknown_length(const llhttp_t *parser)
{
	return (parser->flags & (F_TRANSFER_ENCODING | F_CHUNKED)) == F_TRANSFER_ENCODING;
}

static bool has_body(const llhttp_t *parser)
{
	return (parser->flags & F_CHUNKED) != 0 || parser->content_length > 0;
}

static enum http_request_verdict end_header(struct http_request *request)
{
	llhttp_t *parser = &request->parser;

	if (request->header_bytes > HTTP_HEADER_BYTES_MAX)
		return HTTP_REQUEST_HEADER_TOO_LARGE;
	if (has_unknown_length(parser))
		return HTTP_REQUEST_BAD;
	if (parser->http_major != 1)
		return HTTP_REQUEST_BAD_VERSION;
	request->phase = has_body(parser) ? HTTP_REQUEST_IN_BODY : HTTP_REQUEST_ENDED;
	llhttp_resume(parser);
	return HTTP_REQUEST_COMPLETE;
}

// All there is was read without an end in sight.
static enum http_request_verdict want_more(struct http_request *request, size_t len)
{
	if (request->phase == HTTP_REQUEST_IN_BODY)
		return HTTP_REQUEST_MORE;
	request->phase = HTTP_REQUEST_IN_HEADER;
	request->header_bytes += (uint32_t)len;
	return request->header_bytes > HTTP_HEADER_BYTES_MAX ? HTTP_REQUEST_HEADER_TOO_LARGE
							     : HTTP_REQUEST_MORE;
}

enum http_request_verdict http_request_read(struct http_request *request, const char *data,
					    size_t len, size_t *used)
{
	const char *at = data;
	const char *end = data + len;

	*used = len;
	if (request->phase == HTTP_REQUEST_ENDED)
		begin(request);
	while (at < end) {
		llhttp_errno_t err = llhttp_execute(&request->parser, at, (size_t)(end - at));
		const char *from = at;

		if (err == HPE_OK)
			return want_more(request, (size_t)(end - at));
		if (err == HPE_INVALID_VERSION || err == HPE_PAUSED_H2_UPGRADE)
			return HTTP_REQUEST_BAD_VERSION;
		if (err != HPE_PAUSED)
			return HTTP_REQUEST_BAD;
		at = llhttp_get_error_pos(&request->parser);
		if (request->phase != HTTP_REQUEST_IN_BODY) {
			request->header_bytes += (uint32_t)(at - from);
			*used = (size_t)(at - data);
			return end_header(request);
		}
		begin(request);
	}
	return HTTP_REQUEST_MORE;
}

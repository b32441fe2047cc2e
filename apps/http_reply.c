// SPDX-License-Identifier: BSD-3-Clause
//
// llhttp reads the header and pauses at its end; a body of known length is counted here, llhttp
// goes on with the other kinds (RFC 9112 6.3).
// Called by load_connection.
#include "apps/http_reply.h"

#include <string.h>

static int on_pause(llhttp_t *parser)
{
	(void)parser;
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_headers_complete = on_pause,
	.on_message_complete = on_pause,
};

// The parser is made ready when it is needed: a header that repeats itself never needs it.
void http_reply_begin(struct http_reply *reply)
{
	reply->header_bytes = 0;
	reply->phase = HTTP_REPLY_BEGINS;
}

// Counts what of a body of known length is there.
static enum http_reply_verdict count_body(struct http_reply *reply, size_t len, size_t *used)
{
	size_t n = reply->body_left < len ? (size_t)reply->body_left : len;

	reply->phase = HTTP_REPLY_IN_KNOWN_BODY;
	reply->body_left -= n;
	*used += n;
	return reply->body_left == 0 ? HTTP_REPLY_COMPLETE : HTTP_REPLY_MORE;
}

static bool is_repeated(const struct http_reply_repeated *repeated, const char *data, size_t len)
{
	return repeated->header_bytes > 0 && len >= repeated->header_bytes
		&& memcmp(data, repeated->header, repeated->header_bytes) == 0;
}

static void remember(struct http_reply_repeated *repeated, const struct http_reply *reply,
		     const char *header)
{
	if (reply->header_bytes > HTTP_REPLY_REPEATED_BYTES)
		return;
	repeated->body_bytes = reply->body_left;
	repeated->header_bytes = reply->header_bytes;
	repeated->status = reply->status;
	repeated->is_keep_alive = reply->is_keep_alive;
	memcpy(repeated->header, header, reply->header_bytes);
}

// RFC 9112 6.3: the length of the body is in the header, or there is none.
static bool has_known_length(const llhttp_t *parser, uint64_t *body_bytes)
{
	*body_bytes = parser->content_length;
	if (parser->status_code == 204 || parser->status_code == 304) {
		*body_bytes = 0;
		return true;
	}
	return (parser->flags & (F_CONTENT_LENGTH | F_TRANSFER_ENCODING)) == F_CONTENT_LENGTH;
}

// A header ends at `end`. MORE when its body, or after an interim one the next header, is to
// follow.
static enum http_reply_verdict end_header(struct http_reply *reply)
{
	llhttp_t *parser = &reply->parser;

	if (reply->header_bytes > HTTP_REPLY_HEADER_BYTES_MAX || parser->status_code < 100
	    || parser->status_code == 101) // no upgrade was asked for
		return HTTP_REPLY_BAD;
	llhttp_resume(parser);
	if (parser->status_code < 200) {
		llhttp_init(parser, HTTP_RESPONSE, &settings);
		reply->header_bytes = 0;
		return HTTP_REPLY_MORE;
	}
	reply->status = parser->status_code;
	reply->is_keep_alive = llhttp_should_keep_alive(parser);
	reply->phase = has_known_length(parser, &reply->body_left) ? HTTP_REPLY_IN_KNOWN_BODY
								   : HTTP_REPLY_IN_BODY;
	return HTTP_REPLY_MORE;
}

static enum http_reply_verdict parse(struct http_reply *reply, struct http_reply_repeated *repeated,
				     const char *data, size_t len, size_t *used)
{
	while (*used < len) {
		const char *at = data + *used;
		llhttp_errno_t err = llhttp_execute(&reply->parser, at, len - *used);
		size_t n = err == HPE_PAUSED ? (size_t)(llhttp_get_error_pos(&reply->parser) - at)
					     : len - *used;

		if (err != HPE_PAUSED && err != HPE_OK)
			return HTTP_REPLY_BAD;
		*used += n;
		if (reply->phase == HTTP_REPLY_IN_BODY) {
			if (err == HPE_PAUSED)
				return HTTP_REPLY_COMPLETE;
			continue;
		}
		reply->header_bytes += (uint32_t)n;
		if (err == HPE_OK && reply->header_bytes > HTTP_REPLY_HEADER_BYTES_MAX)
			return HTTP_REPLY_BAD;
		if (err == HPE_PAUSED && end_header(reply) == HTTP_REPLY_BAD)
			return HTTP_REPLY_BAD;
		if (reply->phase == HTTP_REPLY_IN_KNOWN_BODY) {
			if (*used >= reply->header_bytes)
				remember(repeated, reply, data + *used - reply->header_bytes);
			return count_body(reply, len - *used, used);
		}
	}
	return HTTP_REPLY_MORE;
}

enum http_reply_verdict http_reply_read(struct http_reply *reply,
					struct http_reply_repeated *repeated, const char *data,
					size_t len, size_t *used)
{
	*used = 0;
	if (reply->phase == HTTP_REPLY_IN_KNOWN_BODY)
		return count_body(reply, len, used);
	if (reply->phase == HTTP_REPLY_BEGINS && is_repeated(repeated, data, len)) {
		reply->status = repeated->status;
		reply->is_keep_alive = repeated->is_keep_alive;
		reply->body_left = repeated->body_bytes;
		*used = repeated->header_bytes;
		return count_body(reply, len - *used, used);
	}
	if (reply->phase == HTTP_REPLY_BEGINS) {
		llhttp_init(&reply->parser, HTTP_RESPONSE, &settings);
		reply->phase = HTTP_REPLY_IN_HEADER;
	}
	return parse(reply, repeated, data, len, used);
}

enum http_reply_verdict http_reply_end(struct http_reply *reply)
{
	switch (reply->phase) {
	case HTTP_REPLY_IN_KNOWN_BODY:
		return HTTP_REPLY_SHORT;
	case HTTP_REPLY_IN_BODY: // RFC 9112 6.3: without a length, the end of the connection is it
		return reply->parser.flags & F_CHUNKED ? HTTP_REPLY_SHORT : HTTP_REPLY_COMPLETE;
	default:
		return HTTP_REPLY_BAD;
	}
}

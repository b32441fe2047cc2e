// SPDX-License-Identifier: BSD-3-Clause
//
// Reads one response at a time out of a stream of bytes, wherever the stream is cut (RFC 9112): its
// status, whether the connection may go on, and that its body is as long as it said. Interim
// responses (1xx) are passed over. A header that is the same as the last one is recognized without
// being parsed.
// Called by load_connection.
#ifndef APPS_HTTP_REPLY_H
#define APPS_HTTP_REPLY_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>

#define HTTP_REPLY_HEADER_BYTES_MAX 65536
#define HTTP_REPLY_REPEATED_BYTES 512

// The last header whose body has a length that it announces, shared by all replies of an
// application.
struct http_reply_repeated {
	uint64_t body_bytes;
	uint32_t header_bytes; // 0 = none yet
	uint16_t status;
	bool is_keep_alive;
	char header[HTTP_REPLY_REPEATED_BYTES];
};

struct http_reply {
	uint64_t body_left;    // of a body of known length
	uint32_t header_bytes; // seen so far
	uint16_t status;       // once the header is complete
	uint8_t phase;	       // of enum http_reply_phase
	bool is_keep_alive;    // the connection may carry another request
	llhttp_t parser;       // last: a header that repeats itself does not touch it
};

enum http_reply_phase {
	HTTP_REPLY_BEGINS,
	HTTP_REPLY_IN_HEADER,
	HTTP_REPLY_IN_KNOWN_BODY, // counted here
	HTTP_REPLY_IN_BODY,	  // chunked, or until the end of the connection
};

enum http_reply_verdict {
	HTTP_REPLY_MORE, // all was used, and more is wanted
	HTTP_REPLY_COMPLETE,
	HTTP_REPLY_BAD,	  // not HTTP, or none that was asked for
	HTTP_REPLY_SHORT, // ended within the body (http_reply_end() only)
};

// Makes ready for the next response.
void http_reply_begin(struct http_reply *reply);

// Reads on; `used` bytes of `data` are dealt with. After anything but MORE: http_reply_begin().
enum http_reply_verdict http_reply_read(struct http_reply *reply,
					struct http_reply_repeated *repeated, const char *data,
					size_t len, size_t *used);

// The connection has ended in order: never MORE.
enum http_reply_verdict http_reply_end(struct http_reply *reply);

// True as long as nothing of a response has come.
static inline bool http_reply_is_untouched(const struct http_reply *reply)
{
	return reply->phase == HTTP_REPLY_BEGINS;
}

#endif

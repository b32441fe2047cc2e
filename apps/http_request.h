// SPDX-License-Identifier: BSD-3-Clause
//
// Reads requests out of a stream of bytes, one header at a time, wherever the stream is cut (RFC
// 9112). Of the header it keeps what an answer depends on; the body is passed over by the next
// call.
// Called by http_session.
#ifndef APPS_HTTP_REQUEST_H
#define APPS_HTTP_REQUEST_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEADER_BYTES_MAX 16384 // more is HTTP_REQUEST_HEADER_TOO_LARGE

struct http_request {
	uint8_t phase;	       // of enum http_request_phase
	uint8_t field_len;     // of the name of the field that is being read, at most 5
	uint8_t n_hosts;       // Host fields, at most 2
	bool is_host;	       // as far as the name was read
	uint32_t header_bytes; // seen so far
	char *target;	       // NULL: nobody wants to know
	uint16_t target_room;
	uint16_t target_bytes; // kept; above target_room when it did not fit
	llhttp_t parser;
};

enum http_request_phase {
	HTTP_REQUEST_BEGINS,
	HTTP_REQUEST_IN_HEADER,
	HTTP_REQUEST_IN_BODY,
	HTTP_REQUEST_ENDED, // it had no body, and is kept until the next one begins
};

enum http_request_verdict {
	HTTP_REQUEST_MORE,     // all was used, and more is wanted
	HTTP_REQUEST_COMPLETE, // a header has ended; the parser and what is kept tell what it said
	HTTP_REQUEST_BAD,      // not HTTP; nothing can be read any more
	HTTP_REQUEST_BAD_VERSION,
	HTTP_REQUEST_HEADER_TOO_LARGE,
};

// `target` with target_room bytes is where the target of a request is kept; NULL = nowhere.
void http_request_init(struct http_request *request, char *target, uint16_t target_room);

// Reads on; `used` bytes of `data` are dealt with. After anything but MORE and COMPLETE it must
// not be called again.
enum http_request_verdict http_request_read(struct http_request *request, const char *data,
					    size_t len, size_t *used);

// True where a new request would begin.
static inline bool http_request_is_between(const struct http_request *request)
{
	return request->phase == HTTP_REQUEST_BEGINS || request->phase == HTTP_REQUEST_ENDED;
}

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// Two texts for one port, made by copying.
// Called by load_connection.
#include "apps/load_request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HTTP_PORT 80
#define ECHO_PERIOD 23 // bytes until the pattern repeats itself: no power of two, no segment size
#define SUFFIX_BYTES_MAX 32 // ":65535", Connection, the empty line and a terminating zero

int load_request_init(struct load_request *request, const char *host, const char *path)
{
	int prefix_len = snprintf(NULL, 0, "GET %s HTTP/1.1\r\nHost: %s", path, host);
	size_t text_bytes = (size_t)prefix_len + SUFFIX_BYTES_MAX;

	*request = (struct load_request){.prefix_len = (uint32_t)prefix_len};
	request->memory = malloc(3 * text_bytes);
	if (request->memory == NULL)
		return -ENOMEM;
	snprintf(request->memory, text_bytes, "GET %s HTTP/1.1\r\nHost: %s", path, host);
	request->texts[false] = request->memory + text_bytes;
	request->texts[true] = request->memory + 2 * text_bytes;
	return 0;
}

int load_request_init_echo(struct load_request *request, uint32_t bytes)
{
	*request = (struct load_request){.lens = {bytes, bytes}, .is_echo = true};
	request->memory = malloc(bytes);
	if (request->memory == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < bytes; i++)
		request->memory[i] = (char)('a' + i % ECHO_PERIOD);
	request->texts[false] = request->texts[true] = request->memory;
	return 0;
}

void load_request_fini(struct load_request *request)
{
	free(request->memory);
	request->memory = NULL;
}

static void build(struct load_request *request, bool is_last)
{
	char *text = request->texts[is_last];
	char *suffix = text + request->prefix_len;
	int len = 0;

	memcpy(text, request->memory, request->prefix_len);
	if (request->port != HTTP_PORT)
		len = snprintf(suffix, SUFFIX_BYTES_MAX, ":%u", request->port);
	len += snprintf(suffix + len, SUFFIX_BYTES_MAX - (size_t)len, "%s\r\n\r\n",
			is_last ? "\r\nConnection: close" : "");
	request->lens[is_last] = request->prefix_len + (uint32_t)len;
}

const char *load_request_text(struct load_request *request, uint16_t port, bool is_last,
			      uint32_t *len)
{
	if (request->port != port && !request->is_echo) {
		request->port = port;
		build(request, false);
		build(request, true);
	}
	*len = request->lens[is_last];
	return request->texts[is_last];
}

void load_request_begin_echo(const struct load_request *request, struct http_reply *reply)
{
	reply->body_left = request->lens[false];
	reply->status = 200;
	reply->is_keep_alive = true;
}

enum http_reply_verdict load_request_read_echo(const struct load_request *request,
					       struct http_reply *reply, const char *data,
					       size_t len, size_t *used)
{
	size_t n = reply->body_left < len ? (size_t)reply->body_left : len;
	const char *expected = request->memory + request->lens[false] - reply->body_left;

	if (memcmp(data, expected, n) != 0)
		return HTTP_REPLY_BAD;
	reply->phase = HTTP_REPLY_IN_KNOWN_BODY;
	reply->body_left -= n;
	*used = n;
	return reply->body_left == 0 ? HTTP_REPLY_COMPLETE : HTTP_REPLY_MORE;
}

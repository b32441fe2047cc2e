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
	if (request->port != port) {
		request->port = port;
		build(request, false);
		build(request, true);
	}
	*len = request->lens[is_last];
	return request->texts[is_last];
}

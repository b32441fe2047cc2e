// SPDX-License-Identifier: BSD-3-Clause
//
// The bytes of the requests of a load. All requests to one port are the same, but for the last one
// of a connection, which announces that it is (RFC 9112 9.6); they are put together when the port
// changes. An echo has but one text, and what comes back must be the same.
// Called by load_connection.
#ifndef APPS_LOAD_REQUEST_H
#define APPS_LOAD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apps/http_reply.h"

struct load_request {
	char *memory; // prefix, then the two texts
	char *texts[2];
	uint32_t lens[2];
	uint32_t prefix_len;
	uint16_t port; // of the texts; 0 = none yet
	bool is_echo;
};

// Returns 0; -ENOMEM. `host` is without port.
int load_request_init(struct load_request *request, const char *host, const char *path);
int load_request_init_echo(struct load_request *request, uint32_t bytes);
void load_request_fini(struct load_request *request);

// The text and its length; valid until it is asked for another port.
const char *load_request_text(struct load_request *request, uint16_t port, bool is_last,
			      uint32_t *len);

// For an echo in place of http_reply_begin() and http_reply_read().
void load_request_begin_echo(const struct load_request *request, struct http_reply *reply);
enum http_reply_verdict load_request_read_echo(const struct load_request *request,
					       struct http_reply *reply, const char *data,
					       size_t len, size_t *used);

#endif

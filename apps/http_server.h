// SPDX-License-Identifier: BSD-3-Clause
//
// An HTTP/1.1 server (RFC 9112) for GET and HEAD: keep-alive, pipelining, HTTP/1.0. It answers
// every path with the same body, or serves http_files. It has no timers but one: a connection that
// it closes while the peer may still be sending lingers for a bounded time, so that the last
// response is not lost to a reset (RFC 9112 9.6). See http_session.h for how a request is read.
// Created by apps/host; the worker's loop calls it through application.h.
#ifndef APPS_HTTP_SERVER_H
#define APPS_HTTP_SERVER_H

#include "apps/application.h"
#include "apps/http_files.h"
#include "apps/server.h"

struct http_server_config {
	struct server_config server;
	uint64_t body_bytes;		// of the fixed pattern
	const struct http_files *files; // instead of the pattern; read, and outlives the server
	// Where the pattern lies, at least body_bytes, filled in at creation and never freed here;
	// NULL = memory of its own. For memory that a device reaches.
	void *body_memory;
};

struct http_server_results {
	struct server_results server;
	uint64_t requests;  // whose header was complete and well-formed
	uint64_t responses; // begun, errors included
	uint64_t refusals;  // responses with a status of 400 or above
};

// Returns 0 and the application; -EINVAL the configuration contradicts itself; -ENOMEM.
int http_server_create(const struct http_server_config *config, struct application **application);

const struct http_server_results *http_server_results(const struct application *application);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// A server that treats a connection as a stream of bytes: what echo and discard have in common,
// which is everything but the one function that is called when there may be something to read or
// room to send.
// Called by echo and discard.
#ifndef APPS_STREAM_SERVER_H
#define APPS_STREAM_SERVER_H

#include "apps/acceptor.h"

#define STREAM_CHUNK_BYTES 16384

struct stream_server;

// There may be something to read, or room to send; `mask` is the event's.
typedef void (*stream_serve_fn)(struct stream_server *server, struct session *session,
				uint32_t mask);

struct stream_server {
	struct application application;
	struct application_ops ops; // a copy each, for its name
	struct acceptor acceptor;
	struct server_results results;
	stream_serve_fn serve;
	char chunk[STREAM_CHUNK_BYTES];
};

// Returns 0 and the application; -EINVAL; -ENOMEM.
int stream_server_create(const struct server_config *config, const char *name,
			 stream_serve_fn serve, struct application **application);

const struct server_results *stream_server_results(const struct application *application);

#endif

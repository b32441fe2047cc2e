// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 863: what is read is counted and forgotten.
// The worker's loop calls it through application.h.
#include "apps/discard.h"

#include "apps/stream_server.h"

static void discard_serve(struct stream_server *discard, struct session *session, uint32_t mask)
{
	struct plx_stack *stack = discard->acceptor.stack;
	int64_t n;

	(void)mask;
	while ((n = plx_recv(stack, session->conn, discard->chunk, STREAM_CHUNK_BYTES, 0)) > 0)
		discard->results.rx_bytes += (uint64_t)n;
	if (n == 0)
		plx_close(stack, session->conn);
}

int discard_create(const struct server_config *config, struct application **application)
{
	return stream_server_create(config, "discard", discard_serve, application);
}

const struct server_results *discard_results(const struct application *application)
{
	return stream_server_results(application);
}

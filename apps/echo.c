// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 862 over the receive and send queues of the stack: a chunk is looked at without being taken,
// as much of it as fits is sent, and exactly that much is taken. Nothing is ever held here, so
// nothing can be lost.
// The worker's loop calls it through application.h.
#include "apps/echo.h"

#include "apps/stream_server.h"

// Until nothing is there, or the send queue is full: then WRITABLE brings us back. After nothing but READABLE less
// than a chunk is all there is.
static void echo_serve(struct stream_server *echo, struct session *session, uint32_t mask)
{
	struct plx_stack *stack = echo->acceptor.stack;
	int64_t least = mask == PLX_EVENT_READABLE ? STREAM_CHUNK_BYTES : 1;
	int64_t n, sent;

	do {
		n = plx_recv(stack, session->conn, echo->chunk, STREAM_CHUNK_BYTES, PLX_RECV_PEEK);
		if (n == 0)
			plx_close(stack, session->conn); // a half-close is passed on
		if (n <= 0)
			return;
		sent = plx_send(stack, session->conn, echo->chunk, (size_t)n);
		if (sent <= 0)
			return;
		plx_recv(stack, session->conn, echo->chunk, (size_t)sent, 0);
		echo->results.rx_bytes += (uint64_t)sent;
		echo->results.tx_bytes += (uint64_t)sent;
	} while (sent == n && n >= least);
}

int echo_create(const struct server_config *config, struct application **application)
{
	return stream_server_create(config, "echo", echo_serve, application);
}

const struct server_results *echo_results(const struct application *application)
{
	return stream_server_results(application);
}

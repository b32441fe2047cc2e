// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.10.2 SEND and 3.10.3 RECEIVE: bytes, mbufs and external memory in, bytes and mbufs out. The
// buffers' bounds are the options', to the byte.
// Called by stack/api.
#include <errno.h>

#include "tcp/connections.h"
#include "tcp/delayed_ack.h"
#include "tcp/listener.h"
#include "tcp/receive.h"
#include "tcp/recv_tuning.h"
#include "tcp/recv_window.h"
#include "tcp/send_queue.h"
#include "tcp/seq.h"
#include "tcp/time_wait.h"
#include "tcp/user.h"

// The connection of a SEND, or the error that answers it.
static __rte_always_inline int resolve_sender(const struct tcp *tcp, plx_conn handle,
					      struct tcp_conn **out)
{
	struct tcp_conn *c = conn_resolve(tcp, handle);

	*out = c;
	if (unlikely(c == NULL))
		return listener_resolve(tcp, handle) != NULL ? -ENOTCONN : -EBADF;
	if (likely(!conn_has(c, CONN_USER_CLOSED | CONN_FIN_QUEUED)))
		return 0;
	return conn_has(c, CONN_USER_CLOSED) ? -EBADF : -EPIPE;
}

static uint32_t room_for(const struct tcp *tcp, const struct tcp_conn *c)
{
	int64_t buffer = conn_option(tcp, c, PLX_OPTION_SEND_BUFFER);

	return buffer > c->queue.bytes ? (uint32_t)buffer - c->queue.bytes : 0;
}

// The send buffer is full: acknowledgements will make room. The stack's memory is: nobody's need be this
// connection's, so it stands on the ready list until there is some.
static void wait_for_room(struct tcp *tcp, struct tcp_conn *c)
{
	c->flags |= CONN_WANTS_WRITABLE;
	if (room_for(tcp, c) > 0)
		conn_raise(tcp, c, 0);
}

// What is queued goes out in this iteration; a caller that was told to wait hears when there is room.
static int64_t after_append(struct tcp *tcp, struct tcp_conn *c, size_t wanted, uint32_t taken)
{
	if (taken > 0)
		conn_wants_output(tcp, c);
	if (taken < wanted)
		wait_for_room(tcp, c);
	return taken > 0 ? (int64_t)taken : -EAGAIN;
}

int64_t user_send(struct tcp *tcp, plx_conn handle, const void *data, size_t len_bytes)
{
	struct tcp_conn *c;
	int rc = resolve_sender(tcp, handle, &c);
	uint32_t room;

	if (rc != 0 || len_bytes == 0)
		return rc;
	room = room_for(tcp, c);
	room = len_bytes < room ? (uint32_t)len_bytes : room;
	return after_append(tcp, c, len_bytes, send_queue_append_copy(tcp, c, data, room));
}

int user_send_mbuf(struct tcp *tcp, plx_conn handle, struct rte_mbuf *mbuf)
{
	struct tcp_conn *c;
	int rc = resolve_sender(tcp, handle, &c);

	if (rc != 0)
		return rc;
	if (mbuf->nb_segs != 1 || mbuf->data_len == 0
	    || mbuf->data_len > conn_option(tcp, c, PLX_OPTION_SEND_BUFFER))
		return -EINVAL;
	if (mbuf->data_len > room_for(tcp, c) || send_queue_append_mbuf(tcp, c, mbuf) != 0) {
		wait_for_room(tcp, c);
		return -EAGAIN;
	}
	conn_wants_output(tcp, c);
	return 0;
}

int64_t user_send_external(struct tcp *tcp, plx_conn handle, const struct plx_external *external)
{
	struct tcp_conn *c;
	int rc = resolve_sender(tcp, handle, &c);
	uint32_t room;
	uint32_t taken = 0;

	if (rc != 0 || external->len_bytes == 0)
		return rc;
	room = room_for(tcp, c);
	room = external->len_bytes < room ? external->len_bytes : room;
	if (room > 0)
		taken = send_queue_append_external(tcp, c, external, room);
	return after_append(tcp, c, external->len_bytes, taken);
}

int64_t user_writable(struct tcp *tcp, plx_conn handle)
{
	struct tcp_conn *c;
	int rc = resolve_sender(tcp, handle, &c);

	if (rc != 0)
		return rc;
	return send_queue_has_memory(tcp) ? (int64_t)room_for(tcp, c) : 0;
}

unsigned user_sent(struct tcp *tcp, uint64_t *cookies, unsigned max)
{
	unsigned n = 0;

	send_external_collect(tcp);
	while (n < max && tcp->sent_head != tcp->sent_tail) {
		uint32_t idx = tcp->sent[tcp->sent_head++ % EXTERNAL_BLOCKS];
		const struct send_external *block = pool_at(&tcp->externals, idx);

		cookies[n++] = block->cookie;
		pool_put(&tcp->externals, idx);
	}
	return n;
}

// The connection of a RECEIVE, or the error that answers it.
static __rte_always_inline int resolve_receiver(const struct tcp *tcp, plx_conn handle,
						struct tcp_conn **out)
{
	struct tcp_conn *c = conn_resolve(tcp, handle);

	*out = c;
	if (unlikely(c == NULL))
		return listener_resolve(tcp, handle) != NULL ? -ENOTCONN : -EBADF;
	if (conn_has(c, CONN_USER_CLOSED))
		return -EBADF;
	if (!conn_is_synchronized(c))
		return -ENOTCONN;
	return conn_has(c, CONN_READ_SHUT) ? -ESHUTDOWN : 0;
}

// Room was made: perhaps the peer should hear of it, perhaps the connection only waited for this.
static __rte_always_inline void after_read(struct tcp *tcp, struct tcp_conn *c)
{
	recv_tuning_on_read(tcp, c);
	if (recv_window_is_worth_update(tcp, c))
		delayed_ack_at_once(tcp, c);
	if (unlikely(conn_has(c, CONN_OFF_WIRE) || c->state == PLX_STATE_LAST_ACK))
		conn_end_if_done(tcp, c);
}

int64_t user_recv(struct tcp *tcp, plx_conn handle, void *buffer, size_t len_bytes, unsigned flags)
{
	struct tcp_conn *c;
	int rc = resolve_receiver(tcp, handle, &c);
	size_t n;

	if (rc != 0)
		return rc;
	if (c->rcv_bytes == 0)
		return conn_has(c, CONN_FIN_RECEIVED) ? 0 : -EAGAIN;
	if (likely(c->rcv_head == c->rcv_tail && c->rcv_bytes <= len_bytes && flags == 0)) {
		n = receive_copy_all(tcp, c, buffer);
		after_read(tcp, c);
		return (int64_t)n;
	}
	n = receive_peek(c, buffer, len_bytes);
	if ((flags & PLX_RECV_PEEK) == 0) {
		receive_consume(tcp, c, n);
		after_read(tcp, c);
	}
	return (int64_t)n;
}

int user_recv_mbuf(struct tcp *tcp, plx_conn handle, struct rte_mbuf **mbuf)
{
	struct tcp_conn *c;
	int rc = resolve_receiver(tcp, handle, &c);

	*mbuf = NULL;
	if (rc != 0)
		return rc;
	*mbuf = receive_take(c);
	if (*mbuf == NULL)
		return conn_has(c, CONN_FIN_RECEIVED) ? 0 : -EAGAIN;
	after_read(tcp, c);
	return 0;
}

int64_t user_readable(struct tcp *tcp, plx_conn handle)
{
	struct tcp_conn *c;
	int rc = resolve_receiver(tcp, handle, &c);

	return rc != 0 ? rc : (int64_t)c->rcv_bytes;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The user's calls of RFC 9293 3.10.1 to 3.10.6: listen (passive OPEN), connect (active OPEN), send,
 * receive, shutdown, close, abort. None blocks, none sends by itself: what they cause goes out in
 * the next plx_output(). Call them between plx_poll() and plx_output(), on the stack's own thread.
 */
#ifndef POLLUX_CONN_H
#define POLLUX_CONN_H

#include <pollux/option.h>
#include <pollux/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct plx_listen_args {
	struct plx_addr local; /**< one of the stack's, or all zero for any of both families */
	uint16_t port;	       /**< 1..65535 */
	uint32_t backlog;      /**< most connections whose ACCEPTED was not fetched; 0 = 1024 */
	void *user;	       /**< given with every ACCEPTED, and inherited by the connection */
	const struct plx_option_value *options;
	unsigned n_options;
};

/**
 * Passive OPEN. Returns 0 and the listener's handle; -EADDRINUSE somebody listens there (an exact
 * address and "any" may share a port, the exact one wins); -EADDRNOTAVAIL not an address of the
 * stack; -EINVAL port 0; -ERANGE an option's value; -ENOBUFS max_listeners.
 * plx_close() on the handle ends it: unfetched connections are aborted (RST), and no event comes.
 */
PLX_API int plx_listen(struct plx_stack *stack, const struct plx_listen_args *args,
		       plx_conn *listener);

struct plx_connect_args {
	struct plx_addr
		local; /**< one of the stack's, or all zero to choose the first of the family that fits the route */
	uint16_t local_port; /**< 0 = an ephemeral one by RFC 6056 */
	struct plx_addr remote;
	uint16_t remote_port; /**< 1..65535 */
	void *user;
	const struct plx_option_value *options;
	unsigned n_options;
};

/**
 * Active OPEN: gives a handle at once; CONNECTED or FAILED follows as an event. plx_send() may
 * be called before that, the data waits for the handshake.
 * Returns 0; -EADDRNOTAVAIL local is not ours, or no free port is left for this remote (try again
 * when a connection has ended); -EADDRINUSE the named tuple is in use, or is the connection to
 * itself; -ENETUNREACH no route or no source address of the family; -EINVAL remote is no single
 * host's (any, 0.0.0.0/8, loopback, multicast, broadcast), or its port 0; -ERANGE an option's value;
 * -ENOBUFS max_connections.
 */
PLX_API int plx_connect(struct plx_stack *stack, const struct plx_connect_args *args,
			plx_conn *conn);

/** For plx_recv(). */
enum plx_recv_flag {
	PLX_RECV_PEEK = 1u << 0, /**< copy without taking; the window does not open */
};

/**
 * Copies at most `len_bytes` of received data into `buffer` and frees it, opening the window.
 * Returns how many bytes, 0 when the peer has closed and all was read; -EAGAIN nothing there now;
 * -EBADF stale handle; -ENOTCONN not yet connected, or a listener; -ESHUTDOWN reading was shut down.
 */
PLX_API int64_t plx_recv(struct plx_stack *stack, plx_conn conn, void *buffer, size_t len_bytes,
			 unsigned flags);

/**
 * Takes the next buffer of received data without copying: an mbuf with one segment, its data being
 * payload only. The caller owns it and frees it (soon: it comes from the port's pool). The window
 * opens by its length. Returns 0 and the mbuf; 0 and NULL when the peer has closed and all was
 * read; else as plx_recv().
 */
PLX_API int plx_recv_mbuf(struct plx_stack *stack, plx_conn conn, struct rte_mbuf **mbuf);

/** Bytes that can be read now; or -EBADF, -ENOTCONN, -ESHUTDOWN as plx_recv(). */
PLX_API int64_t plx_readable(struct plx_stack *stack, plx_conn conn);

/**
 * Copies bytes into the send queue. Returns how many were taken: fewer than asked when the send
 * buffer, or the stack's memory for segments, is full (WRITABLE tells when to go on), then possibly
 * -EAGAIN for none; -EBADF stale handle; -EPIPE writing was shut down; -ENOTCONN a listener.
 * A call with 0 bytes returns 0.
 */
PLX_API int64_t plx_send(struct plx_stack *stack, plx_conn conn, const void *data,
			 size_t len_bytes);

/**
 * Gives an mbuf (one segment, all of it payload) to the send queue without copying. On success the
 * engine owns it; it must stay unwritten by others. An mbuf with headroom of 128 and refcnt 1 has its
 * headers written in front of the payload in place.
 * Returns 0; -EAGAIN it does not fit now (all or nothing); -EINVAL chained, empty, or longer than
 * the send buffer; else as plx_send(). After an error the caller still owns the mbuf.
 */
PLX_API int plx_send_mbuf(struct plx_stack *stack, plx_conn conn, struct rte_mbuf *mbuf);

/** Memory of the application that is sent without being copied into the send queue. */
struct plx_external {
	const void *data; /**< must stay unchanged until the cookie comes back */
	uint32_t len_bytes;
	uint64_t cookie; /**< handed back by plx_sent() */
	bool wants_sent; /**< false: no SENT, no cookie; for memory that never goes away while the stack lives */
};

/**
 * Queues external memory. Where the port cannot reach or must not keep it, each segment is copied
 * when it is sent; the memory is never written. Counts against SEND_BUFFER like any data, and may
 * be taken in part: returns how many bytes were taken, as plx_send(); a cookie belongs to the call
 * that was told all of its bytes were taken, and to what such a call took in part (each call that
 * returns > 0 and wants it gets its cookie back exactly once).
 * SENT means acknowledged and no longer referenced by any driver.
 */
PLX_API int64_t plx_send_external(struct plx_stack *stack, plx_conn conn,
				  const struct plx_external *external);

/** Fetches at most `max` cookies of buffers that are free again, of all connections. Returns how many. */
PLX_API unsigned plx_sent(struct plx_stack *stack, uint64_t *cookies, unsigned max);

/** Bytes that plx_send() would take now; or -EBADF, -EPIPE, -ENOTCONN. */
PLX_API int64_t plx_writable(struct plx_stack *stack, plx_conn conn);

enum plx_shutdown_how {
	PLX_SHUTDOWN_READ, /**< what is unread, and what comes from now on, is acknowledged and thrown away */
	PLX_SHUTDOWN_WRITE, /**< FIN after what is queued; reading goes on (half-close, RFC 9293 3.6) */
	PLX_SHUTDOWN_BOTH,
};

/** Returns 0 (also when it was so already); -EBADF; -ENOTCONN before the handshake or for a listener; -EINVAL. */
PLX_API int plx_shutdown(struct plx_stack *stack, plx_conn conn, enum plx_shutdown_how how);

/**
 * CLOSE: what is queued is still sent, then FIN. Unread data, or data that comes later, makes it a RST
 * (RFC 2525 2.17). Afterwards only SENT and the last event (CLOSED or FAILED) come, and sending, receiving and
 * closing again answer -EBADF; plx_abort(), plx_shutdown(), plx_get_info() and options work until then. Returns 0;
 * -EBADF.
 */
PLX_API int plx_close(struct plx_stack *stack, plx_conn conn);

/** ABORT: throws away what is queued and sends RST. FAILED with -ECONNABORTED is the last event. Returns 0; -EBADF. */
PLX_API int plx_abort(struct plx_stack *stack, plx_conn conn);

/** The application's own value of a connection; NULL for a stale handle. */
PLX_API void *plx_conn_user(struct plx_stack *stack, plx_conn conn);

/** Sets it. Returns 0; -EBADF. */
PLX_API int plx_conn_set_user(struct plx_stack *stack, plx_conn conn, void *user);

#ifdef __cplusplus
}
#endif

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// The user's calls: each hands on to the room of tcp/ that carries it out.
// Public interface: <pollux/conn.h>, <pollux/option.h>, <pollux/info.h>.
#include <errno.h>

#include <pollux/conn.h>
#include <pollux/info.h>

#include "stack/stack.h"
#include "tcp/connections.h"
#include "tcp/listener.h"
#include "tcp/user.h"

int plx_listen(struct plx_stack *stack, const struct plx_listen_args *args, plx_conn *listener)
{
	return listener_open(&stack->tcp, args, listener);
}

int plx_connect(struct plx_stack *stack, const struct plx_connect_args *args, plx_conn *conn)
{
	return user_connect(&stack->tcp, args, conn);
}

int64_t plx_recv(struct plx_stack *stack, plx_conn conn, void *buffer, size_t len_bytes,
		 unsigned flags)
{
	return user_recv(&stack->tcp, conn, buffer, len_bytes, flags);
}

int plx_recv_mbuf(struct plx_stack *stack, plx_conn conn, struct rte_mbuf **mbuf)
{
	return user_recv_mbuf(&stack->tcp, conn, mbuf);
}

int64_t plx_readable(struct plx_stack *stack, plx_conn conn)
{
	return user_readable(&stack->tcp, conn);
}

int64_t plx_send(struct plx_stack *stack, plx_conn conn, const void *data, size_t len_bytes)
{
	return user_send(&stack->tcp, conn, data, len_bytes);
}

int plx_send_mbuf(struct plx_stack *stack, plx_conn conn, struct rte_mbuf *mbuf)
{
	return user_send_mbuf(&stack->tcp, conn, mbuf);
}

int64_t plx_send_external(struct plx_stack *stack, plx_conn conn,
			  const struct plx_external *external)
{
	return user_send_external(&stack->tcp, conn, external);
}

unsigned plx_sent(struct plx_stack *stack, uint64_t *cookies, unsigned max)
{
	return user_sent(&stack->tcp, cookies, max);
}

int64_t plx_writable(struct plx_stack *stack, plx_conn conn)
{
	return user_writable(&stack->tcp, conn);
}

int plx_shutdown(struct plx_stack *stack, plx_conn conn, enum plx_shutdown_how how)
{
	return user_shutdown(&stack->tcp, conn, how);
}

int plx_close(struct plx_stack *stack, plx_conn conn)
{
	return user_close(&stack->tcp, conn);
}

int plx_abort(struct plx_stack *stack, plx_conn conn)
{
	return user_abort(&stack->tcp, conn);
}

int plx_set_option(struct plx_stack *stack, plx_conn conn, enum plx_option option, int64_t value)
{
	return user_set_option(&stack->tcp, conn, option, value);
}

int plx_get_option(struct plx_stack *stack, plx_conn conn, enum plx_option option, int64_t *value)
{
	return user_get_option(&stack->tcp, conn, option, value);
}

int plx_get_info(struct plx_stack *stack, plx_conn conn, struct plx_info *info)
{
	return user_get_info(&stack->tcp, conn, info);
}

void *plx_conn_user(struct plx_stack *stack, plx_conn conn)
{
	struct listener *listener = listener_resolve(&stack->tcp, conn);
	struct tcp_conn *c = conn_resolve(&stack->tcp, conn);

	if (listener != NULL)
		return listener->user;
	return c != NULL ? c->user : NULL;
}

int plx_conn_set_user(struct plx_stack *stack, plx_conn conn, void *user)
{
	struct listener *listener = listener_resolve(&stack->tcp, conn);
	struct tcp_conn *c = conn_resolve(&stack->tcp, conn);

	if (listener != NULL)
		listener->user = user;
	else if (c != NULL)
		c->user = user;
	else
		return -EBADF;
	return 0;
}

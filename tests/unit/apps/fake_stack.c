// SPDX-License-Identifier: BSD-3-Clause
//
// The calls are as <pollux/conn.h> says, in their simplest form: buffers that grow, handles with a
// generation, and nothing that happens by itself.
// Linked by the tests of apps/.
#include "fake_stack.h"

#include "support/cmocka_headers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct plx_stack {
	struct fake_control control;
	void *listener_users[FAKE_LISTENERS];
	bool is_listening[FAKE_LISTENERS];
	struct fake_connection connections[FAKE_CONNECTIONS];
};

#define LISTENER_INDEX FAKE_CONNECTIONS // handles of listeners begin here

static void append(struct fake_bytes *bytes, const void *data, size_t len)
{
	if (bytes->len + len + 1 > bytes->capacity) {
		bytes->capacity = 2 * (bytes->len + len + 1);
		bytes->data = realloc(bytes->data, bytes->capacity);
		assert_non_null(bytes->data);
	}
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
	bytes->data[bytes->len] = '\0';
}

static void clear(struct fake_bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct fake_bytes){0};
}

struct plx_stack *fake_create(void)
{
	struct plx_stack *stack = calloc(1, sizeof(*stack));

	assert_non_null(stack);
	stack->control.room = SIZE_MAX;
	return stack;
}

void fake_destroy(struct plx_stack *stack)
{
	for (unsigned i = 0; i < FAKE_CONNECTIONS; i++) {
		clear(&stack->connections[i].received);
		clear(&stack->connections[i].sent);
	}
	free(stack);
}

struct fake_control *fake_control(struct plx_stack *stack)
{
	return &stack->control;
}

struct fake_connection *fake_connection(struct plx_stack *stack, plx_conn conn)
{
	assert_in_range(conn.index, 0, FAKE_CONNECTIONS - 1);
	return &stack->connections[conn.index];
}

// What every call does first: applications have no business with stale handles.
static struct fake_connection *open_connection(struct plx_stack *stack, plx_conn conn)
{
	struct fake_connection *c = fake_connection(stack, conn);

	assert_true(c->is_open);
	assert_int_equal(c->generation, conn.generation);
	return c;
}

unsigned fake_count_open(const struct plx_stack *stack)
{
	unsigned count = 0;

	for (unsigned i = 0; i < FAKE_CONNECTIONS; i++)
		count += stack->connections[i].is_open;
	return count;
}

plx_conn fake_nth_open(const struct plx_stack *stack, unsigned n)
{
	for (uint32_t i = 0; i < FAKE_CONNECTIONS; i++)
		if (stack->connections[i].is_open && n-- == 0)
			return (plx_conn){i, stack->connections[i].generation};
	fail_msg("not so many connections are open");
	return (plx_conn){0, 0};
}

static plx_conn open_slot(struct plx_stack *stack, void *user)
{
	for (uint32_t i = 0; i < FAKE_CONNECTIONS; i++) {
		struct fake_connection *c = &stack->connections[i];

		if (c->is_open)
			continue;
		clear(&c->received);
		clear(&c->sent);
		*c = (struct fake_connection){.user = user,
					      .generation = c->generation + 1,
					      .is_open = true,
					      .nagle = true,
					      .room = stack->control.room};
		append(&c->sent, "", 0);
		return (plx_conn){i, c->generation};
	}
	fail_msg("too many connections for the fake stack");
	return (plx_conn){0, 0};
}

plx_conn fake_accept(struct plx_stack *stack, struct application *application, uint32_t mask,
		     plx_time now)
{
	unsigned i = 0;

	while (i < FAKE_LISTENERS && !stack->is_listening[i])
		i++;
	assert_in_range(i, 0, FAKE_LISTENERS - 1);
	plx_conn conn = open_slot(stack, stack->listener_users[i]);

	if (stack->control.early_data != NULL)
		fake_arrive(stack, conn, stack->control.early_data,
			    strlen(stack->control.early_data));
	fake_event(stack, application, conn, PLX_EVENT_ACCEPTED | mask,
		   mask & PLX_EVENT_FAILED ? -ECONNRESET : 0, now);
	return conn;
}

void fake_arrive(struct plx_stack *stack, plx_conn conn, const void *data, size_t len)
{
	struct fake_connection *c = open_connection(stack, conn);

	assert_false(c->is_fin_received);
	append(&c->received, data, len);
}

void fake_event(struct plx_stack *stack, struct application *application, plx_conn conn,
		uint32_t mask, int32_t error, plx_time now)
{
	struct fake_connection *c = open_connection(stack, conn);
	struct plx_event event = {.conn = conn, .user = c->user, .mask = mask, .error = error};

	if (mask & PLX_EVENT_WRITABLE) {
		assert_true(c->wants_writable);
		c->wants_writable = false;
	}
	if (mask & PLX_EVENT_PEER_CLOSED)
		c->is_fin_received = true;
	if (mask & (PLX_EVENT_CLOSED | PLX_EVENT_FAILED))
		c->is_open = false;
	assert_ptr_equal(*(struct application *const *)c->user, application);
	application->ops->on_event(application, &event, now);
}

const char *fake_sent(struct plx_stack *stack, plx_conn conn)
{
	return fake_connection(stack, conn)->sent.data;
}

static bool has_nagle(const struct plx_option_value *options, unsigned n)
{
	bool nagle = true;

	for (unsigned i = 0; i < n; i++)
		if (options[i].option == PLX_OPTION_NAGLE)
			nagle = options[i].value != 0;
	return nagle;
}

bool plx_addr_is_any(const struct plx_addr *addr)
{
	static const struct plx_addr any;

	return memcmp(addr, &any, sizeof(any)) == 0;
}

int plx_listen(struct plx_stack *stack, const struct plx_listen_args *args, plx_conn *listener)
{
	unsigned n = stack->control.n_listeners;

	if (stack->control.listen_error < 0 && n > 0)
		return stack->control.listen_error;
	assert_in_range(n, 0, FAKE_LISTENERS - 1);
	assert_false(has_nagle(args->options, args->n_options));
	stack->control.listen_ports[n] = args->port;
	stack->listener_users[n] = args->user;
	stack->is_listening[n] = true;
	stack->control.n_listeners++;
	*listener = (plx_conn){LISTENER_INDEX + n, 1};
	return 0;
}

int plx_connect(struct plx_stack *stack, const struct plx_connect_args *args, plx_conn *conn)
{
	struct fake_control *control = &stack->control;

	control->n_connects++;
	if (control->connect_error < 0 && control->connects_left == 0)
		return control->connect_error;
	if (control->connect_error < 0)
		control->connects_left--;
	*conn = open_slot(stack, args->user);
	stack->connections[conn->index].local = args->local;
	stack->connections[conn->index].remote_port = args->remote_port;
	stack->connections[conn->index].nagle = has_nagle(args->options, args->n_options);
	return 0;
}

int64_t plx_recv(struct plx_stack *stack, plx_conn conn, void *buffer, size_t len_bytes,
		 unsigned flags)
{
	struct fake_connection *c = open_connection(stack, conn);
	size_t left = c->received.len - c->received.taken;
	size_t n = left < len_bytes ? left : len_bytes;

	assert_false(c->is_closed || c->is_aborted);
	if (left == 0)
		return c->is_fin_received ? 0 : -EAGAIN;
	memcpy(buffer, c->received.data + c->received.taken, n);
	if (!(flags & PLX_RECV_PEEK))
		c->received.taken += n;
	return (int64_t)n;
}

int64_t plx_readable(struct plx_stack *stack, plx_conn conn)
{
	struct fake_connection *c = open_connection(stack, conn);

	return (int64_t)(c->received.len - c->received.taken);
}

int64_t plx_send(struct plx_stack *stack, plx_conn conn, const void *data, size_t len_bytes)
{
	struct fake_connection *c = open_connection(stack, conn);
	size_t n = len_bytes < c->room ? len_bytes : c->room;

	assert_false(c->is_closed || c->is_aborted || c->is_write_shut);
	append(&c->sent, data, n);
	c->room -= c->room == SIZE_MAX ? 0 : n;
	c->wants_writable = n < len_bytes;
	return n == 0 && len_bytes > 0 ? -EAGAIN : (int64_t)n;
}

int64_t plx_send_external(struct plx_stack *stack, plx_conn conn,
			  const struct plx_external *external)
{
	size_t bound = stack->control.external_at_once;
	size_t len = external->len_bytes;

	assert_false(external->wants_sent);
	stack->control.n_externals++;
	int64_t n = plx_send(stack, conn, external->data, bound > 0 && bound < len ? bound : len);

	if (n < (int64_t)len)
		stack->connections[conn.index].wants_writable = true;
	return n;
}

int plx_shutdown(struct plx_stack *stack, plx_conn conn, enum plx_shutdown_how how)
{
	struct fake_connection *c = open_connection(stack, conn);

	assert_int_equal(how, PLX_SHUTDOWN_WRITE);
	c->is_write_shut = true;
	return 0;
}

int plx_close(struct plx_stack *stack, plx_conn conn)
{
	if (conn.index >= LISTENER_INDEX) {
		assert_true(stack->is_listening[conn.index - LISTENER_INDEX]);
		stack->is_listening[conn.index - LISTENER_INDEX] = false;
		return 0;
	}
	open_connection(stack, conn)->is_closed = true;
	return 0;
}

int plx_abort(struct plx_stack *stack, plx_conn conn)
{
	struct fake_connection *c = open_connection(stack, conn);

	assert_false(c->is_aborted);
	c->is_aborted = true;
	return 0;
}

// Every option of an open connection has its own number as its value.
int plx_get_option(struct plx_stack *stack, plx_conn conn, enum plx_option option, int64_t *value)
{
	open_connection(stack, conn);
	*value = (int64_t)option;
	return 0;
}

int plx_get_info(struct plx_stack *stack, plx_conn conn, struct plx_info *info)
{
	open_connection(stack, conn);
	info->state = PLX_STATE_ESTABLISHED;
	info->mss_bytes = FAKE_MSS;
	return 0;
}

int plx_conn_set_user(struct plx_stack *stack, plx_conn conn, void *user)
{
	struct fake_connection *c = open_connection(stack, conn);

	c->user = user;
	return 0;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// User calls with stated results, see user.h.
// Payload goes through one buffer; transfers longer than it are for tests/pair.
// Called by tests/script and by the fixtures that need a user.
#include "support/user.h"

#include <errno.h>
#include <inttypes.h>

#include "support/pattern.h"

enum { USER_BUFFER_BYTES = 2 << 20 };

static uint8_t buffer[USER_BUFFER_BYTES];

static void check_room(struct fixture *f, size_t len_bytes, struct place at)
{
	if (len_bytes > sizeof(buffer))
		fixture_fail(f, at.file, at.line, "too much for the user's buffer");
}

int64_t user_offers(struct fixture *f, size_t len_bytes)
{
	int64_t taken;

	check_room(f, len_bytes, HERE);
	pattern_fill(buffer, len_bytes, 0, f->sent_bytes);
	taken = plx_send(f->stack, f->conn, buffer, len_bytes);
	if (taken > 0)
		f->sent_bytes += (uint64_t)taken;
	return taken;
}

void user_sends_here(struct fixture *f, size_t len_bytes, struct place at)
{
	int64_t taken = user_offers(f, len_bytes);

	if (taken != (int64_t)len_bytes)
		fixture_fail(f, at.file, at.line, "plx_send: %" PRId64 ", not %zu", taken,
			     len_bytes);
}

void user_receives_here(struct fixture *f, size_t len_bytes, struct place at)
{
	int64_t got;
	size_t matched;

	check_room(f, len_bytes + 1, at);
	got = plx_recv(f->stack, f->conn, buffer, len_bytes + 1, 0);
	if (got != (int64_t)len_bytes)
		fixture_fail(f, at.file, at.line, "plx_recv: %" PRId64 ", not %zu", got, len_bytes);
	matched = pattern_match(buffer, len_bytes, 0, f->received_bytes);
	if (matched != len_bytes)
		fixture_fail(f, at.file, at.line, "byte %" PRIu64 " is not what the peer sent",
			     f->received_bytes + matched);
	f->received_bytes += len_bytes;
}

static void finds(struct fixture *f, int64_t expected, struct place at)
{
	int64_t got = plx_recv(f->stack, f->conn, buffer, 1, 0);

	if (got != expected)
		fixture_fail(f, at.file, at.line, "plx_recv: %" PRId64 ", not %" PRId64, got,
			     expected);
}

void user_finds_nothing_here(struct fixture *f, struct place at)
{
	finds(f, -EAGAIN, at);
}

void user_finds_end_here(struct fixture *f, struct place at)
{
	finds(f, 0, at);
}

void user_closes_here(struct fixture *f, struct place at)
{
	int rc = plx_close(f->stack, f->conn);

	if (rc != 0)
		fixture_fail(f, at.file, at.line, "plx_close: %d", rc);
	lifecycle_on_close(&f->life, f->conn);
}

void user_aborts_here(struct fixture *f, struct place at)
{
	int rc = plx_abort(f->stack, f->conn);

	if (rc != 0)
		fixture_fail(f, at.file, at.line, "plx_abort: %d", rc);
	lifecycle_on_close(&f->life, f->conn);
}

void user_shuts_down_here(struct fixture *f, enum plx_shutdown_how how, struct place at)
{
	int rc = plx_shutdown(f->stack, f->conn, how);

	if (rc != 0)
		fixture_fail(f, at.file, at.line, "plx_shutdown: %d", rc);
}

int user_connects(struct fixture *f)
{
	struct plx_connect_args args = {
		.remote = f->to_stack.src,
		.remote_port = f->peer.port,
		.options = f->options,
		.n_options = f->n_options,
	};
	int rc = plx_connect(f->stack, &args, &f->conn);

	if (rc == 0)
		lifecycle_on_connect(&f->life, f->conn);
	return rc;
}

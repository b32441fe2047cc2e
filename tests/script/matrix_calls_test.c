// SPDX-License-Identifier: BSD-3-Clause
//
// User calls, RFC 9293 3.10.1 to 3.10.6: every state x call x whether there is something to read, as matrix.def has
// it, for both families: what is returned, what goes out, what the user is told, the state after.
#include "matrix.h"

#include <stdio.h>

#include "support/eal_main.h"

enum {
	OCTETS = 10, // of every SEND, and of what is unread
	QUIET_MS = 40,
};

// CONNECT names the tuple of the state, LISTEN_CALL its local port.
// clang-format off
#define CALLS(X) \
	X(LISTEN_CALL) X(CONNECT) X(SEND) X(RECV) X(PEEK) X(SHUT_READ) \
	X(SHUT_WRITE) X(SHUT_BOTH) X(CLOSE) X(CLOSE_LINGER) X(ABORT) X(STATUS) \
	X(OPTION)
// clang-format on

enum { CALLS(NUMBER_OF) CALL_COUNT };

enum call {
	CALLS(BIT_OF) ANY_SHUTDOWN = SHUT_READ | SHUT_WRITE | SHUT_BOTH,
	ANY_CLOSE = CLOSE | CLOSE_LINGER | ABORT,
};

static const char *const call_names[] = {CALLS(TEXT_OF)};

enum { READ = 1, UNREAD = 2, ANY_READ = READ | UNREAD };

enum {
	NO_HANDLE = CLOSED | SYN_RCVD_PASSIVE | TIME_WAIT,
	HELD_BY_USER = ESTABLISHED | FIN_WAIT_1 | FIN_WAIT_2 | CLOSE_WAIT | CLOSING | LAST_ACK
		| TIME_WAIT_HELD,
	USER_IS_GONE = FIN_WAIT_1_CLOSED | FIN_WAIT_2_CLOSED | CLOSING_CLOSED | LAST_ACK_CLOSED,
	WITH_RST = SYN_RCVD_ACTIVE | ESTABLISHED | FIN_WAIT_1 | FIN_WAIT_1_CLOSED | FIN_WAIT_2
		| FIN_WAIT_2_CLOSED | CLOSE_WAIT,
	WITHOUT_RST = CLOSING | CLOSING_CLOSED | LAST_ACK | LAST_ACK_CLOSED | TIME_WAIT_HELD,
};

enum answer {
	SILENCE,
	SYN_OUT,  // <SEQ=ISS><CTL=SYN>
	TEXT_OUT, // <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, the octets
	FIN_OUT,  // <SEQ=SND.NXT><ACK=RCV.NXT><CTL=FIN,ACK>
	RST_OUT,  // <SEQ=SND.NXT><CTL=RST>, with or without ACK
};

static const struct row {
	int line;
	uint32_t states;
	uint32_t calls;
	uint32_t reads;
	int64_t result;
	enum answer answer;
	struct matrix_told told;
	enum matrix_state after;
	const char *clause;
} rows[] = {
#define CALL(...) {__LINE__, __VA_ARGS__},
#include "matrix.def"
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

// Columns of the table, one bit each.
struct stimulus {
	enum matrix_state state;
	uint32_t call;
	uint32_t read;
};

enum { STIMULI = CALL_COUNT * 2 };

static struct stimulus stimulus_at(enum matrix_state state, unsigned i)
{
	return (struct stimulus){state, 1u << i / 2, 1u << i % 2};
}

// Only a user who may still read leaves something unread; TIME_WAIT_HELD is held by that.
static bool is_cell(const struct stimulus *s)
{
	if (s->state == TIME_WAIT_HELD)
		return s->read == UNREAD;
	return s->read == READ || (s->state & HELD_BY_USER) != 0;
}

static const struct row *next_row(const struct row *row, const struct stimulus *s)
{
	for (; row < rows + ROWS; row++)
		if ((row->states & s->state) != 0 && (row->calls & s->call) != 0
		    && (row->reads & s->read) != 0)
			return row;
	return NULL;
}

static void name_cell(const struct stimulus *s, char *text)
{
	snprintf(text, MATRIX_TEXT_BYTES, "%s, %s%s", matrix_state_name(s->state),
		 call_names[__builtin_ctz(s->call)], s->read == UNREAD ? ", UNREAD" : "");
}

static int64_t listens(struct fixture *f)
{
	struct plx_listen_args args = {.port = f->to_stack.dst_port};
	plx_conn listener;
	int rc = plx_listen(f->stack, &args, &listener);

	if (rc == 0) {
		f->listener = listener;
		f->is_listening = true;
	}
	return rc;
}

static int64_t connects(struct fixture *f)
{
	struct plx_connect_args args = {
		.local = f->to_stack.dst,
		.local_port = f->to_stack.dst_port,
		.remote = f->to_stack.src,
		.remote_port = f->peer.port,
	};
	plx_conn conn;
	int rc = plx_connect(f->stack, &args, &conn);

	if (rc == 0) {
		f->conn = conn;
		lifecycle_on_connect(&f->life, conn);
	}
	return rc;
}

// What the user has a handle of: in LISTEN the listener, in CLOSED nothing that was ever given out.
static plx_conn handle_of(const struct matrix_cell *cell)
{
	return cell->state == LISTEN ? cell->f->listener : cell->f->conn;
}

static int64_t ends(const struct matrix_cell *cell, uint32_t call)
{
	struct fixture *f = cell->f;
	plx_conn conn = handle_of(cell);
	int rc;

	if (call == CLOSE_LINGER)
		(void)plx_set_option(f->stack, conn, PLX_OPTION_LINGER, 0);
	rc = call == ABORT ? plx_abort(f->stack, conn) : plx_close(f->stack, conn);
	lifecycle_on_close(&f->life, conn);
	if (rc == 0 && cell->state == LISTEN)
		f->is_listening = false;
	return rc;
}

static int64_t reads_state(const struct matrix_cell *cell)
{
	struct plx_info info = {.size = sizeof(info)};

	return plx_get_info(cell->f->stack, handle_of(cell), &info);
}

static int64_t make_call(const struct matrix_cell *cell, uint32_t call)
{
	struct fixture *f = cell->f;
	plx_conn conn = handle_of(cell);
	char buffer[4 * OCTETS];

	switch (call) {
	case LISTEN_CALL:
		return listens(f);
	case CONNECT:
		return connects(f);
	case SEND:
		f->conn = conn;
		return user_offers(f, OCTETS);
	case RECV:
	case PEEK:
		return plx_recv(f->stack, conn, buffer, sizeof(buffer),
				call == PEEK ? PLX_RECV_PEEK : 0);
	case SHUT_READ:
		return plx_shutdown(f->stack, conn, PLX_SHUTDOWN_READ);
	case SHUT_WRITE:
		return plx_shutdown(f->stack, conn, PLX_SHUTDOWN_WRITE);
	case SHUT_BOTH:
		return plx_shutdown(f->stack, conn, PLX_SHUTDOWN_BOTH);
	case STATUS:
		return reads_state(cell);
	case OPTION:
		return plx_set_option(f->stack, conn, PLX_OPTION_NAGLE, 0);
	default:
		return ends(cell, call);
	}
}

static struct seg answer_of(const struct matrix_cell *cell, enum answer answer)
{
	switch (answer) {
	case SYN_OUT:
		return SEG(.flags = TCP_SYN, .ack = 0, .len = 0);
	case TEXT_OUT:
		return SEG(.flags = TCP_ACK | TCP_PSH, .seq = cell->snd_nxt, .ack = cell->rcv_nxt,
			   .len = OCTETS);
	case FIN_OUT:
		return SEG(.flags = TCP_FIN | TCP_ACK, .seq = cell->snd_nxt, .ack = cell->rcv_nxt,
			   .len = 0);
	default:
		return SEG(.seq = cell->snd_nxt, .len = 0);
	}
}

// NULL, or what is not as the row says.
static const char *judge_answer(const struct matrix_cell *cell, enum answer answer)
{
	struct seg expected = answer_of(cell, answer);
	const struct fixture_output *output;

	fixture_settle(cell->f);
	output = fixture_next_output(cell->f);
	if (output == NULL)
		return answer == SILENCE ? NULL : "nothing goes out";
	if (answer == SILENCE)
		return "something goes out";
	if (answer == RST_OUT && (output->frame.tcp.flags & ~TCP_ACK) != TCP_RST)
		return "something else goes out";
	if (seg_first_difference(&expected, &output->frame) != NULL)
		return "something else goes out";
	advance(cell->f, QUIET_MS);
	return fixture_next_output(cell->f) != NULL ? "more than that goes out" : NULL;
}

static unsigned check_cell(void **state, const struct stimulus *s, const struct row *row)
{
	struct matrix_cell cell = matrix_enter(state, s->state, s->read == UNREAD);
	char what[MATRIX_ABOUT_BYTES], name[MATRIX_TEXT_BYTES], got[MATRIX_TEXT_BYTES];
	const char *fault = NULL;
	int64_t result;

	name_cell(s, name);
	matrix_describe(what, row->line, row->clause, name);
	cell.f->about = what;
	result = make_call(&cell, s->call);
	snprintf(got, sizeof(got), "the result is %lld, not %lld", (long long)result,
		 (long long)row->result);
	if (result != row->result)
		fault = got;
	if (fault == NULL)
		fault = judge_answer(&cell, row->answer);
	return matrix_leave(state, &cell, fault, row->told, row->after);
}

static void check_state(void **state, enum matrix_state which)
{
	unsigned faults = 0;

	for (unsigned i = 0; i < STIMULI; i++) {
		struct stimulus s = stimulus_at(which, i);

		if (is_cell(&s))
			faults += check_cell(state, &s, next_row(rows, &s));
	}
	assert_int_equal(faults, 0);
}

// The rows that hold a cell: exactly one. Every row holds one.
static void every_cell_is_in_one_row(void **state)
{
	bool is_used[ROWS] = {false};
	unsigned faults = 0;

	(void)state;
	for (unsigned i = 0; i < STIMULI * MATRIX_STATE_COUNT; i++) {
		struct stimulus s = stimulus_at((enum matrix_state)(1u << i / STIMULI),
						i % STIMULI);
		const struct row *row = next_row(rows, &s), *second;
		char name[MATRIX_TEXT_BYTES];

		if (!is_cell(&s))
			continue;
		second = row == NULL ? NULL : next_row(row + 1, &s);
		name_cell(&s, name);
		faults += matrix_check_rows(name, row == NULL ? 0 : row->line,
					    second == NULL ? 0 : second->line);
		if (row != NULL)
			is_used[row - rows] = true;
	}
	for (unsigned i = 0; i < ROWS; i++)
		faults += matrix_check_use(rows[i].line, is_used[i]);
	assert_int_equal(faults, 0);
}

#define X(name)                                   \
	static void calls_in_##name(void **state) \
	{                                         \
		check_state(state, name);         \
	}
MATRIX_STATES(X)
#undef X

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_cell_is_in_one_row),
#define X(name) SCENARIO(calls_in_##name),
					   MATRIX_STATES(X)
#undef X
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script matrix_calls", tests, NULL, NULL);
}

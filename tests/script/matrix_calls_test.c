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

#define READS(X) X(READ) X(UNREAD)

enum { READS(NUMBER_OF) READ_COUNT };
enum { READS(BIT_OF) ANY_READ = READ | UNREAD };

static const char *const read_names[] = {READS(TEXT_OF)};

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

enum { CALL_COLUMN, READ_COLUMN };

static const struct matrix_row rows[] = {
#define CALL(states, calls, reads, ...) {__LINE__, states, {calls, reads}, __VA_ARGS__},
#include "matrix.def"
};

// Only a user who may still read leaves something unread; TIME_WAIT_HELD is held by that.
static bool is_cell(const struct matrix_event *event)
{
	if (event->state == TIME_WAIT_HELD)
		return event->columns[READ_COLUMN] == UNREAD;
	return event->columns[READ_COLUMN] == READ || (event->state & HELD_BY_USER) != 0;
}

static bool plan(struct fixture *f, const struct matrix_event *event)
{
	(void)f;
	return event->columns[READ_COLUMN] == UNREAD;
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

static const char *judge(const struct matrix_cell *cell, const struct matrix_event *event,
			 const struct matrix_row *row)
{
	static char fault[MATRIX_TEXT_BYTES];
	int64_t result = make_call(cell, event->columns[CALL_COLUMN]);

	if (result == row->result)
		return judge_answer(cell, row->answer);
	snprintf(fault, sizeof(fault), "the result is %lld, not %lld", (long long)result,
		 (long long)row->result);
	return fault;
}

static const struct matrix_table table = {
	.rows = rows,
	.n_rows = RTE_DIM(rows),
	.columns = {{"", call_names, CALL_COUNT}, {"", read_names, READ_COUNT}},
	.is_cell = is_cell,
	.plan = plan,
	.judge = judge,
};

static void every_cell_is_in_one_row(void **state)
{
	(void)state;
	matrix_check_table(&table);
}

#define X(name)                                          \
	static void calls_in_##name(void **state)        \
	{                                                \
		matrix_check_state(state, &table, name); \
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

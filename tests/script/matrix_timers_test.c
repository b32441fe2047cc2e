// SPDX-License-Identifier: BSD-3-Clause
//
// Timeouts, RFC 9293 3.10.8 and 3.8: every state x timer as matrix.def has it, for both families: what is sent when
// nothing is heard, when it is sent again, what the user is told, the state after.
#include "matrix.h"

#include "support/eal_main.h"

enum {
	OCTETS = 10,
	USER_TIMEOUT_S = 5,
	FIRST_MS = 3000, // no retransmission timeout is longer before it has expired once
};

#define TIMERS(X) X(RETRANSMISSION) X(PERSIST) X(USER_TIMEOUT) X(BEFORE_60_S) X(AFTER_60_S) X(HOUR)

enum { TIMERS(NUMBER_OF) TIMER_COUNT };
enum timer { TIMERS(BIT_OF) };

static const char *const timer_names[] = {TIMERS(TEXT_OF)};

enum {
	FIN_IS_OUT = FIN_WAIT_1 | FIN_WAIT_1_CLOSED | CLOSING | CLOSING_CLOSED | LAST_ACK
		| LAST_ACK_CLOSED,
	NOTHING_IS_OUT = CLOSED | LISTEN | FIN_WAIT_2 | FIN_WAIT_2_CLOSED | TIME_WAIT
		| TIME_WAIT_HELD,
	QUIET = CLOSED | LISTEN | ESTABLISHED | CLOSE_WAIT | FIN_WAIT_2 | TIME_WAIT_HELD,
	MAY_SEND = ESTABLISHED | CLOSE_WAIT,
	HAS_WINDOW = MAY_SEND | FIN_IS_OUT | FIN_WAIT_2 | FIN_WAIT_2_CLOSED,
};

enum answer {
	SILENCE,
	ANYTHING,
	SYN_AGAIN,     // <SEQ=ISS><CTL=SYN>, and again when twice the time has passed
	SYN_ACK_AGAIN, // <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>, likewise
	TEXT_AGAIN,    // <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, the octets, likewise
	FIN_AGAIN,     // <SEQ=SND.UNA><ACK=RCV.NXT><CTL=FIN,ACK>, likewise
	PROBE,	       // <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, at least an octet, likewise
};

enum { TIMER_COLUMN };

static const struct matrix_row rows[] = {
#define TIMER(states, timers, ...) {__LINE__, states, {timers}, 0, __VA_ARGS__},
#include "matrix.def"
};

// A window can only be shut where there is one.
static bool is_cell(const struct matrix_event *event)
{
	return event->columns[TIMER_COLUMN] != PERSIST || (event->state & HAS_WINDOW) != 0;
}

static bool plan(struct fixture *f, const struct matrix_event *event)
{
	fixture_set_option(f, PLX_OPTION_SOFT_ERRORS, 0); // R1 is for dead_peer_test.c
	if (event->columns[TIMER_COLUMN] == USER_TIMEOUT)
		fixture_set_option(f, PLX_OPTION_USER_TIMEOUT, USER_TIMEOUT_S * PLX_SECOND);
	return false;
}

// What has to be there for the timer to run.
static void arm(const struct matrix_cell *cell, uint32_t timer)
{
	struct fixture *f = cell->f;

	if ((timer & (RETRANSMISSION | PERSIST | USER_TIMEOUT)) == 0)
		return;
	if (timer == PERSIST)
		segment_arrives(f, SEG(.ack = cell->snd_una, .wnd = 0));
	if ((cell->state & MAY_SEND) == 0)
		return;
	user_sends(f, OCTETS);
	if (timer != PERSIST)
		expect_segment(f, SEG(.seq = cell->snd_nxt, .len = OCTETS));
	expect_silence(f);
}

static struct seg answer_of(const struct matrix_cell *cell, enum answer answer)
{
	switch (answer) {
	case SYN_AGAIN:
		return SEG(.flags = TCP_SYN, .seq = cell->snd_una, .len = 0);
	case SYN_ACK_AGAIN:
		return SEG(.flags = TCP_SYN | TCP_ACK, .seq = cell->snd_una, .ack = cell->rcv_nxt,
			   .len = 0);
	case TEXT_AGAIN:
		return SEG(.seq = cell->snd_nxt, .ack = cell->rcv_nxt, .len = OCTETS);
	case FIN_AGAIN:
		return SEG(.flags = TCP_FIN | TCP_ACK, .seq = cell->snd_una, .ack = cell->rcv_nxt,
			   .len = 0);
	default:
		return SEG(.seq = cell->snd_nxt, .ack = cell->rcv_nxt);
	}
}

// NULL, or what is wrong with the next segment, that comes before `until`.
static const char *judge_next(const struct matrix_cell *cell, enum answer answer, plx_time until)
{
	struct seg expected = answer_of(cell, answer);
	const struct fixture_output *output;

	advance_to_output(cell->f, until);
	output = fixture_next_output(cell->f);
	if (output == NULL)
		return "nothing is sent";
	if (seg_first_difference(&expected, &output->frame) != NULL)
		return "something else is sent";
	if (answer == PROBE && output->frame.payload_bytes == 0)
		return "the probe is empty";
	return fixture_next_output(cell->f) != NULL ? "more than that is sent" : NULL;
}

// RFC 6298 5.5: the second comes when twice the time has passed.
static const char *judge_pair(const struct matrix_cell *cell, enum answer answer)
{
	plx_time start = cell->f->now, first;
	const char *fault = judge_next(cell, answer, start + FIRST_MS * PLX_MILLISECOND);

	if (fault != NULL)
		return fault;
	first = cell->f->now;
	fault = judge_next(cell, answer, first + 2 * (first - start) + PLX_MILLISECOND);
	if (fault == NULL && cell->f->now - first + PLX_MILLISECOND < 2 * (first - start))
		fault = "it is sent again too early";
	return fault;
}

static plx_duration time_of(uint32_t timer)
{
	switch (timer) {
	case USER_TIMEOUT:
		return (USER_TIMEOUT_S + 1) * PLX_SECOND;
	case BEFORE_60_S:
		return 59 * PLX_SECOND;
	case AFTER_60_S:
		return 60 * PLX_SECOND;
	case HOUR:
		return 3600 * PLX_SECOND;
	default:
		return 10 * PLX_SECOND;
	}
}

static const char *judge(const struct matrix_cell *cell, const struct matrix_event *event,
			 const struct matrix_row *row)
{
	struct fixture *f = cell->f;

	arm(cell, event->columns[TIMER_COLUMN]);
	if (row->answer != SILENCE && row->answer != ANYTHING)
		return judge_pair(cell, row->answer);
	advance_until(f, f->now + time_of(event->columns[TIMER_COLUMN]));
	if (row->answer == SILENCE && fixture_next_output(f) != NULL)
		return "something is sent";
	return NULL;
}

static const struct matrix_table table = {
	.rows = rows,
	.n_rows = RTE_DIM(rows),
	.columns = {{"", timer_names, TIMER_COUNT}},
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
	static void timers_in_##name(void **state)       \
	{                                                \
		matrix_check_state(state, &table, name); \
	}
MATRIX_STATES(X)
#undef X

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_cell_is_in_one_row),
#define X(name) SCENARIO(timers_in_##name),
					   MATRIX_STATES(X)
#undef X
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script matrix_timers", tests, NULL, NULL);
}

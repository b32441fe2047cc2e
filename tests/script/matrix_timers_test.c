// SPDX-License-Identifier: BSD-3-Clause
//
// Timeouts, RFC 9293 3.10.8 and 3.8: every state x timer as matrix.def has it, for both families: what is sent when
// nothing is heard, when it is sent again, what the user is told, the state after.
#include "matrix.h"

#include <stdio.h>

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

static const struct row {
	int line;
	uint32_t states;
	uint32_t timers;
	enum answer answer;
	struct matrix_told told;
	enum matrix_state after;
	const char *clause;
} rows[] = {
#define TIMER(...) {__LINE__, __VA_ARGS__},
#include "matrix.def"
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

// Columns of the table, one bit each.
struct stimulus {
	enum matrix_state state;
	uint32_t timer;
};

enum { STIMULI = TIMER_COUNT };

static struct stimulus stimulus_at(enum matrix_state state, unsigned i)
{
	return (struct stimulus){state, 1u << i};
}

// A window can only be shut where there is one.
static bool is_cell(const struct stimulus *s)
{
	return s->timer != PERSIST || (s->state & HAS_WINDOW) != 0;
}

static const struct row *next_row(const struct row *row, const struct stimulus *s)
{
	for (; row < rows + ROWS; row++)
		if ((row->states & s->state) != 0 && (row->timers & s->timer) != 0)
			return row;
	return NULL;
}

static void name_cell(const struct stimulus *s, char *text)
{
	snprintf(text, MATRIX_TEXT_BYTES, "%s, %s", matrix_state_name(s->state),
		 timer_names[__builtin_ctz(s->timer)]);
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

static const char *judge_answer(const struct matrix_cell *cell, uint32_t timer, enum answer answer)
{
	struct fixture *f = cell->f;

	if (answer != SILENCE && answer != ANYTHING)
		return judge_pair(cell, answer);
	advance_until(f, f->now + time_of(timer));
	if (answer == SILENCE && fixture_next_output(f) != NULL)
		return "something is sent";
	return NULL;
}

static unsigned check_cell(void **state, const struct stimulus *s, const struct row *row)
{
	struct fixture *f = fixture_plan(state);
	char what[MATRIX_ABOUT_BYTES], name[MATRIX_TEXT_BYTES];
	struct matrix_cell cell;
	const char *fault;

	fixture_set_option(f, PLX_OPTION_SOFT_ERRORS, 0); // R1 is for dead_peer_test.c
	if (s->timer == USER_TIMEOUT)
		fixture_set_option(f, PLX_OPTION_USER_TIMEOUT, USER_TIMEOUT_S * PLX_SECOND);
	cell = matrix_enter(state, s->state, false);
	name_cell(s, name);
	matrix_describe(what, row->line, row->clause, name);
	f->about = what;
	arm(&cell, s->timer);
	fault = judge_answer(&cell, s->timer, row->answer);
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

#define X(name)                                    \
	static void timers_in_##name(void **state) \
	{                                          \
		check_state(state, name);          \
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

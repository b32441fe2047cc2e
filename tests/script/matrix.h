// SPDX-License-Identifier: BSD-3-Clause
//
// The words of matrix.def that all of its readers share: states and what comes to the user (RFC 9293 3.3.2,
// 3.10); sets of states are made by `|`. How a state is reached and recognized is in matrix_states.c,
// how the cells of a table are walked through in matrix_table.c. Nothing here or there knows what the
// engine answers.
// Included by matrix_*_test.c.
#ifndef SCRIPT_MATRIX_H
#define SCRIPT_MATRIX_H

#include <errno.h>

#include <rte_common.h>

#include "support/user.h"

// The eleven states, several times where it matters how they were reached or what the user has done:
// SYN_RCVD_PASSIVE comes from LISTEN and is a compact entry, SYN_RCVD_ACTIVE from SYN_SENT. In a state that ends
// in _CLOSED plx_close() was called, in the one without plx_shutdown(WRITE). TIME_WAIT is a compact
// entry, in TIME_WAIT_HELD the user has not read everything.
// clang-format off
#define MATRIX_STATES(X) \
	X(CLOSED) X(LISTEN) X(SYN_SENT) X(SYN_RCVD_PASSIVE) X(SYN_RCVD_ACTIVE) \
	X(ESTABLISHED) X(FIN_WAIT_1) X(FIN_WAIT_1_CLOSED) X(FIN_WAIT_2) \
	X(FIN_WAIT_2_CLOSED) X(CLOSE_WAIT) X(CLOSING) X(CLOSING_CLOSED) \
	X(LAST_ACK) X(LAST_ACK_CLOSED) X(TIME_WAIT) X(TIME_WAIT_HELD)
// clang-format on

// A list makes numbers, bits of them, and names.
#define NUMBER_OF(name) NUMBER_##name,
#define BIT_OF(name) name = 1u << NUMBER_##name,
#define TEXT_OF(name) #name,

enum matrix_state_number { MATRIX_STATES(NUMBER_OF) MATRIX_STATE_COUNT };

enum matrix_state {
	MATRIX_STATES(BIT_OF) ANY_STATE = (1u << MATRIX_STATE_COUNT) - 1,
	SAME = 1u << MATRIX_STATE_COUNT, // only as the state after: the one before
};

// What comes to the user: a mask of enum plx_event_mask, and the error of FAILED.
struct matrix_told {
	uint32_t mask;
	int32_t error;
};
#define NOTHING ((const struct matrix_told){0, 0})
#define TELLS(events) ((const struct matrix_told){events, 0})
#define FAILS(errno_value) ((const struct matrix_told){PLX_EVENT_FAILED, -(errno_value)})
#define ACCEPTED PLX_EVENT_ACCEPTED
#define CONNECTED PLX_EVENT_CONNECTED
#define READABLE PLX_EVENT_READABLE
#define PEER_CLOSED PLX_EVENT_PEER_CLOSED
#define URGENT PLX_EVENT_URGENT
#define ENDS PLX_EVENT_CLOSED

// A connection in a state, with the numbers of RFC 9293 3.3.1 as the wire and the texts have them.
struct matrix_cell {
	struct fixture *f;
	enum matrix_state state;
	uint32_t snd_una;
	uint32_t snd_nxt;
	uint32_t rcv_nxt;
	uint32_t rcv_edge; // RCV.NXT + RCV.WND
};

enum { MATRIX_TEXT_BYTES = 240, MATRIX_COLUMNS = 3, MATRIX_ROWS_MAX = 256 };

// One row of a table: for these states, and for what happens in them (sets, as many as the table
// has columns), what comes of it. What an answer is, its table says.
struct matrix_row {
	int line;
	uint32_t states;
	uint32_t columns[MATRIX_COLUMNS];
	int64_t result; // of a call
	unsigned answer;
	struct matrix_told told;
	enum matrix_state after;
	const char *clause;
};

// What happens in a state: one bit of each column.
struct matrix_event {
	enum matrix_state state;
	uint32_t columns[MATRIX_COLUMNS];
};

// What a column may say, by the number of its bit, and what stands in front of that.
struct matrix_column {
	const char *title;
	const char *const *names;
	unsigned count;
};

struct matrix_table {
	const struct matrix_row *rows;
	unsigned n_rows;
	struct matrix_column columns[MATRIX_COLUMNS]; // behind the last one, a count of zero
	bool (*is_cell)(const struct matrix_event *event);
	// Sets up what is planned before the state is entered. Shall something wait for the user there?
	bool (*plan)(struct fixture *f, const struct matrix_event *event);
	// Lets it happen. NULL, or what is not as the row says, but for what the user is told and the state
	// after.
	const char *(*judge)(const struct matrix_cell *cell, const struct matrix_event *event,
			     const struct matrix_row *row);
};

// Every cell is in exactly one row, every row holds one.
void matrix_check_table(const struct matrix_table *table);

// Every cell of the state is as its row says, each in a stack of its own.
void matrix_check_state(void **state, const struct matrix_table *table, enum matrix_state which);

const char *matrix_state_name(enum matrix_state state);

// Leads the planned fixture into the state. With `unread` ten bytes wait for the user, if it is a state in
// which they can.
struct matrix_cell matrix_enter(void **state, enum matrix_state which, bool unread);

// Ends the cell: unless there is a `fault` already, the user was told exactly what the row says since
// the cell was entered, and the state is that of the row. Complains with the last segments otherwise.
// Returns how many faults there are.
unsigned matrix_leave(void **state, const struct matrix_cell *cell, const char *fault,
		      const struct matrix_row *row);

#endif

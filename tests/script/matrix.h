// SPDX-License-Identifier: BSD-3-Clause
//
// The words of matrix.def that all of its readers share: states and what comes to the user (RFC 9293 3.3.2,
// 3.10); sets of states are made by `|`. How a state is reached and recognized is in matrix_states.c.
// Nothing here or there knows what the engine answers.
// Included by matrix_*_test.c.
#ifndef SCRIPT_MATRIX_H
#define SCRIPT_MATRIX_H

#include <errno.h>

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

enum { MATRIX_TEXT_BYTES = 240, MATRIX_ABOUT_BYTES = 2 * MATRIX_TEXT_BYTES };

const char *matrix_state_name(enum matrix_state state);

// Leads the planned fixture into the state. With `unread` ten bytes wait for the user, if it is a state in
// which they can.
struct matrix_cell matrix_enter(void **state, enum matrix_state which, bool unread);

// What a failure in this cell begins with, into `text` of MATRIX_ABOUT_BYTES.
void matrix_describe(char *text, int line, const char *clause, const char *name);

// Ends the cell: unless there is a `fault` already, exactly this was told to the user since the cell was entered, and
// this is the state. Complains with the last segments otherwise. Returns how many faults there are.
unsigned matrix_leave(void **state, const struct matrix_cell *cell, const char *fault,
		      struct matrix_told told, enum matrix_state after);

// A cell with the lines of the rows that hold it, 0 for none: complains unless that is one. Returns how many
// faults there are.
unsigned matrix_check_rows(const char *cell, int first, int second);
unsigned matrix_check_use(int line, bool is_used);

#endif

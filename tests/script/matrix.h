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
#define MATRIX_STATES(X)                                                                         \
	X(CLOSED)                                                                                \
	X(LISTEN)                                                                                \
	X(SYN_SENT) X(SYN_RCVD_PASSIVE) X(SYN_RCVD_ACTIVE) X(ESTABLISHED) X(FIN_WAIT_1)          \
		X(FIN_WAIT_1_CLOSED) X(FIN_WAIT_2) X(FIN_WAIT_2_CLOSED) X(CLOSE_WAIT) X(CLOSING) \
			X(CLOSING_CLOSED) X(LAST_ACK) X(LAST_ACK_CLOSED) X(TIME_WAIT)            \
				X(TIME_WAIT_HELD)

enum matrix_state_number {
#define X(name) NUMBER_##name,
	MATRIX_STATES(X)
#undef X
		MATRIX_STATE_COUNT
};

enum matrix_state {
#define X(name) name = 1u << NUMBER_##name,
	MATRIX_STATES(X)
#undef X
		ANY_STATE = (1u << MATRIX_STATE_COUNT) - 1,
	SAME = 1u << MATRIX_STATE_COUNT, // only as the state after: the one before
};

// What comes to the user: a mask of enum plx_event_mask, and the error of FAILED.
struct matrix_told {
	uint32_t mask;
	int32_t error;
};
#define NOTHING      \
	{            \
		0, 0 \
	}
#define TELLS(events)     \
	{                 \
		events, 0 \
	}
#define FAILS(errno_value)                       \
	{                                        \
		PLX_EVENT_FAILED, -(errno_value) \
	}
#define ACCEPTED PLX_EVENT_ACCEPTED
#define CONNECTED PLX_EVENT_CONNECTED
#define READABLE PLX_EVENT_READABLE
#define PEER_CLOSED PLX_EVENT_PEER_CLOSED
#define URGENT PLX_EVENT_URGENT
#define SOFT_ERROR PLX_EVENT_SOFT_ERROR
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

enum { MATRIX_TEXT_BYTES = 240 };

const char *matrix_state_name(enum matrix_state state);

// Leads the planned fixture into the state. With `unread` ten bytes wait for the user, if it is a state in
// which they can.
struct matrix_cell matrix_enter(void **state, enum matrix_state which, bool unread);

// The stack has this one connection, or none, in that state.
bool matrix_is_in(struct fixture *f, enum matrix_state which);

// Exactly this came to the user since the cell was entered.
bool matrix_was_told(const struct fixture *f, struct matrix_told told);

// Says what is not as the row has it, what was found, and the last segments.
void matrix_complain(const struct matrix_cell *cell, const char *what);

// Ends the cell's stack, and plans another. `has_failed`: what is left over needs no second complaint.
void matrix_leave(void **state, bool has_failed);

// A cell with the lines of the rows that hold it, 0 for none: complains unless that is one. Returns how many
// faults there are.
unsigned matrix_check_rows(const char *cell, int first, int second);
unsigned matrix_check_use(int line, bool is_used);

#endif

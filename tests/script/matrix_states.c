// SPDX-License-Identifier: BSD-3-Clause
//
// How the states of the matrix are reached, by segments and calls only, and how they are told from outside:
// by plx_get_info() and plx_get_stats(). See matrix.h.
// Called by matrix_table.c.
#include "matrix.h"

#include <stdio.h>

enum {
	RECEIVE_BUFFER_BYTES = 20000, // small enough that no window is scaled
	UNREAD_BYTES = 10,
	NOBODYS_NUMBER = 123456789, // where there is no connection
};

static const char *const state_names[] = {MATRIX_STATES(TEXT_OF)};

const char *matrix_state_name(enum matrix_state state)
{
	return state_names[__builtin_ctz(state)];
}

static struct fixture *established(void **state, bool unread)
{
	struct fixture *f = fixture_established(state);

	if (!unread)
		return f;
	segment_arrives(f, SEG(.len = UNREAD_BYTES));
	f->rcv_nxt += UNREAD_BYTES;
	expect_event(f, PLX_EVENT_READABLE, 0);
	expect_segment_within(f, 40, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
	return f;
}

static void fin_arrives(struct fixture *f, int64_t ack)
{
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .ack = ack));
	f->rcv_nxt++;
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
}

static void expect_fin(struct fixture *f)
{
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK, .seq = f->snd_nxt));
}

static struct fixture *simultaneous(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	peer_sends_syn(f);
	f->rcv_nxt = f->peer.isn + 1;
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .ack = f->rcv_nxt));
	return f;
}

// FIN_WAIT_1 and what comes of it without plx_close().
static struct fixture *shut_down(void **state, enum matrix_state which, bool unread)
{
	struct fixture *f = established(state, unread || which == TIME_WAIT_HELD);

	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	expect_fin(f);
	if (which == FIN_WAIT_1)
		return f;
	if (which != CLOSING) {
		f->snd_nxt++;
		segment_arrives(f, SEG());
	}
	if (which == FIN_WAIT_2)
		return f;
	fin_arrives(f, f->snd_nxt);
	expect_event(f, PLX_EVENT_PEER_CLOSED, 0);
	return f;
}

// CLOSE_WAIT and what comes of it.
static struct fixture *peer_closed(void **state, enum matrix_state which, bool unread)
{
	struct fixture *f = established(state, unread);

	fin_arrives(f, f->snd_nxt);
	expect_event(f, PLX_EVENT_PEER_CLOSED, 0);
	if (which == CLOSE_WAIT)
		return f;
	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	expect_fin(f);
	return f;
}

static struct fixture *make(void **state, enum matrix_state which, bool unread)
{
	switch (which) {
	case CLOSED:
		return fixture_bare(state);
	case LISTEN:
		return fixture_listening(state);
	case SYN_SENT:
		return fixture_syn_sent(state);
	case SYN_RCVD_PASSIVE:
		return fixture_syn_received(state);
	case SYN_RCVD_ACTIVE:
		return simultaneous(state);
	case ESTABLISHED:
		return established(state, unread);
	case FIN_WAIT_1_CLOSED:
		return fixture_fin_wait_1(state);
	case FIN_WAIT_2_CLOSED:
		return fixture_fin_wait_2(state);
	case CLOSING_CLOSED:
		return fixture_closing(state);
	case LAST_ACK_CLOSED:
		return fixture_last_ack(state);
	case TIME_WAIT:
		return fixture_time_wait(state);
	case CLOSE_WAIT:
	case LAST_ACK:
		return peer_closed(state, which, unread);
	default:
		return shut_down(state, which, unread);
	}
}

// The right edge of the window that was last announced; where none was, as if one had been.
static uint32_t announced_edge(const struct fixture *f)
{
	const struct tcp_header *tcp = &f->outputs[f->n_outputs - 1].frame.tcp;

	if (f->n_outputs == 0 || (tcp->flags & TCP_ACK) == 0)
		return f->rcv_nxt + RECEIVE_BUFFER_BYTES;
	return tcp->ack + tcp->window;
}

static enum plx_state plx_state_of(enum matrix_state which)
{
	static const enum plx_state states[] = {
		[NUMBER_CLOSED] = PLX_STATE_CLOSED,
		[NUMBER_LISTEN] = PLX_STATE_LISTEN,
		[NUMBER_SYN_SENT] = PLX_STATE_SYN_SENT,
		[NUMBER_SYN_RCVD_PASSIVE] = PLX_STATE_SYN_RECEIVED,
		[NUMBER_SYN_RCVD_ACTIVE] = PLX_STATE_SYN_RECEIVED,
		[NUMBER_ESTABLISHED] = PLX_STATE_ESTABLISHED,
		[NUMBER_FIN_WAIT_1] = PLX_STATE_FIN_WAIT_1,
		[NUMBER_FIN_WAIT_1_CLOSED] = PLX_STATE_FIN_WAIT_1,
		[NUMBER_FIN_WAIT_2] = PLX_STATE_FIN_WAIT_2,
		[NUMBER_FIN_WAIT_2_CLOSED] = PLX_STATE_FIN_WAIT_2,
		[NUMBER_CLOSE_WAIT] = PLX_STATE_CLOSE_WAIT,
		[NUMBER_CLOSING] = PLX_STATE_CLOSING,
		[NUMBER_CLOSING_CLOSED] = PLX_STATE_CLOSING,
		[NUMBER_LAST_ACK] = PLX_STATE_LAST_ACK,
		[NUMBER_LAST_ACK_CLOSED] = PLX_STATE_LAST_ACK,
		[NUMBER_TIME_WAIT] = PLX_STATE_TIME_WAIT,
		[NUMBER_TIME_WAIT_HELD] = PLX_STATE_TIME_WAIT,
	};

	return states[__builtin_ctz(which)];
}

// An entry of TIME_WAIT may stand behind the connection that is about to take its place (RFC 9293 3.6.1).
static bool is_in(struct fixture *f, enum matrix_state which)
{
	struct plx_info info = {.size = sizeof(info)};
	struct plx_stats stats = stats_of(f);

	switch (which) {
	case CLOSED:
		// Its user may have still to read.
		if (stats.connections == 1)
			return stats.half_open + stats.time_wait == 0
				&& plx_get_info(f->stack, f->conn, &info) == 0
				&& info.state == PLX_STATE_CLOSED;
		// fall through
	case LISTEN:
		return stats.connections + stats.half_open + stats.time_wait == 0
			&& (which == CLOSED || stats.listeners == 1);
	case SYN_RCVD_PASSIVE:
		return stats.connections == 0 && stats.half_open == 1;
	case TIME_WAIT:
		return stats.connections + stats.half_open == 0 && stats.time_wait == 1;
	default:
		return stats.connections == 1 && stats.half_open == 0
			&& (stats.time_wait == 0 || which == SYN_SENT)
			&& plx_get_info(f->stack, f->conn, &info) == 0
			&& info.state == plx_state_of(which);
	}
}

struct matrix_cell matrix_enter(void **state, enum matrix_state which, bool unread)
{
	enum {
		FIN_OUT = FIN_WAIT_1 | FIN_WAIT_1_CLOSED | CLOSING | CLOSING_CLOSED | LAST_ACK
			| LAST_ACK_CLOSED,
		SYN_OUT = SYN_SENT | SYN_RCVD_PASSIVE | SYN_RCVD_ACTIVE,
	};
	struct matrix_cell cell = {.state = which};
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, RECEIVE_BUFFER_BYTES);
	cell.f = make(state, which, unread);
	if ((which & (CLOSED | LISTEN)) != 0)
		f->snd_nxt = NOBODYS_NUMBER;
	cell.snd_una = f->snd_nxt - ((which & SYN_OUT) != 0);
	cell.snd_nxt = f->snd_nxt + ((which & FIN_OUT) != 0);
	cell.rcv_nxt = f->rcv_nxt;
	cell.rcv_edge = announced_edge(f);
	forget_output(f);
	forget_events(f);
	if (!is_in(f, which))
		fixture_fail(f, __FILE__, __LINE__, "%s is not reached", matrix_state_name(which));
	return cell;
}

static bool was_told(const struct fixture *f, struct matrix_told told)
{
	const struct plx_event *event = &f->events[f->next_event];

	if (told.mask == 0)
		return f->n_events == f->next_event;
	return f->n_events == f->next_event + 1 && event->mask == told.mask
		&& event->error == told.error && plx_conn_is_equal(event->conn, f->conn);
}

static void name_state(struct fixture *f, char *text)
{
	struct plx_info info = {.size = sizeof(info)};
	struct plx_stats stats = stats_of(f);

	snprintf(text, MATRIX_TEXT_BYTES, "%s, %u connections, %u half-open, %u in TIME_WAIT",
		 plx_get_info(f->stack, f->conn, &info) == 0 ? plx_state_name(info.state) : "-",
		 stats.connections, stats.half_open, stats.time_wait);
}

static void complain(const struct matrix_cell *cell, const char *what)
{
	struct fixture *f = cell->f;
	char text[MATRIX_TEXT_BYTES];

	name_state(f, text);
	print_error("%s\n  %s; it is in %s\n", f->about, what, text);
	for (unsigned i = f->next_event; i < f->n_events; i++)
		print_error("  event mask 0x%x, error %d\n", f->events[i].mask, f->events[i].error);
	fixture_print_trace(f);
}

unsigned matrix_leave(void **state, const struct matrix_cell *cell, const char *fault,
		      const struct matrix_row *row)
{
	struct fixture *f = cell->f;

	if (fault == NULL && !was_told(f, row->told))
		fault = "the user is told something else";
	if (fault == NULL && !is_in(f, row->after == SAME ? cell->state : row->after))
		fault = "the state after is another one";
	if (fault != NULL)
		complain(cell, fault);
	forget_output(f);
	f->has_failed = fault != NULL; // what is left over needs no second complaint
	fixture_renew(state);
	return fault != NULL;
}

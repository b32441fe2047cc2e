// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.3.2: the eleven states and the arrows between them. Every state may end in CLOSED (abort,
// reset, timeout); LISTEN and the passive SYN_RECEIVED are no control blocks and have rooms of their own.
// Called by the rooms that decide a transition.
#include "tcp/state.h"

#define TO(state) (1u << PLX_STATE_##state)

static const uint16_t arrows[PLX_STATE_COUNT] = {
	// A block begins as an active open, or as the passive one whose handshake has ended.
	[PLX_STATE_CLOSED] = TO(SYN_SENT) | TO(ESTABLISHED),
	[PLX_STATE_SYN_SENT] = TO(ESTABLISHED) | TO(SYN_RECEIVED) | TO(CLOSED),
	[PLX_STATE_SYN_RECEIVED] = TO(ESTABLISHED) | TO(FIN_WAIT_1) | TO(CLOSE_WAIT) | TO(CLOSED),
	[PLX_STATE_ESTABLISHED] = TO(FIN_WAIT_1) | TO(CLOSE_WAIT) | TO(CLOSED),
	[PLX_STATE_FIN_WAIT_1] = TO(FIN_WAIT_2) | TO(CLOSING) | TO(TIME_WAIT) | TO(CLOSED),
	[PLX_STATE_FIN_WAIT_2] = TO(TIME_WAIT) | TO(CLOSED),
	[PLX_STATE_CLOSE_WAIT] = TO(LAST_ACK) | TO(CLOSED),
	[PLX_STATE_CLOSING] = TO(TIME_WAIT) | TO(CLOSED),
	[PLX_STATE_LAST_ACK] = TO(CLOSED),
	[PLX_STATE_TIME_WAIT] = TO(CLOSED),
};

static const char *const names[PLX_STATE_COUNT] = {
	[PLX_STATE_CLOSED] = "CLOSED",		 [PLX_STATE_LISTEN] = "LISTEN",
	[PLX_STATE_SYN_SENT] = "SYN_SENT",	 [PLX_STATE_SYN_RECEIVED] = "SYN_RECEIVED",
	[PLX_STATE_ESTABLISHED] = "ESTABLISHED", [PLX_STATE_FIN_WAIT_1] = "FIN_WAIT_1",
	[PLX_STATE_FIN_WAIT_2] = "FIN_WAIT_2",	 [PLX_STATE_CLOSE_WAIT] = "CLOSE_WAIT",
	[PLX_STATE_CLOSING] = "CLOSING",	 [PLX_STATE_LAST_ACK] = "LAST_ACK",
	[PLX_STATE_TIME_WAIT] = "TIME_WAIT",
};

const char *plx_state_name(enum plx_state state)
{
	return (unsigned)state < PLX_STATE_COUNT ? names[state] : "?";
}

bool state_may_become(enum plx_state from, enum plx_state to)
{
	return (arrows[from] & 1u << to) != 0;
}

void state_set(struct tcp_conn *c, enum plx_state next)
{
	assert(state_may_become(c->state, next));
	c->state = next;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Holds what a stack's connections say of themselves against what went over the wire: nothing new is sent beyond
// the windows (RFC 5681 3.1, RFC 9293 3.8.6), and what waits for an answer has a timer that comes in time
// (RFC 6298 5, RFC 9293 3.8.6.1). One for each side of a pair.
// Called by support/pair, at every turn.
#ifndef SUPPORT_WATCH_H
#define SUPPORT_WATCH_H

#include <pollux/pollux.h>

#include "support/segment.h"

enum {
	WATCH_CONNECTIONS = 4096,
	WATCH_PER_TURN = 32, // looked at in one turn; where there are more, they take turns
};

// What the wire told of one connection.
struct watch_flow {
	uint64_t run; // others' records are void
	bool has_heard;
	bool has_sent_wscale;
	bool has_heard_wscale;
	bool was_waiting;
	bool is_known; // from here on it was looked at
	uint8_t heard_wscale;
	uint32_t syn_seq;   // of the client's SYN
	uint32_t ack;	    // the highest that was heard
	uint32_t edge;	    // right edge of the peer's window
	uint32_t left;	    // segments that left the network, as duplicate acknowledgements tell
	uint32_t left_most; // if what was heard since the last look was refused
	uint32_t una;	    // SND.UNA, SND.WND and SND.NXT at the last look
	uint32_t wnd_bytes;
	uint32_t nxt;
	uint32_t lost_end; // SND.NXT when a timeout called everything lost
	uint32_t mss_bytes;
	uint64_t timeouts;
	bool is_lost;	    // all that was sent counted as lost at the last turn
	plx_time active_at; // something that takes sequence numbers was sent, or news came
	plx_duration rto;   // at the last look
	plx_time due;	    // until then something has to happen; PLX_TIME_NEVER: nothing
};

struct watch {
	bool is_client;
	bool ignores_stalls; // frames wait: for neighbours to be learned, or for the port
	uint64_t run;
	struct watch_flow *flows; // by the client's port
	plx_conn *conns;
	unsigned count;
	unsigned next;
	char text[320];
};

void watch_init(struct watch *watch, bool is_client);
void watch_fini(struct watch *watch);

// A handle was given out; it has given its last event.
void watch_open(struct watch *watch, plx_conn conn);
void watch_close(struct watch *watch, plx_conn conn);

// A frame the stack has sent, and one it was given.
void watch_on_sent(struct watch *watch, const struct frame *frame, plx_time now);
void watch_on_heard(struct watch *watch, const struct frame *frame);

// The end of a turn. NULL, or a sentence about the rule that is broken.
const char *watch_fault(struct watch *watch, struct plx_stack *stack, const struct plx_stats *stats,
			plx_time now);

#endif

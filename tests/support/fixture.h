// SPDX-License-Identifier: BSD-3-Clause
//
// One stack under a virtual clock, with a peer whose segments the test writes. A test takes a fixture
// (fixture_established(state)), lets segments arrive and states what must come out (support/expect.h).
// Every scenario runs once per family; each fixture ends with closed books and no buffer missing.
// Called by tests/script; tests/script/README.md tells how.
#ifndef SUPPORT_FIXTURE_H
#define SUPPORT_FIXTURE_H

#include <pollux/pollux.h>

#include "support/cmocka_headers.h"
#include "support/judge.h"
#include "support/lifecycle.h"
#include "support/mbufs.h"
#include "support/segment.h"

enum {
	FIXTURE_OUTPUTS = 256, // frames sent and not yet looked at
	FIXTURE_EVENTS = 512,
	FIXTURE_TRACE_LINES = 40,
	FIXTURE_TRACE_WIDTH = 240,
	FIXTURE_BURST = 64,
	FIXTURE_OPTIONS = 8,
	FIXTURE_PORT = 80, // ours
	FIXTURE_PEER_PORT = 40000,
	FIXTURE_PEER_ISN = 7000,
	FIXTURE_PEER_WND = 65535,
};

#define FIXTURE_START (1000 * PLX_SECOND)

struct fixture_variant {
	const char *name;
	bool is_ipv6;
	enum plx_link link;
};

extern struct fixture_variant fixture_ipv4, fixture_ipv6, fixture_ipv4_bare, fixture_ipv6_bare;

int fixture_setup(void **state);
int fixture_teardown(void **state);

// Ends the stack, which must leave nothing behind, and plans another: for scenarios made of many.
void fixture_renew(void **state);

// Lines of a test program's list. A scenario that is about one family or link says so.
#define SCENARIO_FOR(test, variant, suffix)                                     \
	{                                                                       \
#test suffix, test, fixture_setup, fixture_teardown, &(variant) \
	}
#define SCENARIO_IPV4(test) SCENARIO_FOR(test, fixture_ipv4, " [IPv4]")
#define SCENARIO_IPV6(test) SCENARIO_FOR(test, fixture_ipv6, " [IPv6]")
#define SCENARIO(test) SCENARIO_IPV4(test), SCENARIO_IPV6(test)
#define SCENARIO_EVERY_LINK(test)                                                      \
	SCENARIO(test), SCENARIO_FOR(test, fixture_ipv4_bare, " [IPv4, no Ethernet]"), \
		SCENARIO_FOR(test, fixture_ipv6_bare, " [IPv6, no Ethernet]")

// What the peer says of itself in its SYN, and sends with every segment that names nothing else.
struct fixture_peer {
	int64_t mss;	// SEG_ABSENT: none
	int64_t wscale; // SEG_ABSENT: none
	bool timestamps;
	uint16_t wnd;
	uint32_t isn;
	uint16_t port;
};

struct fixture_output {
	plx_time at;
	uint64_t given; // the port has cut it out of the stack's so manieth frame
	size_t len_bytes;
	struct frame frame; // its payload lies in `bytes`
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];
};

// The test changes what stands above `stack` before the first fixture_...() call.
struct fixture {
	struct fixture_variant *variant;
	struct plx_stack_config config;
	struct plx_option_value options[FIXTURE_OPTIONS]; // of the listener, or of plx_connect()
	unsigned n_options;
	uint32_t backlog;
	struct fixture_peer peer;
	struct seg_path to_stack; // of what arrives

	struct plx_stack *stack;
	plx_time now;
	plx_conn listener;
	bool is_listening;
	plx_conn conn;	  // the connection of the fixture, the last one that was accepted or begun
	uint32_t snd_nxt; // of the stack when the fixture was made; tests count from here
	uint32_t rcv_nxt;
	uint64_t sent_bytes; // by the user, the place in the pattern
	uint64_t received_bytes;
	bool holds_events; // the application does not poll: ACCEPTED stays unfetched
	// Phase 3: acts on an event before anything is sent. NULL: the test acts afterwards.
	void (*application)(struct fixture *f, const struct plx_event *event);

	unsigned in_use_before; // buffers, when the scenario began
	bool has_failed;
	const char *about;   // what a failure begins with, or NULL
	bool has_timestamps; // both sides do
	uint32_t ts_val;     // the last timestamp the stack sent
	struct judge judge;
	struct lifecycle life;
	struct plx_event events[FIXTURE_EVENTS];
	unsigned n_events, next_event;
	struct fixture_output *outputs;
	unsigned n_outputs, next_output;
	uint64_t sent_frames;  // ever, as they left the port
	uint64_t given_frames; // ever, as the port got them
	struct rte_mbuf *burst[FIXTURE_BURST];
	unsigned n_burst;
	bool is_in_burst;
	char trace[FIXTURE_TRACE_LINES][FIXTURE_TRACE_WIDTH];
	unsigned n_trace;
};

// For changing what stands above `stack`, before a stack is made.
struct fixture *fixture_plan(void **state);
void fixture_set_option(struct fixture *f, enum plx_option option, int64_t value);

// A stack and nothing else.
struct fixture *fixture_bare(void **state);
// LISTEN on FIXTURE_PORT.
struct fixture *fixture_listening(void **state);
// SYN_RECEIVED by the peer's SYN: the SYN+ACK has been seen.
struct fixture *fixture_syn_received(void **state);
// ESTABLISHED by the peer, ACCEPTED was fetched.
struct fixture *fixture_established(void **state);
// SYN_SENT by plx_connect() to the peer's port, the SYN has been seen.
struct fixture *fixture_syn_sent(void **state);
// ESTABLISHED by plx_connect(), CONNECTED was fetched and the ACK of the SYN+ACK was seen.
struct fixture *fixture_connected(void **state);
// The user has closed, the FIN has been seen; snd_nxt is the FIN's.
struct fixture *fixture_fin_wait_1(void **state);
// The FIN has been acknowledged; snd_nxt is behind the FIN.
struct fixture *fixture_fin_wait_2(void **state);
// The peer's FIN has been acknowledged; rcv_nxt is behind it.
struct fixture *fixture_close_wait(void **state);
// Both have sent a FIN, neither is acknowledged by the peer.
struct fixture *fixture_closing(void **state);
// The peer's FIN came first, then ours was sent; snd_nxt is our FIN's.
struct fixture *fixture_last_ack(void **state);
// A compact entry behind an active close, CLOSED was fetched; both sequence numbers are behind the FINs.
struct fixture *fixture_time_wait(void **state);

// The peer's SYN arrives with the options of f->peer.
void peer_sends_syn(struct fixture *f);

// Where nothing is named: an ACK with f->rcv_nxt, f->snd_nxt and the peer's window, and timestamps when
// both sides have them. The stack runs at once unless a burst was begun.
void segment_arrives(struct fixture *f, struct seg seg);
void frame_arrives(struct fixture *f, const void *bytes, size_t len_bytes);

// What arrives in between is given to one plx_input().
void burst_begin(struct fixture *f);
void burst_end(struct fixture *f);

// Poll and output at the present time; expectations do it by themselves.
void fixture_settle(struct fixture *f);

// Lets time pass from deadline to deadline, so that every timer fires at its own moment.
void advance(struct fixture *f, uint64_t ms);
void advance_until(struct fixture *f, plx_time until);

// Goes on from deadline to deadline until a frame is sent, but not beyond `until`.
void advance_to_output(struct fixture *f, plx_time until);

// What has come out so far need not be looked at.
void forget_output(struct fixture *f);
void forget_events(struct fixture *f);

// The frame that comes out next, NULL when there is none; it is taken.
const struct fixture_output *fixture_next_output(struct fixture *f);

uint64_t counter(struct fixture *f, enum plx_counter which);
uint64_t drops(struct fixture *f, enum plx_drop reason);
struct plx_stats stats_of(struct fixture *f);

// The named connection's state as plx_get_info() knows it.
struct plx_info info_of(struct fixture *f);

// Prints the last segments.
void fixture_print_trace(const struct fixture *f);

// Prints the sentence and the last segments, and ends the test.
__attribute__((noreturn, format(printf, 4, 5))) void fixture_fail(struct fixture *f,
								  const char *file, int line,
								  const char *format, ...);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// Two stacks without a device: a client and a server, whose frames are copied into the other's pool
// between what is measured, as the loopback and a NIC's DMA do it. Each phase of a side is metered by
// itself. One thread, a clock that moves 4 us with every burst: 8 M/s of whatever is done.
// Called by the benchmarks of the stack.
#ifndef MICRO_RIG_H
#define MICRO_RIG_H

#include <pollux/pollux.h>

#include "compare.h"

enum {
	RIG_BURST = 32,
	RIG_INBOX = 1024, // frames on their way to a side
	RIG_CLIENTS_MAX = 256,
};

#define RIG_INTERVAL (4 * PLX_MICROSECOND)

enum phase {
	PHASE_INPUT,
	PHASE_POLL,
	PHASE_APPLICATION,
	PHASE_OUTPUT,
	PHASES,
};

struct rig;
struct side;

// Phase 3: acts on an event.
typedef void (*rig_application)(struct side *side, const struct plx_event *event);

struct side {
	struct plx_stack *stack;
	struct rig *rig;
	struct side *peer;
	struct rte_mempool *pool;
	rig_application application; // NULL: looks away
	plx_conn last;		     // whose event came last
	struct rte_mbuf *inbox[RIG_INBOX];
	unsigned n_inbox;
	uint64_t cycles[PHASES];  // since rig_reset(), what metering takes included
	uint64_t metered[PHASES]; // how often
	uint64_t received;	  // frames
	uint64_t sent;		  // as they are on the wire
};

struct rig_plan {
	const char *name; // of its memory: few letters
	bool is_ipv6;
	uint32_t offloads;    // of enum plx_offload; 0: chains and all memory
	uint32_t connections; // that rig_open() opens
	uint32_t slots;	      // control blocks a stack has; 0: as many as by default, or are needed
	uint32_t time_waits;  // most TIME_WAIT entries; 0: as by default
	plx_duration time_wait;
};

struct rig {
	struct rig_plan plan;
	struct plx_stack_config config; // of both sides, but for their addresses
	struct side server;
	struct side client;
	plx_time now;
	plx_conn *conns;  // the client's
	uint32_t *order;  // all of them, shuffled
	uint32_t next;	  // in that order
	unsigned clients; // addresses the client has
	uint32_t connects;
	const struct side *counted; // under callgrind: whose instructions, and of which phases
	unsigned counted_phases;
	uint64_t losses; // so far
	plx_conn listener;
	struct plx_addr server_addr;
	struct plx_addr client_addrs[RIG_CLIENTS_MAX];
};

extern const char *const rig_phase_names[PHASES];

// EAL memory two stacks of this plan take, buffers included.
size_t rig_bytes(const struct rig_plan *plan);

// Creates both and lets the server listen. Ends the program when it cannot.
void rig_create(struct rig *rig, const struct rig_plan *plan, int socket);

// Nothing of it is left.
void rig_destroy(struct rig *rig);

// Opens the connections of the plan and waits until both sides are at rest.
void rig_open(struct rig *rig);

// One more connection of the client, from the next address in turn.
plx_conn rig_connect(struct rig *rig);

// An option of all connections of the client.
void rig_set_option(struct rig *rig, enum plx_option option, int64_t value);

// The client's connections in random order, round and round.
static inline plx_conn rig_next_conn(struct rig *rig)
{
	plx_conn conn = rig->conns[rig->order[rig->next]];

	rig->next = rig->next + 1 == rig->plan.connections ? 0 : rig->next + 1;
	return conn;
}

// How many different connections a burst can be made of.
static inline unsigned rig_burst(const struct rig *rig)
{
	return rig->plan.connections < RIG_BURST ? rig->plan.connections : RIG_BURST;
}

// The phases, each metered. Output is carried to the other side's inbox.
void rig_input(struct side *side);
void rig_poll(struct side *side);
void rig_output(struct side *side);

// What the application does out of itself in phase 3 is metered between these two.
uint64_t rig_begin(struct side *side, enum phase phase);
void rig_end(struct side *side, enum phase phase, uint64_t start);

// Phases 1 to 4 of one side.
void rig_turn(struct side *side);

// Turns of both, the server's first, until nothing is on its way; then the clock moves on.
void rig_settle(struct rig *rig);

// Meters back to zero. Under callgrind, counts these phases (a bit each) of `side` from now on, or the one
// of them that compare_mode asks for.
void rig_reset(struct rig *rig, const struct side *side, unsigned phases);

// What a phase of the side took since then, in cycles.
double rig_cycles(const struct side *side, enum phase phase);

// What holds on both sides of the connection `conn` of the client and its end at the server, read back from
// the stacks.
const char *rig_settings(struct rig *rig, plx_conn conn, plx_conn accepted);

// What was lost, or sent again, since the last call; NULL: nothing.
const char *rig_losses(struct rig *rig);

#endif

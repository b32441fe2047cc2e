// SPDX-License-Identifier: BSD-3-Clause
//
// The worker: one stack, one queue, one application, and the loop around the four phases; or, without
// a stack, a relay between two ports. Several workers may share a core by turns. plx_worker_run() runs all workers of a system while the
// calling thread sleeps, reports progress once a second, and ends them in order.
// Called by apps/; tests call worker_turn() by themselves.
#ifndef DRIVERS_WORKER_H
#define DRIVERS_WORKER_H

#include <pollux/pollux.h>

#include "drivers/account.h"
#include "drivers/error.h"

#define WORKER_BURST 32
#define WORKER_EVENTS 64

struct interrupt_gate;
struct port;
struct relay;
struct system;

// What runs on a worker, on the worker's own thread. Every member may be NULL.
struct worker_application {
	void *context;
	// Before the first turn. 0, or a negative errno: the run ends, nothing else is called.
	int (*start)(void *context, struct plx_stack *stack, plx_time now);
	// The events of one plx_poll(); n > 0.
	void (*on_events)(void *context, struct plx_stack *stack, const struct plx_event *events,
			  unsigned n, plx_time now);
	// Once a turn, after the events. Returns when it wants to run next at the latest.
	plx_time (*run)(void *context, plx_time now);
	// The time is over: begin no more, end what is open in order. Called at most once.
	void (*stop)(void *context, plx_time now);
	// Nothing is left to do. After stop() it lets the worker end; before, see ends_run.
	bool (*is_finished)(void *context);
	// The run ends by itself once every worker that sets this is finished (load generators).
	// These are also the first to be stopped; the others (servers) follow when they are
	// finished.
	bool ends_run;
};

// Written by the worker's own thread, read by any.
struct worker_counters {
	uint64_t rx_frames;
	uint64_t tx_frames;  // that the port has taken, or that were lost
	uint64_t tx_refused; // times the port refused a tail, which was kept and sent later
	uint64_t tx_no_link; // frames lost because they were refused by a port without link
};

struct worker {
	// what a turn touches
	struct relay *relay; // NULL: it has a stack and a port
	struct plx_stack *stack;
	struct port *port;
	struct interrupt_gate *gate; // NULL for most ports
	uint16_t queue;
	uint16_t n_unsent; // given out by the stack, not yet taken by the port
	uint16_t first_unsent;
	uint16_t n_refusals;		       // turns in a row in which the port took nothing
	struct worker_application application; // set before plx_worker_run()
	plx_time wants_run_at;		       // what application.run() said last
	unsigned more_bursts;		       // than one, which it receives in a turn at most
	plx_time held_since;		       // nothing has been received; 0: it has
	struct worker_counters counters;
	struct worker_account account;
	struct rte_mbuf *unsent[WORKER_BURST];

	// who it is
	const char *stack_name; // of the configuration
	unsigned plan;		// index of its stack, or relay, in system_config
	unsigned index;		// among the workers of that stack, its queue
	unsigned lcore;		// that runs it; several workers may have the same
};

// One round of the four phases at `now`. True when there was anything to do.
bool worker_turn(struct worker *worker, plx_time now);

// When it has something to do by itself; PLX_TIME_NEVER when it has not.
plx_time worker_next_due(const struct worker *worker);

// Neither frames nor events wait: it may end, and no peer will miss the last acknowledgement.
bool worker_has_sent_all(const struct worker *worker);

// Frees what the port did not take any more. Part of the end of a worker; the stack is not touched.
void worker_drop_unsent(struct worker *worker);

struct worker_run_config {
	plx_duration duration; // 0 = until a signal comes or the applications have finished
	plx_duration grace;    // for the orderly end; 0 = 3 s
	// Once a second on the calling thread, `elapsed` since the start; NULL = none.
	void (*on_second)(void *context, plx_duration elapsed);
	void *context;
	bool handle_signals; // SIGINT, SIGTERM: the first ends in order, the second at once
};

enum worker_end {
	WORKER_END_FINISHED,	// every application ended in order
	WORKER_END_GRACE_OVER,	// some had not ended when the grace time was over
	WORKER_END_INTERRUPTED, // a second signal
};

struct worker_run_result {
	enum worker_end end;
	bool signalled;	      // a signal, not the duration or the applications, began the end
	plx_duration elapsed; // from start to the order to stop
};

// Runs every worker of the system to its end. Returns 0 and `result`; or what an application's
// start() returned, with `error` naming its stack. Call it once per system, on the thread that
// called system_start().
int plx_worker_run(struct system *system, const struct worker_run_config *config,
		   struct worker_run_result *result, struct system_error *error);

#endif

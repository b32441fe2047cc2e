// SPDX-License-Identifier: BSD-3-Clause
//
// Keeps the EAL's interrupt thread and the workers out of each other's way. net_memif needs it:
// when its peer goes, that thread unmaps the rings without asking whether a worker is reading them
// at that moment. The thread spends its time asleep within a handler of ours; on its way out it
// closes the gate and waits until no worker is inside, then does its round, and opens the gate when
// it comes back. Called by worker_run.c around the turns on such a port, and by bring-up.
#ifndef DRIVERS_INTERRUPT_GATE_H
#define DRIVERS_INTERRUPT_GATE_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "drivers/system.h"

struct interrupt_gate {
	atomic_bool is_closed; // the interrupt thread is at work
	atomic_bool has_ended;
	atomic_bool is_parked;
	bool (*is_settled)(void *context); // false: somebody waits for the thread's work
	void *context;
	struct {
		alignas(64) atomic_bool is_inside; // written by the one who has the place
	} places[SYSTEM_WORKERS_MAX];
};

// Begins to hold the interrupt thread: long while `is_settled`, shortly otherwise. 0 or a negative
// errno.
int interrupt_gate_start(struct interrupt_gate *gate, bool (*is_settled)(void *context),
			 void *context);

// Puts the interrupt thread to rest for good, when nobody enters any more: net_memif leaves a
// handler behind, in memory that the EAL takes away at the end without waiting for that thread.
void interrupt_gate_end(struct interrupt_gate *gate);

// False when the interrupt thread is at work: come again. NULL is a gate that is always open.
static inline bool interrupt_gate_enter(struct interrupt_gate *gate, unsigned place)
{
	if (gate == NULL)
		return true;
	atomic_store(&gate->places[place].is_inside, true);
	if (!atomic_load(&gate->is_closed))
		return true;
	atomic_store(&gate->places[place].is_inside, false);
	return false;
}

static inline void interrupt_gate_leave(struct interrupt_gate *gate, unsigned place)
{
	if (gate != NULL)
		atomic_store_explicit(&gate->places[place].is_inside, false, memory_order_release);
}

#endif

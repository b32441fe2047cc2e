// SPDX-License-Identifier: BSD-3-Clause
//
// The thread is caught by an interrupt of our own that is always due, so that every round of it
// comes to our handler: outside of that handler the gate is closed, within it the thread rests and
// the gate is open. Called by bring-up.
#define ALLOW_EXPERIMENTAL_API // rte_intr_instance_alloc() and what fills it
#include "drivers/interrupt_gate.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_interrupts.h>

#define REST_SETTLED (20 * PLX_MILLISECOND)
#define REST_UNSETTLED PLX_MILLISECOND
#define WAIT_FOR_OTHERS (10 * PLX_MICROSECOND)

static void sleep_for(plx_duration duration)
{
	const struct timespec time = {.tv_nsec = (long)duration};

	nanosleep(&time, NULL);
}

static bool is_anybody_inside(const struct interrupt_gate *gate)
{
	for (unsigned place = 0; place < SYSTEM_WORKERS_MAX; place++)
		if (atomic_load(&gate->places[place].is_inside))
			return true;
	return false;
}

// Touches nothing any more, until the process ends.
static void park(struct interrupt_gate *gate)
{
	atomic_store(&gate->is_parked, true); // the last look at the gate
	for (;;)
		pause();
}

static void rest_and_close(void *argument)
{
	struct interrupt_gate *gate = argument;

	atomic_store(&gate->is_closed, false);
	sleep_for(gate->is_settled(gate->context) ? REST_SETTLED : REST_UNSETTLED);
	atomic_store(&gate->is_closed, true);
	while (is_anybody_inside(gate))
		sleep_for(WAIT_FOR_OTHERS);
	if (atomic_load(&gate->has_ended))
		park(gate);
}

static int catch_thread(struct interrupt_gate *gate, int always_due)
{
	struct rte_intr_handle *handle = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
	int code = -ENOMEM;

	if (handle == NULL)
		return code;
	if (rte_intr_fd_set(handle, always_due) == 0
	    && rte_intr_type_set(handle, RTE_INTR_HANDLE_EXT) == 0)
		code = rte_intr_callback_register(handle, rest_and_close, gate);
	rte_intr_instance_free(handle); // the EAL has made a copy
	return code;
}

int interrupt_gate_start(struct interrupt_gate *gate, bool (*is_settled)(void *context),
			 void *context)
{
	int always_due = eventfd(1, EFD_CLOEXEC), code;

	if (always_due < 0)
		return -errno;
	gate->is_settled = is_settled;
	gate->context = context;
	atomic_store(&gate->is_closed, true); // until the thread has come
	code = catch_thread(gate, always_due);
	if (code != 0)
		close(always_due);
	return code;
}

void interrupt_gate_end(struct interrupt_gate *gate)
{
	atomic_store(&gate->has_ended, true);
	while (!atomic_load(&gate->is_parked))
		sleep_for(WAIT_FOR_OTHERS);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// The thread is caught by rte_eal_alarm_set(), whose callbacks it runs itself: outside of the
// callback it holds the gate closed, within it the gate is open. The next alarm is due almost at
// once, so that a round of other people's interrupts takes some 10 microseconds. Called by
// bring-up.
#include "drivers/interrupt_gate.h"

#include <time.h>

#include <rte_alarm.h>

#define ROUND_US 10
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

static void rest_and_close(void *argument)
{
	struct interrupt_gate *gate = argument;

	do {
		atomic_store(&gate->is_closed, false);
		sleep_for(gate->is_settled(gate->context) ? REST_SETTLED : REST_UNSETTLED);
		atomic_store(&gate->is_closed, true);
		while (is_anybody_inside(gate))
			sleep_for(WAIT_FOR_OTHERS);
	} while (rte_eal_alarm_set(ROUND_US, rest_and_close, gate) != 0); // no memory: rest again
}

int interrupt_gate_start(struct interrupt_gate *gate, bool (*is_settled)(void *context),
			 void *context)
{
	gate->is_settled = is_settled;
	gate->context = context;
	atomic_store(&gate->is_closed, true); // until the thread has come to the alarm
	return rte_eal_alarm_set(ROUND_US, rest_and_close, gate);
}

void interrupt_gate_end(struct interrupt_gate *gate)
{
	rte_eal_alarm_cancel(rest_and_close, gate); // also the one that it sets if it is running
}

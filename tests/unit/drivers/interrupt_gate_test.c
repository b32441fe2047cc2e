// SPDX-License-Identifier: BSD-3-Clause
//
// While the interrupt thread is at work nobody is inside the gate, and both sides get on. The
// thread's work is an alarm here, which it runs like any other of its handlers.
#include "drivers/interrupt_gate.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <rte_alarm.h>

#include "support/cmocka_headers.h"
#include "support/eal_main.h"

enum {
	WORKERS = 2,
	HANDLINGS = 200,
};

static struct interrupt_gate gate;
static atomic_bool is_reading[WORKERS]; // what must not be when the handler runs
static atomic_uint handled, violations;
static atomic_ulong turns[WORKERS];
static atomic_bool is_over;

static bool is_never_settled(void *context)
{
	(void)context;
	return false; // so that the thread comes often
}

static void handle(void *argument)
{
	(void)argument;
	for (unsigned look = 0; look < 100; look++)
		for (unsigned i = 0; i < WORKERS; i++)
			if (atomic_load(&is_reading[i]))
				atomic_fetch_add(&violations, 1);
	if (atomic_fetch_add(&handled, 1) + 1 < HANDLINGS)
		rte_eal_alarm_set(100, handle, NULL);
}

static void *work(void *argument)
{
	unsigned own = (unsigned)(uintptr_t)argument;

	while (!atomic_load(&is_over)) {
		if (!interrupt_gate_enter(&gate, own)) {
			sched_yield();
			continue;
		}
		atomic_store(&is_reading[own], true);
		atomic_fetch_add(&turns[own], 1);
		atomic_store(&is_reading[own], false);
		interrupt_gate_leave(&gate, own);
	}
	return NULL;
}

static void nobody_is_inside_while_a_handler_runs(void **state)
{
	pthread_t workers[WORKERS];

	(void)state;
	assert_int_equal(interrupt_gate_start(&gate, is_never_settled, NULL), 0);
	for (uintptr_t i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&workers[i], NULL, work, (void *)i), 0);
	assert_int_equal(rte_eal_alarm_set(100, handle, NULL), 0);
	while (atomic_load(&handled) < HANDLINGS)
		usleep(1000);
	atomic_store(&is_over, true);
	for (unsigned i = 0; i < WORKERS; i++)
		pthread_join(workers[i], NULL);
	assert_int_equal(violations, 0);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_true(turns[i] > 0);
}

static void expect_no_handling(void)
{
	atomic_store(&handled, HANDLINGS);
	assert_int_equal(rte_eal_alarm_set(1, handle, NULL), 0);
	usleep(20000);
	assert_int_equal(atomic_load(&handled), HANDLINGS);
}

static void the_thread_waits_for_one_who_stays_inside(void **state)
{
	(void)state;
	while (!interrupt_gate_enter(&gate, 0))
		usleep(10);
	expect_no_handling();
	interrupt_gate_leave(&gate, 0);
	while (atomic_load(&handled) == HANDLINGS)
		usleep(1000);
}

// The last of the tests: it cannot be undone.
static void after_its_end_no_handler_runs(void **state)
{
	(void)state;
	interrupt_gate_end(&gate);
	expect_no_handling();
}

static void without_a_gate_everybody_passes(void **state)
{
	(void)state;
	assert_true(interrupt_gate_enter(NULL, 0));
	interrupt_gate_leave(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_inside_while_a_handler_runs),
		cmocka_unit_test(the_thread_waits_for_one_who_stays_inside),
		cmocka_unit_test(without_a_gate_everybody_passes),
		cmocka_unit_test(after_its_end_no_handler_runs),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("drivers/interrupt_gate", tests, NULL, NULL);
}

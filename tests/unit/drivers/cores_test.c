// SPDX-License-Identifier: BSD-3-Clause
//
// Workers on CPUs: only on those allowed, evenly, by turns when there are too few. The machine's
// own CPUs are the material, so that what can be tried depends on how many it has. No EAL.
#include "drivers/cores.h"

#include <string.h>

#include "support/cmocka_headers.h"

static cpu_set_t everything;

static int begin(void **state)
{
	(void)state;
	return sched_getaffinity(0, sizeof(everything), &everything);
}

static int end(void **state)
{
	(void)state;
	return sched_setaffinity(0, sizeof(everything), &everything);
}

static int first_cpu(void)
{
	int cpu = 0;

	while (!CPU_ISSET(cpu, &everything))
		cpu++;
	return cpu;
}

static void allow_one(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(first_cpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
}

static void as_many_workers_as_cpus_are_pinned_one_to_each(void **state)
{
	unsigned n = (unsigned)CPU_COUNT(&everything);
	struct cores_plan plan;
	int nodes[SYSTEM_WORKERS_MAX] = {0};
	cpu_set_t used;

	(void)state;
	n = n < SYSTEM_WORKERS_MAX ? n : SYSTEM_WORKERS_MAX;
	CPU_ZERO(&used);
	cores_plan_make(nodes, n, &plan);
	assert_int_equal(plan.n_lcores, n);
	for (unsigned i = 0; i < n; i++) {
		const cpu_set_t *own = &plan.cpus_of_lcore[plan.lcore_of_worker[i]];

		if (plan.is_crowded)
			assert_int_equal(CPU_COUNT(own), 1);
		CPU_OR(&used, &used, own);
	}
	if (plan.is_crowded)
		assert_true(CPU_EQUAL(&used, &everything));
}

static void with_cpus_to_spare_a_worker_may_move_among_them(void **state)
{
	struct cores_plan plan;
	int node = 0;

	(void)state;
	if (CPU_COUNT(&everything) < 2) {
		print_message("skip - with_cpus_to_spare_a_worker_may_move_among_them: one CPU\n");
		skip();
	}
	cores_plan_make(&node, 1, &plan);
	assert_int_equal(plan.n_lcores, 1);
	assert_int_equal(plan.lcore_of_worker[0], 1);
	assert_false(plan.is_crowded);
	assert_true(CPU_COUNT(&plan.cpus_of_lcore[1]) >= 1);
}

static void too_many_workers_share_evenly_on_allowed_cpus_only(void **state)
{
	struct cores_plan plan;
	int nodes[SYSTEM_WORKERS_MAX] = {0};
	unsigned load[SYSTEM_WORKERS_MAX + 1] = {0};

	(void)state;
	cores_plan_make(nodes, SYSTEM_WORKERS_MAX, &plan);
	for (unsigned i = 0; i < SYSTEM_WORKERS_MAX; i++)
		load[plan.lcore_of_worker[i]]++;
	assert_int_equal(load[0], 0); // the control thread's
	for (unsigned lcore = 1; lcore <= plan.n_lcores; lcore++)
		assert_in_range(load[lcore], SYSTEM_WORKERS_MAX / plan.n_lcores,
				SYSTEM_WORKERS_MAX / plan.n_lcores + 1);

	allow_one();
	cores_plan_make(nodes, 5, &plan);
	assert_int_equal(plan.n_allowed, 1);
	assert_int_equal(plan.n_lcores, 1);
	assert_true(plan.is_crowded);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(plan.lcore_of_worker[i], 1);
	assert_int_equal(CPU_COUNT(&plan.cpus_of_lcore[1]), 1);
	assert_true(CPU_ISSET(first_cpu(), &plan.cpus_of_lcore[1]));
}

static void a_node_that_is_not_there_keeps_nobody_from_running(void **state)
{
	struct cores_plan plan;
	int node = 31;

	(void)state;
	cores_plan_make(&node, 1, &plan);
	assert_int_equal(plan.n_lcores, 1);
	assert_true(CPU_COUNT(&plan.cpus_of_lcore[1]) >= 1);
}

static void sets_are_written_as_ranges(void **state)
{
	char text[64], little[6];
	cpu_set_t set;

	(void)state;
	CPU_ZERO(&set);
	assert_string_equal(cores_format(&set, text, sizeof(text)), "");
	for (int cpu = 0; cpu < 4; cpu++)
		CPU_SET(cpu, &set);
	CPU_SET(8, &set);
	CPU_SET(10, &set);
	CPU_SET(11, &set);
	CPU_SET(CPU_SETSIZE - 1, &set);
	assert_string_equal(cores_format(&set, text, sizeof(text)), "0-3,8,10-11,1023");
	assert_string_equal(cores_format(&set, little, sizeof(little)), "0-3,8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_many_workers_as_cpus_are_pinned_one_to_each),
		cmocka_unit_test(with_cpus_to_spare_a_worker_may_move_among_them),
		cmocka_unit_test_teardown(too_many_workers_share_evenly_on_allowed_cpus_only, end),
		cmocka_unit_test(a_node_that_is_not_there_keeps_nobody_from_running),
		cmocka_unit_test(sets_are_written_as_ranges),
	};

	return cmocka_run_group_tests_name("drivers/cores", tests, begin, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Each worker gets the CPU that has the fewest workers, on its node where that is no worse; workers
// with the same CPU share an lcore by turns. The lcore is pinned to its CPU when every allowed CPU
// is used, or when the scheduler does not move threads there by itself (isolated CPUs); else it may
// move within its node, so that two processes side by side do not end up on one CPU. Called by
// bring-up before the EAL starts.
#include "drivers/cores.h"

#include <numa.h>
#include <stdio.h>
#include <string.h>

// The last of equals: the first CPUs have most of the interrupts.
static int choose_cpu(const cpu_set_t *allowed, const unsigned *load, int node)
{
	unsigned best_cost = 0;
	int best = -1;

	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		unsigned cost;

		if (!CPU_ISSET(cpu, allowed))
			continue;
		cost = 2 * load[cpu] + (numa_node_of_cpu(cpu) != node);
		if (best < 0 || cost <= best_cost) {
			best = cpu;
			best_cost = cost;
		}
	}
	return best;
}

// CPUs that the scheduler leaves alone: "2-3,6".
static cpu_set_t read_isolated(void)
{
	FILE *file = fopen("/sys/devices/system/cpu/isolated", "re");
	cpu_set_t isolated;
	int first, last;

	CPU_ZERO(&isolated);
	if (file == NULL)
		return isolated;
	do {
		if (fscanf(file, "%d", &first) != 1)
			break;
		if (fscanf(file, "-%d", &last) != 1)
			last = first;
		for (int cpu = first; cpu <= last && cpu < CPU_SETSIZE; cpu++)
			CPU_SET(cpu, &isolated);
	} while (fgetc(file) == ',');
	fclose(file);
	return isolated;
}

// Where an lcore may run whose home is this CPU.
static cpu_set_t cpus_of(const struct cores_plan *plan, const cpu_set_t *isolated, int home)
{
	int node = numa_node_of_cpu(home);
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(home, &cpus);
	if (plan->n_lcores == plan->n_allowed || CPU_ISSET(home, isolated))
		return cpus;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &plan->allowed) && !CPU_ISSET(cpu, isolated)
		    && numa_node_of_cpu(cpu) == node)
			CPU_SET(cpu, &cpus);
	return cpus;
}

void cores_plan_make(const int *nodes, unsigned n_workers, struct cores_plan *plan)
{
	unsigned load[CPU_SETSIZE] = {0};
	unsigned lcore_of_cpu[CPU_SETSIZE] = {0};
	int home_of_lcore[SYSTEM_WORKERS_MAX + 1];
	cpu_set_t isolated = read_isolated();

	memset(plan, 0, sizeof(*plan));
	sched_getaffinity(0, sizeof(plan->allowed), &plan->allowed);
	plan->n_allowed = (unsigned)CPU_COUNT(&plan->allowed);
	for (unsigned i = 0; i < n_workers; i++) {
		int cpu = choose_cpu(&plan->allowed, load, nodes[i]);

		if (load[cpu]++ == 0) {
			lcore_of_cpu[cpu] = ++plan->n_lcores;
			home_of_lcore[plan->n_lcores] = cpu;
		}
		plan->lcore_of_worker[i] = lcore_of_cpu[cpu];
	}
	for (unsigned lcore = 1; lcore <= plan->n_lcores; lcore++)
		plan->cpus_of_lcore[lcore] = cpus_of(plan, &isolated, home_of_lcore[lcore]);
	plan->is_crowded = plan->n_lcores >= plan->n_allowed;
}

const char *cores_format(const cpu_set_t *set, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (int cpu = 0; cpu < CPU_SETSIZE && used < size; cpu++) {
		int last = cpu;

		if (!CPU_ISSET(cpu, set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
			last++;
		used += (size_t)snprintf(text + used, size - used, "%s%d", used > 0 ? "," : "",
					 cpu);
		if (last > cpu && used < size)
			used += (size_t)snprintf(text + used, size - used, "-%d", last);
		cpu = last;
	}
	return text;
}

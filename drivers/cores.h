// SPDX-License-Identifier: BSD-3-Clause
//
// Which worker runs on which lcore, and on which CPUs that lcore may run: those this process is
// allowed, the port's NUMA node first. Lcore 0 is the control thread, on all of them, and sleeps.
// Called by bring-up before the EAL starts.
#ifndef DRIVERS_CORES_H
#define DRIVERS_CORES_H

#include <sched.h>
#include <stdbool.h>

#include "drivers/system.h"

struct cores_plan {
	cpu_set_t allowed;
	unsigned n_allowed;
	unsigned n_lcores; // that run workers: 1..n_lcores
	cpu_set_t cpus_of_lcore[SYSTEM_WORKERS_MAX + 1];
	unsigned lcore_of_worker[SYSTEM_WORKERS_MAX];
	bool is_crowded; // no CPU is left to others: idle workers give way
};

// nodes[i] is the NUMA node that worker i should run on.
void cores_plan_make(const int *nodes, unsigned n_workers, struct cores_plan *plan);

// "0-3,8" of a set; returns `text`, cut to `size`.
const char *cores_format(const cpu_set_t *set, char *text, size_t size);

#endif

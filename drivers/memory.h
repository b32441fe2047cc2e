// SPDX-License-Identifier: BSD-3-Clause
//
// How much EAL memory the description needs on which NUMA node, and of what kind there is enough:
// huge pages when they are free, else ordinary memory. The EAL never grows beyond it by itself.
// Called by bring-up before the EAL starts.
#ifndef DRIVERS_MEMORY_H
#define DRIVERS_MEMORY_H

#include "drivers/device.h"
#include "drivers/huge_pages.h"
#include "drivers/system.h"
#include "drivers/topology.h"

#define MEMORY_NODES_MAX DEVICE_NODES_MAX
#define MEMORY_TEXT_BYTES 160

struct memory_plan {
	uint64_t node_bytes[MEMORY_NODES_MAX];
	unsigned n_nodes; // up to the last that needs any
	uint64_t total_bytes;
	bool has_huge_pages;
	struct huge_pages_mount mount; // of the huge pages that will be used
	// For the operator, when there are not enough of them: what is missing, and the command
	// that would provide it.
	char shortage[MEMORY_TEXT_BYTES];
	char remedy[MEMORY_TEXT_BYTES];
};

// Huge page files that dead processes left are removed before free pages are counted.
// 0; -ENOMEM with `error` naming what is needed and what is there.
int memory_plan_make(const struct system_config *config, const struct topology *topology,
		     struct memory_plan *plan, struct system_error *error);

#endif

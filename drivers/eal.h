// SPDX-License-Identifier: BSD-3-Clause
//
// The EAL's command line, made from the plans of memory and cores and the devices of the ports.
// Called by bring-up, once in a process.
#ifndef DRIVERS_EAL_H
#define DRIVERS_EAL_H

#include "drivers/cores.h"
#include "drivers/memory.h"
#include "drivers/system.h"

// 0; a negative errno with `error`, when it has to say more than it printed itself.
int eal_start(const struct system_config *config, const struct memory_plan *memory,
	      const struct cores_plan *cores, struct system_error *error);

// Leaves it, and removes what this process has left in the file system.
void eal_stop(const struct memory_plan *memory);

#endif

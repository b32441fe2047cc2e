// SPDX-License-Identifier: BSD-3-Clause
//
// From the description to what drivers/ bring up: ports with their devices, stacks with addresses,
// routes and sizes that the servers and loads on them need.
// Called by apps/ with a description that config_check() has found in order.
#ifndef CONFIG_PLAN_H
#define CONFIG_PLAN_H

#include "config/config.h"
#include "drivers/system.h"

// Fills `system`, entries in the order of the description; `verbose` and `reserve_bytes` stay the
// caller's.
void config_plan(const struct config *config, struct system_config *system);

#endif

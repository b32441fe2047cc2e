// SPDX-License-Identifier: BSD-3-Clause
//
// One run from a description that has been checked: bring up, put applications on the workers, run
// them, take down, tell what it came to.
// Called by command_execute.c.
#ifndef APPS_RUN_H
#define APPS_RUN_H

#include "apps/command.h"
#include "apps/options.h"

// Does it all; what goes wrong is said on stderr. `errors` is empty, and knows how to name keys.
enum command_status run_description(const struct config *config, const struct run_options *options,
				    struct config_errors *errors);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// What serve, load, relay and run do alike: read the command line, make a description, check it, run it.
// They differ in how the description is made.
#ifndef APPS_COMMAND_EXECUTE_H
#define APPS_COMMAND_EXECUTE_H

#include "apps/command_describe.h"

// Fills an empty description; what is wrong goes to the errors.
typedef void (*command_describer)(struct describing *d);

enum command_status command_execute(enum command_id id, int argc, char **argv,
				    command_describer describe);

#endif

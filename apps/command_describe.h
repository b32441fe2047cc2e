// SPDX-License-Identifier: BSD-3-Clause
//
// From the options of a command line to the description that config/ checks and plans: what serve and
// load have in common, one port with one stack, and the far end when that port is a loopback.
// Called by command_serve.c, command_load.c, command_relay.c and command_run.c.
#ifndef APPS_COMMAND_DESCRIBE_H
#define APPS_COMMAND_DESCRIBE_H

#include "apps/options.h"

#define DESCRIBE_FAR_STACK "far"

struct describing {
	const struct options *options;
	struct config *config;
	struct config_errors *errors;
};

// Errors name options from then on.
void describe_begin(struct describing *d);

// The port and the stack that the options speak of.
struct config_stack *describe_near_end(struct describing *d);

// Says which options must be given and are not.
void describe_missing(struct describing *d);

// All options but --listen, which serve has dealt with, and whether those that must be given are.
void describe_values(struct describing *d);

// The stack at the other end of a loopback, still without addresses; NULL when the port is none, or
// something is wrong already.
struct config_stack *describe_far_end(struct describing *d);

// Sets a key to formatted text, as its default: nobody has given it.
void describe_set(struct describing *d, void *section, enum config_key key, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

// Ends the run and every load of a description that came from a file when --duration says so.
// Returns 0; -EINVAL with what is wrong in the errors.
int describe_duration(struct describing *d);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// `pollux serve`: servers on one stack. On a loopback nobody asks them: it shows that all can be
// had.
#include "apps/command_describe.h"
#include "apps/command_execute.h"

// Link-local (RFC 3927), where no server of ours is.
#define QUIET_ADDRESS "169.254.0.1/16"

// Every --listen is a server of its own.
static void describe_servers(struct describing *d)
{
	for (unsigned i = 0; i < d->options->n_values; i++) {
		const struct option_value *value = &d->options->values[i];
		struct config_server *server;

		if (value->line->key != CONFIG_KEY_server_listen)
			continue;
		server = config_append(d->config, CONFIG_KEY_top_servers, 0);
		if (!server) {
			config_errors_add(d->errors, i + 1, value->line->name,
					  "is given more than %d times; listen on a range of ports",
					  CONFIG_SERVERS_MAX);
			return;
		}
		describe_set(d, server, CONFIG_KEY_server_stack, "%s", d->config->stacks[0].name);
		config_set(server, value->line->key, value->text, i + 1, d->errors);
	}
}

static void describe(struct describing *d)
{
	struct config_stack *far;

	describe_near_end(d);
	describe_servers(d);
	describe_values(d);
	far = describe_far_end(d);
	if (far)
		describe_set(d, far, CONFIG_KEY_stack_addresses, QUIET_ADDRESS);
}

enum command_status command_serve(int argc, char **argv)
{
	return command_execute(COMMAND_serve, argc, argv, describe);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// `pollux help`: the overview, a command's options, or a configuration file with every key.
#include <string.h>

#include "apps/command.h"
#include "apps/options.h"

enum command_status command_help(int argc, char **argv)
{
	const struct command *command;
	struct options options;
	enum command_status status = COMMAND_OK;

	options_parse(&options, command_get(COMMAND_help), argc, argv);
	if (options.is_wrong) {
		status = COMMAND_REFUSED;
	} else if (options.is_answered) {
		status = COMMAND_OK;
	} else if (!options.argument) {
		command_print_overview(stdout);
	} else if (strcmp(options.argument, "config") == 0) {
		config_write_reference(stdout);
	} else {
		command = command_find(options.argument);
		if (command)
			options_print_help(command, stdout);
		status = command ? COMMAND_OK : COMMAND_REFUSED;
	}
	options_fini(&options);
	return status;
}

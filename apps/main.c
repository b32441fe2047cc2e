// SPDX-License-Identifier: BSD-3-Clause
//
// The `pollux` program: finds the subcommand and hands it the rest of the command line.
// Without one it prints help, which is then an error.
#include <string.h>

#include "apps/command.h"

int main(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		command_print_overview(stdout);
		return COMMAND_REFUSED;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		command_print_overview(stdout);
		return COMMAND_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("pollux " POLLUX_VERSION);
		return COMMAND_OK;
	}
	if (argv[1][0] == '-')
		return command_refuse(argv[1],
				      "unknown option; give a command first, "
				      "`pollux help` lists them");
	command = command_find(argv[1]);
	return command ? command->run(argc - 1, argv + 1) : COMMAND_REFUSED;
}

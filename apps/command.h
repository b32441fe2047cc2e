// SPDX-License-Identifier: BSD-3-Clause
//
// The subcommands of the program, and what they exit with: 0 all went well; 1 it ran, and something
// failed or the books do not close; 2 it did not run: usage, configuration, or a port or memory
// that could not be had.
// Looked up by main.c; each command has a file of its own.
#ifndef APPS_COMMAND_H
#define APPS_COMMAND_H

#include <stdio.h>

#include "config/error.h"

enum command_status {
	COMMAND_OK = 0,
	COMMAND_FAILED = 1,
	COMMAND_REFUSED = 2,
};

enum command_id {
#define COMMAND(name, arguments, text, example, another) COMMAND_##name,
#include "apps/commands.def"
#undef COMMAND
	COMMANDS
};

struct command {
	enum command_id id;
	const char *name;
	const char *arguments; // "FILE", or empty
	const char *text;
	const char *examples[2];
	// argv[0] is the command's name.
	enum command_status (*run)(int argc, char **argv);
};

const struct command *command_get(enum command_id id);

// NULL when there is none of the name, after an error with the nearest one.
const struct command *command_find(const char *name);

// The commands with a line each, and three examples.
void command_print_overview(FILE *out);

// `pollux: WHERE: WHAT; REMEDY` on stderr; `format` is WHAT; REMEDY. Returns COMMAND_REFUSED.
enum command_status command_refuse(const char *where, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

// Each sentence about a description in the same way. Returns COMMAND_REFUSED.
enum command_status command_print_errors(const struct config_errors *errors);

enum command_status command_serve(int argc, char **argv);
enum command_status command_load(int argc, char **argv);
enum command_status command_relay(int argc, char **argv);
enum command_status command_run(int argc, char **argv);
enum command_status command_help(int argc, char **argv);

#endif

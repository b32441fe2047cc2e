// SPDX-License-Identifier: BSD-3-Clause
//
// The command line of a subcommand: options that stand for keys of the configuration (options.def),
// a few of the program's own, and their help. What they say ends up in the same description that a
// file makes (command_describe.c), and is checked as that is.
// Called by the commands and by help.c.
#ifndef APPS_OPTIONS_H
#define APPS_OPTIONS_H

#include <argp.h>
#include <stdio.h>

#include "apps/command.h"
#include "config/config.h"

// What is not in a description: how this run is done and told.
struct run_options {
	const char *json; // where the results go; "-" is stdout, NULL nowhere
	bool verbose;
};

// An option that stands for a key; several of one name with several commands.
struct option_line {
	unsigned commands; // bits 1 << enum command_id
	int group;
	const char *name; // "--port"
	enum config_key key;
	const char *value; // its default where it is not the key's; NULL = the key's
	const char *help;  // NULL = the key's
};

// One that was given.
struct option_value {
	const struct option_line *line;
	const char *text;
};

struct options {
	const struct command *command;
	struct run_options run;
	const char *argument;	     // the one that is no option; NULL without
	struct option_value *values; // in the order of the command line
	unsigned n_values;
	bool is_answered; // --help was given and answered
	bool is_wrong;	  // and it was said what
};

// Reads the command line. options_fini() in any case.
void options_parse(struct options *options, const struct command *command, int argc, char **argv);
void options_fini(struct options *options);

// The option of a command that stands for a key; NULL when there is none.
const struct option_line *options_find(const struct command *command, enum config_key key);

// All lines in the order of options.def, and how many.
const struct option_line *options_lines(unsigned *n);

// What argp is told of a command's options: an entry each, headings, and an end.
#define OPTIONS_ENTRIES_MAX 40
#define OPTIONS_DOC_BYTES 512
struct options_table {
	struct argp_option entries[OPTIONS_ENTRIES_MAX];
	char docs[OPTIONS_ENTRIES_MAX][OPTIONS_DOC_BYTES];
	unsigned n;
};
void options_tabulate(const struct command *command, struct options_table *table);

// Usage, options with types, bounds and defaults, units, examples, exit status (help.c).
void options_print_help(const struct command *command, FILE *out);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// The help of a subcommand: argp lays out usage and options, the rest follows: how values are
// written, examples that are run by the tests, what the exit status means.
// Called for `pollux COMMAND --help` and `pollux help COMMAND`.
#include "apps/options.h"

#include <string.h>

static bool uses_placeholder(const struct options_table *table, const char *placeholder)
{
	for (unsigned i = 0; i < table->n; i++)
		if (table->entries[i].arg && strcmp(table->entries[i].arg, placeholder) == 0)
			return true;
	return false;
}

// How each kind of value that the command takes is written.
static void print_units(const struct options_table *table, FILE *out)
{
	const char *heading = "\nValues:\n", *last = "";

	for (unsigned type = 0; type < CONFIG_TYPE_LIST; type++) {
		const char *placeholder = config_type_placeholder((enum config_type)type);

		if (!uses_placeholder(table, placeholder) || strcmp(placeholder, last) == 0)
			continue;
		fprintf(out, "%s  %s: %s\n", heading, placeholder,
			config_type_text((enum config_type)type));
		heading = "";
		last = placeholder;
	}
}

void options_print_help(const struct command *command, FILE *out)
{
	struct options_table table;
	const struct argp argp = {
		.options = table.entries,
		.args_doc = *command->arguments ? command->arguments : NULL,
		.doc = command->text,
	};
	char name[64];

	options_tabulate(command, &table);
	snprintf(name, sizeof(name), "pollux %s", command->name);
	argp_help(&argp, out, ARGP_HELP_SHORT_USAGE | ARGP_HELP_PRE_DOC | ARGP_HELP_LONG, name);
	print_units(&table, out);
	fprintf(out, "\nExamples:\n  %s\n  %s\n", command->examples[0], command->examples[1]);
	if (command->id != COMMAND_help)
		fputs("\nExit status: 0 all went well; 1 something failed, or the books do not close; "
		      "2 nothing was run.\n",
		      out);
}

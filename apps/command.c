// SPDX-License-Identifier: BSD-3-Clause
//
// The table of subcommands and what is said about all of them.
// Called by main.c and command_help.c.
#include "apps/command.h"

#include <stdarg.h>
#include <string.h>

#include "config/nearest.h"

static const struct command commands[] = {
#define COMMAND(name, arguments, text, example, another) \
	{COMMAND_##name, #name, arguments, text, {example, another}, command_##name},
#include "apps/commands.def"
#undef COMMAND
};

const struct command *command_get(enum command_id id)
{
	return &commands[id];
}

const struct command *command_find(const char *name)
{
	struct nearest nearest;

	nearest_init(&nearest, name);
	for (unsigned i = 0; i < COMMANDS; i++) {
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
		nearest_offer(&nearest, commands[i].name);
	}
	if (nearest.word)
		command_refuse(name, "unknown command; did you mean \"%s\"?", nearest.word);
	else
		command_refuse(name, "unknown command; `pollux help` lists those there are");
	return NULL;
}

void command_print_overview(FILE *out)
{
	fputs("Usage: pollux COMMAND [OPTION...]\n"
	      "TCP at the speed of polling: serves and loads over DPDK devices, or inside one process.\n"
	      "\n",
	      out);
	for (unsigned i = 0; i < COMMANDS; i++) {
		char usage[64];

		snprintf(usage, sizeof(usage), "%s %s", commands[i].name, commands[i].arguments);
		fprintf(out, "  %-24s %s\n", usage, commands[i].text);
	}
	fputs("\n  --help                   this help\n"
	      "  --version                the version\n"
	      "\nExamples:\n",
	      out);
	for (unsigned i = 0; i < COMMAND_help; i++)
		fprintf(out, "  %s\n", commands[i].examples[0]);
	fputs("\n`pollux help COMMAND` has the options, with units and defaults.\n", out);
}

enum command_status command_refuse(const char *where, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "pollux: %s: ", where);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return COMMAND_REFUSED;
}

enum command_status command_print_errors(const struct config_errors *errors)
{
	for (unsigned i = 0; i < errors->n; i++)
		fprintf(stderr, "pollux: %s\n", errors->texts[i]);
	if (errors->n_more)
		fprintf(stderr, "pollux: and %u more\n", errors->n_more);
	return COMMAND_REFUSED;
}

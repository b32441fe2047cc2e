// SPDX-License-Identifier: BSD-3-Clause
//
// Options of a subcommand through argp, with argp's own messages switched off: what is wrong is
// said as everything else is, with the nearest option there is.
// Called by the commands; the table also by help.c.
#include "apps/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/nearest.h"

// Options of the program itself; those of options.def have keys from OPTION_LINE on.
enum {
	OPTION_HELP = 'h',
	OPTION_JSON = 256,
	OPTION_VERBOSE,
	OPTION_LINE = 512,
};

// Headings of the help, in this order.
enum { WHERE = 1, WHAT, WAY, RUN, PROGRAM };

static const char *const headings[] = {
	[WHERE] = "Where:",
	[WHAT] = "What:",
	[WAY] = "On the way; of two values A,B the first is for frames from left to right:",
	[RUN] = "How it is run and told:",
};

#define SERVE (1u << COMMAND_serve)
#define LOAD (1u << COMMAND_load)
#define FILE_RUN (1u << COMMAND_run)
#define RELAY (1u << COMMAND_relay)
#define ANY_RUN (SERVE | LOAD | RELAY | FILE_RUN)

static const struct option_line lines[] = {
#define OPTION(commands, group, name, section, key, value, help) \
	{commands, group, "--" name, CONFIG_KEY_##section##_##key, value, help},
#include "apps/options.def"
#undef OPTION
};

enum { LINES = sizeof(lines) / sizeof(lines[0]) };

const struct option_line *options_lines(unsigned *n)
{
	*n = LINES;
	return lines;
}

const struct option_line *options_find(const struct command *command, enum config_key key)
{
	for (unsigned i = 0; i < LINES; i++)
		if (lines[i].commands & 1u << command->id && lines[i].key == key)
			return &lines[i];
	return NULL;
}

// "help (1 to 64, default 1)"
static void write_doc(const struct option_line *line, char *doc)
{
	const struct config_key_info *key = config_key_info(line->key);
	const char *value = line->value ? line->value : key->value;
	bool has_default = line->value || key->presence == CONFIG_DEFAULT;
	bool has_bounds = key->greatest && key->greatest != UINT64_MAX;
	char least[32], greatest[32], bounds[80] = "", rest[128] = "";

	config_value_format(key->type, key->least, least);
	config_value_format(key->type, key->greatest, greatest);
	if (has_bounds)
		snprintf(bounds, sizeof(bounds), "%s to %s%s", least, greatest,
			 has_default && *value ? ", " : "");
	if (key->presence == CONFIG_REQUIRED)
		snprintf(rest, sizeof(rest), " (required)");
	else if (has_bounds || (has_default && *value))
		snprintf(rest, sizeof(rest), " (%s%s%s)", bounds,
			 has_default && *value ? "default " : "", has_default ? value : "");
	snprintf(doc, OPTIONS_DOC_BYTES, "%s%s", line->help ? line->help : key->help, rest);
}

static void add_entry(struct options_table *table, const struct argp_option *entry)
{
	table->entries[table->n++] = *entry;
}

static bool has_group(unsigned mask, int group)
{
	for (unsigned i = 0; i < LINES; i++)
		if (lines[i].commands & mask && lines[i].group == group)
			return true;
	return false;
}

void options_tabulate(const struct command *command, struct options_table *table)
{
	unsigned mask = 1u << command->id;

	memset(table, 0, sizeof(*table));
	for (int group = WHERE; group <= RUN; group++)
		if (has_group(mask, group))
			add_entry(table,
				  &(struct argp_option){.doc = headings[group], .group = group});
	for (unsigned i = 0; i < LINES; i++) {
		char *doc = table->docs[table->n];

		if (!(lines[i].commands & mask))
			continue;
		write_doc(&lines[i], doc);
		add_entry(
			table,
			&(struct argp_option){
				.name = lines[i].name + strlen("--"),
				.key = OPTION_LINE + (int)i,
				.arg = config_type_placeholder(config_key_info(lines[i].key)->type),
				.doc = doc,
				.group = lines[i].group,
			});
	}
	if (mask & ANY_RUN) {
		add_entry(table,
			  &(struct argp_option){"json", OPTION_JSON, "FILE", 0,
						"results as JSON; - is standard output", RUN});
		add_entry(table,
			  &(struct argp_option){"verbose", OPTION_VERBOSE, NULL, 0,
						"show what DPDK and its drivers say", RUN});
	}
	add_entry(table, &(struct argp_option){"help", OPTION_HELP, NULL, 0, "this help", PROGRAM});
}

// Says why argp did not understand an option: "--name" or "--name=value", possibly abbreviated.
static void refuse_option(const struct options *options, const struct options_table *table,
			  const char *word)
{
	size_t len = strcspn(word, "=");
	char where[64], all[OPTIONS_DOC_BYTES] = "";
	struct nearest nearest;
	const struct argp_option *meant = NULL;
	unsigned n = 0;

	snprintf(where, sizeof(where), "%.*s", (int)len, word);
	nearest_init(&nearest, where + strspn(where, "-"));
	for (unsigned i = 0; i < table->n; i++) {
		const struct argp_option *entry = &table->entries[i];

		if (!entry->name)
			continue;
		nearest_offer(&nearest, entry->name);
		if (len > 2 && strncmp(entry->name, word + 2, len - 2) == 0) {
			snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s--%s",
				 n ? " or " : "", entry->name);
			meant = strlen(entry->name) == len - 2 || n == 0 ? entry : meant;
			n += strlen(entry->name) == len - 2 ? 0 : 1;
		}
	}
	if (n > 1)
		command_refuse(where, "is ambiguous; write %s", all);
	else if (meant && meant->arg)
		command_refuse(where, "has no value; write --%s=%s", meant->name, meant->arg);
	else if (meant)
		command_refuse(where, "takes no value; leave it out");
	else if (nearest.word)
		command_refuse(where, "is not an option of %s; did you mean --%s?",
			       options->command->name, nearest.word);
	else
		command_refuse(where, "is not an option of %s; `pollux help %s` lists them",
			       options->command->name, options->command->name);
}

static void take_argument(struct options *options, const char *text)
{
	const char *arguments = options->command->arguments;

	if (*arguments && !options->argument) {
		options->argument = text;
		return;
	}
	options->is_wrong = true;
	command_refuse(text, "is one argument too many; `pollux %s` takes %s%s",
		       options->command->name, *arguments ? arguments : "options only",
		       *arguments ? " alone" : "");
}

// What argp's callback is given.
struct parsing {
	struct options *options;
	const struct options_table *table;
};

static error_t on_option(int key, char *text, struct argp_state *state)
{
	const struct parsing *parsing = state->input;
	struct options *options = parsing->options;

	switch (key) {
	case OPTION_HELP:
		options->is_answered = true;
		return 0;
	case OPTION_JSON:
		options->run.json = text;
		return 0;
	case OPTION_VERBOSE:
		options->run.verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		take_argument(options, text);
		return 0;
	case ARGP_KEY_ERROR:
		options->is_wrong = true;
		refuse_option(options, parsing->table, state->argv[state->next - 1]);
		return 0;
	default:
		if (key < OPTION_LINE || key >= OPTION_LINE + LINES)
			return ARGP_ERR_UNKNOWN;
		options->values[options->n_values++] =
			(struct option_value){&lines[key - OPTION_LINE], text};
		return 0;
	}
}

void options_parse(struct options *options, const struct command *command, int argc, char **argv)
{
	struct options_table table;
	struct parsing parsing = {options, &table};
	const struct argp argp = {.options = table.entries, .parser = on_option};

	*options = (struct options){.command = command};
	options->values = calloc((size_t)argc, sizeof(options->values[0]));
	if (!options->values) {
		command_refuse(command->name, "there is no memory; free some");
		options->is_wrong = true;
		return;
	}
	options_tabulate(command, &table);
	argp_parse(&argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP | ARGP_NO_EXIT, NULL, &parsing);
	if (options->is_answered && !options->is_wrong)
		options_print_help(command, stdout);
}

void options_fini(struct options *options)
{
	free(options->values);
}

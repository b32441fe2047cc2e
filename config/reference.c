// SPDX-License-Identifier: BSD-3-Clause
//
// The annotated example: a file with every key of keys.def, its help, bounds, and default or
// example. It loads as it stands; keys without a default are commented out.
// Printed by `pollux help config`, kept as config/reference.yaml.
#include <stdio.h>
#include <string.h>

#include "config/config.h"

enum { INDENT = 2, COLUMNS = 100, COMMENT_BYTES = 1024 };

// Where a section stands: behind a dash as the entry of a list, as a comment.
struct place {
	unsigned indent;
	bool is_entry;
	bool is_comment;
};

static void write_section(FILE *out, enum config_section section, struct place place);

// Words behind `# `, broken before the margin.
static void write_comment(FILE *out, unsigned indent, const char *text)
{
	unsigned column = 0;

	while (*text) {
		unsigned len = (unsigned)strcspn(text, " ");

		if (column == 0 || column + 1 + len > COLUMNS) {
			fprintf(out, "%s%*s#", column ? "\n" : "", (int)indent, "");
			column = indent + 1;
		}
		fprintf(out, " %.*s", (int)len, text);
		column += 1 + len;
		text += len + (text[len] == ' ');
	}
	fputc('\n', out);
}

// "TIME, 0 to 60m: help"
static void write_help(FILE *out, const struct config_key_info *key, unsigned indent)
{
	const char *placeholder = config_type_placeholder(key->type);
	char text[COMMENT_BYTES], least[32], greatest[32], bounds[80] = "";

	config_value_format(key->type, key->least, least);
	config_value_format(key->type, key->greatest, greatest);
	if (key->greatest && key->greatest != UINT64_MAX)
		snprintf(bounds, sizeof(bounds), ", %s to %s", least, greatest);
	if (placeholder)
		snprintf(text, sizeof(text), "%s%s%s: %s", placeholder, bounds,
			 key->presence == CONFIG_REQUIRED ? ", required" : "", key->help);
	write_comment(out, indent, placeholder ? text : key->help);
}

// `key: value`; quoted where YAML would see more than a word in it.
static void write_value(FILE *out, const struct config_key_info *key)
{
	const char *quote = strpbrk(key->value, ":*[{,#") ? "\"" : "";

	fprintf(out, "%s: %s%s%s\n", key->name, quote, key->value, quote);
}

static void write_key(FILE *out, const struct config_key_info *key, struct place place,
		      const char *bullet)
{
	unsigned outer = place.indent - (unsigned)strlen(bullet);
	bool is_value = key->type != CONFIG_TYPE_LIST && key->type != CONFIG_TYPE_MAP;
	bool is_comment = place.is_comment || key->presence == CONFIG_EXAMPLE
		|| (is_value && key->presence == CONFIG_ABSENT);

	write_help(out, key, outer);
	fprintf(out, "%*s%s%s", (int)outer, "", is_comment ? "# " : "", bullet);
	switch (key->type) {
	case CONFIG_TYPE_LIST:
		fprintf(out, "%s:\n", key->name);
		write_section(out, key->child,
			      (struct place){place.indent + 2 * INDENT, true, is_comment});
		break;
	case CONFIG_TYPE_MAP:
		fprintf(out, "%s:\n", key->name);
		write_section(out, key->child,
			      (struct place){place.indent + INDENT, false, is_comment});
		break;
	default:
		write_value(out, key);
		break;
	}
}

static void write_section(FILE *out, enum config_section section, struct place place)
{
	unsigned first = config_section_first(section), end = config_section_end(section);

	for (unsigned key = first; key < end; key++) {
		if (place.indent == 0)
			fputc('\n', out);
		write_key(out, config_key_info((enum config_key)key), place,
			  place.is_entry && key == first ? "- " : "");
	}
}

// "SIZE: bytes, ...", once for types that share a placeholder.
static void write_type(FILE *out, enum config_type type)
{
	const char *placeholder = config_type_placeholder(type);
	char text[COMMENT_BYTES];

	for (unsigned before = 0; before < type; before++)
		if (strcmp(config_type_placeholder((enum config_type)before), placeholder) == 0)
			return;
	snprintf(text, sizeof(text), "%s: %s", placeholder, config_type_text(type));
	write_comment(out, 0, text);
}

void config_write_reference(FILE *out)
{
	fputs("# SPDX-License-Identifier: BSD-3-Clause\n#\n", out);
	write_comment(
		out, 0,
		"Every key of a configuration file. A value that is commented out is an example "
		"and not in force; any other is the default, or an example where it is "
		"required.");
	fputs("#\n", out);
	for (unsigned type = 0; type < CONFIG_TYPE_LIST; type++)
		write_type(out, (enum config_type)type);
	write_section(out, CONFIG_SECTION_top, (struct place){0});
}

// SPDX-License-Identifier: BSD-3-Clause
//
// A YAML file into the description. libyaml's document interface keeps where every node stands, so
// that a message names the line of the very value it speaks of (YAML 1.1; anchors and aliases may
// be used). The walk follows keys.def and not the file: its depth is bounded even where aliases
// form a circle.
// Called by `pollux run`.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "config/config.h"
#include "config/nearest.h"

enum { FILE_BYTES_MAX = 1 << 20 };

struct reader {
	yaml_document_t document;
	struct config_errors *errors;
};

static void read_section(struct reader *reader, enum config_section section, yaml_node_t *node,
			 void *fields);

static uint32_t line_of(const yaml_node_t *node)
{
	return (uint32_t)node->start_mark.line + 1;
}

// The scalar's text; NULL for other nodes and for text with a zero byte in it.
static const char *scalar_text(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;

	if (node->type != YAML_SCALAR_NODE || strlen(text) != node->data.scalar.length)
		return NULL;
	return text;
}

// `key:` and `key: ~` have no value; `key: ""` has one, which is empty.
static bool is_null(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;

	return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
		&& (!*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

// Only what YAML itself defines: any other tag asks for something that will not be done.
static bool has_known_tag(struct reader *reader, const yaml_node_t *node, const char *name)
{
	static const char yaml[] = "tag:yaml.org,2002:";
	const char *tag = (const char *)node->tag;

	if (strncmp(tag, yaml, strlen(yaml)) == 0 && strcmp(tag + strlen(yaml), "binary") != 0)
		return true;
	config_errors_add(reader->errors, line_of(node), name,
			  "the tag %s means nothing here; leave it out", tag);
	return false;
}

static const char *what_is(const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_SEQUENCE_NODE:
		return "a list";
	case YAML_MAPPING_NODE:
		return "a mapping";
	default:
		return is_null(node) ? "nothing" : "a single value";
	}
}

// Says the wrong kind of a node. True when it is of the kind.
static bool is_kind(struct reader *reader, const yaml_node_t *node, yaml_node_type_t type,
		    const char *name)
{
	if (node->type == type)
		return true;
	config_errors_add(reader->errors, line_of(node), name, "is %s, not %s; write %s",
			  what_is(node), type == YAML_SEQUENCE_NODE ? "a list" : "a mapping",
			  type == YAML_SEQUENCE_NODE
				  ? "its entries in brackets, or each behind a dash"
				  : "its keys as `key: value`");
	return false;
}

static void read_list(struct reader *reader, enum config_key list, yaml_node_t *node, void *fields)
{
	const struct config_key_info *key = config_key_info(list);

	if (!is_kind(reader, node, YAML_SEQUENCE_NODE, key->name))
		return;
	for (yaml_node_item_t *item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++) {
		yaml_node_t *entry = yaml_document_get_node(&reader->document, *item);
		void *entry_fields = config_append(fields, list, line_of(entry));

		if (!entry_fields) {
			config_errors_add(reader->errors, line_of(entry), key->name,
					  "is more than %u entries; leave some out", key->most);
			return;
		}
		if (is_kind(reader, entry, YAML_MAPPING_NODE, key->name))
			read_section(reader, key->child, entry, entry_fields);
	}
	if (key->presence == CONFIG_REQUIRED
	    && node->data.sequence.items.start == node->data.sequence.items.top)
		config_errors_add(reader->errors, line_of(node), key->name,
				  "is empty; give at least one entry: %s", key->help);
}

static void read_scalar(struct reader *reader, enum config_key key, yaml_node_t *node, void *fields)
{
	const struct config_key_info *info = config_key_info(key);
	const char *text = scalar_text(node);

	if (!has_known_tag(reader, node, info->name))
		return;
	if (is_null(node))
		config_errors_add(reader->errors, line_of(node), info->name,
				  "has no value; write %s", config_type_text(info->type));
	else if (node->type != YAML_SCALAR_NODE)
		config_errors_add(reader->errors, line_of(node), info->name,
				  "is %s, not %s; write %s", what_is(node),
				  config_type_noun(info->type), config_type_text(info->type));
	else if (!text)
		config_errors_add(reader->errors, line_of(node), info->name,
				  "has a zero byte; write one line of text");
	else
		config_set(fields, key, text, line_of(node), reader->errors);
}

// Keys that hold several values take a list of them, or one alone.
static void read_scalars(struct reader *reader, enum config_key key, yaml_node_t *node,
			 void *fields)
{
	const struct config_key_info *info = config_key_info(key);
	bool is_list = node->type == YAML_SEQUENCE_NODE;

	if (!is_list) {
		read_scalar(reader, key, node, fields);
		return;
	}
	if (node->data.sequence.items.start == node->data.sequence.items.top)
		config_errors_add(reader->errors, line_of(node), info->name,
				  "is an empty list; write %s", config_type_text(info->type));
	for (yaml_node_item_t *item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++)
		read_scalar(reader, key, yaml_document_get_node(&reader->document, *item), fields);
}

static void read_value(struct reader *reader, enum config_key key, yaml_node_t *node, void *fields)
{
	const struct config_key_info *info = config_key_info(key);

	switch (info->type) {
	case CONFIG_TYPE_LIST:
		read_list(reader, key, node, fields);
		break;
	case CONFIG_TYPE_MAP:
		if (is_kind(reader, node, YAML_MAPPING_NODE, info->name))
			read_section(reader, info->child, node,
				     config_open_map(fields, key, line_of(node)));
		break;
	case CONFIG_TYPE_ADDRESSES:
	case CONFIG_TYPE_PREFIXES:
		read_scalars(reader, key, node, fields);
		break;
	default:
		read_scalar(reader, key, node, fields);
		break;
	}
}

// What has been read of a section.
struct progress {
	enum config_section section;
	void *fields;
	uint32_t lines[CONFIG_SECTION_KEYS_MAX]; // where each key stood; 0 = nowhere
	bool is_meant[CONFIG_SECTION_KEYS_MAX];	 // a mistyped one was taken for it
};

// Names the nearest key, or all there are.
static void refuse_key(struct reader *reader, struct progress *progress, const char *name,
		       uint32_t line)
{
	unsigned first = config_section_first(progress->section);
	unsigned end = config_section_end(progress->section);
	const char *noun = config_section_noun(progress->section);
	char known[CONFIG_ERROR_BYTES / 2] = "";
	struct nearest nearest;

	nearest_init(&nearest, name);
	for (unsigned key = first; key < end; key++) {
		const char *word = config_key_info((enum config_key)key)->name;

		nearest_offer(&nearest, word);
		if (key != first)
			strncat(known, ", ", sizeof(known) - strlen(known) - 1);
		strncat(known, word, sizeof(known) - strlen(known) - 1);
	}
	if (!nearest.word) {
		config_errors_add(reader->errors, line, name, "is not a key of %s; it has %s", noun,
				  known);
		return;
	}
	config_errors_add(reader->errors, line, name, "is not a key of %s; did you mean \"%s\"?",
			  noun, nearest.word);
	progress->is_meant[config_key_find(progress->section, nearest.word) - first] = true;
}

// One `key: value` of a section.
static void read_pair(struct reader *reader, struct progress *progress, yaml_node_pair_t *pair)
{
	yaml_node_t *key_node = yaml_document_get_node(&reader->document, pair->key);
	const char *name = scalar_text(key_node);
	enum config_key key;
	uint32_t *line;

	if (!name) {
		config_errors_add(
			reader->errors, line_of(key_node), config_section_noun(progress->section),
			"has %s where a key belongs; write `key: value`", what_is(key_node));
		return;
	}
	key = config_key_find(progress->section, name);
	if (key == CONFIG_KEYS) {
		refuse_key(reader, progress, name, line_of(key_node));
		return;
	}
	line = &progress->lines[key - config_section_first(progress->section)];
	if (*line) {
		config_errors_add(reader->errors, line_of(key_node), name,
				  "is given twice, first in line %u; leave one out", *line);
		return;
	}
	*line = line_of(key_node);
	read_value(reader, key, yaml_document_get_node(&reader->document, pair->value),
		   progress->fields);
}

static void read_section(struct reader *reader, enum config_section section, yaml_node_t *node,
			 void *fields)
{
	struct progress progress = {.section = section, .fields = fields};
	unsigned first = config_section_first(section), end = config_section_end(section);

	if (!has_known_tag(reader, node, config_section_noun(section)))
		return;
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++)
		read_pair(reader, &progress, pair);
	for (unsigned i = first; i < end; i++) {
		const struct config_key_info *key = config_key_info((enum config_key)i);

		if (key->presence == CONFIG_REQUIRED && !progress.lines[i - first]
		    && !progress.is_meant[i - first])
			config_errors_add(reader->errors, line_of(node), key->name,
					  "is missing from %s; add it: %s",
					  config_section_noun(section), key->help);
	}
}

static uint32_t line_of_offset(const unsigned char *text, size_t offset)
{
	uint32_t line = 1;

	for (size_t i = 0; i < offset; i++)
		line += text[i] == '\n';
	return line;
}

static void say_syntax(yaml_parser_t *parser, const unsigned char *text,
		       struct config_errors *errors)
{
	const char *problem = parser->problem ? parser->problem : "memory is exhausted";
	const char *remedy = parser->error == YAML_COMPOSER_ERROR
		? "give the value a name with & before it is used with *"
		: "look at the indentation, brackets and quotes up to here";
	uint32_t line = (uint32_t)parser->problem_mark.line + 1;

	if (parser->error == YAML_READER_ERROR)
		line = line_of_offset(text, parser->problem_offset);
	config_errors_add(errors, line, "YAML", "%s%s%s; %s", problem, parser->context ? " " : "",
			  parser->context ? parser->context : "", remedy);
}

static void read_document(struct reader *reader, struct config *config)
{
	yaml_node_t *root = yaml_document_get_root_node(&reader->document);

	if (!root || is_null(root))
		config_errors_add(reader->errors, 1, config_section_noun(CONFIG_SECTION_top),
				  "is empty; `pollux help config` prints one that is not");
	else if (is_kind(reader, root, YAML_MAPPING_NODE,
			 config_section_noun(CONFIG_SECTION_top))) {
		config->entry.line = line_of(root);
		read_section(reader, CONFIG_SECTION_top, root, config);
	}
}

// A second document would be ignored silently; so would anything behind the first.
static void refuse_more(yaml_parser_t *parser, const unsigned char *text,
			struct config_errors *errors)
{
	yaml_document_t document;
	yaml_node_t *root;

	if (!yaml_parser_load(parser, &document)) {
		say_syntax(parser, text, errors);
		return;
	}
	root = yaml_document_get_root_node(&document);
	if (root)
		config_errors_add(errors, (uint32_t)document.start_mark.line + 1,
				  config_section_noun(CONFIG_SECTION_top),
				  "has a second document; one file describes one run");
	yaml_document_delete(&document);
}

static void read_text(struct config *config, const unsigned char *text, size_t len,
		      struct config_errors *errors)
{
	struct reader reader = {.errors = errors};
	yaml_parser_t parser;

	if (!yaml_parser_initialize(&parser)) {
		config_errors_add(errors, 0, NULL, "there is no memory to read it; free some");
		return;
	}
	yaml_parser_set_input_string(&parser, text, len);
	if (yaml_parser_load(&parser, &reader.document)) {
		read_document(&reader, config);
		if (yaml_document_get_root_node(&reader.document))
			refuse_more(&parser, text, errors);
		yaml_document_delete(&reader.document);
	} else {
		say_syntax(&parser, text, errors);
	}
	yaml_parser_delete(&parser);
}

// The whole file with a zero byte behind it; NULL after having said why not.
static unsigned char *read_file(const char *path, size_t *len, struct config_errors *errors)
{
	unsigned char *text = malloc(FILE_BYTES_MAX + 1);
	FILE *file = fopen(path, "rb");

	errno = file && text ? 0 : errno;
	*len = file && text ? fread(text, 1, FILE_BYTES_MAX + 1, file) : 0;
	if (!file || !text || ferror(file))
		config_errors_add(errors, 0, NULL, "cannot be read: %s; give a file to read",
				  strerror(errno));
	else if (*len > FILE_BYTES_MAX)
		config_errors_add(errors, 0, NULL, "is longer than %d bytes; shorten it",
				  FILE_BYTES_MAX);
	if (file)
		fclose(file);
	if (errors->n) {
		free(text);
		return NULL;
	}
	return text;
}

int config_load_file(struct config *config, const char *path, struct config_errors *errors)
{
	size_t len;
	unsigned char *text = read_file(path, &len, errors);

	if (text)
		read_text(config, text, len, errors);
	free(text);
	return errors->n ? -EINVAL : 0;
}

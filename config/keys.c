// SPDX-License-Identifier: BSD-3-Clause
//
// keys.def and types.def laid out as constant tables.
// The field that a key fills in has the key's name, so that a line of keys.def is all there is to
// write.
// Called by config.c, load_file.c, reference.c and by the options of the program.
#include "config/keys.h"

#include <string.h>

#include "config/config.h"
#include "config/units.h"

static const struct {
	const char *placeholder;
	const char *noun;
	const char *text;
} types[] = {
#define TYPE(name, placeholder, noun, text) {placeholder, noun, text},
#include "config/types.def"
#undef TYPE
	{NULL, "a list", "a list of entries"},
	{NULL, "a mapping", "keys with their values"},
};

// fields_load: the struct that the section `load` fills in.
#define SECTION(name, type, noun) typedef type fields_##name;
#include "config/keys.def"

#define FIELD(section, name) ((fields_##section *)NULL)->name

static const struct config_key_info keys[] = {
#define KEY_IN(section_, name_, field_, type_, presence_, value_, least_, greatest_, help_) \
	{                                                                                   \
		.name = #name_,                                                             \
		.section = CONFIG_SECTION_##section_,                                       \
		.type = CONFIG_TYPE_##type_,                                                \
		.presence = CONFIG_##presence_,                                             \
		.value = value_,                                                            \
		.least = least_,                                                            \
		.greatest = greatest_,                                                      \
		.help = help_,                                                              \
		.offset = offsetof(fields_##section_, field_),                              \
		.size = sizeof(FIELD(section_, field_)),                                    \
	},
#define LIST(section_, name_, child_, most_, presence_, help_)          \
	{                                                               \
		.name = #name_,                                         \
		.section = CONFIG_SECTION_##section_,                   \
		.type = CONFIG_TYPE_LIST,                               \
		.presence = CONFIG_##presence_,                         \
		.help = help_,                                          \
		.offset = offsetof(fields_##section_, name_),           \
		.size = sizeof(fields_##child_),                        \
		.child = CONFIG_SECTION_##child_,                       \
		.most = most_,                                          \
		.count_offset = offsetof(fields_##section_, n_##name_), \
	},
#define MAP(section_, name_, child_, help_)                   \
	{                                                     \
		.name = #name_,                               \
		.section = CONFIG_SECTION_##section_,         \
		.type = CONFIG_TYPE_MAP,                      \
		.presence = CONFIG_ABSENT,                    \
		.help = help_,                                \
		.offset = offsetof(fields_##section_, name_), \
		.size = sizeof(fields_##child_),              \
		.child = CONFIG_SECTION_##child_,             \
	},
#include "config/keys.def"
};

static const char *const nouns[] = {
#define SECTION(name, type, noun) noun,
#include "config/keys.def"
};

const struct config_key_info *config_key_info(enum config_key key)
{
	return &keys[key];
}

enum config_key config_section_first(enum config_section section)
{
	unsigned key = 0;

	while (keys[key].section != section)
		key++;
	return (enum config_key)key;
}

enum config_key config_section_end(enum config_section section)
{
	unsigned key = config_section_first(section);

	while (key < CONFIG_KEYS && keys[key].section == section)
		key++;
	return (enum config_key)key;
}

const char *config_section_noun(enum config_section section)
{
	return nouns[section];
}

enum config_key config_key_find(enum config_section section, const char *name)
{
	unsigned end = config_section_end(section);

	for (unsigned key = config_section_first(section); key < end; key++)
		if (strcmp(keys[key].name, name) == 0)
			return (enum config_key)key;
	return CONFIG_KEYS;
}

const char *config_type_placeholder(enum config_type type)
{
	return types[type].placeholder;
}

const char *config_type_noun(enum config_type type)
{
	return types[type].noun;
}

const char *config_type_text(enum config_type type)
{
	return types[type].text;
}

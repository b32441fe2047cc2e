// SPDX-License-Identifier: BSD-3-Clause
//
// keys.def and types.def as tables: what keys a section has, where each lies in its struct, what it
// may hold. Read by the loader, by the options of the program and by the writer of the annotated
// example.
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

// Most keys of a section.
#define CONFIG_SECTION_KEYS_MAX 20

enum config_type {
#define TYPE(name, placeholder, noun, text) CONFIG_TYPE_##name,
#include "config/types.def"
#undef TYPE
	CONFIG_TYPE_LIST, // of sections
	CONFIG_TYPE_MAP,  // a section
};

enum config_section {
#define SECTION(name, type, noun) CONFIG_SECTION_##name,
#include "config/keys.def"
	CONFIG_SECTIONS
};

// CONFIG_KEY_load_target: the key `target` of the section `load`.
enum config_key {
#define KEY_IN(section, name, field, type, presence, value, least, greatest, help) \
	CONFIG_KEY_##section##_##name,
#define LIST(section, name, child, most, presence, help) CONFIG_KEY_##section##_##name,
#define MAP(section, name, child, help) CONFIG_KEY_##section##_##name,
#include "config/keys.def"
	CONFIG_KEYS
};

enum config_presence {
	CONFIG_REQUIRED,
	CONFIG_DEFAULT,
	CONFIG_ABSENT,
	CONFIG_EXAMPLE, // a list that is a comment in the reference
};

struct config_key_info {
	const char *name;
	enum config_section section; // that it is a key of
	enum config_type type;
	enum config_presence presence;
	const char *value; // its default, or an example
	uint64_t least;	   // in the type's base unit
	uint64_t greatest;
	const char *help;
	size_t offset; // of its field in the section's struct
	size_t size;   // of that field; of an entry of a list

	// lists and maps
	enum config_section child;
	unsigned most;	     // entries of a list
	size_t count_offset; // of the field that counts a list's entries
};

const struct config_key_info *config_key_info(enum config_key key);

// The keys of a section are those from first to before end.
enum config_key config_section_first(enum config_section section);
enum config_key config_section_end(enum config_section section);

// What an entry of the section is called: "a stack".
const char *config_section_noun(enum config_section section);

// The key `name` of a section; CONFIG_KEYS when there is none.
enum config_key config_key_find(enum config_section section, const char *name);

// "SIZE"; NULL for lists and maps.
const char *config_type_placeholder(enum config_type type);

// What a value of the type is, "a size", and how it is written.
const char *config_type_noun(enum config_type type);
const char *config_type_text(enum config_type type);

// Writes a file with every key, its default or an example, and its help: a file that loads.
void config_write_reference(FILE *out);

#endif

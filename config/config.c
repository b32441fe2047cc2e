// SPDX-License-Identifier: BSD-3-Clause
//
// The description as keys.def lays it out: defaults, entries of lists, values from text, look-ups
// by name. Nothing here knows a key by name; the tables say where its field lies.
// Called by load_file.c and by the options of the program.
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void *field_of(void *section, const struct config_key_info *key)
{
	return (char *)section + key->offset;
}

// Everything zero, then the defaults; a map inside has its own.
static void section_init(enum config_section section, void *fields, uint32_t line)
{
	char reason[CONFIG_REASON_BYTES];
	unsigned end = config_section_end(section);

	((struct config_entry *)fields)->line = line;
	for (unsigned i = config_section_first(section); i < end; i++) {
		const struct config_key_info *key = config_key_info((enum config_key)i);

		if (key->type == CONFIG_TYPE_MAP)
			section_init(key->child, field_of(fields, key), line);
		else if (key->presence == CONFIG_DEFAULT)
			config_value_parse(key, key->value, field_of(fields, key), reason);
	}
}

struct config *config_create(void)
{
	struct config *config = calloc(1, sizeof(*config));

	if (config)
		section_init(CONFIG_SECTION_top, config, 0);
	return config;
}

void config_destroy(struct config *config)
{
	free(config);
}

static uint32_t *key_line(const void *section, enum config_key key)
{
	struct config_entry *entry = (struct config_entry *)section;

	return &entry->key_lines[key - config_section_first(config_key_info(key)->section)];
}

bool config_is_given(const void *section, enum config_key key)
{
	return *key_line(section, key) != 0;
}

uint32_t config_line(const void *section, enum config_key key)
{
	uint32_t line = *key_line(section, key);

	return line ? line : ((const struct config_entry *)section)->line;
}

void *config_append(void *section, enum config_key list, uint32_t line)
{
	const struct config_key_info *key = config_key_info(list);
	unsigned *n = (unsigned *)((char *)section + key->count_offset);
	void *entry = (char *)field_of(section, key) + *n * key->size;

	if (*n == key->most)
		return NULL;
	*n += 1;
	*key_line(section, list) = line;
	section_init(key->child, entry, line);
	return entry;
}

void *config_open_map(void *section, enum config_key map, uint32_t line)
{
	struct config_entry *entry = field_of(section, config_key_info(map));

	entry->line = line;
	*key_line(section, map) = line;
	return entry;
}

int config_set(void *section, enum config_key key, const char *text, uint32_t line,
	       struct config_errors *errors)
{
	const struct config_key_info *info = config_key_info(key);
	char reason[CONFIG_REASON_BYTES];

	if (config_value_parse(info, text, field_of(section, info), reason)) {
		config_errors_add(errors, line, config_errors_key(errors, key), "%s", reason);
		return -EINVAL;
	}
	*key_line(section, key) = line;
	return 0;
}

const struct config_port *config_find_port(const struct config *config, const char *name)
{
	for (unsigned i = 0; i < config->n_ports; i++)
		if (strcmp(config->ports[i].name, name) == 0)
			return &config->ports[i];
	return NULL;
}

const struct config_stack *config_find_stack(const struct config *config, const char *name)
{
	for (unsigned i = 0; i < config->n_stacks; i++)
		if (strcmp(config->stacks[i].name, name) == 0)
			return &config->stacks[i];
	return NULL;
}

const struct config_relay *config_find_relay(const struct config *config,
					     const struct config_port *port)
{
	for (unsigned i = 0; i < config->n_relays; i++)
		if (strcmp(config->relays[i].left, port->name) == 0
		    || strcmp(config->relays[i].right, port->name) == 0)
			return &config->relays[i];
	return NULL;
}

bool config_is_joined(const struct config_port *port)
{
	return strcmp(port->device, CONFIG_LOOPBACK) == 0 || strcmp(port->device, CONFIG_RING) == 0;
}

const struct config_port *config_peer(const struct config *config, const struct config_port *port)
{
	if (port->peer[0])
		return config_find_port(config, port->peer);
	for (unsigned i = 0; i < config->n_ports; i++)
		if (strcmp(config->ports[i].peer, port->name) == 0)
			return &config->ports[i];
	return NULL;
}

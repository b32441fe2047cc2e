// SPDX-License-Identifier: BSD-3-Clause
//
// The options of serve and load as a description: what a file would say in a few lines. Values are
// parsed by the parser of files, so both know the same units and bounds.
// Called by the commands.
#include "apps/command_describe.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

// Names in messages and reports; the other end of a loopback is far away.
#define NEAR_PORT "port"
#define FAR_PORT "far"

static const char *key_name(const void *command, enum config_key key)
{
	const struct option_line *line = options_find(command, key);

	return line ? line->name : config_key_info(key)->name;
}

void describe_set(struct describing *d, void *section, enum config_key key, const char *format, ...)
{
	char text[CONFIG_REASON_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	config_set(section, key, text, 0, d->errors);
}

static void describe_port(struct describing *d, const char *name)
{
	describe_set(d, config_append(d->config, CONFIG_KEY_top_ports, 0), CONFIG_KEY_port_name,
		     "%s", name);
}

static struct config_stack *describe_stack(struct describing *d, const char *name, const char *port)
{
	struct config_stack *stack = config_append(d->config, CONFIG_KEY_top_stacks, 0);

	describe_set(d, stack, CONFIG_KEY_stack_name, "%s", name);
	describe_set(d, stack, CONFIG_KEY_stack_port, "%s", port);
	return stack;
}

// What is served concerns http; when nothing else listens it is set all the same, for the check to
// see. How connections behave concerns all.
static void set_on_servers(struct describing *d, const struct option_value *value, uint32_t line)
{
	struct config *config = d->config;
	enum config_key key = value->line->key;
	bool is_for_all = key != CONFIG_KEY_server_body_size && key != CONFIG_KEY_server_root;
	bool has_http = false;

	for (unsigned i = 0; i < config->n_servers; i++)
		has_http |= config->servers[i].listen.protocol == CONFIG_PROTOCOL_HTTP;
	for (unsigned i = 0; i < config->n_servers; i++)
		if ((is_for_all || !has_http
		     || config->servers[i].listen.protocol == CONFIG_PROTOCOL_HTTP)
		    && config_set(&config->servers[i], value->line->key, value->text, line,
				  d->errors))
			return;
}

static void set_value(struct describing *d, const struct option_value *value, uint32_t line)
{
	struct config *config = d->config;
	void *sections[] = {
		[CONFIG_SECTION_top] = config,
		[CONFIG_SECTION_port] = &config->ports[0],
		[CONFIG_SECTION_stack] = &config->stacks[0],
		[CONFIG_SECTION_load] = &config->loads[0],
	};
	enum config_key key = value->line->key;
	enum config_section section = config_key_info(key)->section;

	if (section == CONFIG_SECTION_server && key != CONFIG_KEY_server_listen)
		set_on_servers(d, value, line);
	else if (section != CONFIG_SECTION_server)
		config_set(sections[section], key, value->text, line, d->errors);
}

static bool is_given(const struct options *options, enum config_key key)
{
	for (unsigned i = 0; i < options->n_values; i++)
		if (options->values[i].line->key == key)
			return true;
	return false;
}

void describe_missing(struct describing *d)
{
	const struct option_line *lines;
	unsigned n;

	lines = options_lines(&n);
	for (unsigned i = 0; i < n; i++) {
		const struct config_key_info *key = config_key_info(lines[i].key);

		if (lines[i].commands & 1u << d->options->command->id
		    && key->presence == CONFIG_REQUIRED && !is_given(d->options, lines[i].key))
			config_errors_add(d->errors, UINT32_MAX, lines[i].name,
					  "is missing; write %s=%s", lines[i].name,
					  config_type_placeholder(key->type));
	}
}

void describe_values(struct describing *d)
{
	const struct option_line *lines;
	unsigned n;

	lines = options_lines(&n);
	for (unsigned i = 0; i < n; i++)
		if (lines[i].commands & 1u << d->options->command->id && lines[i].value)
			set_value(d, &(struct option_value){&lines[i], lines[i].value}, 0);
	describe_missing(d);
	for (unsigned i = 0; i < d->options->n_values; i++)
		set_value(d, &d->options->values[i], i + 1);
}

void describe_begin(struct describing *d)
{
	d->errors->key_name = key_name;
	d->errors->context = d->options->command;
}

struct config_stack *describe_near_end(struct describing *d)
{
	describe_begin(d);
	describe_port(d, NEAR_PORT);
	return describe_stack(d, d->options->command->name, NEAR_PORT);
}

struct config_stack *describe_far_end(struct describing *d)
{
	const struct config_stack *near = &d->config->stacks[0];
	struct config_stack *far;

	if (d->errors->n || !config_is_joined(&d->config->ports[0]))
		return NULL;
	describe_port(d, FAR_PORT);
	describe_set(d, &d->config->ports[1], CONFIG_KEY_port_device, "%s",
		     d->config->ports[0].device);
	describe_set(d, &d->config->ports[1], CONFIG_KEY_port_peer, NEAR_PORT);
	far = describe_stack(d, DESCRIBE_FAR_STACK, FAR_PORT);
	far->workers = near->workers;
	far->mtu = near->mtu;
	far->vlan = near->vlan;
	return far;
}

int describe_duration(struct describing *d)
{
	const char *file = d->errors->file;

	d->errors->file = NULL;
	describe_begin(d);
	for (unsigned i = 0; i < d->options->n_values; i++) {
		const struct option_value *value = &d->options->values[i];

		if (config_set(d->config, value->line->key, value->text, i + 1, d->errors))
			return -EINVAL;
		for (unsigned k = 0; k < d->config->n_loads; k++)
			d->config->loads[k].duration = d->config->duration;
	}
	d->errors->file = file;
	d->errors->key_name = NULL;
	return 0;
}

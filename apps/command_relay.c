// SPDX-License-Identifier: BSD-3-Clause
//
// `pollux relay`: two ports, the first --port on the left, and what the way between them does. It is
// done to frames as they are received, so the left port's shim is the way to the right.
#include <string.h>

#include "apps/command_describe.h"
#include "apps/command_execute.h"

enum { LEFT, RIGHT, SIDES };

static const char *const side_names[SIDES] = {"left", "right"};

static void describe_ports(struct describing *d)
{
	unsigned n = 0;

	for (unsigned i = 0; i < d->options->n_values; i++) {
		const struct option_value *value = &d->options->values[i];
		struct config_port *port;

		if (value->line->key != CONFIG_KEY_port_device)
			continue;
		if (n++ >= SIDES)
			continue;
		port = config_append(d->config, CONFIG_KEY_top_ports, i + 1);
		describe_set(d, port, CONFIG_KEY_port_name, "%s", side_names[n - 1]);
		config_set(port, CONFIG_KEY_port_device, value->text, i + 1, d->errors);
	}
	if (n != 0 && n != SIDES)
		config_errors_add(d->errors, UINT32_MAX, "--port",
				  "is given %u time%s; a relay joins two ports, so give it twice",
				  n, n > 1 ? "s" : "");
}

// "1%" is for both ways, "1%,0%" for one and the other.
static void set_ways(struct describing *d, const struct option_value *value, uint32_t line)
{
	const char *comma = strchr(value->text, ',');
	size_t len = comma ? (size_t)(comma - value->text) : strlen(value->text);
	char first[CONFIG_REASON_BYTES];
	const char *texts[SIDES] = {first, comma ? comma + 1 : first};

	snprintf(first, sizeof(first), "%.*s", (int)len, value->text);
	for (unsigned side = LEFT; side < SIDES; side++)
		if (config_set(&d->config->ports[side].impairment.rx, value->line->key, texts[side],
			       line, d->errors))
			return;
}

static void set_value(struct describing *d, const struct option_value *value, uint32_t line)
{
	struct config *config = d->config;
	enum config_key key = value->line->key;

	switch (config_key_info(key)->section) {
	case CONFIG_SECTION_direction:
		set_ways(d, value, line);
		break;
	case CONFIG_SECTION_impairment:
		// Each port makes something of its own of the seed.
		if (config_set(&config->ports[LEFT].impairment, key, value->text, line, d->errors)
		    == 0)
			config_set(&config->ports[RIGHT].impairment, key, value->text, line,
				   d->errors);
		break;
	case CONFIG_SECTION_relay:
		config_set(&config->relays[0], key, value->text, line, d->errors);
		break;
	case CONFIG_SECTION_top:
		config_set(config, key, value->text, line, d->errors);
		break;
	default: // --port, which describe_ports() has dealt with
		break;
	}
}

static void describe(struct describing *d)
{
	struct config_relay *relay = config_append(d->config, CONFIG_KEY_top_relays, 0);

	describe_begin(d);
	describe_set(d, relay, CONFIG_KEY_relay_left, "%s", side_names[LEFT]);
	describe_set(d, relay, CONFIG_KEY_relay_right, "%s", side_names[RIGHT]);
	describe_ports(d);
	for (unsigned i = 0; i < d->options->n_values; i++)
		set_value(d, &d->options->values[i], i + 1);
	describe_missing(d);
}

enum command_status command_relay(int argc, char **argv)
{
	return command_execute(COMMAND_relay, argc, argv, describe);
}

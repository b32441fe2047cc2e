// SPDX-License-Identifier: BSD-3-Clause
//
// `pollux load`: one load on one stack. On a loopback the far end is a server that answers it.
#include "apps/command_describe.h"
#include "apps/command_execute.h"
#include "config/address.h"

// The prefix length of the address that has `addr` on its link; else as if it stood alone.
static unsigned prefix_len_of(const struct config_stack *stack, const struct plx_addr *addr)
{
	for (unsigned i = 0; i < stack->addresses.n; i++) {
		const struct config_prefix *own = &stack->addresses.items[i];

		if (address_is_in_prefix(addr, &own->first, own->prefix_len))
			return own->prefix_len;
	}
	return address_bits(addr);
}

// What is asked for answers.
static void describe_far_server(struct describing *d, struct config_stack *far)
{
	const struct config_load *load = &d->config->loads[0];
	const struct config_target *target = &load->target;
	struct config_server *server = config_append(d->config, CONFIG_KEY_top_servers, 0);
	char text[PLX_ADDR_TEXT_BYTES];

	describe_set(d, far, CONFIG_KEY_stack_addresses, "%s/%u",
		     plx_addr_format(&target->addr, text),
		     prefix_len_of(&d->config->stacks[0], &target->addr));
	if (load->connections > far->max_connections)
		describe_set(d, far, CONFIG_KEY_stack_max_connections, "%u",
			     (unsigned)load->connections);
	describe_set(d, server, CONFIG_KEY_server_stack, DESCRIBE_FAR_STACK);
	describe_set(d, server, CONFIG_KEY_server_listen, "%s:*:%u-%u",
		     config_protocol_name(target->protocol), target->ports.first,
		     target->ports.last);
}

static void describe(struct describing *d)
{
	const struct config_stack *near = describe_near_end(d);
	struct config_load *load = config_append(d->config, CONFIG_KEY_top_loads, 0);
	struct config_stack *far;

	describe_set(d, load, CONFIG_KEY_load_stack, "%s", near->name);
	describe_values(d);
	far = describe_far_end(d);
	if (far)
		describe_far_server(d, far);
}

enum command_status command_load(int argc, char **argv)
{
	return command_execute(COMMAND_load, argc, argv, describe);
}

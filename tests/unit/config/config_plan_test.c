// SPDX-License-Identifier: BSD-3-Clause
//
// From the description to the plan of ports and stacks: every key arrives, and what was not given
// follows from what runs on the stack. The description is made as the options of the program make
// it. Room: config/plan, config/config.
#include "support/cmocka_headers.h"

#include <stdlib.h>
#include <string.h>

#include "config/plan.h"

struct fixture {
	struct config *config;
	struct config_errors errors;
	struct system_config system;
};

static void set(struct fixture *f, void *section, enum config_key key, const char *text)
{
	assert_int_equal(config_set(section, key, text, 1, &f->errors), 0);
}

// One port, one stack with the address 198.18.0.1/24.
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct config_port *port;
	struct config_stack *stack;

	f->config = config_create();
	config_errors_init(&f->errors, NULL);
	port = config_append(f->config, CONFIG_KEY_top_ports, 1);
	stack = config_append(f->config, CONFIG_KEY_top_stacks, 1);
	set(f, port, CONFIG_KEY_port_name, "wire");
	set(f, port, CONFIG_KEY_port_device, "net_tap0,iface=pollux0");
	set(f, stack, CONFIG_KEY_stack_name, "here");
	set(f, stack, CONFIG_KEY_stack_port, "wire");
	set(f, stack, CONFIG_KEY_stack_addresses, "198.18.0.1/24");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	config_destroy(f->config);
	free(f);
	return 0;
}

static const struct stack_plan *plan(struct fixture *f)
{
	if (config_check(f->config, &f->errors))
		fail_msg("%s", f->errors.texts[0]);
	system_config_init(&f->system);
	config_plan(f->config, &f->system);
	return &f->system.stacks[0];
}

static void add_load(struct fixture *f, const char *connections)
{
	struct config_load *load = config_append(f->config, CONFIG_KEY_top_loads, 1);

	assert_non_null(load);
	set(f, load, CONFIG_KEY_load_stack, "here");
	set(f, load, CONFIG_KEY_load_target, "http://198.18.0.9/");
	set(f, load, CONFIG_KEY_load_connections, connections);
}

static void defaults_are_the_engines(void **state)
{
	struct fixture *f = *state;
	const struct stack_plan *stack = plan(f);
	struct plx_stack_config base;

	plx_stack_config_init(&base);
	assert_int_equal(stack->workers, 1);
	assert_int_equal(stack->mbufs, 0);
	assert_int_equal(stack->base.mtu_bytes, base.mtu_bytes);
	assert_int_equal(stack->base.vlan, base.vlan);
	assert_int_equal(stack->base.time_wait, base.time_wait);
	assert_int_equal(stack->base.syn_cookies, base.syn_cookies);
	assert_int_equal(stack->base.answer_nobody, base.answer_nobody);
	assert_int_equal(stack->base.max_connections, base.max_connections);
	assert_int_equal(stack->base.max_half_open, base.max_half_open);
	assert_int_equal(stack->base.max_fragments, base.max_fragments);
	assert_int_equal(stack->base.fragment_time, base.fragment_time);
	assert_int_equal(stack->base.outer_vlan, base.outer_vlan);
	assert_int_equal(stack->base.max_time_wait, base.max_time_wait);
	assert_int_equal(stack->base.max_listeners, base.max_listeners);
	assert_int_equal(f->system.ports[0].rx_descriptors, SYSTEM_RX_DESCRIPTORS);
	assert_int_equal(f->system.ports[0].tx_descriptors, SYSTEM_TX_DESCRIPTORS);
	assert_int_equal(f->system.memory_bytes, 0);
	assert_false(link_model_is_active(&f->system.ports[0].impairment.rx));
	assert_false(link_model_is_active(&f->system.ports[0].impairment.tx));
}

static void every_key_arrives(void **state)
{
	struct fixture *f = *state;
	struct config_port *port = &f->config->ports[0];
	struct config_stack *stack = &f->config->stacks[0];
	struct config_route *route = config_append(stack, CONFIG_KEY_stack_routes, 1);
	struct config_neighbor *neighbor = config_append(stack, CONFIG_KEY_stack_neighbors, 1);
	const struct stack_plan *plan_of_stack;
	struct plx_addr via = plx_addr_ipv4(198, 18, 0, 253);

	set(f, f->config, CONFIG_KEY_top_memory, "256M");
	set(f, port, CONFIG_KEY_port_rx_descriptors, "2048");
	set(f, &port->impairment.tx, CONFIG_KEY_direction_loss, "1%");
	set(f, &port->impairment.tx, CONFIG_KEY_direction_delay, "25ms");
	set(f, &port->impairment, CONFIG_KEY_impairment_seed, "7");
	set(f, stack, CONFIG_KEY_stack_addresses, "198.18.0.10-198.18.0.13/24");
	set(f, stack, CONFIG_KEY_stack_gateway, "198.18.0.254");
	set(f, route, CONFIG_KEY_route_to, "192.0.2.0/24");
	set(f, route, CONFIG_KEY_route_via, "198.18.0.253");
	set(f, neighbor, CONFIG_KEY_neighbor_address, "198.18.0.253");
	set(f, neighbor, CONFIG_KEY_neighbor_mac, "02:00:00:00:00:fd");
	set(f, stack, CONFIG_KEY_stack_mac, "02:00:00:00:00:01");
	set(f, stack, CONFIG_KEY_stack_vlan, "7");
	set(f, stack, CONFIG_KEY_stack_outer_vlan, "300");
	set(f, stack, CONFIG_KEY_stack_max_fragments, "1k");
	set(f, stack, CONFIG_KEY_stack_fragment_time, "30s");
	set(f, stack, CONFIG_KEY_stack_mtu, "9000");
	set(f, stack, CONFIG_KEY_stack_time_wait, "0");
	set(f, stack, CONFIG_KEY_stack_syn_cookies, "always");
	set(f, stack, CONFIG_KEY_stack_answer_nobody, "no");
	set(f, stack, CONFIG_KEY_stack_mbufs, "32k");
	plan_of_stack = plan(f);

	assert_int_equal(f->system.memory_bytes, 256 << 20);
	assert_string_equal(f->system.ports[0].device, "net_tap0,iface=pollux0");
	assert_int_equal(f->system.ports[0].rx_descriptors, 2048);
	assert_int_equal(f->system.ports[0].impairment.tx.loss_ppm, 10000);
	assert_int_equal(f->system.ports[0].impairment.tx.delay, 25 * PLX_MILLISECOND);
	assert_int_equal(f->system.ports[0].impairment.seed, 7);
	assert_int_equal(plan_of_stack->base.n_addresses, 2);
	assert_int_equal(plan_of_stack->addresses[1].count, 4);
	assert_int_equal(plan_of_stack->addresses[1].prefix_len, 24);
	assert_int_equal(plan_of_stack->base.n_routes, 2);
	assert_int_equal(plan_of_stack->routes[0].prefix_len, 0);
	assert_int_equal(plan_of_stack->routes[1].prefix_len, 24);
	assert_true(plx_addr_is_equal(&plan_of_stack->routes[1].gateway, &via));
	assert_int_equal(plan_of_stack->base.n_neighbors, 1);
	assert_int_equal(plan_of_stack->neighbors[0].mac[5], 0xfd);
	assert_int_equal(plan_of_stack->base.mac[5], 1);
	assert_int_equal(plan_of_stack->base.vlan, 7);
	assert_int_equal(plan_of_stack->base.outer_vlan, 300);
	assert_int_equal(plan_of_stack->base.max_fragments, 1000);
	assert_int_equal(plan_of_stack->base.fragment_time, 30 * PLX_SECOND);
	assert_int_equal(plan_of_stack->base.mtu_bytes, 9000);
	assert_int_equal(plan_of_stack->base.time_wait, 0);
	assert_int_equal(plan_of_stack->base.syn_cookies, PLX_SYN_COOKIES_ALWAYS);
	assert_false(plan_of_stack->base.answer_nobody);
	assert_int_equal(plan_of_stack->mbufs, 32000);
}

static void many_connections_make_room_for_themselves(void **state)
{
	struct fixture *f = *state;
	const struct stack_plan *stack;

	add_load(f, "100k");
	add_load(f, "100k");
	stack = plan(f);
	assert_int_equal(stack->base.max_connections, 200000);
	assert_int_equal(stack->mbufs, SYSTEM_MBUFS + 200000 + 2048);
}

static void listeners_are_counted_by_port(void **state)
{
	struct fixture *f = *state;
	struct config_server *server = config_append(f->config, CONFIG_KEY_top_servers, 1);

	set(f, server, CONFIG_KEY_server_stack, "here");
	set(f, server, CONFIG_KEY_server_listen, "http:*:1000-2999");
	assert_int_equal(plan(f)->base.max_listeners, 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(defaults_are_the_engines, setup, teardown),
		cmocka_unit_test_setup_teardown(every_key_arrives, setup, teardown),
		cmocka_unit_test_setup_teardown(many_connections_make_room_for_themselves, setup,
						teardown),
		cmocka_unit_test_setup_teardown(listeners_are_counted_by_port, setup, teardown),
	};

	return cmocka_run_group_tests_name("config_plan", tests, NULL, NULL);
}

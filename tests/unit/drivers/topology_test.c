// SPDX-License-Identifier: BSD-3-Clause
//
// Which descriptions of ports and stacks make sense, and what is said of the others.
// No EAL: nothing is touched.
#include "drivers/topology.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/cmocka_headers.h"

static struct system_config config;

static void add_port(const char *name, const char *device, const char *peer)
{
	struct port_config *port = &config.ports[config.n_ports++];

	memset(port, 0, sizeof(*port));
	strcpy(port->name, name);
	strcpy(port->device, device);
	strcpy(port->peer, peer);
}

static void add_stack(const char *name, const char *port, unsigned workers)
{
	struct stack_plan *plan = &config.stacks[config.n_stacks++];

	strcpy(plan->name, name);
	strcpy(plan->port, port);
	plan->workers = workers;
}

static void add_relay(const char *left, const char *right)
{
	struct relay_plan *plan = &config.relays[config.n_relays++];

	strcpy(plan->left, left);
	strcpy(plan->right, right);
	plan->mtu_bytes = 1400;
}

static int begin(void **state)
{
	(void)state;
	system_config_init(&config);
	return 0;
}

// Another graph within one test.
static void begin_again(void)
{
	system_config_init(&config);
}

static void expect_refusal(const char *message)
{
	struct topology topology;
	struct system_error error = {0};
	char said[sizeof(error) + 16];

	assert_int_equal(topology_make(&config, &topology, &error), -EINVAL);
	snprintf(said, sizeof(said), "%s: %s; %s", error.where, error.what, error.remedy);
	assert_string_equal(said, message);
}

static void expect_joined(const char *device, bool a_names_b, bool b_names_a)
{
	struct topology topology;
	struct system_error error;

	begin_again();
	add_port("a", device, a_names_b ? "b" : "");
	add_port("b", device, b_names_a ? "a" : "");
	add_stack("s", "b", 2);
	add_stack("c", "a", 2);
	assert_int_equal(topology_make(&config, &topology, &error), 0);
	assert_int_equal(topology.peer_of_port[0], 1);
	assert_int_equal(topology.peer_of_port[1], 0);
	assert_int_equal(topology.port_of_stack[0], 1);
	assert_int_equal(topology.stack_of_port[0], 1);
	assert_int_equal(topology.n_workers, 4);
}

static void two_ports_are_joined_whichever_names_the_other(void **state)
{
	static const char *const devices[] = {"loopback", "net_ring"};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		expect_joined(devices[i], true, false);
		expect_joined(devices[i], false, true);
		expect_joined(devices[i], true, true);
	}
}

static void a_device_needs_no_peer(void **state)
{
	struct topology topology;
	struct system_error error;

	(void)state;
	add_port("a", "net_tap0,iface=t", "");
	add_stack("s", "a", 0);
	assert_int_equal(topology_make(&config, &topology, &error), 0);
	assert_int_equal(topology.peer_of_port[0], TOPOLOGY_NONE);
	assert_int_equal(topology.n_workers, 1);
}

static void names_must_lead_somewhere(void **state)
{
	(void)state;
	expect_refusal("stacks: there is none; describe one, with the port it is on");

	add_port("a", "net_null0", "");
	add_stack("s", "b", 1);
	expect_refusal("stack s: there is no port b; name one of the ports");

	begin_again();
	add_port("a", "net_null0", "");
	add_port("b", "net_null1", "");
	add_stack("s", "a", 1);
	expect_refusal("port b: no stack is on it; add a stack with port b, or leave the port out");

	begin_again();
	add_port("a", "net_null0", "");
	add_port("a", "net_null1", "");
	add_stack("s", "a", 1);
	expect_refusal("port a: there are two ports of that name; rename one");
}

// A stack on a, and b and c the ends of a relay behind it.
static void a_relay_takes_two_ports_and_a_worker(void **state)
{
	struct topology topology;
	struct system_error error;

	(void)state;
	add_port("a", "loopback", "b");
	add_port("b", "loopback", "");
	add_port("c", "net_null0", "");
	add_stack("s", "a", 1);
	config.stacks[0].base.mtu_bytes = 1300;
	add_relay("b", "c");
	assert_int_equal(topology_make(&config, &topology, &error), 0);
	assert_int_equal(topology.n_workers, 2);
	assert_int_equal(topology.stack_of_port[1], TOPOLOGY_NONE);
	assert_int_equal(topology.relay_of_port[0], TOPOLOGY_NONE);
	assert_int_equal(topology.relay_of_port[1], 0);
	assert_int_equal(topology.ports_of_relay[0][0], 1);
	assert_int_equal(topology.ports_of_relay[0][1], 2);
	assert_int_equal(topology_port_mtu(&config, &topology, 0), 1300);
	assert_int_equal(topology_port_mtu(&config, &topology, 2), 1400);
	assert_int_equal(topology_port_queues(&config, &topology, 2), 1);
}

static void a_relay_needs_two_ports_of_its_own(void **state)
{
	(void)state;
	add_port("a", "net_null0", "");
	add_relay("a", "b");
	expect_refusal("relay of a and b: there is no port b; name two of the ports");

	begin_again();
	add_port("a", "net_null0", "");
	add_relay("a", "a");
	expect_refusal("relay of a and a: port a is in use already; give it two ports of its own");

	begin_again();
	add_port("a", "net_null0", "");
	add_port("b", "net_null1", "");
	add_stack("s", "b", 1);
	add_relay("a", "b");
	expect_refusal("relay of a and b: port b is in use already; give it two ports of its own");

	begin_again();
	add_port("a", "loopback", "b");
	add_port("b", "loopback", "");
	add_port("c", "net_null0", "");
	add_stack("s", "a", 2);
	add_relay("b", "c");
	expect_refusal("stack s: it has 2 workers and a relay, at the other end, has 1; give both "
		       "ends as many workers");
}

static void a_port_carries_one_stack(void **state)
{
	(void)state;
	add_port("a", "net_null0", "");
	add_stack("s", "a", 1);
	add_stack("t", "a", 1);
	expect_refusal("stack t: port a belongs to stack s already; give each stack a port of its "
		       "own");
}

static void what_is_joined_has_two_ends(void **state)
{
	(void)state;
	add_port("a", "loopback", "");
	add_stack("s", "a", 1);
	expect_refusal(
		"port a: a loopback has two ends, and this one has no peer; add a second port "
		"with device loopback and peer a");

	strcpy(config.ports[0].peer, "a");
	expect_refusal("port a: its peer a is no other loopback; name another port whose device is "
		       "loopback");

	add_port("b", "net_null0", "");
	strcpy(config.ports[0].peer, "b");
	expect_refusal("port a: its peer b is no other loopback; name another port whose device is "
		       "loopback");

	begin_again();
	add_port("a", "loopback", "b");
	add_port("b", "loopback", "");
	add_port("c", "loopback", "b");
	add_stack("s", "a", 1);
	expect_refusal("port c: one of c and b is joined to a third port; join ports two by two");

	begin_again();
	add_port("a", "net_ring", "");
	add_stack("s", "a", 1);
	expect_refusal("port a: a net_ring has two ends, and this one has no peer; add a second "
		       "port with device net_ring and peer a");

	add_port("b", "loopback", "");
	strcpy(config.ports[0].peer, "b");
	expect_refusal("port a: its peer b is no other net_ring; name another port whose device is "
		       "net_ring");
}

static void several_workers_need_as_many_at_the_other_end(void **state)
{
	(void)state;
	add_port("a", "loopback", "");
	add_port("b", "loopback", "a");
	add_stack("s", "a", 2);
	add_stack("t", "b", 3);
	expect_refusal(
		"stack s: it has 2 workers and t, at the other end, has 3; give both ends as "
		"many workers");

	begin_again();
	add_port("a", "net_tap0", "");
	add_stack("s", "a", 2);
	expect_refusal(
		"stack s: 2 workers on net_tap0; several work on joined ports only; set workers "
		"to 1");

	begin_again();
	add_port("a", "loopback", "");
	add_port("b", "loopback", "a");
	add_stack("s", "a", 33);
	add_stack("t", "b", 33);
	expect_refusal("stacks: 66 workers are more than the 64 there may be; lower the workers of "
		       "the stacks");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(two_ports_are_joined_whichever_names_the_other, begin),
		cmocka_unit_test_setup(a_device_needs_no_peer, begin),
		cmocka_unit_test_setup(names_must_lead_somewhere, begin),
		cmocka_unit_test_setup(a_relay_takes_two_ports_and_a_worker, begin),
		cmocka_unit_test_setup(a_relay_needs_two_ports_of_its_own, begin),
		cmocka_unit_test_setup(a_port_carries_one_stack, begin),
		cmocka_unit_test_setup(what_is_joined_has_two_ends, begin),
		cmocka_unit_test_setup(several_workers_need_as_many_at_the_other_end, begin),
	};

	return cmocka_run_group_tests_name("drivers/topology", tests, NULL, NULL);
}

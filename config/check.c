// SPDX-License-Identifier: BSD-3-Clause
//
// What the keys of a description say about each other: ports and stacks first, then what runs on
// them. The values themselves are well-formed and within their bounds already, see config_set.
// Called by apps/ before anything is brought up.
#include "config/check.h"

#include <errno.h>
#include <string.h>

#include "config/nearest.h"

// DPDK's virtual network devices, and our own.
static const char *const devices[] = {
	CONFIG_LOOPBACK, "net_tap",  "net_af_packet",	"net_memif", CONFIG_RING,
	"net_pcap",	 "net_null", "net_virtio_user", "net_vhost", "net_af_xdp",
};

// A device of some bus ("0000:03:00.0", "vdev:net_tap0"), a virtual one, or one that is joined.
static void check_device(const struct config_port *port, struct config_errors *errors)
{
	size_t len = strcspn(port->device, "0123456789,");
	char driver[CONFIG_DEVICE_BYTES];
	struct nearest nearest;

	if (config_is_joined(port) || strncmp(port->device, "net_", 4) == 0
	    || strncmp(port->device, "eth_", 4) == 0
	    || memchr(port->device, ':', strcspn(port->device, ",")))
		return;
	memcpy(driver, port->device, len);
	driver[len] = '\0';
	nearest_init(&nearest, driver);
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		const char *prefix = strchr(devices[i], '_');

		nearest_offer(&nearest, devices[i]);
		if (prefix && strcmp(driver, prefix + 1) == 0)
			nearest.word = devices[i];
	}
	if (nearest.word)
		CHECK_SAY(errors, port, CONFIG_KEY_port_device,
			  "unknown device \"%s\"; did you mean \"%s\"?", port->device,
			  nearest.word);
	else
		CHECK_SAY(errors, port, CONFIG_KEY_port_device,
			  "unknown device \"%s\"; give a PCI address, a virtual device of DPDK "
			  "(net_tap0,iface=pollux0) or loopback",
			  port->device);
}

// Says that there is no `what` of this name, with the nearest there is.
static void say_unknown(struct config_errors *errors, const void *section, enum config_key key,
			const char *what, struct nearest *nearest)
{
	if (nearest->word)
		CHECK_SAY(errors, section, key, "there is no %s \"%s\"; did you mean \"%s\"?", what,
			  nearest->mistyped, nearest->word);
	else
		CHECK_SAY(errors, section, key, "there is no %s \"%s\"; name one that is described",
			  what, nearest->mistyped);
}

static const struct config_port *find_port(const struct config *config, const void *section,
					   enum config_key key, const char *name,
					   struct config_errors *errors)
{
	const struct config_port *port = config_find_port(config, name);
	struct nearest nearest;

	if (port)
		return port;
	nearest_init(&nearest, name);
	for (unsigned i = 0; i < config->n_ports; i++)
		nearest_offer(&nearest, config->ports[i].name);
	say_unknown(errors, section, key, "port", &nearest);
	return NULL;
}

static const struct config_stack *find_stack(const struct config *config, const void *section,
					     enum config_key key, const char *name,
					     struct config_errors *errors)
{
	const struct config_stack *stack = config_find_stack(config, name);
	struct nearest nearest;

	if (stack)
		return stack;
	nearest_init(&nearest, name);
	for (unsigned i = 0; i < config->n_stacks; i++)
		nearest_offer(&nearest, config->stacks[i].name);
	say_unknown(errors, section, key, "stack", &nearest);
	return NULL;
}

// How many ports name this one as their peer.
static unsigned count_claims(const struct config *config, const struct config_port *port)
{
	unsigned n = 0;

	for (unsigned i = 0; i < config->n_ports; i++)
		n += strcmp(config->ports[i].peer, port->name) == 0;
	return n;
}

static void check_peer(const struct config *config, const struct config_port *port,
		       struct config_errors *errors)
{
	const enum config_key key = CONFIG_KEY_port_peer;
	const struct config_port *peer;

	if (!port->peer[0]) {
		if (config_is_joined(port) && count_claims(config, port) == 0)
			CHECK_SAY(
				errors, port, key,
				"is missing, and nobody is joined to %s \"%s\"; name another %s port",
				port->device, port->name, port->device);
		return;
	}
	if (!config_is_joined(port)) {
		CHECK_SAY(errors, port, key,
			  "a device has no peer; leave it out, or make the device loopback "
			  "or net_ring");
		return;
	}
	peer = find_port(config, port, key, port->peer, errors);
	if (!peer)
		return;
	if (peer == port)
		CHECK_SAY(errors, port, key, "is the port itself; name another %s port",
			  port->device);
	else if (strcmp(peer->device, port->device) != 0)
		CHECK_SAY(errors, port, key, "port \"%s\" is no %s; join two %s ports", peer->name,
			  port->device, port->device);
	else if (peer->peer[0] && strcmp(peer->peer, port->name) != 0)
		CHECK_SAY(errors, port, key,
			  "port \"%s\" is joined to \"%s\"; let each %s have one peer", peer->name,
			  peer->peer, port->device);
	else if (count_claims(config, peer) > 1)
		CHECK_SAY(errors, port, key,
			  "port \"%s\" is the peer of several; let each %s have one peer",
			  peer->name, port->device);
}

// A port that nobody names. Left alone when somebody names one that does not exist: it may be this one.
static bool is_unused(const struct config *config, const struct config_port *port)
{
	for (unsigned i = 0; i < config->n_stacks; i++)
		if (strcmp(config->stacks[i].port, port->name) == 0
		    || !config_find_port(config, config->stacks[i].port))
			return false;
	for (unsigned i = 0; i < config->n_relays; i++)
		if (!config_find_port(config, config->relays[i].left)
		    || !config_find_port(config, config->relays[i].right))
			return false;
	return !config_find_relay(config, port);
}

// What waits for a rate needs one.
static void check_direction(const struct config_direction *direction, struct config_errors *errors)
{
	const struct {
		enum config_key key;
		uint64_t value;
	} waiting[] = {
		{CONFIG_KEY_direction_queue, direction->queue},
		{CONFIG_KEY_direction_ecn_threshold, direction->ecn_threshold},
	};

	for (unsigned i = 0; i < 2 && !direction->rate; i++)
		if (waiting[i].value)
			CHECK_SAY(errors, direction, waiting[i].key,
				  "nothing waits without a rate; give %s, or leave it out",
				  config_errors_key(errors, CONFIG_KEY_direction_rate));
}

void check_ports(const struct config *config, struct config_errors *errors)
{
	for (unsigned i = 0; i < config->n_ports; i++) {
		const struct config_port *port = &config->ports[i];

		if (config_find_port(config, port->name) != port)
			CHECK_SAY(errors, port, CONFIG_KEY_port_name,
				  "\"%s\" is taken; give each port a name of its own", port->name);
		else if (is_unused(config, port))
			CHECK_SAY(errors, port, CONFIG_KEY_port_name,
				  "no stack lives on port \"%s\"; give it one, or leave it out",
				  port->name);
		check_device(port, errors);
		check_peer(config, port, errors);
		check_direction(&port->impairment.rx, errors);
		check_direction(&port->impairment.tx, errors);
	}
}

// The stack that a port belongs to: the first that names it.
static const struct config_stack *stack_on(const struct config *config,
					   const struct config_port *port)
{
	for (unsigned i = 0; port && i < config->n_stacks; i++)
		if (strcmp(config->stacks[i].port, port->name) == 0)
			return &config->stacks[i];
	return NULL;
}

// Worker i of a joined port talks to worker i at its other end; a device has one queue for now.
static void check_workers(const struct config *config, const struct config_stack *stack,
			  const struct config_port *port, struct config_errors *errors)
{
	const struct config_port *peer = config_peer(config, port);
	const struct config_stack *other = stack_on(config, peer);

	if (!config_is_joined(port) && stack->workers > 1)
		CHECK_SAY(errors, stack, CONFIG_KEY_stack_workers,
			  "%u workers need a loopback or net_ring; give a device 1",
			  (unsigned)stack->workers);
	else if (config_is_joined(port) && other && other > stack
		 && other->workers != stack->workers)
		CHECK_SAY(errors, other, CONFIG_KEY_stack_workers,
			  "stack \"%s\" at the other end has %u; give both ends the same",
			  stack->name, (unsigned)stack->workers);
	else if (peer && config_find_relay(config, peer) && stack->workers > 1)
		CHECK_SAY(errors, stack, CONFIG_KEY_stack_workers,
			  "a relay at the other end has one queue; give 1");
}

// Connections that the loads of a stack hold together.
static uint64_t connections_of(const struct config *config, const struct config_stack *stack)
{
	uint64_t connections = 0;

	for (unsigned i = 0; i < config->n_loads; i++)
		if (strcmp(config->loads[i].stack, stack->name) == 0)
			connections += config->loads[i].connections;
	return connections;
}

static void check_room(const struct config *config, const struct config_stack *stack,
		       struct config_errors *errors)
{
	uint64_t connections = connections_of(config, stack);

	if (config_is_given(stack, CONFIG_KEY_stack_max_connections)
	    && stack->max_connections * stack->workers < connections)
		CHECK_SAY(errors, stack, CONFIG_KEY_stack_max_connections,
			  "leaves no room for the %u connections of its loads; raise it",
			  (unsigned)connections);
}

void check_stacks(const struct config *config, struct config_errors *errors)
{
	uint64_t workers = config->n_relays;

	if (!config->n_stacks && !config->n_relays)
		CHECK_SAY(errors, config, CONFIG_KEY_top_stacks,
			  "there is none; add one on each port, or a relay between two");
	for (unsigned i = 0; i < config->n_stacks; i++) {
		const struct config_stack *stack = &config->stacks[i];
		const struct config_port *port = find_port(config, stack, CONFIG_KEY_stack_port,
							   stack->port, errors);
		const struct config_stack *first = stack_on(config, port);

		workers += stack->workers;
		if (config_find_stack(config, stack->name) != stack)
			CHECK_SAY(errors, stack, CONFIG_KEY_stack_name,
				  "\"%s\" is taken; give each stack a name of its own",
				  stack->name);
		if (port && first != stack)
			CHECK_SAY(errors, stack, CONFIG_KEY_stack_port,
				  "stack \"%s\" lives on port \"%s\" already; give each stack a "
				  "port of its own",
				  first->name, port->name);
		if (port)
			check_workers(config, stack, port, errors);
		check_addresses(config, stack, errors);
		check_room(config, stack, errors);
	}
	if (workers > CONFIG_WORKERS_MAX)
		CHECK_SAY(errors, config, CONFIG_KEY_top_stacks,
			  "have %u workers together; %u are the most", (unsigned)workers,
			  CONFIG_WORKERS_MAX);
}

// A port has one stack, or is one end of one relay.
static void check_end(const struct config *config, const struct config_relay *relay,
		      enum config_key key, const char *name, struct config_errors *errors)
{
	const struct config_port *port = find_port(config, relay, key, name, errors);
	const struct config_stack *stack = stack_on(config, port);

	if (stack)
		CHECK_SAY(errors, relay, key,
			  "stack \"%s\" lives on port \"%s\"; give the relay a port of its own",
			  stack->name, name);
	else if (port && config_find_relay(config, port) != relay)
		CHECK_SAY(errors, relay, key,
			  "port \"%s\" belongs to another relay; give each ports of its own", name);
}

void check_relays(const struct config *config, struct config_errors *errors)
{
	for (unsigned i = 0; i < config->n_relays; i++) {
		const struct config_relay *relay = &config->relays[i];

		check_end(config, relay, CONFIG_KEY_relay_left, relay->left, errors);
		if (strcmp(relay->left, relay->right) != 0)
			check_end(config, relay, CONFIG_KEY_relay_right, relay->right, errors);
		else
			CHECK_SAY(errors, relay, CONFIG_KEY_relay_right,
				  "is the port at the other end; name a second one");
	}
}

static bool overlaps(const struct config_listen *a, const struct config_listen *b)
{
	return plx_addr_is_equal(&a->addr, &b->addr) && a->ports.first <= b->ports.last
		&& b->ports.first <= a->ports.last;
}

// The listeners of the servers before this one on the same stack.
static void check_listen(const struct config *config, const struct config_server *server,
			 const struct config_stack *stack, struct config_errors *errors)
{
	char text[PLX_ADDR_TEXT_BYTES];
	const struct config_listen *listen = &server->listen;

	if (!plx_addr_is_any(&listen->addr) && !check_is_own_address(stack, &listen->addr))
		CHECK_SAY(errors, server, CONFIG_KEY_server_listen,
			  "%s is not an address of stack \"%s\"; add it to %s, or write * for all",
			  plx_addr_format(&listen->addr, text), stack->name,
			  config_errors_key(errors, CONFIG_KEY_stack_addresses));
	for (const struct config_server *other = config->servers; other < server; other++)
		if (strcmp(other->stack, server->stack) == 0 && overlaps(&other->listen, listen)) {
			CHECK_SAY(
				errors, server, CONFIG_KEY_server_listen,
				"another server listens there; give each its own address or port");
			return;
		}
}

void check_servers(const struct config *config, struct config_errors *errors)
{
	static const enum config_key http_keys[] = {
		CONFIG_KEY_server_body_size,
		CONFIG_KEY_server_root,
	};

	for (unsigned i = 0; i < config->n_servers; i++) {
		const struct config_server *server = &config->servers[i];
		const struct config_stack *stack =
			find_stack(config, server, CONFIG_KEY_server_stack, server->stack, errors);

		if (stack)
			check_listen(config, server, stack, errors);
		for (unsigned k = 0; server->listen.protocol != CONFIG_PROTOCOL_HTTP && k < 2; k++)
			if (config_is_given(server, http_keys[k]))
				CHECK_SAY(errors, server, http_keys[k],
					  "%s has nothing to serve; leave it out, or listen for "
					  "http",
					  config_protocol_name(server->listen.protocol));
		if (config_is_given(server, http_keys[0]) && config_is_given(server, http_keys[1]))
			CHECK_SAY(errors, server, http_keys[0],
				  "%s says what is served; leave one of the two out",
				  config_errors_key(errors, http_keys[1]));
	}
}

// A load is divided among the workers of its stack.
static void check_shares(const struct config_load *load, const struct config_stack *stack,
			 struct config_errors *errors)
{
	if (load->connections < stack->workers)
		CHECK_SAY(errors, load, CONFIG_KEY_load_connections,
			  "%u are fewer than the %u workers; give each at least one",
			  (unsigned)load->connections, (unsigned)stack->workers);
	if (load->rate != 0 && load->rate < stack->workers)
		CHECK_SAY(errors, load, CONFIG_KEY_load_rate,
			  "%u per second are fewer than the %u workers; give each at least one",
			  (unsigned)load->rate, (unsigned)stack->workers);
}

static void check_opening(const struct config_load *load, struct config_errors *errors)
{
	if (load->open_first && load->rate != 0 && load->requests_per_connection == 1)
		CHECK_SAY(errors, load, CONFIG_KEY_load_open_first,
			  "each request has a connection of its own, opened when it is due; leave "
			  "it out, or let connections carry more");
}

void check_loads(const struct config *config, struct config_errors *errors)
{
	for (unsigned i = 0; i < config->n_loads; i++) {
		const struct config_load *load = &config->loads[i];
		const struct config_stack *stack = find_stack(config, load, CONFIG_KEY_load_stack,
							      load->stack, errors);

		if (!stack)
			continue;
		check_reach(stack, load, errors);
		check_shares(load, stack, errors);
		check_opening(load, errors);
	}
}

int config_check(const struct config *config, struct config_errors *errors)
{
	check_ports(config, errors);
	check_stacks(config, errors);
	check_relays(config, errors);
	check_servers(config, errors);
	check_loads(config, errors);
	return errors->n ? -EINVAL : 0;
}

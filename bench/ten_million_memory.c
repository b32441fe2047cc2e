// SPDX-License-Identifier: BSD-3-Clause
//
// What two stacks with room for so many connections each take, and what of it belongs to the flow
// table, the timers, the control blocks and to data on its way: before anything is taken. Prints
// JSON. Run by bench/ten-million.
#include <stdio.h>
#include <stdlib.h>

#include <pollux/pollux.h>

#include "base/flow_table.h"
#include "base/pool.h"
#include "base/timer_wheel.h"
#include "tcp/conn.h"
#include "tcp/timers.h"

#define SLOTS_LEAST 64 // of the wheels; what they have beyond that is not per connection

static size_t wheel_bytes(plx_duration tick, uint32_t connections)
{
	struct timer_wheel_config config = {
		.tick = tick, .slots = SLOTS_LEAST, .nodes = connections};

	return timer_wheel_bytes(&config);
}

static size_t control_block_bytes(uint32_t connections)
{
	struct pool_config config = {
		.count = connections,
		.object_bytes = sizeof(struct tcp_conn),
		.align_bytes = CACHE_LINE,
		.generation_offset = offsetof(struct tcp_conn, generation),
		.fifo = true,
		.deferred = true,
	};

	return pool_bytes(&config);
}

static size_t stack_bytes(uint32_t connections, uint32_t segments)
{
	struct plx_stack_config config;
	struct plx_address own = {.prefix_len = 24};

	plx_stack_config_init(&config);
	plx_addr_parse("198.18.0.2", &own.addr);
	config.addresses = &own;
	config.n_addresses = 1;
	config.time_wait = 0;
	config.max_connections = connections;
	config.max_send_segments = segments;
	return plx_stack_bytes(&config);
}

int main(int argc, char **argv)
{
	uint32_t connections = argc == 3 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	uint32_t mbufs = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;

	if (connections == 0 || mbufs == 0) {
		fprintf(stderr, "usage: %s CONNECTIONS MBUFS\n", argv[0]);
		return 2;
	}
	// As drivers/stack_setup.c has it: a segment for each connection, two for each mbuf.
	size_t all = stack_bytes(connections, connections + 2 * mbufs);

	printf("{\"stack\": %zu, \"control_blocks\": %zu, \"timers\": %zu, \"flow_table\": %zu, "
	       "\"send_queues\": %zu}\n",
	       all, control_block_bytes(connections),
	       wheel_bytes(TIMERS_FINE_TICK, connections)
		       + wheel_bytes(TIMERS_COARSE_TICK, connections),
	       flow_table_bytes(connections), all - stack_bytes(connections, 1));
	return 0;
}

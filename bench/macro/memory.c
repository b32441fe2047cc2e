// SPDX-License-Identifier: BSD-3-Clause
//
// What a stack takes per established connection, and per half-open one and TIME_WAIT of each family,
// table and timers included: the difference between two stacks that have room for N and 2 N of them and
// differ in nothing else. Prints JSON. Run by bench/macro.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <pollux/pollux.h>

#define COUNT UINT32_C(1000000)
#define SEND_SEGMENTS 65536 // an idle connection has none

static size_t bytes_of(const char *address, size_t field, uint32_t count)
{
	struct plx_stack_config config;
	struct plx_address own = {.prefix_len = 24};

	plx_stack_config_init(&config);
	plx_addr_parse(address, &own.addr);
	config.addresses = &own;
	config.n_addresses = 1;
	config.max_send_segments = SEND_SEGMENTS;
	config.max_connections = config.max_half_open = config.max_time_wait = 1;
	*(uint32_t *)((char *)&config + field) = count;
	return plx_stack_bytes(&config);
}

static double bytes_each(const char *address, size_t field)
{
	return (double)(bytes_of(address, field, 2 * COUNT) - bytes_of(address, field, COUNT))
		/ COUNT;
}

int main(void)
{
	static const struct {
		const char *name, *address;
		size_t field;
	} kinds[] = {
		{"connection", "198.18.0.2", offsetof(struct plx_stack_config, max_connections)},
		{"half_open_ipv4", "198.18.0.2", offsetof(struct plx_stack_config, max_half_open)},
		{"half_open_ipv6", "fd00::2", offsetof(struct plx_stack_config, max_half_open)},
		{"time_wait_ipv4", "198.18.0.2", offsetof(struct plx_stack_config, max_time_wait)},
		{"time_wait_ipv6", "fd00::2", offsetof(struct plx_stack_config, max_time_wait)},
	};

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		printf("%s\"%s\": %.1f", i ? ", " : "{", kinds[i].name,
		       bytes_each(kinds[i].address, kinds[i].field));
	puts("}");
	return 0;
}

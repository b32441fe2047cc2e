// SPDX-License-Identifier: BSD-3-Clause
//
// What a stack goes by, as the rooms that act on it have it: interface, pools, and the configuration
// of TCP. So that whoever tells of a run can say what was in force, not what was asked for.
// Public interface: <pollux/stack.h>.
#include <errno.h>

#include <rte_common.h>

#include "stack/stack.h"

// A family without an address has a few entries for its link-local one, never more than the other.
static uint32_t capacity_of(const struct pool pools[FAMILIES])
{
	return RTE_MAX(pool_capacity(&pools[FAMILY_IPV4]), pool_capacity(&pools[FAMILY_IPV6]));
}

int plx_get_settings(const struct plx_stack *stack, struct plx_settings *settings)
{
	const struct tcp *tcp = &stack->tcp;

	if (settings->size != sizeof(*settings))
		return -EINVAL;
	*settings = (struct plx_settings){
		.size = sizeof(*settings),
		.offloads = tcp->config.offloads,
		.mtu_bytes = stack->net->interface.mtu_bytes,
		.burst_segments = tcp->config.burst_segments,
		.max_connections = pool_capacity(&tcp->conns),
		.max_half_open = capacity_of(tcp->half_open),
		.max_time_wait = tcp->config.time_wait == 0 ? 0 : capacity_of(tcp->time_wait),
		.max_listeners = pool_capacity(&tcp->listeners),
		.time_wait = tcp->config.time_wait,
		.syn_cookies = tcp->config.syn_cookies,
		.answer_nobody = tcp->config.answer_nobody,
		.rfc5961 = tcp->config.rfc5961,
		.drop_syn_fin = tcp->config.drop_syn_fin,
	};
	return 0;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Creation, end and timers of everything below TCP, and the announcements of a stack that starts
// (RFC 5227 2.3, RFC 4861 7.2.6).
// Called by stack/.
#include "net/net.h"

#include <errno.h>

#include <rte_mbuf.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/arp.h"
#include "net/fragment.h"
#include "net/nd.h"

// Echo requests that may come at once, as a part of a second's worth.
enum { PING_BURST_SHARE = 16 };

size_t net_bytes(const struct plx_stack_config *config)
{
	return memory_cost(sizeof(struct net)) + neighbor_table_bytes(config)
		+ reassembly_bytes(config);
}

// Lays out what needs no memory. NULL, or the sentence that names the wrong field and the remedy.
static const char *init_rooms(struct net *net, const struct plx_stack_config *config)
{
	const char *wrong = interface_init(&net->interface, config);

	if (net->pool == NULL)
		return "pool: there is none; give the mempool that the port receives into";
	if (wrong == NULL)
		wrong = route_table_init(&net->routes, &net->interface, config);
	if (wrong == NULL && net->interface.has_ethernet)
		wrong = neighbor_table_check(&net->interface, config);
	if (wrong == NULL)
		wrong = reassembly_check(config);
	return wrong;
}

static int take_memory(struct net *net, const struct plx_stack_config *config, const char **wrong)
{
	int status = net->interface.has_ethernet ? neighbor_table_init(net, config) : 0;

	*wrong = "max_neighbors: not enough EAL memory; plx_stack_bytes() tells how much is needed";
	if (status != 0)
		return status;
	*wrong = "max_fragments: not enough EAL memory; plx_stack_bytes() tells how much is needed";
	return reassembly_init(net, config);
}

int net_create(struct net **net, const struct plx_stack_config *config, struct plx_stats *stats,
	       struct random *random, const char **error)
{
	struct net *created = (struct net *)memory_take("net", sizeof(*created), config->numa_node);
	const char *wrong = "not enough EAL memory; plx_stack_bytes() tells how much is needed";
	int status = -ENOMEM;

	*net = NULL;
	if (created == NULL)
		goto out;
	created->stats = stats;
	created->random = random;
	created->pool = config->pool;
	created->offloads = config->offloads;
	created->limits_pings = config->pings_per_s != 0;
	rate_limit_init(&created->pings, config->pings_per_s,
			config->pings_per_s / PING_BURST_SHARE + 1);

	wrong = init_rooms(created, config);
	status = wrong != NULL ? -EINVAL : take_memory(created, config, &wrong);
out:
	if (status == 0)
		*net = created;
	else
		net_destroy(created);
	if (status != 0 && error != NULL)
		*error = wrong;
	return status;
}

void net_destroy(struct net *net)
{
	struct rte_mbuf *m;

	if (net == NULL)
		return;
	neighbor_table_fini(net);
	reassembly_fini(net);
	while (answer_pop(net, &m, 1) != 0)
		rte_pktmbuf_free(m);
	rte_free(net);
}

static bool has_announced_all(const struct net *net)
{
	return !net->interface.has_ethernet || net->announce_address == net->interface.n_addresses;
}

// A few per poll, so that a stack with many addresses does not fill its own queue.
static void announce_some(struct net *net)
{
	for (unsigned i = 0; i < NET_ANNOUNCE_BURST && !has_announced_all(net); i++) {
		const struct interface_address *own =
			&net->interface.addresses[net->announce_address];
		struct plx_addr addr = address_after(&own->addr, net->announce_offset);

		if (own->is_ipv4)
			arp_send_announcement(net, &addr);
		else
			nd_send_announcement(net, &addr);
		net->announce_offset++;
		if (net->announce_offset == RTE_MIN(own->count, (uint32_t)NET_ANNOUNCED_MAX)) {
			net->announce_offset = 0;
			net->announce_address++;
		}
	}
}

plx_time net_poll(struct net *net, plx_time now)
{
	reassembly_poll(net, now);
	if (!has_announced_all(net))
		announce_some(net);
	if (net->interface.has_ethernet)
		neighbor_poll(net, now);
	return net_next_deadline(net);
}

plx_time net_next_deadline(const struct net *net)
{
	plx_time sweep = net->reassembly.sweep;

	if (!net->interface.has_ethernet)
		return sweep;
	return has_announced_all(net) ? time_min(sweep, timer_wheel_next(net->neighbors.timers))
				      : 0;
}

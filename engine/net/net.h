// SPDX-License-Identifier: BSD-3-Clause
//
// Everything of one stack below TCP: interface, routes, neighbours, ICMP, and the frames that wait
// to go. One core's own, like the stack. It answers with verdicts; fates of received frames the
// stack counts. Created and polled by stack/; its rooms are entered through input.h, transmit.h,
// neighbor.h, interface.h, route.h, ip_output.h, answer_queue.h and reuse.h.
#ifndef NET_NET_H
#define NET_NET_H

#include <pollux/stack.h>
#include <pollux/stats.h>

#include "base/counter.h"
#include "base/random.h"
#include "base/rate_limit.h"
#include "net/answer_queue.h"
#include "net/interface.h"
#include "net/neighbor_table.h"
#include "net/reassembly.h"
#include "net/route.h"

enum {
	NET_HOP_LIMIT = 64,	 // of what belongs to no connection
	NET_ANNOUNCED_MAX = 16,	 // addresses of a range that are announced at start
	NET_ANNOUNCE_BURST = 16, // announcements per poll
	NET_NEXT_HOPS = 512, // a power of two; so that dozens of destinations seldom share a place
};

// The neighbour by which a destination was reached last, so that answers and new connections need not ask route and
// neighbour table again. A place serves whoever was there last.
struct next_hop {
	struct plx_addr dst;
	struct neighbor_ref ref;
};

struct net {
	alignas(CACHE_LINE) struct interface interface; // every frame
	struct neighbor_table neighbors;
	struct plx_stats *stats;
	struct random *random;
	struct rte_mempool *pool;
	uint32_t offloads;
	bool limits_pings;
	struct rate_limit pings;
	unsigned announce_address; // what is still to be announced: address and place in its range
	uint32_t announce_offset;
	struct reassembly reassembly;
	struct route_table routes;
	struct next_hop next_hops[NET_NEXT_HOPS];
	struct answer_queue answers;
};

// The memory that net_create() will take.
size_t net_bytes(const struct plx_stack_config *config);

// Reads link, mac, vlan, outer_vlan, mtu_bytes, offloads, pool, numa_node, addresses, routes, neighbors,
// max_neighbors, max_fragments, fragment_time and pings_per_s. `stats` and `random` are used, not owned: they
// must outlive it. 0; -EINVAL and a static sentence that names field and remedy; -ENOMEM. *net is NULL after
// an error, `error` may be NULL.
int net_create(struct net **net, const struct plx_stack_config *config, struct plx_stats *stats,
	       struct random *random, const char **error);

// Frees every mbuf it holds. NULL is ignored.
void net_destroy(struct net *net);

// Runs what is due: solicitations sent again, neighbours that age, fragments that waited too long,
// announcements at start. What has
// to be sent stands in the answer queue afterwards. Returns net_next_deadline().
plx_time net_poll(struct net *net, plx_time now);

// When net_poll() has something to do at the latest; 0: at once.
plx_time net_next_deadline(const struct net *net);

// Bytes of the link header of every frame: 14, 18 with a VLAN tag, 22 with two, 0 for bare IP.
static inline uint8_t net_link_bytes(const struct net *net)
{
	return net->interface.l2_bytes;
}

static inline void net_count(struct net *net, enum plx_counter counter)
{
	counter_add(&net->stats->counters[counter], 1);
}

#endif

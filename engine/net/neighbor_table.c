// SPDX-License-Identifier: BSD-3-Clause
//
// The memory of the neighbour cache: entries found by a keyed hash, evicted by second chance (the
// "clock" of page replacement), and the packets that wait in them. What the states mean is in
// neighbor.c. Called by neighbor.c and net.c.
#include "net/neighbor_table.h"

#include <errno.h>
#include <stddef.h>

#include <rte_mbuf.h>

#include "net/net.h"
#include "wire/addr.h"

enum {
	NEIGHBORS_MAX = 1 << 20,
	TIMER_SLOTS = 1024,
	SECOND_CHANCES_MAX = 32, // so many entries in use are passed over, then one of them goes
	HELD_SHARE = 16,	 // of the mbuf pool, one in so many may be waiting
};

// 2^26 ns: the wheel's turn of 68 s holds the longest timer, the 45 s of REACHABLE.
#define TIMER_TICK ((plx_duration)1 << 26)

static struct pool_config entries_config(const struct plx_stack_config *config)
{
	return (struct pool_config){
		.name = "neighbors",
		.count = config->max_neighbors,
		.object_bytes = sizeof(struct neighbor),
		.align_bytes = CACHE_LINE,
		.socket = config->numa_node,
		.generation_offset = offsetof(struct neighbor, generation),
		.fifo = true,
	};
}

static struct pool_config held_config(const struct plx_stack_config *config)
{
	return (struct pool_config){
		.name = "neighbor_held",
		.count = NEIGHBOR_HELD_TOTAL_MAX,
		.object_bytes = sizeof(struct held_packet),
		.socket = config->numa_node,
		.generation_offset = POOL_NO_GENERATION,
	};
}

static struct timer_wheel_config timers_config(const struct plx_stack_config *config)
{
	return (struct timer_wheel_config){
		.tick = TIMER_TICK,
		.slots = TIMER_SLOTS,
		.nodes = config->max_neighbors,
		.socket = config->numa_node,
	};
}

size_t neighbor_table_bytes(const struct plx_stack_config *config)
{
	const struct pool_config entries = entries_config(config), held = held_config(config);
	const struct timer_wheel_config timers = timers_config(config);

	if (config->link == PLX_LINK_IP)
		return 0;
	return pool_bytes(&entries) + pool_bytes(&held) + timer_wheel_bytes(&timers)
		+ flow_table_bytes(config->max_neighbors);
}

const char *neighbor_table_check(const struct interface *interface,
				 const struct plx_stack_config *config)
{
	if (config->max_neighbors == 0 || config->max_neighbors > NEIGHBORS_MAX)
		return "max_neighbors: out of range; give 1 to 1048576";
	if (config->n_neighbors > config->max_neighbors)
		return "neighbors: more than max_neighbors; raise max_neighbors";
	if (config->n_neighbors > 0 && config->neighbors == NULL)
		return "neighbors: n_neighbors is not 0, but there are none; give the array";
	for (unsigned i = 0; i < config->n_neighbors; i++) {
		const struct plx_neighbor *configured = &config->neighbors[i];
		struct mac_addr mac;

		memcpy(&mac, configured->mac, sizeof(mac));
		if (!address_is_unicast(&configured->addr)
		    || interface_owns(interface, &configured->addr))
			return "neighbors: an address of the stack, or of no host; give the "
			       "neighbour's";
		if (mac_is_multicast(&mac))
			return "neighbors: a MAC address is a group's; give the neighbour's own";
	}
	return NULL;
}

static struct index_links evictable_links(const struct neighbor_table *table)
{
	return index_links_in_pool(&table->entries, offsetof(struct neighbor, link));
}

static struct index_links held_links(const struct neighbor_table *table)
{
	return index_links_in_pool(&table->held, offsetof(struct held_packet, link));
}

static struct held_packet *held_at(const struct neighbor_table *table, uint32_t idx)
{
	return (struct held_packet *)pool_at(&table->held, idx);
}

static void take_in_static(struct net *net, const struct plx_neighbor *configured)
{
	struct neighbor_table *table = &net->neighbors;
	uint32_t idx = neighbor_find(net, &configured->addr);
	struct neighbor *n;

	if (idx == INDEX_NONE) {
		idx = neighbor_begin(net, &configured->addr);
		index_list_remove(&table->evictable, evictable_links(table), idx);
	}
	n = neighbor_at(table, idx);
	memcpy(n->l2, configured->mac, ETH_ADDR_BYTES);
	n->state = NEIGHBOR_REACHABLE;
	n->is_static = true;
}

int neighbor_table_init(struct net *net, const struct plx_stack_config *config)
{
	const struct pool_config entries = entries_config(config), held = held_config(config);
	const struct timer_wheel_config timers = timers_config(config);
	struct neighbor_table *table = &net->neighbors;

	index_list_init(&table->evictable);
	index_list_init(&table->held_order);
	if (pool_init(&table->entries, &entries) != 0 || pool_init(&table->held, &held) != 0
	    || timer_wheel_create(&table->timers, &timers) != 0
	    || flow_table_create(&table->by_addr, config->max_neighbors, config->numa_node) != 0)
		return -ENOMEM;
	table->held_max = RTE_MIN(net->pool->size / HELD_SHARE, (uint32_t)NEIGHBOR_HELD_TOTAL_MAX);
	table->held_max = RTE_MAX(table->held_max, (uint32_t)NEIGHBOR_HELD_MAX);
	table->key = (struct siphash_key){random_u64(net->random), random_u64(net->random)};
	for (unsigned i = 0; i < config->n_neighbors; i++)
		take_in_static(net, &config->neighbors[i]);
	return 0;
}

void neighbor_table_fini(struct net *net)
{
	struct neighbor_table *table = &net->neighbors;

	if (table->entries.objects != NULL && table->held.objects != NULL)
		while (!index_list_is_empty(&table->held_order))
			neighbor_drop_held(net, held_at(table, table->held_order.head)->neighbor);
	flow_table_destroy(table->by_addr);
	timer_wheel_destroy(table->timers);
	pool_fini(&table->held);
	pool_fini(&table->entries);
}

static uint64_t hash_address(const struct neighbor_table *table, const struct plx_addr *addr)
{
	return siphash(addr, sizeof(*addr), &table->key);
}

static bool has_address(uint32_t entry, const void *key, void *ctx)
{
	const struct neighbor_table *table = (const struct neighbor_table *)ctx;

	return addr_is_equal(&neighbor_at(table, entry)->addr, (const struct plx_addr *)key);
}

uint32_t neighbor_find(const struct net *net, const struct plx_addr *addr)
{
	const struct neighbor_table *table = &net->neighbors;

	return flow_table_find(table->by_addr, hash_address(table, addr), has_address, addr,
			       (void *)(uintptr_t)table);
}

// Bounded: when everything is in use, the 32nd that was passed over goes all the same.
static bool evict(struct net *net)
{
	struct neighbor_table *table = &net->neighbors;
	struct index_links links = evictable_links(table);

	if (index_list_is_empty(&table->evictable))
		return false;
	for (unsigned i = 0; i < SECOND_CHANCES_MAX; i++) {
		uint32_t idx = table->evictable.head;
		struct neighbor *n = neighbor_at(table, idx);

		if (!n->was_used)
			break;
		n->was_used = false;
		index_list_remove(&table->evictable, links, idx);
		index_list_push_tail(&table->evictable, links, idx);
	}
	neighbor_remove(net, table->evictable.head);
	return true;
}

uint32_t neighbor_begin(struct net *net, const struct plx_addr *addr)
{
	struct neighbor_table *table = &net->neighbors;
	const struct eth_header eth = {
		.src = net->interface.mac,
		.type = plx_addr_is_ipv4(addr) ? ETH_TYPE_IPV4 : ETH_TYPE_IPV6,
		.vlan = net->interface.vlan,
	};
	struct neighbor *n;
	uint32_t idx;

	if (pool_available(&table->entries) == 0 && !evict(net))
		return INDEX_NONE;
	idx = pool_get(&table->entries);
	n = neighbor_at(table, idx);
	*n = (struct neighbor){.addr = *addr, .generation = n->generation};
	eth_header_build(n->l2, &eth);
	index_link_init(&n->link);
	index_list_push_tail(&table->evictable, evictable_links(table), idx);
	// Has room: it is as large as the pool.
	flow_table_insert(table->by_addr, hash_address(table, addr), idx);
	return idx;
}

void neighbor_remove(struct net *net, uint32_t idx)
{
	struct neighbor_table *table = &net->neighbors;
	struct neighbor *n = neighbor_at(table, idx);

	neighbor_drop_held(net, idx);
	timer_disarm(table->timers, idx);
	flow_table_remove(table->by_addr, hash_address(table, &n->addr), idx);
	index_list_remove(&table->evictable, evictable_links(table), idx);
	pool_put(&table->entries, idx);
}

// Takes the oldest packet out of an entry's queue, which is not empty.
static struct rte_mbuf *take_held(struct neighbor_table *table, struct neighbor *n)
{
	uint32_t idx = n->held_head;
	struct held_packet *packet = held_at(table, idx);
	struct rte_mbuf *m = packet->mbuf;

	n->held_head = (uint16_t)packet->next;
	n->held_count--;
	index_list_remove(&table->held_order, held_links(table), idx);
	pool_put(&table->held, idx);
	return m;
}

static void drop_oldest_held(struct net *net, struct neighbor *n)
{
	rte_pktmbuf_free(take_held(&net->neighbors, n));
	net_count(net, PLX_COUNTER_NEIGHBOR_QUEUE_DROPPED);
}

void neighbor_hold(struct net *net, uint32_t idx, struct rte_mbuf *m)
{
	struct neighbor_table *table = &net->neighbors;
	struct neighbor *n = neighbor_at(table, idx);
	struct held_packet *packet;
	uint32_t slot;

	// Within a queue as over all of them, the oldest is the one that is worth least.
	if (n->held_count == NEIGHBOR_HELD_MAX)
		drop_oldest_held(net, n);
	else if (table->held_order.count == table->held_max)
		drop_oldest_held(
			net, neighbor_at(table, held_at(table, table->held_order.head)->neighbor));
	slot = pool_get(&table->held);
	packet = held_at(table, slot);
	*packet = (struct held_packet){.mbuf = m, .neighbor = idx};
	index_link_init(&packet->link);
	index_list_push_tail(&table->held_order, held_links(table), slot);
	if (n->held_count++ == 0)
		n->held_head = (uint16_t)slot;
	else
		held_at(table, n->held_tail)->next = slot;
	n->held_tail = (uint16_t)slot;
}

void neighbor_release_held(struct net *net, uint32_t idx)
{
	struct neighbor *n = neighbor_at(&net->neighbors, idx);

	while (n->held_count > 0) {
		struct rte_mbuf *m = take_held(&net->neighbors, n);

		// The headroom was looked at when it came in.
		neighbor_write_header(n, &net->interface,
				      (uint8_t *)rte_pktmbuf_prepend(m, net_link_bytes(net)));
		answer_push(net, m);
	}
}

void neighbor_drop_held(struct net *net, uint32_t idx)
{
	struct neighbor *n = neighbor_at(&net->neighbors, idx);

	while (n->held_count > 0)
		drop_oldest_held(net, n);
}

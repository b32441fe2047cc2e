// SPDX-License-Identifier: BSD-3-Clause
//
// All memory of TCP, taken once: pools, table, wheels, profiles. What is computed here before is what
// tcp_create() allocates.
// Called by stack/ when a stack is created and destroyed.
#include "tcp/tcp.h"

#include <errno.h>
#include <stdio.h>

#include <rte_ring.h>

#include "base/min.h"
#include "net/net.h"
#include "tcp/connections.h"
#include "tcp/half_open.h"
#include "tcp/listener.h"
#include "tcp/send_queue.h"
#include "tcp/spare_mbufs.h"
#include "tcp/time_wait.h"
#include "tcp/timers.h"

enum {
	FINE_SLOTS = 8192,  // 2.1 s at 0.26 ms
	COARSE_SLOTS = 512, // 9 minutes at 1.07 s
	SEND_RESERVE_MAX = 256,
	MBUFS_UNCOUNTED_MAX = 1024,
	// A family without an address configured still has its link-local one.
	COMPACT_MIN = 64,
};

// How many of everything a configuration means.
struct sizes {
	uint32_t half_open[FAMILIES];
	uint32_t time_wait[FAMILIES];
	uint32_t flows;
	uint32_t send_segments;
	uint32_t slabs;
};

static bool has_family(const struct plx_stack_config *config, enum family family)
{
	for (unsigned i = 0; i < config->n_addresses; i++)
		if (family_of(&config->addresses[i].addr) == family)
			return true;
	return false;
}

static uint32_t bounded(uint32_t n, bool is_wanted)
{
	if (n == 0)
		n = 1;
	return is_wanted || n < COMPACT_MIN ? n : COMPACT_MIN;
}

static struct sizes sizes_of(const struct plx_stack_config *config)
{
	uint32_t mbufs = config->pool != NULL ? config->pool->size : 0;
	struct sizes sizes = {.flows = config->max_connections};

	for (unsigned family = 0; family < FAMILIES; family++) {
		bool is_wanted = has_family(config, (enum family)family);

		sizes.half_open[family] = bounded(config->max_half_open, is_wanted);
		sizes.time_wait[family] =
			bounded(config->time_wait == 0 ? 1 : config->max_time_wait, is_wanted);
		sizes.flows += sizes.half_open[family] + sizes.time_wait[family];
	}
	// A record per connection that has sent a little, and one per mbuf that may be queued.
	sizes.send_segments = config->max_send_segments;
	if (sizes.send_segments == 0)
		sizes.send_segments = config->max_connections + 2 * mbufs + 1024;
	sizes.slabs = sizes.send_segments / 2 + 1;
	return sizes;
}

static struct pool_config conns_config(const struct plx_stack_config *config)
{
	return (struct pool_config){
		.name = "connections",
		.count = config->max_connections,
		.object_bytes = sizeof(struct tcp_conn),
		.align_bytes = CACHE_LINE,
		.socket = config->numa_node,
		.generation_offset = offsetof(struct tcp_conn, generation),
		.deferred = true,
	};
}

static struct pool_config listeners_config(const struct plx_stack_config *config)
{
	return (struct pool_config){
		.name = "listeners",
		.count = config->max_listeners,
		.object_bytes = sizeof(struct listener),
		.socket = config->numa_node,
		.generation_offset = offsetof(struct listener, generation),
		.fifo = true,
	};
}

static struct pool_config plain_config(const struct plx_stack_config *config, const char *name,
				       uint32_t count, uint32_t object_bytes)
{
	return (struct pool_config){
		.name = name,
		.count = count,
		.object_bytes = object_bytes,
		.socket = config->numa_node,
		.generation_offset = POOL_NO_GENERATION,
	};
}

static struct pool_config slabs_config(const struct plx_stack_config *config, uint32_t count)
{
	struct pool_config slabs = plain_config(config, "send slabs", count, SLAB_BYTES);

	slabs.align_bytes = CACHE_LINE;
	return slabs;
}

static struct timer_wheel_config wheel_config(const struct plx_stack_config *config,
					      plx_duration tick, uint32_t slots)
{
	return (struct timer_wheel_config){
		.tick = tick,
		.slots = slots,
		.nodes = config->max_connections,
		.socket = config->numa_node,
	};
}

size_t tcp_bytes(const struct plx_stack_config *config)
{
	struct sizes sizes = sizes_of(config);
	struct pool_config conns = conns_config(config);
	struct pool_config listeners = listeners_config(config);
	struct pool_config segments = plain_config(config, "", sizes.send_segments,
						   sizeof(struct send_segment));
	struct pool_config slabs = slabs_config(config, sizes.slabs);
	struct pool_config externals = plain_config(config, "", EXTERNAL_BLOCKS,
						    sizeof(struct send_external));
	struct timer_wheel_config fine = wheel_config(config, TIMERS_FINE_TICK, FINE_SLOTS);
	struct timer_wheel_config coarse = wheel_config(config, TIMERS_COARSE_TICK, COARSE_SLOTS);
	size_t bytes = flow_table_bytes(sizes.flows) + option_profiles_bytes() + pool_bytes(&conns)
		+ pool_bytes(&listeners) + pool_bytes(&segments) + pool_bytes(&slabs)
		+ pool_bytes(&externals) + timer_wheel_bytes(&fine) + timer_wheel_bytes(&coarse)
		+ (size_t)rte_ring_get_memsize(EXTERNAL_BLOCKS);

	for (unsigned family = 0; family < FAMILIES; family++) {
		struct pool_config half_open =
			plain_config(config, "", sizes.half_open[family],
				     (uint32_t)half_open_bytes((enum family)family));
		struct pool_config time_wait =
			plain_config(config, "", sizes.time_wait[family],
				     (uint32_t)time_wait_bytes((enum family)family));

		bytes += pool_bytes(&half_open) + pool_bytes(&time_wait);
	}
	return bytes;
}

// What DPDK wants of whoever asks for TSO (rte_mbuf_core.h), and that no copy holds such a frame.
static bool may_cut(const struct plx_stack_config *config)
{
	uint32_t needed = PLX_OFFLOAD_TX_TCP_CHECKSUM | PLX_OFFLOAD_TX_MULTI_SEGS;

	if (has_family(config, FAMILY_IPV4))
		needed |= PLX_OFFLOAD_TX_IPV4_CHECKSUM;
	return (config->offloads & (needed | PLX_OFFLOAD_TX_BY_REFERENCE)) == needed;
}

static int check(const struct plx_stack_config *config, const char **error)
{
	*error = NULL;
	if (config->max_connections == 0 || config->max_connections > ENTRY_INDEX_MASK)
		*error = "max_connections: give 1 to 536870911";
	else if (config->max_half_open == 0 || config->max_half_open > ENTRY_INDEX_MASK)
		*error = "max_half_open: give 1 to 536870911";
	else if (config->time_wait > 0
		 && (config->max_time_wait == 0 || config->max_time_wait > ENTRY_INDEX_MASK))
		*error = "max_time_wait: give 1 to 536870911, or set time_wait to 0";
	else if (config->max_listeners == 0 || config->max_listeners > (1u << 20))
		*error = "max_listeners: give 1 to 1048576";
	else if (config->port_first == 0 || config->port_first > config->port_last)
		*error = "port_first, port_last: give a range within 1 to 65535";
	else if ((unsigned)config->syn_cookies > PLX_SYN_COOKIES_NEVER)
		*error = "syn_cookies: give a value of enum plx_syn_cookies";
	else if (config->burst_segments == 0)
		*error = "burst_segments: give at least 1";
	else if ((config->offloads & PLX_OFFLOAD_TX_TSO) != 0 && !may_cut(config))
		*error = "offloads: TX_TSO needs TX_TCP_CHECKSUM, TX_MULTI_SEGS and, with an IPv4 "
			 "address, TX_IPV4_CHECKSUM, and cannot be with TX_BY_REFERENCE";
	return *error == NULL ? 0 : -EINVAL;
}

static void init_config(struct tcp *tcp, const struct plx_stack_config *config)
{
	tcp->config = (struct tcp_config){
		.mtu_bytes = config->mtu_bytes,
		.zone = config->zone,
		.port_first = config->port_first,
		.port_last = config->port_last,
		.burst_segments = config->burst_segments,
		.link_bytes = net_link_bytes(tcp->net),
		.offloads = config->offloads,
		.answer_nobody = config->answer_nobody,
		.drop_syn_fin = config->drop_syn_fin,
		.rfc5961 = config->rfc5961,
		.syn_cookies = config->syn_cookies,
		.time_wait = config->time_wait,
	};
	tcp->mbuf_low = config->pool->size / 8;
	tcp->mbuf_floor = config->pool->size / 16;
	tcp->spare.most = min_u32(SPARE_MBUFS, tcp->mbuf_floor);
	tcp->mbufs_free = config->pool->size;
	rate_limit_init(&tcp->challenge_limit, config->challenge_acks_per_s,
			config->challenge_acks_per_s);
	rate_limit_init(&tcp->reset_limit, config->rsts_per_s, config->rsts_per_s);
	tcp->reset_unlimited = config->rsts_per_s == 0;
	tcp->ready = (struct ready_list){.head = INDEX_NONE, .tail = INDEX_NONE};
	for (unsigned i = 0; i < LISTENER_BUCKETS; i++)
		tcp->listener_buckets[i] = INDEX_NONE;
}

static int init_secrets(struct tcp *tcp, const struct plx_stack_config *config)
{
	int rc;

	for (unsigned i = 0; i < PORT_COUNTERS; i++)
		tcp->port_counters[i] = random_u32(tcp->random);
	if (config->seeded) {
		flow_secret_init_seed(&tcp->flow_secret, config->seed);
		tcp->isn_key = (struct siphash_key){random_u64(tcp->random),
						    random_u64(tcp->random)};
		tcp->port_key = (struct siphash_key){random_u64(tcp->random),
						     random_u64(tcp->random)};
		return 0;
	}
	rc = flow_secret_init_kernel(&tcp->flow_secret);
	if (rc == 0)
		rc = random_bytes_kernel(&tcp->isn_key, sizeof(tcp->isn_key));
	if (rc == 0)
		rc = random_bytes_kernel(&tcp->port_key, sizeof(tcp->port_key));
	return rc;
}

static int init_compact(struct tcp *tcp, const struct plx_stack_config *config,
			const struct sizes *sizes)
{
	int rc = 0;

	for (unsigned family = 0; family < FAMILIES && rc == 0; family++) {
		rc = half_open_init(tcp, (enum family)family, sizes->half_open[family],
				    config->numa_node);
		if (rc == 0)
			rc = time_wait_init(tcp, (enum family)family, sizes->time_wait[family],
					    config->numa_node);
	}
	return rc;
}

static int init_pools(struct tcp *tcp, const struct plx_stack_config *config,
		      const struct sizes *sizes)
{
	struct pool_config conns = conns_config(config);
	struct pool_config listeners = listeners_config(config);
	struct pool_config segments = plain_config(config, "send segments", sizes->send_segments,
						   sizeof(struct send_segment));
	struct pool_config slabs = slabs_config(config, sizes->slabs);
	struct pool_config externals = plain_config(config, "external buffers", EXTERNAL_BLOCKS,
						    sizeof(struct send_external));
	int rc = pool_init(&tcp->conns, &conns);

	if (rc == 0)
		rc = pool_init(&tcp->listeners, &listeners);
	if (rc == 0)
		rc = pool_init(&tcp->send_segments, &segments);
	if (rc == 0)
		rc = pool_init(&tcp->slabs, &slabs);
	if (rc == 0)
		rc = pool_init(&tcp->externals, &externals);
	return rc == 0 ? init_compact(tcp, config, sizes) : rc;
}

static int init_tables(struct tcp *tcp, const struct plx_stack_config *config,
		       const struct sizes *sizes)
{
	struct timer_wheel_config fine = wheel_config(config, TIMERS_FINE_TICK, FINE_SLOTS);
	struct timer_wheel_config coarse = wheel_config(config, TIMERS_COARSE_TICK, COARSE_SLOTS);
	char name[RTE_RING_NAMESIZE];
	int rc = flow_table_create(&tcp->flows, sizes->flows, config->numa_node);

	if (rc == 0)
		rc = timer_wheel_create(&tcp->fine, &fine);
	if (rc == 0)
		rc = timer_wheel_create(&tcp->coarse, &coarse);
	if (rc == 0)
		rc = option_profiles_init(&tcp->profiles, config->numa_node);
	if (rc != 0)
		return rc;
	snprintf(name, sizeof(name), "plx_%p", (void *)tcp);
	tcp->freed_externals = rte_ring_create(name, EXTERNAL_BLOCKS, config->numa_node,
					       RING_F_SC_DEQ);
	return tcp->freed_externals != NULL ? 0 : -ENOMEM;
}

int tcp_create(struct tcp *tcp, const struct plx_stack_config *config, struct net *net,
	       struct plx_stats *stats, struct random *random, const char **error)
{
	struct sizes sizes = sizes_of(config);
	int rc = check(config, error);

	if (rc != 0)
		return rc;
	tcp->net = net;
	tcp->stats = stats;
	tcp->random = random;
	tcp->pool = config->pool;
	init_config(tcp, config);
	rc = init_secrets(tcp, config);
	tcp->send_reserve = RTE_MAX(1u, RTE_MIN(sizes.slabs / 8, (uint32_t)SEND_RESERVE_MAX));
	if (rc == 0)
		rc = init_pools(tcp, config, &sizes);
	if (rc == 0)
		rc = init_tables(tcp, config, &sizes);
	if (rc != 0) {
		*error =
			"not enough EAL memory for tables and pools; give more, or lower max_connections";
		tcp_destroy(tcp);
		return rc;
	}
	// Block 0 is EXTERNAL_PERMANENT, and stays referenced.
	send_external_init(tcp, pool_get(&tcp->externals), 0, (plx_conn){0});
	return 0;
}

// Counting means looking into the cache of every core. So it is done now and then, with what came in since
// taken off meanwhile, and always when few seem to be left.
void tcp_watch_buffers(struct tcp *tcp, unsigned n)
{
	bool is_plenty = tcp->mbufs_free > tcp->mbuf_low + n;

	if (is_plenty && tcp->mbufs_uncounted < MBUFS_UNCOUNTED_MAX) {
		tcp->mbufs_free -= n;
		tcp->mbufs_uncounted += n;
		return;
	}
	tcp->mbufs_free = rte_mempool_avail_count(tcp->pool);
	tcp->mbufs_uncounted = 0;
}

// Buffers of connections that are still open go back to their pool.
static void clear_connections(struct tcp *tcp)
{
	uint64_t cursor = 0;

	while (!flow_table_is_end(tcp->flows, cursor)) {
		uint32_t entry = flow_table_next(tcp->flows, &cursor, 1024);

		if (entry != INDEX_NONE && entry_kind(entry) == ENTRY_CONN)
			conn_clear(tcp, conn_at(tcp, entry_index(entry)));
	}
	for (uint32_t i = 0; tcp->conns_off_wire > 0 && i < tcp->conns.count; i++)
		if (conn_at(tcp, i)->state != PLX_STATE_CLOSED
		    && conn_has(conn_at(tcp, i), CONN_OFF_WIRE)) {
			conn_clear(tcp, conn_at(tcp, i));
			tcp->conns_off_wire--;
		}
}

void tcp_destroy(struct tcp *tcp)
{
	if (tcp->flows != NULL && tcp->freed_externals != NULL)
		clear_connections(tcp);
	spare_mbufs_return(tcp);
	rte_ring_free(tcp->freed_externals);
	for (unsigned family = 0; family < FAMILIES; family++) {
		pool_fini(&tcp->half_open[family]);
		pool_fini(&tcp->time_wait[family]);
	}
	option_profiles_fini(&tcp->profiles);
	timer_wheel_destroy(tcp->coarse);
	timer_wheel_destroy(tcp->fine);
	flow_table_destroy(tcp->flows);
	pool_fini(&tcp->externals);
	pool_fini(&tcp->slabs);
	pool_fini(&tcp->send_segments);
	pool_fini(&tcp->listeners);
	pool_fini(&tcp->conns);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Everything of TCP that one core has: connections in all their shapes, their table and timers, the
// lists of what waits for the application and for output, and what was configured.
// Created by stack/, handed to every room of tcp/ as the first argument; nothing outside it is kept.
#ifndef TCP_TCP_H
#define TCP_TCP_H

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <pollux/stack.h>
#include <pollux/stats.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/flow_key.h"
#include "base/flow_table.h"
#include "base/list.h"
#include "base/pool.h"
#include "base/rate_limit.h"
#include "base/siphash.h"
#include "base/timer_wheel.h"
#include "tcp/conn.h"
#include "tcp/options_profile.h"

struct net;

enum family { FAMILY_IPV4, FAMILY_IPV6, FAMILIES };

// What an entry of the flow table names: the kind in the upper three bits, an index below.
enum entry_kind {
	ENTRY_CONN,
	ENTRY_HALF_OPEN,			      // + family
	ENTRY_TIME_WAIT = ENTRY_HALF_OPEN + FAMILIES, // + family
	ENTRY_KINDS = ENTRY_TIME_WAIT + FAMILIES,
};
#define ENTRY_INDEX_BITS 29
#define ENTRY_INDEX_MASK ((UINT32_C(1) << ENTRY_INDEX_BITS) - 1)
static_assert(ENTRY_KINDS <= 8, "the kind has three bits");

// The most retransmissions of a SYN+ACK that an option allows, and a queue for each count.
#define HALF_OPEN_QUEUES 33

// Half-open entries of listeners with the same timing wait in the same queues, so that these stay in order
// by themselves. Whoever finds no class of its own shares the last one.
#define TIMING_CLASSES 4

struct timing_class {
	plx_duration initial; // RTO_INITIAL
	plx_duration max;     // RTO_MAX
	uint32_t listeners;
};

// Connections in a row, by ready_next.
struct ready_list {
	uint32_t head;
	uint32_t tail;
};

enum { OUTPUT_STRANDS = 16 };

// Connections in as many rows as there are strands, by output_next; see tcp/output_list.
struct output_list {
	uint32_t head[OUTPUT_STRANDS];
	uint32_t tail[OUTPUT_STRANDS];
	uint32_t came; // ever; modulo OUTPUT_STRANDS the strand of the next one to come
	uint32_t went; // likewise, of the first one
};

enum { OVERDUE_ACK_TICKS = 4 };

// Who has stood in the output list for how long; see tcp/overdue_ack.
struct overdue_ack {
	plx_time next_tick;
	uint32_t came_by[OVERDUE_ACK_TICKS]; // how many had come by the last ticks
	uint32_t oldest;		     // of these
	uint32_t looked_at;		     // of those that ever came
	uint32_t cursor
		[OUTPUT_STRANDS]; // of each strand the last one looked at, if it still stands there
	bool is_late;		  // the first in the list is overdue
};

enum { TIME_WAITS_AHEAD = 8 };

// The TIME_WAIT entries that go next, as far as they are known, and the hashes of their keys.
struct time_waits_ahead {
	uint32_t idx[TIME_WAITS_AHEAD];
	uint64_t hash[TIME_WAITS_AHEAD];
	uint32_t first; // place of the oldest
	uint32_t n;
};

enum { PORTS_AHEAD_BITS = 8, PORTS_AHEAD = 1 << PORTS_AHEAD_BITS };

// A connection that is expected to come: the next port to the same destination.
struct port_ahead {
	struct flow_key key;
	uint64_t hash;	    // of the key
	uint64_t port_hash; // of its destination, by which ports are chosen
	uint32_t following; // place of the destination whose turn came after this one's
};

// Each destination has a place of its own, which it may have to share; see tcp/port_alloc.
struct ports_ahead {
	struct port_ahead places[PORTS_AHEAD];
	uint32_t last; // place of the last connection's
};

// The age of TS.Recent is kept in units of 1024 s: 16 bits tell ages up to two years apart.
#define TIMESTAMP_AGE_UNIT_S 1024

// As many as a long turn of a worker leaves behind.
#define SPARE_MBUFS 256

// See tcp/spare_mbufs.h.
struct spare_mbufs {
	struct rte_mbuf *mbufs[SPARE_MBUFS];
	unsigned n;
	unsigned most; // SPARE_MBUFS, less where the pool is small
};

struct tcp_config {
	uint16_t mtu_bytes;
	uint16_t zone;
	uint16_t port_first;
	uint16_t port_last;
	uint16_t burst_segments;
	uint16_t link_bytes; // of the link header, for the layout of offloads
	uint32_t offloads;
	bool answer_nobody;
	bool drop_syn_fin;
	bool rfc5961; // RFC 5961
	enum plx_syn_cookies syn_cookies;
	plx_duration time_wait;
};

// RFC 6056 algorithm 4 keeps its counters apart by destination.
#define PORT_COUNTERS 1024
#define LISTENER_BUCKET_BITS 10
#define LISTENER_BUCKETS (1 << LISTENER_BUCKET_BITS)

// External buffers that may be out at a time. A power of two.
#define EXTERNAL_BLOCKS 4096

struct tcp {
	plx_time now;
	uint32_t now_ms;  // the same, as timestamps count
	uint16_t now_age; // and as their ages do, in TIMESTAMP_AGE_UNIT_S
	struct net *net;
	struct plx_stats *stats;
	struct random *random;
	struct rte_mempool *pool;
	struct spare_mbufs spare;
	struct flow_table *flows;
	struct flow_secret flow_secret;
	// Whom tcp/input was asked about last, or who was made last: a slot that is used again is made anew.
	const struct tcp_conn *heard;
	uint64_t heard_hash; // of its key
	struct pool conns;
	struct timer_wheel *fine;
	struct timer_wheel *coarse;
	struct ready_list ready;   // events wait for the application
	struct output_list output; // something may have to be sent
	struct overdue_ack overdue;
	struct pool send_segments;
	struct pool slabs;
	struct pool externals;
	struct rte_ring *freed_externals; // by whichever core let go of them last
	struct option_profiles profiles;
	struct tcp_config config;
	uint32_t send_reserve;	  // records and slabs that only cutting may take
	bool is_ready_starved;	  // the ready list holds only those that wait for memory
	bool is_output_blocked;	  // the last output ended for want of memory
	uint32_t conns_open;	  // that have not ended
	uint32_t conns_off_wire;  // of those: in no flow table, see CONN_OFF_WIRE
	uint32_t mbuf_low;	  // free mbufs below which payloads are copied together
	uint32_t mbuf_floor;	  // below which the user gets no more: reception needs them
	uint32_t mbufs_free;	  // at least so many, as far as is known
	uint32_t mbufs_uncounted; // taken since they were counted

	struct pool half_open[FAMILIES];
	struct index_list half_open_queue[FAMILIES][TIMING_CLASSES][HALF_OPEN_QUEUES];
	struct timing_class timing_classes[TIMING_CLASSES];
	plx_time half_open_due; // no entry is due before
	struct pool time_wait[FAMILIES];
	struct index_list time_wait_queue[FAMILIES];
	struct time_waits_ahead time_waits_ahead[FAMILIES];
	struct pool listeners;
	uint32_t listener_buckets[LISTENER_BUCKETS];
	plx_time cookies_until; // no SYN cookie is good for longer
	struct siphash_key isn_key;
	struct siphash_key port_key;
	uint32_t port_counters[PORT_COUNTERS];
	struct ports_ahead ports_ahead;
	uint32_t sent[EXTERNAL_BLOCKS]; // blocks whose cookies the user may fetch
	uint32_t sent_head;
	uint32_t sent_tail;
	struct rate_limit challenge_limit;
	struct rate_limit reset_limit;
	bool reset_unlimited;
};

// 0, or -EINVAL, -ENOMEM with a sentence in *error. Everything is allocated here.
int tcp_create(struct tcp *tcp, const struct plx_stack_config *config, struct net *net,
	       struct plx_stats *stats, struct random *random, const char **error);
void tcp_destroy(struct tcp *tcp);

// What tcp_create() will allocate.
size_t tcp_bytes(const struct plx_stack_config *config);

// How many buffers are free, as far as is known; `n` have just come in. Looks when few seem to be left.
void tcp_watch_buffers(struct tcp *tcp, unsigned n);

static inline void tcp_set_time(struct tcp *tcp, plx_time now)
{
	tcp->now = now;
	tcp->now_ms = (uint32_t)duration_to_ms(now);
	tcp->now_age = (uint16_t)(duration_to_s(now) / TIMESTAMP_AGE_UNIT_S);
}

static inline void tcp_count(struct tcp *tcp, enum plx_counter counter)
{
	counter_add(&tcp->stats->counters[counter], 1);
}

static inline void tcp_count_n(struct tcp *tcp, enum plx_counter counter, uint64_t n)
{
	counter_add(&tcp->stats->counters[counter], n);
}

static inline uint32_t entry_make(unsigned kind, uint32_t idx)
{
	return (uint32_t)kind << ENTRY_INDEX_BITS | idx;
}

static inline unsigned entry_kind(uint32_t entry)
{
	return entry >> ENTRY_INDEX_BITS;
}

static inline uint32_t entry_index(uint32_t entry)
{
	return entry & ENTRY_INDEX_MASK;
}

static inline enum family family_of(const struct plx_addr *addr)
{
	return plx_addr_is_ipv4(addr) ? FAMILY_IPV4 : FAMILY_IPV6;
}

static inline struct tcp_conn *conn_at(const struct tcp *tcp, uint32_t idx)
{
	return pool_at(&tcp->conns, idx);
}

static inline uint32_t conn_index(const struct tcp *tcp, const struct tcp_conn *c)
{
	return (uint32_t)(c - (const struct tcp_conn *)(const void *)tcp->conns.objects);
}

static inline int64_t conn_option(const struct tcp *tcp, const struct tcp_conn *c,
				  enum plx_option option)
{
	return option_profile_value(&tcp->profiles, c->profile, option);
}

static inline const struct rtt_bounds *conn_rtt_bounds(const struct tcp *tcp,
						       const struct tcp_conn *c)
{
	return option_profile_rtt_bounds(&tcp->profiles, c->profile);
}

#endif

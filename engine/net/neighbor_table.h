// SPDX-License-Identifier: BSD-3-Clause
//
// The neighbour cache, one for ARP and ND: the states of RFC 4861 7.3.2 with FAILED for a next hop
// that did not answer, remembered for a moment; its timers; the packets that wait for an answer.
// ARP entries live by the same rules (RFC 1122 2.3.2.1: unicast poll). Fixed size; the longest
// unused go. Called by net/arp and net/nd with what they have learned; neighbor.h is for everybody
// else.
#ifndef NET_NEIGHBOR_TABLE_H
#define NET_NEIGHBOR_TABLE_H

#include <assert.h>
#include <stdalign.h>

#include <pollux/stack.h>

#include "base/flow_table.h"
#include "base/list.h"
#include "base/pool.h"
#include "base/siphash.h"
#include "base/timer_wheel.h"
#include "net/interface.h"
#include "wire/ethernet.h"

struct net;

enum {
	NEIGHBOR_HELD_MAX = 128,	// packets waiting for one next hop
	NEIGHBOR_HELD_TOTAL_MAX = 1024, // for all of them, or a sixteenth of the mbuf pool
	NEIGHBOR_TRIES = 3,		// RFC 4861 10: of multicasts, and of unicasts
};

// In an order that makes "usable" one comparison.
enum neighbor_state {
	NEIGHBOR_INCOMPLETE, // being asked for, or nobody has begun to ask
	NEIGHBOR_FAILED,     // did not answer
	NEIGHBOR_STALE,	     // usable; the next use begins to doubt it
	NEIGHBOR_DELAY,	     // usable; waits for TCP to confirm it
	NEIGHBOR_PROBE,	     // usable; being asked by unicast
	NEIGHBOR_REACHABLE,
};

// Names an entry, and cannot dangle: a stale one is answered with NEIGHBOR_GONE.
struct neighbor_ref {
	uint32_t idx; // INDEX_NONE: none yet
	uint32_t generation;
};

struct neighbor {
	struct plx_addr addr;
	uint32_t generation;
	uint8_t state;
	uint8_t tries;		      // solicitations sent in this state
	bool was_used;		      // since the eviction last came by
	bool is_static;		      // configured: REACHABLE for ever
	uint8_t l2[ETH_TAGGED_BYTES]; // the header of frames to it, but for an outer tag
	uint16_t held_count;
	uint16_t held_head; // indexes into `held`
	uint16_t held_tail;
	plx_time since;		// last confirmed; while FAILED: last asked for
	struct index_link link; // in `evictable`
};
static_assert(sizeof(struct neighbor) == CACHE_LINE, "a use costs one line");

struct held_packet {
	struct rte_mbuf *mbuf; // begins at the IP header
	uint32_t neighbor;
	uint32_t next;		// of the same neighbour
	struct index_link link; // in `held_order`
};

struct neighbor_table {
	struct pool entries;
	struct flow_table *by_addr;
	struct timer_wheel *timers;
	struct index_list evictable; // all that are not static; the next to go first
	struct pool held;
	struct index_list held_order; // oldest first
	uint32_t held_max;
	struct siphash_key key;
};

size_t neighbor_table_bytes(const struct plx_stack_config *config);

// NULL, or the sentence that names the wrong field and the remedy.
const char *neighbor_table_check(const struct interface *interface,
				 const struct plx_stack_config *config);

// 0 or -ENOMEM. Takes in the static neighbours.
int neighbor_table_init(struct net *net, const struct plx_stack_config *config);
void neighbor_table_fini(struct net *net); // frees held packets; harmless when all is zero

// INDEX_NONE when there is no entry.
uint32_t neighbor_find(const struct net *net, const struct plx_addr *addr);

// A new INCOMPLETE entry; the address must have none. INDEX_NONE: nothing but static entries.
uint32_t neighbor_begin(struct net *net, const struct plx_addr *addr);

// Ends an entry that is not static; what it held is given up.
void neighbor_remove(struct net *net, uint32_t idx);

// Puts `m`, which begins at the IP header, into the entry's queue; the oldest goes when that is
// full.
void neighbor_hold(struct net *net, uint32_t idx, struct rte_mbuf *m);

// Sends what was held, through the answer queue; or gives it up.
void neighbor_release_held(struct net *net, uint32_t idx);
void neighbor_drop_held(struct net *net, uint32_t idx);

// How a MAC address became known.
enum neighbor_news {
	NEIGHBOR_ASKS,	    // its own request to us: it will want an answer, an entry is made
	NEIGHBOR_ANNOUNCES, // not asked for: only an entry that exists is changed
	NEIGHBOR_ANSWERS,   // what we had asked for: reachable
};

// RFC 826 "merge", RFC 4861 7.2.3 and 7.2.5 with Override set: records `mac`, moves the state,
// releases what was held. False: there is no such entry and none was made.
bool neighbor_learn(struct net *net, const struct plx_addr *addr, const struct mac_addr *mac,
		    enum neighbor_news news, plx_time now);

// REACHABLE becomes STALE (RFC 4861 7.2.5 I a); other states stay.
void neighbor_doubt(struct net *net, uint32_t idx);

// For a packet that meets an INCOMPLETE entry: the first one begins the resolution.
void neighbor_resolve(struct net *net, uint32_t idx, plx_time now);

// For a packet that meets a FAILED entry: asks again, but not more than once a second.
void neighbor_ask_again(struct net *net, uint32_t idx, plx_time now);

// Runs the timers that are due.
void neighbor_poll(struct net *net, plx_time now);

static inline struct neighbor *neighbor_at(const struct neighbor_table *table, uint32_t idx)
{
	return (struct neighbor *)pool_at(&table->entries, idx);
}

static inline struct mac_addr neighbor_mac(const struct neighbor *n)
{
	struct mac_addr mac;

	memcpy(&mac, n->l2, sizeof(mac)); // an Ethernet header begins with the destination
	return mac;
}

// Writes the link header of a frame to it. An outer tag is rare, and would not fit into the line.
static inline void neighbor_write_header(const struct neighbor *n,
					 const struct interface *interface, uint8_t *l2)
{
	if (interface->l2_bytes == ETH_HEADER_BYTES) {
		memcpy(l2, n->l2, ETH_HEADER_BYTES);
	} else if (interface->l2_bytes == ETH_TAGGED_BYTES) {
		memcpy(l2, n->l2, ETH_TAGGED_BYTES);
	} else {
		memcpy(l2, n->l2, 2 * ETH_ADDR_BYTES);
		eth_outer_tag_build(l2 + 2 * ETH_ADDR_BYTES, interface->outer_vlan);
		memcpy(l2 + 2 * ETH_ADDR_BYTES + VLAN_TAG_BYTES, n->l2 + 2 * ETH_ADDR_BYTES,
		       ETH_TAGGED_BYTES - 2 * ETH_ADDR_BYTES);
	}
}

static inline bool neighbor_is_usable(const struct neighbor *n)
{
	return n->state >= NEIGHBOR_STALE;
}

#endif

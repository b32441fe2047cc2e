// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 6056 3.3.4, algorithm 4: the offset is a keyed hash of addresses and remote port, the counter one of a
// table chosen by another part of that hash, so that ports for one destination go up by one each time
// and tell nothing of those for another.
// Called by tcp/user.
#include "tcp/port_alloc.h"

#include <errno.h>

#include "tcp/dispatch.h"
#include "tcp/isn.h"

// Ports to look at for one that is quite free before one in TIME_WAIT will do.
enum { FREE_TRIES = 64, TRIES = 4096 };

// So many connections ahead a bucket is fetched for good.
enum { PORTS_SOON = 2 };

bool tuple_is_free(const struct tcp *tcp, struct tuple *tuple)
{
	uint32_t entry;

	tuple->hash = flow_hash(&tcp->flow_secret, &tuple->key);
	entry = dispatch_find(tcp, &tuple->key, tuple->hash);
	tuple->time_wait = entry;
	return entry == INDEX_NONE || entry_kind(entry) >= ENTRY_TIME_WAIT;
}

// Where this connection was expected; the next expected one, when it was not.
static uint32_t place_of(const struct ports_ahead *ahead, uint64_t hash)
{
	if (likely(ahead->hashes[ahead->next % PORTS_AHEAD] == hash))
		return ahead->next;
	for (uint32_t place = ahead->end - PORTS_AHEAD; place != ahead->end; place++)
		if (ahead->hashes[place % PORTS_AHEAD] == hash)
			return place;
	return ahead->next;
}

// The next connection to the same place will most likely get the next port; and connections to several places follow
// each other as the ones before did. What is fetched when it is expected may be gone when its turn comes, so it is
// fetched once more shortly before.
static void expect_next(struct tcp *tcp, const struct tuple *tuple)
{
	struct ports_ahead *ahead = &tcp->ports_ahead;
	struct flow_key next;
	uint64_t hash;

	flow_key_copy(&next, &tuple->key);
	ahead->next = place_of(ahead, tuple->hash) + 1;
	flow_table_prefetch(tcp->flows, ahead->hashes[(ahead->next + PORTS_SOON) % PORTS_AHEAD]);
	flow_key_set_ports(&next, (uint16_t)(next.local_port + 1), next.remote_port, next.zone);
	hash = flow_hash(&tcp->flow_secret, &next);
	flow_table_prefetch(tcp->flows, hash);
	ahead->hashes[ahead->end++ % PORTS_AHEAD] = hash;
}

int port_alloc(struct tcp *tcp, struct tuple *tuple)
{
	uint32_t range = (uint32_t)tcp->config.port_last - tcp->config.port_first + 1;
	struct flow_key destination;
	struct tuple in_time_wait = {.time_wait = INDEX_NONE};
	uint32_t *counter;
	uint32_t start;
	uint64_t f;

	flow_key_copy(&destination, &tuple->key);
	flow_key_set_ports(&destination, 0, destination.remote_port, destination.zone);
	f = isn_hash_tuple(&destination, &tcp->port_key);
	counter = &tcp->port_counters[(f >> 32) % PORT_COUNTERS];
	if (*counter >= range)
		*counter %= range;					    // it begins anywhere
	start = (uint32_t)((uint64_t)(uint32_t)f * range >> 32) + *counter; // both below the range
	start = start < range ? start : start - range;
	// Bounded, or a user that tries again and again would stop the core; the counter goes on from here.
	for (uint32_t tried = 0; tried < range && tried < TRIES; tried++) {
		uint32_t offset = start + tried < range ? start + tried : start + tried - range;

		flow_key_set_ports(&tuple->key, (uint16_t)(tcp->config.port_first + offset),
				   destination.remote_port, destination.zone);
		*counter = *counter + 1 < range ? *counter + 1 : 0;
		if (tuple_is_free(tcp, tuple)) {
			if (tuple->time_wait == INDEX_NONE) {
				expect_next(tcp, tuple);
				return 0;
			}
			if (in_time_wait.time_wait == INDEX_NONE)
				in_time_wait = *tuple;
		}
		if (tried >= FREE_TRIES && in_time_wait.time_wait != INDEX_NONE)
			break;
	}
	if (in_time_wait.time_wait == INDEX_NONE)
		return -EADDRNOTAVAIL;
	*tuple = in_time_wait;
	return 0;
}

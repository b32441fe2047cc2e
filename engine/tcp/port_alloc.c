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
#include "wire/addr.h"

// Ports to look at for one that is quite free before one in TIME_WAIT will do.
enum { FREE_TRIES = 64, TRIES = 4096 };

// So many connections ahead a bucket is fetched for good.
enum { PORTS_SOON = 2 };

// `tuple->hash` is set.
static bool is_free(const struct tcp *tcp, struct tuple *tuple)
{
	uint32_t entry = dispatch_find(tcp, &tuple->key, tuple->hash);

	tuple->time_wait = entry;
	return entry == INDEX_NONE || entry_kind(entry) >= ENTRY_TIME_WAIT;
}

bool tuple_is_free(const struct tcp *tcp, struct tuple *tuple)
{
	tuple->hash = flow_hash(&tcp->flow_secret, &tuple->key);
	return is_free(tcp, tuple);
}

static bool has_destination(const struct port_ahead *ahead, const struct flow_key *key)
{
	return addr_is_equal(&ahead->key.local, &key->local)
		&& addr_is_equal(&ahead->key.remote, &key->remote)
		&& ahead->key.remote_port == key->remote_port && ahead->key.zone == key->zone;
}

// Each part by a multiplier of its own: neighbours in one of them lie apart, and sums of several do not coincide.
static uint32_t place_of(const struct flow_key *key)
{
	uint64_t mixed = address_low(&key->local) * UINT64_C(0x9E3779B97F4A7C15)
		^ address_high(&key->local) * UINT64_C(0xC2B2AE3D27D4EB4F)
		^ address_low(&key->remote) * UINT64_C(0xD6E8FEB86659FD93)
		^ address_high(&key->remote) * UINT64_C(0xA0761D6478BD642F)
		^ key->remote_port * UINT64_C(0xE7037ED1A0B428DB);

	return (uint32_t)(mixed >> (64 - PORTS_AHEAD_BITS));
}

bool port_alloc_knows(const struct tcp *tcp, const struct flow_key *key)
{
	// A place that nobody has taken is all zero, and so may be what a careless user asks for.
	return key->remote_port != 0
		&& has_destination(&tcp->ports_ahead.places[place_of(key)], key);
}

// The next connection to the same destination will most likely get the next port; and connections to several
// follow each other as the ones before did. What is fetched when it is expected may be gone when its turn
// comes, so it is fetched once more shortly before.
static void expect_next(struct tcp *tcp, const struct tuple *tuple, uint32_t place,
			uint64_t port_hash)
{
	struct ports_ahead *ahead = &tcp->ports_ahead;
	struct port_ahead *next = &ahead->places[place];
	uint32_t soon = place;

	ahead->places[ahead->last].following = place;
	ahead->last = place;
	for (unsigned i = 0; i < PORTS_SOON; i++)
		soon = ahead->places[soon].following;
	flow_table_prefetch(tcp->flows, ahead->places[soon].hash);
	flow_key_copy(&next->key, &tuple->key);
	flow_key_set_ports(&next->key, (uint16_t)(tuple->key.local_port + 1),
			   tuple->key.remote_port, tuple->key.zone);
	next->hash = flow_hash(&tcp->flow_secret, &next->key);
	next->port_hash = port_hash;
	flow_table_prefetch(tcp->flows, next->hash);
}

static uint64_t port_hash_of(const struct tcp *tcp, const struct flow_key *key)
{
	struct flow_key destination;

	flow_key_copy(&destination, key);
	flow_key_set_ports(&destination, 0, key->remote_port, key->zone);
	return isn_hash_tuple(&destination, &tcp->port_key);
}

int port_alloc(struct tcp *tcp, struct tuple *tuple)
{
	uint32_t range = (uint32_t)tcp->config.port_last - tcp->config.port_first + 1;
	uint32_t place = place_of(&tuple->key);
	const struct port_ahead *expected = &tcp->ports_ahead.places[place];
	bool is_expected = has_destination(expected, &tuple->key);
	uint64_t f = is_expected ? expected->port_hash : port_hash_of(tcp, &tuple->key);
	struct flow_key *key = &tuple->key;
	struct tuple in_time_wait = {.time_wait = INDEX_NONE};
	uint32_t *counter;
	uint32_t start;

	counter = &tcp->port_counters[(f >> 32) % PORT_COUNTERS];
	if (*counter >= range)
		*counter %= range;					    // it begins anywhere
	start = (uint32_t)((uint64_t)(uint32_t)f * range >> 32) + *counter; // both below the range
	start = start < range ? start : start - range;
	// Bounded, or a user that tries again and again would stop the core; the counter goes on from here.
	for (uint32_t tried = 0; tried < range && tried < TRIES; tried++) {
		uint32_t offset = start + tried < range ? start + tried : start + tried - range;

		flow_key_set_ports(key, (uint16_t)(tcp->config.port_first + offset),
				   key->remote_port, key->zone);
		*counter = *counter + 1 < range ? *counter + 1 : 0;
		tuple->hash = is_expected && expected->key.local_port == key->local_port
			? expected->hash
			: flow_hash(&tcp->flow_secret, key);
		if (is_free(tcp, tuple)) {
			if (tuple->time_wait == INDEX_NONE) {
				expect_next(tcp, tuple, place, f);
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
	expect_next(tcp, tuple, place, f);
	return 0;
}

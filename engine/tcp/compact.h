// SPDX-License-Identifier: BSD-3-Clause
//
// The tuple of a connection in a compact entry: ports, zone, and addresses of 4 or 16 bytes at its end.
// What half-open and TIME_WAIT entries share.
// Called by tcp/half_open and tcp/time_wait.
#ifndef TCP_COMPACT_H
#define TCP_COMPACT_H

#include <string.h>

#include "tcp/tcp.h"
#include "wire/addr.h"

struct compact_ports {
	uint16_t local_port;
	uint16_t remote_port;
	uint16_t zone;
};

union compact_addresses {
	struct {
		uint8_t local[4];
		uint8_t remote[4];
	} ipv4;
	struct {
		struct plx_addr local;
		struct plx_addr remote;
	} ipv6;
};

static inline size_t compact_addresses_bytes(enum family family)
{
	union compact_addresses *addresses = NULL;

	return family == FAMILY_IPV4 ? sizeof(addresses->ipv4) : sizeof(addresses->ipv6);
}

static inline void compact_store(struct compact_ports *ports, union compact_addresses *addresses,
				 const struct flow_key *key)
{
	*ports = (struct compact_ports){key->local_port, key->remote_port, key->zone};
	if (family_of(&key->remote) == FAMILY_IPV4) {
		memcpy(addresses->ipv4.local, key->local.bytes + 12, 4);
		memcpy(addresses->ipv4.remote, key->remote.bytes + 12, 4);
	} else {
		addresses->ipv6.local = key->local;
		addresses->ipv6.remote = key->remote;
	}
}

static inline struct flow_key compact_key(const struct compact_ports *ports,
					  const union compact_addresses *addresses,
					  enum family family)
{
	struct flow_key key;

	flow_key_set_ports(&key, ports->local_port, ports->remote_port, ports->zone);
	if (family == FAMILY_IPV4) {
		key.local = addr_of_ipv4_bytes(addresses->ipv4.local);
		key.remote = addr_of_ipv4_bytes(addresses->ipv4.remote);
	} else {
		key.local = addresses->ipv6.local;
		key.remote = addresses->ipv6.remote;
	}
	return key;
}

// Is it that tuple? Compared where it lies: a key made of it would be read as a whole just after it was
// stored in parts.
static inline bool compact_is(const struct compact_ports *ports,
			      const union compact_addresses *addresses, enum family family,
			      const struct flow_key *key)
{
	if (ports->local_port != key->local_port || ports->remote_port != key->remote_port
	    || ports->zone != key->zone || family_of(&key->remote) != family)
		return false;
	if (family == FAMILY_IPV4)
		return memcmp(addresses->ipv4.local, key->local.bytes + 12, 4) == 0
			&& memcmp(addresses->ipv4.remote, key->remote.bytes + 12, 4) == 0;
	return memcmp(&addresses->ipv6.local, &key->local, sizeof(key->local)) == 0
		&& memcmp(&addresses->ipv6.remote, &key->remote, sizeof(key->remote)) == 0;
}

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 6056 3.3.4, algorithm 4: the offset is a keyed hash of addresses and remote port, the counter one of a
// table chosen by another part of that hash, so that ports for one destination go up by one each time
// and tell nothing of those for another.
// Called by tcp/user.
#include "tcp/port_alloc.h"

#include <errno.h>

#include "tcp/dispatch.h"

int port_alloc(struct tcp *tcp, struct flow_key *key, uint64_t *hash)
{
	uint32_t range = (uint32_t)tcp->config.port_last - tcp->config.port_first + 1;
	struct flow_key destination = *key;
	uint32_t *counter;
	uint64_t f;

	destination.local_port = 0;
	f = siphash(&destination, sizeof(destination), &tcp->port_key);
	counter = &tcp->port_counters[(f >> 32) % PORT_COUNTERS];
	for (uint32_t tried = 0; tried < range; tried++) {
		key->local_port =
			(uint16_t)(tcp->config.port_first + ((uint32_t)f + (*counter)++) % range);
		*hash = flow_hash(&tcp->flow_secret, key);
		if (dispatch_find(tcp, key, *hash) == INDEX_NONE)
			return 0;
	}
	return -EADDRNOTAVAIL;
}

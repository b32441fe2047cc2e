// SPDX-License-Identifier: BSD-3-Clause
//
// The tuple of an active open, and its ephemeral port (RFC 6056).
// Called by tcp/user.
#ifndef TCP_PORT_ALLOC_H
#define TCP_PORT_ALLOC_H

#include "tcp/tcp.h"

struct tuple {
	struct flow_key key;
	uint64_t hash;
	uint32_t time_wait; // entry that is in its place and may be taken over, or INDEX_NONE
};

// Fills in hash and time_wait. False when a connection is using it.
bool tuple_is_free(const struct tcp *tcp, struct tuple *tuple);

// Whether connections of these ends, but for our port, have begun before: so one may do so from here to there.
bool port_alloc_knows(const struct tcp *tcp, const struct flow_key *key);

// Chooses key.local_port, the rest of the key being given: one nobody remembers, or if there are hardly any
// one that is in TIME_WAIT. 0, or -EADDRNOTAVAIL.
int port_alloc(struct tcp *tcp, struct tuple *tuple);

#endif

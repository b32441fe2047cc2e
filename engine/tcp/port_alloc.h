// SPDX-License-Identifier: BSD-3-Clause
//
// Ephemeral ports (RFC 6056): hard to guess, and not reused sooner than need be.
// Called by tcp/user for an active open.
#ifndef TCP_PORT_ALLOC_H
#define TCP_PORT_ALLOC_H

#include "tcp/tcp.h"

// Sets key->local_port to one whose tuple is free, and *hash. 0, or -EADDRNOTAVAIL when none is left for
// this local address and remote address and port.
int port_alloc(struct tcp *tcp, struct flow_key *key, uint64_t *hash);

#endif

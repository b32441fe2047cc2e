// SPDX-License-Identifier: BSD-3-Clause
//
// Who answers a segment: a table by the state it finds, total by construction.
// Called by stack/input for every segment that has parsed and verified.
#ifndef TCP_DISPATCH_H
#define TCP_DISPATCH_H

#include "tcp/segment.h"
#include "tcp/tcp.h"

// The entry of the flow table with this key; INDEX_NONE: no connection.
uint32_t dispatch_find(const struct tcp *tcp, const struct flow_key *key, uint64_t hash);

enum verdict dispatch_segment(struct tcp *tcp, struct segment *seg);

// The two steps in which a burst brings nearer what its segments will touch, each when what the one before asked for
// has come: the entry that the flow table most likely means; and what a control block names in its turn.
void dispatch_prefetch(const struct tcp *tcp, struct segment *seg);
void dispatch_prefetch_more(const struct tcp *tcp, const struct segment *seg);

#endif

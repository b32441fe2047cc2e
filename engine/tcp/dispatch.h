// SPDX-License-Identifier: BSD-3-Clause
//
// Who answers a segment: a table by the state it finds, total by construction.
// Called by stack/input for every segment that has parsed and verified.
#ifndef TCP_DISPATCH_H
#define TCP_DISPATCH_H

#include <rte_branch_prediction.h>

#include "tcp/input_fast.h"
#include "tcp/segment.h"
#include "tcp/tcp.h"

// The entry of the flow table with this key; INDEX_NONE: no connection.
uint32_t dispatch_find(const struct tcp *tcp, const struct flow_key *key, uint64_t hash);

// The two steps in which a burst brings nearer what its segments will touch, each when what the one before
// asked for has come: the entry that the flow table most likely means; and what a control block names in its
// turn.
void dispatch_prefetch(const struct tcp *tcp, struct segment *seg);
void dispatch_prefetch_more(const struct tcp *tcp, const struct segment *seg);

// Brings the key, whose addresses are set, and its hash in order.
static inline void dispatch_address(const struct tcp *tcp, struct segment *seg)
{
	flow_key_set_ports(&seg->key, seg->tcp.dst_port, seg->tcp.src_port, tcp->config.zone);
	seg->hash = flow_hash(&tcp->flow_secret, &seg->key);
}

// By the table dispatch.def alone, whatever the segment and whom it finds.
enum verdict dispatch_by_table(struct tcp *tcp, struct segment *seg);

// For a segment of which that has said SEGMENT_UNJUDGED, once its source is judged: it belongs to nobody.
enum verdict dispatch_stranger(struct tcp *tcp, struct segment *seg);

// What the table says of nearly every segment there is (row ESTABLISHED, column ACK), without asking it, and
// without looking for its connection again: an established one is in the flow table, and there is one of a
// key.
static inline bool is_ordinary(const struct tcp *tcp, const struct segment *seg)
{
	const struct tcp_conn *c;

	if ((seg->tcp.flags & ~TCP_PSH) != TCP_ACK || entry_kind(seg->candidate) != ENTRY_CONN)
		return false;
	c = conn_at(tcp, seg->candidate);
	return c->state == PLX_STATE_ESTABLISHED && !conn_has(c, CONN_RST_OWED | CONN_OFF_WIRE)
		&& flow_key_is_equal(&c->key, &seg->key);
}

static inline enum verdict dispatch_segment(struct tcp *tcp, struct segment *seg)
{
	if (likely(is_ordinary(tcp, seg)))
		return input_fast(tcp, conn_at(tcp, seg->candidate), seg->candidate, seg);
	return dispatch_by_table(tcp, seg);
}

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// A received TCP segment on its way through the engine, and what becomes of it. stack/ fills it in
// from the frame; the room that keeps or reuses the mbuf takes it out (mbuf = NULL).
// Passed to every room that a segment can reach.
#ifndef TCP_SEGMENT_H
#define TCP_SEGMENT_H

#include "base/flow_key.h"
#include "tcp/seq.h"
#include "wire/tcp.h"

// The fate of the frame it came in. The books count exactly one per frame.
enum verdict {
	SEGMENT_CONSUMED, // by a connection
	SEGMENT_ANSWERED, // without one
	SEGMENT_DROPPED,  // for the reason in `drop`
	SEGMENT_UNJUDGED, // none yet: there is no connection, and who sent it was not looked at
};

struct segment {
	struct rte_mbuf *mbuf;	 // NULL once somebody has taken it
	uint32_t payload_offset; // in the mbuf
	uint32_t len_bytes;	 // of the payload that is left of it
	struct tcp_header tcp;
	enum plx_drop drop;
	uint8_t ecn;	// codepoint of its IP header (RFC 3168 5)
	bool had_text;	// taken off, a window of zero having no room for it
	bool had_syn;	// taken off: its window is not scaled (RFC 7323 2.2)
	bool is_judged; // its source is known to be good; that of a connection is
	// Entry of the flow table that is most likely meant: prefetched, and taken if its key is ours; INDEX_NONE.
	uint32_t candidate;
	uint32_t version; // of its bucket then: while that stays, there is no other entry
	uint64_t hash;
	struct flow_key key; // local is its destination
};

// What `tcp` and the addresses of `key` do not say: `payload_bytes` of IP begin with the TCP header at `offset`.
static inline void segment_begin(struct segment *seg, struct rte_mbuf *mbuf, uint32_t offset,
				 uint32_t payload_bytes)
{
	seg->mbuf = mbuf;
	seg->payload_offset = offset + seg->tcp.header_bytes;
	seg->len_bytes = payload_bytes - seg->tcp.header_bytes;
	seg->drop = PLX_DROP_NONE;
	seg->had_text = false;
	seg->had_syn = false;
}

// SEG.LEN of RFC 9293 3.3.1: SYN and FIN count.
static inline uint32_t segment_len(const struct segment *seg)
{
	return seg->len_bytes + ((seg->tcp.flags & TCP_SYN) != 0)
		+ ((seg->tcp.flags & TCP_FIN) != 0);
}

static inline bool segment_has(const struct segment *seg, unsigned flags)
{
	return (seg->tcp.flags & flags) != 0;
}

static inline enum verdict segment_drop(struct segment *seg, enum plx_drop reason)
{
	seg->drop = reason;
	return SEGMENT_DROPPED;
}

#endif

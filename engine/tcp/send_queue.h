// SPDX-License-Identifier: BSD-3-Clause
//
// What the user has sent and the peer has not acknowledged, as a chain of records. A record is a run of
// bytes in one buffer: a slab block (small payloads), an mbuf (larger ones) or external memory.
// Links and per-segment facts stand here, beside the buffer, never in the mbuf, which a driver may hold.
// Filled by tcp/user, cut into segments by tcp/output, shortened by tcp/ack and tcp/ordinary_ack.
#ifndef TCP_SEND_QUEUE_H
#define TCP_SEND_QUEUE_H

#include <pollux/conn.h>

#include "tcp/tcp.h"
#include "wire/ethernet.h"
#include "wire/tcp.h"

enum {
	SLAB_BYTES =
		256, // payloads up to this are copied per transmission: cheaper than reference counts
	// In front of payload that may be sent in place: link, IPv6 and TCP header at their longest.
	SEND_HEADROOM_BYTES = ETH_HEADER_MAX_BYTES + 40 + TCP_HEADER_MAX_BYTES,
};
static_assert(SLAB_BYTES % CACHE_LINE == 0, "a block begins a line");
static_assert(SEND_HEADROOM_BYTES <= RTE_PKTMBUF_HEADROOM, "headers are written in front in place");

enum send_kind { SEND_SLAB, SEND_MBUF, SEND_EXTERNAL };

enum send_flag {
	SEND_RESENT = 1u << 0,	 // sent more than once: no RTT sample (Karn)
	SEND_OWN_COPY = 1u << 1, // the mbuf was filled by us and may be filled up
};

struct send_segment {
	uint32_t next;
	uint32_t seq;
	uint32_t len_bytes;
	uint32_t offset; // of the first byte: in the slab, in the mbuf's buffer, or 0
	union {
		struct rte_mbuf *mbuf;
		const uint8_t *external;
		uint32_t slab;
	};
	plx_time sent_at;
	uint32_t external_idx; // of the block that counts who refers to external memory
	uint8_t kind;
	uint8_t flags;
};
static_assert(sizeof(struct send_segment) <= 40, "a record per segment in flight");

// External memory that the user wants back: one call of plx_send_external().
struct send_external {
	struct rte_mbuf_ext_shared_info shared; // counted by the records, and by mbufs at drivers
	uint64_t cookie;
	plx_conn conn;
	struct rte_ring *freed;
	uint32_t idx;
};

// The block of all memory that nobody wants back: the stack holds it as long as it lives.
#define EXTERNAL_PERMANENT 0

// Takes over what drivers and acknowledgements have given back since, and raises SENT.
void send_external_collect(struct tcp *tcp);

// A block with one reference.
void send_external_init(struct tcp *tcp, uint32_t idx, uint64_t cookie, plx_conn conn);

static inline struct send_segment *send_segment_at(const struct tcp *tcp, uint32_t idx)
{
	return pool_at(&tcp->send_segments, idx);
}

void send_queue_init(struct send_queue *queue);

// Each appends at most `len_bytes` and returns how many bytes fitted into the stack's memory: the send
// buffer's bound is the caller's.
uint32_t send_queue_append_copy(struct tcp *tcp, struct tcp_conn *c, const uint8_t *data,
				uint32_t len_bytes);
uint32_t send_queue_append_external(struct tcp *tcp, struct tcp_conn *c,
				    const struct plx_external *external, uint32_t len_bytes);

// Takes over the mbuf. 0 or -EAGAIN (no record); then it is still the caller's.
int send_queue_append_mbuf(struct tcp *tcp, struct tcp_conn *c, struct rte_mbuf *mbuf);

// Makes a record end after `len_bytes` of it, the rest following in a record of its own. False when
// there is no memory for that.
bool send_queue_split(struct tcp *tcp, struct tcp_conn *c, uint32_t idx, uint32_t len_bytes);

// What an acknowledgement told about the records it frees.
struct send_queue_freed {
	plx_time
		sent_at; // of the oldest record freed as a whole, or of a segment of it; void without
	bool has_sent_at;
	bool was_head_resent; // that one was sent more than once
	bool was_resent;      // any of them was
};

// Frees what lies before `ack`.
void send_queue_acknowledge(struct tcp *tcp, struct tcp_conn *c, uint32_t ack,
			    struct send_queue_freed *freed);

// The record that holds `seq`; INDEX_NONE beyond the end.
uint32_t send_queue_find(const struct tcp *tcp, const struct tcp_conn *c, uint32_t seq);

// Frees everything.
void send_queue_clear(struct tcp *tcp, struct tcp_conn *c);

static inline uint8_t *send_slab_data(const struct tcp *tcp, const struct send_segment *seg)
{
	return (uint8_t *)pool_at(&tcp->slabs, seg->slab) + seg->offset;
}

// Fetches the first `len_bytes` of a slab block, to be read or written.
static inline void send_slab_prefetch(const struct tcp *tcp, uint32_t slab, uint32_t len_bytes)
{
	const uint8_t *bytes = pool_at(&tcp->slabs, slab);

	__builtin_prefetch(bytes, 1);
	for (uint32_t at = CACHE_LINE; __builtin_expect(at < len_bytes, 0); at += CACHE_LINE)
		__builtin_prefetch(bytes + at, 1);
}

// Fetches a record, which may lie in two lines.
static inline void send_segment_prefetch(const struct tcp *tcp, uint32_t idx)
{
	const struct send_segment *seg = send_segment_at(tcp, idx);

	__builtin_prefetch(seg, 1);
	__builtin_prefetch(&seg->flags, 1);
}

// Address of a record's bytes.
const uint8_t *send_segment_data(const struct tcp *tcp, const struct send_segment *seg);

// Is there memory for another record, whatever its kind?
static inline bool send_queue_has_memory(const struct tcp *tcp)
{
	return pool_available(&tcp->send_segments) > tcp->send_reserve
		&& pool_available(&tcp->slabs) > tcp->send_reserve
		&& pool_available(&tcp->externals) > 0 && tcp->mbufs_free > tcp->mbuf_floor;
}

// Bytes queued and not sent yet.
uint32_t send_queue_unsent(const struct tcp *tcp, const struct tcp_conn *c);

#endif

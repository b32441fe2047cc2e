// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.10.7: what a segment finds, a control block, a compact entry, a listener or nothing, and the table
// dispatch.def that names who answers. The table is total by construction: a row lacks no column, the
// states lack no row.
// Called by stack/input.
#include "tcp/dispatch.h"

#include <rte_branch_prediction.h>

#include "tcp/half_open.h"
#include "tcp/input.h"
#include "tcp/input_fast.h"
#include "tcp/input_listen.h"
#include "tcp/input_syn_sent.h"
#include "tcp/listener.h"
#include "tcp/reset.h"
#include "tcp/send_queue.h"
#include "tcp/time_wait.h"

static inline bool conn_is(const struct tcp *tcp, uint32_t entry, const struct flow_key *key)
{
	return flow_key_is_equal(&conn_at(tcp, entry_index(entry))->key, key);
}

static inline bool matches(uint32_t entry, const void *key, void *ctx)
{
	const struct tcp *tcp = ctx;
	unsigned kind = entry_kind(entry);

	if (__builtin_expect(kind == ENTRY_CONN, 1))
		return conn_is(tcp, entry, key);
	return kind < ENTRY_TIME_WAIT ? half_open_is(tcp, entry, key)
				      : time_wait_is(tcp, entry, key);
}

uint32_t dispatch_find(const struct tcp *tcp, const struct flow_key *key, uint64_t hash)
{
	return flow_table_find(tcp->flows, hash, matches, key, (void *)(uintptr_t)tcp);
}

void dispatch_prefetch(const struct tcp *tcp, struct segment *seg)
{
	uint32_t entry = flow_table_first_candidate(tcp->flows, seg->hash);
	unsigned kind;

	seg->candidate = entry;
	seg->version = flow_table_version(tcp->flows, seg->hash);
	if (entry == INDEX_NONE)
		return;
	kind = entry_kind(entry);
	if (likely(kind == ENTRY_CONN)) {
		timer_prefetch(tcp->fine, entry_index(entry));
		conn_prefetch(conn_at(tcp, entry_index(entry)));
	} else if (kind < ENTRY_TIME_WAIT) {
		__builtin_prefetch(
			pool_at(&tcp->half_open[kind - ENTRY_HALF_OPEN], entry_index(entry)));
	} else {
		__builtin_prefetch(
			pool_at(&tcp->time_wait[kind - ENTRY_TIME_WAIT], entry_index(entry)));
	}
}

// What it acknowledges, and what the user keeps for it.
void dispatch_prefetch_more(const struct tcp *tcp, const struct segment *seg)
{
	const struct tcp_conn *c;

	if (seg->candidate == INDEX_NONE || entry_kind(seg->candidate) != ENTRY_CONN)
		return;
	c = conn_at(tcp, entry_index(seg->candidate));
	if (c->queue.head != INDEX_NONE)
		send_segment_prefetch(tcp, c->queue.head);
	__builtin_prefetch(c->user);
}

// What was found: one of these, or nothing.
struct target {
	struct tcp_conn *c;
	struct listener *listener;
	uint32_t entry;
};

typedef enum verdict (*answer_fn)(struct tcp *, const struct target *, struct segment *);

static enum verdict ignored(struct tcp *tcp, const struct target *target, struct segment *seg)
{
	(void)tcp;
	if (!segment_has(seg, TCP_RST) || segment_has(seg, TCP_SYN))
		return segment_drop(seg, PLX_DROP_TCP_FLAGS);
	if (target->entry == INDEX_NONE)
		return segment_drop(seg, PLX_DROP_TCP_RST_NO_CONNECTION);
	// DEVIATION RFC 9293 3.10.7.4 second: RFC 1337 3 (F1), a RST does not end TIME-WAIT.
	return segment_drop(seg,
			    target->c != NULL && target->c->state == PLX_STATE_SYN_SENT
				    ? PLX_DROP_TCP_RST_SEQUENCE
				    : PLX_DROP_TCP_TIME_WAIT);
}

static enum verdict nobody(struct tcp *tcp, const struct target *target, struct segment *seg)
{
	(void)target;
	return input_closed(tcp, seg);
}

static enum verdict listener_syn(struct tcp *tcp, const struct target *target, struct segment *seg)
{
	return input_listen_syn(tcp, target->listener, seg, INDEX_NONE);
}

static enum verdict listener_ack(struct tcp *tcp, const struct target *target, struct segment *seg)
{
	return input_listen_ack(tcp, target->listener, seg);
}

static enum verdict listener_none(struct tcp *tcp, const struct target *target, struct segment *seg)
{
	(void)tcp;
	(void)target;
	return segment_drop(seg, PLX_DROP_TCP_FLAGS); // fourth
}

static enum verdict syn_sent(struct tcp *tcp, const struct target *target, struct segment *seg)
{
	return input_syn_sent(tcp, target->c, seg);
}

static enum verdict predicted(struct tcp *tcp, const struct target *target, struct segment *seg)
{
	return input_fast(tcp, target->c, target->entry, seg);
}

static enum verdict arrived(struct tcp *tcp, const struct target *target, struct segment *seg)
{
	return tcp_input(tcp, target->c, seg);
}

// A SYN for a connection in TIME_WAIT that only its user keeps: the same rules as for an entry.
static enum verdict held(struct tcp *tcp, const struct target *target, struct segment *seg)
{
	if (!conn_may_vanish(target->c))
		return tcp_input(tcp, target->c, seg);
	time_wait_let_go(tcp, target->c);
	return dispatch_by_table(tcp, seg);
}

static enum verdict half_open(struct tcp *tcp, const struct target *target, struct segment *seg)
{
	return half_open_input(tcp, target->entry, seg);
}

static enum verdict time_wait(struct tcp *tcp, const struct target *target, struct segment *seg)
{
	return time_wait_input(tcp, target->entry, seg);
}

enum row {
#define X(state, syn, syn_ack, ack, rst, rst_ack, none) ROW_##state,
#include "tcp/dispatch.def"
#undef X
	ROWS
};

// A control block's state is its row.
#define ROW_IS(state) static_assert((int)ROW_##state == (int)PLX_STATE_##state, "same order")
ROW_IS(CLOSED);
ROW_IS(LISTEN);
ROW_IS(SYN_SENT);
ROW_IS(SYN_RECEIVED);
ROW_IS(ESTABLISHED);
ROW_IS(FIN_WAIT_1);
ROW_IS(FIN_WAIT_2);
ROW_IS(CLOSE_WAIT);
ROW_IS(CLOSING);
ROW_IS(LAST_ACK);
ROW_IS(TIME_WAIT);

enum column { SYN, SYN_ACK, ACK, RST, RST_ACK, NONE, COLUMNS };

static const answer_fn table[ROWS][COLUMNS] = {
#define X(state, syn, syn_ack, ack, rst, rst_ack, none) {syn, syn_ack, ack, rst, rst_ack, none},
#include "tcp/dispatch.def"
#undef X
};

// By the flags SYN, RST and ACK. SYN with RST is a RST: 3.10.7 looks at that first.
static inline enum column column_of(const struct segment *seg)
{
	static const uint8_t columns[] = {
		[0] = NONE,
		[TCP_SYN] = SYN,
		[TCP_RST] = RST,
		[TCP_RST | TCP_SYN] = RST,
		[TCP_ACK] = ACK,
		[TCP_ACK | TCP_SYN] = SYN_ACK,
		[TCP_ACK | TCP_RST] = RST_ACK,
		[TCP_ACK | TCP_RST | TCP_SYN] = RST_ACK,
	};

	return (enum column)columns[seg->tcp.flags & (TCP_SYN | TCP_RST | TCP_ACK)];
}

enum verdict dispatch_stranger(struct tcp *tcp, struct segment *seg)
{
	struct target target = {
		.listener = listener_find(tcp, &seg->key.local, seg->key.local_port),
		.entry = INDEX_NONE,
	};
	enum row row = target.listener != NULL ? ROW_LISTEN : ROW_CLOSED;

	return table[row][column_of(seg)](tcp, &target, seg);
}

// What was fetched is still what is meant, unless the bucket has changed since, or its tag means another flow.
static inline uint32_t entry_of(struct tcp *tcp, const struct segment *seg)
{
	if (likely(flow_table_version(tcp->flows, seg->hash) == seg->version
		   && (seg->candidate == INDEX_NONE || matches(seg->candidate, &seg->key, tcp))))
		return seg->candidate;
	return dispatch_find(tcp, &seg->key, seg->hash);
}

enum verdict dispatch_by_table(struct tcp *tcp, struct segment *seg)
{
	struct target target = {.entry = entry_of(tcp, seg)};
	enum row row;

	if (target.entry == INDEX_NONE)
		return seg->is_judged ? dispatch_stranger(tcp, seg) : SEGMENT_UNJUDGED;
	if (entry_kind(target.entry) >= ENTRY_TIME_WAIT) {
		row = ROW_TIME_WAIT_ENTRY;
	} else if (entry_kind(target.entry) >= ENTRY_HALF_OPEN) {
		row = ROW_HALF_OPEN_ENTRY;
	} else {
		target.c = conn_at(tcp, entry_index(target.entry));
		if (conn_has(target.c, CONN_RST_OWED)) // the RST goes out in this iteration
			return segment_drop(seg, PLX_DROP_TCP_CLOSED_DATA);
		row = (enum row)target.c->state;
	}
	return table[row][column_of(seg)](tcp, &target, seg);
}

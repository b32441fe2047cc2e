// SPDX-License-Identifier: BSD-3-Clause
//
// From an entry's kind and state to the room that answers. SYN flags that make no sense in any state are
// settled here; everything else by the room, in the RFC's order.
// Called by stack/demux.
#include "tcp/dispatch.h"

#include "tcp/half_open.h"
#include "tcp/input.h"
#include "tcp/input_fast.h"
#include "tcp/input_listen.h"
#include "tcp/input_syn_sent.h"
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

void dispatch_prefetch(const struct tcp *tcp, uint64_t hash)
{
	uint32_t entry = flow_table_first_candidate(tcp->flows, hash);
	const uint8_t *c;

	if (entry == INDEX_NONE || entry_kind(entry) != ENTRY_CONN)
		return;
	c = (const uint8_t *)conn_at(tcp, entry_index(entry));
	__builtin_prefetch(c);
	__builtin_prefetch(c + CACHE_LINE);
	__builtin_prefetch(c + 2 * CACHE_LINE);
	__builtin_prefetch(c + 3 * CACHE_LINE);
}

static enum verdict to_nobody(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	(void)c;
	return input_listen(tcp, seg);
}

// By the state of a control block. One in CLOSED is not in the flow table; LISTEN has no control block.
static enum verdict (*const by_state[PLX_STATE_COUNT])(struct tcp *, struct tcp_conn *,
						       struct segment *) = {
	[PLX_STATE_CLOSED] = to_nobody,	       [PLX_STATE_LISTEN] = to_nobody,
	[PLX_STATE_SYN_SENT] = input_syn_sent, [PLX_STATE_SYN_RECEIVED] = tcp_input,
	[PLX_STATE_ESTABLISHED] = input_fast,  [PLX_STATE_FIN_WAIT_1] = tcp_input,
	[PLX_STATE_FIN_WAIT_2] = tcp_input,    [PLX_STATE_CLOSE_WAIT] = tcp_input,
	[PLX_STATE_CLOSING] = tcp_input,       [PLX_STATE_LAST_ACK] = tcp_input,
	[PLX_STATE_TIME_WAIT] = tcp_input,
};

enum verdict dispatch_segment(struct tcp *tcp, struct segment *seg)
{
	uint32_t entry = dispatch_find(tcp, &seg->key, seg->hash);
	struct tcp_conn *c;

	if (entry == INDEX_NONE)
		return input_listen(tcp, seg);
	if (entry_kind(entry) >= ENTRY_TIME_WAIT)
		return time_wait_input(tcp, entry, seg);
	if (entry_kind(entry) >= ENTRY_HALF_OPEN)
		return half_open_input(tcp, entry, seg);
	c = conn_at(tcp, entry_index(entry));
	if (conn_has(c, CONN_RST_OWED)) // aborted; the RST goes out in this iteration
		return segment_drop(seg, PLX_DROP_TCP_CLOSED_DATA);
	return by_state[c->state](tcp, c, seg);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.6.1 and 3.10.7.4, TIME-WAIT. DEVIATION 3.4.2: MSL is 30 s unless configured. DEVIATION
// 3.10.7.4 second: a RST ends nothing (RFC 1337 3 F1). DEVIATION 3.6.1: the table is bounded, and when it is
// full the oldest entry goes, counted.
// Called by tcp/input, tcp/dispatch, tcp/timers, tcp/user.
#include "tcp/time_wait.h"

#include "tcp/challenge.h"
#include "tcp/compact.h"
#include "tcp/connections.h"
#include "tcp/half_open.h"
#include "tcp/input_listen.h"
#include "tcp/isn.h"
#include "tcp/keepalive.h"
#include "tcp/passive_open.h"
#include "tcp/recv_window.h"
#include "tcp/segment_tx.h"
#include "tcp/state.h"
#include "tcp/timers.h"
#include "tcp/timestamps.h"

struct time_wait {
	plx_time expires;
	struct index_link link;
	uint32_t snd_nxt;
	uint32_t rcv_nxt;
	uint32_t ts_recent;
	uint32_t ts_offset;
	uint16_t ts_recent_age;
	uint16_t window; // the field we last announced
	bool has_timestamps;
	uint8_t rcv_wscale;
	uint8_t hop_limit;
	uint8_t dscp;
	struct compact_ports ports;
	uint32_t successor; // entry in its place in the flow table, or INDEX_NONE
	union compact_addresses addresses;
};
static_assert(offsetof(struct time_wait, addresses) + 8 <= 64, "a cache line for IPv4");
static_assert(sizeof(struct time_wait) <= 96, "one and a half for IPv6");

size_t time_wait_bytes(enum family family)
{
	return offsetof(struct time_wait, addresses) + compact_addresses_bytes(family);
}

int time_wait_init(struct tcp *tcp, enum family family, uint32_t count, int socket)
{
	struct pool_config config = {
		.name = "TIME_WAIT connections",
		.count = count,
		.object_bytes = (uint32_t)time_wait_bytes(family),
		.align_bytes = family == FAMILY_IPV4 ? CACHE_LINE : 0,
		.socket = socket,
		.generation_offset = POOL_NO_GENERATION,
	};

	index_list_init(&tcp->time_wait_queue[family]);
	return pool_init(&tcp->time_wait[family], &config);
}

static struct time_wait *time_wait_at(const struct tcp *tcp, enum family family, uint32_t idx)
{
	return pool_at(&tcp->time_wait[family], idx);
}

static enum family family_of_entry(uint32_t entry)
{
	return (enum family)(entry_kind(entry) - ENTRY_TIME_WAIT);
}

static struct index_links links_of(const struct tcp *tcp, enum family family)
{
	return index_links_in_pool(&tcp->time_wait[family], offsetof(struct time_wait, link));
}

static struct flow_key key_of(const struct time_wait *tw, enum family family)
{
	return compact_key(&tw->ports, &tw->addresses, family);
}

bool time_wait_is(const struct tcp *tcp, uint32_t entry, const struct flow_key *key)
{
	enum family family = family_of_entry(entry);
	const struct time_wait *tw = time_wait_at(tcp, family, entry_index(entry));

	return compact_is(&tw->ports, &tw->addresses, family, key);
}

static void on_gone_while_hidden(struct tcp *tcp, uint32_t successor)
{
	if (entry_kind(successor) == ENTRY_CONN)
		conn_at(tcp, entry_index(successor))->flags &= ~CONN_TOOK_OVER;
	else
		half_open_on_predecessor_gone(tcp, successor);
}

static __rte_noinline uint64_t hash_of(const struct tcp *tcp, enum family family, uint32_t idx)
{
	struct flow_key key = key_of(time_wait_at(tcp, family, idx), family);

	return flow_hash(&tcp->flow_secret, &key);
}

// Those that go next have lain idle for long, and in a burst they go one right after the other: their buckets are
// fetched well before, and the entry behind them.
static void look_ahead(struct tcp *tcp, enum family family)
{
	struct time_waits_ahead *ahead = &tcp->time_waits_ahead[family];
	uint32_t last = (ahead->first + ahead->n - 1) % TIME_WAITS_AHEAD;
	uint32_t next = ahead->n == 0 ? tcp->time_wait_queue[family].head
				      : index_list_next(links_of(tcp, family), ahead->idx[last]);

	while (ahead->n < TIME_WAITS_AHEAD && next != INDEX_NONE) {
		last = (ahead->first + ahead->n++) % TIME_WAITS_AHEAD;
		ahead->idx[last] = next;
		ahead->hash[last] = hash_of(tcp, family, next);
		flow_table_prefetch(tcp->flows, ahead->hash[last]);
		next = index_list_next(links_of(tcp, family), next);
	}
	if (next != INDEX_NONE)
		__builtin_prefetch(time_wait_at(tcp, family, next));
}

// The oldest one's, which goes now.
static uint64_t take_hash_ahead(struct tcp *tcp, enum family family, uint32_t idx)
{
	struct time_waits_ahead *ahead = &tcp->time_waits_ahead[family];
	uint32_t place = ahead->first;

	if (ahead->n == 0)
		return hash_of(tcp, family, idx);
	assert(ahead->idx[place] == idx);
	ahead->first = (place + 1) % TIME_WAITS_AHEAD;
	ahead->n--;
	return ahead->hash[place];
}

// Out of its turn: what is known of those that go next may be of an entry that gets another key.
static void remove_out_of_turn(struct tcp *tcp, enum family family, uint32_t idx)
{
	index_list_remove(&tcp->time_wait_queue[family], links_of(tcp, family), idx);
	tcp->time_waits_ahead[family].n = 0;
}

// Gives the place that is free now.
static uint32_t forget_oldest(struct tcp *tcp, enum family family)
{
	uint32_t idx = tcp->time_wait_queue[family].head;
	const struct time_wait *tw = time_wait_at(tcp, family, idx);
	uint64_t hash = take_hash_ahead(tcp, family, idx);

	index_list_remove(&tcp->time_wait_queue[family], links_of(tcp, family), idx);
	if (tw->successor != INDEX_NONE)
		on_gone_while_hidden(tcp, tw->successor);
	else
		flow_table_remove(tcp->flows, hash, entry_make(ENTRY_TIME_WAIT + family, idx));
	look_ahead(tcp, family);
	return idx;
}

// An entry for this connection, the oldest one's place if need be.
static uint32_t take_entry(struct tcp *tcp, enum family family)
{
	uint32_t idx = pool_get_plain(&tcp->time_wait[family]);

	if (idx == INDEX_NONE) {
		tcp_count(tcp, PLX_COUNTER_TCP_TIME_WAIT_EVICTED);
		return forget_oldest(tcp, family);
	}
	pool_prefetch_next(
		&tcp->time_wait[family]); // while the table fills, nobody has been there before
	return idx;
}

// The acknowledgement of what a TIME_WAIT entry has seen.
static void send_ack(struct tcp *tcp, const struct time_wait *tw, const struct flow_key *key,
		     struct segment *seg)
{
	struct answer answer = {
		.key = key,
		.tcp =
			{
				.seq = tw->snd_nxt,
				.ack = tw->rcv_nxt,
				.flags = TCP_ACK,
				.window = tw->window,
				.options =
					{
						.has_timestamps = tw->has_timestamps,
						.ts_val = timestamp_now(tcp, tw->ts_offset),
						.ts_ecr = tw->ts_recent,
					},
			},
		.hop_limit = tw->hop_limit,
		.dscp = tw->dscp,
	};

	(void)segment_tx_answer(tcp, &answer, seg);
}

// Field by field: an IPv4 entry ends after its addresses, before the struct does.
static void fill(struct tcp *tcp, struct time_wait *tw, struct tcp_conn *c)
{
	tw->expires = time_add(tcp->now, tcp->config.time_wait);
	index_link_init(&tw->link);
	tw->snd_nxt = c->snd.nxt;
	tw->rcv_nxt = c->rcv.nxt;
	tw->ts_recent = c->ts_recent;
	tw->ts_recent_age = c->ts_recent_age;
	tw->ts_offset = c->ts_offset;
	tw->window = recv_window_granted(c);
	tw->has_timestamps = conn_has(c, CONN_TIMESTAMPS);
	tw->rcv_wscale = c->rcv_wscale;
	tw->hop_limit = (uint8_t)conn_option(tcp, c, PLX_OPTION_HOP_LIMIT);
	tw->dscp = (uint8_t)conn_option(tcp, c, PLX_OPTION_DSCP);
	tw->successor = INDEX_NONE;
	compact_store(&tw->ports, &tw->addresses, &c->key);
}

// The control block goes, and what it owes goes out; nothing stays where TIME_WAIT is switched off.
static void end_at_once(struct tcp *tcp, struct tcp_conn *c, bool owes_ack)
{
	struct flow_key key = c->key;
	struct time_wait tw;

	fill(tcp, &tw, c);
	conn_end(tcp, c, 0);
	if (owes_ack)
		send_ack(tcp, &tw, &key, NULL);
}

// The control block goes, the entry stays, behind all others.
static void compact(struct tcp *tcp, struct tcp_conn *c)
{
	bool owes_ack = conn_has(c, CONN_ACK_NOW) || c->acks_owed > 0;
	enum family family = family_of(&c->key.remote);
	struct flow_key key = c->key;
	struct time_wait *tw;
	uint32_t idx;

	if (tcp->config.time_wait == 0) {
		end_at_once(tcp, c, owes_ack);
		return;
	}
	idx = take_entry(tcp, family);
	tw = time_wait_at(tcp, family, idx);
	fill(tcp, tw, c);
	index_list_push_tail(&tcp->time_wait_queue[family], links_of(tcp, family), idx);
	tcp_count(tcp, PLX_COUNTER_TCP_TIME_WAITS);
	conn_end_as(tcp, c, entry_make(ENTRY_TIME_WAIT + family, idx));
	if (owes_ack)
		send_ack(tcp, tw, &key, NULL);
}

bool conn_may_vanish(const struct tcp_conn *c)
{
	return conn_has(c, CONN_USER_CLOSED)
		|| (c->rcv_bytes == 0 && (c->events & PLX_EVENT_PEER_CLOSED) == 0
		    && !conn_has(c, CONN_UNFETCHED));
}

void time_wait_enter(struct tcp *tcp, struct tcp_conn *c)
{
	if (c->state != PLX_STATE_TIME_WAIT)
		state_set(c, PLX_STATE_TIME_WAIT);
	c->rto_deadline = PLX_TIME_NEVER;
	keepalive_end(c);
	if (conn_has(c, CONN_USER_CLOSED))
		compact(tcp, c);
	else
		time_wait_restart_held(tcp, c);
}

void time_wait_let_go(struct tcp *tcp, struct tcp_conn *c)
{
	compact(tcp, c);
}

void time_wait_restart_held(struct tcp *tcp, struct tcp_conn *c)
{
	timers_set_long(tcp, c, time_add(tcp->now, tcp->config.time_wait));
}

void time_wait_limit_fin_wait_2(struct tcp *tcp, struct tcp_conn *c)
{
	plx_duration limit = (plx_duration)conn_option(tcp, c, PLX_OPTION_FIN_WAIT_2_TIME);

	if (limit > 0) {
		keepalive_end(c);
		timers_set_long(tcp, c, time_add(tcp->now, limit));
	} else if (!conn_has(c, CONN_KEEPALIVE)) {
		timers_set_long(tcp, c, PLX_TIME_NEVER);
		keepalive_begin(tcp, c);
	}
}

void conn_end_if_done(struct tcp *tcp, struct tcp_conn *c)
{
	if (conn_has(c, CONN_OFF_WIRE) && conn_may_vanish(c))
		timers_set_long(tcp, c,
				tcp->now); // with the next poll: the user may look once more
	else
		(void)last_ack_end_if_done(tcp, c);
}

bool last_ack_end_if_done(struct tcp *tcp, struct tcp_conn *c)
{
	if (c->state != PLX_STATE_LAST_ACK || c->snd.una != c->snd.nxt
	    || !conn_has(c, CONN_FIN_SENT) || conn_has(c, CONN_OFF_WIRE))
		return false;
	if (conn_may_vanish(c))
		conn_end(tcp, c, 0);
	else
		conn_leave_wire(tcp, c, INDEX_NONE);
	return true;
}

// RFC 6191 2 and RFC 9293 3.6.1 (MAY-2): may this SYN begin the connection anew?
static bool may_reopen(const struct time_wait *tw, const struct segment *seg, bool has_timestamps)
{
	if (!tw->has_timestamps && has_timestamps)
		return true; // they protect the new connection from the old one's segments
	if (tw->has_timestamps && has_timestamps && seg->tcp.options.ts_val != tw->ts_recent)
		return seq_is_after(seg->tcp.options.ts_val, tw->ts_recent);
	return seq_is_at_or_after(seg->tcp.seq, tw->rcv_nxt);
}

uint32_t time_wait_hide(struct tcp *tcp, uint32_t entry, uint32_t successor)
{
	struct time_wait *tw = time_wait_at(tcp, family_of_entry(entry), entry_index(entry));

	tw->successor = successor;
	return tw->snd_nxt;
}

void time_wait_show(struct tcp *tcp, uint32_t entry)
{
	time_wait_at(tcp, family_of_entry(entry), entry_index(entry))->successor = INDEX_NONE;
}

void time_wait_end_hidden(struct tcp *tcp, uint32_t entry)
{
	enum family family = family_of_entry(entry);

	remove_out_of_turn(tcp, family, entry_index(entry));
	pool_put_plain(&tcp->time_wait[family], entry_index(entry));
	tcp_count(tcp, PLX_COUNTER_TCP_TIME_WAIT_REUSED);
}

static uint32_t predecessor_of(const struct tcp_conn *c)
{
	return entry_make(ENTRY_TIME_WAIT + family_of(&c->key.remote), c->predecessor);
}

uint32_t time_wait_take_over(struct tcp *tcp, struct tcp_conn *c, uint32_t entry, uint64_t hash)
{
	uint32_t successor = entry_make(ENTRY_CONN, conn_index(tcp, c));

	flow_table_replace(tcp->flows, hash, entry, successor);
	c->predecessor = entry_index(entry);
	c->flags |= CONN_TOOK_OVER;
	return time_wait_hide(tcp, entry, successor);
}

void time_wait_give_back(struct tcp *tcp, struct tcp_conn *c, uint64_t hash)
{
	time_wait_show(tcp, predecessor_of(c));
	flow_table_replace(tcp->flows, hash, entry_make(ENTRY_CONN, conn_index(tcp, c)),
			   predecessor_of(c));
	c->flags &= ~CONN_TOOK_OVER;
}

void time_wait_settle(struct tcp *tcp, struct tcp_conn *c)
{
	if (!conn_has(c, CONN_TOOK_OVER))
		return;
	time_wait_end_hidden(tcp, predecessor_of(c));
	c->flags &= ~CONN_TOOK_OVER;
}

static bool is_in_window(const struct time_wait *tw, const struct segment *seg)
{
	uint32_t first = seg->tcp.seq - tw->rcv_nxt;

	return first == 0 || first < (uint32_t)tw->window << tw->rcv_wscale;
}

// Of what was sent, and not from long ago: RFC 5961 5.2 with the window that any peer has.
static bool is_acceptable_ack(const struct time_wait *tw, const struct segment *seg)
{
	return tw->snd_nxt - seg->tcp.ack < UINT16_MAX;
}

// Would the connection that this SYN asks for have them?
static bool has_timestamps(const struct tcp *tcp, const struct listener *listener,
			   const struct segment *seg)
{
	struct passive_open open;

	passive_open_of_syn(tcp, listener, seg, &open);
	return open.has_timestamps;
}

enum verdict time_wait_input(struct tcp *tcp, uint32_t entry, struct segment *seg)
{
	enum family family = family_of_entry(entry);
	uint32_t idx = entry_index(entry);
	struct time_wait *tw = time_wait_at(tcp, family, idx);
	struct listener *listener;

	if (segment_has(seg, TCP_SYN) && !segment_has(seg, TCP_ACK)) {
		listener = listener_find(tcp, &seg->key.local, seg->key.local_port);
		if (listener != NULL && may_reopen(tw, seg, has_timestamps(tcp, listener, seg)))
			return input_listen_syn(tcp, listener, seg, entry);
	}
	if (!segment_has(seg, TCP_ACK | TCP_SYN) && is_in_window(tw, seg))
		return segment_drop(seg, PLX_DROP_TCP_NO_ACK); // RFC 9293 3.10.7.4 fifth
	if (segment_len(seg) == 0 && is_in_window(tw, seg) && is_acceptable_ack(tw, seg))
		return segment_drop(seg, PLX_DROP_TCP_TIME_WAIT); // no acknowledgement of one
	if (segment_has(seg, TCP_FIN) && seg->tcp.seq + segment_len(seg) == tw->rcv_nxt) {
		// RFC 9293 3.10.7.4 eighth: our last ACK was lost; the wait begins anew.
		tw->expires = time_add(tcp->now, tcp->config.time_wait);
		remove_out_of_turn(tcp, family, idx);
		index_list_push_tail(&tcp->time_wait_queue[family], links_of(tcp, family), idx);
		send_ack(tcp, tw, &seg->key, seg);
		return SEGMENT_ANSWERED;
	}
	if (challenge_try(tcp)) {
		send_ack(tcp, tw, &seg->key, seg);
		return SEGMENT_ANSWERED;
	}
	return segment_drop(seg, PLX_DROP_TCP_TIME_WAIT);
}

void time_wait_expire(struct tcp *tcp, unsigned max)
{
	for (unsigned family = 0; family < FAMILIES; family++) {
		struct index_list *list = &tcp->time_wait_queue[family];

		for (unsigned n = 0; n < max && !index_list_is_empty(list)
		     && time_is_due(time_wait_at(tcp, family, list->head)->expires, tcp->now);
		     n++)
			pool_put_plain(&tcp->time_wait[family],
				       forget_oldest(tcp, (enum family)family));
	}
}

plx_time time_wait_next(const struct tcp *tcp)
{
	plx_time next = PLX_TIME_NEVER;

	for (unsigned family = 0; family < FAMILIES; family++) {
		uint32_t head = tcp->time_wait_queue[family].head;

		if (head != INDEX_NONE)
			next = time_min(next, time_wait_at(tcp, family, head)->expires);
	}
	return next;
}

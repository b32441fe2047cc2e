// SPDX-License-Identifier: BSD-3-Clause
//
// SYN_RECEIVED of passive opens. An entry waits in the queue of its retransmission count, which is in order
// of expiry; a queue holds what the timer of RFC 6298 would do, without a wheel. Text that came with
// the SYN is ignored and comes again (DEVIATION RFC 9293 3.10.7.2 third).
// Called by tcp/input_listen, tcp/dispatch, tcp/timers.
#include "tcp/half_open.h"

#include "net/answer_queue.h"
#include "tcp/challenge.h"
#include "tcp/compact.h"
#include "tcp/dispatch.h"
#include "tcp/ecn.h"
#include "tcp/isn.h"
#include "tcp/passive_open.h"
#include "tcp/reset.h"
#include "tcp/retransmit.h"
#include "tcp/segment_tx.h"
#include "tcp/syn_cookie.h"
#include "tcp/time_wait.h"
#include "tcp/timestamps.h"

struct half_open {
	plx_time deadline; // of the next SYN+ACK
	struct index_link link;
	struct passive_open open;
	uint32_t listener;
	uint32_t listener_generation;
	struct compact_ports ports;
	uint8_t retries; // SYN+ACKs sent again by the timer
	uint8_t timing_class : 4;
	bool was_resent : 1;  // for a SYN that came again: no sample (Karn)
	uint32_t predecessor; // TIME_WAIT entry that this one stands for, or INDEX_NONE
	union compact_addresses addresses;
};
static_assert(offsetof(struct half_open, addresses) + 8 <= 64, "a cache line for IPv4");
static_assert(sizeof(struct half_open) <= 96, "one and a half for IPv6");

size_t half_open_bytes(enum family family)
{
	return offsetof(struct half_open, addresses) + compact_addresses_bytes(family);
}

int half_open_init(struct tcp *tcp, enum family family, uint32_t count, int socket)
{
	struct pool_config config = {
		.name = "half-open connections",
		.count = count,
		.object_bytes = (uint32_t)half_open_bytes(family),
		.align_bytes = family == FAMILY_IPV4 ? CACHE_LINE : 0,
		.socket = socket,
		.generation_offset = POOL_NO_GENERATION,
		.deferred = true,
	};

	tcp->half_open_due = PLX_TIME_NEVER;
	for (unsigned class = 0; class < TIMING_CLASSES; class ++)
		for (unsigned i = 0; i < HALF_OPEN_QUEUES; i++)
			index_list_init(&tcp->half_open_queue[family][class][i]);
	return pool_init(&tcp->half_open[family], &config);
}

static struct half_open *half_open_at(const struct tcp *tcp, enum family family, uint32_t idx)
{
	return pool_at(&tcp->half_open[family], idx);
}

static enum family family_of_entry(uint32_t entry)
{
	return (enum family)(entry_kind(entry) - ENTRY_HALF_OPEN);
}

static struct index_links links_of(const struct tcp *tcp, enum family family)
{
	return index_links_in_pool(&tcp->half_open[family], offsetof(struct half_open, link));
}

static struct flow_key key_of(const struct half_open *ho, enum family family)
{
	return compact_key(&ho->ports, &ho->addresses, family);
}

bool half_open_is(const struct tcp *tcp, uint32_t entry, const struct flow_key *key)
{
	enum family family = family_of_entry(entry);
	const struct half_open *ho = half_open_at(tcp, family, entry_index(entry));

	return compact_is(&ho->ports, &ho->addresses, family, key);
}

static struct listener *listener_of(const struct tcp *tcp, const struct half_open *ho)
{
	return listener_at(tcp, ho->listener, ho->listener_generation);
}

static struct index_list *queue_of(struct tcp *tcp, enum family family, const struct half_open *ho)
{
	return &tcp->half_open_queue[family][ho->timing_class][ho->retries];
}

// Queues are in order of expiry. Within a timing class this appends; only where listeners have to share one,
// or have changed theirs, an entry walks back to its place.
static void enqueue(struct tcp *tcp, enum family family, uint32_t idx)
{
	struct half_open *ho = half_open_at(tcp, family, idx);
	struct index_list *list = queue_of(tcp, family, ho);
	struct index_links links = links_of(tcp, family);
	uint32_t after = list->tail;

	while (after != INDEX_NONE && half_open_at(tcp, family, after)->deadline > ho->deadline)
		after = index_link_at(links, after)->prev;
	index_list_insert_after(list, links, after, idx);
	tcp->half_open_due = time_min(tcp->half_open_due, ho->deadline);
}

static void dequeue(struct tcp *tcp, enum family family, uint32_t idx)
{
	struct half_open *ho = half_open_at(tcp, family, idx);

	index_list_remove(queue_of(tcp, family, ho), links_of(tcp, family), idx);
}

// The attempt has come to nothing; a TIME_WAIT entry that it stood for is back.
static void forget(struct tcp *tcp, enum family family, uint32_t idx)
{
	const struct half_open *ho = half_open_at(tcp, family, idx);
	uint32_t entry = entry_make(ENTRY_HALF_OPEN + family, idx);
	struct flow_key key = key_of(ho, family);
	uint64_t hash = flow_hash(&tcp->flow_secret, &key);

	dequeue(tcp, family, idx);
	if (ho->predecessor == INDEX_NONE) {
		flow_table_remove(tcp->flows, hash, entry);
	} else {
		uint32_t shown = entry_make(ENTRY_TIME_WAIT + family, ho->predecessor);

		time_wait_show(tcp, shown);
		flow_table_replace(tcp->flows, hash, entry, shown);
	}
	pool_put(&tcp->half_open[family], idx);
}

static plx_duration timeout_of(const struct tcp *tcp, const struct listener *listener,
			       unsigned retries)
{
	const struct rtt_bounds *bounds = option_profile_rtt_bounds(&tcp->profiles,
								    listener->profile);
	// Whatever the least is: the timing class knows nothing of it.
	const struct rtt first = {.rto_us = bounds->initial_us};

	return rtt_timeout(&first, retries, duration_from_us(bounds->max_us));
}

static enum plx_drop send_syn_ack(struct tcp *tcp, const struct half_open *ho,
				  const struct flow_key *key, const struct listener *listener,
				  struct segment *seg)
{
	return passive_open_answer(tcp, listener, key, &ho->open,
				   timestamp_now(tcp, ho->open.ts_offset), seg);
}

// Field by field: an IPv4 entry ends after its addresses, before the struct does.
static void fill(struct tcp *tcp, struct half_open *ho, const struct listener *listener,
		 const struct segment *seg)
{
	struct isn isn = isn_of(tcp, &seg->key);

	ho->deadline = time_add(tcp->now, timeout_of(tcp, listener, 0));
	index_link_init(&ho->link);
	passive_open_of_syn(tcp, listener, seg, &ho->open);
	ho->open.iss = isn.seq;
	ho->open.ts_offset = isn.ts_offset;
	ho->listener = listener_index(tcp, listener);
	ho->listener_generation = listener->generation;
	ho->retries = 0;
	ho->timing_class = listener->timing_class & 15;
	ho->was_resent = false;
	ho->predecessor = INDEX_NONE;
	compact_store(&ho->ports, &ho->addresses, &seg->key);
}

// The entry takes its place in the flow table: a new one, or that of the TIME_WAIT entry it stands for.
static bool enter(struct tcp *tcp, struct half_open *ho, uint32_t entry, uint32_t time_wait_entry,
		  const struct segment *seg)
{
	uint32_t snd_nxt;

	if (time_wait_entry == INDEX_NONE)
		return flow_table_insert(tcp->flows, seg->hash, entry) == 0;
	snd_nxt = time_wait_hide(tcp, time_wait_entry, entry);
	flow_table_replace(tcp->flows, seg->hash, time_wait_entry, entry);
	ho->predecessor = entry_index(time_wait_entry);
	ho->open.iss = time_wait_iss(ho->open.iss, snd_nxt);
	return true;
}

// There is no room. What reopens a TIME_WAIT entry needs a number above the old ones, which no cookie is.
static enum verdict begin_without_entry(struct tcp *tcp, struct listener *listener,
					struct segment *seg, uint32_t time_wait_entry)
{
	if (time_wait_entry != INDEX_NONE || tcp->config.syn_cookies == PLX_SYN_COOKIES_NEVER)
		return segment_drop(seg, PLX_DROP_TCP_HALF_OPEN_FULL);
	return syn_cookie_answer(tcp, listener, seg);
}

enum verdict half_open_begin(struct tcp *tcp, struct listener *listener, struct segment *seg,
			     uint32_t time_wait_entry)
{
	bool wants_entry = time_wait_entry != INDEX_NONE
		|| tcp->config.syn_cookies != PLX_SYN_COOKIES_ALWAYS;
	enum family family = family_of(&seg->key.remote);
	uint32_t idx = wants_entry ? pool_get(&tcp->half_open[family]) : INDEX_NONE;
	struct half_open *ho;

	if (idx == INDEX_NONE)
		return begin_without_entry(tcp, listener, seg, time_wait_entry);
	ho = half_open_at(tcp, family, idx);
	fill(tcp, ho, listener, seg);
	if (!enter(tcp, ho, entry_make(ENTRY_HALF_OPEN + family, idx), time_wait_entry, seg)) {
		pool_put(&tcp->half_open[family], idx);
		return begin_without_entry(tcp, listener, seg, time_wait_entry);
	}
	enqueue(tcp, family, idx);
	tcp_count(tcp, PLX_COUNTER_TCP_SYNS_RECEIVED);
	// If no buffer was free or the next hop is silent, the timer sends it again.
	(void)send_syn_ack(tcp, ho, &seg->key, listener, seg);
	return SEGMENT_ANSWERED;
}

void half_open_on_predecessor_gone(struct tcp *tcp, uint32_t entry)
{
	half_open_at(tcp, family_of_entry(entry), entry_index(entry))->predecessor = INDEX_NONE;
}

// RFC 9293 3.10.7.4 fifth, SYN-RECEIVED with an acceptable ACK.
static enum verdict promote(struct tcp *tcp, uint32_t entry, struct segment *seg)
{
	enum family family = family_of_entry(entry);
	uint32_t idx = entry_index(entry);
	struct half_open *ho = half_open_at(tcp, family, idx);
	struct listener *listener = listener_of(tcp, ho);
	struct tcp_conn *c;

	if (listener->unfetched >= listener->backlog)
		return segment_drop(seg, PLX_DROP_TCP_LISTENER_BACKLOG);
	c = passive_open_establish(tcp, listener, &ho->open, seg, true);
	if (c == NULL)
		return segment_drop(seg, PLX_DROP_TCP_CONNECTIONS_FULL);
	flow_table_replace(tcp->flows, seg->hash, entry,
			   entry_make(ENTRY_CONN, conn_index(tcp, c)));
	if (ho->retries > 1)
		c->flags |= CONN_SYN_LOST;
	retransmit_on_handshake(tcp, c,
				time_subtract(ho->deadline, timeout_of(tcp, listener, ho->retries)),
				ho->retries > 0 || ho->was_resent);
	if (ho->predecessor != INDEX_NONE)
		time_wait_end_hidden(tcp, entry_make(ENTRY_TIME_WAIT + family, ho->predecessor));
	dequeue(tcp, family, idx);
	pool_put(&tcp->half_open[family], idx);
	return passive_open_finish(tcp, c, seg);
}

// Nothing but the entry's numbers: what a control block would say of itself.
static enum verdict send_ack(struct tcp *tcp, const struct half_open *ho, struct segment *seg,
			     enum plx_drop reason)
{
	const struct listener *listener = listener_of(tcp, ho);
	struct answer answer = {
		.key = &seg->key,
		.tcp =
			{
				.seq = ho->open.iss + 1,
				.ack = ho->open.irs + 1,
				.flags = TCP_ACK,
				.window = (uint16_t)(passive_open_window(tcp, listener)
						     >> (ho->open.has_window_scale
								 ? ho->open.own_wscale
								 : 0)),
				.options =
					{
						.has_timestamps = ho->open.has_timestamps,
						.ts_val = timestamp_now(tcp, ho->open.ts_offset),
						.ts_ecr = ho->open.ts_recent,
					},
			},
		.hop_limit = (uint8_t)option_profile_value(&tcp->profiles, listener->profile,
							   PLX_OPTION_HOP_LIMIT),
		.dscp = (uint8_t)option_profile_value(&tcp->profiles, listener->profile,
						      PLX_OPTION_DSCP),
	};

	if (challenge_try(tcp))
		(void)segment_tx_answer(tcp, &answer, seg);
	return segment_drop(seg, reason);
}

static bool is_in_window(const struct tcp *tcp, const struct half_open *ho,
			 const struct segment *seg)
{
	uint32_t first = seg->tcp.seq - (ho->open.irs + 1);
	uint32_t wnd = passive_open_window(tcp, listener_of(tcp, ho));

	return first < wnd || (segment_len(seg) > 0 && first + segment_len(seg) - 1 < wnd);
}

// RFC 9293 3.10.7.4 fifth, SYN-RECEIVED: <SEQ=SEG.ACK><CTL=RST>.
static enum verdict answer_by_reset(struct tcp *tcp, struct segment *seg)
{
	enum plx_drop reason = reset_answer(tcp, seg);

	if (reason == PLX_DROP_NONE)
		return SEGMENT_ANSWERED;
	return segment_drop(seg, reason == PLX_DROP_TCP_NO_CONNECTION ? PLX_DROP_TCP_ACK : reason);
}

// RFC 9293 3.10.7.4 fourth: a passive open returns to LISTEN. DEVIATION: a challenge ACK, in RFC 5961's spirit.
static enum verdict on_syn(struct tcp *tcp, uint32_t entry, struct half_open *ho,
			   struct segment *seg)
{
	if (tcp->config.rfc5961)
		return send_ack(tcp, ho, seg, PLX_DROP_TCP_SYN_SYNCHRONIZED);
	forget(tcp, family_of_entry(entry), entry_index(entry));
	tcp_count(tcp, PLX_COUNTER_TCP_HALF_OPEN_RESET);
	return segment_drop(seg, PLX_DROP_TCP_SYN_SYNCHRONIZED);
}

enum verdict half_open_input(struct tcp *tcp, uint32_t entry, struct segment *seg)
{
	enum family family = family_of_entry(entry);
	uint32_t idx = entry_index(entry);
	struct half_open *ho = half_open_at(tcp, family, idx);
	struct listener *listener = listener_of(tcp, ho);

	if (listener == NULL) {
		// The listener has gone, and with it the entry; perhaps there is another one now.
		forget(tcp, family, idx);
		tcp_count(tcp, PLX_COUNTER_TCP_HALF_OPEN_RESET);
		return dispatch_by_table(tcp, seg);
	}
	if (segment_has(seg, TCP_SYN) && !segment_has(seg, TCP_ACK | TCP_RST)
	    && seg->tcp.seq == ho->open.irs) {
		// DEVIATION RFC 9293 3.10.7.4 first: a repeated SYN gets the same SYN+ACK again.
		ho->was_resent = true;
		if (!ecn_is_asked(seg))
			ho->open.has_ecn = false; // RFC 3168 6.1.1.1: the peer has fallen back
		tcp_count(tcp, PLX_COUNTER_TCP_SYN_ACK_RETRANSMITS);
		(void)send_syn_ack(tcp, ho, &seg->key, listener, seg);
		return SEGMENT_ANSWERED;
	}
	if (ho->open.has_timestamps && !segment_has(seg, TCP_RST | TCP_SYN)
	    && !seg->tcp.options.has_timestamps)
		return segment_drop(seg, PLX_DROP_TCP_NO_TIMESTAMP); // RFC 7323 3.2
	if (ho->open.has_timestamps && seg->tcp.options.has_timestamps && !segment_has(seg, TCP_RST)
	    && seq_is_before(seg->tcp.options.ts_val, ho->open.ts_recent))
		return send_ack(tcp, ho, seg, PLX_DROP_TCP_PAWS);
	if (!is_in_window(tcp, ho, seg)) // first
		return segment_has(seg, TCP_RST) ? segment_drop(seg, PLX_DROP_TCP_SEQUENCE)
						 : send_ack(tcp, ho, seg, PLX_DROP_TCP_SEQUENCE);
	if (segment_has(seg, TCP_RST)) { // second; RFC 5961 3.2
		if (tcp->config.rfc5961 && seg->tcp.seq != ho->open.irs + 1)
			return send_ack(tcp, ho, seg, PLX_DROP_TCP_RST_SEQUENCE);
		tcp_count(tcp, PLX_COUNTER_TCP_RSTS_RECEIVED);
		tcp_count(tcp, PLX_COUNTER_TCP_HALF_OPEN_RESET);
		forget(tcp, family, idx);
		return SEGMENT_ANSWERED;
	}
	if (segment_has(seg, TCP_SYN)) // fourth
		return on_syn(tcp, entry, ho, seg);
	if (!segment_has(seg, TCP_ACK))
		return segment_drop(seg, PLX_DROP_TCP_NO_ACK); // fifth
	if (seg->tcp.ack != ho->open.iss + 1 && ho->predecessor == INDEX_NONE
	    && syn_cookie_is_valid(tcp, listener, seg)) {
		// The SYN before, when there was no room, was answered by a cookie.
		forget(tcp, family, idx);
		tcp_count(tcp, PLX_COUNTER_TCP_HALF_OPEN_RESET);
		return syn_cookie_accept(tcp, listener, seg);
	}
	if (seg->tcp.ack != ho->open.iss + 1)
		return answer_by_reset(tcp, seg);
	return promote(tcp, entry, seg);
}

static void expire_one(struct tcp *tcp, enum family family, uint32_t idx)
{
	struct half_open *ho = half_open_at(tcp, family, idx);
	struct listener *listener = listener_of(tcp, ho);
	struct flow_key key = key_of(ho, family);

	if (listener == NULL
	    || ho->retries >= option_profile_value(&tcp->profiles, listener->profile,
						   PLX_OPTION_SYN_RETRIES)) {
		forget(tcp, family, idx);
		tcp_count(tcp,
			  listener == NULL ? PLX_COUNTER_TCP_HALF_OPEN_RESET
					   : PLX_COUNTER_TCP_HALF_OPEN_EXPIRED);
		return;
	}
	dequeue(tcp, family, idx);
	ho->retries++;
	ho->timing_class = listener->timing_class & 15;
	ho->deadline = time_add(tcp->now, timeout_of(tcp, listener, ho->retries));
	enqueue(tcp, family, idx);
	tcp_count(tcp, PLX_COUNTER_TCP_SYN_ACK_RETRANSMITS);
	(void)send_syn_ack(tcp, ho, &key, listener, NULL);
}

// What is due of one queue; gives when its next entry is.
static plx_time expire_queue(struct tcp *tcp, enum family family, struct index_list *list,
			     unsigned *left)
{
	while (!index_list_is_empty(list)) {
		plx_time deadline = half_open_at(tcp, family, list->head)->deadline;

		// Without room for its SYN+ACK an entry waits where it is.
		if (!time_is_due(deadline, tcp->now)
		    || answer_count(tcp->net) >= ANSWER_QUEUE_FRAMES || *left == 0)
			return deadline;
		--*left;
		expire_one(tcp, family, list->head);
	}
	return PLX_TIME_NEVER;
}

void half_open_expire(struct tcp *tcp, unsigned max)
{
	plx_time due = PLX_TIME_NEVER;

	if (!time_is_due(tcp->half_open_due, tcp->now))
		return;
	tcp->half_open_due = PLX_TIME_NEVER; // enqueueing lowers it
	for (unsigned family = 0; family < FAMILIES; family++)
		for (unsigned class = 0; class < TIMING_CLASSES; class ++)
			// From the last queue on: what expires here goes to the one behind.
			for (unsigned i = HALF_OPEN_QUEUES; i-- > 0;)
				due = time_min(due,
					       expire_queue(tcp, (enum family)family,
							    &tcp->half_open_queue[family][class][i],
							    &max));
	tcp->half_open_due = time_min(due, tcp->half_open_due);
}

plx_time half_open_next(const struct tcp *tcp)
{
	bool is_empty = pool_used(&tcp->half_open[FAMILY_IPV4]) == 0
		&& pool_used(&tcp->half_open[FAMILY_IPV6]) == 0;

	return is_empty ? PLX_TIME_NEVER : tcp->half_open_due;
}

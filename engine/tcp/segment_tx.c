// SPDX-License-Identifier: BSD-3-Clause
//
// Builds segments. Payload in a slab is copied behind fresh headers; payload in an mbuf gets its headers
// written in front, in place, while nobody else holds the mbuf, else a header mbuf and an indirect one;
// external memory is attached where the port reaches it, else copied.
// Called by tcp/output and the rooms that answer without a connection.
#include "tcp/segment_tx.h"

#include <string.h>

#include <rte_branch_prediction.h>

#include "net/answer_queue.h"
#include "net/ip_output.h"
#include "net/reuse.h"
#include "net/transmit.h"
#include "tcp/ecn.h"
#include "tcp/recv_window.h"
#include "tcp/segment_cut.h"
#include "tcp/send_queue.h"
#include "tcp/spare_mbufs.h"
#include "tcp/timestamps.h"
#include "wire/mbuf_checksum.h"
#include "wire/offload.h"

// What goes on the wire in front of the payload. Filled in place, field by field, and read from registers where it
// can be: to read as a whole what was stored in parts costs a dozen cycles each time.
struct headers {
	const struct flow_key *key;
	struct tcp_header *tcp;
	uint32_t pseudo_sum;
	uint8_t hop_limit;
	uint8_t dscp;
	uint8_t ecn;
};

// Payload on its way out. `sum` is its partial checksum, where that is ours to make.
struct payload {
	struct rte_mbuf *m;
	uint32_t sum;
};

static bool has_offload(const struct tcp *tcp, enum plx_offload offload)
{
	return (tcp->config.offloads & offload) != 0;
}

// May payload be chained behind a header mbuf?
static bool may_chain(const struct tcp *tcp)
{
	return has_offload(tcp, PLX_OFFLOAD_TX_MULTI_SEGS)
		&& !has_offload(tcp, PLX_OFFLOAD_TX_BY_REFERENCE);
}

uint32_t segment_tx_copy_max(const struct tcp *tcp)
{
	return rte_pktmbuf_data_room_size(tcp->pool) - RTE_PKTMBUF_HEADROOM;
}

uint32_t segment_tx_payload_max(const struct tcp *tcp)
{
	if (may_chain(tcp) && has_offload(tcp, PLX_OFFLOAD_TX_ANY_MEMORY))
		return UINT16_MAX;
	return segment_tx_copy_max(tcp);
}

static bool makes_checksum(const struct tcp *tcp)
{
	return !has_offload(tcp, PLX_OFFLOAD_TX_TCP_CHECKSUM);
}

// The port fills in the TCP checksum of a segment whose headers begin at the data of `m`.
static __rte_noinline void offload_checksum(const struct tcp *tcp, struct rte_mbuf *m,
					    size_t tcp_bytes, uint32_t pseudo_sum, bool is_ipv4)
{
	struct offload_layout layout = {
		.l3_bytes = (uint8_t)ip_header_bytes(is_ipv4),
		.l4_bytes = (uint8_t)tcp_bytes,
		.is_ipv6 = !is_ipv4,
		.ipv4_checksum = is_ipv4 && has_offload(tcp, PLX_OFFLOAD_TX_IPV4_CHECKSUM),
		.segment_bytes = m->tso_segsz, // of segment_cut_payload(); 0 in any other mbuf
	};

	tcp_checksum_prepare_offload(m, &layout, pseudo_sum);
	m->l2_len = tcp->config.link_bytes;
}

// Puts the headers in front of the payload in its mbuf, whose headroom is enough. `pkt_len` grows with them.
// Constants where it is inlined: `is_ipv4`, and `is_plain`: the port computes nothing.
static __rte_always_inline void prepend_headers_of(const struct tcp *tcp,
						   const struct payload *payload, struct headers *h,
						   bool is_ipv4, bool is_plain)
{
	struct rte_mbuf *m = payload->m;
	size_t ip_bytes = ip_header_bytes(is_ipv4);
	size_t tcp_bytes = tcp_header_build_bytes(&h->tcp->options);
	uint16_t segment_bytes = (uint16_t)(m->pkt_len + tcp_bytes);
	uint8_t *bytes = transmit_prepend(m, (uint16_t)(ip_bytes + tcp_bytes));
	const struct ip_header ip = {
		.src = h->key->local,
		.dst = h->key->remote,
		.payload_bytes = segment_bytes,
		.protocol = IP_PROTOCOL_TCP,
		.hop_limit = h->hop_limit,
		.traffic_class = (uint8_t)(h->dscp << 2 | h->ecn),
		.is_ipv6 = !is_ipv4,
	};
	uint32_t sum;

	h->tcp->src_port = h->key->local_port;
	h->tcp->dst_port = h->key->remote_port;
	tcp_header_build(bytes + ip_bytes, h->tcp, &sum);
	ip_write_header(tcp->net, bytes, &ip);
	if (!is_plain && unlikely(!makes_checksum(tcp))) {
		offload_checksum(tcp, m, tcp_bytes, h->pseudo_sum, is_ipv4);
		return;
	}
	if (!is_plain && is_ipv4 && has_offload(tcp, PLX_OFFLOAD_TX_IPV4_CHECKSUM)) {
		ipv4_checksum_prepare_offload(m, 0, (uint8_t)ip_bytes);
		m->l2_len = tcp->config.link_bytes;
	}
	// Both header and pseudo header are of even length: the payload's sum needs no turning.
	sum = checksum_add(checksum_add16(h->pseudo_sum, segment_bytes),
			   checksum_add(sum, payload->sum));
	store_be16(bytes + ip_bytes + TCP_CHECKSUM_OFFSET, checksum_fold(sum));
}

static __rte_noinline void prepend_offloaded_headers(const struct tcp *tcp,
						     const struct payload *payload,
						     struct headers *h)
{
	prepend_headers_of(tcp, payload, h, plx_addr_is_ipv4(&h->key->remote), false);
}

// `is_plain` is a constant: it is known that the port computes nothing.
static __rte_always_inline void prepend_headers(const struct tcp *tcp,
						const struct payload *payload, struct headers *h,
						bool is_plain)
{
	if (!is_plain && unlikely(!segment_tx_is_plain(tcp)))
		prepend_offloaded_headers(tcp, payload, h);
	else if (likely(plx_addr_is_ipv4(&h->key->remote)))
		prepend_headers_of(tcp, payload, h, true, true);
	else
		prepend_headers_of(tcp, payload, h, false, true);
}

// RFC 9293 3.7.1, RFC 7323 2.2 and 3.2: offers, and answers to offers.
static void fill_syn_options(struct tcp *tcp, const struct tcp_conn *c, bool is_answer,
			     struct tcp_options *options)
{
	options->has_mss = true;
	options->mss = recv_window_mss(tcp, c->profile, conn_is_ipv6(c));
	options->has_window_scale = is_answer ? conn_has(c, CONN_WINDOW_SCALE)
					      : conn_option(tcp, c, PLX_OPTION_WINDOW_SCALE) != 0;
	options->window_scale = c->rcv_wscale;
	options->has_timestamps = is_answer ? conn_has(c, CONN_TIMESTAMPS)
					    : conn_option(tcp, c, PLX_OPTION_TIMESTAMPS) != 0;
}

// Every segment that carries an acknowledgement settles what was owed.
static void on_ack_sent(struct tcp_conn *c)
{
	c->ack_segs = 0;
	c->ack_deadline = PLX_TIME_NEVER;
	c->flags &= ~CONN_ACK_NOW;
}

// `may_be_syn` is a constant: without it no options but timestamps are thought of.
static __rte_always_inline void fill_headers(struct tcp *tcp, struct tcp_conn *c, uint32_t seq,
					     uint8_t flags, bool may_be_syn, struct headers *h)
{
	bool is_ack = (flags & TCP_ACK) != 0;

	h->key = &c->key;
	h->pseudo_sum = c->pseudo_sum;
	h->hop_limit = (uint8_t)conn_option(tcp, c, PLX_OPTION_HOP_LIMIT);
	h->dscp = (uint8_t)conn_option(tcp, c, PLX_OPTION_DSCP);
	h->ecn = 0;
	h->tcp->seq = seq;
	h->tcp->ack = is_ack ? c->rcv.nxt : 0;
	h->tcp->urgent = 0;
	h->tcp->flags = flags;
	h->tcp->options = (struct tcp_options){0};
	if (may_be_syn && (flags & TCP_SYN) != 0) {
		h->tcp->window = recv_window_announce_syn(tcp, c);
		fill_syn_options(tcp, c, (flags & TCP_ACK) != 0, &h->tcp->options);
	} else {
		h->tcp->window = recv_window_announce(tcp, c);
		// RFC 7323 3.2: on every segment once negotiated.
		h->tcp->options.has_timestamps = conn_has(c, CONN_TIMESTAMPS);
		if (conn_has(c, CONN_ECE_OWED) && (flags & TCP_RST) == 0)
			h->tcp->flags |= TCP_ECE;
	}
	if (h->tcp->options.has_timestamps) {
		h->tcp->options.ts_val = timestamp_now(tcp, c->ts_offset);
		h->tcp->options.ts_ecr = is_ack ? c->ts_recent : 0;
	}
	if (is_ack)
		on_ack_sent(c);
}

// What of a segment of a connection is not the connection's.
struct segment_form {
	uint32_t seq;
	uint8_t flags;
	uint8_t ecn;
	bool may_be_syn; // a constant
	bool is_plain;	 // a constant: segment_tx_is_plain() is known to be true
};

// Sends payload as a segment of `c`. Takes the mbuf.
static __rte_always_inline enum tx_result transmit(struct tcp *tcp, struct tcp_conn *c,
						   struct tx_burst *burst,
						   const struct payload *payload,
						   const struct segment_form *form)
{
	struct tcp_header header;
	struct headers h = {.tcp = &header};

	fill_headers(tcp, c, form->seq, form->flags, form->may_be_syn, &h);
	h.ecn = form->ecn;
	prepend_headers(tcp, payload, &h, form->is_plain);
	tcp_count(tcp, PLX_COUNTER_TCP_TX_SEGMENTS);
	switch (net_transmit(tcp->net, payload->m, &c->neighbor, &c->key.remote, tcp->now)) {
	case NET_TX_READY:
		burst->frames[burst->n++] = payload->m;
		return TX_SENT;
	case NET_TX_UNREACHABLE:
		return TX_UNREACHABLE;
	default:
		return TX_SENT;
	}
}

static __rte_noinline enum tx_result transmit_syn(struct tcp *tcp, struct tcp_conn *c,
						  struct tx_burst *burst,
						  const struct payload *none, uint8_t flags,
						  uint32_t seq)
{
	return transmit(tcp, c, burst, none,
			&(struct segment_form){.seq = seq, .flags = flags, .may_be_syn = true});
}

enum tx_result segment_tx_control(struct tcp *tcp, struct tcp_conn *c, struct tx_burst *burst,
				  uint32_t seq, uint8_t flags)
{
	struct payload none = {.m = spare_mbufs_take(tcp)};

	if (none.m == NULL)
		return TX_NO_MEMORY;
	if (unlikely((flags & TCP_SYN) != 0))
		return transmit_syn(tcp, c, burst, &none, flags, seq);
	if ((flags & (TCP_FIN | TCP_RST)) == 0)
		tcp_count(tcp, PLX_COUNTER_TCP_ACKS);
	else if ((flags & TCP_RST) != 0)
		tcp_count(tcp, PLX_COUNTER_TCP_RSTS_SENT);
	return transmit(tcp, c, burst, &none, &(struct segment_form){.seq = seq, .flags = flags});
}

// Headers go in front of the payload where it lies, if nobody else holds or shares the mbuf.
static struct rte_mbuf *take_in_place(const struct tcp *tcp, const struct send_segment *seg,
				      uint32_t len_bytes)
{
	struct rte_mbuf *m = seg->mbuf;
	bool is_alone = seg->kind == SEND_MBUF && seg->len_bytes == len_bytes
		&& seg->offset >= SEND_HEADROOM_BYTES && frame_is_writable(m) && m->nb_segs == 1
		&& !has_offload(tcp, PLX_OFFLOAD_TX_BY_REFERENCE);

	if (!is_alone)
		return NULL;
	offload_reset(m);
	m->data_off = (uint16_t)seg->offset;
	m->data_len = (uint16_t)len_bytes;
	m->pkt_len = len_bytes;
	m->next = NULL;
	rte_mbuf_refcnt_update(m, 1);
	return m;
}

// The payload of records from `idx` on, copied into one mbuf, and summed by the way.
static void copy_payload(struct tcp *tcp, uint32_t idx, uint32_t len_bytes, struct payload *payload)
{
	uint32_t done = 0;
	uint8_t *to;

	payload->m = spare_mbufs_take(tcp);
	payload->sum = 0;
	if (payload->m == NULL)
		return;
	to = (uint8_t *)rte_pktmbuf_append(payload->m, (uint16_t)len_bytes);
	while (done < len_bytes) {
		const struct send_segment *seg = send_segment_at(tcp, idx);
		const uint8_t *data = send_segment_data(tcp, seg);

		if (makes_checksum(tcp))
			payload->sum = checksum_combine(
				payload->sum, checksum_copy(to + done, data, seg->len_bytes, 0),
				done);
		else
			memcpy(to + done, data, seg->len_bytes);
		done += seg->len_bytes;
		idx = seg->next;
	}
}

struct rte_mbuf *segment_tx_piece(struct tcp *tcp, const struct send_segment *seg)
{
	struct rte_mbuf *m = spare_mbufs_take(tcp);

	if (m == NULL)
		return NULL;
	if (seg->kind == SEND_SLAB
	    || (seg->kind == SEND_EXTERNAL && !has_offload(tcp, PLX_OFFLOAD_TX_ANY_MEMORY))) {
		memcpy(rte_pktmbuf_append(m, (uint16_t)seg->len_bytes), send_segment_data(tcp, seg),
		       seg->len_bytes);
		return m;
	}
	if (seg->kind == SEND_MBUF) {
		rte_pktmbuf_attach(m, seg->mbuf);
		m->data_off = (uint16_t)seg->offset;
		m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
		m->nb_segs = 1;
		m->next = NULL;
	} else {
		struct send_external *block = pool_at(&tcp->externals, seg->external_idx);

		rte_mbuf_ext_refcnt_update(&block->shared, 1);
		rte_pktmbuf_attach_extbuf(m, (void *)(uintptr_t)seg->external,
					  (rte_iova_t)(uintptr_t)seg->external,
					  (uint16_t)seg->len_bytes, &block->shared);
		m->data_off = 0;
	}
	m->data_len = (uint16_t)seg->len_bytes;
	m->pkt_len = seg->len_bytes;
	return m;
}

// A header mbuf with the records from `idx` on chained behind it.
static struct rte_mbuf *chain_references(struct tcp *tcp, uint32_t idx, uint32_t len_bytes)
{
	struct rte_mbuf *head = spare_mbufs_take(tcp);
	struct rte_mbuf *last = head;

	if (head == NULL)
		return NULL;
	for (uint32_t left = len_bytes; left > 0;) {
		const struct send_segment *seg = send_segment_at(tcp, idx);
		struct rte_mbuf *piece = segment_tx_piece(tcp, seg);

		if (piece == NULL) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		last->next = piece;
		last = piece;
		head->nb_segs++;
		head->pkt_len += seg->len_bytes;
		left -= seg->len_bytes;
		idx = seg->next;
	}
	return head;
}

static bool has_few_pieces(const struct tcp *tcp, uint32_t idx, uint32_t len_bytes)
{
	unsigned n = 0;

	for (uint32_t left = len_bytes; left > 0 && n <= SEGMENT_PIECES_MAX; n++) {
		const struct send_segment *seg = send_segment_at(tcp, idx);

		left -= seg->len_bytes;
		idx = seg->next;
	}
	return n <= SEGMENT_PIECES_MAX;
}

// The cheapest of the three ways that is open. payload->m is NULL without memory.
static void take_payload(struct tcp *tcp, uint32_t idx, uint32_t len_bytes, struct payload *payload)
{
	payload->m = take_in_place(tcp, send_segment_at(tcp, idx), len_bytes);
	if (payload->m == NULL
	    && !(may_chain(tcp) && len_bytes > SLAB_BYTES && has_few_pieces(tcp, idx, len_bytes))) {
		copy_payload(tcp, idx, len_bytes, payload);
		return;
	}
	if (payload->m == NULL)
		payload->m = chain_references(tcp, idx, len_bytes);
	if (payload->m != NULL && makes_checksum(tcp))
		payload->sum = mbuf_checksum_partial(payload->m, 0, len_bytes);
}

// RFC 3168 6.1.4 to 6.1.6: new data, but no probe of a closed window; the first of it after a reduction says so.
// Whoever has sent a SYN without ECN as well only listens for marks (6.1.1).
static void mark_capable(struct tcp_conn *c, struct segment_form *form)
{
	if (form->seq != c->snd.nxt || conn_has(c, CONN_PERSIST | CONN_SYN_RESENT))
		return;
	form->ecn = ECN_ECT_0;
	if (conn_has(c, CONN_CWR_OWED))
		form->flags |= TCP_CWR;
	c->flags &= ~CONN_CWR_OWED;
}

enum tx_result segment_tx_data(struct tcp *tcp, struct tcp_conn *c, struct tx_burst *burst,
			       uint32_t idx, uint32_t len_bytes, uint8_t flags)
{
	const struct send_segment *first = send_segment_at(tcp, idx);
	struct segment_form form = {.seq = first->seq, .flags = flags};
	struct payload payload = {0};

	take_payload(tcp, idx, len_bytes, &payload);
	if (payload.m == NULL)
		return TX_NO_MEMORY;
	if (conn_has(c, CONN_ECN))
		mark_capable(c, &form);
	return transmit(tcp, c, burst, &payload, &form);
}

enum tx_result segment_tx_slab(struct tcp *tcp, struct tcp_conn *c, struct tx_burst *burst,
			       const struct send_segment *record, uint8_t flags)
{
	struct payload payload = {.m = spare_mbufs_take(tcp)};
	struct rte_mbuf *m = payload.m;

	if (m == NULL)
		return TX_NO_MEMORY;
	m->data_len = (uint16_t)record->len_bytes;
	m->pkt_len = record->len_bytes;
	payload.sum = checksum_copy(rte_pktmbuf_mtod(m, uint8_t *), send_slab_data(tcp, record),
				    record->len_bytes, 0);
	return transmit(
		tcp, c, burst, &payload,
		&(struct segment_form){.seq = record->seq, .flags = flags, .is_plain = true});
}

enum tx_result segment_tx_cut(struct tcp *tcp, struct tcp_conn *c, struct tx_burst *burst,
			      const struct segment_cut *cut, uint8_t flags)
{
	struct segment_form form = {.seq = send_segment_at(tcp, cut->idx)->seq, .flags = flags};
	struct payload payload = {.m = segment_cut_payload(tcp, cut)};

	if (payload.m == NULL)
		return TX_NO_MEMORY;
	if (conn_has(c, CONN_ECN))
		mark_capable(c, &form);
	tcp_count_n(tcp, PLX_COUNTER_TCP_TX_SEGMENTS, segment_cut_count(cut) - 1);
	return transmit(tcp, c, burst, &payload, &form);
}

void segment_tx_early_ack(struct tcp *tcp, struct tcp_conn *c)
{
	struct payload none = {.m = spare_mbufs_take(tcp)};
	struct tcp_header header;
	struct headers h = {.tcp = &header};

	if (none.m == NULL)
		return;
	fill_headers(tcp, c, c->snd.nxt, TCP_ACK, false, &h);
	prepend_headers(tcp, &none, &h, false);
	tcp_count(tcp, PLX_COUNTER_TCP_ACKS);
	tcp_count(tcp, PLX_COUNTER_TCP_TX_SEGMENTS);
	(void)net_transmit_answer(tcp->net, none.m, &c->neighbor, &c->key.remote, tcp->now);
}

enum plx_drop segment_tx_answer(struct tcp *tcp, struct answer *answer, struct segment *seg)
{
	const struct flow_key *key = answer->key;
	struct headers h = {
		.key = key,
		.tcp = &answer->tcp,
		.pseudo_sum = checksum_pseudo(&key->local, &key->remote, IP_PROTOCOL_TCP),
		.hop_limit = answer->hop_limit,
		.dscp = answer->dscp,
	};
	struct neighbor_ref next_hop = neighbor_ref_none();
	struct payload none = {0};
	enum net_tx outcome;

	if (seg != NULL && seg->mbuf != NULL) {
		none.m = frame_reuse_or_alloc(tcp->net, seg->mbuf);
		if (none.m == seg->mbuf)
			seg->mbuf = NULL;
	} else {
		none.m = spare_mbufs_take(tcp);
	}
	if (none.m == NULL)
		return PLX_DROP_TCP_NO_BUFFER;
	prepend_headers(tcp, &none, &h, false);
	tcp_count(tcp, PLX_COUNTER_TCP_TX_SEGMENTS);
	if ((h.tcp->flags & TCP_RST) != 0)
		tcp_count(tcp, PLX_COUNTER_TCP_RSTS_SENT);
	outcome = net_transmit_answer(tcp->net, none.m, &next_hop, &key->remote, tcp->now);
	return likely(outcome == NET_TX_READY) ? PLX_DROP_NONE : net_tx_drop(outcome);
}

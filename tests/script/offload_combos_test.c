// SPDX-License-Identifier: BSD-3-Clause
//
// Every set of transmit offloads that a port may offer: a whole connection by each, sent in every way, lost and sent
// again, acknowledged in the middle. The port completes the frames by the book (support/nic), then each is judged as any
// other (support/judge): checksums, lengths, payload. What a port is asked for is looked at before it does it.
// RFC 9293 3.1, 3.8.1; pollux/stack.h, enum plx_offload.
#include <stdio.h>

#include <rte_mbuf.h>

#include "nic_peer.h"
#include "support/eal_main.h"

enum { MSS = NIC_PEER_MSS, PATIENCE_MS = 5000, NOBODYS_PORT = 9, HAD_BYTES = 77 };

static const uint32_t kinds[] = {
	PLX_OFFLOAD_TX_IPV4_CHECKSUM, PLX_OFFLOAD_TX_TCP_CHECKSUM, PLX_OFFLOAD_TX_MULTI_SEGS,
	PLX_OFFLOAD_TX_BY_REFERENCE,  PLX_OFFLOAD_TX_ANY_MEMORY,   PLX_OFFLOAD_TX_TSO,
};
enum { SETS = 1u << RTE_DIM(kinds) };

static uint32_t offloads_of(unsigned set)
{
	uint32_t offloads = 0;

	for (unsigned i = 0; i < RTE_DIM(kinds); i++)
		offloads |= (set >> i & 1) != 0 ? kinds[i] : 0;
	return offloads;
}

// What TX_TSO needs, and what it cannot be with.
static bool is_offered_by_ports(uint32_t offloads, bool is_ipv6)
{
	uint32_t needed = PLX_OFFLOAD_TX_TCP_CHECKSUM | PLX_OFFLOAD_TX_MULTI_SEGS
		| (is_ipv6 ? 0 : PLX_OFFLOAD_TX_IPV4_CHECKSUM);

	if ((offloads & PLX_OFFLOAD_TX_TSO) == 0)
		return true;
	return (offloads & (needed | PLX_OFFLOAD_TX_BY_REFERENCE)) == needed;
}

// Slabs and mbufs, odd and even lengths at odd and even places, less and more than a segment.
static const struct {
	enum nic_peer_way way;
	uint32_t len_bytes;
	uint32_t each_bytes;
} sends[] = {
	{BY_COPY, 1, 0},
	{BY_MBUF, 1, 1},
	{BY_REFERENCE, 1, 0},
	{BY_COPY, 256, 0},
	{BY_COPY, 257, 0},
	{BY_MBUF, 999, 333},
	{BY_REFERENCE, MSS, 0},
	{BY_MBUF, MSS, MSS},
	{BY_COPY, 3 * MSS + 17, 0},
	{BY_MBUF, 3 * MSS + 1, MSS + 7},
	{BY_REFERENCE, 4 * MSS + 3, 0},
	{BY_COPY, 2 * MSS, 0},
};

static uint32_t send_in_every_way(struct fixture *f)
{
	uint32_t total = 0;

	for (unsigned i = 0; i < RTE_DIM(sends); i++) {
		nic_peer_sends(f, sends[i].way, sends[i].len_bytes, sends[i].each_bytes);
		total += sends[i].len_bytes;
	}
	return total;
}

static void expect_all_once(struct fixture *f, uint32_t total)
{
	for (uint32_t done = 0; done < total;) {
		const struct frame *frame = expect_segment(f, SEG(.seq = f->snd_nxt + done));

		assert_in_range(frame->payload_bytes, 1, f->peer.mss);
		done += (uint32_t)frame->payload_bytes;
	}
	expect_silence(f);
}

// What comes out next begins with the first byte that is missed, and is in one piece. Returns its length.
static uint32_t next_piece(struct fixture *f, uint32_t acked)
{
	const struct frame *frame = expect_segment_within(f, PATIENCE_MS,
							  SEG(.seq = f->snd_nxt + acked));
	uint32_t len_bytes = (uint32_t)frame->payload_bytes;

	for (const struct fixture_output *output; (output = fixture_next_output(f)) != NULL;) {
		assert_int_equal(output->frame.tcp.seq, f->snd_nxt + acked + len_bytes);
		len_bytes += (uint32_t)output->frame.payload_bytes;
	}
	return len_bytes;
}

// Nearly all was lost: of every piece that comes again, the peer has the beginning of what is behind it.
static void expect_all_again(struct fixture *f, uint32_t total)
{
	uint32_t acked = 0;

	while (acked < total) {
		acked = RTE_MIN(acked + next_piece(f, acked) + HAD_BYTES, total);
		segment_arrives(f, SEG(.ack = f->snd_nxt + acked));
	}
	f->snd_nxt += total;
	forget_output(f);
	forget_events(f);
}

static void ends(struct fixture *f)
{
	user_closes(f);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK, .seq = f->snd_nxt, .len = 0));
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .ack = f->snd_nxt + 1));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 1, .len = 0));
	forget_events(f);
}

static void is_answered_by_nobody(struct fixture *f)
{
	segment_arrives(f, SEG(.flags = TCP_ACK, .ack = 99, .dst_port = NOBODYS_PORT));
	expect_segment(f, SEG(.flags = TCP_RST, .seq = 99, .src_port = NOBODYS_PORT));
}

// What the peer, and the link, are like.
struct path {
	bool timestamps;
	uint16_t mtu_bytes;
	int64_t mss;
};

static const struct path plain = {false, 1500, MSS};
static const struct path timestamps = {true, 1500, MSS};
static const struct path jumbo = {false, 9000, 8000};

// Calls it with a connection by each set that there are ports of, its name in front of what fails.
static void with_every_set(void **state, const struct path *path,
			   void (*scenario)(struct fixture *f))
{
	for (unsigned set = 0; set < SETS; set++) {
		struct fixture *f = fixture_plan(state);
		uint32_t offloads = offloads_of(set);
		char name[48];

		if (!is_offered_by_ports(offloads, f->variant->is_ipv6))
			continue;
		nic_peer_plan(state);
		f->config.offloads = offloads;
		snprintf(name, sizeof(name), "offloads 0x%x", offloads);
		f->config.mtu_bytes = path->mtu_bytes;
		f->peer.mss = path->mss;
		f->peer.timestamps = path->timestamps;
		nic_peer_established(state);
		f->about = name;
		scenario(f);
		f->about = NULL;
		fixture_renew(state);
	}
	nic_peer_plan(state);
}

static void live(struct fixture *f)
{
	uint32_t total = send_in_every_way(f);

	expect_all_once(f, total);
	expect_all_again(f, total);
	is_answered_by_nobody(f);
	ends(f);
}

static void every_set_of_offloads_puts_the_same_on_the_wire(void **state)
{
	with_every_set(state, &plain, live);
}

static void every_set_of_offloads_does_with_timestamps(void **state)
{
	with_every_set(state, &timestamps, live);
}

// A segment is longer than a buffer.
static void every_set_of_offloads_does_with_jumbo_frames(void **state)
{
	with_every_set(state, &jumbo, live);
}

// What was found in the frames of a connection.
struct asked {
	bool external;
	bool chained;
	bool cut;
};

static void look_at(const struct fixture *f, const struct rte_mbuf *m, struct asked *asked)
{
	uint32_t offloads = f->config.offloads;
	bool cut = (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) != 0;
	bool tcp = cut || (m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_TCP_CKSUM;
	bool ipv4 = (m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) != 0;

	assert_int_equal(tcp, (offloads & PLX_OFFLOAD_TX_TCP_CHECKSUM) != 0);
	assert_int_equal(ipv4,
			 !f->variant->is_ipv6 && (offloads & PLX_OFFLOAD_TX_IPV4_CHECKSUM) != 0);
	for (const struct rte_mbuf *piece = m; piece != NULL; piece = piece->next) {
		if ((offloads & PLX_OFFLOAD_TX_BY_REFERENCE) != 0) {
			assert_true(RTE_MBUF_DIRECT(piece));
			assert_int_equal(rte_mbuf_refcnt_read(piece), 1);
		}
		asked->external |= RTE_MBUF_HAS_EXTBUF(piece);
	}
	asked->chained |= m->nb_segs > 1;
	asked->cut |= cut;
}

// A port gets what it offers, no less and no more: what it does not is done before.
static void ask(struct fixture *f)
{
	uint32_t offloads = f->config.offloads;
	bool chains = (offloads & PLX_OFFLOAD_TX_MULTI_SEGS) != 0
		&& (offloads & PLX_OFFLOAD_TX_BY_REFERENCE) == 0;
	struct rte_mbuf *frames[NIC_PEER_BURST];
	struct asked asked = {false};
	uint32_t total = send_in_every_way(f);
	unsigned n = plx_output(f->stack, frames, NIC_PEER_BURST, f->now);

	f->judge.ignores_flows = true; // it does not see these
	assert_in_range(n, 1, NIC_PEER_BURST - 1);
	for (unsigned i = 0; i < n; i++)
		look_at(f, frames[i], &asked);
	rte_pktmbuf_free_bulk(frames, n);
	assert_int_equal(asked.chained, chains);
	assert_int_equal(asked.external, chains && (offloads & PLX_OFFLOAD_TX_ANY_MEMORY) != 0);
	assert_int_equal(asked.cut, (offloads & PLX_OFFLOAD_TX_TSO) != 0);
	f->snd_nxt += total;
	segment_arrives(f, SEG());
	forget_events(f);
}

static void ports_are_asked_for_what_they_offer(void **state)
{
	with_every_set(state, &plain, ask);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_EVERY_LINK(every_set_of_offloads_puts_the_same_on_the_wire),
		SCENARIO_EVERY_LINK(every_set_of_offloads_does_with_timestamps),
		SCENARIO_EVERY_LINK(every_set_of_offloads_does_with_jumbo_frames),
		SCENARIO_EVERY_LINK(ports_are_asked_for_what_they_offer),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script offload combos", tests, NULL, NULL);
}

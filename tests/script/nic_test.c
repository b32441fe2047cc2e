// SPDX-License-Identifier: BSD-3-Clause
//
// The port that all scenarios send through, held against frames that are prepared wrongly in one place each: a shim that
// overlooks something would let a stack pass that no NIC understands. Rules of rte_mbuf_core.h and of drivers' limits.
#include "support/nic.h"

#include <rte_mbuf.h>

#include "nic_peer.h"
#include "support/eal_main.h"
#include "wire/bytes.h"

enum { MSS = NIC_PEER_MSS, SEGMENTS = 3, L2_BYTES = 14, TCP_BYTES = 20 };

static unsigned on_wire;

static void count(void *context, const uint8_t *bytes, size_t len_bytes)
{
	(void)context;
	(void)bytes;
	(void)len_bytes;
	on_wire++;
}

// A large frame of the stack's, nobody having looked at it.
static struct rte_mbuf *large_frame(struct fixture *f)
{
	struct rte_mbuf *m = NULL;

	nic_peer_sends(f, BY_REFERENCE, SEGMENTS * MSS, 0);
	assert_int_equal(plx_output(f->stack, &m, 1, f->now), 1);
	return m;
}

static uint8_t *header(struct rte_mbuf *m, uint32_t offset)
{
	return rte_pktmbuf_mtod_offset(m, uint8_t *, offset);
}

static void spoil_flags(struct rte_mbuf *m)
{
	m->ol_flags ^= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6;
}

static void spoil_families(struct rte_mbuf *m)
{
	m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6;
}

static void spoil_l2(struct rte_mbuf *m)
{
	m->l2_len += 4;
}

static void spoil_l3(struct rte_mbuf *m)
{
	m->l3_len += 4;
}

static void spoil_l4(struct rte_mbuf *m)
{
	m->l4_len += 4;
}

static void spoil_size(struct rte_mbuf *m)
{
	m->tso_segsz = 100;
}

static void spoil_need(struct rte_mbuf *m)
{
	m->tso_segsz = SEGMENTS * MSS;
}

static void spoil_count(struct rte_mbuf *m)
{
	m->nb_segs++;
}

static void spoil_length(struct rte_mbuf *m)
{
	m->pkt_len--;
}

static void spoil_owner(struct rte_mbuf *m)
{
	rte_mbuf_refcnt_update(m, 1);
}

static void spoil_place(struct rte_mbuf *m)
{
	struct rte_mbuf *piece = m->next;

	// The last byte of the headers moves in front of the payload.
	piece->buf_addr = (uint8_t *)piece->buf_addr - 1;
	piece->data_len++;
	m->data_len--;
}

static uint32_t tcp_offset(const struct rte_mbuf *m)
{
	return (uint32_t)(m->l2_len + m->l3_len);
}

static void spoil_sum(struct rte_mbuf *m)
{
	header(m, tcp_offset(m))[16] ^= 1;
}

// The length belongs to the pseudo header of a segment that the port does not cut.
static void spoil_pseudo(struct rte_mbuf *m)
{
	uint8_t *field = header(m, tcp_offset(m) + 16);
	uint32_t sum = load_be16(field) + SEGMENTS * MSS + TCP_BYTES;

	store_be16(field, (uint16_t)((sum & 0xffff) + (sum >> 16)));
}

static void spoil_syn(struct rte_mbuf *m)
{
	header(m, tcp_offset(m))[TCP_FLAGS_OFFSET] |= TCP_SYN;
}

static void spoil_urgent(struct rte_mbuf *m)
{
	header(m, tcp_offset(m))[TCP_FLAGS_OFFSET] |= TCP_URG;
}

static void spoil_ip_length(struct rte_mbuf *m)
{
	header(m, L2_BYTES)[(m->ol_flags & RTE_MBUF_F_TX_IPV6) != 0 ? 5 : 3] ^= 1;
}

static void (*const spoilers[])(struct rte_mbuf *m) = {
	spoil_flags,  spoil_families, spoil_l2,	    spoil_l3,	     spoil_l4,	  spoil_size,
	spoil_need,   spoil_count,    spoil_length, spoil_owner,     spoil_place, spoil_sum,
	spoil_pseudo, spoil_syn,      spoil_urgent, spoil_ip_length,
};

static struct fixture *established(void **state)
{
	nic_peer_plan(state);
	return nic_peer_established(state);
}

// What the stack makes, without a fault, is cut.
static void right_frame_is_cut(void **state)
{
	struct fixture *f = established(state);

	on_wire = 0;
	assert_null(nic_send(large_frame(f), NIC_PEER_OFFLOADS, count, NULL));
	assert_int_equal(on_wire, SEGMENTS);
}

static void every_fault_is_found(void **state)
{
	for (unsigned i = 0; i < sizeof(spoilers) / sizeof(spoilers[0]); i++) {
		struct fixture *f = established(state);
		struct rte_mbuf *m = large_frame(f);

		on_wire = 0;
		spoilers[i](m);
		if (nic_send(m, NIC_PEER_OFFLOADS, count, NULL) == NULL)
			fail_msg("fault %u was overlooked", i);
		assert_int_equal(on_wire, 0);
		if (spoilers[i] == spoil_owner)
			rte_pktmbuf_free_seg(m);
		fixture_renew(state);
	}
	nic_peer_plan(state);
}

// IPv4 only: the header's checksum has to be asked for, and to be zero.
static void ipv4_checksum_is_asked_for(void **state)
{
	struct fixture *f = established(state);
	struct rte_mbuf *m = large_frame(f);

	m->ol_flags &= ~RTE_MBUF_F_TX_IP_CKSUM;
	assert_non_null(nic_send(m, NIC_PEER_OFFLOADS, count, NULL));
	m = large_frame(f);
	header(m, L2_BYTES)[10] = 1;
	assert_non_null(nic_send(m, NIC_PEER_OFFLOADS, count, NULL));
}

static void nothing_is_cut_that_was_not_offered(void **state)
{
	static const uint32_t missing[] = {PLX_OFFLOAD_TX_TSO, PLX_OFFLOAD_TX_MULTI_SEGS,
					   PLX_OFFLOAD_TX_TCP_CHECKSUM};
	struct fixture *f = established(state);

	for (unsigned i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
		assert_non_null(
			nic_send(large_frame(f), NIC_PEER_OFFLOADS & ~missing[i], count, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(right_frame_is_cut),
		SCENARIO(every_fault_is_found),
		SCENARIO_IPV4(ipv4_checksum_is_asked_for),
		SCENARIO(nothing_is_cut_that_was_not_offered),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script nic", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Transmit checksums and segmentation as DPDK's ports want them asked for (rte_mbuf_core.h).
// The TCP checksum field holds the pseudo-header sum: with the length, but for a port that cuts
// without, since every segment it makes has a length of its own.
// Called by tcp/segment_tx and net/ where the port offers it.
#include "wire/offload.h"

#include "wire/checksum.h"
#include "wire/tcp.h"

void tcp_checksum_prepare_offload(struct rte_mbuf *m, const struct offload_layout *layout,
				  uint32_t pseudo)
{
	uint32_t l4_offset = (uint32_t)layout->l2_bytes + layout->l3_bytes;
	uint32_t segment_bytes = m->pkt_len - l4_offset; // header and payload
	bool is_cut = layout->segment_bytes != 0
		&& segment_bytes > (uint32_t)layout->l4_bytes + layout->segment_bytes;
	uint8_t *field = rte_pktmbuf_mtod_offset(m, uint8_t *, l4_offset + TCP_CHECKSUM_OFFSET);

	m->l2_len = layout->l2_bytes;
	m->l3_len = layout->l3_bytes;
	m->l4_len = layout->l4_bytes;
	m->ol_flags |= layout->is_ipv6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4;
	if (layout->ipv4_checksum)
		m->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
	if (is_cut) {
		m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
		m->tso_segsz = layout->segment_bytes;
	} else {
		m->ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM;
		pseudo = checksum_add16(pseudo, (uint16_t)segment_bytes);
	}
	store_be16(field, checksum_reduce(pseudo));
}

void ipv4_checksum_prepare_offload(struct rte_mbuf *m, uint8_t l2_bytes, uint8_t l3_bytes)
{
	m->l2_len = l2_bytes;
	m->l3_len = l3_bytes;
	m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// What a port does for us, told to it and heard from it through the fields of an mbuf.
// Transmit checksums and TCP segmentation are prepared; verdicts of received checksums are read.
// Called by tcp/segment_tx and net/ for ports that offer it, by stack/ for every received frame.
#ifndef WIRE_OFFLOAD_H
#define WIRE_OFFLOAD_H

#include <rte_mbuf.h>

#include <pollux/types.h>

// Where the headers of a TCP segment lie in its frame, and what the port shall do with them.
struct offload_layout {
	uint8_t l2_bytes; // 0 for bare IP
	uint8_t l3_bytes;
	uint8_t l4_bytes;
	bool is_ipv6;
	bool ipv4_checksum;	// the port fills the IPv4 header's too; needed where it cuts
	uint16_t segment_bytes; // payload per segment that the port cuts; 0: it does not cut
};

// Has the port fill in the TCP checksum of the finished frame `m` (and cut it, if so asked): sets
// ol_flags and lengths, and leaves in the checksum field the pseudo-header sum, with the length
// only where the port does not cut, as DPDK wants it. `pseudo` as of checksum_pseudo(). The
// headers are in the first mbuf, which is ours to write.
void tcp_checksum_prepare_offload(struct rte_mbuf *m, const struct offload_layout *layout,
				  uint32_t pseudo);

// Has the port fill in the checksum of an IPv4 header alone, which is zero so far.
void ipv4_checksum_prepare_offload(struct rte_mbuf *m, uint8_t l2_bytes, uint8_t l3_bytes);

// Did the port vouch for it? "None" is the word of virtual devices for data that never left the
// machine. A frame called bad is not vouched for, and software has the last word.
static inline bool offload_has_verified_ip(const struct rte_mbuf *m)
{
	return (m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_GOOD) != 0;
}

static inline bool offload_has_verified_l4(const struct rte_mbuf *m)
{
	return (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_GOOD) != 0;
}

// Forgets what reception or an earlier transmission wrote, before a received mbuf is an answer.
static inline void offload_reset(struct rte_mbuf *m)
{
	m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	m->packet_type = RTE_PTYPE_UNKNOWN;
	m->tx_offload = 0;
}

#endif

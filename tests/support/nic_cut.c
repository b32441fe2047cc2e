// SPDX-License-Identifier: BSD-3-Clause
//
// Segmentation by the book, see nic_cut.h: headers are copied in front of each part of the payload, then lengths, IPv4
// identification, sequence number and flags are those of the segment. CWR belongs to the first, FIN and PSH to the
// last one.
// Called by support/nic.
#include "support/nic_cut.h"

#include <string.h>

#include <rte_mbuf.h>

#include "wire/bytes.h"
#include "wire/ethernet.h"
#include "wire/ip.h"
#include "wire/tcp.h"

enum {
	IP_VERSION_SHIFT = 4,
	IPV4_LENGTH_OFFSET = 2,
	IPV4_ID_OFFSET = 4,
};

static const char *chain_fault(const struct rte_mbuf *m)
{
	uint32_t bytes = 0;
	unsigned n = 0;

	for (const struct rte_mbuf *piece = m; piece != NULL; piece = piece->next, n++) {
		if (rte_mbuf_refcnt_read(piece) == 0)
			return "an mbuf of the large frame is free";
		if (piece->data_len == 0)
			return "an mbuf of the large frame is empty";
		bytes += piece->data_len;
	}
	if (n != m->nb_segs || bytes != m->pkt_len)
		return "the large frame's chain is not what its first mbuf says";
	if (n > NIC_LARGE_MBUFS_MAX)
		return "the large frame consists of more mbufs than ports take";
	return NULL;
}

// The header goes in front of each segment; the payload's mbufs are those that it touches.
static const char *pieces_fault(const struct rte_mbuf *m, uint32_t header_bytes)
{
	uint32_t at = 0, payload_bytes = m->pkt_len - header_bytes, begin = 0;

	for (; begin < payload_bytes; begin += m->tso_segsz) {
		uint32_t end = RTE_MIN(begin + m->tso_segsz, payload_bytes) + header_bytes;
		unsigned n = 1;

		at = 0;
		for (const struct rte_mbuf *piece = m; piece != NULL; piece = piece->next) {
			n += at < end && at + piece->data_len > begin + header_bytes;
			at += piece->data_len;
		}
		if (n > NIC_SEGMENT_MBUFS_MAX)
			return "a segment of the large frame consists of more mbufs than ports take";
	}
	return NULL;
}

struct nic_frame nic_frame_of(const struct rte_mbuf *m, uint8_t *bytes)
{
	return (struct nic_frame){
		.bytes = bytes,
		.len_bytes = m->pkt_len,
		.flags = m->ol_flags,
		.l2_bytes = m->l2_len,
		.l3_bytes = m->l3_len,
		.l4_bytes = m->l4_len,
		.segment_bytes = m->tso_segsz,
		.is_ipv6 = (m->ol_flags & RTE_MBUF_F_TX_IPV6) != 0,
	};
}

const char *nic_cut_mbuf_fault(const struct rte_mbuf *m)
{
	uint32_t header_bytes = (uint32_t)(m->l2_len + m->l3_len + m->l4_len);
	const char *fault = chain_fault(m);

	if (fault != NULL)
		return fault;
	if (rte_mbuf_refcnt_read(m) != 1 || !RTE_MBUF_DIRECT(m))
		return "the large frame's headers are somebody else's, the port cannot write them";
	if (m->data_len < header_bytes)
		return "the large frame's headers are not in its first mbuf";
	if (m->tso_segsz < NIC_SEGMENT_PAYLOAD_MIN_BYTES)
		return "the large frame's segments are smaller than ports take";
	if (m->pkt_len - header_bytes <= m->tso_segsz)
		return "the large frame needs no cutting";
	if (m->pkt_len > NIC_LARGE_MAX_BYTES)
		return "the large frame is longer than any IP packet";
	return pieces_fault(m, header_bytes);
}

static const char *link_fault(const struct nic_frame *frame)
{
	uint16_t type = frame->is_ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_IPV4;

	if (frame->l2_bytes != 0 && load_be16(frame->bytes + frame->l2_bytes - 2) != type)
		return "the large frame's l2_len is not that of its link header";
	return NULL;
}

static const char *ip_fault(const struct nic_frame *frame)
{
	const uint8_t *l3 = frame->bytes + frame->l2_bytes;
	size_t l3_bytes = frame->len_bytes - frame->l2_bytes;
	size_t said = frame->is_ipv6
		? load_be16(l3 + IPV6_PAYLOAD_OFFSET) + (size_t)IPV6_HEADER_BYTES
		: load_be16(l3 + IPV4_LENGTH_OFFSET);
	uint8_t protocol = l3[frame->is_ipv6 ? IPV6_NEXT_HEADER_OFFSET : IPV4_PROTOCOL_OFFSET];

	if (l3[0] >> IP_VERSION_SHIFT != (frame->is_ipv6 ? 6 : 4))
		return "the large frame is not of the family its flags name";
	if (!frame->is_ipv6 && (frame->flags & RTE_MBUF_F_TX_IP_CKSUM) == 0)
		return "the large frame is IPv4, but asks for no IPv4 checksum";
	if (said != l3_bytes)
		return "the large frame's IP length is not its length";
	if (protocol != IP_PROTOCOL_TCP)
		return "the large frame is not TCP";
	return NULL;
}

const char *nic_cut_header_fault(const struct nic_frame *frame)
{
	const uint8_t *l4 = frame->bytes + frame->l2_bytes + frame->l3_bytes;
	const char *fault = link_fault(frame);

	if (fault == NULL)
		fault = ip_fault(frame);
	if (fault != NULL)
		return fault;
	if ((l4[TCP_DATA_OFFSET_OFFSET] >> 4) * 4u != frame->l4_bytes)
		return "the large frame's l4_len is not that of its TCP header";
	if ((l4[TCP_FLAGS_OFFSET] & (TCP_SYN | TCP_RST | TCP_URG)) != 0
	    || (l4[TCP_FLAGS_OFFSET] & TCP_ACK) == 0 || load_be16(l4 + TCP_URGENT_OFFSET) != 0)
		return "the large frame is more than data and an acknowledgement";
	return NULL;
}

unsigned nic_cut_count(const struct nic_frame *frame)
{
	size_t payload_bytes = frame->len_bytes - nic_header_bytes(frame);

	return (unsigned)((payload_bytes + frame->segment_bytes - 1) / frame->segment_bytes);
}

static void write_lengths(const struct nic_frame *piece, unsigned i)
{
	uint8_t *l3 = piece->bytes + piece->l2_bytes;
	size_t l3_bytes = piece->len_bytes - piece->l2_bytes;

	if (piece->is_ipv6) {
		store_be16(l3 + IPV6_PAYLOAD_OFFSET, (uint16_t)(l3_bytes - IPV6_HEADER_BYTES));
		return;
	}
	store_be16(l3 + IPV4_LENGTH_OFFSET, (uint16_t)l3_bytes);
	store_be16(l3 + IPV4_ID_OFFSET, (uint16_t)(load_be16(l3 + IPV4_ID_OFFSET) + i));
}

void nic_cut_segment(const struct nic_frame *frame, unsigned i, struct nic_frame *piece)
{
	size_t header_bytes = nic_header_bytes(frame);
	size_t offset = (size_t)i * frame->segment_bytes;
	size_t payload_bytes = RTE_MIN(frame->len_bytes - header_bytes - offset,
				       (size_t)frame->segment_bytes);
	bool is_first = i == 0, is_last = i + 1 == nic_cut_count(frame);
	uint8_t *to = piece->bytes;
	uint8_t *l4 = to + frame->l2_bytes + frame->l3_bytes;

	*piece = *frame;
	piece->bytes = to;
	piece->len_bytes = header_bytes + payload_bytes;
	memcpy(to, frame->bytes, header_bytes);
	memcpy(to + header_bytes, frame->bytes + header_bytes + offset, payload_bytes);
	write_lengths(piece, i);
	store_be32(l4 + TCP_SEQ_OFFSET, load_be32(l4 + TCP_SEQ_OFFSET) + (uint32_t)offset);
	if (!is_first)
		l4[TCP_FLAGS_OFFSET] &= (uint8_t)~TCP_CWR;
	if (!is_last)
		l4[TCP_FLAGS_OFFSET] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
}

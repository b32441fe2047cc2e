// SPDX-License-Identifier: BSD-3-Clause
//
// Transmit offloads as a NIC does them, see nic.h.
// The rules of the fields are DPDK's: pseudo-header sum in the TCP checksum, with the length but where the port cuts, zero
// in the IPv4 one.
// Called by fixtures, pairs and fuzz targets for every frame of plx_output().
#include "support/nic.h"

#include <string.h>

#include <rte_mbuf.h>

#include <pollux/stack.h>

#include "support/mbufs.h"
#include "support/nic_cut.h"
#include "support/reference.h"
#include "wire/bytes.h"
#include "wire/ip.h"
#include "wire/tcp.h"

enum {
	IPV4_CHECKSUM_OFFSET = 10,
};

static struct plx_addr address_of(const struct nic_frame *frame, bool is_destination)
{
	const uint8_t *l3 = frame->bytes + frame->l2_bytes;

	if (frame->is_ipv6)
		return addr_of_ipv6_bytes(l3
					  + (is_destination ? IPV6_DST_OFFSET : IPV6_SRC_OFFSET));
	return addr_of_ipv4_bytes(l3 + (is_destination ? IPV4_DST_OFFSET : IPV4_SRC_OFFSET));
}

static const char *tcp_fault(const struct nic_frame *frame)
{
	bool is_cut = (frame->flags & RTE_MBUF_F_TX_TCP_SEG) != 0;
	size_t l4_offset = (size_t)frame->l2_bytes + frame->l3_bytes;
	struct plx_addr src = address_of(frame, false), dst = address_of(frame, true);
	uint8_t nothing[] = {0, 0};
	uint32_t pseudo;

	if (frame->is_ipv6 == ((frame->flags & RTE_MBUF_F_TX_IPV4) != 0))
		return "its offload flags name neither or both families";
	if (frame->l3_bytes != (frame->is_ipv6 ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES))
		return "its l3_len is not that of its IP header";
	// What the reference makes of an empty segment is the pseudo header without the length.
	pseudo = (uint16_t)~reference_transport_checksum(&src, &dst, IP_PROTOCOL_TCP, nothing, 0);
	pseudo += is_cut ? 0 : (uint32_t)(frame->len_bytes - l4_offset);
	pseudo = (pseudo & 0xffff) + (pseudo >> 16);
	if (load_be16(frame->bytes + l4_offset + TCP_CHECKSUM_OFFSET) != pseudo)
		return "its TCP checksum field does not hold the pseudo-header sum";
	return NULL;
}

static const char *ipv4_fault(const struct nic_frame *frame)
{
	if ((frame->flags & RTE_MBUF_F_TX_IPV4) == 0)
		return "it asks for an IPv4 checksum without being IPv4";
	if (load_be16(frame->bytes + frame->l2_bytes + IPV4_CHECKSUM_OFFSET) != 0)
		return "its IPv4 checksum field is not zero";
	return NULL;
}

static void fill_tcp(const struct nic_frame *frame)
{
	size_t l4_offset = (size_t)frame->l2_bytes + frame->l3_bytes;
	struct plx_addr src = address_of(frame, false), dst = address_of(frame, true);
	uint8_t *l4 = frame->bytes + l4_offset;

	store_be16(l4 + TCP_CHECKSUM_OFFSET, 0);
	store_be16(l4 + TCP_CHECKSUM_OFFSET,
		   reference_transport_checksum(&src, &dst, IP_PROTOCOL_TCP, l4,
						frame->len_bytes - l4_offset));
}

static void fill_ipv4(const struct nic_frame *frame)
{
	uint8_t *l3 = frame->bytes + frame->l2_bytes;

	store_be16(l3 + IPV4_CHECKSUM_OFFSET, reference_checksum(l3, frame->l3_bytes));
}

static bool wants_tcp(uint64_t flags)
{
	return (flags & (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG)) != 0;
}

static const char *offer_fault(const struct rte_mbuf *m, uint32_t offloads)
{
	if (m->nb_segs > 1 && (offloads & PLX_OFFLOAD_TX_MULTI_SEGS) == 0)
		return "it is a chain for a port without MULTI_SEGS";
	if (wants_tcp(m->ol_flags) && (offloads & PLX_OFFLOAD_TX_TCP_CHECKSUM) == 0)
		return "it asks for a TCP checksum that the port does not offer";
	if ((m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) != 0
	    && (offloads & PLX_OFFLOAD_TX_IPV4_CHECKSUM) == 0)
		return "it asks for an IPv4 checksum that the port does not offer";
	if ((m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) == 0)
		return NULL;
	if ((offloads & PLX_OFFLOAD_TX_TSO) == 0)
		return "it asks for segmentation that the port does not offer";
	return nic_cut_mbuf_fault(m);
}

static const char *frame_fault(const struct nic_frame *frame)
{
	const char *fault = NULL;

	if ((frame->flags & RTE_MBUF_F_TX_TCP_SEG) != 0)
		fault = nic_cut_header_fault(frame);
	if (fault == NULL && wants_tcp(frame->flags))
		fault = tcp_fault(frame);
	if (fault == NULL && (frame->flags & RTE_MBUF_F_TX_IP_CKSUM) != 0)
		fault = ipv4_fault(frame);
	return fault;
}

static void put_on_wire(const struct nic_frame *frame, nic_wire *wire, void *context)
{
	if (wants_tcp(frame->flags))
		fill_tcp(frame);
	if ((frame->flags & RTE_MBUF_F_TX_IP_CKSUM) != 0)
		fill_ipv4(frame);
	wire(context, frame->bytes, frame->len_bytes);
}

static size_t copy_out(const struct rte_mbuf *m, uint8_t *bytes)
{
	const void *from;

	if ((m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) == 0)
		return mbufs_copy_out(m, bytes);
	from = rte_pktmbuf_read(m, 0, m->pkt_len, bytes);
	if (from != bytes)
		memcpy(bytes, from, m->pkt_len);
	return m->pkt_len;
}

const char *nic_send(struct rte_mbuf *m, uint32_t offloads, nic_wire *wire, void *context)
{
	static uint8_t whole[NIC_LARGE_MAX_BYTES], part[MBUFS_FRAME_MAX_BYTES];
	const char *fault = offer_fault(m, offloads);
	struct nic_frame piece = {.bytes = part};
	struct nic_frame frame = nic_frame_of(m, whole);

	if (fault == NULL)
		frame.len_bytes = copy_out(m, whole);
	rte_pktmbuf_free(m);
	if (fault == NULL)
		fault = frame_fault(&frame);
	if (fault != NULL)
		return fault;
	if ((frame.flags & RTE_MBUF_F_TX_TCP_SEG) == 0) {
		put_on_wire(&frame, wire, context);
		return NULL;
	}
	if (nic_header_bytes(&frame) + frame.segment_bytes > sizeof(part))
		return "the large frame's segments are longer than any MTU";
	for (unsigned i = 0; i < nic_cut_count(&frame); i++) {
		nic_cut_segment(&frame, i, &piece);
		put_on_wire(&piece, wire, context);
	}
	return NULL;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Transmit offloads as a NIC does them, see nic.h.
// The rules of the fields are DPDK's: pseudo-header sum in the TCP checksum, zero in the IPv4 one.
// Called by fixtures and pairs for every frame of plx_output().
#include "support/nic.h"

#include <rte_mbuf.h>

#include <pollux/stack.h>

#include "support/reference.h"
#include "wire/bytes.h"
#include "wire/ip.h"
#include "wire/tcp.h"

enum {
	IPV4_CHECKSUM_OFFSET = 10,
};

static struct plx_addr address_at(const uint8_t *at, bool is_ipv6)
{
	return is_ipv6 ? addr_of_ipv6_bytes(at) : addr_of_ipv4_bytes(at);
}

static const char *finish_tcp(const struct rte_mbuf *m, uint8_t *bytes)
{
	bool is_ipv6 = (m->ol_flags & RTE_MBUF_F_TX_IPV6) != 0;
	const uint8_t *l3 = bytes + m->l2_len;
	uint8_t *l4 = bytes + m->l2_len + m->l3_len;
	size_t l4_bytes = m->pkt_len - m->l2_len - m->l3_len;
	struct plx_addr src = address_at(l3 + (is_ipv6 ? IPV6_SRC_OFFSET : IPV4_SRC_OFFSET),
					 is_ipv6);
	struct plx_addr dst = address_at(
		l3 + (is_ipv6 ? IPV6_SRC_OFFSET + ADDR_BYTES : IPV4_SRC_OFFSET + ADDR_IPV4_BYTES),
		is_ipv6);
	uint8_t zero[] = {0, 0};
	uint32_t pseudo;

	if (is_ipv6 == ((m->ol_flags & RTE_MBUF_F_TX_IPV4) != 0))
		return "its offload flags name neither or both families";
	if (m->l3_len != (is_ipv6 ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES))
		return "its l3_len is not that of its IP header";
	// The pseudo header with the length: what the reference makes of an empty segment, plus that.
	pseudo = (uint16_t)~reference_transport_checksum(&src, &dst, IP_PROTOCOL_TCP, zero, 0);
	pseudo += (uint32_t)l4_bytes;
	pseudo = (pseudo & 0xffff) + (pseudo >> 16);
	if (load_be16(l4 + TCP_CHECKSUM_OFFSET) != pseudo)
		return "its TCP checksum field does not hold the pseudo-header sum";
	store_be16(l4 + TCP_CHECKSUM_OFFSET, 0);
	store_be16(l4 + TCP_CHECKSUM_OFFSET,
		   reference_transport_checksum(&src, &dst, IP_PROTOCOL_TCP, l4, l4_bytes));
	return NULL;
}

static const char *finish_ipv4(const struct rte_mbuf *m, uint8_t *bytes)
{
	uint8_t *l3 = bytes + m->l2_len;

	if ((m->ol_flags & RTE_MBUF_F_TX_IPV4) == 0)
		return "it asks for an IPv4 checksum without being IPv4";
	if (load_be16(l3 + IPV4_CHECKSUM_OFFSET) != 0)
		return "its IPv4 checksum field is not zero";
	store_be16(l3 + IPV4_CHECKSUM_OFFSET, reference_checksum(l3, m->l3_len));
	return NULL;
}

const char *nic_finish(const struct rte_mbuf *m, uint32_t offloads, uint8_t *bytes)
{
	bool wants_tcp = (m->ol_flags & RTE_MBUF_F_TX_L4_MASK) != 0;
	bool wants_ip = (m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) != 0;
	const char *fault = NULL;

	if (m->nb_segs > 1 && (offloads & PLX_OFFLOAD_TX_MULTI_SEGS) == 0)
		return "it is a chain for a port without MULTI_SEGS";
	if (wants_tcp && (offloads & PLX_OFFLOAD_TX_TCP_CHECKSUM) == 0)
		return "it asks for a TCP checksum that the port does not offer";
	if (wants_ip && (offloads & PLX_OFFLOAD_TX_IPV4_CHECKSUM) == 0)
		return "it asks for an IPv4 checksum that the port does not offer";
	if (wants_tcp)
		fault = finish_tcp(m, bytes);
	if (fault == NULL && wants_ip)
		fault = finish_ipv4(m, bytes);
	return fault;
}

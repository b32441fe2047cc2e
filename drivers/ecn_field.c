// SPDX-License-Identifier: BSD-3-Clause
//
// Finds the IP header and reads or writes two bits of it. The checksum follows by RFC 1624, unless
// the device is going to make it anyway.
// Called by impairment.c.
#include "drivers/ecn_field.h"

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

enum {
	ECN_MASK = 3,
	ECN_CE = 3,
	// The traffic class is bits 4 to 11 of an IPv6 header.
	IPV6_ECN_SHIFT = 20,
	VLAN_TAGS_MAX = 2,
};

struct ip_header {
	void *at; // NULL: not IP
	bool is_ipv6;
};

static bool has(const struct rte_mbuf *mbuf, uint32_t offset, size_t len_bytes)
{
	return mbuf->data_len >= offset + len_bytes;
}

static struct ip_header find_ip(const struct rte_mbuf *mbuf)
{
	uint32_t offset = sizeof(struct rte_ether_hdr);
	const struct rte_ether_hdr *ethernet = rte_pktmbuf_mtod(mbuf, const struct rte_ether_hdr *);
	rte_be16_t type;

	if (!has(mbuf, 0, offset))
		return (struct ip_header){0};
	type = ethernet->ether_type;
	for (unsigned tags = 0; tags < VLAN_TAGS_MAX
	     && (type == RTE_BE16(RTE_ETHER_TYPE_VLAN) || type == RTE_BE16(RTE_ETHER_TYPE_QINQ));
	     tags++) {
		if (!has(mbuf, offset, sizeof(struct rte_vlan_hdr)))
			return (struct ip_header){0};
		type = rte_pktmbuf_mtod_offset(mbuf, const struct rte_vlan_hdr *, offset)
			       ->eth_proto;
		offset += (uint32_t)sizeof(struct rte_vlan_hdr);
	}
	if (type == RTE_BE16(RTE_ETHER_TYPE_IPV4) && has(mbuf, offset, sizeof(struct rte_ipv4_hdr)))
		return (struct ip_header){rte_pktmbuf_mtod_offset(mbuf, void *, offset), false};
	if (type == RTE_BE16(RTE_ETHER_TYPE_IPV6) && has(mbuf, offset, sizeof(struct rte_ipv6_hdr)))
		return (struct ip_header){rte_pktmbuf_mtod_offset(mbuf, void *, offset), true};
	return (struct ip_header){0};
}

bool ecn_field_is_capable(const struct rte_mbuf *mbuf)
{
	struct ip_header ip = find_ip(mbuf);

	if (ip.at == NULL)
		return false;
	if (ip.is_ipv6)
		return (((const struct rte_ipv6_hdr *)ip.at)->vtc_flow
			& RTE_BE32(ECN_MASK << IPV6_ECN_SHIFT))
			!= 0;
	return (((const struct rte_ipv4_hdr *)ip.at)->type_of_service & ECN_MASK) != 0;
}

// RFC 1624 3, eqn. 3: HC' = ~(~HC + ~m + m').
static rte_be16_t adjust(rte_be16_t checksum, uint16_t before, uint16_t after)
{
	uint32_t sum = (uint16_t)~rte_be_to_cpu_16(checksum);

	sum += (uint16_t)~before + after;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return rte_cpu_to_be_16((uint16_t)~sum);
}

static void mark_ipv4(struct rte_ipv4_hdr *ip, bool has_checksum)
{
	uint8_t before = ip->type_of_service;

	ip->type_of_service |= ECN_CE;
	// Version and length, which share the word with it, stay as they are.
	if (has_checksum)
		ip->hdr_checksum = adjust(ip->hdr_checksum, before, ip->type_of_service);
}

void ecn_field_mark(struct rte_mbuf *mbuf)
{
	struct ip_header ip = find_ip(mbuf);

	if (ip.is_ipv6)
		((struct rte_ipv6_hdr *)ip.at)->vtc_flow |= RTE_BE32(ECN_CE << IPV6_ECN_SHIFT);
	else
		mark_ipv4(ip.at, (mbuf->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) == 0);
}

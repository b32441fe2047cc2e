// SPDX-License-Identifier: BSD-3-Clause
//
// The frame that nearly every one is, judged in words: untagged Ethernet from a station to us, IP without options,
// extensions or fragments, in one mbuf, TCP, all checksums right.
// What is refused here goes the general way (net/input.h), which names the reason. The source is not judged
// yet: that of a connection was, when it began.
// Called by stack/input for every frame.
#ifndef STACK_ORDINARY_H
#define STACK_ORDINARY_H

#include "stack/stack.h"
#include "tcp/dispatch.h"
#include "tcp/ecn.h"
#include "wire/checksum.h"
#include "wire/ip.h"
#include "wire/offload.h"

enum {
	ORDINARY_IPV4 = ETH_TYPE_IPV4 << 8 | IPV4_PLAIN, // where type and version stand
	ORDINARY_IPV6 = ETH_TYPE_IPV6 << 4 | IPV6_VERSION,
	IPV4_WHOLE_TCP_MASK = IPV4_FRAGMENT_MASK << 16 | 0xff, // of fragment, TTL and protocol
};

// The IP header of an ordinary frame.
struct ordinary_ip {
	const uint8_t *src, *dst;
	uint32_t payload_bytes;
	uint32_t sum; // of the pseudo header
	uint8_t header_bytes;
	uint8_t ecn;
};

static __rte_always_inline bool ordinary_ipv4(const struct plx_stack *stack,
					      const struct rte_mbuf *m, const uint8_t *bytes,
					      struct ordinary_ip *out)
{
	uint32_t total_bytes = load_be16(bytes + IPV4_TOTAL_OFFSET);
	bool is_verified = offload_has_verified_ip(m)
		&& (stack->net->offloads & PLX_OFFLOAD_RX_IPV4_CHECKSUM) != 0;

	if ((load_be32(bytes + IPV4_FRAGMENT_OFFSET) & IPV4_WHOLE_TCP_MASK) != IP_PROTOCOL_TCP
	    || total_bytes < IPV4_HEADER_BYTES + TCP_HEADER_BYTES
	    || total_bytes > (uint32_t)m->data_len - ETH_HEADER_BYTES
	    || (!is_verified && !checksum_is_valid(ipv4_sum_plain(bytes))))
		return false;
	out->src = bytes + IPV4_SRC_OFFSET;
	out->dst = bytes + IPV4_DST_OFFSET;
	out->header_bytes = IPV4_HEADER_BYTES;
	out->payload_bytes = total_bytes - IPV4_HEADER_BYTES;
	out->ecn = bytes[1] & ECN_MASK;
	out->sum = checksum_narrow((uint64_t)load_word(out->src) + load_word(out->dst)
				   + be16_of(IP_PROTOCOL_TCP)
				   + be16_of((uint16_t)out->payload_bytes));
	return true;
}

// A mapped address on the wire would pass for an IPv4 one (RFC 4942 2.2).
static __rte_always_inline bool ordinary_ipv6(const struct rte_mbuf *m, const uint8_t *bytes,
					      struct ordinary_ip *out)
{
	struct plx_addr src = addr_of_ipv6_bytes(bytes + IPV6_SRC_OFFSET);
	struct plx_addr dst = addr_of_ipv6_bytes(bytes + IPV6_DST_OFFSET);

	out->payload_bytes = load_be16(bytes + IPV6_PAYLOAD_OFFSET);
	if (bytes[IPV6_NEXT_HEADER_OFFSET] != IP_PROTOCOL_TCP
	    || m->data_len < ETH_HEADER_BYTES + IPV6_HEADER_BYTES + TCP_HEADER_BYTES
	    || out->payload_bytes < TCP_HEADER_BYTES
	    || out->payload_bytes > (uint32_t)m->data_len - ETH_HEADER_BYTES - IPV6_HEADER_BYTES
	    || address_high(&src) == 0 || address_high(&dst) == 0)
		return false;
	out->src = bytes + IPV6_SRC_OFFSET;
	out->dst = bytes + IPV6_DST_OFFSET;
	out->header_bytes = IPV6_HEADER_BYTES;
	out->ecn = (bytes[1] >> 4) & ECN_MASK;
	out->sum = checksum_add16(checksum_pseudo(&src, &dst, IP_PROTOCOL_TCP),
				  (uint16_t)out->payload_bytes);
	return true;
}

// Is it TCP that nobody need think about? Fills in all of `seg` but what dispatch_prefetch() finds.
static __rte_always_inline bool ordinary_tcp(const struct plx_stack *stack, struct rte_mbuf *m,
					     const struct ordinary_ip *ip, bool is_ipv4,
					     struct segment *seg)
{
	const struct interface *interface = &stack->net->interface;
	uint32_t offset = (uint32_t)ETH_HEADER_BYTES + ip->header_bytes;
	const uint8_t *bytes = rte_pktmbuf_mtod_offset(m, const uint8_t *, offset);
	bool is_verified = offload_has_verified_l4(m)
		&& (stack->tcp.config.offloads & PLX_OFFLOAD_RX_TCP_CHECKSUM) != 0;

	if (tcp_header_parse(bytes, ip->payload_bytes, &seg->tcp) != PLX_DROP_NONE
	    || (!is_verified
		&& !checksum_is_valid(checksum_partial(bytes, ip->payload_bytes, ip->sum))))
		return false;
	seg->key.local = is_ipv4 ? addr_of_ipv4_bytes(ip->dst) : addr_of_ipv6_bytes(ip->dst);
	if (unlikely(is_ipv4 ? !interface_owns_ipv4(interface, &seg->key.local)
			     : !interface_owns(interface, &seg->key.local)))
		return false;
	segment_begin(seg, m, offset, ip->payload_bytes);
	seg->is_judged = false;
	seg->ecn = ip->ecn;
	seg->key.remote = is_ipv4 ? addr_of_ipv4_bytes(ip->src) : addr_of_ipv6_bytes(ip->src);
	dispatch_address(&stack->tcp, seg);
	return true;
}

// Leaves `m` as it is. Bytes behind the IP packet are still there: receive_detach() cuts them off.
static __rte_always_inline bool ordinary_segment(const struct plx_stack *stack, struct rte_mbuf *m,
						 struct segment *seg)
{
	const struct interface *interface = &stack->net->interface;
	const uint8_t *bytes = rte_pktmbuf_mtod(m, const uint8_t *);
	const uint8_t *ip_bytes = bytes + ETH_HEADER_BYTES;
	struct ordinary_ip ip;
	uint32_t type;

	if (unlikely(!interface->is_untagged || m->nb_segs != 1
		     || m->data_len < ETH_HEADER_BYTES + IPV4_HEADER_BYTES + TCP_HEADER_BYTES
		     || (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0
		     || !mac_word_is(bytes, interface->mac_word)
		     || mac_word_is(bytes + ETH_ADDR_BYTES, interface->mac_word)
		     || (bytes[ETH_ADDR_BYTES] & 1) != 0))
		return false;
	type = load_be32(bytes + ETH_TYPE_OFFSET);
	if (likely(type >> 8 == ORDINARY_IPV4))
		return ordinary_ipv4(stack, m, ip_bytes, &ip)
			&& ordinary_tcp(stack, m, &ip, true, seg);
	return type >> 12 == ORDINARY_IPV6 && ordinary_ipv6(m, ip_bytes, &ip)
		&& ordinary_tcp(stack, m, &ip, false, seg);
}

#endif

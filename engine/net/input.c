// SPDX-License-Identifier: BSD-3-Clause
//
// From the first byte of a received frame to its transport. The straight way is that of a TCP
// segment from a station to an address of ours; whatever else it may be is looked at in functions
// of its own. Called by stack/ in phase 1.
#include "net/input.h"

#include <rte_mbuf.h>

#include "net/arp.h"
#include "net/chain.h"
#include "net/fragment.h"
#include "net/icmp.h"
#include "net/verdict.h"
#include "wire/ipv6_extension.h"
#include "wire/offload.h"

enum {
	TRANSPORT_HEADER_MAX_BYTES = 60, // of TCP
	HEADERS_MAX_BYTES = ETH_HEADER_MAX_BYTES + IPV4_HEADER_MAX_BYTES
		+ TRANSPORT_HEADER_MAX_BYTES,
	EXTENDED_HEADERS_MAX_BYTES = ETH_HEADER_MAX_BYTES + IPV6_HEADER_BYTES
		+ IPV6_EXTENSIONS_MAX_BYTES + TRANSPORT_HEADER_MAX_BYTES,
	VLAN_ID_MASK = 0x0fff,
};

static enum net_verdict input_whole(struct net *net, struct net_frame *frame, plx_time now);

// Others read the lengths of a shared mbuf too, so it is not trimmed but copied.
static __attribute__((noinline)) enum net_verdict trim(const struct net *net,
						       struct net_frame *frame, uint32_t len_bytes)
{
	struct rte_mbuf *copy;

	if (!chain_is_shared(frame->mbuf)) {
		chain_trim(frame->mbuf, len_bytes);
		return NET_TCP;
	}
	copy = rte_pktmbuf_copy(frame->mbuf, net->pool, 0, len_bytes);
	if (copy == NULL)
		return verdict_drop(frame, PLX_DROP_STACK_NO_BUFFER);
	rte_pktmbuf_free(frame->mbuf);
	frame->mbuf = copy;
	return NET_TCP;
}

static __rte_always_inline bool is_credible_source(const struct net *net,
						   const struct ip_header *ip)
{
	return net_is_credible_source(net, &ip->src, !ip->is_ipv6);
}

static __rte_always_inline bool is_ours(const struct net *net, const struct ip_header *ip)
{
	return ip->is_ipv6 ? interface_owns(&net->interface, &ip->dst)
			   : interface_owns_ipv4(&net->interface, &ip->dst);
}

// A neighbour advertisement from an address of ours is another station's claim to it (RFC 4862
// 5.4.4), as an ARP packet would be.
static __attribute__((noinline)) enum net_verdict refuse_source(struct net *net,
								struct net_frame *frame)
{
	const struct ip_header *ip = &frame->ip;
	const uint8_t *type = rte_pktmbuf_mtod_offset(frame->mbuf, const uint8_t *,
						      frame->transport_offset);

	if (ip->protocol == IP_PROTOCOL_ICMPV6 && ip->payload_bytes > 0
	    && *type == ICMPV6_NEIGHBOR_ADVERTISEMENT && interface_owns(&net->interface, &ip->src))
		net_count(net, PLX_COUNTER_ADDRESS_CONFLICTS);
	return verdict_drop(frame, PLX_DROP_IP_SOURCE);
}

// To a group of ours, which only ICMPv6 is for; or for somebody else.
static __attribute__((noinline)) enum net_verdict input_not_unicast(struct net *net,
								    struct net_frame *frame,
								    plx_time now)
{
	const struct ip_header *ip = &frame->ip;

	if (!ip->is_ipv6 || ip->protocol != IP_PROTOCOL_ICMPV6
	    || !interface_has_group(&net->interface, &ip->dst))
		return verdict_foreign(frame, PLX_DROP_IP_NOT_FOR_US);
	if (!plx_addr_is_any(&ip->src) && !is_credible_source(net, ip))
		return refuse_source(net, frame);
	return icmp_input(net, frame, now);
}

// DEVIATION RFC 1122 3.2.2.1: no protocol unreachable; the embedder may know the protocol.
static __attribute__((noinline)) enum net_verdict input_not_tcp(struct net *net,
								struct net_frame *frame,
								plx_time now)
{
	if (frame->ip.protocol == (frame->ip.is_ipv6 ? IP_PROTOCOL_ICMPV6 : IP_PROTOCOL_ICMP))
		return icmp_input(net, frame, now);
	return verdict_foreign(frame, PLX_DROP_IP_PROTOCOL);
}

// A hop limit of 0 or 1 is no reason to drop: we are the end of the way (RFC 1122 3.2.1.7, RFC 8200
// 3).
static __rte_always_inline enum net_verdict input_ip(struct net *net, struct net_frame *frame,
						     plx_time now)
{
	const struct ip_header *ip = &frame->ip;
	struct rte_mbuf *m = frame->mbuf;
	uint32_t end = (uint32_t)frame->ip_offset + ip->header_bytes + ip->payload_bytes;

	frame->transport_offset = (uint16_t)(frame->ip_offset + ip->header_bytes);
	if (unlikely(!is_ours(net, ip)))
		return input_not_unicast(net, frame, now);
	if (unlikely(!is_credible_source(net, ip)))
		return refuse_source(net, frame);
	// RFC 1122 3.3.6: a link-layer broadcast does not carry unicast.
	if (unlikely(frame->to_group))
		return verdict_drop(frame, PLX_DROP_IP_NOT_FOR_US);
	if (unlikely(ip->protocol != IP_PROTOCOL_TCP))
		return input_not_tcp(net, frame, now);
	if (m->pkt_len == end)
		return NET_TCP;
	if (unlikely(m->nb_segs != 1 || rte_mbuf_refcnt_read(m) != 1))
		return trim(net, frame, end);
	m->data_len = (uint16_t)end;
	m->pkt_len = end;
	return NET_TCP;
}

// A piece of a packet to us, of a protocol that is looked at here; other pieces are none of ours.
static __attribute__((noinline)) enum net_verdict input_fragment(struct net *net,
								 struct net_frame *frame,
								 const struct ip_fragment *fragment,
								 plx_time now)
{
	const struct ip_header *ip = &frame->ip;
	enum net_verdict verdict;

	if (!interface_owns(&net->interface, &ip->dst))
		return verdict_foreign(frame, PLX_DROP_IP_NOT_FOR_US);
	if (!is_credible_source(net, ip))
		return verdict_drop(frame, PLX_DROP_IP_SOURCE);
	if (frame->to_group)
		return verdict_drop(frame, PLX_DROP_IP_NOT_FOR_US);
	if (ip->protocol != IP_PROTOCOL_TCP
	    && ip->protocol != (ip->is_ipv6 ? IP_PROTOCOL_ICMPV6 : IP_PROTOCOL_ICMP)
	    && !(ip->is_ipv6 && ipv6_is_extension(ip->protocol)))
		return verdict_foreign(frame, PLX_DROP_IP_PROTOCOL);
	if (!fragment_completes(net, frame, fragment, now, &verdict))
		return verdict;
	frame->is_fragmented = true;
	return input_whole(net, frame, now);
}

static __attribute__((noinline)) enum net_verdict input_ipv4_fragment(struct net *net,
								      struct net_frame *frame,
								      plx_time now)
{
	struct ip_fragment fragment;

	ipv4_fragment_read(rte_pktmbuf_mtod_offset(frame->mbuf, const uint8_t *, frame->ip_offset),
			   &fragment);
	return input_fragment(net, frame, &fragment, now);
}

static __rte_always_inline enum net_verdict input_ipv4(struct net *net, struct net_frame *frame,
						       plx_time now)
{
	const struct rte_mbuf *m = frame->mbuf;
	bool is_verified = frame->is_fragmented
		|| ((net->offloads & PLX_OFFLOAD_RX_IPV4_CHECKSUM) != 0
		    && offload_has_verified_ip(m));
	enum plx_drop drop =
		ipv4_header_parse(rte_pktmbuf_mtod_offset(m, const uint8_t *, frame->ip_offset),
				  m->pkt_len - frame->ip_offset, !is_verified, &frame->ip);

	if (unlikely(drop == PLX_DROP_IP_FRAGMENT))
		return input_ipv4_fragment(net, frame, now);
	if (unlikely(drop != PLX_DROP_NONE))
		return verdict_drop(frame, drop);
	return input_ip(net, frame, now);
}

// RFC 8200 4: what is not for us is left as it came, extensions and all.
static __attribute__((noinline)) enum net_verdict input_ipv6_extended(struct net *net,
								      struct net_frame *frame,
								      plx_time now)
{
	const struct plx_addr *dst = &frame->ip.dst;
	struct ip_fragment fragment;
	enum plx_drop drop;

	if (!interface_owns(&net->interface, dst) && !interface_has_group(&net->interface, dst))
		return verdict_foreign(frame, PLX_DROP_IP_NOT_FOR_US);
	if (!chain_pull_up(frame->mbuf, EXTENDED_HEADERS_MAX_BYTES))
		return verdict_drop(frame, PLX_DROP_FRAME_SHORT);
	drop = ipv6_extensions_parse(
		rte_pktmbuf_mtod_offset(frame->mbuf, const uint8_t *, frame->ip_offset),
		frame->mbuf->data_len - frame->ip_offset, &frame->ip, &fragment);
	if (drop == PLX_DROP_IP_FRAGMENT && !frame->is_fragmented)
		return input_fragment(net, frame, &fragment, now);
	if (drop == PLX_DROP_IP_FRAGMENT) // a fragment in fragments
		return verdict_drop(frame, PLX_DROP_IP_FRAGMENT_MALFORMED);
	if (drop != PLX_DROP_NONE)
		return verdict_drop(frame, drop);
	frame->is_fragmented |= fragment.is_atomic;
	return input_ip(net, frame, now);
}

static __rte_always_inline enum net_verdict input_ipv6(struct net *net, struct net_frame *frame,
						       plx_time now)
{
	const struct rte_mbuf *m = frame->mbuf;
	enum plx_drop drop =
		ipv6_header_parse(rte_pktmbuf_mtod_offset(m, const uint8_t *, frame->ip_offset),
				  m->pkt_len - frame->ip_offset, &frame->ip);

	if (unlikely(drop == PLX_DROP_IPV6_EXTENSION))
		return input_ipv6_extended(net, frame, now);
	if (unlikely(drop != PLX_DROP_NONE))
		return verdict_drop(frame, drop);
	return input_ip(net, frame, now);
}

// A packet that was put together.
static __rte_noinline enum net_verdict input_whole(struct net *net, struct net_frame *frame,
						   plx_time now)
{
	if (!chain_pull_up(frame->mbuf, HEADERS_MAX_BYTES))
		return verdict_drop(frame, PLX_DROP_FRAME_SHORT);
	return frame->ip.is_ipv6 ? input_ipv6(net, frame, now) : input_ipv4(net, frame, now);
}

static __rte_noinline enum net_verdict input_bare_ip(struct net *net, struct net_frame *frame,
						     plx_time now)
{
	const struct rte_mbuf *m = frame->mbuf;

	frame->ip_offset = 0;
	frame->to_group = false;
	if (m->data_len == 0)
		return verdict_drop(frame, PLX_DROP_FRAME_SHORT);
	switch (*rte_pktmbuf_mtod(m, const uint8_t *) >> 4) {
	case 4:
		return input_ipv4(net, frame, now);
	case 6:
		return input_ipv6(net, frame, now);
	default:
		return verdict_foreign(frame, PLX_DROP_FRAME_ETHERTYPE);
	}
}

// The port may have taken the first tag out of the frame.
static bool is_stripped_vlan_ours(const struct interface *interface, const struct rte_mbuf *m,
				  const struct eth_header *eth)
{
	uint16_t stripped = m->vlan_tci & VLAN_ID_MASK;

	if (interface->outer_vlan == 0)
		return stripped == interface->vlan && eth->header_bytes == ETH_HEADER_BYTES;
	return stripped == interface->outer_vlan && eth->vlan == interface->vlan
		&& eth->header_bytes == ETH_TAGGED_BYTES;
}

// Exactly the tags that are ours; a priority tag is as good as none.
static inline bool is_vlan_ours(const struct net *net, const struct rte_mbuf *m,
				const struct eth_header *eth)
{
	const struct interface *interface = &net->interface;

	if (unlikely((m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0))
		return is_stripped_vlan_ours(interface, m, eth);
	return eth->vlan == interface->vlan && eth->outer_vlan == interface->outer_vlan
		&& (interface->outer_vlan != 0 || eth->header_bytes != ETH_HEADER_MAX_BYTES);
}

// RFC 894, RFC 2464, and whom the frame is for.
static inline enum net_verdict input_ethernet(struct net *net, struct net_frame *frame,
					      plx_time now)
{
	const struct interface *interface = &net->interface;
	const struct rte_mbuf *m = frame->mbuf;
	struct eth_header eth;
	enum plx_drop drop = eth_header_parse(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len,
					      &eth);

	if (unlikely(drop != PLX_DROP_NONE))
		return verdict_drop(frame, drop);
	frame->src_mac = eth.src;
	frame->ip_offset = eth.header_bytes;
	frame->to_group = mac_is_multicast(&eth.dst);
	if (unlikely(!is_vlan_ours(net, m, &eth)))
		return verdict_foreign(frame, PLX_DROP_FRAME_VLAN);
	if (unlikely(mac_is_multicast(&eth.src) || mac_is_equal(&eth.src, &interface->mac)))
		return verdict_drop(frame, PLX_DROP_FRAME_SOURCE_MAC);
	if (unlikely(!mac_is_equal(&eth.dst, &interface->mac)) && !mac_is_broadcast(&eth.dst)
	    && !interface_has_group_mac(interface, &eth.dst))
		return verdict_foreign(frame, PLX_DROP_FRAME_FOREIGN_MAC);
	if (likely(eth.type == ETH_TYPE_IPV4))
		return input_ipv4(net, frame, now);
	if (likely(eth.type == ETH_TYPE_IPV6))
		return input_ipv6(net, frame, now);
	if (eth.type == ETH_TYPE_ARP)
		return arp_input(net, frame, now);
	return verdict_foreign(frame, PLX_DROP_FRAME_ETHERTYPE);
}

enum net_verdict net_input(struct net *net, struct rte_mbuf *m, struct net_frame *out, plx_time now)
{
	out->mbuf = m;
	out->drop = PLX_DROP_NONE;
	out->is_fragmented = false;
	if (unlikely(m->nb_segs > 1) && !chain_pull_up(m, HEADERS_MAX_BYTES))
		return verdict_drop(out, PLX_DROP_FRAME_SHORT);
	if (likely(net->interface.has_ethernet))
		return input_ethernet(net, out, now);
	return input_bare_ip(net, out, now);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Neighbour solicitations and advertisements (RFC 4861 7.2), sent and received.
// DEVIATION RFC 4861 7.2.1: groups are not reported by MLD (RFC 3810), so a switch that snoops must
// let multicasts through. Called by net/icmp, the neighbour cache and net_poll().
#include "net/nd.h"

#include <rte_mbuf.h>

#include "net/link.h"
#include "net/reuse.h"
#include "net/transmit.h"
#include "net/verdict.h"
#include "wire/nd.h"

static const struct plx_addr all_nodes = {{0xff, 0x02, [15] = 0x01}};

// Writes the whole IPv6 packet into an empty mbuf.
static void write_packet(struct rte_mbuf *m, const struct plx_addr *src, const struct plx_addr *dst,
			 const struct nd_message *message)
{
	uint8_t *bytes = (uint8_t *)rte_pktmbuf_append(m, IPV6_HEADER_BYTES + ND_MAX_BYTES);
	struct ip_header ip = {
		.src = *src,
		.dst = *dst,
		.protocol = IP_PROTOCOL_ICMPV6,
		.hop_limit = ND_HOP_LIMIT,
		.is_ipv6 = true,
	};

	ip.payload_bytes = (uint16_t)nd_build(bytes + IPV6_HEADER_BYTES, &ip, message);
	ipv6_header_build(bytes, &ip);
}

static bool push_to_group(struct net *net, struct rte_mbuf *m, const struct plx_addr *group)
{
	struct mac_addr mac = mac_of_ipv6_multicast(group);

	return link_push(net, m, &mac, ETH_TYPE_IPV6);
}

// RFC 4861 7.2.2 and 7.3.3.
void nd_send_solicitation(struct net *net, const struct plx_addr *target,
			  const struct mac_addr *mac)
{
	const struct nd_message solicitation = {
		.is_solicitation = true,
		.target = *target,
		.has_mac = true,
		.mac = net->interface.mac,
	};
	const struct plx_addr group = addr_solicited_node_multicast(target);
	const struct plx_addr *source = interface_source_for(net, target);
	struct rte_mbuf *m = source == NULL ? NULL : link_alloc(net);

	if (m == NULL)
		return;
	write_packet(m, source, mac == NULL ? &group : target, &solicitation);
	if (mac == NULL ? push_to_group(net, m, &group) : link_push(net, m, mac, ETH_TYPE_IPV6))
		net_count(net, PLX_COUNTER_ND_SENT);
}

static struct nd_message advertisement_of(const struct net *net, const struct plx_addr *addr)
{
	return (struct nd_message){
		.target = *addr,
		.has_mac = true,
		.mac = net->interface.mac,
		.override = true,
	};
}

void nd_send_announcement(struct net *net, const struct plx_addr *addr)
{
	const struct nd_message advertisement = advertisement_of(net, addr);
	struct rte_mbuf *m = link_alloc(net);

	if (m == NULL)
		return;
	write_packet(m, addr, &all_nodes, &advertisement);
	if (push_to_group(net, m, &all_nodes))
		net_count(net, PLX_COUNTER_ND_SENT);
}

// RFC 4861 7.2.4: to the asker, or to all nodes when it has no address yet.
static enum net_verdict answer(struct net *net, struct net_frame *frame,
			       const struct nd_message *solicitation, plx_time now)
{
	const struct plx_addr asker = frame->ip.src;
	bool is_anonymous = plx_addr_is_any(&asker);
	struct nd_message advertisement = advertisement_of(net, &solicitation->target);
	struct rte_mbuf *m = frame_reuse_or_alloc(net, frame->mbuf);
	struct neighbor_ref next_hop = neighbor_ref_none();
	enum plx_drop drop = PLX_DROP_STACK_NO_BUFFER;

	if (m == NULL)
		return verdict_drop(frame, PLX_DROP_STACK_NO_BUFFER);
	if (m == frame->mbuf)
		frame->mbuf = NULL;
	advertisement.solicited = !is_anonymous;
	write_packet(m, &solicitation->target, is_anonymous ? &all_nodes : &asker, &advertisement);
	if (!is_anonymous)
		drop = net_tx_drop(net_transmit_answer(net, m, &next_hop, &asker, now));
	else if (push_to_group(net, m, &all_nodes))
		drop = PLX_DROP_NONE;
	if (drop == PLX_DROP_NONE)
		net_count(net, PLX_COUNTER_ND_SENT);
	return verdict_answered(frame, drop);
}

// RFC 4861 7.2.3.
static enum net_verdict on_solicitation(struct net *net, struct net_frame *frame,
					const struct nd_message *message, plx_time now)
{
	if (!interface_owns(&net->interface, &message->target))
		return verdict_foreign(frame, PLX_DROP_ND_NOT_FOR_US);
	if (message->has_mac && route_is_connected(net, &frame->ip.src))
		neighbor_learn(net, &frame->ip.src, &message->mac, NEIGHBOR_ASKS, now);
	return answer(net, frame, message, now);
}

// RFC 4861 7.2.5.
static enum net_verdict on_advertisement(struct net *net, struct net_frame *frame,
					 const struct nd_message *message, plx_time now)
{
	uint32_t idx = neighbor_find(net, &message->target);
	const struct neighbor *n;
	struct mac_addr known;
	bool is_known, differs;

	if (interface_owns(&net->interface, &message->target)) {
		net_count(net, PLX_COUNTER_ADDRESS_CONFLICTS);
		return verdict_drop(frame, PLX_DROP_ND_NOT_FOR_US);
	}
	if (idx == INDEX_NONE)
		return verdict_foreign(frame, PLX_DROP_ND_NOT_FOR_US);
	n = neighbor_at(&net->neighbors, idx);
	known = neighbor_mac(n);
	is_known = neighbor_is_usable(n);
	differs = message->has_mac && !mac_is_equal(&message->mac, &known);

	// An answer without the address tells nothing to who lacks it; one that differs and must
	// not override raises doubts at most.
	if (is_known && differs && !message->override)
		neighbor_doubt(net, idx);
	else if (is_known || message->has_mac)
		neighbor_learn(net, &message->target, message->has_mac ? &message->mac : &known,
			       message->solicited ? NEIGHBOR_ANSWERS : NEIGHBOR_ANNOUNCES, now);
	return verdict_answered(frame, PLX_DROP_NONE);
}

enum net_verdict nd_input(struct net *net, struct net_frame *frame, size_t len_bytes, plx_time now)
{
	const uint8_t *bytes = rte_pktmbuf_mtod_offset(frame->mbuf, const uint8_t *,
						       frame->transport_offset);
	struct nd_message message;
	enum plx_drop drop = nd_parse(&frame->ip, bytes, len_bytes, &message);

	if (drop != PLX_DROP_NONE)
		return verdict_drop(frame, drop);
	// RFC 6980 5: fragments would get it past those who watch over neighbour discovery.
	if (frame->is_fragmented)
		return verdict_drop(frame, PLX_DROP_ND_MALFORMED);
	// Nobody but us has our MAC address: a claim to it is a mistake or an attack.
	if (message.has_mac && mac_is_equal(&message.mac, &net->interface.mac))
		return verdict_drop(frame, PLX_DROP_ND_MALFORMED);
	return message.is_solicitation ? on_solicitation(net, frame, &message, now)
				       : on_advertisement(net, frame, &message, now);
}

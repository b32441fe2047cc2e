// SPDX-License-Identifier: BSD-3-Clause
//
// ARP (RFC 826): the merge, the answer, the question, and the announcement of RFC 5227 2.3.
// Whoever asks us will want an answer, so it is learned; of others only what we know already is
// refreshed. Called by net_input(), the neighbour cache and net_poll().
#include "net/arp.h"

#include <rte_mbuf.h>

#include "net/link.h"
#include "net/reuse.h"
#include "net/verdict.h"
#include "wire/addr.h"
#include "wire/arp.h"

static bool push_packet(struct net *net, struct rte_mbuf *m, const struct arp_packet *packet,
			const struct mac_addr *to)
{
	arp_build((uint8_t *)rte_pktmbuf_append(m, ARP_BYTES), packet);
	if (!link_push(net, m, to, ETH_TYPE_ARP))
		return false;
	net_count(net, PLX_COUNTER_ARP_SENT);
	return true;
}

static void push_request(struct net *net, const struct plx_addr *sender,
			 const struct plx_addr *target, const struct mac_addr *to)
{
	const struct arp_packet packet = {
		.operation = ARP_REQUEST,
		.sender_mac = net->interface.mac,
		.sender = *sender,
		.target = *target,
	};
	struct rte_mbuf *m = link_alloc(net);

	if (m != NULL)
		push_packet(net, m, &packet, to);
}

void arp_send_request(struct net *net, const struct plx_addr *target, const struct mac_addr *mac)
{
	const struct mac_addr broadcast = mac_broadcast();
	const struct plx_addr *source = interface_source_for(net, target);

	if (source != NULL)
		push_request(net, source, target, mac == NULL ? &broadcast : mac);
}

void arp_send_announcement(struct net *net, const struct plx_addr *addr)
{
	const struct mac_addr broadcast = mac_broadcast();

	push_request(net, addr, addr, &broadcast);
}

// The reply goes straight to the asker's MAC address: it needs no entry of the table.
static enum net_verdict answer(struct net *net, struct net_frame *frame,
			       const struct arp_packet *request)
{
	const struct arp_packet reply = {
		.operation = ARP_REPLY,
		.sender_mac = net->interface.mac,
		.sender = request->target,
		.target_mac = request->sender_mac,
		.target = request->sender,
	};
	struct rte_mbuf *m = frame_reuse_or_alloc(net, frame->mbuf);

	if (m == NULL)
		return verdict_drop(frame, PLX_DROP_STACK_NO_BUFFER);
	if (m == frame->mbuf)
		frame->mbuf = NULL;
	return verdict_answered(frame,
				push_packet(net, m, &reply, &request->sender_mac)
					? PLX_DROP_NONE
					: PLX_DROP_STACK_NO_BUFFER);
}

// A reply is believed to answer us when we have asked; else it is somebody's announcement.
static enum neighbor_news judge_reply(const struct net *net, const struct arp_packet *packet)
{
	uint32_t idx = neighbor_find(net, &packet->sender);
	const struct neighbor *n;

	if (idx == INDEX_NONE || !interface_owns(&net->interface, &packet->target))
		return NEIGHBOR_ANNOUNCES;
	n = neighbor_at(&net->neighbors, idx);
	return n->state == NEIGHBOR_PROBE || !neighbor_is_usable(n) ? NEIGHBOR_ANSWERS
								    : NEIGHBOR_ANNOUNCES;
}

static bool is_learnable(const struct net *net, const struct plx_addr *addr)
{
	return address_is_unicast(addr) && !interface_is_broadcast(net, addr)
		&& route_is_connected(net, addr);
}

static enum net_verdict on_request(struct net *net, struct net_frame *frame,
				   const struct arp_packet *packet, plx_time now)
{
	bool is_for_us = interface_owns(&net->interface, &packet->target);

	if (is_learnable(net, &packet->sender))
		neighbor_learn(net, &packet->sender, &packet->sender_mac,
			       is_for_us ? NEIGHBOR_ASKS : NEIGHBOR_ANNOUNCES, now);
	if (!is_for_us)
		return verdict_foreign(frame, PLX_DROP_ARP_NOT_FOR_US);
	return answer(net, frame, packet);
}

static enum net_verdict on_reply(struct net *net, struct net_frame *frame,
				 const struct arp_packet *packet, plx_time now)
{
	if (!is_learnable(net, &packet->sender)
	    || !neighbor_learn(net, &packet->sender, &packet->sender_mac, judge_reply(net, packet),
			       now)
	    || !interface_owns(&net->interface, &packet->target))
		return verdict_foreign(frame, PLX_DROP_ARP_NOT_FOR_US);
	return verdict_answered(frame, PLX_DROP_NONE);
}

enum net_verdict arp_input(struct net *net, struct net_frame *frame, plx_time now)
{
	const struct rte_mbuf *m = frame->mbuf;
	struct arp_packet packet;
	enum plx_drop drop =
		arp_parse(rte_pktmbuf_mtod_offset(m, const uint8_t *, frame->ip_offset),
			  m->data_len - frame->ip_offset, &packet);

	if (drop != PLX_DROP_NONE)
		return verdict_drop(frame, drop);
	if (mac_is_equal(&packet.sender_mac, &net->interface.mac))
		return verdict_drop(frame, PLX_DROP_ARP_MALFORMED);
	// RFC 5227 2.4: we keep the address. It is not defended: two that do would never stop.
	if (interface_owns(&net->interface, &packet.sender)) {
		net_count(net, PLX_COUNTER_ADDRESS_CONFLICTS);
		return verdict_drop(frame, PLX_DROP_ARP_NOT_FOR_US);
	}
	if (packet.operation == ARP_REQUEST)
		return on_request(net, frame, &packet, now);
	if (packet.operation == ARP_REPLY)
		return on_reply(net, frame, &packet, now);
	return verdict_foreign(frame, PLX_DROP_ARP_NOT_FOR_US);
}

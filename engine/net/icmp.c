// SPDX-License-Identifier: BSD-3-Clause
//
// ICMP and ICMPv6: the checksum over whatever pieces the message lies in, then by type.
// An echo goes back in the mbuf it came in when that is ours alone, else in a copy.
// Called by net_input().
#include "net/icmp.h"

#include <rte_mbuf.h>

#include "net/ip_output.h"
#include "net/nd.h"
#include "net/reuse.h"
#include "net/transmit.h"
#include "net/verdict.h"
#include "wire/mbuf_checksum.h"
#include "wire/offload.h"

// What a packet has in front of its transport at most, when it goes out.
enum { HEADERS_MAX_BYTES = ETH_HEADER_MAX_BYTES + IPV6_HEADER_BYTES };

// Cuts the mbuf down to the ICMP message, or copies that.
static struct rte_mbuf *take_message(struct net *net, struct net_frame *frame)
{
	struct rte_mbuf *m = frame->mbuf;

	if (!frame_is_reusable(net, m) || m->data_off + frame->transport_offset < HEADERS_MAX_BYTES)
		return rte_pktmbuf_copy(m, net->pool, frame->transport_offset,
					frame->ip.payload_bytes);
	frame->mbuf = NULL;
	rte_pktmbuf_adj(m, frame->transport_offset);
	m->data_len = frame->ip.payload_bytes;
	m->pkt_len = frame->ip.payload_bytes;
	return m;
}

static void prepend_ip(const struct net *net, struct rte_mbuf *m, const struct ip_header *ip)
{
	uint16_t header_bytes = (uint16_t)ip_header_bytes(!ip->is_ipv6);

	offload_reset(m);
	ip_write_header(net, (uint8_t *)rte_pktmbuf_prepend(m, header_bytes), ip);
	if (!ip->is_ipv6 && (net->offloads & PLX_OFFLOAD_TX_IPV4_CHECKSUM) != 0)
		ipv4_checksum_prepare_offload(m, net_link_bytes(net), (uint8_t)header_bytes);
}

// RFC 1122 3.2.2.6, RFC 4443 4.2. Options of the request are not reflected (DEVIATION 3.2.2.6:
// source routes are dead, RFC 7126, and record route asks routers).
static enum net_verdict answer_echo(struct net *net, struct net_frame *frame, plx_time now)
{
	const struct ip_header request = frame->ip;
	const struct plx_addr *source = interface_owns(&net->interface, &request.dst)
		? &request.dst
		: interface_source_for(net, &request.src);
	struct neighbor_ref next_hop = neighbor_ref_none();
	struct ip_header reply = request;
	enum plx_drop drop;
	struct rte_mbuf *m;

	if (net->limits_pings && !rate_limit_try(&net->pings, now))
		return verdict_drop(frame, PLX_DROP_ICMP_RATE);
	if (ip_header_bytes(!request.is_ipv6) + request.payload_bytes > net->interface.mtu_bytes)
		return verdict_drop(frame, PLX_DROP_ICMP_MALFORMED);
	if (source == NULL)
		return verdict_drop(frame, PLX_DROP_NEIGHBOR_UNREACHABLE);
	m = take_message(net, frame);
	if (m == NULL)
		return verdict_drop(frame, PLX_DROP_STACK_NO_BUFFER);
	icmp_echo_turn_around(rte_pktmbuf_mtod(m, uint8_t *), &request, source);
	reply.src = *source;
	reply.dst = request.src;
	reply.hop_limit = NET_HOP_LIMIT;
	reply.traffic_class = request.traffic_class & 0xfc; // not the ECN bits (RFC 3168 5)
	prepend_ip(net, m, &reply);
	drop = net_tx_drop(net_transmit_answer(net, m, &next_hop, &reply.dst, now));
	if (drop == PLX_DROP_NONE)
		net_count(net, PLX_COUNTER_ICMP_ECHO_ANSWERED);
	return verdict_answered(frame, drop);
}

static enum net_verdict on_error(struct net_frame *frame, const struct icmp_header *header,
				 const uint8_t *bytes, size_t len_bytes)
{
	enum plx_drop drop = icmp_error_parse(&frame->ip, header, bytes, len_bytes, &frame->quote);

	return drop == PLX_DROP_NONE ? NET_ICMP_ERROR : verdict_drop(frame, drop);
}

static bool is_checksum_valid(const struct net_frame *frame)
{
	const struct ip_header *ip = &frame->ip;
	uint32_t sum = mbuf_checksum_partial(frame->mbuf, frame->transport_offset,
					     ip->payload_bytes);

	if (ip->is_ipv6)
		sum = checksum_add(
			sum,
			checksum_add16(checksum_pseudo(&ip->src, &ip->dst, IP_PROTOCOL_ICMPV6),
				       ip->payload_bytes));
	return checksum_is_valid(sum);
}

enum net_verdict icmp_input(struct net *net, struct net_frame *frame, plx_time now)
{
	const struct rte_mbuf *m = frame->mbuf;
	const uint8_t *bytes = rte_pktmbuf_mtod_offset(m, const uint8_t *, frame->transport_offset);
	// What lies in one piece is enough for everything but echo, whose data nobody looks at.
	size_t piece_bytes = RTE_MIN(frame->ip.payload_bytes,
				     m->data_len - frame->transport_offset);
	bool is_ipv6 = frame->ip.is_ipv6;
	struct icmp_header header;
	enum plx_drop drop = icmp_header_parse(&frame->ip, bytes, piece_bytes, false, &header);

	if (drop != PLX_DROP_NONE)
		return verdict_drop(frame, drop);
	if (!is_checksum_valid(frame))
		return verdict_drop(frame, PLX_DROP_ICMP_CHECKSUM);
	if (is_ipv6
	    && (header.type == ICMPV6_NEIGHBOR_SOLICITATION
		|| header.type == ICMPV6_NEIGHBOR_ADVERTISEMENT)
	    && net->interface.has_ethernet)
		return nd_input(net, frame, piece_bytes, now);
	if (plx_addr_is_any(&frame->ip.src))
		return verdict_drop(frame, PLX_DROP_IP_SOURCE);
	if (header.type == (is_ipv6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO_REQUEST))
		return answer_echo(net, frame, now);
	return on_error(frame, &header, bytes, piece_bytes);
}

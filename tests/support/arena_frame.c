// SPDX-License-Identifier: BSD-3-Clause
//
// Frames for an arena, see arena_frame.h.
// Numbers are those of a connection, a little off; bytes are flipped, cut, added and copied about.
// Called by support/arena alone.
#include "support/arena_frame.h"

#include <stdlib.h>

#include <rte_mbuf.h>

#include "support/mbufs.h"
#include "wire/arp.h"
#include "wire/bytes.h"
#include "wire/nd.h"

enum {
	ODDS_OF_HANDSHAKE = 5, // one in so many
	ODDS_OF_NOBODY = 12,
	ODDS_OF_SPOILING = 2,
	ODDS_OF_STRANGER = 50,
	ODDS_OF_OTHER_PROTOCOL = 30,
	PAYLOAD_MAX_BYTES = 1460,
	MUTATIONS_MAX = 4,
	PEER_PORTS = 64,
	PEER_PORT_FIRST = 40000,
};

static uint32_t draw(struct arena *a, uint32_t n)
{
	return a->draw(a->context, n);
}

// Near a number that matters: itself, a few off, a window off, or anywhere.
static uint32_t near_by(struct arena *a, uint32_t number)
{
	switch (draw(a, 8)) {
	case 0:
		return number + draw(a, 20) - 10;
	case 1:
		return number + draw(a, 4000) - 2000;
	case 2:
		return number + draw(a, 140000) - 70000;
	case 3:
		return draw(a, 4) == 0 ? draw(a, UINT32_MAX) : number;
	default:
		return number;
	}
}

static int64_t draw_flags(struct arena *a)
{
	static const uint8_t common[] = {
		TCP_ACK,	   TCP_ACK,
		TCP_ACK,	   TCP_ACK,
		TCP_ACK | TCP_PSH, TCP_ACK | TCP_PSH,
		TCP_ACK | TCP_FIN, TCP_ACK | TCP_FIN | TCP_PSH,
		TCP_SYN,	   TCP_SYN | TCP_ACK,
		TCP_RST,	   TCP_RST | TCP_ACK,
		TCP_ACK | TCP_URG, 0,
	};

	if (draw(a, 20) == 0)
		return draw(a, 256);
	return common[draw(a, sizeof(common))];
}

static int64_t draw_length(struct arena *a)
{
	switch (draw(a, 4)) {
	case 0:
		return draw(a, 20);
	case 1:
		return draw(a, PAYLOAD_MAX_BYTES + 1);
	default:
		return 0;
	}
}

static void draw_options(struct arena *a, struct seg *seg, bool has_timestamps)
{
	if ((seg->flags & TCP_SYN) != 0) {
		seg->mss = draw(a, 3) == 0 ? SEG_ABSENT : 1 + draw(a, 2000);
		seg->wscale = draw(a, 3) == 0 ? draw(a, 16) : SEG_ABSENT;
	}
	if (has_timestamps != (draw(a, 16) == 0)) {
		seg->ts_val = near_by(a, (uint32_t)(a->now / PLX_MILLISECOND));
		seg->ts_ecr = near_by(a, 0);
	}
}

static struct seg segment_for_nobody(struct arena *a)
{
	struct seg seg = SEG(.flags = draw_flags(a), .seq = draw(a, UINT32_MAX),
			     .ack = draw(a, UINT32_MAX), .wnd = draw(a, 65536),
			     .len = draw_length(a));

	seg.src_port = PEER_PORT_FIRST + draw(a, PEER_PORTS);
	seg.dst_port = draw(a, 2) == 0 ? a->path.dst_port : draw(a, 65536);
	if (draw(a, 2) == 0)
		seg.flags = TCP_SYN;
	draw_options(a, &seg, draw(a, 2) == 0);
	return seg;
}

static struct seg segment_of_handshake(struct arena *a)
{
	const struct arena_handshake *h = &a->handshakes[draw(a, ARENA_HANDSHAKES)];
	bool is_answer = h->port != a->path.dst_port;
	struct seg seg = SEG(.flags = is_answer ? TCP_SYN | TCP_ACK : TCP_ACK,
			     .seq = is_answer ? 999 : near_by(a, h->peer_seq),
			     .ack = near_by(a, h->iss + 1), .wnd = draw(a, 65536),
			     .len = draw_length(a));

	seg.src_port = h->peer_port;
	seg.dst_port = h->port;
	if (draw(a, 8) == 0)
		seg.flags = draw_flags(a);
	draw_options(a, &seg, h->has_timestamps);
	return seg;
}

// False when the connection is no more.
static bool segment_of_connection(struct arena *a, struct seg *seg)
{
	struct plx_info info = {.size = sizeof(info)};
	plx_conn conn = a->conns[draw(a, ARENA_CONNS)];
	bool opens_window = draw(a, 4) != 0;

	if (plx_get_info(a->stack, conn, &info) != 0 || info.remote_port == 0)
		return false;
	*seg = SEG(.flags = draw_flags(a), .seq = near_by(a, info.rcv_nxt),
		   .ack = near_by(a, draw(a, 3) == 0 ? info.snd_una : info.snd_nxt),
		   .wnd = opens_window ? 65535 : draw(a, 3000), .len = draw_length(a));
	seg->src_port = info.remote_port;
	seg->dst_port = info.local_port;
	if ((seg->flags & TCP_URG) != 0)
		seg->urgent = draw(a, 3000);
	draw_options(a, seg, info.has_timestamps);
	return true;
}

static struct seg draw_segment(struct arena *a)
{
	struct seg seg;

	if (draw(a, ODDS_OF_HANDSHAKE) == 0)
		return segment_of_handshake(a);
	if (draw(a, ODDS_OF_NOBODY) != 0 && segment_of_connection(a, &seg))
		return seg;
	return segment_for_nobody(a);
}

static size_t l3_offset(const struct arena *a)
{
	if (a->config.link == PLX_LINK_IP)
		return 0;
	return ETH_HEADER_BYTES + (a->path.vlan != 0 ? VLAN_TAG_BYTES : 0);
}

static void spoil_once(struct arena *a, uint8_t *bytes, size_t *len_bytes)
{
	size_t at = draw(a, (uint32_t)*len_bytes);

	switch (draw(a, 8)) {
	case 0: // cut off
		*len_bytes = at;
		break;
	case 1: // something behind it
		memset(bytes + *len_bytes, (int)draw(a, 256), 64);
		*len_bytes += draw(a, 64);
		break;
	case 2:
		bytes[at] = (uint8_t)draw(a, 256);
		break;
	case 3:
		bytes[at] = 0xff;
		break;
	case 4:
		bytes[at] = 0;
		break;
	case 5: // one piece over another
		memmove(bytes + at, bytes + draw(a, (uint32_t)*len_bytes),
			(*len_bytes - at) / (1 + draw(a, 8)));
		break;
	default:
		bytes[at] ^= (uint8_t)(1u << draw(a, 8));
	}
}

void arena_frame_mend(const struct arena *a, uint8_t *bytes, size_t len_bytes)
{
	seg_mend(bytes, len_bytes, l3_offset(a), !plx_addr_is_ipv4(&a->path.dst));
}

static struct plx_addr neighbor_address(struct arena *a)
{
	struct plx_addr addr = draw(a, 2) == 0 ? a->path.dst : a->path.src;

	if (draw(a, 2) == 0)
		addr.bytes[15] = (uint8_t)draw(a, 24);
	return addr;
}

static size_t draw_arp(struct arena *a, uint8_t *bytes)
{
	struct arp_packet arp = {
		.operation = (uint16_t)(1 + draw(a, 3)),
		.sender_mac = a->path.src_mac,
		.sender = neighbor_address(a),
		.target_mac = a->path.dst_mac,
		.target = neighbor_address(a),
	};
	struct eth_header eth = {.dst = a->path.dst_mac,
				 .src = a->path.src_mac,
				 .type = ETH_TYPE_ARP,
				 .vlan = a->path.vlan};
	size_t at = a->config.link == PLX_LINK_ETHERNET ? eth_header_build(bytes, &eth) : 0;

	return at + arp_build(bytes + at, &arp);
}

static size_t draw_icmp(struct arena *a, const struct ip_header *ip, uint8_t *bytes)
{
	struct icmp_header icmp = {.type = (uint8_t)draw(a, 256), .code = (uint8_t)draw(a, 16)};
	size_t data_bytes = (size_t)ip->payload_bytes - ICMP_HEADER_BYTES;

	if (draw(a, 2) == 0)
		icmp.type = ip->is_ipv6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO_REQUEST;
	for (size_t i = 0; i < data_bytes; i++)
		bytes[ICMP_HEADER_BYTES + i] = (uint8_t)draw(a, 256);
	icmp_header_build(bytes, ip, &icmp);
	return ip->payload_bytes;
}

static size_t draw_nd(struct arena *a, const struct ip_header *ip, uint8_t *bytes)
{
	struct nd_message message = {
		.is_solicitation = draw(a, 2) == 0,
		.target = neighbor_address(a),
		.has_mac = draw(a, 4) != 0,
		.mac = a->path.src_mac,
		.solicited = draw(a, 2) == 0,
		.override = draw(a, 2) == 0,
	};

	return nd_build(bytes, ip, &message);
}

// ARP, neighbour discovery, or an ICMP message of any type with a good checksum.
static size_t draw_other_protocol(struct arena *a, uint8_t *bytes)
{
	bool is_ipv6 = !plx_addr_is_ipv4(&a->path.dst);
	struct ip_header ip = {
		.src = neighbor_address(a),
		.dst = a->path.dst,
		.payload_bytes = (uint16_t)(ICMP_HEADER_BYTES + draw(a, 100)),
		.protocol = is_ipv6 ? IP_PROTOCOL_ICMPV6 : IP_PROTOCOL_ICMP,
		.hop_limit = (uint8_t)(255 - (draw(a, 8) == 0)),
		.is_ipv6 = is_ipv6,
	};
	struct eth_header eth = {.dst = a->path.dst_mac,
				 .src = a->path.src_mac,
				 .type = is_ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_IPV4,
				 .vlan = a->path.vlan};
	size_t at = a->config.link == PLX_LINK_ETHERNET ? ETH_HEADER_BYTES : 0;
	uint8_t *l4;

	if (!is_ipv6 && draw(a, 2) == 0)
		return draw_arp(a, bytes);
	if (at > 0)
		at = eth_header_build(bytes, &eth);
	l4 = bytes + at + (is_ipv6 ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES);
	ip.payload_bytes = (uint16_t)(is_ipv6 && draw(a, 2) == 0 ? draw_nd(a, &ip, l4)
								 : draw_icmp(a, &ip, l4));
	if (is_ipv6)
		ipv6_header_build(bytes + at, &ip);
	else
		ipv4_header_build(bytes + at, &ip, 0, true, true);
	return (size_t)(l4 - bytes) + ip.payload_bytes;
}

size_t arena_frame_draw(struct arena *a, uint8_t *bytes)
{
	bool is_other = draw(a, ODDS_OF_OTHER_PROTOCOL) == 0;
	bool is_spoiled = draw(a, ODDS_OF_SPOILING) == 0;
	struct seg seg = draw_segment(a);
	struct seg_path path = a->path;
	size_t len_bytes;

	if (draw(a, ODDS_OF_STRANGER) == 0)
		path.src = neighbor_address(a);
	len_bytes = is_other ? draw_other_protocol(a, bytes) : seg_build(bytes, &path, &seg, 0, 0);

	for (uint32_t n = is_spoiled ? 1 + draw(a, MUTATIONS_MAX) : 0; n > 0 && len_bytes > 0; n--)
		spoil_once(a, bytes, &len_bytes);
	if (is_spoiled && !is_other && draw(a, 3) != 0)
		arena_frame_mend(a, bytes, len_bytes);
	return len_bytes;
}

static void free_exact(void *bytes, void *shared)
{
	free(bytes);
	free(shared);
}

static struct rte_mbuf *exact_buffer(struct arena *a, const uint8_t *bytes, size_t len_bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(a->config.pool);
	struct rte_mbuf_ext_shared_info *shared = malloc(sizeof(*shared));
	uint8_t *copy = malloc(len_bytes);

	if (m == NULL || shared == NULL || copy == NULL)
		abort();
	memcpy(copy, bytes, len_bytes);
	shared->free_cb = free_exact;
	shared->fcb_opaque = shared;
	rte_mbuf_ext_refcnt_set(shared, 1);
	rte_pktmbuf_attach_extbuf(m, copy, RTE_BAD_IOVA, (uint16_t)len_bytes, shared);
	m->data_len = (uint16_t)len_bytes;
	m->pkt_len = (uint32_t)len_bytes;
	return m;
}

struct rte_mbuf *arena_frame_wrap(struct arena *a, const uint8_t *bytes, size_t len_bytes)
{
	bool is_exact = draw(a, 2) == 0 && len_bytes > 1;
	size_t first = draw(a, 8) == 0 && len_bytes > 1 ? 1 + draw(a, (uint32_t)len_bytes - 1)
							: len_bytes;
	struct rte_mbuf *head, *tail;

	if (!is_exact)
		return mbufs_frame(a->config.pool, bytes, len_bytes, first);
	head = exact_buffer(a, bytes, first);
	if (first < len_bytes) {
		tail = exact_buffer(a, bytes + first, len_bytes - first);
		if (rte_pktmbuf_chain(head, tail) != 0)
			abort();
	}
	return head;
}

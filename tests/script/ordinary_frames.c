// SPDX-License-Identifier: BSD-3-Clause
//
// Frames that are ordinary, or nearly so, see ordinary_frames.h.
// Odds are written as one in so many.
// Called by ordinary_test.
#include "ordinary_frames.h"

#include <string.h>

#include <rte_mbuf.h>

#include "support/reference.h"
#include "wire/bytes.h"

enum {
	L3 = ETH_HEADER_BYTES,
	TS_BASE = 5000,
	TEXT_MAX_BYTES = 1400,
	PULLED_BYTES = 142, // of all that is shorter nothing is left in the second mbuf
	ODDS_OF_SPOILING = 3,
	ODDS_OF_EXTENSION = 30,
	ODDS_OF_TAG = 30,
	ODDS_OF_MAPPING = 30,
	ODDS_OF_PADDING = 5,
	ODDS_OF_SHARING = 8,
};

struct field {
	uint8_t at, bytes;
};

static const struct field eth_fields[] = {{0, 6}, {6, 6}, {12, 2}};
static const struct field ipv4_fields[] = {{0, 1}, {1, 1}, {2, 2},  {4, 2},  {6, 2},
					   {8, 1}, {9, 1}, {10, 2}, {12, 4}, {16, 4}};
static const struct field ipv6_fields[] = {{0, 1}, {1, 3},  {4, 2},  {6, 1},
					   {7, 1}, {8, 16}, {24, 16}};
static const struct field tcp_fields[] = {{0, 2},  {2, 2},  {4, 4},  {8, 4},  {12, 1},
					  {13, 1}, {14, 2}, {16, 2}, {18, 2}, {20, 12}};

// Of no station, of every station, of nobody here, and the two ends themselves.
static const char *const ipv4_strangers[] = {
	"0.1.2.3",    "127.0.0.1",  "224.0.0.1",  "255.255.255.255", "198.18.0.255",
	"198.18.0.1", "198.18.0.2", "198.18.0.3", "192.0.2.1",	     "250.0.0.1"};
static const char *const ipv6_strangers[] = {
	"::",	   "::1",     "ff02::1", "ff02::1:ff00:2", "::ffff:198.18.0.1", "::ffff:198.18.0.2",
	"fd00::1", "fd00::2", "fd00::3", "2001:db8::1",	   "fe80::ff:fe00:2"};

static uint32_t draw(struct ordinary_peers *p, uint32_t n)
{
	return random_below(&p->dice, n);
}

static bool one_in(struct ordinary_peers *p, uint32_t n)
{
	return draw(p, n) == 0;
}

static bool is_ipv6(const struct ordinary_peers *p)
{
	return !plx_addr_is_ipv4(&p->path.dst);
}

static size_t l4_of(const struct ordinary_peers *p)
{
	return L3 + (is_ipv6(p) ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES);
}

void ordinary_peers_init(struct ordinary_peers *p, const struct seg_path *path, uint64_t seed)
{
	memset(p, 0, sizeof(*p));
	p->path = *path;
	random_init_seed(&p->dice, seed);
}

void ordinary_peers_hear(struct ordinary_peers *p, const uint8_t *bytes, size_t len_bytes)
{
	struct ordinary_peer *peer;
	struct frame frame;

	if (!frame_read(bytes, len_bytes, PLX_LINK_ETHERNET, &frame) || !frame.is_tcp
	    || frame.tcp.dst_port < ORDINARY_FIRST_PORT
	    || frame.tcp.dst_port >= ORDINARY_FIRST_PORT + ORDINARY_PEERS)
		return;
	peer = &p->peers[frame.tcp.dst_port - ORDINARY_FIRST_PORT];
	if ((frame.tcp.flags & TCP_RST) != 0) {
		peer->is_known = peer->is_known && one_in(p, 2);
		return;
	}
	if ((frame.tcp.flags & TCP_SYN) != 0) {
		peer->is_known = true;
		peer->is_called = (frame.tcp.flags & TCP_ACK) == 0;
		peer->is_ending = false;
		peer->has_timestamps = frame.tcp.options.has_timestamps;
		peer->ack = frame.tcp.seq;
	}
	peer->seq = frame.tcp.ack;
	if ((frame.tcp.flags & TCP_FIN) != 0)
		peer->is_ending = true;
	if (frame.tcp.seq == peer->ack)
		peer->ack += frame_seq_len(&frame);
	if (frame.tcp.options.has_timestamps)
		peer->ts_recent = frame.tcp.options.ts_val;
}

static int64_t near_by(struct ordinary_peers *p, uint32_t number)
{
	static const uint32_t steps[] = {1, 2, 1000, 60000, UINT32_C(1) << 30};
	uint32_t step = steps[draw(p, 5)];

	return (uint32_t)(one_in(p, 2) ? number + step : number - step);
}

static uint32_t draw_text(struct ordinary_peers *p)
{
	switch (draw(p, 4)) {
	case 0:
		return 0;
	case 1:
		return 1 + draw(p, 20);
	case 2:
		return 1 + draw(p, 300);
	default:
		return 1 + draw(p, TEXT_MAX_BYTES);
	}
}

static struct seg draw_syn(struct ordinary_peers *p, struct ordinary_peer *peer)
{
	struct seg seg = SEG(.flags = TCP_SYN, .ack = 0, .mss = 1400, .wscale = draw(p, 8),
			     .wnd = 65535, .len = one_in(p, 16) ? 10 : 0);

	if (peer->is_called) {
		seg.flags |= TCP_ACK;
		seg.ack = peer->ack;
		seg.len = 0;
	} else {
		peer->has_timestamps = one_in(p, 2);
		seg.flags |= one_in(p, 2) ? TCP_ECE | TCP_CWR : 0; // RFC 3168 6.1.1
	}
	peer->is_known = peer->is_called;
	peer->is_called = false;
	peer->is_ending = false;
	peer->seq += 200000; // so that it may reopen what is in TIME_WAIT
	seg.seq = peer->seq;
	if (peer->is_known)
		peer->seq++;
	return seg;
}

static bool wants_syn(struct ordinary_peers *p, const struct ordinary_peer *peer)
{
	if (peer->is_called)
		return one_in(p, 2);
	if (peer->is_known)
		return one_in(p, peer->is_ending ? 10 : 200);
	return !one_in(p, 6);
}

// What fits, with something about it that needs thought now and then.
static struct seg draw_segment_of(struct ordinary_peers *p, struct ordinary_peer *peer)
{
	struct seg seg = SEG(.flags = TCP_ACK, .seq = peer->seq, .ack = peer->ack, .wnd = 65535,
			     .len = draw_text(p));

	if (one_in(p, 3))
		seg.flags |= TCP_PSH;
	if (peer->is_ending && one_in(p, 2)) { // in order, so that it leads to TIME_WAIT
		seg.flags |= one_in(p, 2) ? TCP_FIN : 0;
		seg.len = 0;
		return seg;
	}
	switch (draw(p, 40)) {
	case 0:
		seg.flags |= TCP_FIN;
		break;
	case 1:
		seg.flags = one_in(p, 2) ? TCP_RST : TCP_RST | TCP_ACK;
		peer->is_known = one_in(p, 2); // what follows is for nobody
		break;
	case 2:
	case 3:
		seg.seq = near_by(p, peer->seq);
		return seg;
	case 4:
		seg.ack = near_by(p, peer->ack);
		break;
	case 5:
		seg.wnd = draw(p, 3000);
		break;
	case 6:
		seg.flags |= TCP_URG;
		seg.urgent = draw(p, 100);
		break;
	case 7:
		seg.traffic_class = draw(p, 256);
		break;
	case 8:
		return seg; // and once more
	}
	peer->seq += (uint32_t)seg.len + ((seg.flags & TCP_FIN) != 0);
	return seg;
}

static struct seg draw_segment(struct ordinary_peers *p, plx_time now, struct ordinary_peer *peer)
{
	struct seg seg;

	if (wants_syn(p, peer))
		seg = draw_syn(p, peer);
	else
		seg = draw_segment_of(p, peer);
	if (peer->has_timestamps && !one_in(p, 100)) {
		seg.ts_val = (int64_t)(TS_BASE + now / PLX_MILLISECOND) & UINT32_MAX;
		seg.ts_ecr = peer->ts_recent;
		if (one_in(p, 50))
			seg.ts_val = near_by(p, (uint32_t)seg.ts_val) & UINT32_MAX;
	}
	return seg;
}

static void spoil_field(struct ordinary_peers *p, uint8_t *bytes)
{
	uint32_t layer = draw(p, 6);
	const struct field *fields = tcp_fields;
	unsigned n = RTE_DIM(tcp_fields);
	struct field field;
	size_t base = l4_of(p);

	if (layer == 0) {
		fields = eth_fields;
		n = RTE_DIM(eth_fields);
		base = 0;
	} else if (layer < 3) {
		fields = is_ipv6(p) ? ipv6_fields : ipv4_fields;
		n = is_ipv6(p) ? RTE_DIM(ipv6_fields) : RTE_DIM(ipv4_fields);
		base = L3;
	}
	field = fields[draw(p, n)];
	bytes += base + field.at;
	switch (draw(p, 6)) {
	case 0:
		memset(bytes, 0, field.bytes);
		break;
	case 1:
		memset(bytes, 0xff, field.bytes);
		break;
	case 2:
		bytes[field.bytes - 1]++;
		break;
	case 3:
		bytes[draw(p, field.bytes)] = (uint8_t)draw(p, 256);
		break;
	default:
		bytes[draw(p, field.bytes)] ^= (uint8_t)(1u << draw(p, 8));
	}
}

// Another address of IP or of Ethernet, in either place.
static void spoil_address(struct ordinary_peers *p, uint8_t *bytes)
{
	static const uint8_t macs[][ETH_ADDR_BYTES] = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
						       {2, 0, 0, 0, 0, 2},
						       {2, 0, 0, 0, 0, 3},
						       {1, 0, 0x5e, 0, 0, 1},
						       {0x33, 0x33, 0xff, 0, 0, 2}};
	bool is_src = one_in(p, 2);
	struct plx_addr addr;

	if (one_in(p, 4)) {
		memcpy(bytes + (is_src ? ETH_ADDR_BYTES : 0), macs[draw(p, RTE_DIM(macs))],
		       ETH_ADDR_BYTES);
	} else if (is_ipv6(p)) {
		plx_addr_parse(ipv6_strangers[draw(p, RTE_DIM(ipv6_strangers))], &addr);
		memcpy(bytes + L3 + (is_src ? IPV6_SRC_OFFSET : IPV6_DST_OFFSET), addr.bytes, 16);
	} else {
		plx_addr_parse(ipv4_strangers[draw(p, RTE_DIM(ipv4_strangers))], &addr);
		memcpy(bytes + L3 + (is_src ? IPV4_SRC_OFFSET : IPV4_DST_OFFSET), addr.bytes + 12,
		       4);
	}
}

static void insert(struct ordinary_frame *out, size_t at, const uint8_t *bytes, size_t len_bytes)
{
	memmove(out->bytes + at + len_bytes, out->bytes + at, out->len_bytes - at);
	memcpy(out->bytes + at, bytes, len_bytes);
	out->len_bytes += len_bytes;
}

// IPv4 options or an IPv6 extension header, which are skipped.
static void add_extension(struct ordinary_peers *p, struct ordinary_frame *out)
{
	static const uint8_t nops[] = {1, 1, 1, 1, 1, 1, 1, 1};
	static const uint8_t destination_options[] = {IP_PROTOCOL_TCP, 0, 1, 4, 0, 0, 0, 0};
	uint8_t *ip = out->bytes + L3;

	if (is_ipv6(p)) {
		insert(out, l4_of(p), destination_options, 8);
		ip[IPV6_NEXT_HEADER_OFFSET] = 60;
		store_be16(ip + IPV6_PAYLOAD_OFFSET, (uint16_t)(load_be16(ip + 4) + 8));
		return;
	}
	insert(out, l4_of(p), nops, 8);
	ip[0] = IPV4_PLAIN + 2;
	store_be16(ip + IPV4_TOTAL_OFFSET, (uint16_t)(load_be16(ip + 2) + 8));
	store_be16(ip + 10, 0);
	store_be16(ip + 10, reference_checksum(ip, IPV4_HEADER_BYTES + 8));
}

static void add_tag(struct ordinary_peers *p, struct ordinary_frame *out)
{
	uint8_t tag[] = {0x81, 0, 0, (uint8_t)(one_in(p, 2) ? 0 : 5)};

	if (one_in(p, 4))
		store_be16(tag, 0x88a8);
	insert(out, ETH_TYPE_OFFSET, tag, sizeof(tag));
}

// RFC 4942 2.2: the same packet in IPv6, between mapped addresses; its checksum is the same.
static void map_addresses(const struct ordinary_peers *p, struct ordinary_frame *out)
{
	uint8_t *ip = out->bytes + L3;
	struct ip_header header = {
		.src = p->path.src,
		.dst = p->path.dst,
		.payload_bytes = (uint16_t)(load_be16(ip + IPV4_TOTAL_OFFSET) - IPV4_HEADER_BYTES),
		.protocol = IP_PROTOCOL_TCP,
		.hop_limit = 64,
		.is_ipv6 = true,
	};
	uint8_t room[IPV6_HEADER_BYTES - IPV4_HEADER_BYTES] = {0};

	insert(out, L3, room, sizeof(room));
	ipv6_header_build(ip, &header);
	store_be16(out->bytes + ETH_TYPE_OFFSET, ETH_TYPE_IPV6);
}

static void spoil(struct ordinary_peers *p, struct ordinary_frame *out)
{
	for (uint32_t n = 1 + draw(p, 2); n > 0; n--) {
		if (one_in(p, 4))
			spoil_address(p, out->bytes);
		else
			spoil_field(p, out->bytes);
	}
	if (one_in(p, 2))
		seg_mend(out->bytes, out->len_bytes, L3, is_ipv6(p));
	if (one_in(p, 12))
		out->len_bytes = 1 + draw(p, (uint32_t)out->len_bytes);
}

static void pad(struct ordinary_peers *p, struct ordinary_frame *out)
{
	size_t n = 1 + draw(p, 64);

	memset(out->bytes + out->len_bytes, (int)draw(p, 256), n);
	out->len_bytes += n;
}

// A word of the port, right or wrong.
static void draw_verdict(struct ordinary_peers *p, struct ordinary_frame *out)
{
	static const uint64_t ip[] = {RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN, RTE_MBUF_F_RX_IP_CKSUM_BAD,
				      RTE_MBUF_F_RX_IP_CKSUM_GOOD, RTE_MBUF_F_RX_IP_CKSUM_NONE};
	static const uint64_t l4[] = {RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN, RTE_MBUF_F_RX_L4_CKSUM_BAD,
				      RTE_MBUF_F_RX_L4_CKSUM_GOOD, RTE_MBUF_F_RX_L4_CKSUM_NONE};

	out->ol_flags = one_in(p, 3) ? 0 : ip[draw(p, 4)] | l4[draw(p, 4)];
	out->vlan_tci = 0;
	if (one_in(p, 30)) {
		out->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		out->vlan_tci = one_in(p, 2) ? 0 : 5;
	}
}

// Where the second stack finds the frame in two mbufs. Its headers are brought together, and all of its text shall be:
// of text in pieces that comes out of order each piece counts by itself, so where segments contradict each other
// another of them may win. 0: nowhere.
static size_t draw_cut(struct ordinary_peers *p, const struct ordinary_frame *out,
		       size_t packet_end)
{
	size_t first = packet_end <= PULLED_BYTES ? 1 : packet_end;

	return out->len_bytes > first ? first + draw(p, (uint32_t)(out->len_bytes - first)) : 0;
}

void ordinary_frame_draw(struct ordinary_peers *p, plx_time now, struct ordinary_frame *out)
{
	unsigned which = draw(p, ORDINARY_PEERS);
	struct seg seg = draw_segment(p, now, &p->peers[which]);
	struct seg_path path = p->path;
	bool is_tagged = false, is_spoiled = one_in(p, ODDS_OF_SPOILING);
	size_t packet_end;

	path.src_port = (uint16_t)(ORDINARY_FIRST_PORT + which);
	out->len_bytes = seg_build(out->bytes, &path, &seg, 0, 0);
	if (is_spoiled)
		spoil(p, out);
	else if (one_in(p, ODDS_OF_EXTENSION))
		add_extension(p, out);
	else if (!is_ipv6(p) && one_in(p, ODDS_OF_MAPPING))
		map_addresses(p, out);
	else if (out->len_bytes < PULLED_BYTES - VLAN_TAG_BYTES && one_in(p, ODDS_OF_TAG))
		is_tagged = true;
	if (is_tagged)
		add_tag(p, out);
	packet_end = out->len_bytes;
	if (one_in(p, ODDS_OF_PADDING))
		pad(p, out);
	if (is_spoiled)
		packet_end = out->len_bytes; // who knows what its length says
	draw_verdict(p, out);
	out->sharing = is_tagged || !one_in(p, ODDS_OF_SHARING) ? ORDINARY_ALONE
								: ORDINARY_IS_ORIGINAL + draw(p, 2);
	out->cut_bytes = 0;
	if (out->sharing == ORDINARY_ALONE && (is_tagged || one_in(p, 2)))
		out->cut_bytes = draw_cut(p, out, packet_end);
}

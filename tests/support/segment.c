// SPDX-License-Identifier: BSD-3-Clause
//
// Segments to frames and back, and in words, see segment.h.
// Headers are written and read by engine/wire, checksums by the reference.
// Called by fixtures, expectations, pairs and fuzz targets.
#include "support/segment.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "support/pattern.h"
#include "support/reference.h"
#include "wire/bytes.h"

enum { IPV4_CHECKSUM_OFFSET = 10 };

static bool is_present(int64_t option)
{
	return option != SEG_UNNAMED && option != SEG_ABSENT;
}

static struct tcp_header header_of(const struct seg_path *path, const struct seg *seg)
{
	return (struct tcp_header){
		.src_port = (uint16_t)seg_or(seg->src_port, path->src_port),
		.dst_port = (uint16_t)seg_or(seg->dst_port, path->dst_port),
		.seq = (uint32_t)seg->seq,
		.ack = (uint32_t)seg->ack,
		.window = (uint16_t)seg->wnd,
		.urgent = (uint16_t)seg_or(seg->urgent, 0),
		.flags = (uint8_t)seg->flags,
		.options =
			{
				.has_mss = is_present(seg->mss),
				.has_window_scale = is_present(seg->wscale),
				.has_timestamps = is_present(seg->ts_val),
				.mss = (uint16_t)seg->mss,
				.window_scale = (uint8_t)seg->wscale,
				.ts_val = (uint32_t)seg->ts_val,
				.ts_ecr = (uint32_t)seg_or(seg->ts_ecr, 0),
			},
	};
}

static size_t build_link(uint8_t *bytes, const struct seg_path *path)
{
	bool is_ipv4 = plx_addr_is_ipv4(&path->src);
	struct eth_header eth = {
		.dst = path->dst_mac,
		.src = path->src_mac,
		.type = is_ipv4 ? ETH_TYPE_IPV4 : ETH_TYPE_IPV6,
		.vlan = path->vlan,
		.outer_vlan = path->outer_vlan,
	};

	return path->link == PLX_LINK_ETHERNET ? eth_header_build(bytes, &eth) : 0;
}

size_t seg_build(uint8_t *bytes, const struct seg_path *path, const struct seg *seg,
		 uint32_t origin, uint32_t salt)
{
	bool is_ipv6 = !plx_addr_is_ipv4(&path->src);
	size_t l3_offset = build_link(bytes, path);
	size_t l4_offset = l3_offset + (is_ipv6 ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES);
	struct tcp_header tcp = header_of(path, seg);
	uint32_t header_sum; // of the built header; the checksum is taken from the bytes
	size_t header_bytes = tcp_header_build(bytes + l4_offset, &tcp, &header_sum);
	size_t segment_bytes = header_bytes + (size_t)seg->len;
	struct ip_header ip = {
		.src = path->src,
		.dst = path->dst,
		.payload_bytes = (uint16_t)segment_bytes,
		.protocol = IP_PROTOCOL_TCP,
		.hop_limit = (uint8_t)seg_or(seg->hop_limit, 64),
		.traffic_class = (uint8_t)seg_or(seg->traffic_class, 0),
		.is_ipv6 = is_ipv6,
	};
	uint32_t first = tcp.seq + ((tcp.flags & TCP_SYN) != 0);
	uint16_t checksum;

	if (is_ipv6)
		ipv6_header_build(bytes + l3_offset, &ip);
	else
		ipv4_header_build(bytes + l3_offset, &ip, 0, true, true);
	pattern_fill(bytes + l4_offset + header_bytes, (size_t)seg->len, salt,
		     (uint32_t)(first - origin));
	checksum = reference_transport_checksum(&ip.src, &ip.dst, IP_PROTOCOL_TCP,
						bytes + l4_offset, segment_bytes);
	store_be16(bytes + l4_offset + TCP_CHECKSUM_OFFSET,
		   (uint16_t)(checksum + seg_or(seg->spoil, 0)));
	return l4_offset + segment_bytes;
}

void seg_mend(uint8_t *bytes, size_t len_bytes, size_t l3_bytes, bool is_ipv6)
{
	uint8_t *ip = bytes + l3_bytes;
	size_t l4_bytes = l3_bytes + (is_ipv6 ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES);
	size_t end = is_ipv6 ? l4_bytes : l3_bytes;
	struct plx_addr src, dst;
	uint16_t checksum;

	if (len_bytes < l4_bytes + TCP_HEADER_BYTES)
		return;
	end += load_be16(ip + (is_ipv6 ? IPV6_PAYLOAD_OFFSET : IPV4_TOTAL_OFFSET));
	if (end > len_bytes || end < l4_bytes + TCP_HEADER_BYTES)
		return;
	if (!is_ipv6) {
		store_be16(ip + IPV4_CHECKSUM_OFFSET, 0);
		store_be16(ip + IPV4_CHECKSUM_OFFSET, reference_checksum(ip, IPV4_HEADER_BYTES));
	}
	src = is_ipv6 ? addr_of_ipv6_bytes(ip + IPV6_SRC_OFFSET)
		      : addr_of_ipv4_bytes(ip + IPV4_SRC_OFFSET);
	dst = is_ipv6 ? addr_of_ipv6_bytes(ip + IPV6_DST_OFFSET)
		      : addr_of_ipv4_bytes(ip + IPV4_DST_OFFSET);
	store_be16(bytes + l4_bytes + TCP_CHECKSUM_OFFSET, 0);
	checksum = reference_transport_checksum(&src, &dst, IP_PROTOCOL_TCP, bytes + l4_bytes,
						end - l4_bytes);
	store_be16(bytes + l4_bytes + TCP_CHECKSUM_OFFSET, checksum);
}

static bool read_link(const uint8_t *bytes, size_t len_bytes, enum plx_link link, struct frame *out)
{
	if (link == PLX_LINK_IP) {
		if (len_bytes == 0)
			return false;
		out->type = bytes[0] >> 4 == 6 ? ETH_TYPE_IPV6 : ETH_TYPE_IPV4;
		return true;
	}
	if (eth_header_parse(bytes, len_bytes, &out->eth) != PLX_DROP_NONE)
		return false;
	out->type = out->eth.type;
	out->l3_offset_bytes = out->eth.header_bytes;
	return true;
}

bool frame_read(const uint8_t *bytes, size_t len_bytes, enum plx_link link, struct frame *out)
{
	enum plx_drop verdict;
	const uint8_t *l4;

	memset(out, 0, sizeof(*out));
	if (!read_link(bytes, len_bytes, link, out))
		return false;
	bytes += out->l3_offset_bytes;
	len_bytes -= out->l3_offset_bytes;
	if (out->type != ETH_TYPE_IPV4 && out->type != ETH_TYPE_IPV6)
		return true;
	verdict = out->type == ETH_TYPE_IPV6 ? ipv6_header_parse(bytes, len_bytes, &out->ip)
					     : ipv4_header_parse(bytes, len_bytes, false, &out->ip);
	if (verdict != PLX_DROP_NONE)
		return false;
	l4 = bytes + out->ip.header_bytes;
	out->is_tcp = out->ip.protocol == IP_PROTOCOL_TCP;
	if (!out->is_tcp)
		return true;
	if (tcp_header_parse(l4, out->ip.payload_bytes, &out->tcp) != PLX_DROP_NONE)
		return false;
	out->payload = l4 + out->tcp.header_bytes;
	out->payload_bytes = (uint32_t)out->ip.payload_bytes - out->tcp.header_bytes;
	return true;
}

uint32_t frame_seq_len(const struct frame *frame)
{
	return frame->payload_bytes + ((frame->tcp.flags & TCP_SYN) != 0)
		+ ((frame->tcp.flags & TCP_FIN) != 0);
}

// A line that grows at its end.
struct line {
	char *text;
	size_t room_bytes;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line->text, line->room_bytes, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= line->room_bytes)
		n = line->room_bytes == 0 ? 0 : (int)line->room_bytes - 1;
	line->text += n;
	line->room_bytes -= (size_t)n;
}

static void add_flags(struct line *line, unsigned flags)
{
	static const struct {
		enum tcp_flag flag;
		char letter;
	} letters[] = {{TCP_SYN, 'S'}, {TCP_FIN, 'F'}, {TCP_RST, 'R'}, {TCP_PSH, 'P'},
		       {TCP_ACK, '.'}, {TCP_URG, 'U'}, {TCP_ECE, 'E'}, {TCP_CWR, 'W'}};

	add(line, "Flags [");
	for (unsigned i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if ((flags & letters[i].flag) != 0)
			add(line, "%c", letters[i].letter);
	add(line, flags == 0 ? "none]" : "]");
}

static void add_options(struct line *line, const struct tcp_options *options)
{
	const char *separator = "";

	if (!options->has_mss && !options->has_window_scale && !options->has_timestamps)
		return;
	add(line, ", options [");
	if (options->has_mss) {
		add(line, "mss %u", options->mss);
		separator = ",";
	}
	if (options->has_window_scale) {
		add(line, "%swscale %u", separator, options->window_scale);
		separator = ",";
	}
	if (options->has_timestamps)
		add(line, "%sTS val %" PRIu32 " ecr %" PRIu32, separator, options->ts_val,
		    options->ts_ecr);
	add(line, "]");
}

void frame_describe(const struct frame *frame, uint32_t seq_base, uint32_t ack_base, char *text,
		    size_t text_bytes)
{
	const struct tcp_header *tcp = &frame->tcp;
	struct line line = {text, text_bytes};
	char src[PLX_ADDR_TEXT_BYTES], dst[PLX_ADDR_TEXT_BYTES];

	if (frame->type == ETH_TYPE_ARP) {
		add(&line, "ARP");
		return;
	}
	plx_addr_format(&frame->ip.src, src);
	plx_addr_format(&frame->ip.dst, dst);
	if (!frame->is_tcp) {
		add(&line, "%s > %s: protocol %u, length %u", src, dst, frame->ip.protocol,
		    frame->ip.payload_bytes);
		return;
	}
	add(&line, "%s.%u > %s.%u: ", src, tcp->src_port, dst, tcp->dst_port);
	add_flags(&line, tcp->flags);
	if ((tcp->flags & TCP_SYN) != 0)
		seq_base = 0; // where numbers begin is worth seeing
	add(&line, ", seq %" PRIu32, tcp->seq - seq_base);
	if (frame->payload_bytes > 0)
		add(&line, ":%" PRIu32, tcp->seq - seq_base + frame->payload_bytes);
	if ((tcp->flags & TCP_ACK) != 0)
		add(&line, ", ack %" PRIu32, tcp->ack - ack_base);
	add(&line, ", win %u", tcp->window);
	if ((tcp->flags & TCP_URG) != 0)
		add(&line, ", urg %u", tcp->urgent);
	add_options(&line, &tcp->options);
	add(&line, ", length %" PRIu32, frame->payload_bytes);
}

static void add_named(struct line *line, const char *name, int64_t value)
{
	if (value == SEG_UNNAMED)
		return;
	if (value == SEG_ABSENT)
		add(line, " no-%s", name);
	else if (value == SEG_ANY)
		add(line, " %s *", name);
	else
		add(line, " %s %" PRId64, name, value);
}

static int64_t relative(int64_t value, uint32_t base)
{
	return value == SEG_UNNAMED ? value : (int64_t)(uint32_t)(value - base);
}

void seg_describe(const struct seg *seg, uint32_t seq_base, uint32_t ack_base, char *text,
		  size_t text_bytes)
{
	struct line line = {text, text_bytes};

	if (seg->flags != SEG_UNNAMED)
		add_flags(&line, (unsigned)seg->flags);
	add_named(&line, "seq", relative(seg->seq, seq_base));
	add_named(&line, "ack", relative(seg->ack, ack_base));
	add_named(&line, "win", seg->wnd);
	add_named(&line, "length", seg->len);
	add_named(&line, "urg", seg->urgent);
	add_named(&line, "mss", seg->mss);
	add_named(&line, "wscale", seg->wscale);
	add_named(&line, "TSval", seg->ts_val);
	add_named(&line, "TSecr", seg->ts_ecr);
	add_named(&line, "sport", seg->src_port);
	add_named(&line, "dport", seg->dst_port);
	add_named(&line, "hops", seg->hop_limit);
	add_named(&line, "class", seg->traffic_class);
	if (line.text == text)
		add(&line, "any segment");
}

static bool differs(int64_t named, uint32_t got)
{
	return named != SEG_UNNAMED && (uint32_t)named != got;
}

static bool option_differs(int64_t named, bool is_there, uint32_t got)
{
	if (named == SEG_UNNAMED)
		return false;
	if (named == SEG_ABSENT || named == SEG_ANY)
		return is_there != (named == SEG_ANY);
	return !is_there || (uint32_t)named != got;
}

const char *seg_first_difference(const struct seg *seg, const struct frame *frame)
{
	const struct tcp_header *tcp = &frame->tcp;
	const struct tcp_options *options = &tcp->options;
	bool has_ts = options->has_timestamps;
	const struct {
		const char *name;
		bool is_different;
	} fields[] = {
		{"flags", differs(seg->flags, tcp->flags)},
		{"seq", differs(seg->seq, tcp->seq)},
		{"ack", differs(seg->ack, tcp->ack)},
		{"win", differs(seg->wnd, tcp->window)},
		{"length", differs(seg->len, frame->payload_bytes)},
		{"urgent pointer", differs(seg->urgent, tcp->urgent)},
		{"mss", option_differs(seg->mss, options->has_mss, options->mss)},
		{"wscale",
		 option_differs(seg->wscale, options->has_window_scale, options->window_scale)},
		{"TSval", option_differs(seg->ts_val, has_ts, options->ts_val)},
		{"TSecr", option_differs(seg->ts_ecr, has_ts, options->ts_ecr)},
		{"source port", differs(seg->src_port, tcp->src_port)},
		{"destination port", differs(seg->dst_port, tcp->dst_port)},
		{"hop limit", differs(seg->hop_limit, frame->ip.hop_limit)},
		{"traffic class", differs(seg->traffic_class, frame->ip.traffic_class)},
	};

	if (!frame->is_tcp)
		return "protocol";
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].is_different)
			return fields[i].name;
	return NULL;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// The rules for everything a stack sends, see judge.h.
// A flow's record begins with its SYN; segments of no known flow (RST to nobody) are judged alone.
// Called by fixtures and pairs for every frame of plx_output().
#include "support/judge.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/pattern.h"
#include "support/reference.h"
#include "wire/bytes.h"

enum {
	IPV4_FLAGS_OFFSET = 6,
	IPV4_DF = 0x4000,
	TCP_RESERVED_OFFSET = 12,
	TCP_RESERVED_MASK = 0x0f,
	OPTION_END = 0,
	OPTION_NOP = 1,
};

// A table that was given back, empty: a test that makes thousands of stacks takes it again.
static struct judge_flow *spare;

static struct judge_flow *take_flows(void)
{
	struct judge_flow *flows = spare;

	spare = NULL;
	if (flows == NULL)
		flows = calloc(JUDGE_FLOWS, sizeof(*flows));
	if (flows == NULL)
		abort();
	return flows;
}

void judge_init(struct judge *judge, const struct plx_stack_config *config)
{
	*judge = (struct judge){
		.link = config->link,
		.vlan = config->vlan,
		.outer_vlan = config->outer_vlan,
		.mtu_bytes = config->mtu_bytes,
		.flows = take_flows(),
	};
	memcpy(judge->src_mac.bytes, config->mac, ETH_ADDR_BYTES);
}

void judge_fini(struct judge *judge)
{
	if (judge->flows == NULL)
		return;
	judge_forget(judge);
	free(spare);
	spare = judge->flows;
	judge->flows = NULL;
}

// The flow's place in the table, or the free one where it belongs.
static struct judge_flow *place_of(const struct judge *judge, const struct frame *frame)
{
	uint32_t ports = (uint32_t)frame->tcp.src_port << 16 | frame->tcp.dst_port;
	uint32_t hash = ports * UINT32_C(2654435761) ^ frame->ip.dst.bytes[15]
		^ (uint32_t)frame->ip.src.bytes[15] << 8;

	for (uint32_t i = 0; i < JUDGE_FLOWS; i++) {
		struct judge_flow *flow = &judge->flows[((hash >> 12) + i) & (JUDGE_FLOWS - 1)];

		if (!flow->is_used)
			return flow;
		if (flow->src_port == frame->tcp.src_port && flow->dst_port == frame->tcp.dst_port
		    && plx_addr_is_equal(&flow->src, &frame->ip.src)
		    && plx_addr_is_equal(&flow->dst, &frame->ip.dst))
			return flow;
	}
	abort(); // JUDGE_FLOWS is too small for the test
}

void judge_forget(struct judge *judge)
{
	memset(judge->flows + judge->first, 0, (judge->end - judge->first) * sizeof(*judge->flows));
	judge->first = judge->end = 0;
}

void judge_hear(struct judge *judge, const struct frame *frame)
{
	struct frame mirrored = *frame;
	struct judge_flow *flow;

	if (!frame->is_tcp || (frame->tcp.flags & TCP_SYN) == 0
	    || frame->tcp.options.has_window_scale)
		return;
	mirrored.ip.src = frame->ip.dst;
	mirrored.ip.dst = frame->ip.src;
	mirrored.tcp.src_port = frame->tcp.dst_port;
	mirrored.tcp.dst_port = frame->tcp.src_port;
	flow = place_of(judge, &mirrored);
	if (flow->is_used)
		flow->wscale = 0;
}

static bool is_later(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static const char *judge_link(const struct judge *judge, const struct frame *frame)
{
	if (judge->link == PLX_LINK_IP)
		return NULL;
	if (!mac_is_equal(&frame->eth.src, &judge->src_mac))
		return "its source MAC address is not the stack's";
	if (frame->eth.vlan != judge->vlan || frame->eth.outer_vlan != judge->outer_vlan)
		return "its VLAN is not the one configured";
	return NULL;
}

static const char *judge_ipv4(const uint8_t *l3, const struct frame *frame)
{
	if (frame->ip.header_bytes != IPV4_HEADER_BYTES)
		return "its IPv4 header has options";
	if (reference_checksum(l3, IPV4_HEADER_BYTES) != 0)
		return "its IPv4 header checksum is wrong";
	if (load_be16(l3 + IPV4_FLAGS_OFFSET) != IPV4_DF)
		return "DF is not the only flag of its IPv4 header";
	return NULL;
}

// RFC 9293 3.1: every option but END and NOP has its length (MUST-68), behind END there are zeros (MUST-69).
static const char *judge_options(const uint8_t *options, size_t len_bytes)
{
	size_t at = 0;

	while (at < len_bytes && options[at] != OPTION_END) {
		if (options[at] == OPTION_NOP) {
			at++;
			continue;
		}
		if (at + 1 == len_bytes || options[at + 1] < 2 || options[at + 1] > len_bytes - at)
			return "an option has no length, or a wrong one";
		at += options[at + 1];
	}
	for (; at < len_bytes; at++)
		if (options[at] != 0)
			return "its TCP header is not padded with zeros";
	return NULL;
}

static bool is_transport_intact(const struct ip_header *ip, const uint8_t *l4)
{
	if (ip->protocol == IP_PROTOCOL_ICMP)
		return reference_checksum(l4, ip->payload_bytes) == 0;
	return reference_transport_checksum(&ip->src, &ip->dst, ip->protocol, l4, ip->payload_bytes)
		== 0;
}

bool judge_is_intact(const struct frame *frame, const uint8_t *bytes)
{
	const struct ip_header *ip = &frame->ip;
	const uint8_t *l3 = bytes + frame->l3_offset_bytes;

	if (frame->type != ETH_TYPE_IPV4 && frame->type != ETH_TYPE_IPV6)
		return true;
	if (!ip->is_ipv6 && reference_checksum(l3, ip->header_bytes) != 0)
		return false;
	return is_transport_intact(ip, l3 + ip->header_bytes);
}

static const char *judge_ip(const struct judge *judge, const uint8_t *l3, size_t l3_bytes,
			    const struct frame *frame)
{
	const struct ip_header *ip = &frame->ip;
	const uint8_t *l4 = l3 + ip->header_bytes;
	const char *fault = ip->is_ipv6 ? NULL : judge_ipv4(l3, frame);

	if (fault != NULL)
		return fault;
	if ((size_t)ip->header_bytes + ip->payload_bytes != l3_bytes)
		return "it is longer than its IP datagram";
	if (l3_bytes > judge->mtu_bytes)
		return "it is longer than the MTU";
	if (ip->hop_limit == 0)
		return "its hop limit is 0";
	if (!is_transport_intact(ip, l4))
		return "its transport checksum is wrong";
	if (frame->is_tcp && (l4[TCP_RESERVED_OFFSET] & TCP_RESERVED_MASK) != 0)
		return "a reserved bit of its TCP header is set";
	if (frame->is_tcp)
		return judge_options(l4 + TCP_HEADER_BYTES,
				     frame->tcp.header_bytes - TCP_HEADER_BYTES);
	return NULL;
}

static const char *judge_header(const struct frame *frame)
{
	const struct tcp_header *tcp = &frame->tcp;
	bool is_syn = (tcp->flags & TCP_SYN) != 0;

	if (is_syn && (tcp->flags & (TCP_FIN | TCP_RST)) != 0)
		return "SYN goes with neither FIN nor RST";
	if (!is_syn && (tcp->options.has_mss || tcp->options.has_window_scale))
		return "MSS and window scale belong to SYN segments";
	if (tcp->options.has_sack_permitted)
		return "SACK is never offered";
	if ((tcp->flags & TCP_URG) == 0 && tcp->urgent != 0)
		return "it has an urgent pointer without URG";
	if ((tcp->flags & TCP_ACK) == 0 && tcp->ack != 0)
		return "it has an acknowledgement number without ACK";
	if (is_syn && !tcp->options.has_mss)
		return "a SYN announces the MSS (RFC 9293 MUST-14)";
	if (tcp->flags == 0)
		return "it has no flags";
	return NULL;
}

static void begin_flow(struct judge *judge, struct judge_flow *flow, const struct frame *frame)
{
	const struct tcp_header *tcp = &frame->tcp;
	uint32_t place = (uint32_t)(flow - judge->flows);

	if (flow->is_used && flow->iss == tcp->seq)
		return;
	if (judge->end == 0 || place < judge->first)
		judge->first = place;
	if (place >= judge->end)
		judge->end = place + 1;
	*flow = (struct judge_flow){
		.src = frame->ip.src,
		.dst = frame->ip.dst,
		.src_port = tcp->src_port,
		.dst_port = tcp->dst_port,
		.is_used = true,
		.wscale = tcp->options.has_window_scale ? tcp->options.window_scale : 0,
		.iss = tcp->seq,
		.seq_max = tcp->seq + 1,
	};
}

// What was once sent stays sent: no hole before a segment, nothing behind the FIN.
static const char *judge_sequence(struct judge_flow *flow, const struct frame *frame)
{
	uint32_t end = frame->tcp.seq + frame_seq_len(frame);
	bool is_fin = (frame->tcp.flags & TCP_FIN) != 0;

	if (is_later(frame->tcp.seq, flow->seq_max))
		return "it leaves a hole in the sequence space";
	if (flow->has_fin && is_later(end, flow->fin_end))
		return "it sends something behind the FIN";
	if (is_fin && flow->has_fin && end != flow->fin_end)
		return "the FIN has moved";
	if (is_fin) {
		flow->has_fin = true;
		flow->fin_end = end;
	}
	if (is_later(end, flow->seq_max)) {
		flow->new_bytes += end - flow->seq_max - is_fin;
		flow->seq_max = end;
	}
	return NULL;
}

static const char *judge_window(struct judge *judge, struct judge_flow *flow,
				const struct frame *frame)
{
	const struct tcp_header *tcp = &frame->tcp;
	unsigned shift = (tcp->flags & TCP_SYN) != 0 ? 0 : flow->wscale;
	uint32_t edge = tcp->ack + ((uint32_t)tcp->window << shift);
	uint32_t rounding = (1u << shift) - 1;

	if ((tcp->flags & TCP_ACK) == 0)
		return NULL;
	if (flow->has_ack && is_later(flow->ack, tcp->ack))
		return "it acknowledges less than an earlier one";
	// RFC 9293 SHLD-14: the right edge does not move left, but for what scaling rounds off.
	if (flow->has_ack && is_later(flow->edge, edge + rounding))
		return "it takes back a part of the window";
	flow->edge = flow->has_ack && is_later(flow->edge, edge) ? flow->edge : edge;
	flow->ack = tcp->ack;
	flow->has_ack = true;
	judge->zero_windows += tcp->window == 0;
	return NULL;
}

static const char *judge_timestamp(struct judge_flow *flow, const struct frame *frame)
{
	const struct tcp_options *options = &frame->tcp.options;

	if (!options->has_timestamps)
		return NULL;
	if (flow->has_ts && is_later(flow->ts_val, options->ts_val))
		return "its timestamp runs backwards (RFC 7323 5.4)";
	flow->ts_val = options->ts_val;
	flow->has_ts = true;
	return NULL;
}

static const char *judge_payload(struct judge *judge, const struct judge_flow *flow,
				 const struct frame *frame)
{
	size_t matched;

	if (!judge->knows_payload || frame->payload_bytes == 0)
		return NULL;
	matched = pattern_match(frame->payload, frame->payload_bytes, judge->salt,
				(uint32_t)(frame->tcp.seq - flow->iss - 1));
	if (matched == frame->payload_bytes)
		return NULL;
	snprintf(judge->text, sizeof(judge->text), "byte %zu of its payload is not what was sent",
		 matched);
	return judge->text;
}

static const char *judge_flow_of(struct judge *judge, const struct frame *frame)
{
	struct judge_flow *flow = place_of(judge, frame);
	const char *fault;

	if ((frame->tcp.flags & TCP_SYN) != 0)
		begin_flow(judge, flow, frame);
	if (!flow->is_used || (frame->tcp.flags & TCP_RST) != 0)
		return NULL;
	fault = judge_sequence(flow, frame);
	if (fault == NULL)
		fault = judge_window(judge, flow, frame);
	if (fault == NULL)
		fault = judge_timestamp(flow, frame);
	if (fault == NULL)
		fault = judge_payload(judge, flow, frame);
	return fault;
}

const char *judge_frame(struct judge *judge, const uint8_t *bytes, size_t len_bytes,
			struct frame *out)
{
	const char *fault;

	if (!frame_read(bytes, len_bytes, judge->link, out))
		return "it is malformed";
	fault = judge_link(judge, out);
	if (fault != NULL || (out->type != ETH_TYPE_IPV4 && out->type != ETH_TYPE_IPV6))
		return fault;
	fault = judge_ip(judge, bytes + out->l3_offset_bytes, len_bytes - out->l3_offset_bytes,
			 out);
	if (fault == NULL && out->is_tcp)
		fault = judge_header(out);
	if (fault == NULL && out->is_tcp && !judge->ignores_flows)
		fault = judge_flow_of(judge, out);
	return fault;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// IPv4 (RFC 791) and IPv6 (RFC 8200) headers between bytes and values.
// The header without options is the straight way, in the header file; options are looked at here.
// Called by stack/ for every received packet, by net/ and tcp/segment_tx for every sent one.
#include "wire/ip.h"

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "wire/bytes.h"
#include "wire/checksum.h"
#include "wire/ipv6_extension.h"

enum {
	IPV4_MORE_FRAGMENTS = 0x2000,
	IPV4_OFFSET_MASK = 0x1fff, // in units of eight bytes
	IPV4_ID_OFFSET = 4,
	IPV4_OPTION_END = 0,
	IPV4_OPTION_NOP = 1,
	IPV4_OPTION_LOOSE_ROUTE = 131,
	IPV4_OPTION_STRICT_ROUTE = 137,
};

// RFC 791 3.1: each option but the two of one octet has a length, and none goes past the header.
// RFC 7126 4.3, 4.4: a route that the sender chose gets around filters.
static enum plx_drop judge_options(const uint8_t *option, size_t len_bytes)
{
	while (len_bytes > 0 && option[0] != IPV4_OPTION_END) {
		size_t option_bytes = 1;

		if (option[0] != IPV4_OPTION_NOP) {
			if (len_bytes < 2 || option[1] < 2 || option[1] > len_bytes)
				return PLX_DROP_IPV4_OPTION;
			if (option[0] == IPV4_OPTION_LOOSE_ROUTE
			    || option[0] == IPV4_OPTION_STRICT_ROUTE)
				return PLX_DROP_IP_SOURCE_ROUTE;
			option_bytes = option[1];
		}
		option += option_bytes;
		len_bytes -= option_bytes;
	}
	return PLX_DROP_NONE;
}

enum plx_drop ipv4_header_parse_options(const uint8_t *bytes, size_t len_bytes,
					bool verify_checksum, struct ip_header *out)
{
	uint16_t header_bytes = (bytes[0] & 0x0f) * 4;
	enum plx_drop verdict;

	if (bytes[0] >> 4 != 4 || header_bytes <= IPV4_HEADER_BYTES || header_bytes > len_bytes)
		return PLX_DROP_IPV4_HEADER;
	verdict = ipv4_read(bytes, len_bytes, verify_checksum, header_bytes, out);
	if (verdict == PLX_DROP_NONE || verdict == PLX_DROP_IP_FRAGMENT) {
		enum plx_drop drop = judge_options(bytes + IPV4_HEADER_BYTES,
						   header_bytes - IPV4_HEADER_BYTES);

		if (drop != PLX_DROP_NONE)
			return drop;
	}
	return verdict;
}

void ipv4_fragment_read(const uint8_t *bytes, struct ip_fragment *out)
{
	uint16_t word = load_be16(bytes + IPV4_FRAGMENT_OFFSET);

	*out = (struct ip_fragment){
		.id = load_be16(bytes + IPV4_ID_OFFSET),
		.offset_bytes = (uint16_t)((word & IPV4_OFFSET_MASK) * 8),
		.more = (word & IPV4_MORE_FRAGMENTS) != 0,
	};
}

enum plx_drop ipv6_header_parse(const uint8_t *bytes, size_t len_bytes, struct ip_header *out)
{
	if (unlikely(len_bytes < IPV6_HEADER_BYTES))
		return PLX_DROP_FRAME_SHORT;

	uint32_t first = load_be32(bytes);
	uint16_t payload_bytes = load_be16(bytes + IPV6_PAYLOAD_OFFSET);
	uint8_t next_header = bytes[IPV6_NEXT_HEADER_OFFSET];

	if (unlikely(first >> 28 != IPV6_VERSION || payload_bytes > len_bytes - IPV6_HEADER_BYTES))
		return PLX_DROP_IPV6_HEADER;

	out->src = addr_of_ipv6_bytes(bytes + IPV6_SRC_OFFSET);
	out->dst = addr_of_ipv6_bytes(bytes + IPV6_DST_OFFSET);
	out->payload_bytes = payload_bytes;
	out->header_bytes = IPV6_HEADER_BYTES;
	out->protocol = next_header;
	out->hop_limit = bytes[IPV6_HOP_LIMIT_OFFSET];
	out->traffic_class = (uint8_t)(first >> 20);
	out->is_ipv6 = true;

	if (unlikely(plx_addr_is_ipv4(&out->src)))
		return PLX_DROP_IP_SOURCE;
	if (unlikely(plx_addr_is_ipv4(&out->dst)))
		return PLX_DROP_IP_NOT_FOR_US;
	if (likely(next_header == IP_PROTOCOL_TCP))
		return PLX_DROP_NONE;
	return ipv6_is_extension(next_header) ? PLX_DROP_IPV6_EXTENSION : PLX_DROP_NONE;
}

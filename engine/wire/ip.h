// SPDX-License-Identifier: BSD-3-Clause
//
// IPv4 (RFC 791) and IPv6 (RFC 8200) headers as one value, and back to bytes.
// Pure functions; whether source, destination, hop limit and protocol please is decided above.
// Called by stack/ for every received packet, by net/ and tcp/segment_tx for every sent one.
#ifndef WIRE_IP_H
#define WIRE_IP_H

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include <pollux/drop.h>

#include "wire/addr.h"
#include "wire/bytes.h"
#include "wire/checksum.h"

enum {
	IPV4_HEADER_BYTES = 20,	    // without options
	IPV4_HEADER_MAX_BYTES = 60, // IHL 15
	IPV6_HEADER_BYTES = 40,
};

// Offsets, and what stands at the beginning.
enum ip_layout {
	IPV4_PLAIN = 0x45, // version 4, header of five words
	IPV4_TOTAL_OFFSET = 2,
	IPV4_FRAGMENT_OFFSET = 6,
	IPV4_FRAGMENT_MASK = 0x3fff, // more fragments, and the offset
	IPV4_TTL_OFFSET = 8,
	IPV4_PROTOCOL_OFFSET = 9,
	IPV4_SRC_OFFSET = 12,
	IPV4_DST_OFFSET = 16,
	IPV4_DONT_FRAGMENT = 0x4000,

	IPV6_VERSION = 6,
	IPV6_PAYLOAD_OFFSET = 4,
	IPV6_NEXT_HEADER_OFFSET = 6,
	IPV6_HOP_LIMIT_OFFSET = 7,
	IPV6_SRC_OFFSET = 8,
	IPV6_DST_OFFSET = 24,
};

enum ip_protocol {
	IP_PROTOCOL_ICMP = 1,
	IP_PROTOCOL_TCP = 6,
	IP_PROTOCOL_ICMPV6 = 58,
};

struct ip_header {
	struct plx_addr src;
	struct plx_addr dst;
	uint16_t payload_bytes; // of the transport; what follows it in the frame is padding
	uint16_t header_bytes;	// where the payload begins; ignored by the builders
	uint8_t protocol;	// in IPv6 the next header
	uint8_t hop_limit;	// in IPv4 the TTL
	uint8_t traffic_class;	// DSCP << 2 | ECN
	bool is_ipv6;
};

// What a piece of a packet says of its place (RFC 791 3.1, RFC 8200 4.5).
struct ip_fragment {
	uint32_t id;
	uint16_t offset_bytes; // a multiple of eight
	bool more;	       // others follow it
	bool is_atomic;	       // IPv6: a fragment header although the packet is whole (RFC 6946)
};

// `len_bytes` is what the frame holds from the IP header on, padding included. Reads no further
// than that, and no further than IPV4_HEADER_MAX_BYTES: so much of a chain must be contiguous.
// `verify_checksum` is false where the port has done it. Options are checked for form and skipped,
// but for source routes. PLX_DROP_NONE; PLX_DROP_IP_FRAGMENT, `out` is of the piece then; or
// PLX_DROP_FRAME_SHORT, PLX_DROP_IPV4_HEADER, PLX_DROP_IPV4_CHECKSUM, PLX_DROP_IPV4_OPTION,
// PLX_DROP_IP_SOURCE_ROUTE, and `out` is not to be used.
static inline enum plx_drop ipv4_header_parse(const uint8_t *bytes, size_t len_bytes,
					      bool verify_checksum, struct ip_header *out);

// Of an IPv4 header that was parsed. What is no fragment has offset 0 and no more to come.
void ipv4_fragment_read(const uint8_t *bytes, struct ip_fragment *out);

// As above, reading IPV6_HEADER_BYTES: PLX_DROP_NONE; PLX_DROP_IPV6_EXTENSION, `out->protocol` is the
// first extension header then and ipv6_extensions_parse() goes on; or PLX_DROP_FRAME_SHORT,
// PLX_DROP_IPV6_HEADER. An IPv4-mapped address on the wire would pass for an IPv4 one above (RFC
// 4942 2.2) and is refused: PLX_DROP_IP_SOURCE, PLX_DROP_IP_NOT_FOR_US.
enum plx_drop ipv6_header_parse(const uint8_t *bytes, size_t len_bytes, struct ip_header *out);

// The partial sum of a header without options.
static inline uint32_t ipv4_sum_plain(const uint8_t *bytes)
{
	return checksum_narrow((uint64_t)load_word(bytes) + load_word(bytes + 4)
			       + load_word(bytes + 8) + load_word(bytes + 12)
			       + load_word(bytes + 16));
}

// `header_bytes`, a constant for the header without options, lies within `len_bytes`.
static __rte_always_inline enum plx_drop ipv4_read(const uint8_t *bytes, size_t len_bytes,
						   bool verify_checksum, uint16_t header_bytes,
						   struct ip_header *out)
{
	uint16_t total_bytes = load_be16(bytes + IPV4_TOTAL_OFFSET);

	if (unlikely(total_bytes < header_bytes || total_bytes > len_bytes))
		return PLX_DROP_IPV4_HEADER;
	if (verify_checksum) {
		uint32_t sum = header_bytes == IPV4_HEADER_BYTES
			? ipv4_sum_plain(bytes)
			: checksum_partial(bytes, header_bytes, 0);

		if (unlikely(!checksum_is_valid(sum)))
			return PLX_DROP_IPV4_CHECKSUM;
	}
	out->src = addr_of_ipv4_bytes(bytes + IPV4_SRC_OFFSET);
	out->dst = addr_of_ipv4_bytes(bytes + IPV4_DST_OFFSET);
	out->payload_bytes = total_bytes - header_bytes;
	out->header_bytes = header_bytes;
	out->protocol = bytes[IPV4_PROTOCOL_OFFSET];
	out->hop_limit = bytes[IPV4_TTL_OFFSET];
	out->traffic_class = bytes[1];
	out->is_ipv6 = false;
	if (unlikely((load_be16(bytes + IPV4_FRAGMENT_OFFSET) & IPV4_FRAGMENT_MASK) != 0))
		return PLX_DROP_IP_FRAGMENT;
	return PLX_DROP_NONE;
}

// For ipv4_header_parse() only.
enum plx_drop ipv4_header_parse_options(const uint8_t *bytes, size_t len_bytes,
					bool verify_checksum, struct ip_header *out);

static inline enum plx_drop ipv4_header_parse(const uint8_t *bytes, size_t len_bytes,
					      bool verify_checksum, struct ip_header *out)
{
	if (unlikely(len_bytes < IPV4_HEADER_BYTES))
		return PLX_DROP_FRAME_SHORT;
	if (unlikely(bytes[0] != IPV4_PLAIN))
		return ipv4_header_parse_options(bytes, len_bytes, verify_checksum, out);
	return ipv4_read(bytes, len_bytes, verify_checksum, IPV4_HEADER_BYTES, out);
}

// Write a header without options or extensions; return its length. Without `fill_checksum` the
// field is zero, as a port that computes it wants it; with it the sum is taken from the words in
// registers, not from bytes just stored.
static inline size_t ipv4_header_build(uint8_t *bytes, const struct ip_header *in, uint16_t id,
				       bool dont_fragment, bool fill_checksum)
{
	uint16_t total_bytes = IPV4_HEADER_BYTES + in->payload_bytes;
	uint32_t length = be32_of((uint32_t)IPV4_PLAIN << 24 | (uint32_t)in->traffic_class << 16
				  | total_bytes);
	uint32_t fragment = be32_of((uint32_t)id << 16 | (dont_fragment ? IPV4_DONT_FRAGMENT : 0));
	uint32_t ttl = be32_of((uint32_t)in->hop_limit << 24 | (uint32_t)in->protocol << 16);
	uint32_t src = load_word(in->src.bytes + ADDR_IPV4_OFFSET);
	uint32_t dst = load_word(in->dst.bytes + ADDR_IPV4_OFFSET);

	if (fill_checksum) {
		uint64_t sum = (uint64_t)length + fragment + ttl + src + dst;

		ttl |= be32_of(checksum_fold(checksum_narrow(sum)));
	}
	store_word(bytes, length);
	store_word(bytes + 4, fragment);
	store_word(bytes + IPV4_TTL_OFFSET, ttl);
	store_word(bytes + IPV4_SRC_OFFSET, src);
	store_word(bytes + IPV4_DST_OFFSET, dst);
	return IPV4_HEADER_BYTES;
}

static inline size_t ipv6_header_build(uint8_t *bytes, const struct ip_header *in)
{
	store_be32(bytes, (uint32_t)IPV6_VERSION << 28 | (uint32_t)in->traffic_class << 20);
	store_be16(bytes + IPV6_PAYLOAD_OFFSET, in->payload_bytes);
	bytes[IPV6_NEXT_HEADER_OFFSET] = in->protocol;
	bytes[IPV6_HOP_LIMIT_OFFSET] = in->hop_limit;
	memcpy(bytes + IPV6_SRC_OFFSET, &in->src, ADDR_BYTES);
	memcpy(bytes + IPV6_DST_OFFSET, &in->dst, ADDR_BYTES);
	return IPV6_HEADER_BYTES;
}

#endif

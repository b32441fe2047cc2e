// SPDX-License-Identifier: BSD-3-Clause
//
// IPv4 (RFC 791) and IPv6 (RFC 8200) headers as one value, and back to bytes.
// Pure functions; whether source, destination, hop limit and protocol please is decided above.
// Called by stack/ for every received packet, by net/ and tcp/segment_tx for every sent one.
#ifndef WIRE_IP_H
#define WIRE_IP_H

#include <pollux/drop.h>

#include "wire/addr.h"

enum {
	IPV4_HEADER_BYTES = 20,	    // without options
	IPV4_HEADER_MAX_BYTES = 60, // IHL 15
	IPV6_HEADER_BYTES = 40,
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
enum plx_drop ipv4_header_parse(const uint8_t *bytes, size_t len_bytes, bool verify_checksum,
				struct ip_header *out);

// Of an IPv4 header that was parsed. What is no fragment has offset 0 and no more to come.
void ipv4_fragment_read(const uint8_t *bytes, struct ip_fragment *out);

// As above, reading IPV6_HEADER_BYTES: PLX_DROP_NONE; PLX_DROP_IPV6_EXTENSION, `out->protocol` is the
// first extension header then and ipv6_extensions_parse() goes on; or PLX_DROP_FRAME_SHORT,
// PLX_DROP_IPV6_HEADER. An IPv4-mapped address on the wire would pass for an IPv4 one above (RFC
// 4942 2.2) and is refused: PLX_DROP_IP_SOURCE, PLX_DROP_IP_NOT_FOR_US.
enum plx_drop ipv6_header_parse(const uint8_t *bytes, size_t len_bytes, struct ip_header *out);

// Write a header without options or extensions; return its length. Without `fill_checksum` the
// field is zero, as a port that computes it wants it.
size_t ipv4_header_build(uint8_t *bytes, const struct ip_header *in, uint16_t id,
			 bool dont_fragment, bool fill_checksum);
size_t ipv6_header_build(uint8_t *bytes, const struct ip_header *in);

#endif

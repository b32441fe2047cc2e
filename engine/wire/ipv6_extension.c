// SPDX-License-Identifier: BSD-3-Clause
//
// IPv6 extension headers, one after the other as RFC 8200 4.1 has it: each ends where the next
// begins, and none of them past the packet. Nothing of what they ask for is done; what must be
// understood and is not, ends the packet.
// Called by net/input for packets that are not plain.
#include "wire/ipv6_extension.h"

#include "wire/bytes.h"

enum {
	EXTENSION_UNIT_BYTES = 8, // all of them are multiples of it
	OPTIONS_OFFSET = 2,
	SEGMENTS_LEFT_OFFSET = 3,
	FRAGMENT_OFFSET_OFFSET = 2,
	FRAGMENT_ID_OFFSET = 4,
	FRAGMENT_OFFSET_MASK = 0xfff8,
	FRAGMENT_MORE = 0x0001,
	OPTION_PAD1 = 0,
	OPTION_PADN = 1,
	OPTION_ACTION_MASK = 0xc0, // 00: skip over it; else discard the packet
};

// IANA's list of extension headers. ESP is not among them: what follows it nobody can read.
enum ipv6_extension {
	IPV6_HOP_BY_HOP = 0,
	IPV6_ROUTING = 43,
	IPV6_FRAGMENT = 44,
	IPV6_AUTHENTICATION = 51,
	IPV6_DESTINATION = 60,
	IPV6_MOBILITY = 135,
	IPV6_HOST_IDENTITY = 139,
	IPV6_SHIM6 = 140,
};

bool ipv6_is_extension(uint8_t next_header)
{
	switch (next_header) {
	case IPV6_HOP_BY_HOP:
	case IPV6_ROUTING:
	case IPV6_FRAGMENT:
	case IPV6_AUTHENTICATION:
	case IPV6_DESTINATION:
	case IPV6_MOBILITY:
	case IPV6_HOST_IDENTITY:
	case IPV6_SHIM6:
		return true;
	default:
		return false;
	}
}

// RFC 8200 4.2. DEVIATION 4.2: no parameter problem is sent; the counter tells.
static enum plx_drop judge_options(const uint8_t *option, size_t len_bytes)
{
	while (len_bytes > 0) {
		size_t option_bytes = 1;

		if (option[0] != OPTION_PAD1) {
			if (len_bytes < 2 || option[1] > len_bytes - 2)
				return PLX_DROP_IPV6_EXTENSION;
			if (option[0] != OPTION_PADN && (option[0] & OPTION_ACTION_MASK) != 0)
				return PLX_DROP_IPV6_OPTION;
			option_bytes = 2 + (size_t)option[1];
		}
		option += option_bytes;
		len_bytes -= option_bytes;
	}
	return PLX_DROP_NONE;
}

static void read_fragment(const uint8_t *header, struct ip_fragment *fragment)
{
	uint16_t word = load_be16(header + FRAGMENT_OFFSET_OFFSET);

	fragment->id = load_be32(header + FRAGMENT_ID_OFFSET);
	fragment->offset_bytes = word & FRAGMENT_OFFSET_MASK;
	fragment->more = (word & FRAGMENT_MORE) != 0;
	fragment->is_atomic = fragment->offset_bytes == 0 && !fragment->more;
}

// One header of `len_bytes`, of type `type`. PLX_DROP_NONE: the next one follows.
static enum plx_drop judge_header(uint8_t type, const uint8_t *header, size_t len_bytes,
				  bool is_first)
{
	switch (type) {
	case IPV6_HOP_BY_HOP: // RFC 8200 4.1: only directly behind the IPv6 header
		if (!is_first)
			return PLX_DROP_IPV6_EXTENSION;
		return judge_options(header + OPTIONS_OFFSET, len_bytes - OPTIONS_OFFSET);
	case IPV6_DESTINATION:
		return judge_options(header + OPTIONS_OFFSET, len_bytes - OPTIONS_OFFSET);
	case IPV6_ROUTING: // RFC 8200 4.4: of whatever type, it is used up or not for us
		return header[SEGMENTS_LEFT_OFFSET] == 0 ? PLX_DROP_NONE : PLX_DROP_IP_SOURCE_ROUTE;
	case IPV6_FRAGMENT:
		return PLX_DROP_NONE;
	default:
		return PLX_DROP_IPV6_EXTENSION;
	}
}

// RFC 8200 4.5: the length field of a fragment header is reserved, it is always one unit long.
static size_t header_length(uint8_t type, const uint8_t *header)
{
	return type == IPV6_FRAGMENT ? EXTENSION_UNIT_BYTES
				     : ((size_t)header[1] + 1) * EXTENSION_UNIT_BYTES;
}

enum plx_drop ipv6_extensions_parse(const uint8_t *bytes, size_t len_bytes, struct ip_header *ip,
				    struct ip_fragment *fragment)
{
	bool has_fragment = false;

	*fragment = (struct ip_fragment){0};
	for (unsigned n = 0; ipv6_is_extension(ip->protocol); n++) {
		const uint8_t *header = bytes + ip->header_bytes;
		uint8_t type = ip->protocol;
		size_t header_bytes;
		enum plx_drop drop;

		if (n == IPV6_EXTENSIONS_MAX || ip->payload_bytes < EXTENSION_UNIT_BYTES
		    || (size_t)ip->header_bytes + EXTENSION_UNIT_BYTES > len_bytes)
			return PLX_DROP_IPV6_EXTENSION;
		header_bytes = header_length(type, header);
		if (header_bytes > ip->payload_bytes || ip->header_bytes + header_bytes > len_bytes
		    || ip->header_bytes - IPV6_HEADER_BYTES + header_bytes
			    > IPV6_EXTENSIONS_MAX_BYTES)
			return PLX_DROP_IPV6_EXTENSION;
		drop = judge_header(type, header, header_bytes, n == 0);
		if (drop != PLX_DROP_NONE)
			return drop;
		ip->header_bytes = (uint16_t)(ip->header_bytes + header_bytes);
		ip->payload_bytes = (uint16_t)(ip->payload_bytes - header_bytes);
		ip->protocol = header[0];
		if (type != IPV6_FRAGMENT)
			continue;
		if (has_fragment)
			return PLX_DROP_IPV6_EXTENSION;
		has_fragment = true;
		read_fragment(header, fragment);
		if (!fragment->is_atomic)
			return PLX_DROP_IP_FRAGMENT;
	}
	return PLX_DROP_NONE;
}

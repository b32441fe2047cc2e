// SPDX-License-Identifier: BSD-3-Clause
//
// Neighbour solicitations and advertisements between bytes and values (RFC 4861 4.3, 4.4, 4.6.1).
// The rules of 7.1.1 and 7.1.2 are applied in one place, so that net/ sees valid messages only.
// Called by net/ after icmp_header_parse() has verified the checksum.
#include "wire/nd.h"

#include "wire/bytes.h"

enum {
	TARGET_OFFSET = 8,
	OPTION_UNIT_BYTES = 8,
	OPTION_SOURCE_MAC = 1,
	OPTION_TARGET_MAC = 2,
};

#define FLAG_ROUTER 0x80000000u
#define FLAG_SOLICITED 0x40000000u
#define FLAG_OVERRIDE 0x20000000u

static uint8_t mac_option_kind(bool is_solicitation)
{
	return is_solicitation ? OPTION_SOURCE_MAC : OPTION_TARGET_MAC;
}

// Takes the link-layer address out of the option list; others are skipped. False for an option of
// length zero or past the end, or an address that is no Ethernet station's.
static bool read_options(const uint8_t *option, size_t len_bytes, struct nd_message *out)
{
	while (len_bytes > 0) {
		size_t option_bytes = len_bytes < 2 ? 0 : option[1] * OPTION_UNIT_BYTES;

		if (option_bytes == 0 || option_bytes > len_bytes)
			return false;
		if (option[0] == mac_option_kind(out->is_solicitation)) {
			memcpy(&out->mac, option + 2, ETH_ADDR_BYTES);
			out->has_mac = true;
			if (option_bytes != OPTION_UNIT_BYTES || mac_is_multicast(&out->mac))
				return false;
		}
		option += option_bytes;
		len_bytes -= option_bytes;
	}
	return true;
}

// RFC 4861 7.1.1: duplicate address detection asks from "any", with no address to answer to.
static bool is_valid_solicitation(const struct ip_header *ip, const struct nd_message *message)
{
	struct plx_addr group = addr_solicited_node_multicast(&ip->dst); // itself, if it is one

	if (!plx_addr_is_any(&ip->src))
		return true;
	return plx_addr_is_equal(&ip->dst, &group) && !message->has_mac;
}

// RFC 4861 7.1.2: what goes to a group answers nobody.
static bool is_valid_advertisement(const struct ip_header *ip, const struct nd_message *message)
{
	return !(addr_is_multicast(&ip->dst) && message->solicited);
}

enum plx_drop nd_parse(const struct ip_header *ip, const uint8_t *bytes, size_t len_bytes,
		       struct nd_message *out)
{
	if (ip->hop_limit != ND_HOP_LIMIT)
		return PLX_DROP_IP_HOP_LIMIT;
	if (len_bytes < ND_BYTES)
		return PLX_DROP_ND_MALFORMED;
	if (bytes[0] != ICMPV6_NEIGHBOR_SOLICITATION && bytes[0] != ICMPV6_NEIGHBOR_ADVERTISEMENT)
		return PLX_DROP_ICMP_TYPE;

	uint32_t flags = load_be32(bytes + 4);
	uint8_t code = bytes[1];

	*out = (struct nd_message){
		.is_solicitation = bytes[0] == ICMPV6_NEIGHBOR_SOLICITATION,
		.target = addr_of_ipv6_bytes(bytes + TARGET_OFFSET),
	};
	if (!out->is_solicitation) {
		out->router = (flags & FLAG_ROUTER) != 0;
		out->solicited = (flags & FLAG_SOLICITED) != 0;
		out->override = (flags & FLAG_OVERRIDE) != 0;
	}
	if (code != 0 || addr_is_multicast(&out->target) || plx_addr_is_ipv4(&out->target)
	    || !read_options(bytes + ND_BYTES, len_bytes - ND_BYTES, out))
		return PLX_DROP_ND_MALFORMED;
	if (!(out->is_solicitation ? is_valid_solicitation(ip, out)
				   : is_valid_advertisement(ip, out)))
		return PLX_DROP_ND_MALFORMED;
	return PLX_DROP_NONE;
}

size_t nd_build(uint8_t *bytes, const struct ip_header *ip, const struct nd_message *in)
{
	struct ip_header sealed = *ip;
	struct icmp_header header = {
		.type = in->is_solicitation ? ICMPV6_NEIGHBOR_SOLICITATION
					    : ICMPV6_NEIGHBOR_ADVERTISEMENT,
		.word = (in->router ? FLAG_ROUTER : 0) | (in->solicited ? FLAG_SOLICITED : 0)
			| (in->override ? FLAG_OVERRIDE : 0),
	};

	memcpy(bytes + TARGET_OFFSET, &in->target, ADDR_BYTES);
	if (in->has_mac) {
		bytes[ND_BYTES] = mac_option_kind(in->is_solicitation);
		bytes[ND_BYTES + 1] = 1;
		memcpy(bytes + ND_BYTES + 2, &in->mac, ETH_ADDR_BYTES);
	}
	sealed.is_ipv6 = true;
	sealed.payload_bytes = in->has_mac ? ND_MAX_BYTES : ND_BYTES;
	icmp_header_build(bytes, &sealed, &header);
	return sealed.payload_bytes;
}

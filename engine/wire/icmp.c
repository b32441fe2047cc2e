// SPDX-License-Identifier: BSD-3-Clause
//
// ICMP (RFC 792) and ICMPv6 (RFC 4443) messages between bytes and values, echo turned round.
// Of an error only its kind and the beginning of our own segment matter (RFC 5461, RFC 5927).
// Called by net/, which answers echo and hands errors on to tcp/.
#include "wire/icmp.h"

#include "wire/bytes.h"
#include "wire/checksum.h"

enum {
	TYPE_OFFSET = 0,
	CODE_OFFSET = 1,
	CHECKSUM_OFFSET = 2,
	WORD_OFFSET = 4,
	QUOTED_TRANSPORT_BYTES = 8, // RFC 792: so much of the datagram's data is quoted at least
	QUOTED_SEQ_OFFSET = 4,
	IPV4_UNREACHABLE_FRAGMENTATION_NEEDED = 4,
	IPV6_PROBLEM_NEXT_HEADER = 1,
};

// The partial sum of a whole message, with the pseudo header that only ICMPv6 has (RFC 4443 2.3).
static uint32_t sum_message(const struct ip_header *ip, const uint8_t *bytes, size_t len_bytes)
{
	uint32_t sum = 0;

	if (ip->is_ipv6)
		sum = checksum_add16(checksum_pseudo(&ip->src, &ip->dst, IP_PROTOCOL_ICMPV6),
				     (uint16_t)len_bytes);
	return checksum_partial(bytes, len_bytes, sum);
}

enum plx_drop icmp_header_parse(const struct ip_header *ip, const uint8_t *bytes, size_t len_bytes,
				bool verify_checksum, struct icmp_header *out)
{
	if (len_bytes < ICMP_HEADER_BYTES)
		return PLX_DROP_ICMP_MALFORMED;
	if (verify_checksum && !checksum_is_valid(sum_message(ip, bytes, len_bytes)))
		return PLX_DROP_ICMP_CHECKSUM;
	out->type = bytes[TYPE_OFFSET];
	out->code = bytes[CODE_OFFSET];
	out->word = load_be32(bytes + WORD_OFFSET);
	out->id = (uint16_t)(out->word >> 16);
	out->seq = (uint16_t)out->word;
	return PLX_DROP_NONE;
}

size_t icmp_header_build(uint8_t *bytes, const struct ip_header *ip, const struct icmp_header *in)
{
	bytes[TYPE_OFFSET] = in->type;
	bytes[CODE_OFFSET] = in->code;
	store_be16(bytes + CHECKSUM_OFFSET, 0);
	store_be32(bytes + WORD_OFFSET, in->word | (uint32_t)in->id << 16 | in->seq);
	store_be16(bytes + CHECKSUM_OFFSET,
		   checksum_fold(sum_message(ip, bytes, ip->payload_bytes)));
	return ICMP_HEADER_BYTES;
}

void icmp_echo_turn_around(uint8_t *bytes, const struct ip_header *ip,
			   const struct plx_addr *reply_source)
{
	uint16_t checksum = load_be16(bytes + CHECKSUM_OFFSET);
	uint16_t before = load_be16(bytes + TYPE_OFFSET);

	bytes[TYPE_OFFSET] = ip->is_ipv6 ? ICMPV6_ECHO_REPLY : ICMP_ECHO_REPLY;
	checksum = checksum_update16(checksum, before, load_be16(bytes + TYPE_OFFSET));
	// Swapped addresses sum up to the same; another one takes the place of a group.
	for (size_t at = 0; ip->is_ipv6 && at < ADDR_BYTES; at += sizeof(uint32_t))
		checksum = checksum_update32(checksum, load_be32(ip->dst.bytes + at),
					     load_be32(reply_source->bytes + at));
	// By difference +0 and -0 are not told apart (RFC 1624 3); 0xffff verifies wherever 0 does, and also
	// for a reply of nothing but zeros.
	store_be16(bytes + CHECKSUM_OFFSET, checksum == 0 ? UINT16_MAX : checksum);
}

// RFC 1122 4.2.3.9 and its later companions: is it about this connection (protocol, port,
// prohibited) or about the way there?
static enum icmp_quote_kind kind_of_ipv4_unreachable(uint8_t code)
{
	switch (code) {
	case 2:	 // protocol
	case 3:	 // port
	case 9:	 // network administratively prohibited
	case 10: // host administratively prohibited
	case 13: // communication administratively prohibited
		return ICMP_QUOTE_UNREACHABLE_HARD;
	case IPV4_UNREACHABLE_FRAGMENTATION_NEEDED:
		return ICMP_QUOTE_PACKET_TOO_BIG;
	default:
		return ICMP_QUOTE_UNREACHABLE_SOFT;
	}
}

// RFC 4443 3.1.
static enum icmp_quote_kind kind_of_ipv6_unreachable(uint8_t code)
{
	switch (code) {
	case 1: // administratively prohibited
	case 4: // port
	case 5: // source address failed policy, a finer kind of 1
	case 6: // reject route, likewise
		return ICMP_QUOTE_UNREACHABLE_HARD;
	default:
		return ICMP_QUOTE_UNREACHABLE_SOFT;
	}
}

// False for what is no error, or none that concerns TCP: redirect, source quench (RFC 6633).
static bool find_ipv4_kind(const struct icmp_header *header, struct icmp_quote *out)
{
	switch (header->type) {
	case ICMP_UNREACHABLE:
		out->kind = kind_of_ipv4_unreachable(header->code);
		out->mtu = out->kind == ICMP_QUOTE_PACKET_TOO_BIG ? (uint16_t)header->word : 0;
		return true;
	case ICMP_TIME_EXCEEDED:
		out->kind = ICMP_QUOTE_TIME_EXCEEDED;
		return true;
	case ICMP_PARAMETER_PROBLEM:
		out->kind = ICMP_QUOTE_OTHER;
		return true;
	default:
		return false;
	}
}

static bool find_ipv6_kind(const struct icmp_header *header, struct icmp_quote *out)
{
	switch (header->type) {
	case ICMPV6_UNREACHABLE:
		out->kind = kind_of_ipv6_unreachable(header->code);
		return true;
	case ICMPV6_PACKET_TOO_BIG:
		out->kind = ICMP_QUOTE_PACKET_TOO_BIG;
		out->mtu = header->word < UINT16_MAX ? (uint16_t)header->word : UINT16_MAX;
		return true;
	case ICMPV6_TIME_EXCEEDED:
		out->kind = ICMP_QUOTE_TIME_EXCEEDED;
		return true;
	case ICMPV6_PARAMETER_PROBLEM: // "unrecognized next header" is IPv6's protocol unreachable
		out->kind = header->code == IPV6_PROBLEM_NEXT_HEADER ? ICMP_QUOTE_UNREACHABLE_HARD
								     : ICMP_QUOTE_OTHER;
		return true;
	default:
		return false;
	}
}

// The quoted header is one that we wrote, cut somewhere behind it: neither its lengths nor its
// checksum (routers write into it) are held against it. Returns its length, 0 when it is none.
static size_t read_quoted_ip(bool is_ipv6, const uint8_t *quote, size_t len_bytes,
			     struct ip_header *out)
{
	size_t header_bytes = IPV6_HEADER_BYTES;

	if (len_bytes < (is_ipv6 ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES)
	    || quote[0] >> 4 != (is_ipv6 ? 6 : 4))
		return 0;
	if (is_ipv6) {
		out->protocol = quote[6];
		out->src = addr_of_ipv6_bytes(quote + 8);
		out->dst = addr_of_ipv6_bytes(quote + 24);
	} else {
		bool is_later_fragment = (load_be16(quote + 6) & 0x1fff) != 0;

		header_bytes = (quote[0] & 0x0f) * 4;
		out->protocol = is_later_fragment ? 0 : quote[9];
		out->src = addr_of_ipv4_bytes(quote + 12);
		out->dst = addr_of_ipv4_bytes(quote + 16);
	}
	if (header_bytes < IPV4_HEADER_BYTES || header_bytes + QUOTED_TRANSPORT_BYTES > len_bytes)
		return 0;
	return header_bytes;
}

enum plx_drop icmp_error_parse(const struct ip_header *ip, const struct icmp_header *header,
			       const uint8_t *bytes, size_t len_bytes, struct icmp_quote *out)
{
	const uint8_t *quote = bytes + ICMP_HEADER_BYTES;
	struct ip_header quoted;
	size_t header_bytes;

	out->mtu = 0;
	if (!(ip->is_ipv6 ? find_ipv6_kind(header, out) : find_ipv4_kind(header, out)))
		return PLX_DROP_ICMP_TYPE;
	header_bytes = read_quoted_ip(ip->is_ipv6, quote, len_bytes - ICMP_HEADER_BYTES, &quoted);
	if (header_bytes == 0)
		return PLX_DROP_ICMP_MALFORMED;
	if (quoted.protocol != IP_PROTOCOL_TCP || !plx_addr_is_equal(&quoted.src, &ip->dst)
	    || plx_addr_is_ipv4(&quoted.dst) == ip->is_ipv6)
		return PLX_DROP_ICMP_NO_CONNECTION;

	out->local = quoted.src;
	out->remote = quoted.dst;
	out->local_port = load_be16(quote + header_bytes);
	out->remote_port = load_be16(quote + header_bytes + 2);
	out->seq = load_be32(quote + header_bytes + QUOTED_SEQ_OFFSET);
	return PLX_DROP_NONE;
}

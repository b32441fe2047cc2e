// SPDX-License-Identifier: BSD-3-Clause
//
// ICMP (RFC 792) and ICMPv6 (RFC 4443): headers, echo, and what an error quotes of our own packet.
// Pure functions on a contiguous message; `ip` is the header it came or goes with.
// Called by net/, which answers echo and hands errors on to tcp/.
#ifndef WIRE_ICMP_H
#define WIRE_ICMP_H

#include "wire/ip.h"

enum { ICMP_HEADER_BYTES = 8 };

enum icmp_type {
	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACHABLE = 3,
	ICMP_ECHO_REQUEST = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER_PROBLEM = 12,
};

enum icmpv6_type {
	ICMPV6_UNREACHABLE = 1,
	ICMPV6_PACKET_TOO_BIG = 2,
	ICMPV6_TIME_EXCEEDED = 3,
	ICMPV6_PARAMETER_PROBLEM = 4,
	ICMPV6_ECHO_REQUEST = 128,
	ICMPV6_ECHO_REPLY = 129,
	ICMPV6_ROUTER_SOLICITATION = 133,
	ICMPV6_ROUTER_ADVERTISEMENT = 134,
	ICMPV6_NEIGHBOR_SOLICITATION = 135,
	ICMPV6_NEIGHBOR_ADVERTISEMENT = 136,
	ICMPV6_REDIRECT = 137,
};

// The first eight bytes. `id` and `seq` are those of an echo; `word` is the same four bytes as one
// number: MTU, pointer or flags. The builder takes whichever is set.
struct icmp_header {
	uint8_t type;
	uint8_t code;
	uint16_t id;
	uint16_t seq;
	uint32_t word;
};

// How much an error means to the connection that it quotes.
enum icmp_quote_kind {
	ICMP_QUOTE_UNREACHABLE_HARD, // RFC 1122 4.2.3.9: ends an attempt to connect (RFC 5461)
	ICMP_QUOTE_UNREACHABLE_SOFT,
	ICMP_QUOTE_PACKET_TOO_BIG,
	ICMP_QUOTE_TIME_EXCEEDED,
	ICMP_QUOTE_OTHER, // parameter problem
};

// What an error quotes of the TCP segment of ours that caused it, none of it verified: whoever can
// guess ports can forge it, so the sequence number must be found in flight (RFC 5927 4.1).
struct icmp_quote {
	struct plx_addr local;	// the quoted source
	struct plx_addr remote; // the quoted destination
	uint16_t local_port;
	uint16_t remote_port;
	uint32_t seq;
	uint16_t mtu; // of PACKET_TOO_BIG; 0 when the router did not say (before RFC 1191)
	enum icmp_quote_kind kind;
};

// Reads the header of a message of `len_bytes`: PLX_DROP_NONE, PLX_DROP_ICMP_MALFORMED (short) or
// PLX_DROP_ICMP_CHECKSUM. `verify_checksum` is false where that has been done, as with
// mbuf_checksum_partial() for a message in several buffers.
enum plx_drop icmp_header_parse(const struct ip_header *ip, const uint8_t *bytes, size_t len_bytes,
				bool verify_checksum, struct icmp_header *out);

// Writes the header, checksum included, in front of the rest of the ip->payload_bytes, which is
// there already. Returns ICMP_HEADER_BYTES.
size_t icmp_header_build(uint8_t *bytes, const struct ip_header *ip, const struct icmp_header *in);

// Makes the reply out of the echo request at `bytes`, in place: type and checksum, by difference
// (RFC 1624). `reply_source` is the source that the reply will carry; its destination is ip->src.
void icmp_echo_turn_around(uint8_t *bytes, const struct ip_header *ip,
			   const struct plx_addr *reply_source);

// Reads the quote of the error message at `bytes`, whose header was parsed as `header`.
// PLX_DROP_NONE; PLX_DROP_ICMP_TYPE when it is no error that concerns TCP;
// PLX_DROP_ICMP_MALFORMED when what it quotes is cut off or no IP header;
// PLX_DROP_ICMP_NO_CONNECTION when that is not the beginning of a TCP segment which ip->dst sent.
enum plx_drop icmp_error_parse(const struct ip_header *ip, const struct icmp_header *header,
			       const uint8_t *bytes, size_t len_bytes, struct icmp_quote *out);

#endif

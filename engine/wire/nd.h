// SPDX-License-Identifier: BSD-3-Clause
//
// Neighbour solicitations and advertisements (RFC 4861 4.3, 4.4), and the rules of a valid one.
// Pure functions; whose target it is, and what is learned from it, net/ decides.
// Called by net/ after icmp_header_parse() has verified the checksum.
#ifndef WIRE_ND_H
#define WIRE_ND_H

#include "wire/icmp.h"

enum {
	ND_BYTES = 24,	   // without options
	ND_MAX_BYTES = 32, // with a link-layer address
	ND_HOP_LIMIT = 255,
};

struct nd_message {
	bool is_solicitation; // else an advertisement
	struct plx_addr target;
	bool has_mac;
	struct mac_addr
		mac; // source link-layer address of a solicitation, target's of an advertisement
	bool router; // the three flags of an advertisement
	bool solicited;
	bool override;
};

// Applies RFC 4861 7.1.1 and 7.1.2, except for the checksum, to the whole message of `len_bytes`.
// PLX_DROP_NONE; PLX_DROP_IP_HOP_LIMIT when ip->hop_limit is not 255; PLX_DROP_ICMP_TYPE when it is
// neither of the two; PLX_DROP_ND_MALFORMED for every other rule.
enum plx_drop nd_parse(const struct ip_header *ip, const uint8_t *bytes, size_t len_bytes,
		       struct nd_message *out);

// Writes the message, checksum included, and returns its length: ND_BYTES or, with a MAC address,
// ND_MAX_BYTES. Of `ip` it takes src and dst, so payload_bytes may be set afterwards.
size_t nd_build(uint8_t *bytes, const struct ip_header *ip, const struct nd_message *in);

#endif

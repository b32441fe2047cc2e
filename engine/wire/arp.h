// SPDX-License-Identifier: BSD-3-Clause
//
// ARP for IPv4 over Ethernet (RFC 826), as a value and back to bytes.
// Pure functions; what an operation means, and whom it concerns, net/ decides.
// Called by net/ for received ARP frames, and to ask, answer and announce.
#ifndef WIRE_ARP_H
#define WIRE_ARP_H

#include "wire/ethernet.h"

enum { ARP_BYTES = 28 };

enum arp_operation {
	ARP_REQUEST = 1,
	ARP_REPLY = 2,
};

struct arp_packet {
	uint16_t operation; // any value; the caller ignores those it does not know
	struct mac_addr sender_mac;
	struct plx_addr sender; // IPv4; 0.0.0.0 in a probe (RFC 5227)
	struct mac_addr target_mac;
	struct plx_addr target; // IPv4
};

// PLX_DROP_NONE or PLX_DROP_ARP_MALFORMED: short, another hardware or protocol than Ethernet and
// IPv4, or a sender that claims a group address as its own (RFC 1812 3.3.2).
enum plx_drop arp_parse(const uint8_t *bytes, size_t len_bytes, struct arp_packet *out);

// Writes ARP_BYTES to `bytes` and returns that.
size_t arp_build(uint8_t *bytes, const struct arp_packet *in);

#endif

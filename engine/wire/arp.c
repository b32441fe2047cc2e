// SPDX-License-Identifier: BSD-3-Clause
//
// ARP packets between bytes and values (RFC 826): Ethernet and IPv4 only.
// A sender with a group address is refused, or it could turn our traffic into broadcasts.
// Called by net/ to learn, ask, answer and announce.
#include "wire/arp.h"

#include "wire/addr.h"
#include "wire/bytes.h"

enum {
	HARDWARE_ETHERNET = 1,
	HARDWARE_OFFSET = 0,
	PROTOCOL_OFFSET = 2,
	HARDWARE_LEN_OFFSET = 4,
	PROTOCOL_LEN_OFFSET = 5,
	OPERATION_OFFSET = 6,
	SENDER_MAC_OFFSET = 8,
	SENDER_OFFSET = 14,
	TARGET_MAC_OFFSET = 18,
	TARGET_OFFSET = 24,
};

enum plx_drop arp_parse(const uint8_t *bytes, size_t len_bytes, struct arp_packet *out)
{
	if (len_bytes < ARP_BYTES || load_be16(bytes + HARDWARE_OFFSET) != HARDWARE_ETHERNET
	    || load_be16(bytes + PROTOCOL_OFFSET) != ETH_TYPE_IPV4
	    || bytes[HARDWARE_LEN_OFFSET] != ETH_ADDR_BYTES
	    || bytes[PROTOCOL_LEN_OFFSET] != ADDR_IPV4_BYTES)
		return PLX_DROP_ARP_MALFORMED;

	out->operation = load_be16(bytes + OPERATION_OFFSET);
	memcpy(&out->sender_mac, bytes + SENDER_MAC_OFFSET, ETH_ADDR_BYTES);
	out->sender = addr_of_ipv4_bytes(bytes + SENDER_OFFSET);
	memcpy(&out->target_mac, bytes + TARGET_MAC_OFFSET, ETH_ADDR_BYTES);
	out->target = addr_of_ipv4_bytes(bytes + TARGET_OFFSET);
	return mac_is_multicast(&out->sender_mac) ? PLX_DROP_ARP_MALFORMED : PLX_DROP_NONE;
}

size_t arp_build(uint8_t *bytes, const struct arp_packet *in)
{
	store_be16(bytes + HARDWARE_OFFSET, HARDWARE_ETHERNET);
	store_be16(bytes + PROTOCOL_OFFSET, ETH_TYPE_IPV4);
	bytes[HARDWARE_LEN_OFFSET] = ETH_ADDR_BYTES;
	bytes[PROTOCOL_LEN_OFFSET] = ADDR_IPV4_BYTES;
	store_be16(bytes + OPERATION_OFFSET, in->operation);
	memcpy(bytes + SENDER_MAC_OFFSET, &in->sender_mac, ETH_ADDR_BYTES);
	memcpy(bytes + SENDER_OFFSET, in->sender.bytes + ADDR_IPV4_OFFSET, ADDR_IPV4_BYTES);
	memcpy(bytes + TARGET_MAC_OFFSET, &in->target_mac, ETH_ADDR_BYTES);
	memcpy(bytes + TARGET_OFFSET, in->target.bytes + ADDR_IPV4_OFFSET, ADDR_IPV4_BYTES);
	return ARP_BYTES;
}

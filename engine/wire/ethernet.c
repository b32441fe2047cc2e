// SPDX-License-Identifier: BSD-3-Clause
//
// Ethernet II and 802.1Q headers between bytes and values (RFC 894, RFC 2464, IEEE 802.1Q 9.6).
// The untagged header is the straight way; a tag is read behind it.
// Called by stack/ for every received frame and by net/ for every sent one.
#include "wire/ethernet.h"

#include <rte_branch_prediction.h>

#include "wire/addr.h"
#include "wire/bytes.h"

enum {
	TYPE_OFFSET = 12,
	TAG_OFFSET = 14, // tag control information, then the inner type
	INNER_TYPE_OFFSET = 16,
	VLAN_ID_MASK = 0x0fff,
};

static enum plx_drop parse_tag(const uint8_t *bytes, size_t len_bytes, struct eth_header *out)
{
	if (len_bytes < ETH_HEADER_MAX_BYTES)
		return PLX_DROP_FRAME_SHORT;
	out->vlan = load_be16(bytes + TAG_OFFSET) & VLAN_ID_MASK;
	out->type = load_be16(bytes + INNER_TYPE_OFFSET);
	out->header_bytes = ETH_HEADER_MAX_BYTES;
	return PLX_DROP_NONE;
}

enum plx_drop eth_header_parse(const uint8_t *bytes, size_t len_bytes, struct eth_header *out)
{
	if (unlikely(len_bytes < ETH_HEADER_BYTES))
		return PLX_DROP_FRAME_SHORT;
	memcpy(&out->dst, bytes, ETH_ADDR_BYTES);
	memcpy(&out->src, bytes + ETH_ADDR_BYTES, ETH_ADDR_BYTES);
	out->type = load_be16(bytes + TYPE_OFFSET);
	out->vlan = 0;
	out->header_bytes = ETH_HEADER_BYTES;
	if (unlikely(out->type == ETH_TYPE_VLAN))
		return parse_tag(bytes, len_bytes, out);
	return PLX_DROP_NONE;
}

size_t eth_header_build(uint8_t *bytes, const struct eth_header *in)
{
	memcpy(bytes, &in->dst, ETH_ADDR_BYTES);
	memcpy(bytes + ETH_ADDR_BYTES, &in->src, ETH_ADDR_BYTES);
	if (likely(in->vlan == 0)) {
		store_be16(bytes + TYPE_OFFSET, in->type);
		return ETH_HEADER_BYTES;
	}
	store_be16(bytes + TYPE_OFFSET, ETH_TYPE_VLAN);
	store_be16(bytes + TAG_OFFSET, in->vlan & VLAN_ID_MASK);
	store_be16(bytes + INNER_TYPE_OFFSET, in->type);
	return ETH_HEADER_MAX_BYTES;
}

struct mac_addr mac_of_ipv4_multicast(const struct plx_addr *group)
{
	const uint8_t *octets = group->bytes + ADDR_IPV4_OFFSET;

	return (struct mac_addr){{0x01, 0x00, 0x5e, octets[1] & 0x7f, octets[2], octets[3]}};
}

struct mac_addr mac_of_ipv6_multicast(const struct plx_addr *group)
{
	struct mac_addr mac = {{0x33, 0x33}};

	memcpy(mac.bytes + 2, group->bytes + 12, 4);
	return mac;
}

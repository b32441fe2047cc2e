// SPDX-License-Identifier: BSD-3-Clause
//
// Ethernet II and 802.1Q headers between bytes and values (RFC 894, RFC 2464, IEEE 802.1Q 9.6).
// The untagged header is the straight way; tags are read behind it.
// Called by stack/ for every received frame and by net/ for every sent one.
#include "wire/ethernet.h"

#include <rte_branch_prediction.h>

#include "wire/addr.h"
#include "wire/bytes.h"

enum {
	TAG_OFFSET = 14, // tag control information, then the inner type
	INNER_TYPE_OFFSET = 16,
	INNER_TAG_OFFSET = 18,
	INNERMOST_TYPE_OFFSET = 20,
	VLAN_ID_MASK = 0x0fff,
};

static bool is_tag(uint16_t type)
{
	return type == ETH_TYPE_VLAN || type == ETH_TYPE_SERVICE_VLAN;
}

static enum plx_drop parse_second_tag(const uint8_t *bytes, size_t len_bytes,
				      struct eth_header *out)
{
	if (len_bytes < ETH_HEADER_MAX_BYTES)
		return PLX_DROP_FRAME_SHORT;
	out->outer_vlan = load_be16(bytes + TAG_OFFSET) & VLAN_ID_MASK;
	out->vlan = load_be16(bytes + INNER_TAG_OFFSET) & VLAN_ID_MASK;
	out->type = load_be16(bytes + INNERMOST_TYPE_OFFSET);
	out->header_bytes = ETH_HEADER_MAX_BYTES;
	return PLX_DROP_NONE;
}

static enum plx_drop parse_tag(const uint8_t *bytes, size_t len_bytes, struct eth_header *out)
{
	bool is_service_tag = out->type == ETH_TYPE_SERVICE_VLAN;
	uint16_t vlan;

	if (len_bytes < ETH_TAGGED_BYTES)
		return PLX_DROP_FRAME_SHORT;
	vlan = load_be16(bytes + TAG_OFFSET) & VLAN_ID_MASK;
	out->vlan = is_service_tag ? 0 : vlan;
	out->outer_vlan = is_service_tag ? vlan : 0;
	out->type = load_be16(bytes + INNER_TYPE_OFFSET);
	out->header_bytes = ETH_TAGGED_BYTES;
	return is_tag(out->type) ? parse_second_tag(bytes, len_bytes, out) : PLX_DROP_NONE;
}

enum plx_drop eth_header_parse(const uint8_t *bytes, size_t len_bytes, struct eth_header *out)
{
	if (unlikely(len_bytes < ETH_HEADER_BYTES))
		return PLX_DROP_FRAME_SHORT;
	memcpy(&out->dst, bytes, ETH_ADDR_BYTES);
	memcpy(&out->src, bytes + ETH_ADDR_BYTES, ETH_ADDR_BYTES);
	out->type = load_be16(bytes + ETH_TYPE_OFFSET);
	out->vlan = 0;
	out->outer_vlan = 0;
	out->header_bytes = ETH_HEADER_BYTES;
	if (unlikely(is_tag(out->type)))
		return parse_tag(bytes, len_bytes, out);
	return PLX_DROP_NONE;
}

void eth_outer_tag_build(uint8_t *bytes, uint16_t outer_vlan)
{
	store_be16(bytes, ETH_TYPE_SERVICE_VLAN);
	store_be16(bytes + 2, outer_vlan & VLAN_ID_MASK);
}

size_t eth_header_build(uint8_t *bytes, const struct eth_header *in)
{
	uint8_t *at = bytes + ETH_TYPE_OFFSET;

	memcpy(bytes, &in->dst, ETH_ADDR_BYTES);
	memcpy(bytes + ETH_ADDR_BYTES, &in->src, ETH_ADDR_BYTES);
	if (unlikely(in->outer_vlan != 0)) {
		eth_outer_tag_build(at, in->outer_vlan);
		at += VLAN_TAG_BYTES;
	}
	if (unlikely(in->vlan != 0)) {
		store_be16(at, ETH_TYPE_VLAN);
		store_be16(at + 2, in->vlan & VLAN_ID_MASK);
		at += VLAN_TAG_BYTES;
	}
	store_be16(at, in->type);
	return (size_t)(at + 2 - bytes);
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

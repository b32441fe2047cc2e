// SPDX-License-Identifier: BSD-3-Clause
//
// Every parser of wire/ on any bytes. The first byte chooses the parser, the second its flags; the
// rest is put into a block of just its size, so that a sanitizer sees the first byte read beyond.
// What is accepted must lie within the block and mean the same once built and read again.
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "wire/arp.h"
#include "wire/checksum.h"
#include "wire/ethernet.h"
#include "wire/icmp.h"
#include "wire/ip.h"
#include "wire/ipv6_extension.h"
#include "wire/nd.h"
#include "wire/tcp.h"

enum { CHOICE_BYTES = 2 };

static void require(bool holds)
{
	if (!holds)
		abort();
}

// What the message came with; the addresses do not matter to what is read.
static struct ip_header carrier(bool is_ipv6, size_t payload_bytes)
{
	struct ip_header ip = {
		.payload_bytes = (uint16_t)payload_bytes,
		.hop_limit = ND_HOP_LIMIT,
		.is_ipv6 = is_ipv6,
	};

	ip.src = is_ipv6 ? (struct plx_addr){{0xfd, [15] = 1}} : plx_addr_ipv4(198, 18, 0, 1);
	ip.dst = is_ipv6 ? (struct plx_addr){{0xfd, [15] = 2}} : plx_addr_ipv4(198, 18, 0, 2);
	return ip;
}

static void parse_icmp(const uint8_t *bytes, size_t len_bytes, uint8_t flags)
{
	struct ip_header ip = carrier((flags & 1) != 0, len_bytes);
	struct icmp_header header;
	struct icmp_quote quote;
	struct nd_message message;

	if (icmp_header_parse(&ip, bytes, len_bytes, (flags & 2) != 0, &header) != PLX_DROP_NONE)
		return;
	icmp_error_parse(&ip, &header, bytes, len_bytes, &quote);
	if (ip.is_ipv6)
		nd_parse(&ip, bytes, len_bytes, &message);
}

static void parse_eth(const uint8_t *bytes, size_t len_bytes)
{
	struct eth_header header;

	if (eth_header_parse(bytes, len_bytes, &header) == PLX_DROP_NONE)
		require(header.header_bytes <= len_bytes);
}

static void parse_arp(const uint8_t *bytes, size_t len_bytes)
{
	uint8_t again[ARP_BYTES];
	struct arp_packet packet;

	if (arp_parse(bytes, len_bytes, &packet) != PLX_DROP_NONE)
		return;
	arp_build(again, &packet);
	require(memcmp(again, bytes, ARP_BYTES) == 0);
}

// Behind an IPv6 header that said so.
static void parse_extensions(struct ip_header *header, const uint8_t *bytes, size_t len_bytes)
{
	size_t packet_bytes = (size_t)header->header_bytes + header->payload_bytes;
	struct ip_fragment fragment;
	enum plx_drop verdict = ipv6_extensions_parse(bytes, len_bytes, header, &fragment);

	if (verdict != PLX_DROP_NONE && verdict != PLX_DROP_IP_FRAGMENT)
		return;
	require((size_t)header->header_bytes + header->payload_bytes == packet_bytes);
	require(header->header_bytes <= IPV6_HEADER_BYTES + IPV6_EXTENSIONS_MAX_BYTES);
	require(verdict == PLX_DROP_IP_FRAGMENT || !ipv6_is_extension(header->protocol));
	require(verdict == PLX_DROP_NONE || fragment.more || fragment.offset_bytes > 0);
}

static void parse_ip(bool is_ipv6, bool verify_checksum, const uint8_t *bytes, size_t len_bytes)
{
	struct ip_header header;
	enum plx_drop verdict = is_ipv6
		? ipv6_header_parse(bytes, len_bytes, &header)
		: ipv4_header_parse(bytes, len_bytes, verify_checksum, &header);

	if (verdict == PLX_DROP_NONE || verdict == PLX_DROP_IP_FRAGMENT
	    || verdict == PLX_DROP_IPV6_EXTENSION)
		require((size_t)header.header_bytes + header.payload_bytes <= len_bytes);
	if (verdict == PLX_DROP_IPV6_EXTENSION)
		parse_extensions(&header, bytes, len_bytes);
}

static void parse_tcp(const uint8_t *bytes, size_t len_bytes)
{
	uint8_t block[TCP_HEADER_MAX_BYTES];
	struct tcp_header first, again;
	size_t built_bytes;
	uint32_t sum;

	if (tcp_header_parse(bytes, len_bytes, &first) != PLX_DROP_NONE)
		return;
	require(first.header_bytes >= TCP_HEADER_BYTES && first.header_bytes <= len_bytes);
	built_bytes = tcp_header_build(block, &first, &sum);
	require(checksum_reduce(sum) == checksum_reduce(checksum_partial(block, built_bytes, 0)));
	require(tcp_header_parse(block, built_bytes, &again) == PLX_DROP_NONE);
	require(again.header_bytes == built_bytes && again.seq == first.seq);
	require(again.flags == first.flags && again.ack == first.ack);
	require(again.options.has_mss == first.options.has_mss);
	require(again.options.mss == first.options.mss);
	require(again.options.window_scale == first.options.window_scale);
	require(again.options.has_timestamps == first.options.has_timestamps);
	require(again.options.ts_val == first.options.ts_val);
	require(again.options.ts_ecr == first.options.ts_ecr);
}

static void parse(uint8_t choice, uint8_t flags, const uint8_t *bytes, size_t len_bytes)
{
	switch (choice % 6) {
	case 0:
		parse_eth(bytes, len_bytes);
		break;
	case 1:
		parse_arp(bytes, len_bytes);
		break;
	case 2:
	case 3:
		parse_ip(choice % 6 == 3, (flags & 1) != 0, bytes, len_bytes);
		break;
	case 4:
		parse_tcp(bytes, len_bytes);
		break;
	default:
		parse_icmp(bytes, len_bytes, flags);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *block;

	if (size < CHOICE_BYTES)
		return 0;
	block = malloc(size - CHOICE_BYTES);
	if (block == NULL)
		return 0;
	memcpy(block, data + CHOICE_BYTES, size - CHOICE_BYTES);
	parse(data[0], data[1], block, size - CHOICE_BYTES);
	free(block);
	return 0;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Every parser of wire/ on any bytes. The first byte chooses the parser, the second its flags; the rest is
// put into a block of just its size, so that a sanitizer sees the first byte read beyond.
// Entry of libFuzzer, or of replay.c over the kept corpus.
#include <stdlib.h>
#include <string.h>

#include "wire/arp.h"
#include "wire/checksum.h"
#include "wire/ethernet.h"
#include "wire/icmp.h"
#include "wire/ip.h"
#include "wire/nd.h"
#include "wire/tcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHOICE_BYTES = 2 };

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

static void parse(uint8_t choice, uint8_t flags, const uint8_t *bytes, size_t len_bytes)
{
	struct eth_header eth;
	struct arp_packet arp;
	struct ip_header ip;
	struct tcp_header tcp;

	switch (choice % 6) {
	case 0:
		eth_header_parse(bytes, len_bytes, &eth);
		break;
	case 1:
		arp_parse(bytes, len_bytes, &arp);
		break;
	case 2:
		ipv4_header_parse(bytes, len_bytes, (flags & 1) != 0, &ip);
		break;
	case 3:
		ipv6_header_parse(bytes, len_bytes, &ip);
		break;
	case 4:
		tcp_header_parse(bytes, len_bytes, &tcp);
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

// SPDX-License-Identifier: BSD-3-Clause
//
// Fragments made by the letter of RFC 791 3.2 and RFC 8200 4.5, without the library that puts them
// together again.
// Called by tests/script and tests/unit.
#include "support/fragments.h"

#include <string.h>

#include "support/reference.h"
#include "wire/bytes.h"

enum {
	IPV4_BYTES = 20,
	IPV6_BYTES = 40,
	UNIT_BYTES = 8,
	FIRST_UNITS = 3, // what holds a TCP header
	IPV6_FRAGMENT = 44,
};

static size_t build_ipv4(uint8_t *l3, const uint8_t *packet, uint32_t id, struct piece piece)
{
	memcpy(l3, packet, IPV4_BYTES);
	store_be16(l3 + 2, (uint16_t)(IPV4_BYTES + piece.len_bytes));
	store_be16(l3 + 4, (uint16_t)id);
	store_be16(l3 + 6, (uint16_t)(piece.offset_bytes / UNIT_BYTES | (piece.more ? 0x2000 : 0)));
	store_be16(l3 + 10, 0);
	store_be16(l3 + 10, reference_checksum(l3, IPV4_BYTES));
	return IPV4_BYTES;
}

static size_t build_ipv6(uint8_t *l3, const uint8_t *packet, uint32_t id, struct piece piece)
{
	uint8_t *header = l3 + IPV6_BYTES;

	memcpy(l3, packet, IPV6_BYTES);
	store_be16(l3 + 4, (uint16_t)(UNIT_BYTES + piece.len_bytes));
	l3[6] = IPV6_FRAGMENT;
	header[0] = packet[6];
	header[1] = 0;
	store_be16(header + 2, (uint16_t)(piece.offset_bytes | piece.more));
	store_be32(header + 4, id);
	return IPV6_BYTES + UNIT_BYTES;
}

size_t fragment_build(uint8_t *bytes, const uint8_t *frame, size_t l3_bytes, uint32_t id,
		      struct piece piece)
{
	const uint8_t *packet = frame + l3_bytes;
	bool is_ipv6 = packet[0] >> 4 == 6;
	size_t header_bytes = l3_bytes;

	memcpy(bytes, frame, l3_bytes);
	header_bytes += is_ipv6 ? build_ipv6(bytes + l3_bytes, packet, id, piece)
				: build_ipv4(bytes + l3_bytes, packet, id, piece);
	memcpy(bytes + header_bytes,
	       packet + (is_ipv6 ? IPV6_BYTES : IPV4_BYTES) + piece.offset_bytes, piece.len_bytes);
	return header_bytes + piece.len_bytes;
}

void fragments_cut(struct piece *pieces, unsigned n, uint32_t len_bytes, struct random *r)
{
	uint32_t units = (len_bytes - 1) / UNIT_BYTES; // whole ones before the last byte
	uint32_t at = 0;

	for (unsigned i = 0; i < n; i++) {
		uint32_t still_to_come = n - 1 - i;
		uint32_t least = at + (i == 0 ? FIRST_UNITS : 1);
		uint32_t most = units - (still_to_come > 0 ? still_to_come - 1 : 0);
		uint32_t end = still_to_come == 0 ? 0 : least + random_below(r, most - least + 1);

		pieces[i] = (struct piece){
			.offset_bytes = at * UNIT_BYTES,
			.len_bytes = (still_to_come == 0 ? len_bytes : end * UNIT_BYTES)
				- at * UNIT_BYTES,
			.more = still_to_come > 0,
		};
		at = end;
	}
}

void fragments_shuffle(struct piece *pieces, unsigned n, struct random *r)
{
	for (unsigned i = n; i > 1; i--) {
		unsigned other = random_below(r, i);
		struct piece swapped = pieces[other];

		pieces[other] = pieces[i - 1];
		pieces[i - 1] = swapped;
	}
}

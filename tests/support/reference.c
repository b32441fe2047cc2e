// SPDX-License-Identifier: BSD-3-Clause
//
// Reference checksums, see reference.h.
// The sum is kept in 64 bits and folded at the end: slow, and plainly right.
// Called by those that build or judge frames in tests.
#include "support/reference.h"

static uint64_t sum_of(const uint8_t *bytes, size_t len_bytes)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len_bytes; i++)
		sum += (i & 1) == 0 ? (uint64_t)bytes[i] << 8 : bytes[i];
	return sum;
}

static uint16_t folded(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint16_t reference_checksum(const uint8_t *bytes, size_t len_bytes)
{
	return folded(sum_of(bytes, len_bytes));
}

uint16_t reference_transport_checksum(const struct plx_addr *src, const struct plx_addr *dst,
				      uint8_t protocol, const uint8_t *bytes, size_t len_bytes)
{
	size_t skipped = plx_addr_is_ipv4(src) ? 12 : 0;
	uint64_t sum = sum_of(src->bytes + skipped, 16 - skipped)
		+ sum_of(dst->bytes + skipped, 16 - skipped);

	return folded(sum + protocol + len_bytes + sum_of(bytes, len_bytes));
}

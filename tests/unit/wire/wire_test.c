// SPDX-License-Identifier: BSD-3-Clause
//
// Guarded bytes and random values, see wire_test.h.
// The guard is one mapping per program, whose last page can be neither read nor written.
// Called by the tests of this folder only.
#include "wire_test.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/seed.h"

static uint8_t *map_guarded(void)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *area = mmap(NULL, GUARDED_MAX_BYTES + page_bytes, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(area != MAP_FAILED);
	assert_int_equal(mprotect(area + GUARDED_MAX_BYTES, page_bytes, PROT_NONE), 0);
	return area;
}

uint8_t *guarded_copy(const void *bytes, size_t len_bytes)
{
	static uint8_t *area;
	uint8_t *copy;

	if (area == NULL)
		area = map_guarded();
	assert_true(len_bytes <= GUARDED_MAX_BYTES);
	copy = area + GUARDED_MAX_BYTES - len_bytes;
	memcpy(copy, bytes, len_bytes);
	return copy;
}

struct random test_random(void)
{
	struct random r;

	random_init_seed(&r, test_seed());
	return r;
}

void random_fill(struct random *r, void *bytes, size_t len_bytes)
{
	uint8_t *at = bytes;

	while (len_bytes-- > 0)
		*at++ = (uint8_t)random_u32(r);
}

struct plx_addr random_addr(struct random *r, bool is_ipv6)
{
	struct plx_addr addr;
	uint8_t octets[4];

	random_fill(r, octets, sizeof(octets));
	if (!is_ipv6)
		return plx_addr_ipv4(octets[0], octets[1], octets[2], octets[3]);
	random_fill(r, addr.bytes, sizeof(addr.bytes));
	addr.bytes[0] |= 0x20;
	return addr;
}

bool random_bool(struct random *r)
{
	return random_below(r, 2) == 1;
}

struct plx_addr addr_of(const char *text)
{
	struct plx_addr addr;

	assert_int_equal(plx_addr_parse(text, &addr), 0);
	return addr;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// The tuple of a compact entry: it is found by its own key and by no other, whatever bit differs. Tags of the flow
// table hide this nearly always, so that only a test of its own shows it.
// Room: engine/tcp/compact.
#include "tcp/compact.h"

#include "support/cmocka_headers.h"

static struct flow_key key_of_family(enum family family)
{
	struct flow_key key = {.local_port = 80, .remote_port = 40000, .zone = 3};

	if (family == FAMILY_IPV4) {
		key.local = plx_addr_ipv4(198, 18, 0, 1);
		key.remote = plx_addr_ipv4(198, 18, 0, 2);
	} else {
		key.local = (struct plx_addr){{0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
		key.remote = (struct plx_addr){{0x20, 0x01, 0x0d, 0xb8, [15] = 2}};
	}
	return key;
}

// The first twelve bytes of an IPv4 address are those of its family; a local address is never of the other one.
static bool is_never_different(enum family family, unsigned byte)
{
	return family == FAMILY_IPV4 && byte < 12;
}

static void expect_own_key_alone(enum family family)
{
	const struct flow_key own = key_of_family(family);
	union compact_addresses addresses;
	struct compact_ports ports;

	compact_store(&ports, &addresses, &own);
	assert_true(compact_is(&ports, &addresses, family, &own));
	for (unsigned bit = 0; bit < 8 * offsetof(struct flow_key, reserved); bit++) {
		struct flow_key other = own;

		if (is_never_different(family, bit / 8))
			continue;
		((uint8_t *)&other)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(compact_is(&ports, &addresses, family, &other));
	}
}

static void ipv4_entry_is_found_by_its_own_key_alone(void **state)
{
	(void)state;
	expect_own_key_alone(FAMILY_IPV4);
}

static void ipv6_entry_is_found_by_its_own_key_alone(void **state)
{
	(void)state;
	expect_own_key_alone(FAMILY_IPV6);
}

static void key_that_was_stored_comes_back(void **state)
{
	(void)state;
	for (unsigned family = 0; family < FAMILIES; family++) {
		const struct flow_key own = key_of_family((enum family)family);
		union compact_addresses addresses;
		struct compact_ports ports;
		struct flow_key again;

		compact_store(&ports, &addresses, &own);
		again = compact_key(&ports, &addresses, (enum family)family);
		assert_true(flow_key_is_equal(&own, &again));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_entry_is_found_by_its_own_key_alone),
		cmocka_unit_test(ipv6_entry_is_found_by_its_own_key_alone),
		cmocka_unit_test(key_that_was_stored_comes_back),
	};

	return cmocka_run_group_tests_name("tcp/compact", tests, NULL, NULL);
}

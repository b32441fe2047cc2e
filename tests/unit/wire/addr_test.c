// SPDX-License-Identifier: BSD-3-Clause
//
// Addresses: text both ways (RFC 4291 2.2, RFC 5952), classes, prefixes, derived addresses.
// Every claim is a table of texts.
// Suite unit.
#include "wire/addr.h"

#include <errno.h>

#include "wire_test.h"

static void text_comes_out_canonical(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
		{"0.0.0.0", "0.0.0.0"},
		{"198.18.0.1", "198.18.0.1"},
		{"255.255.255.255", "255.255.255.255"},
		{"::", "::"},
		{"::1", "::1"},
		{"fd00::2", "fd00::2"},
		// RFC 5952 4.1: no leading zeros; 4.3: lower case
		{"2001:0DB8:0000:0000:0000:0000:00AB:0001", "2001:db8::ab:1"},
		// 4.2.1: as short as possible
		{"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},
		// 4.2.2: one zero field is not shortened
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		// 4.2.3: the longest run is shortened, the first of two equal ones
		{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
		{"ff02::1:ff00:1", "ff02::1:ff00:1"},
		{"1234:5678:9abc:def0:1234:5678:9abc:def0",
		 "1234:5678:9abc:def0:1234:5678:9abc:def0"},
		// RFC 4291 2.5.5.2: a mapped address is the IPv4 address
		{"::ffff:10.0.0.1", "10.0.0.1"},
		{"::ffff:a00:1", "10.0.0.1"},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(cases); i++) {
		struct plx_addr addr = addr_of(cases[i].in);
		char text[PLX_ADDR_TEXT_BYTES];

		assert_ptr_equal(plx_addr_format(&addr, text), text);
		assert_string_equal(text, cases[i].out);
	}
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"10",
		"10.0.0",
		"10.0.0.0.1",
		"10.0.0.256",
		"10.0.0.-1",
		" 10.0.0.1",
		"10.0.0.1 ",
		"10.0.0.1/24",
		"0x0a.0.0.1",
		"1.2.3.",
		"localhost",
		":",
		":::",
		"1::2::3",
		"12345::",
		"g::",
		"[::1]",
		"::1/64",
		"fe80::1%eth0",
		"1:2:3:4",
		"1:2:3:4:5:6:7",
		"::1.2.3.256",
		"1:2:3:4:5:6:7:8:9",
	};
	struct plx_addr before = addr_of("2001:db8::7");
	struct plx_addr addr = before;

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(texts); i++) {
		assert_int_equal(plx_addr_parse(texts[i], &addr), -EINVAL);
		assert_true(plx_addr_is_equal(&addr, &before));
	}
}

static void text_round_trips(void **state)
{
	struct random r = test_random();

	(void)state;
	for (unsigned i = 0; i < RANDOM_ROUNDS; i++) {
		struct plx_addr addr = random_addr(&r, random_bool(&r));
		struct plx_addr again;
		char text[PLX_ADDR_TEXT_BYTES];

		// Runs of zeros are where the notation is intricate.
		for (unsigned field = 2; field < 12 && !plx_addr_is_ipv4(&addr); field += 2) {
			if (random_bool(&r))
				memset(addr.bytes + field, 0, 2);
		}
		assert_int_equal(plx_addr_parse(plx_addr_format(&addr, text), &again), 0);
		assert_true(plx_addr_is_equal(&addr, &again));
	}
}

static void families_are_told_apart(void **state)
{
	struct plx_addr any = {{0}};
	struct plx_addr ipv4 = plx_addr_ipv4(10, 0, 0, 1);
	struct plx_addr zero = plx_addr_ipv4(0, 0, 0, 0);
	struct plx_addr ipv6 = addr_of("::fffe:10.0.0.1");

	(void)state;
	assert_true(plx_addr_is_ipv4(&ipv4));
	assert_true(plx_addr_is_ipv4(&zero));
	assert_false(plx_addr_is_ipv4(&any));
	assert_false(plx_addr_is_ipv4(&ipv6));
	assert_true(plx_addr_is_any(&any));
	assert_false(plx_addr_is_any(&zero));
	assert_true(addr_is_unspecified(&any));
	assert_true(addr_is_unspecified(&zero));
	assert_false(addr_is_unspecified(&ipv4));
	assert_false(plx_addr_is_equal(&ipv4, &zero));
}

struct class_case {
	const char *text;
	bool is_multicast, is_loopback, is_broadcast, is_link_local;
};

static void classes_are_recognized_at_their_edges(void **state)
{
	static const struct class_case cases[] = {
		{.text = "223.255.255.255"},
		{.text = "224.0.0.0", .is_multicast = true},
		{.text = "239.255.255.255", .is_multicast = true},
		{.text = "240.0.0.0"},
		{.text = "126.255.255.255"},
		{.text = "127.0.0.0", .is_loopback = true},
		{.text = "127.255.255.255", .is_loopback = true},
		{.text = "128.0.0.0"},
		{.text = "255.255.255.255", .is_broadcast = true},
		{.text = "255.255.255.254"},
		{.text = "10.255.255.255"},
		{.text = "::"},
		{.text = "::1", .is_loopback = true},
		{.text = "::2"},
		{.text = "::7f00:1"},
		{.text = "feff::1"},
		{.text = "ff00::", .is_multicast = true},
		{.text = "ff02::1", .is_multicast = true},
		{.text = "fe7f::1"},
		{.text = "fe80::1", .is_link_local = true},
		{.text = "febf::1", .is_link_local = true},
		{.text = "fec0::1"},
		{.text = "fd80::1"},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(cases); i++) {
		const struct class_case *c = &cases[i];
		struct plx_addr addr = addr_of(c->text);

		assert_int_equal(addr_is_multicast(&addr), c->is_multicast);
		assert_int_equal(addr_is_loopback(&addr), c->is_loopback);
		assert_int_equal(addr_is_ipv4_broadcast(&addr), c->is_broadcast);
		assert_int_equal(addr_is_link_local_ipv6(&addr), c->is_link_local);
	}
}

static void a_prefix_holds_its_own_family_only(void **state)
{
	static const struct {
		const char *addr, *prefix;
		unsigned bits;
		bool is_in;
	} cases[] = {
		{"198.18.0.77", "198.18.0.0", 24, true},
		{"198.18.1.77", "198.18.0.0", 24, false},
		{"198.18.0.127", "198.18.0.0", 25, true},
		{"198.18.0.128", "198.18.0.0", 25, false},
		{"198.18.0.1", "198.18.0.99", 24, true}, // bits behind the prefix do not count
		{"198.18.0.1", "198.18.0.1", 32, true},
		{"198.18.0.0", "198.18.0.1", 32, false},
		{"8.8.8.8", "0.0.0.0", 0, true},
		{"127.0.0.1", "128.0.0.0", 1, false},
		{"2001:db8::1", "0.0.0.0", 0, false},
		{"8.8.8.8", "::", 0, false},
		{"2001:db8::1", "::", 0, true},
		{"fd00::1:2", "fd00::", 64, true},
		{"fd00:0:0:1::2", "fd00::", 64, false},
		{"fd00:0:0:1::2", "fd00::", 63, true},
		{"fd00::1", "fd00::1", 128, true},
		{"fd00::1", "fd00::0", 128, false},
		{"fd00::1", "fd00::0", 127, true},
		{"::ffff:1.2.3.4", "::ffff:1.2.3.0", 24, true},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(cases); i++) {
		struct plx_addr addr = addr_of(cases[i].addr);
		struct plx_addr prefix = addr_of(cases[i].prefix);

		assert_int_equal(addr_in_prefix(&addr, &prefix, cases[i].bits), cases[i].is_in);
	}
}

// RFC 4291 2.7.1, appendix A.
static void addresses_are_derived(void **state)
{
	struct plx_addr unicast = addr_of("4037::1:800:200e:8c6c");
	struct plx_addr group = addr_solicited_node_multicast(&unicast);
	struct plx_addr expected_group = addr_of("ff02::1:ff0e:8c6c");
	struct mac_addr mac = {{0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde}};
	struct plx_addr link_local = addr_link_local_of_mac(&mac);
	struct plx_addr expected_link_local = addr_of("fe80::3656:78ff:fe9a:bcde");

	(void)state;
	assert_true(plx_addr_is_equal(&group, &expected_group));
	assert_true(plx_addr_is_equal(&link_local, &expected_link_local));
}

static void handles_are_equal_in_both_halves_only(void **state)
{
	plx_conn conn = {.index = 7, .generation = 3};

	(void)state;
	assert_true(plx_conn_is_equal(conn, (plx_conn){7, 3}));
	assert_false(plx_conn_is_equal(conn, (plx_conn){7, 4}));
	assert_false(plx_conn_is_equal(conn, (plx_conn){8, 3}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_comes_out_canonical),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(text_round_trips),
		cmocka_unit_test(families_are_told_apart),
		cmocka_unit_test(classes_are_recognized_at_their_edges),
		cmocka_unit_test(a_prefix_holds_its_own_family_only),
		cmocka_unit_test(addresses_are_derived),
		cmocka_unit_test(handles_are_equal_in_both_halves_only),
	};

	return cmocka_run_group_tests_name("wire_addr", tests, NULL, NULL);
}

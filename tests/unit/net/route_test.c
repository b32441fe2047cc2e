// SPDX-License-Identifier: BSD-3-Clause
//
// Next hops (RFC 1122 3.3.1, RFC 4861 5.2): the longest prefix decides, a connected one before a
// gateway of the same length.
// Room: engine/net/route.
#include "net_fixture.h"

static void expect_next_hop(const struct net_fixture *f, const char *dst, const char *next_hop)
{
	struct plx_addr to = addr(dst), got;
	char text[PLX_ADDR_TEXT_BYTES];

	if (next_hop == NULL) {
		assert_false(route_next_hop(f->net, &to, &got));
		return;
	}
	assert_true(route_next_hop(f->net, &to, &got));
	assert_string_equal(plx_addr_format(&got, text), next_hop);
}

static void connected_destinations_are_their_own_next_hop(void **state)
{
	struct net_fixture f;
	struct plx_addr near = addr("198.18.0.9"), far = addr("198.18.1.9");

	(void)state;
	fixture_default(&f);
	expect_next_hop(&f, "198.18.0.9", "198.18.0.9");
	expect_next_hop(&f, "198.18.1.9", "198.18.0.254");
	expect_next_hop(&f, "fd00::9", "fd00::9");
	expect_next_hop(&f, "fd00:0:0:1::9", "fd00::fe");
	expect_next_hop(&f, "fe80::9", "fe80::9");
	expect_next_hop(&f, "febf::9", "febf::9");
	assert_true(route_is_connected(f.net, &near));
	assert_false(route_is_connected(f.net, &far));
	fixture_close(&f);
}

static void the_longest_prefix_wins_whatever_its_kind(void **state)
{
	struct net_fixture f = fixture_prepare();
	struct plx_route routes[] = {
		{addr("0.0.0.0"), addr("198.18.0.254"), 0},
		{addr("10.0.0.0"), addr("198.18.0.10"), 8},
		{addr("10.1.2.0"), addr("198.18.0.24"), 24},
		{addr("10.1.0.0"), addr("198.18.0.16"), 16},
		{addr("198.18.0.128"), addr("198.18.0.7"), 25}, // within a connected prefix
		{addr("198.18.0.0"), addr("198.18.0.8"), 24},	// as long as a connected one
		{addr("10.1.2.3"), addr("198.18.0.32"), 32},
	};

	(void)state;
	f.config.routes = routes;
	f.config.n_routes = RTE_DIM(routes);
	fixture_open(&f);
	expect_next_hop(&f, "10.9.9.9", "198.18.0.10");
	expect_next_hop(&f, "10.1.9.9", "198.18.0.16");
	expect_next_hop(&f, "10.1.2.9", "198.18.0.24");
	expect_next_hop(&f, "10.1.2.3", "198.18.0.32");
	expect_next_hop(&f, "11.0.0.1", "198.18.0.254");
	expect_next_hop(&f, "198.18.0.5", "198.18.0.5");
	expect_next_hop(&f, "198.18.0.129", "198.18.0.7");
	expect_next_hop(&f, "2001:db8::1", NULL);
	fixture_close(&f);
}

static void without_a_default_route_the_rest_is_unreachable(void **state)
{
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.config.n_routes = 0;
	fixture_open(&f);
	expect_next_hop(&f, "198.18.1.1", NULL);
	expect_next_hop(&f, "fd01::1", NULL);
	assert_int_equal(transmit(&f, "198.18.1.1", 1, NULL), NET_TX_UNREACHABLE);
	expect_silence(&f);
	fixture_close(&f);
}

static void on_bare_ip_everything_is_its_own_next_hop(void **state)
{
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.config.link = PLX_LINK_IP;
	f.config.n_routes = 0;
	fixture_open(&f);
	expect_next_hop(&f, "203.0.113.1", "203.0.113.1");
	expect_next_hop(&f, "2001:db8::1", "2001:db8::1");
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connected_destinations_are_their_own_next_hop),
		cmocka_unit_test(the_longest_prefix_wins_whatever_its_kind),
		cmocka_unit_test(without_a_default_route_the_rest_is_unreachable),
		cmocka_unit_test(on_bare_ip_everything_is_its_own_next_hop),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("net/route", tests, NULL, NULL);
}

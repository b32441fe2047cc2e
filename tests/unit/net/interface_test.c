// SPDX-License-Identifier: BSD-3-Clause
//
// What is ours: addresses, ranges, groups, broadcasts; which source a packet gets (RFC 6724); which
// configurations are refused, and that the sentence names the field.
// Room: engine/net/interface.
#include <stdio.h>
#include <string.h>

#include "net_fixture.h"

static void addresses_are_ours_and_their_neighbours_are_not(void **state)
{
	static const char *const ours[] = {"198.18.0.2", "fd00::2", "fe80::ff:fe00:2"};
	static const char *const others[] = {"198.18.0.1", "198.18.0.3",      "fd00::1",
					     "fd00::3",	   "fe80::ff:fe00:1", "::2",
					     "198.18.1.2"};
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	for (unsigned i = 0; i < RTE_DIM(ours); i++) {
		struct plx_addr a = addr(ours[i]);

		assert_true(interface_has_address(f.net, &a));
	}
	for (unsigned i = 0; i < RTE_DIM(others); i++) {
		struct plx_addr a = addr(others[i]);

		assert_false(interface_has_address(f.net, &a));
	}
	fixture_close(&f);
}

static void a_range_has_its_ends_and_no_more(void **state)
{
	struct net_fixture f = fixture_prepare();
	struct plx_addr inside[] = {addr("10.1.0.1"), addr("10.1.3.231"), addr("fd00:1::ffff"),
				    addr("fd00:1::1:fffe")};
	struct plx_addr outside[] = {addr("10.1.0.0"), addr("10.1.3.233"), addr("fd00:1::fffe"),
				     addr("fd00:1::1:ffff"), addr("fd00:2::ffff")};

	(void)state;
	f.addresses[0] = (struct plx_address){addr("10.1.0.1"), 1000, 16};
	f.addresses[1] = (struct plx_address){addr("fd00:1::ffff"), 65536, 64};
	f.config.n_routes = 0;
	fixture_open(&f);
	for (unsigned i = 0; i < RTE_DIM(inside); i++)
		assert_true(interface_has_address(f.net, &inside[i]));
	for (unsigned i = 0; i < RTE_DIM(outside); i++)
		assert_false(interface_has_address(f.net, &outside[i]));
	fixture_close(&f);
}

// Beyond a handful of ranges they are searched, with the same answers.
static void many_ranges_are_searched(void **state)
{
	struct plx_address many[64];
	struct net_fixture f = fixture_prepare();

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		unsigned at = i * 37 % 64; // in no order

		many[i] = (struct plx_address){plx_addr_ipv4(10, 0, (uint8_t)at, 10), at + 1, 16};
	}
	f.config.addresses = many;
	f.config.n_addresses = 64;
	f.config.n_routes = 0;
	fixture_open(&f);
	for (unsigned third = 0; third < 70; third++) {
		for (unsigned fourth = 0; fourth < 256; fourth++) {
			struct plx_addr a = plx_addr_ipv4(10, 0, (uint8_t)third, (uint8_t)fourth);
			bool expected = third < 64 && fourth >= 10 && fourth <= 10 + third;

			assert_int_equal(interface_has_address(f.net, &a), expected);
		}
	}
	fixture_close(&f);
}

static void only_ipv6_on_ethernet_has_a_link_local_address(void **state)
{
	struct plx_addr link_local = addr("fe80::ff:fe00:2");
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.config.n_addresses = 1;
	f.config.n_routes = 1;
	fixture_open(&f);
	assert_false(interface_has_address(f.net, &link_local));
	fixture_close(&f);

	f = fixture_prepare();
	f.config.link = PLX_LINK_IP;
	fixture_open(&f);
	assert_false(interface_has_address(f.net, &link_local));
	fixture_close(&f);

	f = fixture_prepare();
	f.addresses[2] = (struct plx_address){link_local, 1, 64};
	f.config.n_addresses = 3;
	fixture_open(&f);
	assert_true(interface_has_address(f.net, &link_local));
	assert_int_equal(f.net->interface.n_addresses, 3);
	fixture_close(&f);
}

static void broadcasts_are_those_of_our_prefixes(void **state)
{
	struct plx_addr yes[] = {addr("255.255.255.255"), addr("198.18.0.255")};
	struct plx_addr no[] = {addr("198.18.1.255"), addr("198.18.0.254"), addr("fd00::ff"),
				addr("10.0.0.1")};
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.addresses[2] = (struct plx_address){addr("10.0.0.0"), 1, 31}; // RFC 3021: has none
	f.config.n_addresses = 3;
	fixture_open(&f);
	for (unsigned i = 0; i < RTE_DIM(yes); i++)
		assert_true(interface_is_broadcast(f.net, &yes[i]));
	for (unsigned i = 0; i < RTE_DIM(no); i++)
		assert_false(interface_is_broadcast(f.net, &no[i]));
	fixture_close(&f);
}

// RFC 4291 2.8: all nodes, and the solicited-node group of each address.
static void groups_are_all_nodes_and_solicited_nodes(void **state)
{
	struct plx_addr yes[] = {addr("ff02::1"), addr("ff02::1:ff00:2"), addr("ff02::1:ffff:ffff"),
				 addr("ff02::1:ff00:0")};
	struct plx_addr no[] = {addr("ff02::2"), addr("ff02::1:ff00:3"), addr("ff02::1:ff00:1"),
				addr("ff05::1:ff00:2"), addr("fd00::2")};
	const struct mac_addr stranger = {{0x33, 0x33, 0xff, 0, 0, 0x77}}, mapped = {{1, 0, 0x5e}},
			      half = {{0x33, 0x35, 0, 0, 0, 1}};
	struct net_fixture f = fixture_prepare();

	(void)state;
	// A range whose last three bytes wrap.
	f.addresses[2] = (struct plx_address){addr("fd00:1::ffff:ffff"), 2, 64};
	f.config.n_addresses = 3;
	fixture_open(&f);
	for (unsigned i = 0; i < RTE_DIM(yes); i++)
		assert_true(interface_has_group(&f.net->interface, &yes[i]));
	for (unsigned i = 0; i < RTE_DIM(no); i++)
		assert_false(interface_has_group(&f.net->interface, &no[i]));
	assert_true(interface_has_group_mac(&f.net->interface, &ALL_NODES_MAC));
	assert_true(interface_has_group_mac(&f.net->interface, &SOLICITED_MAC));
	assert_false(interface_has_group_mac(&f.net->interface, &stranger));
	assert_false(interface_has_group_mac(&f.net->interface, &mapped));
	assert_false(interface_has_group_mac(&f.net->interface, &half));
	fixture_close(&f);

	f = fixture_prepare();
	f.config.n_addresses = 1;
	f.config.n_routes = 1;
	fixture_open(&f);
	assert_false(interface_has_group(&f.net->interface, &yes[0])); // without IPv6 there is none
	fixture_close(&f);
}

static void expect_source(const struct net_fixture *f, const char *remote, const char *source)
{
	struct plx_addr to = addr(remote);
	const struct plx_addr *got = interface_source_for(f->net, &to);
	char text[PLX_ADDR_TEXT_BYTES];

	if (source == NULL) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	assert_string_equal(plx_addr_format(got, text), source);
}

// RFC 6724 5: the family, then the scope, then the prefix of the next hop.
static void the_source_is_of_the_next_hops_prefix(void **state)
{
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.addresses[2] = (struct plx_address){addr("10.0.0.1"), 1, 8};
	f.addresses[3] = (struct plx_address){addr("fd00:5::1"), 1, 64};
	f.config.n_addresses = 4;
	fixture_open(&f);
	expect_source(&f, "198.18.0.77", "198.18.0.2");
	expect_source(&f, "10.20.30.40", "10.0.0.1");
	expect_source(&f, "192.0.2.1", "198.18.0.2"); // by the gateway
	expect_source(&f, "fd00::77", "fd00::2");
	expect_source(&f, "fd00:5::77", "fd00:5::1");
	expect_source(&f, "2001:db8::1", "fd00::2");
	expect_source(&f, "fe80::77", "fe80::ff:fe00:2");
	fixture_close(&f);
}

static void without_route_or_family_there_is_no_source(void **state)
{
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.config.n_addresses = 1;
	f.config.n_routes = 0;
	fixture_open(&f);
	expect_source(&f, "192.0.2.1", NULL);
	expect_source(&f, "fd00::1", NULL);
	expect_source(&f, "198.18.0.1", "198.18.0.2");
	fixture_close(&f);

	f = fixture_prepare();
	f.config.n_addresses = 1;
	f.config.n_routes = 0;
	f.config.link = PLX_LINK_IP;
	fixture_open(&f);
	expect_source(&f, "192.0.2.1", "198.18.0.2");
	expect_source(&f, "fd00::1", NULL);
	fixture_close(&f);
}

// A link-local gateway does not make its packets' source link-local.
static void a_link_local_gateway_takes_global_sources(void **state)
{
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.routes[1].gateway = addr("fe80::1");
	fixture_open(&f);
	expect_source(&f, "2001:db8::1", "fd00::2");
	fixture_close(&f);
}

// Changes one thing that is right to what is wrong.
typedef void (*spoil_fn)(struct net_fixture *f);

#define SPOIL(name, ...)                        \
	static void name(struct net_fixture *f) \
	{                                       \
		__VA_ARGS__;                    \
	}
SPOIL(no_addresses, f->config.n_addresses = 0)
SPOIL(too_many_addresses, f->config.n_addresses = 65)
SPOIL(any_address, f->addresses[1].addr = addr("::"))
SPOIL(zero_address, f->addresses[0].addr = addr("0.0.0.0"))
SPOIL(zero_net, f->addresses[0].addr = addr("0.1.2.3"))
SPOIL(loopback, f->addresses[0].addr = addr("127.0.0.1"))
SPOIL(loopback_ipv6, f->addresses[1].addr = addr("::1"))
SPOIL(multicast, f->addresses[0].addr = addr("224.0.0.1"))
SPOIL(multicast_ipv6, f->addresses[1].addr = addr("ff02::5"))
SPOIL(all_ones, f->addresses[0].addr = addr("255.255.255.255"))
SPOIL(long_prefix, f->addresses[0].prefix_len = 33)
SPOIL(long_prefix_ipv6, f->addresses[1].prefix_len = 129)
SPOIL(range_past_prefix, f->addresses[0].count = 255)
SPOIL(range_past_everything, f->addresses[1].addr = addr("fd00::ffff:ffff:ffff:ffff");
      f->addresses[1].count = 2)
SPOIL(own_broadcast, f->addresses[0].count = 254)
SPOIL(overlap, f->addresses[2] = (struct plx_address){addr("198.18.0.1"), 2, 24};
      f->config.n_addresses = 3)
SPOIL(zero_mac, memset(f->config.mac, 0, 6))
SPOIL(group_mac, f->config.mac[0] = 1)
SPOIL(big_vlan, f->config.vlan = 4095)
SPOIL(small_mtu, f->config.mtu_bytes = 575; f->config.n_addresses = 1)
SPOIL(small_mtu_ipv6, f->config.mtu_bytes = 1279)
SPOIL(big_mtu, f->config.mtu_bytes = 9001)
SPOIL(unknown_link, f->config.link = (enum plx_link)9)
SPOIL(too_many_routes, f->config.n_routes = 65)
SPOIL(route_prefix, f->routes[0].prefix_len = 33)
SPOIL(route_families, f->routes[0].gateway = addr("fd00::fe"))
SPOIL(gateway_is_ours, f->routes[0].gateway = addr("198.18.0.2"))
SPOIL(gateway_is_group, f->routes[1].gateway = addr("ff02::2"))
SPOIL(gateway_far_away, f->routes[0].gateway = addr("10.0.0.1"))
SPOIL(no_neighbors, f->config.max_neighbors = 0)
SPOIL(more_neighbors_than_max, f->config.max_neighbors = 1; f->config.n_neighbors = 2)
SPOIL(neighbor_is_ours, f->config.n_neighbors = 1; f->neighbors[0].addr = addr("fd00::2"))
SPOIL(neighbor_group_mac, f->config.n_neighbors = 1; f->neighbors[0].addr = addr("198.18.0.9");
      f->neighbors[0].mac[0] = 1)
SPOIL(no_pool, f->config.pool = NULL)

static void refusals_name_the_field(void **state)
{
	static const struct {
		spoil_fn spoil;
		const char *field;
	} cases[] = {
		{no_addresses, "addresses: "},
		{too_many_addresses, "n_addresses: "},
		{any_address, "addresses: an address is unspec"},
		{zero_address, "addresses: an address is unspec"},
		{zero_net, "addresses: an address is unspec"},
		{loopback, "addresses: an address is unspec"},
		{loopback_ipv6, "addresses: an address is unspec"},
		{multicast, "addresses: an address is unspec"},
		{multicast_ipv6, "addresses: an address is unspec"},
		{all_ones, "addresses: an address is unspec"},
		{long_prefix, "addresses: prefix_len"},
		{long_prefix_ipv6, "addresses: prefix_len"},
		{range_past_prefix, "addresses: a range goes past"},
		{range_past_everything, "addresses: a range goes past"},
		{own_broadcast, "addresses: the broadcast"},
		{overlap, "addresses: two of them overlap"},
		{zero_mac, "mac: "},
		{group_mac, "mac: "},
		{big_vlan, "vlan: "},
		{small_mtu, "mtu_bytes: too small; "},
		{small_mtu_ipv6, "mtu_bytes: too small for IPv6"},
		{big_mtu, "mtu_bytes: too large"},
		{unknown_link, "link: "},
		{too_many_routes, "n_routes: "},
		{route_prefix, "routes: prefix_len"},
		{route_families, "routes: prefix and gateway"},
		{gateway_is_ours, "routes: the gateway is an address of the stack"},
		{gateway_is_group, "routes: the gateway is an address of the stack"},
		{gateway_far_away, "routes: the gateway is on no prefix"},
		{no_neighbors, "max_neighbors: "},
		{more_neighbors_than_max, "neighbors: more than"},
		{neighbor_is_ours, "neighbors: an address of the stack"},
		{neighbor_group_mac, "neighbors: a MAC"},
		{no_pool, "pool: "},
	};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		struct net_fixture f = fixture_prepare();
		const char *sentence;

		cases[i].spoil(&f);
		sentence = fixture_refusal(&f);
		if (sentence == NULL || strncmp(sentence, cases[i].field, strlen(cases[i].field)))
			fail_msg("expected \"%s...\", got \"%s\"", cases[i].field, sentence);
		assert_non_null(strstr(sentence, "; ")); // what is wrong; what would mend it
	}
}

// The last value that is right of everything that has a bound.
static void bounds_are_within(void **state)
{
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.config.vlan = 4094;
	f.config.mtu_bytes = 9000;
	f.addresses[2] = (struct plx_address){addr("10.0.0.1"), 1, 32};
	f.addresses[3] = (struct plx_address){addr("fd00:1::1"), 1, 128};
	f.config.n_addresses = 4;
	f.routes[0] = (struct plx_route){addr("10.1.1.1"), addr("198.18.0.254"), 32};
	f.routes[1] = (struct plx_route){addr("fd00:2::1"), addr("fd00::fe"), 128};
	f.config.max_neighbors = 2;
	f.config.n_neighbors = 2;
	f.neighbors[0].addr = addr("198.18.0.9");
	f.neighbors[1].addr = addr("fd00::9");
	assert_null(fixture_refusal(&f));

	f = fixture_prepare();
	f.config.n_addresses = 1;
	f.config.mtu_bytes = 576;
	assert_non_null(fixture_refusal(&f)); // a route of IPv6 is left
	f.config.n_routes = 1;
	assert_null(fixture_refusal(&f));
	f = fixture_prepare();
	f.config.mtu_bytes = 1280;
	f.addresses[0].count = 253; // up to .254
	f.routes[0] = (struct plx_route){addr("10.0.0.0"), addr("198.18.0.1"), 8};
	assert_null(fixture_refusal(&f));
}

// A bare-IP link has neither neighbours nor a MAC address.
static void bare_ip_asks_for_less(void **state)
{
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.config.link = PLX_LINK_IP;
	zero_mac(&f);
	gateway_far_away(&f);
	no_neighbors(&f);
	assert_null(fixture_refusal(&f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_ours_and_their_neighbours_are_not),
		cmocka_unit_test(a_range_has_its_ends_and_no_more),
		cmocka_unit_test(many_ranges_are_searched),
		cmocka_unit_test(only_ipv6_on_ethernet_has_a_link_local_address),
		cmocka_unit_test(broadcasts_are_those_of_our_prefixes),
		cmocka_unit_test(groups_are_all_nodes_and_solicited_nodes),
		cmocka_unit_test(the_source_is_of_the_next_hops_prefix),
		cmocka_unit_test(without_route_or_family_there_is_no_source),
		cmocka_unit_test(a_link_local_gateway_takes_global_sources),
		cmocka_unit_test(refusals_name_the_field),
		cmocka_unit_test(bounds_are_within),
		cmocka_unit_test(bare_ip_asks_for_less),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("net/interface", tests, NULL, NULL);
}

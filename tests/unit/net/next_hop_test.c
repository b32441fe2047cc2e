// SPDX-License-Identifier: BSD-3-Clause
//
// The neighbours by which destinations were reached last: what has no reference of its own yet is
// led by them, never to whom another destination goes, nor to whom has come to the place of one
// that is gone (RFC 1122 3.3.1.2).
// Rooms: engine/net/transmit, net.
#include <stdio.h>

#include <rte_mbuf.h>

#include "net_fixture.h"
#include "support/mbufs.h"

// The exclusive or of their halves is the same, which is all that a place is chosen by.
#define ONE "2001:db8:0:1:2001:db8:0:2"
#define OTHER "2001:db8:0:2:2001:db8:0:1"

static void resolve(struct net_fixture *f, const char *who, const struct mac_addr *mac)
{
	struct plx_addr whom = addr(who);

	assert_true(neighbor_learn(f->net, &whom, mac, NEIGHBOR_ASKS, f->now));
	assert_true(neighbor_learn(f->net, &whom, mac, NEIGHBOR_ANSWERS, f->now));
}

// What a new connection's packet comes to; when it goes at once, that it goes to `mac`.
static enum net_tx sends(struct net_fixture *f, const char *dst, const struct mac_addr *mac)
{
	struct neighbor_ref ref = neighbor_ref_none();
	struct rte_mbuf *m = mbufs_frame(f->pool, "packet", 6, 0);
	struct plx_addr to = addr(dst);
	enum net_tx outcome = net_transmit(f->net, m, &ref, &to, f->now);

	if (outcome == NET_TX_READY) {
		assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), mac->bytes, ETH_ADDR_BYTES);
		rte_pktmbuf_free(m);
	}
	return outcome;
}

// The place that a destination has; -1 when it has none.
static int place_of(const struct net_fixture *f, const char *dst)
{
	struct plx_addr to = addr(dst);

	for (int i = 0; i < NET_NEXT_HOPS; i++)
		if (plx_addr_is_equal(&f->net->next_hops[i].dst, &to))
			return i;
	return -1;
}

static struct net_fixture two_gateways(void)
{
	static struct plx_route routes[2];
	struct net_fixture f = fixture_prepare();

	routes[0] = (struct plx_route){addr("2001:db8:0:1::"), addr("fd00::a"), 64};
	routes[1] = (struct plx_route){addr("2001:db8:0:2::"), addr("fd00::b"), 64};
	f.config.routes = routes;
	return f;
}

static void what_shares_a_place_keeps_its_own_next_hop(void **state)
{
	struct net_fixture f = two_gateways();

	(void)state;
	fixture_open(&f);
	resolve(&f, "fd00::a", &PEER_MAC);
	resolve(&f, "fd00::b", &OTHER_MAC);
	for (unsigned i = 0; i < 3; i++) {
		int place;

		assert_int_equal(sends(&f, ONE, &PEER_MAC), NET_TX_READY);
		place = place_of(&f, ONE);
		assert_int_not_equal(place, -1);
		assert_int_equal(place_of(&f, OTHER), -1);
		assert_int_equal(sends(&f, OTHER, &OTHER_MAC), NET_TX_READY);
		assert_int_equal(place_of(&f, OTHER), place);
		assert_int_equal(place_of(&f, ONE), -1);
	}
	fixture_close(&f);
}

// However the places are chosen: more destinations than there are of them.
static void more_destinations_than_places_are_told_apart(void **state)
{
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.config.max_neighbors = 256;
	fixture_open(&f);
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 10; i < 250; i++) {
			const struct mac_addr mac = {{0x02, 0, 0, 0, 1, (uint8_t)i}};
			char ipv4[16], ipv6[16];

			snprintf(ipv4, sizeof(ipv4), "198.18.0.%u", i);
			snprintf(ipv6, sizeof(ipv6), "fd00::%u", i);
			if (round == 0)
				resolve(&f, i % 2 ? ipv4 : ipv6, &mac);
			assert_int_equal(sends(&f, i % 2 ? ipv4 : ipv6, &mac), NET_TX_READY);
		}
	fixture_close(&f);
}

// The gateway of ONE has the table's only place, and is remembered.
static void open_with_one_neighbour(struct net_fixture *f)
{
	f->config.max_neighbors = 1;
	fixture_open(f);
	resolve(f, "fd00::a", &PEER_MAC);
	assert_int_equal(sends(f, ONE, &PEER_MAC), NET_TX_READY);
}

// The route is asked for the first packet alone, until the neighbour goes.
static void a_route_is_not_asked_while_the_neighbour_is_there(void **state)
{
	struct net_fixture f = two_gateways();

	(void)state;
	open_with_one_neighbour(&f);
	f.net->routes.n_routes = 0;
	assert_int_equal(sends(&f, OTHER, NULL), NET_TX_UNREACHABLE);
	assert_int_equal(sends(&f, ONE, &PEER_MAC), NET_TX_READY);
	resolve(&f, "fd00::b", &OTHER_MAC);
	assert_int_equal(sends(&f, ONE, NULL), NET_TX_UNREACHABLE);
	fixture_close(&f);
}

// The place in the table is the same one, the generation tells that another neighbour has it.
static void an_evicted_gateway_is_asked_for_again(void **state)
{
	struct net_fixture f = two_gateways();

	(void)state;
	open_with_one_neighbour(&f);
	resolve(&f, "fd00::b", &OTHER_MAC);
	assert_int_equal(state_of(&f, "fd00::a"), -1);
	assert_int_equal(f.net->next_hops[place_of(&f, ONE)].ref.idx, 0);
	assert_int_equal(sends(&f, ONE, NULL), NET_TX_HELD);
	assert_int_equal(state_of(&f, "fd00::a"), NEIGHBOR_INCOMPLETE);
	assert_int_equal(state_of(&f, "fd00::b"), -1);
	fixture_close(&f);
}

// It answers no longer; when that is forgotten, it is asked for anew, and answers by another MAC
// address.
static void a_gateway_that_has_failed_and_comes_back_is_found_again(void **state)
{
	struct frame reply = frame_arp(2, &OTHER_MAC, "198.18.0.254", "198.18.0.2"), sent;
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	resolve(&f, "198.18.0.254", &PEER_MAC);
	assert_int_equal(sends(&f, "192.0.2.1", &PEER_MAC), NET_TX_READY);
	pass(&f, 45 * PLX_SECOND);
	assert_int_equal(sends(&f, "192.0.2.1", &PEER_MAC), NET_TX_READY);
	pass(&f, 8 * PLX_SECOND);
	assert_int_equal(state_of(&f, "198.18.0.254"), NEIGHBOR_FAILED);
	assert_int_equal(sends(&f, "192.0.2.1", NULL), NET_TX_UNREACHABLE);
	pass(&f, 10 * PLX_SECOND);
	assert_int_equal(state_of(&f, "198.18.0.254"), -1);
	for (unsigned i = 0; i < 3; i++)
		expect_arp_request(&f, "198.18.0.254", &PEER_MAC);
	expect_silence(&f);
	assert_int_equal(sends(&f, "192.0.2.1", NULL), NET_TX_HELD);
	expect_arp_request(&f, "198.18.0.254", &BROADCAST_MAC);
	expect_verdict(&f, &reply, NET_ANSWERED, PLX_DROP_NONE);
	sent = expect_sent(&f);
	assert_memory_equal(sent.bytes, OTHER_MAC.bytes, ETH_ADDR_BYTES);
	assert_int_equal(sends(&f, "192.0.2.1", &OTHER_MAC), NET_TX_READY);
	fixture_close(&f);
}

static void a_gateway_with_another_mac_address_is_followed(void **state)
{
	struct net_fixture f = two_gateways();

	(void)state;
	fixture_open(&f);
	resolve(&f, "fd00::a", &PEER_MAC);
	assert_int_equal(sends(&f, ONE, &PEER_MAC), NET_TX_READY);
	resolve(&f, "fd00::a", &OTHER_MAC);
	assert_int_equal(sends(&f, ONE, &OTHER_MAC), NET_TX_READY);
	fixture_close(&f);
}

// Where there was no room for the gateway, nothing is remembered that could be led astray.
static void a_table_without_room_leaves_no_next_hop(void **state)
{
	struct net_fixture f = two_gateways();

	(void)state;
	f.config.max_neighbors = 1;
	f.config.n_neighbors = 1;
	f.neighbors[0].addr = addr("fd00::b");
	memcpy(f.neighbors[0].mac, OTHER_MAC.bytes, sizeof(f.neighbors[0].mac));
	fixture_open(&f);
	for (unsigned i = 1; i <= 2; i++) {
		assert_int_equal(sends(&f, ONE, NULL), NET_TX_DROPPED);
		assert_int_equal(counted(&f, PLX_COUNTER_NEIGHBOR_QUEUE_DROPPED), i);
		assert_int_equal(sends(&f, OTHER, &OTHER_MAC), NET_TX_READY);
	}
	fixture_close(&f);
}

// A host that has a route of its own is a gateway as well: as destination it is reached by another one, whichever of
// the two was asked for first.
static void a_gateway_behind_another_is_two_things(void **state)
{
	static const char *const destinations[] = {"198.18.0.7", "192.0.2.1"};
	static struct plx_route routes[2];

	(void)state;
	routes[0] = (struct plx_route){addr("198.18.0.7"), addr("198.18.0.254"), 32};
	routes[1] = (struct plx_route){addr("192.0.2.0"), addr("198.18.0.7"), 24};
	for (unsigned first = 0; first < 2; first++) {
		struct net_fixture f = fixture_prepare();

		f.config.routes = routes;
		f.config.n_routes = 2;
		fixture_open(&f);
		resolve(&f, "198.18.0.254", &PEER_MAC);
		resolve(&f, "198.18.0.7", &OTHER_MAC);
		for (unsigned i = 0; i < 4; i++) {
			unsigned which = (first + i) % 2;

			assert_int_equal(
				sends(&f, destinations[which], which == 0 ? &PEER_MAC : &OTHER_MAC),
				NET_TX_READY);
		}
		fixture_close(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gateway_behind_another_is_two_things),
		cmocka_unit_test(what_shares_a_place_keeps_its_own_next_hop),
		cmocka_unit_test(more_destinations_than_places_are_told_apart),
		cmocka_unit_test(a_route_is_not_asked_while_the_neighbour_is_there),
		cmocka_unit_test(an_evicted_gateway_is_asked_for_again),
		cmocka_unit_test(a_gateway_that_has_failed_and_comes_back_is_found_again),
		cmocka_unit_test(a_gateway_with_another_mac_address_is_followed),
		cmocka_unit_test(a_table_without_room_leaves_no_next_hop),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("net/next_hop", tests, NULL, NULL);
}

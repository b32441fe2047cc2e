// SPDX-License-Identifier: BSD-3-Clause
//
// ARP as RFC 826 and RFC 5227 have it: who is answered, what is learned from whom, byte for byte.
// Room: engine/net/arp.
#include <string.h>

#include "net_fixture.h"

static void announces_each_address_at_start(void **state)
{
	struct net_fixture f = fixture_prepare();
	struct frame got, expected;

	(void)state;
	fixture_create(&f);
	assert_int_equal(net_next_deadline(f.net), 0);
	assert_int_equal(net_poll(f.net, f.now), PLX_TIME_NEVER);

	expected = frame_arp(1, &OUR_MAC, "198.18.0.2", "198.18.0.2");
	got = expect_sent(&f);
	expect_same(&got, &expected);
	expected = frame_advertisement("fd00::2", &OUR_MAC, ND_OVERRIDE);
	memcpy(expected.bytes + 6, &OUR_MAC, 6);
	got = expect_sent(&f);
	expect_same(&got, &expected);
	expected = frame_advertisement("fe80::ff:fe00:2", &OUR_MAC, ND_OVERRIDE);
	memcpy(expected.bytes + 6, &OUR_MAC, 6);
	got = expect_sent(&f);
	expect_same(&got, &expected);
	net_poll(f.net, f.now);
	expect_silence(&f);
	assert_int_equal(counted(&f, PLX_COUNTER_ARP_SENT), 1);
	assert_int_equal(counted(&f, PLX_COUNTER_ND_SENT), 2);
	fixture_close(&f);
}

static void announces_of_a_range_no_more_than_a_few(void **state)
{
	struct net_fixture f = fixture_prepare();
	unsigned polls = 0;

	(void)state;
	f.addresses[0].count = 200;
	f.addresses[1] = (struct plx_address){addr("198.18.0.250"), 4, 24};
	f.config.n_routes = 0;
	fixture_create(&f);
	for (; net_next_deadline(f.net) == 0; polls++) {
		unsigned before = answer_count(f.net);

		net_poll(f.net, f.now);
		assert_true(answer_count(f.net) - before <= NET_ANNOUNCE_BURST);
	}
	assert_int_equal(answer_count(f.net), NET_ANNOUNCED_MAX + 4);
	assert_int_equal(polls, 2);
	fixture_close(&f);
}

static void a_request_for_us_is_answered_and_the_asker_learned(void **state)
{
	struct frame request = frame_arp(1, &PEER_MAC, "198.18.0.1", "198.18.0.2");
	struct frame expected = frame_arp(2, &OUR_MAC, "198.18.0.2", "198.18.0.1");
	struct net_fixture f;
	struct frame got;

	(void)state;
	fixture_default(&f);
	expect_verdict(&f, &request, NET_ANSWERED, PLX_DROP_NONE);
	memcpy(expected.bytes, &PEER_MAC, 6);
	memcpy(expected.bytes + ETH + 18, &PEER_MAC, 6);
	got = expect_sent(&f);
	expect_same(&got, &expected);
	expect_silence(&f);
	assert_int_equal(state_of(&f, "198.18.0.1"), NEIGHBOR_STALE);
	assert_int_equal(transmit(&f, "198.18.0.1", 1, NULL), NET_TX_READY);
	assert_int_equal(counted(&f, PLX_COUNTER_ARP_SENT), 1);
	fixture_close(&f);
}

static void a_padded_request_is_answered_without_padding(void **state)
{
	struct frame request = frame_arp(1, &PEER_MAC, "198.18.0.1", "198.18.0.2");
	struct net_fixture f;
	struct frame got;

	(void)state;
	fixture_default(&f);
	request.len_bytes = 60;
	expect_verdict(&f, &request, NET_ANSWERED, PLX_DROP_NONE);
	got = expect_sent(&f);
	assert_int_equal(got.len_bytes, ETH + 28);
	fixture_close(&f);
}

// RFC 5227 2.1.1: a probe comes from nobody yet; it is told that the address is taken.
static void a_probe_is_answered_and_teaches_nothing(void **state)
{
	struct frame probe = frame_arp(1, &PEER_MAC, "0.0.0.0", "198.18.0.2");
	struct net_fixture f;
	struct frame got;

	(void)state;
	fixture_default(&f);
	expect_verdict(&f, &probe, NET_ANSWERED, PLX_DROP_NONE);
	got = expect_sent(&f);
	assert_int_equal(got.bytes[ETH + 7], 2);
	assert_int_equal(state_of(&f, "0.0.0.0"), -1);
	fixture_close(&f);
}

static void askers_off_the_link_are_answered_but_not_learned(void **state)
{
	struct frame request = frame_arp(1, &PEER_MAC, "10.0.0.1", "198.18.0.2");
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	expect_verdict(&f, &request, NET_ANSWERED, PLX_DROP_NONE);
	expect_sent(&f);
	assert_int_equal(state_of(&f, "10.0.0.1"), -1);
	fixture_close(&f);
}

// RFC 826: the merge flag. Of requests to others only what is known already is taken.
static void talk_of_others_refreshes_but_never_creates(void **state)
{
	struct frame request = frame_arp(1, &PEER_MAC, "198.18.0.1", "198.18.0.77");
	struct frame ask = frame_arp(1, &OTHER_MAC, "198.18.0.1", "198.18.0.2");
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	expect_verdict(&f, &request, NET_FOREIGN, PLX_DROP_ARP_NOT_FOR_US);
	assert_int_equal(state_of(&f, "198.18.0.1"), -1);

	expect_verdict(&f, &ask, NET_ANSWERED, PLX_DROP_NONE);
	expect_sent(&f);
	expect_verdict(&f, &request, NET_FOREIGN, PLX_DROP_ARP_NOT_FOR_US);
	expect_silence(&f);
	assert_int_equal(transmit(&f, "198.18.0.1", 1, NULL), NET_TX_READY); // checks for PEER_MAC
	fixture_close(&f);
}

static void a_gratuitous_reply_moves_a_neighbour(void **state)
{
	struct frame ask = frame_arp(1, &OTHER_MAC, "198.18.0.1", "198.18.0.2");
	struct frame moved = frame_arp(2, &PEER_MAC, "198.18.0.1", "198.18.0.1");
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	frame_set_dst_mac(&moved, &BROADCAST_MAC);
	expect_verdict(&f, &moved, NET_FOREIGN, PLX_DROP_ARP_NOT_FOR_US);
	assert_int_equal(state_of(&f, "198.18.0.1"), -1);

	expect_verdict(&f, &ask, NET_ANSWERED, PLX_DROP_NONE);
	expect_sent(&f);
	expect_verdict(&f, &moved, NET_FOREIGN, PLX_DROP_ARP_NOT_FOR_US);
	assert_int_equal(state_of(&f, "198.18.0.1"), NEIGHBOR_STALE);
	assert_int_equal(transmit(&f, "198.18.0.1", 1, NULL), NET_TX_READY);
	fixture_close(&f);
}

// Nobody has asked, so the answer is worth no more than an announcement.
static void an_unasked_reply_confirms_nothing(void **state)
{
	struct frame ask = frame_arp(1, &PEER_MAC, "198.18.0.1", "198.18.0.2");
	struct frame reply = frame_arp(2, &PEER_MAC, "198.18.0.1", "198.18.0.2");
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	expect_verdict(&f, &reply, NET_FOREIGN, PLX_DROP_ARP_NOT_FOR_US);
	expect_verdict(&f, &ask, NET_ANSWERED, PLX_DROP_NONE);
	expect_sent(&f);
	expect_verdict(&f, &reply, NET_ANSWERED, PLX_DROP_NONE);
	assert_int_equal(state_of(&f, "198.18.0.1"), NEIGHBOR_STALE);
	fixture_close(&f);
}

// RFC 5227 2.4: who claims our address is neither believed nor answered, but counted.
static void conflicts_are_counted_and_ignored(void **state)
{
	struct frame claims[] = {
		frame_arp(1, &PEER_MAC, "198.18.0.2", "198.18.0.2"),
		frame_arp(1, &PEER_MAC, "198.18.0.2", "198.18.0.1"),
		frame_arp(2, &PEER_MAC, "198.18.0.2", "198.18.0.2"),
	};
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	for (unsigned i = 0; i < RTE_DIM(claims); i++)
		expect_verdict(&f, &claims[i], NET_DROP, PLX_DROP_ARP_NOT_FOR_US);
	expect_silence(&f);
	assert_int_equal(counted(&f, PLX_COUNTER_ADDRESS_CONFLICTS), 3);
	assert_int_equal(state_of(&f, "198.18.0.2"), -1);
	fixture_close(&f);
}

static void malformed_packets_are_dropped(void **state)
{
	struct frame good = frame_arp(1, &PEER_MAC, "198.18.0.1", "198.18.0.2"), bad;
	static const struct {
		uint8_t offset, value;
	} spoilt[] = {{1, 6}, {2, 0x86}, {4, 8}, {5, 16}, {8, 0x01}};
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	for (unsigned i = 0; i < RTE_DIM(spoilt); i++) {
		bad = good;
		bad.bytes[ETH + spoilt[i].offset] = spoilt[i].value;
		expect_verdict(&f, &bad, NET_DROP, PLX_DROP_ARP_MALFORMED);
	}
	bad = good;
	bad.len_bytes--;
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_ARP_MALFORMED);
	bad = good;
	memcpy(bad.bytes + ETH + 8, &OUR_MAC, 6); // somebody sends with our MAC address inside
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_ARP_MALFORMED);
	bad = good;
	bad.bytes[ETH + 7] = 9; // InARP reply and the like
	expect_verdict(&f, &bad, NET_FOREIGN, PLX_DROP_ARP_NOT_FOR_US);
	expect_silence(&f);
	fixture_close(&f);
}

static void group_addresses_are_not_learned(void **state)
{
	static const char *const senders[] = {"198.18.0.255", "224.0.0.1", "127.0.0.1",
					      "255.255.255.255"};
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	for (unsigned i = 0; i < RTE_DIM(senders); i++) {
		struct frame request = frame_arp(1, &PEER_MAC, senders[i], "198.18.0.2");

		expect_verdict(&f, &request, NET_ANSWERED, PLX_DROP_NONE);
		expect_sent(&f);
		assert_int_equal(state_of(&f, senders[i]), -1);
	}
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(announces_each_address_at_start),
		cmocka_unit_test(announces_of_a_range_no_more_than_a_few),
		cmocka_unit_test(a_request_for_us_is_answered_and_the_asker_learned),
		cmocka_unit_test(a_padded_request_is_answered_without_padding),
		cmocka_unit_test(a_probe_is_answered_and_teaches_nothing),
		cmocka_unit_test(askers_off_the_link_are_answered_but_not_learned),
		cmocka_unit_test(talk_of_others_refreshes_but_never_creates),
		cmocka_unit_test(a_gratuitous_reply_moves_a_neighbour),
		cmocka_unit_test(an_unasked_reply_confirms_nothing),
		cmocka_unit_test(conflicts_are_counted_and_ignored),
		cmocka_unit_test(malformed_packets_are_dropped),
		cmocka_unit_test(group_addresses_are_not_learned),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("net/arp", tests, NULL, NULL);
}

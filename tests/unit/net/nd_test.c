// SPDX-License-Identifier: BSD-3-Clause
//
// Neighbour discovery as RFC 4861 7.2 has it: solicitations answered, advertisements heard with
// every combination of flags that matters, invalid ones refused.
// Room: engine/net/nd.
#include <string.h>

#include "net_fixture.h"

static struct frame advertisement_to(const char *dst, const struct mac_addr *mac, bool solicited)
{
	struct frame frame = frame_advertisement(
		"fd00::2", &OUR_MAC, solicited ? ND_SOLICITED | ND_OVERRIDE : ND_OVERRIDE);
	struct plx_addr to = addr(dst);

	frame_set_dst_mac(&frame, mac);
	memcpy(frame.bytes + 6, &OUR_MAC, 6);
	memcpy(frame.bytes + ETH + 24, &to, 16);
	frame_fix_icmpv6_checksum(&frame);
	return frame;
}

// RFC 4861 7.2.4 and 7.2.3.
static void a_solicitation_is_answered_and_the_asker_learned(void **state)
{
	struct frame ask = frame_solicitation("fd00::1", "fd00::2", &PEER_MAC);
	struct frame expected = advertisement_to("fd00::1", &PEER_MAC, true);
	struct net_fixture f;
	struct frame got;

	(void)state;
	fixture_default(&f);
	expect_verdict(&f, &ask, NET_ANSWERED, PLX_DROP_NONE);
	got = expect_sent(&f);
	expect_same(&got, &expected);
	expect_silence(&f);
	// The answer itself was the first use of the new STALE entry.
	assert_int_equal(state_of(&f, "fd00::1"), NEIGHBOR_DELAY);
	assert_int_equal(counted(&f, PLX_COUNTER_ND_SENT), 1);
	fixture_close(&f);
}

static void the_link_local_address_is_answered_for(void **state)
{
	struct frame ask = frame_solicitation("fe80::1", "fe80::ff:fe00:2", &PEER_MAC);
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	expect_verdict(&f, &ask, NET_ANSWERED, PLX_DROP_NONE);
	expect_sent(&f);
	assert_int_equal(state_of(&f, "fe80::1"), NEIGHBOR_DELAY);
	fixture_close(&f);
}

// RFC 4861 7.2.4: duplicate address detection has no address to answer to.
static void a_probe_from_nobody_is_answered_to_all_nodes(void **state)
{
	struct frame probe = frame_solicitation("::", "fd00::2", NULL);
	struct frame expected = advertisement_to("ff02::1", &ALL_NODES_MAC, false);
	struct net_fixture f;
	struct frame got;

	(void)state;
	fixture_default(&f);
	expect_verdict(&f, &probe, NET_ANSWERED, PLX_DROP_NONE);
	got = expect_sent(&f);
	expect_same(&got, &expected);
	assert_int_equal(state_of(&f, "::"), -1);
	fixture_close(&f);
}

// A unicast probe may leave out its address (RFC 4861 4.3): it is asked for before it is answered.
static void an_asker_without_mac_is_resolved_first(void **state)
{
	struct frame ask = frame_solicitation("fd00::1", "fd00::2", NULL);
	struct frame told = frame_advertisement("fd00::1", &PEER_MAC, ND_SOLICITED | ND_OVERRIDE);
	struct frame expected = advertisement_to("fd00::1", &PEER_MAC, true);
	struct net_fixture f;
	struct frame got;

	(void)state;
	fixture_default(&f);
	expect_verdict(&f, &ask, NET_ANSWERED, PLX_DROP_NONE);
	expect_solicitation(&f, "fd00::1", NULL);
	expect_silence(&f);
	expect_verdict(&f, &told, NET_ANSWERED, PLX_DROP_NONE);
	got = expect_sent(&f);
	expect_same(&got, &expected);
	fixture_close(&f);
}

static void solicitations_for_others_are_foreign(void **state)
{
	// The same last three bytes, so the group is ours and the target is not.
	struct frame ask = frame_solicitation("fd00::1", "fd00:7::2", &PEER_MAC);
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	expect_verdict(&f, &ask, NET_FOREIGN, PLX_DROP_ND_NOT_FOR_US);
	expect_silence(&f);
	assert_int_equal(state_of(&f, "fd00::1"), -1);
	fixture_close(&f);
}

static void a_solicitation_with_a_new_mac_makes_it_stale(void **state)
{
	struct frame first = frame_solicitation("fd00::1", "fd00::2", &OTHER_MAC);
	struct frame then = frame_solicitation("fd00::1", "fd00::2", &PEER_MAC);
	struct frame confirmed = frame_advertisement("fd00::1", &OTHER_MAC, ND_SOLICITED);
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	expect_verdict(&f, &first, NET_ANSWERED, PLX_DROP_NONE);
	expect_sent(&f);
	expect_verdict(&f, &confirmed, NET_ANSWERED, PLX_DROP_NONE);
	assert_int_equal(state_of(&f, "fd00::1"), NEIGHBOR_REACHABLE);
	expect_verdict(&f, &first, NET_ANSWERED, PLX_DROP_NONE); // nothing new
	expect_sent(&f);
	assert_int_equal(state_of(&f, "fd00::1"), NEIGHBOR_REACHABLE);
	expect_verdict(&f, &then, NET_ANSWERED, PLX_DROP_NONE);
	expect_sent(&f);
	assert_int_equal(state_of(&f, "fd00::1"), NEIGHBOR_DELAY); // STALE, and used by the answer
	assert_int_equal(transmit(&f, "fd00::1", 1, NULL), NET_TX_READY);
	fixture_close(&f);
}

// RFC 4861 7.2.5: what an advertisement does to an entry, by state, flags and address.
static void advertisements_do_what_their_flags_say(void **state)
{
	static const struct {
		enum neighbor_state before;
		uint8_t flags;
		int mac; // 0: none, 1: the known one, 2: another one
		enum neighbor_state after;
		bool is_moved;
	} cases[] = {
		{NEIGHBOR_REACHABLE, 0, 1, NEIGHBOR_REACHABLE, false},
		{NEIGHBOR_REACHABLE, 0, 2, NEIGHBOR_STALE, false},
		{NEIGHBOR_REACHABLE, ND_SOLICITED, 2, NEIGHBOR_STALE, false},
		{NEIGHBOR_REACHABLE, ND_OVERRIDE, 2, NEIGHBOR_STALE, true},
		{NEIGHBOR_REACHABLE, ND_OVERRIDE | ND_SOLICITED, 2, NEIGHBOR_REACHABLE, true},
		{NEIGHBOR_DELAY, 0, 2, NEIGHBOR_DELAY, false},
		{NEIGHBOR_DELAY, ND_SOLICITED, 1, NEIGHBOR_REACHABLE, false},
		{NEIGHBOR_STALE, 0, 1, NEIGHBOR_STALE, false},
		{NEIGHBOR_STALE, 0, 2, NEIGHBOR_STALE, false},
		{NEIGHBOR_STALE, ND_SOLICITED, 2, NEIGHBOR_STALE, false},
		{NEIGHBOR_STALE, ND_SOLICITED, 1, NEIGHBOR_REACHABLE, false},
		{NEIGHBOR_STALE, ND_SOLICITED, 0, NEIGHBOR_REACHABLE, false},
		{NEIGHBOR_STALE, ND_OVERRIDE, 0, NEIGHBOR_STALE, false},
		{NEIGHBOR_STALE, ND_OVERRIDE, 2, NEIGHBOR_STALE, true},
		{NEIGHBOR_STALE, ND_OVERRIDE | ND_SOLICITED, 2, NEIGHBOR_REACHABLE, true},
	};
	static const struct mac_addr *const macs[] = {NULL, &PEER_MAC, &OTHER_MAC};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		struct frame frame = frame_advertisement("fd00::1", macs[cases[i].mac],
							 cases[i].flags);
		struct plx_addr who = addr("fd00::1");
		struct net_fixture f;
		struct mac_addr mac;

		fixture_default(&f);
		neighbor_learn(f.net, &who, &PEER_MAC, NEIGHBOR_ASKS, f.now);
		if (cases[i].before == NEIGHBOR_REACHABLE)
			neighbor_learn(f.net, &who, &PEER_MAC, NEIGHBOR_ANSWERS, f.now);
		if (cases[i].before == NEIGHBOR_DELAY)
			transmit(&f, "fd00::1", 1, NULL);
		assert_int_equal(state_of(&f, "fd00::1"), cases[i].before);
		expect_verdict(&f, &frame, NET_ANSWERED, PLX_DROP_NONE);
		if (state_of(&f, "fd00::1") != (int)cases[i].after)
			fail_msg("case %u: state %d", i, state_of(&f, "fd00::1"));
		mac = neighbor_mac(neighbor_at(&f.net->neighbors, neighbor_find(f.net, &who)));
		assert_int_equal(mac_is_equal(&mac, &OTHER_MAC), cases[i].is_moved);
		expect_silence(&f);
		fixture_close(&f);
	}
}

// RFC 4861 7.2.5: while INCOMPLETE any address will do, and Solicited decides how far it is
// trusted.
static void an_advertisement_resolves(void **state)
{
	static const struct {
		uint8_t flags;
		enum neighbor_state after;
	} cases[] = {
		{ND_SOLICITED | ND_OVERRIDE, NEIGHBOR_REACHABLE},
		{ND_SOLICITED, NEIGHBOR_REACHABLE},
		{ND_OVERRIDE, NEIGHBOR_DELAY}, // STALE, and used by what was held
		{0, NEIGHBOR_DELAY},
	};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		struct frame empty = frame_advertisement("fd00::1", NULL, cases[i].flags);
		struct frame frame = frame_advertisement("fd00::1", &PEER_MAC, cases[i].flags);
		struct net_fixture f;

		fixture_default(&f);
		assert_int_equal(transmit(&f, "fd00::1", 5, NULL), NET_TX_HELD);
		expect_solicitation(&f, "fd00::1", NULL);
		expect_verdict(&f, &empty, NET_ANSWERED, PLX_DROP_NONE);
		assert_int_equal(state_of(&f, "fd00::1"), NEIGHBOR_INCOMPLETE);
		expect_silence(&f);
		expect_verdict(&f, &frame, NET_ANSWERED, PLX_DROP_NONE);
		expect_packet(&f, "fd00::1", 5, &PEER_MAC);
		expect_silence(&f);
		assert_int_equal(state_of(&f, "fd00::1"), cases[i].after);
		fixture_close(&f);
	}
}

static void advertisements_nobody_asked_for_are_foreign(void **state)
{
	struct frame frame = frame_advertisement("fd00::1", &PEER_MAC, ND_OVERRIDE);
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	expect_verdict(&f, &frame, NET_FOREIGN, PLX_DROP_ND_NOT_FOR_US);
	assert_int_equal(state_of(&f, "fd00::1"), -1);
	fixture_close(&f);
}

static void a_claim_to_our_address_is_counted_and_ignored(void **state)
{
	struct frame claim = frame_advertisement("fd00::2", &PEER_MAC, ND_OVERRIDE);
	struct plx_addr from = addr("fd00::1");
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	memcpy(claim.bytes + ETH + 8, &from, 16);
	frame_fix_icmpv6_checksum(&claim);
	expect_verdict(&f, &claim, NET_DROP, PLX_DROP_ND_NOT_FOR_US);
	assert_int_equal(counted(&f, PLX_COUNTER_ADDRESS_CONFLICTS), 1);
	assert_int_equal(state_of(&f, "fd00::2"), -1);
	fixture_close(&f);
}

// RFC 4861 7.1.1 and 7.1.2.
static void invalid_messages_are_dropped(void **state)
{
	struct frame ask = frame_solicitation("fd00::1", "fd00::2", &PEER_MAC), bad;
	struct frame told = frame_advertisement("fd00::1", &PEER_MAC, ND_SOLICITED);
	struct plx_addr any = addr("::"), group = addr("ff02::1");
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	bad = ask;
	bad.bytes[ETH + 7] = 254;
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_IP_HOP_LIMIT);
	bad = ask;
	bad.bytes[IPV6_PAYLOAD + 2] ^= 1;
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_ICMP_CHECKSUM);
	bad = ask;
	bad.bytes[IPV6_PAYLOAD + 1] = 1;
	frame_fix_icmpv6_checksum(&bad);
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_ND_MALFORMED);
	bad = ask;
	bad.bytes[IPV6_PAYLOAD + 25] = 0; // an option without length
	frame_fix_icmpv6_checksum(&bad);
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_ND_MALFORMED);
	bad = ask;
	memcpy(bad.bytes + ETH + 8, &any, 16); // "any" with an address to answer to
	frame_fix_icmpv6_checksum(&bad);
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_ND_MALFORMED);
	bad = ask;
	memcpy(bad.bytes + IPV6_PAYLOAD + 26, &OUR_MAC, 6);
	frame_fix_icmpv6_checksum(&bad);
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_ND_MALFORMED);
	bad = told;
	memcpy(bad.bytes + ETH + 24, &group, 16); // solicited, and to everybody
	frame_set_dst_mac(&bad, &ALL_NODES_MAC);
	frame_fix_icmpv6_checksum(&bad);
	expect_verdict(&f, &bad, NET_DROP, PLX_DROP_ND_MALFORMED);
	expect_silence(&f);
	fixture_close(&f);
}

// Routes are static: nobody on the link may change them.
static void router_advertisements_and_redirects_are_dropped(void **state)
{
	uint8_t advertisement[16] = {134}, redirect[40] = {137}, solicitation[8] = {133};
	struct frame frames[] = {
		frame_icmpv6("fe80::1", "ff02::1", advertisement, sizeof(advertisement)),
		frame_icmpv6("fe80::1", "fd00::2", redirect, sizeof(redirect)),
		frame_icmpv6("fe80::1", "fd00::2", solicitation, sizeof(solicitation)),
	};
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	frame_set_dst_mac(&frames[0], &ALL_NODES_MAC);
	for (unsigned i = 0; i < RTE_DIM(frames); i++) {
		frames[i].bytes[ETH + 7] = 255;
		expect_verdict(&f, &frames[i], NET_DROP, PLX_DROP_ICMP_TYPE);
	}
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_solicitation_is_answered_and_the_asker_learned),
		cmocka_unit_test(the_link_local_address_is_answered_for),
		cmocka_unit_test(a_probe_from_nobody_is_answered_to_all_nodes),
		cmocka_unit_test(an_asker_without_mac_is_resolved_first),
		cmocka_unit_test(solicitations_for_others_are_foreign),
		cmocka_unit_test(a_solicitation_with_a_new_mac_makes_it_stale),
		cmocka_unit_test(advertisements_do_what_their_flags_say),
		cmocka_unit_test(an_advertisement_resolves),
		cmocka_unit_test(advertisements_nobody_asked_for_are_foreign),
		cmocka_unit_test(a_claim_to_our_address_is_counted_and_ignored),
		cmocka_unit_test(invalid_messages_are_dropped),
		cmocka_unit_test(router_advertisements_and_redirects_are_dropped),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("net/nd", tests, NULL, NULL);
}

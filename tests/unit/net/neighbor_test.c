// SPDX-License-Identifier: BSD-3-Clause
//
// The life of a neighbour on a clock of its own: resolution, held packets, ageing, probing,
// failure, eviction (RFC 4861 7.2.2, 7.3.3; RFC 1122 2.3.2).
// Rooms: engine/net/neighbor, neighbor_table, transmit.
#include <rte_mbuf.h>

#include "net_fixture.h"
#include "support/mbufs.h"

static void resolved(struct net_fixture *f, const char *who)
{
	struct plx_addr whom = addr(who);

	assert_true(neighbor_learn(f->net, &whom, &PEER_MAC, NEIGHBOR_ASKS, f->now));
	assert_true(neighbor_learn(f->net, &whom, &PEER_MAC, NEIGHBOR_ANSWERS, f->now));
	assert_int_equal(state_of(f, who), NEIGHBOR_REACHABLE);
}

static void packets_wait_for_the_answer_and_go_in_order(void **state)
{
	struct frame reply = frame_arp(2, &PEER_MAC, "198.18.0.1", "198.18.0.2");
	struct neighbor_ref ref = neighbor_ref_none();
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	for (uint8_t mark = 1; mark <= 3; mark++)
		assert_int_equal(transmit(&f, "198.18.0.1", mark, &ref), NET_TX_HELD);
	expect_arp_request(&f, "198.18.0.1", &BROADCAST_MAC); // once, not per packet
	expect_silence(&f);
	expect_verdict(&f, &reply, NET_ANSWERED, PLX_DROP_NONE);
	assert_int_equal(state_of(&f, "198.18.0.1"), NEIGHBOR_REACHABLE);
	for (uint8_t mark = 1; mark <= 3; mark++)
		expect_packet(&f, "198.18.0.1", mark, &PEER_MAC);
	expect_silence(&f);
	assert_int_equal(transmit(&f, "198.18.0.1", 4, &ref), NET_TX_READY);
	assert_int_equal(counted(&f, PLX_COUNTER_NEIGHBOR_QUEUE_DROPPED), 0);
	fixture_close(&f);
}

static void a_gateway_is_resolved_for_all_behind_it(void **state)
{
	struct frame reply = frame_arp(2, &PEER_MAC, "198.18.0.254", "198.18.0.2");
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	assert_int_equal(transmit(&f, "192.0.2.1", 1, NULL), NET_TX_HELD);
	assert_int_equal(transmit(&f, "203.0.113.1", 2, NULL), NET_TX_HELD);
	expect_arp_request(&f, "198.18.0.254", &BROADCAST_MAC);
	expect_silence(&f);
	expect_verdict(&f, &reply, NET_ANSWERED, PLX_DROP_NONE);
	expect_packet(&f, "192.0.2.1", 1, &PEER_MAC);
	expect_packet(&f, "203.0.113.1", 2, &PEER_MAC);
	fixture_close(&f);
}

static void the_oldest_of_a_full_queue_goes(void **state)
{
	struct frame reply = frame_arp(2, &PEER_MAC, "198.18.0.1", "198.18.0.2");
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	for (uint8_t mark = 1; mark <= NEIGHBOR_HELD_MAX + 3; mark++)
		assert_int_equal(transmit(&f, "198.18.0.1", mark, NULL), NET_TX_HELD);
	assert_int_equal(counted(&f, PLX_COUNTER_NEIGHBOR_QUEUE_DROPPED), 3);
	expect_arp_request(&f, "198.18.0.1", &BROADCAST_MAC);
	expect_verdict(&f, &reply, NET_ANSWERED, PLX_DROP_NONE);
	for (uint8_t mark = 4; mark <= NEIGHBOR_HELD_MAX + 3; mark++)
		expect_packet(&f, "198.18.0.1", mark, &PEER_MAC);
	expect_silence(&f);
	fixture_close(&f);
}

// The places of what has gone are free again.
static void places_to_wait_are_used_again(void **state)
{
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	for (unsigned i = 0; i < NEIGHBOR_HELD_TOTAL_MAX + 50; i++)
		assert_int_equal(transmit(&f, "198.18.0.1", (uint8_t)i, NULL), NET_TX_HELD);
	assert_int_equal(pool_used(&f.net->neighbors.held), NEIGHBOR_HELD_MAX);
	fixture_close(&f);
}

// A sixteenth of the pool may wait; then the oldest of whichever neighbour goes.
static void the_oldest_of_all_goes_when_too_many_wait(void **state)
{
	struct net_fixture f = fixture_prepare();
	unsigned held_max = POOL_MBUFS / 16;
	char who[32];

	(void)state;
	f.config.max_neighbors = 128;
	fixture_open(&f);
	for (unsigned i = 0; i < held_max + 5; i++) {
		snprintf(who, sizeof(who), "198.18.0.%u", 10 + i / 4);
		assert_int_equal(transmit(&f, who, (uint8_t)i, NULL), NET_TX_HELD);
	}
	assert_int_equal(counted(&f, PLX_COUNTER_NEIGHBOR_QUEUE_DROPPED), 5);
	assert_int_equal(neighbor_at(&f.net->neighbors, 0)->held_count, 0);
	assert_int_equal(neighbor_at(&f.net->neighbors, 1)->held_count, 3);
	assert_int_equal(neighbor_at(&f.net->neighbors, 2)->held_count, 4);
	fixture_close(&f);
}

// RFC 4861 7.2.2, RFC 1122 2.3.2.1: three times, a second apart; then what waited is given up.
static void three_unanswered_requests_are_a_failure(void **state)
{
	struct neighbor_ref ref = neighbor_ref_none();
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	assert_int_equal(transmit(&f, "198.18.0.1", 1, &ref), NET_TX_HELD);
	expect_arp_request(&f, "198.18.0.1", &BROADCAST_MAC);
	for (unsigned i = 0; i < 2; i++) {
		pass(&f, 999 * PLX_MILLISECOND);
		expect_silence(&f);
		pass(&f, PLX_MILLISECOND);
		expect_arp_request(&f, "198.18.0.1", &BROADCAST_MAC);
		assert_int_equal(transmit(&f, "198.18.0.1", 2, &ref), NET_TX_HELD);
		expect_silence(&f);
	}
	pass(&f, 999 * PLX_MILLISECOND);
	assert_int_equal(state_of(&f, "198.18.0.1"), NEIGHBOR_INCOMPLETE);
	pass(&f, PLX_MILLISECOND);
	assert_int_equal(state_of(&f, "198.18.0.1"), NEIGHBOR_FAILED);
	expect_silence(&f);
	assert_int_equal(counted(&f, PLX_COUNTER_NEIGHBOR_FAILED), 1);
	assert_int_equal(counted(&f, PLX_COUNTER_NEIGHBOR_QUEUE_DROPPED), 3);
	assert_int_equal(mbufs_in_use(f.pool), f.in_use_before);
	assert_int_equal(transmit(&f, "198.18.0.1", 3, &ref), NET_TX_UNREACHABLE);
	expect_silence(&f);
	fixture_close(&f);
}

static void a_failure_is_forgotten_and_the_next_packet_asks_anew(void **state)
{
	struct neighbor_ref ref = neighbor_ref_none();
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	assert_int_equal(transmit(&f, "fd00::1", 1, &ref), NET_TX_HELD);
	pass(&f, 3 * PLX_SECOND);
	for (unsigned i = 0; i < 3; i++)
		expect_solicitation(&f, "fd00::1", NULL);
	pass(&f, 10 * PLX_SECOND);
	expect_silence(&f);
	assert_int_equal(state_of(&f, "fd00::1"), -1);
	assert_int_equal(transmit(&f, "fd00::1", 2, &ref), NET_TX_HELD);
	expect_solicitation(&f, "fd00::1", NULL);
	fixture_close(&f);
}

// RFC 7048: the packet is refused, but it makes us look whether the neighbour is back.
static void a_failed_neighbour_that_is_used_is_asked_for_once_a_second(void **state)
{
	struct frame reply = frame_arp(2, &PEER_MAC, "198.18.0.1", "198.18.0.2");
	struct neighbor_ref ref = neighbor_ref_none();
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	transmit(&f, "198.18.0.1", 1, &ref);
	pass(&f, 3 * PLX_SECOND);
	for (unsigned i = 0; i < 3; i++)
		expect_arp_request(&f, "198.18.0.1", &BROADCAST_MAC);
	pass(&f, PLX_SECOND);
	assert_int_equal(transmit(&f, "198.18.0.1", 2, &ref), NET_TX_UNREACHABLE);
	assert_int_equal(transmit(&f, "198.18.0.1", 3, &ref), NET_TX_UNREACHABLE);
	expect_arp_request(&f, "198.18.0.1", &BROADCAST_MAC);
	expect_silence(&f);
	expect_verdict(&f, &reply, NET_ANSWERED, PLX_DROP_NONE);
	assert_int_equal(transmit(&f, "198.18.0.1", 4, &ref), NET_TX_READY);
	fixture_close(&f);
}

// RFC 4861 6.3.2: after 15 to 45 seconds without confirmation nothing is certain any more.
static void reachable_ages_to_stale(void **state)
{
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	resolved(&f, "198.18.0.1");
	pass(&f, 15 * PLX_SECOND - 1);
	assert_int_equal(state_of(&f, "198.18.0.1"), NEIGHBOR_REACHABLE);
	pass(&f, 30 * PLX_SECOND);
	assert_int_equal(state_of(&f, "198.18.0.1"), NEIGHBOR_STALE);
	pass(&f, 3600 * PLX_SECOND); // unused, it rests
	assert_int_equal(state_of(&f, "198.18.0.1"), NEIGHBOR_STALE);
	expect_silence(&f);
	assert_int_equal(net_next_deadline(f.net), PLX_TIME_NEVER);
	fixture_close(&f);
}

// RFC 4861 7.3.3.
static void a_used_stale_neighbour_is_probed_and_may_fail(void **state)
{
	struct neighbor_ref ref = neighbor_ref_none();
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	resolved(&f, "198.18.0.1");
	pass(&f, 45 * PLX_SECOND);
	assert_int_equal(transmit(&f, "198.18.0.1", 1, &ref), NET_TX_READY);
	assert_int_equal(state_of(&f, "198.18.0.1"), NEIGHBOR_DELAY);
	pass(&f, 5 * PLX_SECOND - 1);
	expect_silence(&f);
	pass(&f, 1);
	assert_int_equal(state_of(&f, "198.18.0.1"), NEIGHBOR_PROBE);
	expect_arp_request(&f, "198.18.0.1", &PEER_MAC);
	pass(&f, 2 * PLX_SECOND);
	expect_arp_request(&f, "198.18.0.1", &PEER_MAC);
	expect_arp_request(&f, "198.18.0.1", &PEER_MAC);
	assert_int_equal(transmit(&f, "198.18.0.1", 2, &ref), NET_TX_READY);
	pass(&f, PLX_SECOND);
	assert_int_equal(state_of(&f, "198.18.0.1"), NEIGHBOR_FAILED);
	assert_int_equal(transmit(&f, "198.18.0.1", 3, &ref), NET_TX_UNREACHABLE);
	assert_int_equal(counted(&f, PLX_COUNTER_NEIGHBOR_FAILED), 1);
	fixture_close(&f);
}

static void an_answered_probe_makes_reachable(void **state)
{
	struct frame told = frame_advertisement("fd00::1", &PEER_MAC, ND_SOLICITED);
	struct frame reply = frame_arp(2, &PEER_MAC, "198.18.0.1", "198.18.0.2");
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	resolved(&f, "198.18.0.1");
	resolved(&f, "fd00::1");
	pass(&f, 45 * PLX_SECOND);
	transmit(&f, "198.18.0.1", 1, NULL);
	pass(&f, 5 * PLX_SECOND);
	expect_arp_request(&f, "198.18.0.1", &PEER_MAC);
	expect_verdict(&f, &reply, NET_ANSWERED, PLX_DROP_NONE);
	assert_int_equal(state_of(&f, "198.18.0.1"), NEIGHBOR_REACHABLE);
	transmit(&f, "fd00::1", 1, NULL);
	pass(&f, 5 * PLX_SECOND);
	expect_solicitation(&f, "fd00::1", &PEER_MAC);
	expect_verdict(&f, &told, NET_ANSWERED, PLX_DROP_NONE);
	assert_int_equal(state_of(&f, "fd00::1"), NEIGHBOR_REACHABLE);
	pass(&f, 4 * PLX_SECOND);
	expect_silence(&f);
	fixture_close(&f);
}

// RFC 4861 7.3.1: as long as TCP makes progress nobody is asked.
static void confirmation_from_above_spares_the_probes(void **state)
{
	struct neighbor_ref ref = neighbor_ref_none();
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	resolved(&f, "198.18.0.1");
	pass(&f, 45 * PLX_SECOND);
	transmit(&f, "198.18.0.1", 1, &ref);
	assert_int_equal(state_of(&f, "198.18.0.1"), NEIGHBOR_DELAY);
	neighbor_confirm(f.net, ref, f.now);
	for (unsigned i = 0; i < 30; i++) {
		assert_int_equal(state_of(&f, "198.18.0.1"), NEIGHBOR_REACHABLE);
		pass(&f, 10 * PLX_SECOND);
		neighbor_confirm(f.net, ref, f.now);
	}
	expect_silence(&f);
	fixture_close(&f);
}

static void what_has_no_address_cannot_be_confirmed(void **state)
{
	struct neighbor_ref ref = neighbor_ref_none();
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	neighbor_confirm(f.net, ref, f.now);
	transmit(&f, "198.18.0.1", 1, &ref);
	neighbor_confirm(f.net, ref, f.now);
	assert_int_equal(state_of(&f, "198.18.0.1"), NEIGHBOR_INCOMPLETE);
	fixture_close(&f);
}

// A leap of the clock is no reason to send everything at once.
static void after_a_leap_of_the_clock_one_request_goes(void **state)
{
	struct net_fixture f;

	(void)state;
	fixture_default(&f);
	transmit(&f, "198.18.0.1", 1, NULL);
	expect_arp_request(&f, "198.18.0.1", &BROADCAST_MAC);
	f.now += 3600 * PLX_SECOND;
	net_poll(f.net, f.now);
	expect_arp_request(&f, "198.18.0.1", &BROADCAST_MAC);
	expect_silence(&f);
	assert_int_equal(state_of(&f, "198.18.0.1"), NEIGHBOR_INCOMPLETE);
	fixture_close(&f);
}

static void the_unused_is_evicted_before_the_used(void **state)
{
	struct neighbor_ref used = neighbor_ref_none(), unused = neighbor_ref_none();
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.config.max_neighbors = 3;
	fixture_open(&f);
	resolved(&f, "198.18.0.11");
	resolved(&f, "198.18.0.12");
	resolved(&f, "198.18.0.13");
	assert_int_equal(transmit(&f, "198.18.0.12", 1, &unused), NET_TX_READY);
	neighbor_at(&f.net->neighbors, unused.idx)->was_used = false;
	assert_int_equal(transmit(&f, "198.18.0.11", 1, &used), NET_TX_READY);
	resolved(&f, "198.18.0.14");
	assert_int_equal(state_of(&f, "198.18.0.11"), NEIGHBOR_REACHABLE);
	assert_int_equal(state_of(&f, "198.18.0.12"), -1);
	assert_int_equal(transmit(&f, "198.18.0.11", 2, &used), NET_TX_READY);
	// The reference to what is gone does not lead to what has taken its place.
	assert_int_equal(transmit(&f, "198.18.0.12", 2, &unused), NET_TX_HELD);
	assert_int_equal(state_of(&f, "198.18.0.13"), -1);
	fixture_close(&f);
}

static void eviction_gives_up_what_was_held(void **state)
{
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.config.max_neighbors = 1;
	fixture_open(&f);
	assert_int_equal(transmit(&f, "198.18.0.11", 1, NULL), NET_TX_HELD);
	assert_int_equal(transmit(&f, "198.18.0.12", 2, NULL), NET_TX_HELD);
	assert_int_equal(counted(&f, PLX_COUNTER_NEIGHBOR_QUEUE_DROPPED), 1);
	assert_int_equal(state_of(&f, "198.18.0.11"), -1);
	pass(&f, 20 * PLX_SECOND); // its timer went with it
	assert_int_equal(state_of(&f, "198.18.0.12"), -1);
	assert_int_equal(net_next_deadline(f.net), PLX_TIME_NEVER);
	fixture_close(&f);
}

static void everything_in_use_still_makes_room(void **state)
{
	struct net_fixture f = fixture_prepare();
	char who[32];

	(void)state;
	f.config.max_neighbors = 64;
	fixture_open(&f);
	for (unsigned i = 0; i < 200; i++) {
		snprintf(who, sizeof(who), "198.18.0.%u", 10 + i);
		resolved(&f, who);
		assert_int_equal(transmit(&f, who, 1, NULL), NET_TX_READY);
	}
	assert_int_equal(pool_used(&f.net->neighbors.entries), 64);
	fixture_close(&f);
}

static void static_neighbours_need_no_asking_and_stay(void **state)
{
	struct frame moved = frame_arp(1, &OTHER_MAC, "198.18.0.1", "198.18.0.2");
	struct frame reply = frame_arp(2, &OTHER_MAC, "198.18.0.1", "198.18.0.2");
	struct frame told = frame_advertisement("fd00::1", &OTHER_MAC, ND_SOLICITED | ND_OVERRIDE);
	struct frame doubt = frame_advertisement("fd00::1", &OTHER_MAC, 0);
	struct neighbor_ref ref = neighbor_ref_none();
	struct net_fixture f = fixture_prepare();

	(void)state;
	f.config.max_neighbors = 2;
	f.config.n_neighbors = 2;
	f.neighbors[0].addr = addr("198.18.0.1");
	f.neighbors[1].addr = addr("fd00::1");
	memcpy(f.neighbors[0].mac, &PEER_MAC, 6);
	memcpy(f.neighbors[1].mac, &PEER_MAC, 6);
	fixture_open(&f);
	expect_verdict(&f, &moved, NET_ANSWERED, PLX_DROP_NONE);
	expect_sent(&f);
	expect_verdict(&f, &reply, NET_ANSWERED, PLX_DROP_NONE);
	expect_verdict(&f, &told, NET_ANSWERED, PLX_DROP_NONE);
	expect_verdict(&f, &doubt, NET_ANSWERED, PLX_DROP_NONE);
	assert_int_equal(state_of(&f, "fd00::1"), NEIGHBOR_REACHABLE);
	assert_int_equal(transmit(&f, "198.18.0.1", 1, &ref), NET_TX_READY);
	neighbor_confirm(f.net, ref, f.now);
	pass(&f, 3600 * PLX_SECOND);
	assert_int_equal(transmit(&f, "198.18.0.1", 2, &ref), NET_TX_READY);
	assert_int_equal(transmit(&f, "fd00::1", 3, NULL), NET_TX_READY);
	expect_silence(&f);
	// Nothing can go to make room.
	assert_int_equal(transmit(&f, "198.18.0.9", 4, NULL), NET_TX_DROPPED);
	assert_int_equal(counted(&f, PLX_COUNTER_NEIGHBOR_QUEUE_DROPPED), 1);
	fixture_close(&f);
}

static void the_tag_is_in_front_of_every_packet(void **state)
{
	struct net_fixture f = fixture_prepare();
	struct plx_addr to = addr("198.18.0.1");
	struct neighbor_ref ref = neighbor_ref_none();
	uint8_t l2[ETH_HEADER_MAX_BYTES];
	static const uint8_t expected[] = {2, 0, 0, 0,	  0, 1, 2,  0,	  0,
					   0, 0, 2, 0x81, 0, 0, 42, 0x08, 0x00};

	(void)state;
	f.config.vlan = 42;
	fixture_open(&f);
	assert_int_equal(net_link_bytes(f.net), 18);
	resolved(&f, "198.18.0.1");
	ref = neighbor_find_or_begin(f.net, &to);
	assert_int_equal(neighbor_header(f.net, ref, l2, f.now), NEIGHBOR_USABLE);
	assert_memory_equal(l2, expected, sizeof(expected));
	fixture_close(&f);
}

// Out of buffers nobody can be asked, but time goes on and the tries are counted.
static void without_buffers_resolution_fails_in_time(void **state)
{
	static struct rte_mbuf *all[POOL_MBUFS + 1];
	struct net_fixture f;
	unsigned n = 0;

	(void)state;
	fixture_default(&f);
	while (n < POOL_MBUFS && (all[n] = rte_pktmbuf_alloc(f.pool)) != NULL)
		n++;
	rte_pktmbuf_free(all[--n]);
	assert_int_equal(transmit(&f, "198.18.0.1", 1, NULL), NET_TX_HELD);
	expect_silence(&f);
	assert_int_equal(counted(&f, PLX_COUNTER_TX_NO_BUFFER), 1);
	pass(&f, 3 * PLX_SECOND);
	assert_int_equal(state_of(&f, "198.18.0.1"), NEIGHBOR_FAILED);
	rte_pktmbuf_free_bulk(all, n);
	fixture_close(&f);
}

static void bare_ip_packets_are_ready_at_once(void **state)
{
	struct net_fixture f = fixture_prepare();
	struct neighbor_ref ref = neighbor_ref_none();
	struct plx_addr to = addr("203.0.113.1");
	struct rte_mbuf *m;

	(void)state;
	f.config.link = PLX_LINK_IP;
	fixture_open(&f);
	assert_int_equal(net_link_bytes(f.net), 0);
	assert_int_equal(net_next_deadline(f.net), PLX_TIME_NEVER);
	m = mbufs_frame(f.pool, "packet", 6, 0);
	assert_int_equal(net_transmit(f.net, m, &ref, &to, f.now), NET_TX_READY);
	assert_int_equal(m->pkt_len, 6);
	neighbor_confirm(f.net, ref, f.now);
	rte_pktmbuf_free(m);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_wait_for_the_answer_and_go_in_order),
		cmocka_unit_test(a_gateway_is_resolved_for_all_behind_it),
		cmocka_unit_test(the_oldest_of_a_full_queue_goes),
		cmocka_unit_test(places_to_wait_are_used_again),
		cmocka_unit_test(the_oldest_of_all_goes_when_too_many_wait),
		cmocka_unit_test(three_unanswered_requests_are_a_failure),
		cmocka_unit_test(a_failure_is_forgotten_and_the_next_packet_asks_anew),
		cmocka_unit_test(a_failed_neighbour_that_is_used_is_asked_for_once_a_second),
		cmocka_unit_test(reachable_ages_to_stale),
		cmocka_unit_test(a_used_stale_neighbour_is_probed_and_may_fail),
		cmocka_unit_test(an_answered_probe_makes_reachable),
		cmocka_unit_test(confirmation_from_above_spares_the_probes),
		cmocka_unit_test(what_has_no_address_cannot_be_confirmed),
		cmocka_unit_test(after_a_leap_of_the_clock_one_request_goes),
		cmocka_unit_test(the_unused_is_evicted_before_the_used),
		cmocka_unit_test(eviction_gives_up_what_was_held),
		cmocka_unit_test(everything_in_use_still_makes_room),
		cmocka_unit_test(static_neighbours_need_no_asking_and_stay),
		cmocka_unit_test(the_tag_is_in_front_of_every_packet),
		cmocka_unit_test(without_buffers_resolution_fails_in_time),
		cmocka_unit_test(bare_ip_packets_are_ready_at_once),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("net/neighbor", tests, NULL, NULL);
}

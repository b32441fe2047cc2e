// SPDX-License-Identifier: BSD-3-Clause
//
// Fragments within bounds: switched off, too many packets at a time, a stack that ends with some in hand; and
// what is no fragment for us, or may not come in one. RFC 791 3.2, RFC 6946, RFC 6980.
#include <string.h>

#include "script/fragment_packets.h"
#include "support/eal_main.h"
#include "wire/bytes.h"
#include "wire/nd.h"

static void fragments_are_dropped_when_reassembly_is_off(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct packet p;

	f->config.max_fragments = 0;
	fixture_established(state);
	p = packet_of_next_segment(f, 400);
	piece_arrives(f, &p, (struct piece){0, 200, true});
	piece_arrives(f, &p, (struct piece){200, packet_transport_bytes(&p) - 200, false});
	expect_silence(f);
	expect_drops(f, PLX_DROP_IP_FRAGMENT, 2);
	assert_int_equal(fragments_held(f), 0);
	expect_unharmed(f);
}

// A flood of first fragments fills the table and no more; those that hold a place keep it.
static void packets_beyond_the_bound_are_dropped(void **state)
{
	enum { BOUND = 16, FLOOD = 200 };
	struct fixture *f = fixture_plan(state);
	struct packet victim, p;

	f->config.max_fragments = BOUND;
	fixture_established(state);
	victim = packet_of_next_segment(f, 400);
	piece_arrives(f, &victim, (struct piece){0, 200, true});
	for (unsigned i = 0; i < FLOOD; i++) {
		p = packet_of_next_segment(f, 400);
		piece_arrives(f, &p, (struct piece){0, 200, true});
	}
	assert_in_range(fragments_held(f), 2, BOUND);
	expect_drops(f, PLX_DROP_IP_FRAGMENT_FULL, FLOOD + 1 - fragments_held(f));
	piece_arrives(f, &victim,
		      (struct piece){200, packet_transport_bytes(&victim) - 200, false});
	f->rcv_nxt += 400;
	user_receives(f, 400);
	forget_events(f);
	advance(f, 200);
	forget_output(f);
	expect_all_given_up(f);
	expect_unharmed(f);
}

// A sixteenth of the buffers at most is held, however large the table.
static void fragments_do_not_hold_the_whole_pool(void **state)
{
	enum { POOL_SHARE = 8192 / 16 + 1, FLOOD = 700 };
	struct fixture *f = fixture_plan(state);
	struct packet p;

	f->config.max_fragments = 4096;
	fixture_established(state);
	for (unsigned i = 0; i < FLOOD; i++) {
		p = packet_of_next_segment(f, 400);
		piece_arrives(f, &p, (struct piece){0, 200, true});
	}
	assert_int_equal(fragments_held(f), POOL_SHARE);
	expect_drops(f, PLX_DROP_IP_FRAGMENT_FULL, FLOOD - POOL_SHARE);
	expect_unharmed(f);
}

// What is under reassembly when a stack ends goes back to its pool; the fixture counts.
static void stack_ends_with_fragments_in_hand(void **state)
{
	struct fixture *f = fixture_established(state);
	struct packet p = packet_of_next_segment(f, 400);

	piece_arrives(f, &p, (struct piece){0, 200, true});
	piece_arrives(f, &p, (struct piece){200, 104, true});
	assert_int_equal(fragments_held(f), 2);
}

// They are foreign as they came: nothing is put together for others, or of other protocols.
static void fragments_of_others_are_not_held(void **state)
{
	struct fixture *f = fixture_established(state);
	struct packet p = packet_of_next_segment(f, 400);
	uint8_t *l3 = p.bytes + p.l3_bytes;

	l3[f->variant->is_ipv6 ? 6 : 9] = 17;
	piece_arrives(f, &p, (struct piece){0, 200, true});
	expect_drops(f, PLX_DROP_IP_PROTOCOL, 1);
	p = packet_of_next_segment(f, 400);
	p.bytes[p.l4_bytes - 1] = 99; // the destination's last byte
	piece_arrives(f, &p, (struct piece){0, 200, true});
	expect_drops(f, PLX_DROP_IP_NOT_FOR_US, 1);
	p = packet_of_next_segment(f, 400);
	memcpy(p.bytes + p.l4_bytes - (f->variant->is_ipv6 ? 32 : 8),
	       p.bytes + p.l4_bytes - (f->variant->is_ipv6 ? 16 : 4),
	       f->variant->is_ipv6 ? 16 : 4); // from ourselves
	piece_arrives(f, &p, (struct piece){0, 200, true});
	expect_drops(f, PLX_DROP_IP_SOURCE, 1);
	assert_int_equal(fragments_held(f), 0);
	expect_silence(f);
}

// RFC 791 3.2: the protocol is part of what tells packets apart.
static void fragments_of_two_protocols_do_not_mix(void **state)
{
	struct fixture *f = fixture_established(state);
	struct packet p = packet_of_next_segment(f, 400), other = p;

	other.bytes[other.l3_bytes + 9] = IP_PROTOCOL_ICMP;
	piece_arrives(f, &other, (struct piece){0, 200, true});
	piece_arrives(f, &p, (struct piece){200, packet_transport_bytes(&p) - 200, false});
	assert_int_equal(fragments_held(f), 2);
	piece_arrives(f, &p, (struct piece){0, 200, true});
	assert_int_equal(fragments_held(f), 1);
	expect_all_given_up(f);
	expect_taken(f, 400);
}

// RFC 6946 4: an atomic fragment is a packet by itself, and disturbs no other of the same number.
static void atomic_fragment_is_a_whole_packet(void **state)
{
	struct fixture *f = fixture_established(state);
	struct packet p = packet_of_next_segment(f, 400);

	piece_arrives(f, &p, (struct piece){0, 200, true});
	piece_arrives(f, &p, (struct piece){0, packet_transport_bytes(&p), false});
	f->rcv_nxt += 400;
	user_receives(f, 400);
	advance(f, 200);
	forget_output(f);
	assert_int_equal(fragments_held(f), 1);
	expect_counter(f, PLX_COUNTER_IP_REASSEMBLED, 0);
	expect_all_given_up(f);
}

// RFC 6980 5: neighbour discovery in fragments is ignored, even in one that is atomic.
static void neighbor_discovery_in_a_fragment_is_ignored(void **state)
{
	struct fixture *f = fixture_established(state);
	struct packet p = packet_of_next_segment(f, 0);
	struct ip_header ip = {.src = f->to_stack.src,
			       .dst = f->to_stack.dst,
			       .protocol = IP_PROTOCOL_ICMPV6,
			       .hop_limit = ND_HOP_LIMIT,
			       .is_ipv6 = true};
	struct nd_message ask = {.is_solicitation = true,
				 .target = f->to_stack.dst,
				 .has_mac = true,
				 .mac = f->to_stack.src_mac};
	size_t len_bytes = nd_build(p.bytes + p.l4_bytes, &ip, &ask);

	ip.payload_bytes = (uint16_t)len_bytes;
	ipv6_header_build(p.bytes + p.l3_bytes, &ip);
	piece_arrives(f, &p, (struct piece){0, (uint32_t)len_bytes, false});
	expect_silence(f);
	expect_drops(f, PLX_DROP_ND_MALFORMED, 1);
	piece_arrives(f, &p, (struct piece){0, 16, true});
	piece_arrives(f, &p, (struct piece){16, (uint32_t)len_bytes - 16, false});
	expect_silence(f);
	expect_drops(f, PLX_DROP_ND_MALFORMED, 2);
	frame_arrives(f, p.bytes, p.l4_bytes + len_bytes);
	forget_output(f);
	expect_counter(f, PLX_COUNTER_FATE_ANSWERED, 2); // the SYN, and this
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(fragments_are_dropped_when_reassembly_is_off),
		SCENARIO(packets_beyond_the_bound_are_dropped),
		SCENARIO(fragments_do_not_hold_the_whole_pool),
		SCENARIO(stack_ends_with_fragments_in_hand),
		SCENARIO(fragments_of_others_are_not_held),
		SCENARIO_IPV4(fragments_of_two_protocols_do_not_mix),
		SCENARIO_IPV6(atomic_fragment_is_a_whole_packet),
		SCENARIO_IPV6(neighbor_discovery_in_a_fragment_is_ignored),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script fragment bounds", tests, NULL, NULL);
}

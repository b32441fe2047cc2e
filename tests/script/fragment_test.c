// SPDX-License-Identifier: BSD-3-Clause
//
// TCP in IP fragments: what arrives in pieces is what was cut, in whatever order it comes; what cannot
// be put together is dropped under its reason and leaves nothing behind. RFC 791 3.2, RFC 8200 4.5,
// RFC 1122 3.3.2, RFC 1858, RFC 3128, RFC 5722, RFC 6946, RFC 6980.

#include "script/fragment_packets.h"
#include "support/eal_main.h"
#include "support/reference.h"
#include "support/seed.h"
#include "wire/bytes.h"

static void fragments_in_any_order_are_the_segment(void **state)
{
	struct fixture *f = fixture_established(state);
	struct random r = {{0}};
	uint64_t seed = test_seed();
	uint64_t fragments = 0;

	random_init_seed(&r, seed);
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint32_t payload_bytes = PAYLOAD_MIN_BYTES
			+ random_below(&r, PAYLOAD_MAX_BYTES - PAYLOAD_MIN_BYTES);
		unsigned n = 2 + random_below(&r, FRAGMENTS_MAX - 1);
		struct packet p = packet_of_next_segment(f, payload_bytes);
		struct piece pieces[FRAGMENTS_MAX];

		fragments_cut(pieces, n, packet_transport_bytes(&p), &r);
		fragments_shuffle(pieces, n, &r);
		if (i % 2 == 0)
			burst_begin(f);
		pieces_arrive(f, &p, pieces, n);
		if (i % 2 == 0)
			burst_end(f);
		expect_taken(f, payload_bytes);
		fragments += n;
	}
	expect_counter(f, PLX_COUNTER_IP_REASSEMBLED, ROUNDS);
	expect_counter(f, PLX_COUNTER_FATE_REASSEMBLED, fragments - ROUNDS);
	assert_int_equal(stats_of(f).counters[PLX_COUNTER_TCP_RX_SEGMENTS], ROUNDS + 2);
}

// As many packets at once as there may be, their fragments all mixed up.
static void packets_under_reassembly_do_not_mix(void **state)
{
	enum { PACKETS = 8, PIECES = 4, BYTES = 512 };
	static struct packet packets[PACKETS];
	struct piece pieces[PACKETS][PIECES];
	struct fixture *f = fixture_established(state);
	uint32_t first = f->rcv_nxt;
	struct random r;

	random_init_seed(&r, test_seed());
	for (unsigned i = 0; i < PACKETS; i++) {
		packets[i] = packet_of_next_segment(f, BYTES);
		fragments_cut(pieces[i], PIECES, packet_transport_bytes(&packets[i]), &r);
		fragments_shuffle(pieces[i], PIECES, &r);
		f->rcv_nxt += BYTES;
	}
	f->rcv_nxt = first;
	for (unsigned k = 0; k < PIECES; k++)
		for (unsigned i = 0; i < PACKETS; i++)
			piece_arrives(f, &packets[i], pieces[i][k]);
	forget_output(f);
	f->rcv_nxt += PACKETS * BYTES;
	user_receives(f, PACKETS * BYTES);
	advance(f, 200);
	forget_output(f);
	assert_int_equal(info_of(f).rcv_nxt, f->rcv_nxt);
	assert_int_equal(fragments_held(f), 0);
}

// RFC 9293 3.10.7.2: a SYN is a SYN however it travels.
static void fragmented_syn_opens_a_connection(void **state)
{
	struct fixture *f = fixture_listening(state);
	struct seg syn = SEG(.flags = TCP_SYN, .seq = f->peer.isn, .ack = 0, .wnd = 1000, .len = 0,
			     .mss = 1000, .wscale = 7, .ts_val = 1);
	struct packet p;

	p.len_bytes = seg_build(p.bytes, &f->to_stack, &syn, f->peer.isn + 1, 0);
	packet_set_places(f, &p);
	piece_arrives(f, &p, (struct piece){24, packet_transport_bytes(&p) - 24, false});
	expect_silence(f);
	assert_int_equal(fragments_held(f), 1);
	piece_arrives(f, &p, (struct piece){0, 24, true});
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .ack = f->peer.isn + 1));
	expect_silence(f);
}

// The checksum is of the whole, whatever a port said of the pieces.
static void spoilt_segment_in_fragments_is_dropped(void **state)
{
	struct fixture *f = fixture_established(state);
	struct packet p = packet_of_next_segment(f, 400);

	p.bytes[p.len_bytes - 1] ^= 1;
	piece_arrives(f, &p, (struct piece){0, 200, true});
	piece_arrives(f, &p, (struct piece){200, packet_transport_bytes(&p) - 200, false});
	expect_silence(f);
	expect_drops(f, PLX_DROP_TCP_CHECKSUM, 1);
	expect_counter(f, PLX_COUNTER_FATE_REASSEMBLED, 1);
	assert_int_equal(fragments_held(f), 0);
	expect_unharmed(f);
}

// RFC 1122 3.3.2, RFC 8200 4.5: what does not become whole is given up after 60 seconds.
static void incomplete_packet_is_given_up(void **state)
{
	struct fixture *f = fixture_established(state);
	struct packet p = packet_of_next_segment(f, 400);

	piece_arrives(f, &p, (struct piece){0, 200, true});
	piece_arrives(f, &p, (struct piece){208, 104, true});
	advance(f, FRAGMENT_TIME_MS - 1);
	assert_int_equal(fragments_held(f), 2);
	expect_drops(f, PLX_DROP_IP_FRAGMENT_TIMEOUT, 0);
	expect_all_given_up(f);
	expect_drops(f, PLX_DROP_IP_FRAGMENT_TIMEOUT, 2);
	assert_true(plx_next_deadline(f->stack) > f->now + 3600 * PLX_SECOND);
	piece_arrives(f, &p, (struct piece){200, 8, true});
	piece_arrives(f, &p, (struct piece){312, packet_transport_bytes(&p) - 312, false});
	assert_int_equal(fragments_held(f), 2);
	expect_all_given_up(f);
	expect_drops(f, PLX_DROP_IP_FRAGMENT_TIMEOUT, 4);
	expect_unharmed(f);
}

static void time_of_fragments_is_configured(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct packet p;

	f->config.fragment_time = 2 * PLX_SECOND;
	fixture_established(state);
	p = packet_of_next_segment(f, 400);
	piece_arrives(f, &p, (struct piece){0, 200, true});
	advance(f, 1999);
	assert_int_equal(fragments_held(f), 1);
	advance(f, 502);
	assert_int_equal(fragments_held(f), 0);
	expect_drops(f, PLX_DROP_IP_FRAGMENT_TIMEOUT, 1);
}

// RFC 5722 3: overlapping fragments end the packet, silently; so do contradictions.
static void overlapping_fragments_are_dropped(void **state)
{
	static const struct piece sets[][4] = {
		{{0, 200, true}, {200, 96, true}, {192, 208, true}, {400, 20, false}},
		{{0, 200, true}, {0, 200, true}},
		{{0, 200, true}, {0, 104, true}},
		// as many bytes as the packet has, with an overlap and a hole
		{{0, 200, true}, {192, 104, true}, {304, 116, false}},
		{{200, 220, false}, {200, 220, false}},
		{{200, 220, false}, {400, 20, false}},
		{{0, 208, true}, {200, 220, false}},
		{{0, 400, true}, {200, 104, true}, {304, 116, false}},
	};

	for (unsigned i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct fixture *f = fixture_established(state);
		struct packet p = packet_of_next_segment(f, 400);
		unsigned n = 0;

		for (; n < 4 && sets[i][n].len_bytes > 0; n++)
			piece_arrives(f, &p, sets[i][n]);
		expect_silence(f);
		user_finds_nothing(f);
		expect_all_given_up(f);
		assert_true(drops(f, PLX_DROP_IP_FRAGMENT_OVERLAP) >= 2);
		assert_int_equal(drops(f, PLX_DROP_IP_FRAGMENT_OVERLAP)
					 + drops(f, PLX_DROP_IP_FRAGMENT_TIMEOUT),
				 n);
		expect_unharmed(f);
		fixture_renew(state);
	}
}

// Nine pieces are one too many; the packet is lost, the next one is not.
static void packet_in_too_many_fragments_is_dropped(void **state)
{
	enum { PIECES = FRAGMENTS_MAX + 1, BYTES = 40 };
	struct fixture *f = fixture_established(state);
	struct packet p = packet_of_next_segment(f, PIECES * BYTES - 20);

	for (unsigned i = 0; i < PIECES; i++)
		piece_arrives(f, &p, (struct piece){i * BYTES, BYTES, i < PIECES - 1});
	expect_silence(f);
	expect_all_given_up(f);
	assert_int_equal(drops(f, PLX_DROP_IP_FRAGMENT_OVERLAP)
				 + drops(f, PLX_DROP_IP_FRAGMENT_TIMEOUT),
			 PIECES);
	expect_unharmed(f);
}

// RFC 1858 3, RFC 3128, RFC 7112 5: no TCP header is hidden in a second fragment. RFC 8200 4.5.
static void tiny_and_misshapen_fragments_are_dropped(void **state)
{
	static const struct piece pieces[] = {
		{0, 8, true}, {0, 16, true},   {8, 200, true}, {16, 16, false},
		{0, 0, true}, {200, 0, false}, {0, 201, true}, {24, 12, true},
	};
	struct fixture *f = fixture_established(state);
	struct packet p = packet_of_next_segment(f, 400);

	for (unsigned i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		piece_arrives(f, &p, pieces[i]);
		expect_drops(f, PLX_DROP_IP_FRAGMENT_MALFORMED, i + 1);
		assert_int_equal(fragments_held(f), 0);
	}
	expect_silence(f);
	expect_unharmed(f);
}

// The ping of death: the end lies beyond what an IP packet can hold.
static void packet_beyond_the_largest_is_dropped(void **state)
{
	struct fixture *f = fixture_established(state);
	struct packet p = packet_of_next_segment(f, 800);
	uint8_t bytes[FRAGMENT_FRAME_MAX_BYTES];
	size_t len_bytes = fragment_build(bytes, p.bytes, p.l3_bytes, p.id,
					  (struct piece){0, 800, false});
	uint8_t *l3 = bytes + p.l3_bytes;

	if (f->variant->is_ipv6) {
		store_be16(l3 + IPV6_HEADER_BYTES + 2, 65528);
	} else {
		store_be16(l3 + 6, 65528 / 8);
		store_be16(l3 + 10, 0);
		store_be16(l3 + 10, reference_checksum(l3, IPV4_HEADER_BYTES));
	}
	frame_arrives(f, bytes, len_bytes);
	expect_drops(f, PLX_DROP_IP_FRAGMENT_MALFORMED, 1);
	expect_silence(f);
	expect_unharmed(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_EVERY_LINK(fragments_in_any_order_are_the_segment),
		SCENARIO_EVERY_LINK(packets_under_reassembly_do_not_mix),
		SCENARIO(fragmented_syn_opens_a_connection),
		SCENARIO(spoilt_segment_in_fragments_is_dropped),
		SCENARIO_EVERY_LINK(incomplete_packet_is_given_up),
		SCENARIO(time_of_fragments_is_configured),
		SCENARIO(overlapping_fragments_are_dropped),
		SCENARIO(packet_in_too_many_fragments_is_dropped),
		SCENARIO(tiny_and_misshapen_fragments_are_dropped),
		SCENARIO(packet_beyond_the_largest_is_dropped),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script fragment", tests, NULL, NULL);
}

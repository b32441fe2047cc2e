// SPDX-License-Identifier: BSD-3-Clause
//
// Frames that are wrong somewhere: each dropped for its one reason, nothing answered, nothing changed.
// RFC 9293 3.1, 3.2; RFC 1122 3.2.1; drop.def names the reasons.
#include <string.h>

#include "support/eal_main.h"
#include "support/reference.h"
#include "support/user.h"
#include "wire/bytes.h"

// A good segment with a payload of ten bytes, to be spoiled.
struct good_frame {
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];
	size_t len_bytes;
	uint8_t *ip;
	uint8_t *tcp;
};

enum { PAYLOAD_BYTES = 10, OPTIONS_BYTES = 12 };

static void build_good(struct fixture *f, struct good_frame *g, int64_t flags)
{
	struct seg seg = SEG(.flags = flags, .seq = f->rcv_nxt, .ack = f->snd_nxt, .wnd = 1000,
			     .len = PAYLOAD_BYTES, .ts_val = 1, .ts_ecr = 1);

	g->len_bytes = seg_build(g->bytes, &f->to_stack, &seg, f->rcv_nxt, 0);
	g->ip = g->bytes + (f->config.link == PLX_LINK_ETHERNET ? ETH_HEADER_BYTES : 0);
	g->tcp = g->ip + (f->variant->is_ipv6 ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES);
}

// So that only the fault under test is left to be found.
static void mend_checksums(struct fixture *f, struct good_frame *g)
{
	size_t segment_bytes = g->len_bytes - (size_t)(g->tcp - g->bytes);

	if (!f->variant->is_ipv6) {
		store_be16(g->ip + 10, 0);
		store_be16(g->ip + 10, reference_checksum(g->ip, IPV4_HEADER_BYTES));
	}
	store_be16(g->tcp + 16, 0);
	store_be16(g->tcp + 16,
		   reference_transport_checksum(&f->to_stack.src, &f->to_stack.dst, IP_PROTOCOL_TCP,
						g->tcp, segment_bytes));
}

// The frame is dropped for this reason and for no other, and the connection has not noticed.
static void expect_only_drop(struct fixture *f, const struct good_frame *g, enum plx_drop reason)
{
	uint64_t before = drops(f, reason);
	struct plx_stats stats = stats_of(f);
	uint64_t all = plx_books_of(&stats).frames_dropped;
	struct plx_info info = info_of(f);

	frame_arrives(f, g->bytes, g->len_bytes);
	expect_silence(f);
	expect_no_event(f);
	expect_drops(f, reason, before + 1);
	stats = stats_of(f);
	assert_int_equal(plx_books_of(&stats).frames_dropped, all + 1);
	assert_int_equal(info_of(f).rcv_nxt, info.rcv_nxt);
	assert_int_equal(info_of(f).state, info.state);
}

static void good_frame_is_taken(void **state)
{
	struct fixture *f = fixture_established(state);
	struct good_frame g;
	struct plx_stats stats;

	build_good(f, &g, TCP_ACK);
	mend_checksums(f, &g);
	frame_arrives(f, g.bytes, g.len_bytes);

	user_receives(f, PAYLOAD_BYTES);
	stats = stats_of(f);
	assert_int_equal(plx_books_of(&stats).frames_dropped, 0);
	advance(f, 40);
	forget_output(f);
}

// Ethernet pads short frames; what lies behind the IP datagram is nobody's.
static void padding_is_ignored(void **state)
{
	struct fixture *f = fixture_established(state);
	struct good_frame g;

	build_good(f, &g, TCP_ACK);
	memset(g.bytes + g.len_bytes, 0xa5, 40);
	frame_arrives(f, g.bytes, g.len_bytes + 40);

	user_receives(f, PAYLOAD_BYTES);
	advance(f, 40);
	forget_output(f);
}

// RFC 9293 3.1: the checksum, with every single bit of header and payload flipped in turn.
static void every_flipped_bit_fails_the_checksum(void **state)
{
	struct fixture *f = fixture_established(state);
	struct good_frame g;

	build_good(f, &g, TCP_ACK | TCP_PSH);
	for (size_t at = (size_t)(g.tcp - g.bytes); at < g.len_bytes; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			struct plx_stats before = stats_of(f), after;

			g.bytes[at] ^= (uint8_t)(1u << bit);
			frame_arrives(f, g.bytes, g.len_bytes);
			g.bytes[at] ^= (uint8_t)(1u << bit);
			expect_silence(f);
			after = stats_of(f);
			assert_int_equal(plx_books_of(&after).frames_dropped,
					 plx_books_of(&before).frames_dropped + 1);
		}
	}
	user_finds_nothing(f);
	assert_true(drops(f, PLX_DROP_TCP_CHECKSUM) > 0);
}

static void wrong_tcp_checksum_is_dropped(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.len = 10, .spoil = 1));
	segment_arrives(f, SEG(.len = 1001, .spoil = 256, .pieces = 333));

	expect_silence(f);
	expect_drops(f, PLX_DROP_TCP_CHECKSUM, 2);
}

static void wrong_ipv4_checksum_is_dropped(void **state)
{
	struct fixture *f = fixture_established(state);
	struct good_frame g;

	build_good(f, &g, TCP_ACK);
	g.ip[10] ^= 1;
	expect_only_drop(f, &g, PLX_DROP_IPV4_CHECKSUM);
}

// RFC 9293 3.1: 20 to 60 bytes, and not past the segment.
static void wrong_data_offset_is_dropped(void **state)
{
	struct fixture *f = fixture_established(state);
	struct good_frame g;

	for (unsigned words = 0; words < 5; words++) {
		build_good(f, &g, TCP_ACK);
		g.tcp[12] = (uint8_t)(words << 4);
		mend_checksums(f, &g);
		expect_only_drop(f, &g, PLX_DROP_TCP_HEADER);
	}
	build_good(f, &g, TCP_ACK);
	g.tcp[12] = 15 << 4;
	mend_checksums(f, &g);
	expect_only_drop(f, &g, PLX_DROP_TCP_HEADER);
}

// RFC 9293 3.2: an option of length 0, 1, or past the end.
static void malformed_options_are_dropped(void **state)
{
	static const uint8_t lists[][OPTIONS_BYTES] = {
		{8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1},  // timestamps of length 0
		{8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1},  // of length 1
		{77, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1}, // an unknown one of length 1
		{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 77}, // its length is not there
		{1, 1, 1, 1, 1, 1, 1, 1, 1, 77, 4, 0}, // it ends behind the list
	};
	struct fixture *f = fixture_established(state);
	struct good_frame g;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		build_good(f, &g, TCP_ACK);
		memcpy(g.tcp + TCP_HEADER_BYTES, lists[i], OPTIONS_BYTES);
		mend_checksums(f, &g);
		expect_only_drop(f, &g, PLX_DROP_TCP_OPTION);
	}
}

// RFC 9293 MUST-6, MUST-7: what is not known, or not of the length it should have, is skipped.
static void unknown_options_are_skipped(void **state)
{
	static const uint8_t lists[][OPTIONS_BYTES] = {
		{77, 6, 1, 2, 3, 4, 1, 254, 2, 0, 9, 9}, // then the end of the list
		{8, 9, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1},	 // timestamps of nine bytes
		{2, 3, 5, 1, 3, 4, 5, 5, 4, 2, 1, 1}, // MSS and window scale one too long or short
	};
	struct fixture *f = fixture_established(state);
	struct good_frame g;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		build_good(f, &g, TCP_ACK);
		memcpy(g.tcp + TCP_HEADER_BYTES, lists[i], OPTIONS_BYTES);
		mend_checksums(f, &g);
		frame_arrives(f, g.bytes, g.len_bytes);
		f->received_bytes = 0;
		user_receives(f, PAYLOAD_BYTES);
		f->rcv_nxt += PAYLOAD_BYTES;
		advance(f, 40);
		forget_output(f);
	}
}

// RFC 9293 MUST-64: an option may begin at any octet.
static void options_begin_at_any_octet(void **state)
{
	static const uint8_t mss[] = {2, 4, 700 >> 8, 700 & 0xff};
	struct good_frame g;

	for (size_t at = 0; at <= OPTIONS_BYTES - sizeof(mss); at++) {
		struct fixture *f = fixture_listening(state);

		build_good(f, &g, TCP_SYN);
		memset(g.tcp + TCP_HEADER_BYTES, 1, OPTIONS_BYTES);
		memcpy(g.tcp + TCP_HEADER_BYTES + at, mss, sizeof(mss));
		store_be32(g.tcp + 8, 0);
		mend_checksums(f, &g);
		frame_arrives(f, g.bytes, g.len_bytes);
		f->snd_nxt = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK))->tcp.seq + 1;
		f->rcv_nxt++;
		segment_arrives(f, SEG());
		expect_event(f, PLX_EVENT_ACCEPTED, 0);
		assert_int_equal(info_of(f).mss_bytes, 700);
		fixture_renew(state);
	}
}

// RFC 1122 3.2.1.7: a host does not discard a datagram for its TTL.
static void exhausted_hop_limit_is_no_reason(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.len = 10, .hop_limit = 0));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 10, .len = 10, .hop_limit = 1));

	user_receives(f, 20);
	expect_segment(f, SEG(.flags = TCP_ACK, .hop_limit = 64));
}

// A malformed SYN leaves no half-open connection behind.
static void malformed_syn_opens_nothing(void **state)
{
	struct fixture *f = fixture_listening(state);
	struct good_frame g;

	build_good(f, &g, TCP_SYN);
	g.tcp[TCP_HEADER_BYTES + 3] = 0;
	mend_checksums(f, &g);
	frame_arrives(f, g.bytes, g.len_bytes);

	expect_silence(f);
	expect_drops(f, PLX_DROP_TCP_OPTION, 1);
	assert_int_equal(stats_of(f).half_open, 0);
}

// Every length from nothing to one byte short of the whole, in frames of exactly that length.
static void truncated_frames_are_dropped(void **state)
{
	struct fixture *f = fixture_established(state);
	struct good_frame g;
	size_t whole;

	build_good(f, &g, TCP_ACK);
	whole = g.len_bytes;
	for (g.len_bytes = 0; g.len_bytes < whole; g.len_bytes++) {
		struct plx_stats before = stats_of(f), after;

		frame_arrives(f, g.bytes, g.len_bytes);
		expect_silence(f);
		after = stats_of(f);
		assert_int_equal(plx_books_of(&after).frames_dropped,
				 plx_books_of(&before).frames_dropped + 1);
	}
	user_finds_nothing(f);
	assert_true(drops(f, PLX_DROP_FRAME_SHORT) > 0);
}

// An IP datagram that is shorter than its TCP header.
static void datagram_shorter_than_the_header_is_dropped(void **state)
{
	struct fixture *f = fixture_established(state);
	struct good_frame g;

	build_good(f, &g, TCP_ACK);
	if (f->variant->is_ipv6)
		store_be16(g.ip + 4, TCP_HEADER_BYTES - 1);
	else
		store_be16(g.ip + 2, IPV4_HEADER_BYTES + TCP_HEADER_BYTES - 1);
	mend_checksums(f, &g);
	frame_arrives(f, g.bytes, g.len_bytes);

	expect_silence(f);
	assert_int_equal(drops(f, PLX_DROP_TCP_HEADER) + drops(f, PLX_DROP_TCP_CHECKSUM), 1);
}

static struct fixture *without_reassembly(void **state)
{
	fixture_plan(state)->config.max_fragments = 0;
	return fixture_established(state);
}

static void wrong_ipv4_headers_are_dropped(void **state)
{
	struct fixture *f = without_reassembly(state);
	struct good_frame g;

	build_good(f, &g, TCP_ACK);
	g.ip[0] = 0x44; // a header of 16 bytes
	expect_only_drop(f, &g, PLX_DROP_IPV4_HEADER);
	build_good(f, &g, TCP_ACK);
	store_be16(g.ip + 2, 19); // a datagram shorter than its header
	mend_checksums(f, &g);
	expect_only_drop(f, &g, PLX_DROP_IPV4_HEADER);
	build_good(f, &g, TCP_ACK);
	store_be16(g.ip + 6, 0x2000); // more fragments
	mend_checksums(f, &g);
	expect_only_drop(f, &g, PLX_DROP_IP_FRAGMENT);
	build_good(f, &g, TCP_ACK);
	g.ip[9] = 17;
	mend_checksums(f, &g);
	expect_only_drop(f, &g, PLX_DROP_IP_PROTOCOL);
}

static void wrong_ipv6_headers_are_dropped(void **state)
{
	struct fixture *f = without_reassembly(state);
	struct good_frame g;

	build_good(f, &g, TCP_ACK);
	store_be16(g.ip + 4, 2000); // longer than the frame
	expect_only_drop(f, &g, PLX_DROP_IPV6_HEADER);
	build_good(f, &g, TCP_ACK);
	g.ip[6] = 0; // hop-by-hop options
	expect_only_drop(f, &g, PLX_DROP_IPV6_EXTENSION);
	build_good(f, &g, TCP_ACK);
	g.ip[6] = 44;
	g.tcp[0] = IP_PROTOCOL_TCP; // what the piece is of
	expect_only_drop(f, &g, PLX_DROP_IP_FRAGMENT);
	build_good(f, &g, TCP_ACK);
	g.ip[6] = 17;
	expect_only_drop(f, &g, PLX_DROP_IP_PROTOCOL);
}

static void from_and_to(struct fixture *f, const char *src, const char *dst, enum plx_drop reason)
{
	struct seg_path path = f->to_stack;
	struct good_frame g;

	if (src != NULL)
		assert_int_equal(plx_addr_parse(src, &f->to_stack.src), 0);
	if (dst != NULL)
		assert_int_equal(plx_addr_parse(dst, &f->to_stack.dst), 0);
	build_good(f, &g, TCP_SYN);
	f->to_stack = path;
	expect_only_drop(f, &g, reason);
}

// RFC 1122 3.2.1.3, 4.2.3.10 (MUST-57): sources that no answer may go to, and other people's packets.
static void foreign_and_martian_ipv4_addresses_are_dropped(void **state)
{
	struct fixture *f = fixture_established(state);

	from_and_to(f, "127.0.0.1", NULL, PLX_DROP_IP_SOURCE);
	from_and_to(f, "224.0.0.1", NULL, PLX_DROP_IP_SOURCE);
	from_and_to(f, "255.255.255.255", NULL, PLX_DROP_IP_SOURCE);
	from_and_to(f, "0.0.0.0", NULL, PLX_DROP_IP_SOURCE);
	from_and_to(f, "198.18.0.2", NULL, PLX_DROP_IP_SOURCE);
	from_and_to(f, "198.18.0.255", NULL, PLX_DROP_IP_SOURCE);
	from_and_to(f, NULL, "198.18.0.3", PLX_DROP_IP_NOT_FOR_US);
	from_and_to(f, NULL, "224.0.0.1", PLX_DROP_IP_NOT_FOR_US);
	from_and_to(f, NULL, "255.255.255.255", PLX_DROP_IP_NOT_FOR_US);
	from_and_to(f, NULL, "198.18.0.255", PLX_DROP_IP_NOT_FOR_US);
}

static void foreign_and_martian_ipv6_addresses_are_dropped(void **state)
{
	struct fixture *f = fixture_established(state);

	from_and_to(f, "::1", NULL, PLX_DROP_IP_SOURCE);
	from_and_to(f, "ff02::1", NULL, PLX_DROP_IP_SOURCE);
	from_and_to(f, "::", NULL, PLX_DROP_IP_SOURCE);
	from_and_to(f, "fd00::2", NULL, PLX_DROP_IP_SOURCE);
	from_and_to(f, NULL, "fd00::3", PLX_DROP_IP_NOT_FOR_US);
	from_and_to(f, NULL, "ff02::1", PLX_DROP_IP_NOT_FOR_US);
}

static void wrong_ethernet_headers_are_dropped(void **state)
{
	struct fixture *f = fixture_established(state);
	struct good_frame g;

	build_good(f, &g, TCP_ACK);
	g.bytes[5] ^= 1;
	expect_only_drop(f, &g, PLX_DROP_FRAME_FOREIGN_MAC);
	build_good(f, &g, TCP_ACK);
	g.bytes[6] |= 1;
	expect_only_drop(f, &g, PLX_DROP_FRAME_SOURCE_MAC);
	build_good(f, &g, TCP_ACK);
	memcpy(g.bytes + 6, f->config.mac, ETH_ADDR_BYTES);
	expect_only_drop(f, &g, PLX_DROP_FRAME_SOURCE_MAC);
	build_good(f, &g, TCP_ACK);
	store_be16(g.bytes + 12, 0x88cc);
	expect_only_drop(f, &g, PLX_DROP_FRAME_ETHERTYPE);
}

// A station on a VLAN takes frames with its tag only.
static void frames_of_another_vlan_are_dropped(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->config.vlan = 7;
	fixture_established(state);
	segment_arrives(f, SEG(.len = 10));
	user_receives(f, 10);
	expect_segment_after(f, 40, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 10));
	f->to_stack.vlan = 8;
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 10, .len = 10));
	f->to_stack.vlan = 0;
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 10, .len = 10));
	expect_silence(f);
	expect_drops(f, PLX_DROP_FRAME_VLAN, 2);
}

// return_foreign: what is not ours goes back to the embedder instead.
static void foreign_frames_are_returned_on_request(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct good_frame g;

	f->config.return_foreign = true;
	fixture_established(state);
	build_good(f, &g, TCP_ACK);
	store_be16(g.bytes + 12, 0x88cc);
	burst_begin(f);
	segment_arrives(f, SEG(.len = 10));
	frame_arrives(f, g.bytes, g.len_bytes);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 10, .len = 10));
	burst_end(f);

	expect_counter(f, PLX_COUNTER_FATE_RETURNED, 1);
	expect_drops(f, PLX_DROP_FRAME_ETHERTYPE, 0);
	user_receives(f, 20);
	forget_output(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_EVERY_LINK(good_frame_is_taken),
		SCENARIO_EVERY_LINK(padding_is_ignored),
		SCENARIO(every_flipped_bit_fails_the_checksum),
		SCENARIO(wrong_tcp_checksum_is_dropped),
		SCENARIO_IPV4(wrong_ipv4_checksum_is_dropped),
		SCENARIO(wrong_data_offset_is_dropped),
		SCENARIO(malformed_options_are_dropped),
		SCENARIO(unknown_options_are_skipped),
		SCENARIO(options_begin_at_any_octet),
		SCENARIO(exhausted_hop_limit_is_no_reason),
		SCENARIO(malformed_syn_opens_nothing),
		SCENARIO_EVERY_LINK(truncated_frames_are_dropped),
		SCENARIO(datagram_shorter_than_the_header_is_dropped),
		SCENARIO_IPV4(wrong_ipv4_headers_are_dropped),
		SCENARIO_IPV6(wrong_ipv6_headers_are_dropped),
		SCENARIO_IPV4(foreign_and_martian_ipv4_addresses_are_dropped),
		SCENARIO_IPV6(foreign_and_martian_ipv6_addresses_are_dropped),
		SCENARIO(wrong_ethernet_headers_are_dropped),
		SCENARIO(frames_of_another_vlan_are_dropped),
		SCENARIO(foreign_frames_are_returned_on_request),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script malformed", tests, NULL, NULL);
}

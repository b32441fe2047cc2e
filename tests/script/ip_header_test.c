// SPDX-License-Identifier: BSD-3-Clause
//
// What may stand between an IP header and a TCP segment: IPv4 options, IPv6 extension headers. Harmless
// ones are skipped, the segment is taken as if they were not there; the others end the packet under a
// reason. RFC 791 3.1, RFC 7126, RFC 8200 4, RFC 5095.
#include <string.h>

#include "support/eal_main.h"
#include "support/reference.h"
#include "support/user.h"
#include "wire/bytes.h"

enum { PAYLOAD_BYTES = 50, HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, DESTINATION = 60 };

// What is put in between, and the type of the first header of it (IPv6).
struct insertion {
	uint8_t first;
	size_t len_bytes;
	uint8_t bytes[1024];
};

static size_t build_with(struct fixture *f, const struct insertion *in, uint8_t *bytes)
{
	struct seg seg = SEG(.flags = TCP_ACK | TCP_PSH, .seq = f->rcv_nxt, .ack = f->snd_nxt,
			     .wnd = FIXTURE_PEER_WND, .len = PAYLOAD_BYTES);
	size_t l3 = f->config.link == PLX_LINK_ETHERNET ? ETH_HEADER_BYTES : 0;
	size_t len_bytes = seg_build(bytes, &f->to_stack, &seg, f->peer.isn + 1, 0);
	size_t header_bytes = f->variant->is_ipv6 ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES;
	uint8_t *ip = bytes + l3, *behind = ip + header_bytes;

	memmove(behind + in->len_bytes, behind, len_bytes - l3 - header_bytes);
	memcpy(behind, in->bytes, in->len_bytes);
	len_bytes += in->len_bytes;
	if (f->variant->is_ipv6) {
		ip[6] = in->first;
		store_be16(ip + 4, (uint16_t)(len_bytes - l3 - header_bytes));
		return len_bytes;
	}
	ip[0] = (uint8_t)(0x40 | (header_bytes + in->len_bytes) / 4);
	store_be16(ip + 2, (uint16_t)(len_bytes - l3));
	store_be16(ip + 10, 0);
	store_be16(ip + 10, reference_checksum(ip, header_bytes + in->len_bytes));
	return len_bytes;
}

static void expect_skipped(struct fixture *f, const struct insertion *in)
{
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];

	frame_arrives(f, bytes, build_with(f, in, bytes));
	f->rcv_nxt += PAYLOAD_BYTES;
	user_receives(f, PAYLOAD_BYTES);
	advance(f, 200);
	assert_int_equal(info_of(f).rcv_nxt, f->rcv_nxt);
	forget_output(f);
	forget_events(f);
}

static void expect_refused(struct fixture *f, const struct insertion *in, enum plx_drop reason)
{
	uint64_t before = drops(f, reason);
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];

	frame_arrives(f, bytes, build_with(f, in, bytes));
	expect_drops(f, reason, before + 1);
	expect_silence(f);
	user_finds_nothing(f);
}

// RFC 791 3.1, RFC 1122 3.2.1.8: of whatever kind and length.
static void ipv4_options_are_skipped(void **state)
{
	static const uint8_t kinds[] = {0, 1, 7, 68, 130, 148, 25, 94, 255};
	struct fixture *f = fixture_established(state);

	for (unsigned k = 0; k < sizeof(kinds); k++) {
		for (size_t len = 4; len <= 40; len += 4) {
			struct insertion in = {.len_bytes = len, .bytes = {kinds[k], (uint8_t)len}};

			if (kinds[k] <= 1)
				memset(in.bytes, kinds[k], len);
			expect_skipped(f, &in);
		}
	}
}

// RFC 7126 4.3.5 and 4.4.5; the first option of a list or the last.
static void ipv4_source_routes_are_dropped(void **state)
{
	static const uint8_t kinds[] = {131, 137};
	struct fixture *f = fixture_established(state);

	for (unsigned k = 0; k < sizeof(kinds); k++) {
		struct insertion in = {.len_bytes = 8, .bytes = {kinds[k], 7, 4, 198, 18, 0, 9}};

		expect_refused(f, &in, PLX_DROP_IP_SOURCE_ROUTE);
		in.bytes[2] = 8; // used up: the way was still the sender's choice
		expect_refused(f, &in, PLX_DROP_IP_SOURCE_ROUTE);
		in = (struct insertion){.len_bytes = 12,
					.bytes = {1, 148, 4, 0, 0, kinds[k], 7, 4, 198, 18, 0, 9}};
		expect_refused(f, &in, PLX_DROP_IP_SOURCE_ROUTE);
	}
}

static void malformed_ipv4_options_are_dropped(void **state)
{
	static const uint8_t lists[][4] = {{7, 0}, {7, 1}, {7, 5}, {1, 1, 1, 7}};
	struct fixture *f = fixture_established(state);

	for (unsigned i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct insertion in = {.len_bytes = 4};

		memcpy(in.bytes, lists[i], 4);
		expect_refused(f, &in, PLX_DROP_IPV4_OPTION);
	}
}

// A header of `units` times eight bytes whose options are padding.
static void add_header(struct insertion *in, uint8_t type, size_t units)
{
	uint8_t *header = in->bytes + in->len_bytes;
	uint8_t pad_bytes = (uint8_t)(units * 8 - 4);

	memset(header, 0, units * 8);
	header[0] = IP_PROTOCOL_TCP;
	if (type != FRAGMENT) {
		header[1] = (uint8_t)(units - 1);
		if (type != ROUTING) {
			header[2] = 1; // PadN
			header[3] = pad_bytes;
		}
	}
	in->len_bytes += units * 8;
}

// Several headers, each naming the next one.
static struct insertion headers(const uint8_t *types, unsigned n, size_t units)
{
	struct insertion in = {.first = types[0]};

	for (unsigned i = 0; i < n; i++) {
		size_t at = in.len_bytes;

		add_header(&in, types[i], types[i] == FRAGMENT ? 1 : units);
		if (i + 1 < n)
			in.bytes[at] = types[i + 1];
	}
	return in;
}

// RFC 8200 4.1, each by itself and in the order that is recommended there.
static void ipv6_extension_headers_are_skipped(void **state)
{
	static const uint8_t single[] = {HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION};
	static const uint8_t all[] = {HOP_BY_HOP, DESTINATION, ROUTING, FRAGMENT, DESTINATION};
	struct fixture *f = fixture_established(state);
	struct insertion in;

	for (unsigned i = 0; i < sizeof(single); i++) {
		for (size_t units = 1; units <= 31; units += 10) {
			in = headers(&single[i], 1, units);
			expect_skipped(f, &in);
		}
	}
	in = headers(all, sizeof(all), 3);
	expect_skipped(f, &in);
}

// RFC 8504 5.3: eight headers, 256 bytes, and no more.
static void ipv6_extension_headers_are_bounded(void **state)
{
	uint8_t many[9];
	struct fixture *f = fixture_established(state);
	struct insertion in;

	memset(many, DESTINATION, sizeof(many));
	in = headers(many, 8, 4);
	expect_skipped(f, &in);
	in = headers(many, 9, 1);
	expect_refused(f, &in, PLX_DROP_IPV6_EXTENSION);
	in = headers(many, 1, 32);
	expect_skipped(f, &in);
	in = headers(many, 1, 33);
	expect_refused(f, &in, PLX_DROP_IPV6_EXTENSION);
	in = headers(many, 3, 11);
	expect_refused(f, &in, PLX_DROP_IPV6_EXTENSION);
}

// RFC 8200 4.2: the two highest bits of an unknown option tell whether it may be skipped.
static void unknown_ipv6_options_say_what_to_do(void **state)
{
	static const uint8_t types[] = {HOP_BY_HOP, DESTINATION};
	struct fixture *f = fixture_established(state);

	for (unsigned t = 0; t < sizeof(types); t++) {
		for (unsigned option = 2; option < 256; option++) {
			struct insertion in = headers(&types[t], 1, 1);

			in.bytes[2] = (uint8_t)option;
			if ((option & 0xc0) == 0)
				expect_skipped(f, &in);
			else
				expect_refused(f, &in, PLX_DROP_IPV6_OPTION);
		}
	}
}

static void malformed_ipv6_extensions_are_dropped(void **state)
{
	static const uint8_t misplaced[] = {DESTINATION, HOP_BY_HOP};
	static const uint8_t twice[] = {FRAGMENT, FRAGMENT};
	static const uint8_t unknown[] = {51, 135, 139, 140};
	struct fixture *f = fixture_established(state);
	struct insertion in = headers(misplaced, 2, 1);

	expect_refused(f, &in, PLX_DROP_IPV6_EXTENSION);
	in = headers(twice, 2, 1);
	expect_refused(f, &in, PLX_DROP_IPV6_EXTENSION);
	in = headers(misplaced, 1, 1);
	in.bytes[1] = 200; // longer than the packet
	expect_refused(f, &in, PLX_DROP_IPV6_EXTENSION);
	in = headers(misplaced, 1, 1);
	in.bytes[3] = 5; // an option longer than its header
	expect_refused(f, &in, PLX_DROP_IPV6_EXTENSION);
	for (unsigned i = 0; i < sizeof(unknown); i++) {
		in = headers(misplaced, 1, 1);
		in.first = unknown[i];
		expect_refused(f, &in, PLX_DROP_IPV6_EXTENSION);
	}
}

// RFC 5095, RFC 8200 4.4: a route that goes on is not ours to follow, of whatever type.
static void ipv6_routing_with_segments_left_is_dropped(void **state)
{
	static const uint8_t routing = ROUTING;
	struct fixture *f = fixture_established(state);

	for (unsigned type = 0; type < 5; type++) {
		struct insertion in = headers(&routing, 1, 3);

		in.bytes[2] = (uint8_t)type;
		expect_skipped(f, &in);
		in.bytes[3] = 1;
		expect_refused(f, &in, PLX_DROP_IP_SOURCE_ROUTE);
	}
}

// RFC 8200 4.5: headers before the fragment header come with every fragment, those behind it are cut.
static void extension_headers_go_with_fragments(void **state)
{
	static const uint8_t per_fragment[] = {HOP_BY_HOP, DESTINATION, FRAGMENT};
	static const uint8_t destination = DESTINATION;
	enum { FIRST_BYTES = 48 };
	struct fixture *f = fixture_established(state);
	size_t l3 = f->config.link == PLX_LINK_ETHERNET ? ETH_HEADER_BYTES : 0;
	struct insertion cut = headers(&destination, 1, 2), in = headers(per_fragment, 3, 2);
	uint8_t whole[MBUFS_FRAME_MAX_BYTES], bytes[MBUFS_FRAME_MAX_BYTES];
	size_t whole_bytes = build_with(f, &cut, whole);
	size_t behind = l3 + IPV6_HEADER_BYTES;
	uint8_t *fragment = in.bytes + in.len_bytes - 8;

	fragment[0] = DESTINATION;
	store_be32(fragment + 4, 77);
	for (unsigned i = 2; i-- > 0;) {
		size_t from = i * FIRST_BYTES;
		size_t len = i == 0 ? FIRST_BYTES : whole_bytes - behind - FIRST_BYTES;

		store_be16(fragment + 2, (uint16_t)(from | (i == 0)));
		memcpy(bytes, whole, behind);
		memcpy(bytes + behind, in.bytes, in.len_bytes);
		memcpy(bytes + behind + in.len_bytes, whole + behind + from, len);
		bytes[l3 + 6] = in.first;
		store_be16(bytes + l3 + 4, (uint16_t)(in.len_bytes + len));
		frame_arrives(f, bytes, behind + in.len_bytes + len);
	}
	f->rcv_nxt += PAYLOAD_BYTES;
	user_receives(f, PAYLOAD_BYTES);
	advance(f, 200);
	forget_output(f);
	expect_counter(f, PLX_COUNTER_IP_REASSEMBLED, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_IPV4(ipv4_options_are_skipped),
		SCENARIO_IPV4(ipv4_source_routes_are_dropped),
		SCENARIO_IPV4(malformed_ipv4_options_are_dropped),
		SCENARIO_IPV6(ipv6_extension_headers_are_skipped),
		SCENARIO_IPV6(ipv6_extension_headers_are_bounded),
		SCENARIO_IPV6(unknown_ipv6_options_say_what_to_do),
		SCENARIO_IPV6(malformed_ipv6_extensions_are_dropped),
		SCENARIO_IPV6(ipv6_routing_with_segments_left_is_dropped),
		SCENARIO_IPV6(extension_headers_go_with_fragments),
		SCENARIO_FOR(extension_headers_go_with_fragments, fixture_ipv6_bare,
			     " [IPv6, no Ethernet]"),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script ip_header", tests, NULL, NULL);
}

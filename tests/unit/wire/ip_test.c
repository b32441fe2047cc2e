// SPDX-License-Identifier: BSD-3-Clause
//
// IPv4 (RFC 791) and IPv6 (RFC 8200) headers against packets written by hand, and what is wrong
// with others. Truncated packets end at an inaccessible page.
// Suite unit.
#include "wire/ip.h"

#include <string.h>

#include "support/reference.h"
#include "wire/bytes.h"
#include "wire/ipv6_extension.h"
#include "wire_test.h"

static const uint8_t ipv4[24] = {
	0x45, 0x28, 0x00, 0x18, 0x12, 0x34, 0x40, 0x00, // 24 bytes, DSCP 10, DF
	0x40, 0x06, 0x59, 0x9a, 0xc6, 0x12, 0x00, 0x01, // TTL 64, TCP, checksum, 198.18.0.1
	0xc6, 0x12, 0x00, 0x02, 'd',  'a',  't',  'a',	// 198.18.0.2
};

static const uint8_t ipv6[44] = {
	0x62, 0x80, 0x12, 0x34, 0x00, 0x04, 0x06, 0x40, // DSCP 10, 4 bytes, TCP, hop limit 64
	0xfd, 0x00, 0,	  0,	0,    0,    0,	  0,	0, 0, 0, 0, 0, 0, 0, 1, // fd00::1
	0xfd, 0x00, 0,	  0,	0,    0,    0,	  0,	0, 0, 0, 0, 0, 0, 0, 2, // fd00::2
	'd',  'a',  't',  'a',
};

static void fix_checksum(uint8_t *header)
{
	store_be16(header + 10, 0);
	store_be16(header + 10, reference_checksum(header, (size_t)(header[0] & 15) * 4));
}

static void an_ipv4_header_is_read(void **state)
{
	struct plx_addr src = addr_of("198.18.0.1");
	struct plx_addr dst = addr_of("198.18.0.2");
	uint8_t *bytes = guarded_copy(ipv4, sizeof(ipv4));
	struct ip_header header;

	(void)state;
	fix_checksum(bytes);
	assert_int_equal(ipv4_header_parse(bytes, sizeof(ipv4), true, &header), PLX_DROP_NONE);
	assert_true(plx_addr_is_equal(&header.src, &src) && plx_addr_is_equal(&header.dst, &dst));
	assert_int_equal(header.payload_bytes, 4);
	assert_int_equal(header.header_bytes, IPV4_HEADER_BYTES);
	assert_int_equal(header.protocol, IP_PROTOCOL_TCP);
	assert_int_equal(header.hop_limit, 64);
	assert_int_equal(header.traffic_class, 0x28);
	assert_false(header.is_ipv6);
}

static void an_ipv6_header_is_read(void **state)
{
	struct plx_addr src = addr_of("fd00::1");
	struct plx_addr dst = addr_of("fd00::2");
	struct ip_header header;

	(void)state;
	assert_int_equal(ipv6_header_parse(guarded_copy(ipv6, sizeof(ipv6)), sizeof(ipv6), &header),
			 PLX_DROP_NONE);
	assert_true(plx_addr_is_equal(&header.src, &src) && plx_addr_is_equal(&header.dst, &dst));
	assert_int_equal(header.payload_bytes, 4);
	assert_int_equal(header.header_bytes, IPV6_HEADER_BYTES);
	assert_int_equal(header.protocol, IP_PROTOCOL_TCP);
	assert_int_equal(header.hop_limit, 64);
	assert_int_equal(header.traffic_class, 0x28);
	assert_true(header.is_ipv6);
}

static void every_truncation_is_refused(void **state)
{
	struct ip_header header;

	(void)state;
	for (size_t len = 0; len < sizeof(ipv4); len++)
		assert_int_not_equal(
			ipv4_header_parse(guarded_copy(ipv4, len), len, false, &header),
			PLX_DROP_NONE);
	for (size_t len = 0; len < sizeof(ipv6); len++)
		assert_int_not_equal(ipv6_header_parse(guarded_copy(ipv6, len), len, &header),
				     PLX_DROP_NONE);
	assert_int_equal(ipv4_header_parse(guarded_copy(ipv4, 19), 19, false, &header),
			 PLX_DROP_FRAME_SHORT);
	assert_int_equal(ipv6_header_parse(guarded_copy(ipv6, 39), 39, &header),
			 PLX_DROP_FRAME_SHORT);
}

static void padding_is_no_payload(void **state)
{
	uint8_t padded[64] = {0};
	struct ip_header header;

	(void)state;
	memcpy(padded, ipv4, sizeof(ipv4));
	fix_checksum(padded);
	assert_int_equal(ipv4_header_parse(padded, 46, true, &header), PLX_DROP_NONE);
	assert_int_equal(header.payload_bytes, 4);
	memcpy(padded, ipv6, sizeof(ipv6));
	assert_int_equal(ipv6_header_parse(padded, 60, &header), PLX_DROP_NONE);
	assert_int_equal(header.payload_bytes, 4);
}

static void every_flipped_bit_fails_the_header_checksum(void **state)
{
	uint8_t good[sizeof(ipv4)];
	struct ip_header header;

	(void)state;
	memcpy(good, ipv4, sizeof(ipv4));
	fix_checksum(good);
	for (unsigned bit = 0; bit < IPV4_HEADER_BYTES * 8; bit++) {
		uint8_t *bytes = guarded_copy(good, sizeof(good));

		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(ipv4_header_parse(bytes, sizeof(good), true, &header),
				     PLX_DROP_NONE);
	}
	good[10] ^= 1;
	assert_int_equal(ipv4_header_parse(good, sizeof(good), true, &header),
			 PLX_DROP_IPV4_CHECKSUM);
	assert_int_equal(ipv4_header_parse(good, sizeof(good), false, &header), PLX_DROP_NONE);
}

// One field of the IPv4 header changed, the checksum right.
static enum plx_drop parse_changed(size_t at, uint16_t value)
{
	uint8_t *bytes = guarded_copy(ipv4, sizeof(ipv4));
	struct ip_header header;

	store_be16(bytes + at, value);
	if ((bytes[0] & 15) == 5)
		fix_checksum(bytes);
	return ipv4_header_parse(bytes, sizeof(ipv4), true, &header);
}

static void wrong_ipv4_fields_have_their_reasons(void **state)
{
	(void)state;
	assert_int_equal(parse_changed(0, 0x6500), PLX_DROP_IPV4_HEADER); // version 6
	assert_int_equal(parse_changed(0, 0x4400), PLX_DROP_IPV4_HEADER); // 16 bytes
	assert_int_equal(parse_changed(0, 0x4f00), PLX_DROP_IPV4_HEADER); // longer than the packet
	assert_int_equal(parse_changed(2, 25), PLX_DROP_IPV4_HEADER);	  // longer than the frame
	assert_int_equal(parse_changed(2, 19), PLX_DROP_IPV4_HEADER);	  // shorter than the header
	assert_int_equal(parse_changed(6, 0x2000), PLX_DROP_IP_FRAGMENT); // more fragments
	assert_int_equal(parse_changed(6, 0x0001), PLX_DROP_IP_FRAGMENT); // an offset
	assert_int_equal(parse_changed(6, 0x0000), PLX_DROP_NONE); // may be fragmented, is not
	assert_int_equal(parse_changed(6, 0x8000), PLX_DROP_NONE); // the reserved bit says nothing
}

static enum plx_drop parse_with_options(const uint8_t *options, size_t len_bytes)
{
	uint8_t bytes[IPV4_HEADER_MAX_BYTES] = {0};
	size_t header_bytes = IPV4_HEADER_BYTES + len_bytes;
	struct ip_header header;
	enum plx_drop verdict;

	memcpy(bytes, ipv4, IPV4_HEADER_BYTES);
	memcpy(bytes + IPV4_HEADER_BYTES, options, len_bytes);
	bytes[0] = (uint8_t)(0x40 | header_bytes / 4);
	store_be16(bytes + 2, (uint16_t)header_bytes);
	fix_checksum(bytes);
	verdict = ipv4_header_parse(guarded_copy(bytes, header_bytes), header_bytes, true, &header);
	if (verdict == PLX_DROP_NONE)
		assert_int_equal(header.header_bytes, header_bytes);
	return verdict;
}

static void ipv4_options_are_skipped_or_refused(void **state)
{
	static const uint8_t router_alert[] = {0x94, 0x04, 0x00, 0x00};
	static const uint8_t padded[] = {0x01, 0x01, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t no_length[] = {0x01, 0x01, 0x01, 0x94};
	static const uint8_t length_0[] = {0x94, 0x00, 0x00, 0x00};
	static const uint8_t length_1[] = {0x94, 0x01, 0x00, 0x00};
	static const uint8_t too_long[] = {0x94, 0x05, 0x00, 0x00};
	static const uint8_t loose_route[] = {0x01, 0x83, 0x03, 0x04};
	static const uint8_t strict_route[] = {0x89, 0x03, 0x04, 0x00};

	(void)state;
	assert_int_equal(parse_with_options(router_alert, 4), PLX_DROP_NONE);
	assert_int_equal(parse_with_options(padded, 8), PLX_DROP_NONE);
	assert_int_equal(parse_with_options(no_length, 4), PLX_DROP_IPV4_OPTION);
	assert_int_equal(parse_with_options(length_0, 4), PLX_DROP_IPV4_OPTION);
	assert_int_equal(parse_with_options(length_1, 4), PLX_DROP_IPV4_OPTION);
	assert_int_equal(parse_with_options(too_long, 4), PLX_DROP_IPV4_OPTION);
	assert_int_equal(parse_with_options(loose_route, 4), PLX_DROP_IP_SOURCE_ROUTE);
	assert_int_equal(parse_with_options(strict_route, 4), PLX_DROP_IP_SOURCE_ROUTE);
}

static void wrong_ipv6_fields_have_their_reasons(void **state)
{
	static const uint8_t extensions[] = {0, 43, 44, 60, 51, 135, 139, 140};
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	struct ip_header header;
	uint8_t *bytes = guarded_copy(ipv6, sizeof(ipv6));

	(void)state;
	bytes[0] = 0x42;
	assert_int_equal(ipv6_header_parse(bytes, sizeof(ipv6), &header), PLX_DROP_IPV6_HEADER);
	bytes = guarded_copy(ipv6, sizeof(ipv6));
	bytes[5] = 5;
	assert_int_equal(ipv6_header_parse(bytes, sizeof(ipv6), &header), PLX_DROP_IPV6_HEADER);
	for (size_t i = 0; i < LENGTH_OF(extensions); i++) {
		bytes = guarded_copy(ipv6, sizeof(ipv6));
		bytes[6] = extensions[i];
		assert_int_equal(ipv6_header_parse(bytes, sizeof(ipv6), &header),
				 PLX_DROP_IPV6_EXTENSION);
	}
	bytes = guarded_copy(ipv6, sizeof(ipv6));
	memcpy(bytes + 8, mapped, sizeof(mapped)); // RFC 4942 2.2
	assert_int_equal(ipv6_header_parse(bytes, sizeof(ipv6), &header), PLX_DROP_IP_SOURCE);
	bytes = guarded_copy(ipv6, sizeof(ipv6));
	memcpy(bytes + 24, mapped, sizeof(mapped));
	assert_int_equal(ipv6_header_parse(bytes, sizeof(ipv6), &header), PLX_DROP_IP_NOT_FOR_US);
}

// Hop-by-hop, destination and routing options, then a fragment header: one field each that matters.
static void ipv6_extensions_are_walked(void **state)
{
	static const uint8_t chain[] = {
		60,  0,	  1,	4,    0, 0, 0, 0, // hop-by-hop: PadN
		43,  0,	  0x1e, 4,    1, 2, 3, 4, // destination: to be skipped when unknown
		44,  0,	  4,	0,    0, 0, 0, 0, // routing: no segments left
		6,   9,	  0x12, 0x39, 1, 2, 3, 4, // fragment: offset 0x1238, more
		'd', 'a',
	};
	uint8_t bytes[IPV6_HEADER_BYTES + sizeof(chain)];
	struct ip_fragment fragment;
	struct ip_header header;

	(void)state;
	memcpy(bytes, ipv6, IPV6_HEADER_BYTES);
	memcpy(bytes + IPV6_HEADER_BYTES, chain, sizeof(chain));
	bytes[5] = sizeof(chain);
	bytes[6] = 0;
	assert_int_equal(ipv6_header_parse(bytes, sizeof(bytes), &header), PLX_DROP_IPV6_EXTENSION);
	assert_int_equal(ipv6_extensions_parse(guarded_copy(bytes, sizeof(bytes)), sizeof(bytes),
					       &header, &fragment),
			 PLX_DROP_IP_FRAGMENT);
	assert_int_equal(header.header_bytes, IPV6_HEADER_BYTES + 32);
	assert_int_equal(header.payload_bytes, 2);
	assert_int_equal(header.protocol, IP_PROTOCOL_TCP);
	assert_int_equal(fragment.id, 0x01020304);
	assert_int_equal(fragment.offset_bytes, 0x1238);
	assert_true(fragment.more && !fragment.is_atomic);
	for (size_t len = IPV6_HEADER_BYTES; len < IPV6_HEADER_BYTES + 32; len++) {
		assert_int_equal(ipv6_header_parse(bytes, sizeof(bytes), &header),
				 PLX_DROP_IPV6_EXTENSION);
		assert_int_equal(
			ipv6_extensions_parse(guarded_copy(bytes, len), len, &header, &fragment),
			PLX_DROP_IPV6_EXTENSION);
	}
}

static void ipv4_fragments_are_read(void **state)
{
	struct ip_fragment fragment;
	struct ip_header header;
	uint8_t *bytes = guarded_copy(ipv4, sizeof(ipv4));

	(void)state;
	store_be16(bytes + 6, 0x2003);
	fix_checksum(bytes);
	assert_int_equal(ipv4_header_parse(bytes, sizeof(ipv4), true, &header),
			 PLX_DROP_IP_FRAGMENT);
	assert_int_equal(header.payload_bytes, 4);
	assert_int_equal(header.protocol, IP_PROTOCOL_TCP);
	ipv4_fragment_read(bytes, &fragment);
	assert_int_equal(fragment.id, 0x1234);
	assert_int_equal(fragment.offset_bytes, 24);
	assert_true(fragment.more);
}

// ESP, no next header, UDP: no transport of ours, but not hidden behind an extension either.
static void other_ipv6_transports_are_the_callers(void **state)
{
	static const uint8_t protocols[] = {6, 17, 50, 58, 59, 255};
	struct ip_header header;

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(protocols); i++) {
		uint8_t *bytes = guarded_copy(ipv6, sizeof(ipv6));

		bytes[6] = protocols[i];
		assert_int_equal(ipv6_header_parse(bytes, sizeof(ipv6), &header), PLX_DROP_NONE);
		assert_int_equal(header.protocol, protocols[i]);
	}
}

// What is accepted lies within the bytes; nothing behind them is read.
static void random_headers_are_survived(void **state)
{
	struct random r = test_random();
	struct ip_header header;

	(void)state;
	for (unsigned i = 0; i < 20 * RANDOM_ROUNDS; i++) {
		uint8_t bytes[IPV4_HEADER_MAX_BYTES + 4];
		size_t len = random_below(&r, sizeof(bytes) + 1);

		random_fill(&r, bytes, sizeof(bytes));
		bytes[0] = (uint8_t)(0x45 + random_below(&r, 11));
		store_be16(bytes + 2, (uint16_t)random_below(&r, sizeof(bytes) + 1));
		store_be16(bytes + 6, (uint16_t)random_below(&r, 2));
		if (ipv4_header_parse(guarded_copy(bytes, len), len, false, &header)
		    == PLX_DROP_NONE)
			assert_true((size_t)header.header_bytes + header.payload_bytes <= len);
		bytes[0] = 0x60;
		store_be16(bytes + 4, (uint16_t)random_below(&r, 24));
		if (ipv6_header_parse(guarded_copy(bytes, len), len, &header) == PLX_DROP_NONE)
			assert_true((size_t)header.header_bytes + header.payload_bytes <= len);
	}
}

static void what_was_built_is_read_again(void **state)
{
	struct random r = test_random();

	(void)state;
	for (unsigned i = 0; i < RANDOM_ROUNDS; i++) {
		bool is_ipv6 = random_bool(&r);
		bool fills = random_bool(&r);
		struct ip_header in = {
			.src = random_addr(&r, is_ipv6),
			.dst = random_addr(&r, is_ipv6),
			.payload_bytes = (uint16_t)random_below(&r, 9000),
			.protocol = random_bool(&r) ? IP_PROTOCOL_TCP : IP_PROTOCOL_ICMPV6,
			.hop_limit = (uint8_t)random_u32(&r),
			.traffic_class = (uint8_t)random_u32(&r),
			.is_ipv6 = is_ipv6,
		};
		uint8_t bytes[9100] = {0};
		struct ip_header out;
		size_t len = is_ipv6 ? ipv6_header_build(bytes, &in)
				     : ipv4_header_build(bytes, &in, (uint16_t)i, true, fills);

		assert_int_equal(is_ipv6 ? ipv6_header_parse(bytes, sizeof(bytes), &out)
					 : ipv4_header_parse(bytes, sizeof(bytes), fills, &out),
				 PLX_DROP_NONE);
		in.header_bytes = (uint16_t)len;
		assert_memory_equal(&in.src, &out.src, sizeof(in.src));
		assert_memory_equal(&in.dst, &out.dst, sizeof(in.dst));
		assert_int_equal(in.payload_bytes, out.payload_bytes);
		assert_int_equal(in.header_bytes, out.header_bytes);
		assert_int_equal(in.protocol, out.protocol);
		assert_int_equal(in.hop_limit, out.hop_limit);
		assert_int_equal(in.traffic_class, out.traffic_class);
		assert_int_equal(in.is_ipv6, out.is_ipv6);
		if (!is_ipv6 && !fills)
			assert_int_equal(load_be16(bytes + 10), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ipv4_header_is_read),
		cmocka_unit_test(an_ipv6_header_is_read),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(padding_is_no_payload),
		cmocka_unit_test(every_flipped_bit_fails_the_header_checksum),
		cmocka_unit_test(wrong_ipv4_fields_have_their_reasons),
		cmocka_unit_test(ipv4_options_are_skipped_or_refused),
		cmocka_unit_test(wrong_ipv6_fields_have_their_reasons),
		cmocka_unit_test(ipv6_extensions_are_walked),
		cmocka_unit_test(ipv4_fragments_are_read),
		cmocka_unit_test(other_ipv6_transports_are_the_callers),
		cmocka_unit_test(random_headers_are_survived),
		cmocka_unit_test(what_was_built_is_read_again),
	};

	return cmocka_run_group_tests_name("wire_ip", tests, NULL, NULL);
}

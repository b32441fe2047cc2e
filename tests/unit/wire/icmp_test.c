// SPDX-License-Identifier: BSD-3-Clause
//
// ICMP (RFC 792) and ICMPv6 (RFC 4443): echo turned round, and what errors quote of a segment of
// ours, whole, cut off, or forged. Truncated messages end at an inaccessible page.
// Suite unit.
#include "wire/icmp.h"

#include <string.h>

#include "support/reference.h"
#include "wire/bytes.h"
#include "wire/checksum.h"
#include "wire_test.h"

enum { MESSAGE_MAX_BYTES = 200, QUOTED_TCP_BYTES = 8 };

static bool verifies(const struct ip_header *ip, const uint8_t *bytes)
{
	struct icmp_header header;

	return icmp_header_parse(ip, bytes, ip->payload_bytes, true, &header) == PLX_DROP_NONE;
}

static void an_echo_request_is_turned_round(void **state)
{
	struct random r = test_random();

	(void)state;
	for (unsigned i = 0; i < RANDOM_ROUNDS; i++) {
		bool is_ipv6 = random_bool(&r);
		struct ip_header ip = {
			.src = random_addr(&r, is_ipv6),
			.dst = random_addr(&r, is_ipv6),
			.payload_bytes = (uint16_t)(8 + random_below(&r, MESSAGE_MAX_BYTES - 8)),
			.is_ipv6 = is_ipv6,
		};
		struct icmp_header request = {
			.type = is_ipv6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO_REQUEST,
			.id = (uint16_t)random_u32(&r),
			.seq = (uint16_t)random_u32(&r),
		};
		// A request to a group is answered from an address of ours.
		struct plx_addr from = random_bool(&r) ? ip.dst : random_addr(&r, is_ipv6);
		uint8_t bytes[MESSAGE_MAX_BYTES];
		uint8_t before[MESSAGE_MAX_BYTES];
		struct icmp_header reply;

		random_fill(&r, bytes, sizeof(bytes));
		assert_int_equal(icmp_header_build(bytes, &ip, &request), ICMP_HEADER_BYTES);
		assert_true(verifies(&ip, bytes));
		memcpy(before, bytes, sizeof(bytes));
		icmp_echo_turn_around(bytes, &ip, &from);
		ip.dst = ip.src;
		ip.src = from;
		assert_int_equal(icmp_header_parse(&ip, bytes, ip.payload_bytes, true, &reply),
				 PLX_DROP_NONE);
		assert_int_equal(reply.type, is_ipv6 ? ICMPV6_ECHO_REPLY : ICMP_ECHO_REPLY);
		assert_int_equal(reply.id, request.id);
		assert_int_equal(reply.seq, request.seq);
		assert_memory_equal(bytes + 4, before + 4, sizeof(bytes) - 4);
	}
}

static void every_flipped_bit_fails_the_checksum(void **state)
{
	struct ip_header ip = {.src = addr_of("fd00::1"),
			       .dst = addr_of("fd00::2"),
			       .payload_bytes = 16,
			       .is_ipv6 = true};
	struct icmp_header request = {.type = ICMPV6_ECHO_REQUEST, .id = 1, .seq = 2};
	uint8_t bytes[16] = {0};
	struct icmp_header out;

	(void)state;
	icmp_header_build(bytes, &ip, &request);
	for (unsigned bit = 0; bit < sizeof(bytes) * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(icmp_header_parse(&ip, bytes, sizeof(bytes), true, &out),
				 PLX_DROP_ICMP_CHECKSUM);
		assert_int_equal(icmp_header_parse(&ip, bytes, sizeof(bytes), false, &out),
				 PLX_DROP_NONE);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < ICMP_HEADER_BYTES; len++)
		assert_int_equal(icmp_header_parse(&ip, guarded_copy(bytes, len), len, true, &out),
				 PLX_DROP_ICMP_MALFORMED);
}

// An error about a segment that we sent.
struct error {
	struct ip_header ip; // that the error came with
	struct icmp_header header;
	uint8_t bytes[MESSAGE_MAX_BYTES];
	size_t len_bytes;
};

static struct error error_of(bool is_ipv6, uint8_t type, uint8_t code, uint32_t word)
{
	struct plx_addr ours = addr_of(is_ipv6 ? "fd00::2" : "198.18.0.2");
	struct plx_addr peer = addr_of(is_ipv6 ? "fd00::1" : "198.18.0.1");
	struct error error = {
		.ip = {.src = addr_of(is_ipv6 ? "fd00::99" : "198.18.0.99"),
		       .dst = ours,
		       .is_ipv6 = is_ipv6},
		.header = {.type = type, .code = code, .word = word},
	};
	struct ip_header quoted = {.src = ours,
				   .dst = peer,
				   .payload_bytes = 1000,
				   .protocol = IP_PROTOCOL_TCP,
				   .hop_limit = 1,
				   .is_ipv6 = is_ipv6};
	uint8_t *at = error.bytes + ICMP_HEADER_BYTES;

	at += is_ipv6 ? ipv6_header_build(at, &quoted)
		      : ipv4_header_build(at, &quoted, 0, true, true);
	store_be16(at, 80);
	store_be16(at + 2, 40000);
	store_be32(at + 4, 0xfffffff0);
	error.len_bytes = (size_t)(at - error.bytes) + QUOTED_TCP_BYTES;
	error.ip.payload_bytes = (uint16_t)error.len_bytes;
	return error;
}

static enum plx_drop parse(const struct error *error, struct icmp_quote *quote)
{
	return icmp_error_parse(&error->ip, &error->header,
				guarded_copy(error->bytes, error->len_bytes), error->len_bytes,
				quote);
}

static void errors_are_told_apart(void **state)
{
	static const struct {
		bool is_ipv6;
		uint8_t type, code;
		enum icmp_quote_kind kind;
	} cases[] = {
		{false, ICMP_UNREACHABLE, 0, ICMP_QUOTE_UNREACHABLE_SOFT},
		{false, ICMP_UNREACHABLE, 1, ICMP_QUOTE_UNREACHABLE_SOFT},
		{false, ICMP_UNREACHABLE, 2, ICMP_QUOTE_UNREACHABLE_HARD},
		{false, ICMP_UNREACHABLE, 3, ICMP_QUOTE_UNREACHABLE_HARD},
		{false, ICMP_UNREACHABLE, 4, ICMP_QUOTE_PACKET_TOO_BIG},
		{false, ICMP_UNREACHABLE, 9, ICMP_QUOTE_UNREACHABLE_HARD},
		{false, ICMP_UNREACHABLE, 10, ICMP_QUOTE_UNREACHABLE_HARD},
		{false, ICMP_UNREACHABLE, 13, ICMP_QUOTE_UNREACHABLE_HARD},
		{false, ICMP_TIME_EXCEEDED, 0, ICMP_QUOTE_TIME_EXCEEDED},
		{false, ICMP_PARAMETER_PROBLEM, 0, ICMP_QUOTE_OTHER},
		{true, ICMPV6_UNREACHABLE, 0, ICMP_QUOTE_UNREACHABLE_SOFT},
		{true, ICMPV6_UNREACHABLE, 1, ICMP_QUOTE_UNREACHABLE_HARD},
		{true, ICMPV6_UNREACHABLE, 3, ICMP_QUOTE_UNREACHABLE_SOFT},
		{true, ICMPV6_UNREACHABLE, 4, ICMP_QUOTE_UNREACHABLE_HARD},
		{true, ICMPV6_UNREACHABLE, 5, ICMP_QUOTE_UNREACHABLE_HARD},
		{true, ICMPV6_UNREACHABLE, 6, ICMP_QUOTE_UNREACHABLE_HARD},
		{true, ICMPV6_PACKET_TOO_BIG, 0, ICMP_QUOTE_PACKET_TOO_BIG},
		{true, ICMPV6_TIME_EXCEEDED, 0, ICMP_QUOTE_TIME_EXCEEDED},
		{true, ICMPV6_PARAMETER_PROBLEM, 0, ICMP_QUOTE_OTHER},
		{true, ICMPV6_PARAMETER_PROBLEM, 1, ICMP_QUOTE_UNREACHABLE_HARD},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(cases); i++) {
		struct error error = error_of(cases[i].is_ipv6, cases[i].type, cases[i].code, 1400);
		struct plx_addr peer = addr_of(cases[i].is_ipv6 ? "fd00::1" : "198.18.0.1");
		struct icmp_quote quote;

		assert_int_equal(parse(&error, &quote), PLX_DROP_NONE);
		assert_int_equal(quote.kind, cases[i].kind);
		assert_int_equal(quote.mtu, quote.kind == ICMP_QUOTE_PACKET_TOO_BIG ? 1400 : 0);
		assert_true(plx_addr_is_equal(&quote.local, &error.ip.dst));
		assert_true(plx_addr_is_equal(&quote.remote, &peer));
		assert_int_equal(quote.local_port, 80);
		assert_int_equal(quote.remote_port, 40000);
		assert_int_equal(quote.seq, 0xfffffff0);
	}
}

static void a_huge_mtu_is_held_within_the_field(void **state)
{
	struct error error = error_of(true, ICMPV6_PACKET_TOO_BIG, 0, 0x12345678);
	struct icmp_quote quote;

	(void)state;
	assert_int_equal(parse(&error, &quote), PLX_DROP_NONE);
	assert_int_equal(quote.mtu, UINT16_MAX);
}

// Before RFC 1191 a router left the field at zero; the caller then has to guess.
static void an_mtu_that_was_not_said_is_zero(void **state)
{
	struct error error = error_of(false, ICMP_UNREACHABLE, 4, 0);
	struct icmp_quote quote;

	(void)state;
	assert_int_equal(parse(&error, &quote), PLX_DROP_NONE);
	assert_int_equal(quote.kind, ICMP_QUOTE_PACKET_TOO_BIG);
	assert_int_equal(quote.mtu, 0);
}

// The one form of the four bytes that the builder is given serves all.
static void a_header_is_built_from_word_or_id_and_seq(void **state)
{
	struct ip_header ip = {.src = addr_of("198.18.0.1"),
			       .dst = addr_of("198.18.0.2"),
			       .payload_bytes = ICMP_HEADER_BYTES};
	struct icmp_header by_word = {.type = ICMP_ECHO_REQUEST, .word = 0x12345678};
	struct icmp_header by_id = {.type = ICMP_ECHO_REQUEST, .id = 0x1234, .seq = 0x5678};
	uint8_t bytes[2][ICMP_HEADER_BYTES];

	(void)state;
	icmp_header_build(bytes[0], &ip, &by_word);
	icmp_header_build(bytes[1], &ip, &by_id);
	assert_memory_equal(bytes[0], bytes[1], ICMP_HEADER_BYTES);
	assert_memory_equal(bytes[0] + 4, "\x12\x34\x56\x78", 4);
	assert_int_equal(reference_checksum(bytes[0], ICMP_HEADER_BYTES), 0);
}

static void what_is_no_error_is_refused(void **state)
{
	struct error redirect = error_of(false, 5, 0, 0);
	struct error redirect6 = error_of(true, ICMPV6_REDIRECT, 0, 0);
	struct icmp_quote quote;

	(void)state;
	assert_int_equal(parse(&redirect, &quote), PLX_DROP_ICMP_TYPE);
	assert_int_equal(parse(&redirect6, &quote), PLX_DROP_ICMP_TYPE);
}

static void every_truncation_is_malformed(void **state)
{
	(void)state;
	for (unsigned is_ipv6 = 0; is_ipv6 < 2; is_ipv6++) {
		struct error error = error_of(
			is_ipv6 != 0, is_ipv6 ? ICMPV6_UNREACHABLE : ICMP_UNREACHABLE, 0, 0);
		size_t whole = error.len_bytes;
		struct icmp_quote quote;

		for (error.len_bytes = ICMP_HEADER_BYTES; error.len_bytes < whole;
		     error.len_bytes++)
			assert_int_equal(parse(&error, &quote), PLX_DROP_ICMP_MALFORMED);
	}
}

static void quotes_of_others_are_nobodys(void **state)
{
	struct error error = error_of(false, ICMP_UNREACHABLE, 0, 0);
	uint8_t *quoted = error.bytes + ICMP_HEADER_BYTES;
	struct icmp_quote quote;

	(void)state;
	quoted[9] = 17; // UDP
	assert_int_equal(parse(&error, &quote), PLX_DROP_ICMP_NO_CONNECTION);
	quoted[9] = IP_PROTOCOL_TCP;
	quoted[7] = 1; // a later fragment has no ports
	assert_int_equal(parse(&error, &quote), PLX_DROP_ICMP_NO_CONNECTION);
	quoted[7] = 0;
	quoted[15]++; // sent by another host
	assert_int_equal(parse(&error, &quote), PLX_DROP_ICMP_NO_CONNECTION);
	quoted[15]--;
	quoted[0] = 0x46; // options of ours would push the ports out of the quote
	assert_int_equal(parse(&error, &quote), PLX_DROP_ICMP_MALFORMED);
	quoted[0] = 0x65; // not of this family
	assert_int_equal(parse(&error, &quote), PLX_DROP_ICMP_MALFORMED);
	quoted[0] = 0x44; // shorter than a header
	assert_int_equal(parse(&error, &quote), PLX_DROP_ICMP_MALFORMED);
}

// A destination that would pass for an IPv4 one above.
static void a_mapped_destination_in_a_quote_is_nobodys(void **state)
{
	struct error error = error_of(true, ICMPV6_UNREACHABLE, 0, 0);
	struct plx_addr mapped = addr_of("198.18.0.1");
	struct icmp_quote quote;

	(void)state;
	memcpy(error.bytes + ICMP_HEADER_BYTES + 24, &mapped, sizeof(mapped));
	assert_int_equal(parse(&error, &quote), PLX_DROP_ICMP_NO_CONNECTION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_echo_request_is_turned_round),
		cmocka_unit_test(every_flipped_bit_fails_the_checksum),
		cmocka_unit_test(errors_are_told_apart),
		cmocka_unit_test(a_huge_mtu_is_held_within_the_field),
		cmocka_unit_test(an_mtu_that_was_not_said_is_zero),
		cmocka_unit_test(a_header_is_built_from_word_or_id_and_seq),
		cmocka_unit_test(what_is_no_error_is_refused),
		cmocka_unit_test(every_truncation_is_malformed),
		cmocka_unit_test(quotes_of_others_are_nobodys),
		cmocka_unit_test(a_mapped_destination_in_a_quote_is_nobodys),
	};

	return cmocka_run_group_tests_name("wire_icmp", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// ICMP echo requests to a stack: answered with what they carry, within a rate.
// RFC 1122 3.2.2.6, RFC 4443 4.2.
#include <string.h>

#include "support/eal_main.h"
#include "support/reference.h"
#include "support/user.h"
#include "wire/bytes.h"
#include "wire/icmp.h"

static size_t build_echo(struct fixture *f, uint8_t *bytes, size_t data_bytes)
{
	bool is_ipv6 = f->variant->is_ipv6;
	struct eth_header eth = {.dst = f->to_stack.dst_mac,
				 .src = f->to_stack.src_mac,
				 .type = is_ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_IPV4};
	struct ip_header ip = {
		.src = f->to_stack.src,
		.dst = f->to_stack.dst,
		.payload_bytes = (uint16_t)(ICMP_HEADER_BYTES + data_bytes),
		.protocol = is_ipv6 ? IP_PROTOCOL_ICMPV6 : IP_PROTOCOL_ICMP,
		.hop_limit = 64,
		.is_ipv6 = is_ipv6,
	};
	struct icmp_header echo = {
		.type = is_ipv6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO_REQUEST, .id = 0x1234, .seq = 7};
	size_t l2 = f->config.link == PLX_LINK_ETHERNET ? eth_header_build(bytes, &eth) : 0;
	size_t l3 = is_ipv6 ? ipv6_header_build(bytes + l2, &ip)
			    : ipv4_header_build(bytes + l2, &ip, 1, false, true);
	uint8_t *icmp = bytes + l2 + l3;

	for (size_t i = 0; i < data_bytes; i++)
		icmp[ICMP_HEADER_BYTES + i] = (uint8_t)(i * 7);
	icmp_header_build(icmp, &ip, &echo);
	return l2 + l3 + ip.payload_bytes;
}

// RFC 1122 3.2.2.6, RFC 4443 4.2: identifier, number and data come back, of any length.
static void ping_is_answered(void **state)
{
	static const size_t sizes[] = {0, 1, 56, 777, 1400};
	struct fixture *f = fixture_bare(state);
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t len_bytes = build_echo(f, bytes, sizes[i]);
		size_t offset = len_bytes - sizes[i] - ICMP_HEADER_BYTES;
		const struct fixture_output *output;

		frame_arrives(f, bytes, len_bytes);
		output = fixture_next_output(f);
		assert_non_null(output);
		assert_int_equal(output->len_bytes, len_bytes);
		assert_int_equal(output->bytes[offset],
				 f->variant->is_ipv6 ? ICMPV6_ECHO_REPLY : ICMP_ECHO_REPLY);
		assert_memory_equal(output->bytes + offset + 4, bytes + offset + 4, 4 + sizes[i]);
		assert_true(plx_addr_is_equal(&output->frame.ip.dst, &f->to_stack.src));
		expect_silence(f);
	}
	expect_counter(f, PLX_COUNTER_ICMP_ECHO_ANSWERED, 5);
	expect_counter(f, PLX_COUNTER_FATE_ANSWERED, 5);
}

// RFC 1071: a sum of nothing but zeros is +0, and its checksum 0xffff; differences alone do not tell.
static void ping_of_zeros_is_answered_too(void **state)
{
	struct fixture *f = fixture_bare(state);
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];
	size_t len_bytes = build_echo(f, bytes, 8);
	uint8_t *icmp = bytes + len_bytes - 8 - ICMP_HEADER_BYTES;

	memset(icmp + 2, 0, ICMP_HEADER_BYTES - 2 + 8);
	store_be16(icmp + 2,
		   f->variant->is_ipv6 ? reference_transport_checksum(
			   &f->to_stack.src, &f->to_stack.dst, IP_PROTOCOL_ICMPV6, icmp, 16)
				       : reference_checksum(icmp, 16));
	frame_arrives(f, bytes, len_bytes);
	forget_output(f); // the judge has looked at the answer's checksum
	expect_counter(f, PLX_COUNTER_ICMP_ECHO_ANSWERED, 1);
}

static void ping_with_a_wrong_checksum_is_dropped(void **state)
{
	struct fixture *f = fixture_bare(state);
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];
	size_t len_bytes = build_echo(f, bytes, 56);

	bytes[len_bytes - 1] ^= 1;
	frame_arrives(f, bytes, len_bytes);
	expect_silence(f);
	expect_drops(f, PLX_DROP_ICMP_CHECKSUM, 1);
}

static void pings_are_rate_limited(void **state)
{
	struct fixture *f = fixture_plan(state);
	uint8_t bytes[MBUFS_FRAME_MAX_BYTES];
	unsigned answered = 0;
	size_t len_bytes;

	f->config.pings_per_s = 10;
	fixture_bare(state);
	len_bytes = build_echo(f, bytes, 8);
	for (unsigned i = 0; i < 100; i++)
		frame_arrives(f, bytes, len_bytes);
	while (fixture_next_output(f) != NULL)
		answered++;
	assert_in_range(answered, 1, 20);
	expect_drops(f, PLX_DROP_ICMP_RATE, 100 - answered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_EVERY_LINK(ping_is_answered),
		SCENARIO(ping_of_zeros_is_answered_too),
		SCENARIO(ping_with_a_wrong_checksum_is_dropped),
		SCENARIO(pings_are_rate_limited),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script ping", tests, NULL, NULL);
}

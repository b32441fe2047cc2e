// SPDX-License-Identifier: BSD-3-Clause
//
// Neighbour discovery (RFC 4861): solicitations and advertisements built and read again, and each
// rule of 7.1.1 and 7.1.2 broken in turn. Truncated messages end at an inaccessible page.
// Suite unit.
#include "wire/nd.h"

#include <string.h>

#include "wire/bytes.h"
#include "wire_test.h"

static struct ip_header header_of(const char *src, const char *dst)
{
	return (struct ip_header){.src = addr_of(src),
				  .dst = addr_of(dst),
				  .hop_limit = ND_HOP_LIMIT,
				  .is_ipv6 = true};
}

static struct nd_message solicitation(void)
{
	return (struct nd_message){
		.is_solicitation = true,
		.target = addr_of("fd00::2"),
		.has_mac = true,
		.mac = {{2, 0, 0, 0, 0, 1}},
	};
}

static enum plx_drop parse(const struct ip_header *ip, const uint8_t *bytes, size_t len_bytes)
{
	struct nd_message out;

	return nd_parse(ip, guarded_copy(bytes, len_bytes), len_bytes, &out);
}

static void what_was_built_is_read_again(void **state)
{
	struct ip_header ip = header_of("fd00::1", "fd00::2");
	struct random r = test_random();

	(void)state;
	for (unsigned i = 0; i < RANDOM_ROUNDS; i++) {
		bool is_solicitation = random_bool(&r);
		struct nd_message in = {
			.is_solicitation = is_solicitation,
			.target = random_addr(&r, true),
			.has_mac = random_bool(&r),
			.router = !is_solicitation && random_bool(&r),
			.solicited = !is_solicitation && random_bool(&r),
			.override = !is_solicitation && random_bool(&r),
		};
		uint8_t bytes[ND_MAX_BYTES];
		struct nd_message out;
		struct icmp_header header;
		size_t len;

		in.target.bytes[0] = 0x20;
		if (in.has_mac) {
			random_fill(&r, &in.mac, sizeof(in.mac));
			in.mac.bytes[0] &= 0xfe;
		}
		len = nd_build(bytes, &ip, &in);
		assert_int_equal(len, in.has_mac ? ND_MAX_BYTES : ND_BYTES);
		assert_int_equal(icmp_header_parse(&ip, bytes, len, true, &header), PLX_DROP_NONE);
		assert_int_equal(nd_parse(&ip, guarded_copy(bytes, len), len, &out), PLX_DROP_NONE);
		assert_int_equal(in.is_solicitation, out.is_solicitation);
		assert_memory_equal(&in.target, &out.target, sizeof(in.target));
		assert_int_equal(in.has_mac, out.has_mac);
		if (in.has_mac)
			assert_memory_equal(&in.mac, &out.mac, sizeof(in.mac));
		assert_int_equal(in.router, out.router);
		assert_int_equal(in.solicited, out.solicited);
		assert_int_equal(in.override, out.override);
	}
}

static void every_truncation_is_malformed(void **state)
{
	struct ip_header ip = header_of("fd00::1", "ff02::1:ff00:2");
	struct nd_message in = solicitation();
	uint8_t bytes[ND_MAX_BYTES];

	(void)state;
	nd_build(bytes, &ip, &in);
	for (size_t len = ICMP_HEADER_BYTES; len < ND_MAX_BYTES; len++)
		if (len != ND_BYTES)
			assert_int_equal(parse(&ip, bytes, len), PLX_DROP_ND_MALFORMED);
}

static void rules_of_both_are_kept(void **state)
{
	struct ip_header ip = header_of("fd00::1", "ff02::1:ff00:2");
	struct nd_message in = solicitation();
	uint8_t bytes[ND_MAX_BYTES];

	(void)state;
	nd_build(bytes, &ip, &in);
	assert_int_equal(parse(&ip, bytes, sizeof(bytes)), PLX_DROP_NONE);
	ip.hop_limit = 254;
	assert_int_equal(parse(&ip, bytes, sizeof(bytes)), PLX_DROP_IP_HOP_LIMIT);
	ip.hop_limit = ND_HOP_LIMIT;
	bytes[1] = 1; // code
	assert_int_equal(parse(&ip, bytes, sizeof(bytes)), PLX_DROP_ND_MALFORMED);
	bytes[1] = 0;
	bytes[8] = 0xff; // the target is a group
	assert_int_equal(parse(&ip, bytes, sizeof(bytes)), PLX_DROP_ND_MALFORMED);
	bytes[8] = 0xfd;
	bytes[25] = 0; // an option of no length
	assert_int_equal(parse(&ip, bytes, sizeof(bytes)), PLX_DROP_ND_MALFORMED);
	bytes[25] = 2; // beyond the end
	assert_int_equal(parse(&ip, bytes, sizeof(bytes)), PLX_DROP_ND_MALFORMED);
	bytes[25] = 1;
	bytes[26] = 0x33; // a group's MAC address for a station's
	assert_int_equal(parse(&ip, bytes, sizeof(bytes)), PLX_DROP_ND_MALFORMED);
	bytes[26] = 2;
	bytes[24] = 200; // an unknown option is skipped
	assert_int_equal(parse(&ip, bytes, sizeof(bytes)), PLX_DROP_NONE);
	bytes[0] = ICMPV6_ROUTER_ADVERTISEMENT;
	assert_int_equal(parse(&ip, bytes, sizeof(bytes)), PLX_DROP_ICMP_TYPE);
}

// Ethernet's link-layer address fills one unit of eight bytes (RFC 2464 6).
static void a_link_layer_address_of_another_length_is_malformed(void **state)
{
	struct ip_header ip = header_of("fd00::1", "ff02::1:ff00:2");
	struct nd_message in = solicitation();
	uint8_t bytes[ND_MAX_BYTES + 8] = {0};

	(void)state;
	nd_build(bytes, &ip, &in);
	bytes[25] = 2;
	assert_int_equal(parse(&ip, bytes, sizeof(bytes)), PLX_DROP_ND_MALFORMED);
}

// It would pass for an address of the other family (RFC 4942 2.2).
static void a_mapped_target_is_malformed(void **state)
{
	struct ip_header ip = header_of("fd00::1", "fd00::2");
	struct nd_message in = solicitation();
	uint8_t bytes[ND_MAX_BYTES];

	(void)state;
	in.target = plx_addr_ipv4(198, 18, 0, 2);
	nd_build(bytes, &ip, &in);
	assert_int_equal(parse(&ip, bytes, sizeof(bytes)), PLX_DROP_ND_MALFORMED);
}

// A solicitation has reserved bits where an advertisement has flags, and the target's option means
// nothing in it.
static void a_solicitation_has_neither_flags_nor_the_targets_option(void **state)
{
	struct ip_header ip = header_of("fd00::1", "fd00::2");
	struct nd_message in = solicitation();
	uint8_t bytes[ND_MAX_BYTES];
	struct nd_message out;

	(void)state;
	nd_build(bytes, &ip, &in);
	bytes[4] = 0xff;
	bytes[24] = 2;
	assert_int_equal(nd_parse(&ip, bytes, sizeof(bytes), &out), PLX_DROP_NONE);
	assert_false(out.router || out.solicited || out.override || out.has_mac);
}

// RFC 4861 7.1.1: duplicate address detection goes to the solicited-node group and names no MAC.
static void rules_of_unspecified_sources_are_kept(void **state)
{
	struct ip_header to_group = header_of("::", "ff02::1:ff00:2");
	struct ip_header to_host = header_of("::", "fd00::2");
	struct nd_message in = solicitation();
	uint8_t bytes[ND_MAX_BYTES];
	size_t len;

	(void)state;
	len = nd_build(bytes, &to_group, &in);
	assert_int_equal(parse(&to_group, bytes, len), PLX_DROP_ND_MALFORMED);
	in.has_mac = false;
	len = nd_build(bytes, &to_group, &in);
	assert_int_equal(parse(&to_group, bytes, len), PLX_DROP_NONE);
	assert_int_equal(parse(&to_host, bytes, len), PLX_DROP_ND_MALFORMED);
}

// RFC 4861 7.1.2: what was sent to a group was not solicited.
static void rules_of_advertisements_are_kept(void **state)
{
	struct ip_header ip = header_of("fd00::1", "ff02::1");
	struct nd_message in = {.target = addr_of("fd00::1"), .solicited = true};
	uint8_t bytes[ND_MAX_BYTES];
	size_t len = nd_build(bytes, &ip, &in);

	(void)state;
	assert_int_equal(parse(&ip, bytes, len), PLX_DROP_ND_MALFORMED);
	in.solicited = false;
	len = nd_build(bytes, &ip, &in);
	assert_int_equal(parse(&ip, bytes, len), PLX_DROP_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_built_is_read_again),
		cmocka_unit_test(every_truncation_is_malformed),
		cmocka_unit_test(rules_of_both_are_kept),
		cmocka_unit_test(a_link_layer_address_of_another_length_is_malformed),
		cmocka_unit_test(a_mapped_target_is_malformed),
		cmocka_unit_test(a_solicitation_has_neither_flags_nor_the_targets_option),
		cmocka_unit_test(rules_of_unspecified_sources_are_kept),
		cmocka_unit_test(rules_of_advertisements_are_kept),
	};

	return cmocka_run_group_tests_name("wire_nd", tests, NULL, NULL);
}

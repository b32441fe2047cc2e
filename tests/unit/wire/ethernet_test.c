// SPDX-License-Identifier: BSD-3-Clause
//
// Ethernet headers and MAC addresses against frames written by hand (RFC 894, IEEE 802.1Q 9.6).
// Truncated frames end at an inaccessible page.
// Suite unit.
#include "wire/ethernet.h"

#include "wire/bytes.h"
#include "wire_test.h"

static const uint8_t untagged[] = {
	0x02, 0x00, 0x00, 0x00, 0x00, 0x01, // destination
	0x02, 0x00, 0x00, 0x00, 0x00, 0x02, // source
	0x08, 0x00,			    // IPv4
};

static const uint8_t tagged[] = {
	0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x02, //
	0x81, 0x00, 0xa1, 0x23, // priority 5, VLAN 0x123
	0x86, 0xdd,		// IPv6
};

static void an_untagged_header_is_read(void **state)
{
	struct eth_header header;

	(void)state;
	assert_int_equal(eth_header_parse(guarded_copy(untagged, sizeof(untagged)),
					  sizeof(untagged), &header),
			 PLX_DROP_NONE);
	assert_memory_equal(header.dst.bytes, untagged, ETH_ADDR_BYTES);
	assert_memory_equal(header.src.bytes, untagged + 6, ETH_ADDR_BYTES);
	assert_int_equal(header.type, ETH_TYPE_IPV4);
	assert_int_equal(header.vlan, 0);
	assert_int_equal(header.header_bytes, ETH_HEADER_BYTES);
}

static void a_tag_gives_its_vlan_and_the_inner_type(void **state)
{
	struct eth_header header;

	(void)state;
	assert_int_equal(
		eth_header_parse(guarded_copy(tagged, sizeof(tagged)), sizeof(tagged), &header),
		PLX_DROP_NONE);
	assert_int_equal(header.type, ETH_TYPE_IPV6);
	assert_int_equal(header.vlan, 0x123);
	assert_int_equal(header.header_bytes, ETH_HEADER_BYTES + VLAN_TAG_BYTES);
}

// IEEE 802.1Q 9.6: VLAN identifier 0 carries a priority and no VLAN.
static void a_priority_tag_is_no_vlan(void **state)
{
	uint8_t bytes[sizeof(tagged)];
	struct eth_header header;

	(void)state;
	memcpy(bytes, tagged, sizeof(bytes));
	bytes[14] = 0xe0;
	bytes[15] = 0;
	assert_int_equal(eth_header_parse(bytes, sizeof(bytes), &header), PLX_DROP_NONE);
	assert_int_equal(header.vlan, 0);
	assert_int_equal(header.header_bytes, ETH_HEADER_BYTES + VLAN_TAG_BYTES);
}

// IEEE 802.1ad: a service tag, or what passes for one, and a third tag behind the two.
static void two_tags_give_both_vlans(void **state)
{
	static const uint8_t inner[] = {0x81, 0x00, 0xa1, 0x23, 0x08, 0x00};
	uint8_t bytes[ETH_HEADER_MAX_BYTES];
	struct eth_header header;

	(void)state;
	memcpy(bytes, tagged, sizeof(tagged));
	store_be16(bytes + 14, 0x0abc);
	memcpy(bytes + 16, inner, sizeof(inner));
	for (unsigned i = 0; i < 2; i++) {
		store_be16(bytes + 12, i == 0 ? 0x88a8 : 0x8100);
		assert_int_equal(eth_header_parse(guarded_copy(bytes, sizeof(bytes)), sizeof(bytes),
						  &header),
				 PLX_DROP_NONE);
		assert_int_equal(header.outer_vlan, 0xabc);
		assert_int_equal(header.vlan, 0x123);
		assert_int_equal(header.type, ETH_TYPE_IPV4);
		assert_int_equal(header.header_bytes, ETH_HEADER_MAX_BYTES);
	}
	for (size_t len = 0; len < sizeof(bytes); len++)
		assert_int_equal(eth_header_parse(guarded_copy(bytes, len), len, &header),
				 PLX_DROP_FRAME_SHORT);
	store_be16(bytes + 20, 0x8100);
	assert_int_equal(eth_header_parse(bytes, sizeof(bytes), &header), PLX_DROP_NONE);
	assert_int_equal(header.type, ETH_TYPE_VLAN);
}

static void a_service_tag_alone_is_the_outer_vlan(void **state)
{
	uint8_t bytes[sizeof(tagged)];
	struct eth_header header;

	(void)state;
	memcpy(bytes, tagged, sizeof(bytes));
	store_be16(bytes + 12, 0x88a8);
	assert_int_equal(eth_header_parse(bytes, sizeof(bytes), &header), PLX_DROP_NONE);
	assert_int_equal(header.outer_vlan, 0x123);
	assert_int_equal(header.vlan, 0);
	assert_int_equal(header.header_bytes, ETH_TAGGED_BYTES);
}

static void every_truncation_is_short(void **state)
{
	struct eth_header header;

	(void)state;
	for (size_t len = 0; len < sizeof(untagged); len++)
		assert_int_equal(eth_header_parse(guarded_copy(untagged, len), len, &header),
				 PLX_DROP_FRAME_SHORT);
	for (size_t len = 0; len < sizeof(tagged); len++)
		assert_int_equal(eth_header_parse(guarded_copy(tagged, len), len, &header),
				 PLX_DROP_FRAME_SHORT);
}

static void what_was_built_is_read_again(void **state)
{
	struct random r = test_random();

	(void)state;
	for (unsigned i = 0; i < RANDOM_ROUNDS; i++) {
		struct eth_header in = {
			.type = (uint16_t)random_u32(&r),
			.vlan = random_bool(&r) ? (uint16_t)random_below(&r, 4096) : 0,
			.outer_vlan = random_bool(&r) ? (uint16_t)random_below(&r, 4096) : 0,
		};
		uint8_t bytes[ETH_HEADER_MAX_BYTES];
		struct eth_header out;
		size_t len;

		random_fill(&r, &in.dst, sizeof(in.dst));
		random_fill(&r, &in.src, sizeof(in.src));
		if (in.type == ETH_TYPE_VLAN || in.type == ETH_TYPE_SERVICE_VLAN)
			in.type = ETH_TYPE_IPV4;
		len = eth_header_build(bytes, &in);
		assert_int_equal(eth_header_parse(guarded_copy(bytes, len), len, &out),
				 PLX_DROP_NONE);
		assert_int_equal(out.header_bytes, len);
		assert_int_equal(len, 14 + 4 * (in.vlan != 0) + 4 * (in.outer_vlan != 0));
		assert_true(mac_is_equal(&in.dst, &out.dst));
		assert_true(mac_is_equal(&in.src, &out.src));
		assert_int_equal(in.type, out.type);
		assert_int_equal(in.vlan, out.vlan);
		assert_int_equal(in.outer_vlan, out.outer_vlan);
	}
}

static void kinds_of_mac_addresses_are_recognized(void **state)
{
	struct mac_addr station = {{0x02, 0, 0, 0, 0, 0x01}};
	struct mac_addr other = {{0x02, 0, 0, 0, 0, 0x02}};
	struct mac_addr group = {{0x01, 0x00, 0x5e, 0, 0, 1}};
	struct mac_addr broadcast = mac_broadcast();

	(void)state;
	assert_false(mac_is_multicast(&station));
	assert_true(mac_is_multicast(&group));
	assert_true(mac_is_multicast(&broadcast));
	assert_false(mac_is_broadcast(&group));
	assert_true(mac_is_broadcast(&broadcast));
	assert_true(mac_is_equal(&station, &station));
	assert_false(mac_is_equal(&station, &other));
}

// RFC 1112 6.4 (23 bits), RFC 2464 7 (32 bits).
static void groups_map_to_their_mac_addresses(void **state)
{
	struct plx_addr ipv4 = addr_of("239.255.1.2");
	struct plx_addr ipv6 = addr_of("ff02::1:ff0e:8c6c");
	struct mac_addr mac_ipv4 = mac_of_ipv4_multicast(&ipv4);
	struct mac_addr mac_ipv6 = mac_of_ipv6_multicast(&ipv6);

	(void)state;
	assert_memory_equal(mac_ipv4.bytes, "\x01\x00\x5e\x7f\x01\x02", ETH_ADDR_BYTES);
	assert_memory_equal(mac_ipv6.bytes, "\x33\x33\xff\x0e\x8c\x6c", ETH_ADDR_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_untagged_header_is_read),
		cmocka_unit_test(a_tag_gives_its_vlan_and_the_inner_type),
		cmocka_unit_test(a_priority_tag_is_no_vlan),
		cmocka_unit_test(two_tags_give_both_vlans),
		cmocka_unit_test(a_service_tag_alone_is_the_outer_vlan),
		cmocka_unit_test(every_truncation_is_short),
		cmocka_unit_test(what_was_built_is_read_again),
		cmocka_unit_test(kinds_of_mac_addresses_are_recognized),
		cmocka_unit_test(groups_map_to_their_mac_addresses),
	};

	return cmocka_run_group_tests_name("wire_ethernet", tests, NULL, NULL);
}

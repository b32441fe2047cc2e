// SPDX-License-Identifier: BSD-3-Clause
//
// ARP packets against one written by hand (RFC 826), and every way to get one wrong.
// Truncated packets end at an inaccessible page.
// Suite unit.
#include "wire/arp.h"

#include "wire_test.h"

static const uint8_t request[ARP_BYTES] = {
	0x00, 0x01, 0x08, 0x00, 0x06, 0x04, // Ethernet, IPv4, lengths 6 and 4
	0x00, 0x01,			    // request
	0x02, 0x00, 0x00, 0x00, 0x00, 0x0a, // sender
	0xc6, 0x12, 0x00, 0x01,		    // 198.18.0.1
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // target unknown
	0xc6, 0x12, 0x00, 0x02,		    // 198.18.0.2
};

static void a_request_is_read(void **state)
{
	struct plx_addr sender = addr_of("198.18.0.1");
	struct plx_addr target = addr_of("198.18.0.2");
	struct arp_packet packet;

	(void)state;
	assert_int_equal(arp_parse(guarded_copy(request, ARP_BYTES), ARP_BYTES, &packet),
			 PLX_DROP_NONE);
	assert_int_equal(packet.operation, ARP_REQUEST);
	assert_memory_equal(packet.sender_mac.bytes, request + 8, ETH_ADDR_BYTES);
	assert_memory_equal(packet.target_mac.bytes, request + 18, ETH_ADDR_BYTES);
	assert_true(plx_addr_is_equal(&packet.sender, &sender));
	assert_true(plx_addr_is_equal(&packet.target, &target));
}

static void padding_does_not_matter(void **state)
{
	uint8_t padded[46] = {0};
	struct arp_packet packet;

	(void)state;
	memcpy(padded, request, sizeof(request));
	assert_int_equal(arp_parse(padded, sizeof(padded), &packet), PLX_DROP_NONE);
}

static void every_truncation_is_malformed(void **state)
{
	struct arp_packet packet;

	(void)state;
	for (size_t len = 0; len < ARP_BYTES; len++)
		assert_int_equal(arp_parse(guarded_copy(request, len), len, &packet),
				 PLX_DROP_ARP_MALFORMED);
}

static void other_hardware_or_protocol_is_malformed(void **state)
{
	struct arp_packet packet;

	(void)state;
	for (size_t at = 0; at < 6; at++) {
		uint8_t *bytes = guarded_copy(request, ARP_BYTES);

		bytes[at] ^= 0x10;
		assert_int_equal(arp_parse(bytes, ARP_BYTES, &packet), PLX_DROP_ARP_MALFORMED);
	}
}

// RFC 1812 3.3.2, for what a host believes too.
static void a_sender_with_a_group_address_is_malformed(void **state)
{
	uint8_t *bytes = guarded_copy(request, ARP_BYTES);
	struct arp_packet packet;

	(void)state;
	memset(bytes + 8, 0xff, ETH_ADDR_BYTES);
	assert_int_equal(arp_parse(bytes, ARP_BYTES, &packet), PLX_DROP_ARP_MALFORMED);
	bytes[8] = 0x01;
	assert_int_equal(arp_parse(bytes, ARP_BYTES, &packet), PLX_DROP_ARP_MALFORMED);
}

static void what_was_built_is_read_again(void **state)
{
	struct random r = test_random();

	(void)state;
	for (unsigned i = 0; i < RANDOM_ROUNDS; i++) {
		struct arp_packet in = {
			.operation = (uint16_t)random_u32(&r),
			.sender = random_addr(&r, false),
			.target = random_addr(&r, false),
		};
		uint8_t bytes[ARP_BYTES];
		struct arp_packet out;

		random_fill(&r, &in.sender_mac, sizeof(in.sender_mac));
		random_fill(&r, &in.target_mac, sizeof(in.target_mac));
		in.sender_mac.bytes[0] &= 0xfe;
		assert_int_equal(arp_build(bytes, &in), ARP_BYTES);
		assert_int_equal(arp_parse(bytes, ARP_BYTES, &out), PLX_DROP_NONE);
		assert_memory_equal(&in, &out, sizeof(in));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_read),
		cmocka_unit_test(padding_does_not_matter),
		cmocka_unit_test(every_truncation_is_malformed),
		cmocka_unit_test(other_hardware_or_protocol_is_malformed),
		cmocka_unit_test(a_sender_with_a_group_address_is_malformed),
		cmocka_unit_test(what_was_built_is_read_again),
	};

	return cmocka_run_group_tests_name("wire_arp", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// How devices are named, and what is known of them. No EAL.
// The explanations of missing devices that need one are in system_test.c.
#include "drivers/device.h"

#include <string.h>

#include "support/cmocka_headers.h"

static void expect_name(const char *device, const char *expected)
{
	char name[SYSTEM_DEVICE_BYTES];

	device_port_name(device, name, sizeof(name));
	assert_string_equal(name, expected);
}

static void a_pci_address_is_told_from_devargs(void **state)
{
	(void)state;
	assert_true(device_is_pci("0000:03:00.0"));
	assert_true(device_is_pci("03:00.1"));
	assert_true(device_is_pci("0000:af:1f.7,class=net"));
	assert_false(device_is_pci("net_tap0"));
	assert_false(device_is_pci("loopback"));
	assert_false(device_is_pci("03:00"));
	assert_false(device_is_pci("03:00.0x"));
	assert_false(device_is_pci(""));
}

static void the_name_dpdk_lists_is_without_devargs_and_with_a_domain(void **state)
{
	(void)state;
	expect_name("net_tap0,iface=tap0", "net_tap0");
	expect_name("net_null3", "net_null3");
	expect_name("03:00.0", "0000:03:00.0");
	expect_name("0001:AF:1f.1,a=b", "0001:af:1f.1");
}

static void only_the_words_loopback_and_net_ring_are_joined(void **state)
{
	(void)state;
	assert_true(device_is_loopback("loopback"));
	assert_true(device_is_joined("loopback"));
	assert_false(device_is_joined("loopback0"));
	assert_false(device_is_loopback("net_ring"));
	assert_true(device_is_ring("net_ring"));
	assert_true(device_is_joined("net_ring"));
	assert_false(device_is_joined("net_ring0")); // to itself, by its driver
	assert_false(device_is_joined("net_ring,nodeaction=a:0:CREATE"));
}

static void arguments_are_found_by_their_whole_key(void **state)
{
	char value[16];

	(void)state;
	assert_true(device_argument("net_memif0,id=3,role=server", "role", value, sizeof(value)));
	assert_string_equal(value, "server");
	assert_true(device_argument("net_memif0,id=3,role=server", "id", value, sizeof(value)));
	assert_string_equal(value, "3");
	assert_false(device_argument("net_memif0,guid=3", "id", value, sizeof(value)));
	assert_false(device_argument("net_memif0,idx=3", "id", value, sizeof(value)));
	assert_false(device_argument("id=3", "id", value, sizeof(value)));
	assert_true(device_argument("net_x0,iface=averyveryverylongname", "iface", value,
				    sizeof(value)));
	assert_string_equal(value, "averyveryverylo");
}

static void traits_belong_to_the_whole_name_of_a_driver(void **state)
{
	(void)state;
	assert_int_equal(device_traits("net_tap", "net_tap0"),
			 DEVICE_COPIES | DEVICE_SHARES_MAC | DEVICE_MISSUMS);
	assert_int_equal(device_traits("net_ring", "net_ring0"),
			 DEVICE_COPIES | DEVICE_BY_REFERENCE);
	assert_int_equal(device_traits("net_memif", "net_memif0,zero-copy=no"),
			 DEVICE_COPIES | DEVICE_UNMAPS);
	assert_int_equal(device_traits("net_memif", "net_memif0,zero-copy=yes"), DEVICE_UNMAPS);
	assert_int_equal(device_traits("net_vhost", "net_vhost0"), DEVICE_COPIES);
	assert_int_equal(device_traits("net_tapestry", "net_tapestry0"), 0);
	assert_int_equal(device_traits("net_ixgbe", "0000:03:00.0"), 0);
}

static void what_reads_memory_by_itself_needs_huge_pages(void **state)
{
	(void)state;
	assert_true(device_needs_huge_pages("0000:03:00.0"));
	assert_true(device_needs_huge_pages("net_memif0,zero-copy=yes,id=1"));
	assert_false(device_needs_huge_pages("net_memif0,id=1"));
	assert_false(device_needs_huge_pages("loopback"));
}

static void expect_start_explanation(const char *device, const char *what, const char *remedy)
{
	struct port_config port = {.name = "p"};
	struct system_error error = {0};

	strcpy(port.device, device);
	device_explain_start(&port, -5, &error);
	assert_string_equal(error.where, "port p");
	assert_string_equal(error.what, what);
	assert_string_equal(error.remedy, remedy);
}

static void a_memif_client_without_a_server_is_told_so(void **state)
{
	(void)state;
	expect_start_explanation("net_memif0,socket=/tmp/m",
				 "nobody listens on the memif socket /tmp/m",
				 "start the side with role=server first");
	expect_start_explanation("net_memif0,role=client",
				 "nobody listens on the memif socket /run/memif.sock",
				 "start the side with role=server first");
	expect_start_explanation("net_memif0,role=server",
				 "net_memif0,role=server does not start: Input/output error",
				 "--verbose shows what its driver says");
	expect_start_explanation("net_tap0", "net_tap0 does not start: Input/output error",
				 "--verbose shows what its driver says");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pci_address_is_told_from_devargs),
		cmocka_unit_test(the_name_dpdk_lists_is_without_devargs_and_with_a_domain),
		cmocka_unit_test(only_the_words_loopback_and_net_ring_are_joined),
		cmocka_unit_test(arguments_are_found_by_their_whole_key),
		cmocka_unit_test(traits_belong_to_the_whole_name_of_a_driver),
		cmocka_unit_test(what_reads_memory_by_itself_needs_huge_pages),
		cmocka_unit_test(a_memif_client_without_a_server_is_told_so),
	};

	return cmocka_run_group_tests_name("drivers/device", tests, NULL, NULL);
}

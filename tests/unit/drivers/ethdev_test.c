// SPDX-License-Identifier: BSD-3-Clause
//
// What is used of what a device says that it does. Devices are made up: the virtual ones of a test machine do little.
// Which of those do what is told by devices_test.c.
#include "drivers/ethdev.h"

#include "drivers/device.h"
#include "support/cmocka_headers.h"

#define TX_CHECKSUMS (PLX_OFFLOAD_TX_IPV4_CHECKSUM | PLX_OFFLOAD_TX_TCP_CHECKSUM)
#define TX_OF_NIC (TX_CHECKSUMS | PLX_OFFLOAD_TX_MULTI_SEGS | PLX_OFFLOAD_TX_TSO)

static const struct port_config plain;
static const struct port ordinary = {.config = &plain, .tx_descriptors = SYSTEM_TX_DESCRIPTORS};

// A NIC with everything, by the limits of net_i40e.
static struct rte_eth_dev_info nic(void)
{
	return (struct rte_eth_dev_info){
		.rx_offload_capa = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM
			| RTE_ETH_RX_OFFLOAD_SCATTER | RTE_ETH_RX_OFFLOAD_TCP_LRO,
		.tx_offload_capa = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM
			| RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_TCP_TSO
			| RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE,
		.tx_desc_lim = {.nb_seg_max = UINT8_MAX, .nb_mtu_seg_max = 8},
	};
}

static bool cuts(const struct rte_eth_dev_info *info)
{
	return (ethdev_offloads(&ordinary, info, 0) & PLX_OFFLOAD_TX_TSO) != 0;
}

static void all_of_a_nic_is_used(void **state)
{
	struct rte_eth_dev_info info = nic();

	(void)state;
	assert_int_equal(ethdev_offloads(&ordinary, &info, 0),
			 TX_OF_NIC | PLX_OFFLOAD_RX_IPV4_CHECKSUM | PLX_OFFLOAD_RX_TCP_CHECKSUM);
	assert_int_equal(ethdev_offloads(&ordinary, &(struct rte_eth_dev_info){0}, 0), 0);
}

// A port that fills in only one checksum, like virtio, or sends no chains, is not asked to cut.
static void cutting_needs_checksums_and_chains(void **state)
{
	static const uint64_t needed[] = {RTE_ETH_TX_OFFLOAD_IPV4_CKSUM,
					  RTE_ETH_TX_OFFLOAD_TCP_CKSUM,
					  RTE_ETH_TX_OFFLOAD_MULTI_SEGS};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(needed); i++) {
		struct rte_eth_dev_info info = nic();

		info.tx_offload_capa &= ~needed[i];
		assert_false(cuts(&info));
	}
}

static void cutting_needs_as_many_mbufs_as_frames_have(void **state)
{
	struct rte_eth_dev_info info = nic();

	(void)state;
	info.tx_desc_lim.nb_seg_max = PLX_TSO_MBUFS_MAX;
	info.tx_desc_lim.nb_mtu_seg_max = PLX_TSO_SEGMENT_MBUFS_MAX;
	assert_true(cuts(&info));
	info.tx_desc_lim.nb_seg_max--;
	assert_false(cuts(&info));
	info.tx_desc_lim.nb_seg_max = 0; // the driver does not say
	assert_true(cuts(&info));
	info.tx_desc_lim.nb_mtu_seg_max--;
	assert_false(cuts(&info));
	info.tx_desc_lim.nb_mtu_seg_max = 0;
	assert_true(cuts(&info));
}

static void what_makes_wrong_sums_makes_none_and_cuts_nothing(void **state)
{
	struct rte_eth_dev_info info = nic();
	uint32_t offloads = ethdev_offloads(&ordinary, &info, DEVICE_MISSUMS);

	(void)state;
	assert_int_equal(offloads & (TX_CHECKSUMS | PLX_OFFLOAD_TX_TSO), 0);
	assert_int_not_equal(offloads & PLX_OFFLOAD_TX_MULTI_SEGS, 0);
}

static void what_hands_on_mbufs_cuts_nothing(void **state)
{
	struct rte_eth_dev_info info = nic();
	uint32_t offloads = ethdev_offloads(&ordinary, &info, DEVICE_BY_REFERENCE | DEVICE_COPIES);

	(void)state;
	assert_int_equal(offloads & TX_OF_NIC, TX_OF_NIC & ~PLX_OFFLOAD_TX_TSO);
	assert_int_not_equal(offloads & PLX_OFFLOAD_TX_BY_REFERENCE, 0);
	assert_int_not_equal(offloads & PLX_OFFLOAD_TX_ANY_MEMORY, 0);
}

// A ring that holds less than a frame would hold up the port for ever.
static void cutting_needs_descriptors(void **state)
{
	struct rte_eth_dev_info info = nic();
	struct port port = ordinary;

	(void)state;
	port.tx_descriptors = 32;
	assert_int_equal(ethdev_offloads(&port, &info, 0) & TX_OF_NIC,
			 TX_OF_NIC & ~PLX_OFFLOAD_TX_TSO);
}

// The shim loses, delays and damages what is on the wire: a large frame never is.
static void a_shim_gets_frames_as_they_are_on_the_wire(void **state)
{
	static const struct {
		struct port_config config;
		uint32_t expected;
	} cases[] = {
		{{.impairment.tx.loss_ppm = 1}, TX_OF_NIC & ~PLX_OFFLOAD_TX_TSO},
		{{.impairment.tx.corrupt_ppm = 1}, PLX_OFFLOAD_TX_MULTI_SEGS},
		{{.impairment.rx.corrupt_ppm = 1}, TX_OF_NIC},
	};
	struct rte_eth_dev_info info = nic();
	struct port port = ordinary;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		port.config = &cases[i].config;
		assert_int_equal(ethdev_offloads(&port, &info, 0) & TX_OF_NIC, cases[i].expected);
	}
}

static void a_relay_passes_on_what_it_gets(void **state)
{
	struct rte_eth_dev_info info = nic();
	struct port port = ordinary;

	(void)state;
	port.is_relayed = true;
	assert_int_equal(ethdev_offloads(&port, &info, DEVICE_COPIES), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_a_nic_is_used),
		cmocka_unit_test(cutting_needs_checksums_and_chains),
		cmocka_unit_test(cutting_needs_as_many_mbufs_as_frames_have),
		cmocka_unit_test(what_makes_wrong_sums_makes_none_and_cuts_nothing),
		cmocka_unit_test(what_hands_on_mbufs_cuts_nothing),
		cmocka_unit_test(cutting_needs_descriptors),
		cmocka_unit_test(a_relay_passes_on_what_it_gets),
		cmocka_unit_test(a_shim_gets_frames_as_they_are_on_the_wire),
	};

	return cmocka_run_group_tests_name("drivers ethdev", tests, NULL, NULL);
}

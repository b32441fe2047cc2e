// SPDX-License-Identifier: BSD-3-Clause
//
// Ports of net_ring joined inside the process: what one sends is what the other receives, the very
// mbuf, queue by queue, and nothing is left behind when they end. Ethernet devices are used by hand
// here; a whole system over rings runs in echo_test.c.
#include "drivers/ring_ports.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "support/cmocka_headers.h"
#include "support/eal_main.h"
#include "support/mbufs.h"

enum {
	POOL_MBUFS = 1023,
	QUEUES = 2,
	DESCRIPTORS = 31,
};

static struct system_config config;
static struct topology topology;
static struct ring_ports ring_ports;

static struct rte_mempool *pool(void)
{
	return mbufs_pool(0, POOL_MBUFS);
}

static void describe(unsigned workers)
{
	static const char *const names[] = {"left", "right"};
	struct system_error error;

	system_config_init(&config);
	config.n_ports = config.n_stacks = 2;
	for (unsigned i = 0; i < 2; i++) {
		strcpy(config.ports[i].name, names[i]);
		strcpy(config.ports[i].device, "net_ring");
		config.ports[i].rx_descriptors = DESCRIPTORS;
		strcpy(config.stacks[i].name, names[i]);
		strcpy(config.stacks[i].port, names[i]);
		config.stacks[i].workers = workers;
	}
	strcpy(config.ports[1].peer, "left");
	assert_int_equal(topology_make(&config, &topology, &error), 0);
}

// The device of the port at that position, ready for bursts.
static uint16_t start_device(unsigned port)
{
	const struct rte_eth_conf conf = {0};
	char name[RTE_ETH_NAME_MAX_LEN];
	uint16_t device;

	ring_port_name(port, name, sizeof(name));
	assert_int_equal(rte_eth_dev_get_port_by_name(name, &device), 0);
	assert_int_equal(rte_eth_dev_configure(device, QUEUES, QUEUES, &conf), 0);
	for (uint16_t queue = 0; queue < QUEUES; queue++) {
		assert_int_equal(
			rte_eth_rx_queue_setup(device, queue, DESCRIPTORS, 0, NULL, pool()), 0);
		assert_int_equal(rte_eth_tx_queue_setup(device, queue, DESCRIPTORS, 0, NULL), 0);
	}
	assert_int_equal(rte_eth_dev_start(device), 0);
	return device;
}

static void start(uint16_t devices[2])
{
	struct system_error error;

	describe(QUEUES);
	assert_int_equal(ring_ports_create(&config, &topology, &ring_ports, &error), 0);
	for (unsigned i = 0; i < 2; i++)
		devices[i] = start_device(i);
}

static void stop(const uint16_t devices[2])
{
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(rte_eth_dev_stop(devices[i]), 0);
		assert_int_equal(rte_eth_dev_close(devices[i]), 0);
	}
	ring_ports_destroy(&ring_ports);
	assert_int_equal(mbufs_in_use(pool()), 0);
}

static struct rte_mbuf *frame(void)
{
	static const uint8_t bytes[64];

	return mbufs_frame(pool(), bytes, sizeof(bytes), 0);
}

static void what_one_sends_the_other_receives_on_the_same_queue(void **state)
{
	struct rte_mbuf *sent, *received;
	uint16_t devices[2];

	(void)state;
	start(devices);
	for (unsigned from = 0; from < 2; from++)
		for (uint16_t queue = 0; queue < QUEUES; queue++) {
			sent = frame();
			assert_int_equal(rte_eth_tx_burst(devices[from], queue, &sent, 1), 1);
			assert_int_equal(rte_eth_rx_burst(devices[from], queue, &received, 1), 0);
			assert_int_equal(rte_eth_rx_burst(devices[!from], !queue, &received, 1), 0);
			assert_int_equal(rte_eth_rx_burst(devices[!from], queue, &received, 1), 1);
			assert_ptr_equal(received, sent);
			rte_pktmbuf_free(received);
		}
	stop(devices);
}

static void a_ring_takes_as_many_frames_as_its_receiver_has_descriptors(void **state)
{
	struct rte_mbuf *frames[DESCRIPTORS + 1];
	uint16_t devices[2];

	(void)state;
	start(devices);
	for (unsigned i = 0; i <= DESCRIPTORS; i++)
		frames[i] = frame();
	assert_int_equal(rte_eth_tx_burst(devices[0], 0, frames, DESCRIPTORS + 1), DESCRIPTORS);
	rte_pktmbuf_free(frames[DESCRIPTORS]);
	stop(devices); // with frames that nobody has received
}

static unsigned heap_allocations(void)
{
	struct rte_malloc_socket_stats heap;

	assert_int_equal(rte_malloc_get_socket_stats((int)rte_socket_id(), &heap), 0);
	return heap.alloc_count;
}

static void nothing_is_left_on_the_heap(void **state)
{
	uint16_t devices[2];
	unsigned before;

	(void)state;
	pool(); // made on first use
	before = heap_allocations();
	start(devices);
	assert_true(heap_allocations() > before);
	stop(devices);
	assert_int_equal(heap_allocations(), before);
}

static void more_workers_than_a_ring_has_queues_are_refused(void **state)
{
	struct system_error error = {0};

	(void)state;
	describe(RING_QUEUES_MAX + 1);
	assert_int_equal(ring_ports_create(&config, &topology, &ring_ports, &error), -EINVAL);
	assert_string_equal(error.where, "port left");
	assert_string_equal(error.what, "17 workers need as many queues, net_ring has 16");
	assert_string_equal(error.remedy, "lower the workers of its stack");
	ring_ports_destroy(&ring_ports);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_one_sends_the_other_receives_on_the_same_queue),
		cmocka_unit_test(a_ring_takes_as_many_frames_as_its_receiver_has_descriptors),
		cmocka_unit_test(nothing_is_left_on_the_heap),
		cmocka_unit_test(more_workers_than_a_ring_has_queues_are_refused),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("drivers/ring_ports", tests, NULL, NULL);
}

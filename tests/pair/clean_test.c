// SPDX-License-Identifier: BSD-3-Clause
//
// Transfers over a link that loses nothing: every size, both ways, both families, with and without Ethernet,
// with neighbours that are learned, at every rate and for every kind of port.
// RFC 9293 3.4, 3.8: all bytes, in order, once, and no retransmission that nothing asked for.
#include "support/eal_main.h"
#include "support/seed.h"
#include "support/transfer.h"

enum { LIMIT_S = 600 };

static const uint64_t sizes[] = {0,	1,     2,      100,    1379,   1380,   1428,
				 1448,	1460,  1461,   2920,   14599,  14600,  65535,
				 65536, 65537, 100000, 262144, 262145, 1000000};

static void transfer_clean(struct pair *pair, uint64_t bytes_up, uint64_t bytes_down)
{
	struct transfer transfer = {
		.bytes_up = bytes_up, .bytes_down = bytes_down, .limit = LIMIT_S * PLX_SECOND};

	pair_begin(pair);
	transfer_run(pair, &transfer);
	for (unsigned i = 0; i < PAIR_SIDES; i++) {
		struct plx_stats stats = pair_stats(&pair->sides[i]);

		// While a queue builds up a probe may be too early.
		assert_true(stats.counters[PLX_COUNTER_TCP_RETRANSMITS]
			    <= stats.counters[PLX_COUNTER_TCP_TAIL_PROBES]);
		assert_int_equal(stats.counters[PLX_COUNTER_TCP_TIMEOUTS], 0);
		assert_int_equal(stats.counters[PLX_COUNTER_TCP_OUT_OF_ORDER], 0);
		assert_int_equal(stats.counters[PLX_COUNTER_CONN_CLOSED], 1);
	}
	pair_end(pair);
}

static void every_size_in_each_direction(bool is_ipv6)
{
	uint64_t seed = test_seed();
	struct pair pair;

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		pair_plan(&pair, seed++, is_ipv6);
		transfer_clean(&pair, sizes[i], 0);
		pair_plan(&pair, seed++, is_ipv6);
		transfer_clean(&pair, 0, sizes[i]);
		pair_plan(&pair, seed++, is_ipv6);
		transfer_clean(&pair, sizes[i], sizes[(i * 7) % 20]);
	}
}

static void every_size_in_each_direction_ipv4(void **state)
{
	(void)state;
	every_size_in_each_direction(false);
}

static void every_size_in_each_direction_ipv6(void **state)
{
	(void)state;
	every_size_in_each_direction(true);
}

static void bare_ip_both_families(void **state)
{
	struct pair pair;

	(void)state;
	for (unsigned is_ipv6 = 0; is_ipv6 < 2; is_ipv6++) {
		pair_plan(&pair, test_seed(), is_ipv6);
		pair.link = PLX_LINK_IP;
		transfer_clean(&pair, 300000, 200000);
	}
}

// ARP and ND between the two resolve what the SYN waits for.
static void neighbors_are_learned(void **state)
{
	struct pair pair;

	(void)state;
	for (unsigned is_ipv6 = 0; is_ipv6 < 2; is_ipv6++) {
		pair_plan(&pair, test_seed(), is_ipv6);
		pair.learns_neighbors = true;
		transfer_clean(&pair, 30000, 20000);
	}
}

// Arrivals in bursts of 64, as a busy port delivers them, and one by one.
static void bursts_of_every_size(void **state)
{
	static const unsigned bursts[] = {1, 2, 3, 8, 32, 64};
	struct pair pair;

	(void)state;
	for (unsigned i = 0; i < sizeof(bursts) / sizeof(bursts[0]); i++) {
		pair_plan(&pair, test_seed() + i, (i & 1) != 0);
		pair.burst = bursts[i];
		pair_use_link(&pair,
			      (struct link_config){.model.delay = 5 * PLX_MILLISECOND,
						   .batch = PLX_MILLISECOND});
		transfer_clean(&pair, 400000, 400000);
	}
}

static void every_rate_and_delay(void **state)
{
	static const uint64_t rates_bps[] = {1000000, 10000000, 1000000000, 0};
	static const plx_duration delays[] = {0, 100 * PLX_MICROSECOND, 20 * PLX_MILLISECOND};
	struct pair pair;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		for (unsigned j = 0; j < 3; j++) {
			pair_plan(&pair, test_seed() + i * 3 + j, (i & 1) != 0);
			pair_use_link(&pair,
				      (struct link_config){.model.rate_bps = rates_bps[i],
							   .model.delay = delays[j]});
			// A megabit queues longer than RTO_INITIAL behind a deep buffer.
			transfer_clean(&pair, i == 0 ? 8000 : 300000, i == 0 ? 8000 : 300000);
		}
	}
}

// What a port offers changes nothing of what arrives.
static void every_kind_of_port(void **state)
{
	static const uint32_t offloads[] = {
		PLX_OFFLOAD_TX_MULTI_SEGS,
		PLX_OFFLOAD_TX_MULTI_SEGS | PLX_OFFLOAD_TX_ANY_MEMORY,
		PLX_OFFLOAD_TX_ANY_MEMORY,
		PLX_OFFLOAD_TX_MULTI_SEGS | PLX_OFFLOAD_TX_BY_REFERENCE,
		PLX_OFFLOAD_TX_IPV4_CHECKSUM | PLX_OFFLOAD_TX_TCP_CHECKSUM,
		PLX_OFFLOAD_TX_IPV4_CHECKSUM | PLX_OFFLOAD_TX_TCP_CHECKSUM
			| PLX_OFFLOAD_TX_MULTI_SEGS | PLX_OFFLOAD_TX_ANY_MEMORY,
		PLX_OFFLOAD_TX_TCP_CHECKSUM | PLX_OFFLOAD_TX_MULTI_SEGS,
		PLX_OFFLOAD_TX_IPV4_CHECKSUM | PLX_OFFLOAD_TX_TCP_CHECKSUM
			| PLX_OFFLOAD_TX_MULTI_SEGS | PLX_OFFLOAD_TX_TSO,
		PLX_OFFLOAD_TX_IPV4_CHECKSUM | PLX_OFFLOAD_TX_TCP_CHECKSUM
			| PLX_OFFLOAD_TX_MULTI_SEGS | PLX_OFFLOAD_TX_ANY_MEMORY
			| PLX_OFFLOAD_TX_TSO,
	};
	struct pair pair;

	(void)state;
	for (unsigned i = 0; i < 2 * sizeof(offloads) / sizeof(offloads[0]); i++) {
		pair_plan(&pair, test_seed() + i, (i & 1) != 0);
		pair.sides[PAIR_SERVER].config.offloads = offloads[i / 2];
		pair.sides[PAIR_CLIENT].config.offloads = offloads[i / 2];
		transfer_clean(&pair, 200000, 300000);
	}
}

// Options that change how bytes are cut and windows kept, but not the bytes.
static void every_kind_of_connection(void **state)
{
	static const struct plx_option_value variants[][3] = {
		{{PLX_OPTION_TIMESTAMPS, 0}, {PLX_OPTION_WINDOW_SCALE, 0}, {PLX_OPTION_NAGLE, 0}},
		{{PLX_OPTION_RECEIVE_BUFFER, 1},
		 {PLX_OPTION_SEND_BUFFER, 5000},
		 {PLX_OPTION_NAGLE, 0}},
		{{PLX_OPTION_RECEIVE_BUFFER, 3000},
		 {PLX_OPTION_SEND_BUFFER, 3000},
		 {PLX_OPTION_NAGLE, 1}},
		{{PLX_OPTION_RECEIVE_BUFFER, 4 << 20},
		 {PLX_OPTION_SEND_BUFFER, 4 << 20},
		 {PLX_OPTION_CONGESTION, 1}},
		{{PLX_OPTION_MAX_SEGMENT, 88}, {PLX_OPTION_DELAYED_ACK, 0}, {PLX_OPTION_NAGLE, 0}},
		{{PLX_OPTION_MAX_SEGMENT, 1}, {PLX_OPTION_TIMESTAMPS, 0}, {PLX_OPTION_NAGLE, 0}},
	};
	static const uint64_t bytes[] = {100000, 50, 20000, 1000000, 20000, 500};
	struct pair pair;

	(void)state;
	for (unsigned i = 0; i < 2 * sizeof(variants) / sizeof(variants[0]); i++) {
		struct transfer transfer = {
			.bytes_up = bytes[i / 2],
			.bytes_down = bytes[i / 2] / 2,
			.options = variants[i / 2],
			.n_options = 3,
			.limit = LIMIT_S * PLX_SECOND,
		};

		pair_plan(&pair, test_seed() + i, (i & 1) != 0);
		pair_begin(&pair);
		transfer_run(&pair, &transfer);
		pair_end(&pair);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_in_each_direction_ipv4),
		cmocka_unit_test(every_size_in_each_direction_ipv6),
		cmocka_unit_test(bare_ip_both_families),
		cmocka_unit_test(neighbors_are_learned),
		cmocka_unit_test(bursts_of_every_size),
		cmocka_unit_test(every_rate_and_delay),
		cmocka_unit_test(every_kind_of_port),
		cmocka_unit_test(every_kind_of_connection),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("pair clean", tests, NULL, NULL);
}

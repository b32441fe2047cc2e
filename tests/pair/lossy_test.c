// SPDX-License-Identifier: BSD-3-Clause
//
// Transfers one way, so that whatever comes back is a pure acknowledgement, over links that lose, double, reorder
// and corrupt: no byte is lost, doubled or reordered at the API. POLLUX_SEED and POLLUX_RUNS choose the runs; a
// failure prints which. Both ways, and everything else that can be drawn, is pair/soak's.
// RFC 9293 3.8.1, RFC 6298, RFC 5681, RFC 6582.
#include <stdlib.h>

#include "support/eal_main.h"
#include "support/seed.h"
#include "support/transfer.h"

enum { RUNS = 100, LIMIT_S = 24 * 3600, PERCENT_PPM = 10000 };

static unsigned runs(void)
{
	const char *wanted = getenv("POLLUX_RUNS");

	return wanted == NULL ? RUNS : (unsigned)strtoul(wanted, NULL, 0);
}

static uint64_t between(struct random *dice, uint32_t least, uint32_t most)
{
	return least + random_below(dice, most - least + 1);
}

// A link that misbehaves in its own way: some of them mildly, some badly.
static struct link_config draw_link(struct random *dice)
{
	static const uint32_t most_ppm[] = {1000, PERCENT_PPM, 10 * PERCENT_PPM};
	uint32_t most = most_ppm[random_below(dice, 3)];

	return (struct link_config){
		.model =
			{
				.rate_bps = random_below(dice, 2) == 0
					? 0
					: between(dice, 1, 1000) * 1000000,
				.delay = between(dice, 0, 40) * PLX_MILLISECOND,
				.queue_bytes = (uint32_t)between(dice, 20000, 1000000),
				.loss_ppm = (uint32_t)between(dice, 0, most),
				.duplicate_ppm = (uint32_t)between(dice, 0, most),
				.reorder_ppm = (uint32_t)between(dice, 0, most),
				.corrupt_ppm = (uint32_t)between(dice, 0, most),
				.reorder_delay = between(dice, 1, 30) * PLX_MILLISECOND,
			},
		.batch = random_below(dice, 2) * PLX_MILLISECOND,
	};
}

static void one_run(uint64_t seed, bool is_ipv6)
{
	struct plx_option_value options[] = {
		{PLX_OPTION_TIMESTAMPS, 1},
		{PLX_OPTION_NAGLE, 1},
		{PLX_OPTION_RECEIVE_BUFFER, 0},
	};
	struct transfer transfer = {
		.options = options, .n_options = 3, .limit = (plx_duration)LIMIT_S * PLX_SECOND};
	struct random dice;
	struct pair pair;

	random_init_seed(&dice, seed);
	options[0].value = random_below(&dice, 2);
	options[1].value = random_below(&dice, 2);
	options[2].value = (int64_t)between(&dice, 3000, 500000);
	transfer.bytes_up = between(&dice, 64 << 10, 1 << 20);
	pair_plan(&pair, seed, is_ipv6);
	pair_use_link(&pair, draw_link(&dice));
	pair.burst = (unsigned)between(&dice, 1, 64);
	pair_begin(&pair);
	transfer_run(&pair, &transfer);
	pair_end(&pair);
}

static void runs_of(bool is_ipv6)
{
	uint64_t seed = test_seed();

	for (unsigned i = 0; i < runs(); i++)
		one_run(seed + i, is_ipv6);
}

static void transfers_one_way_ipv4(void **state)
{
	(void)state;
	runs_of(false);
}

static void transfers_one_way_ipv6(void **state)
{
	(void)state;
	runs_of(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transfers_one_way_ipv4),
		cmocka_unit_test(transfers_one_way_ipv6),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("pair lossy", tests, NULL, NULL);
}

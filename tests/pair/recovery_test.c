// SPDX-License-Identifier: BSD-3-Clause
//
// Losses that must be recovered without waiting for a timer, and those that may not be.
// RFC 5681 3.2, RFC 6582, and the ACK discipline of bursts: a sender without SACK counts every duplicate.
#include "support/eal_main.h"
#include "support/seed.h"
#include "support/transfer.h"

enum { WINDOW = 20, MSS = 1000, LIMIT_S = 600 };

// Loses the n-th data segment of its first transmission, once.
struct one_loss {
	unsigned which;
	unsigned seen;
	unsigned how_many; // in a row
};

static bool loses_one(void *context, const struct frame *frame)
{
	struct one_loss *loss = context;

	if (!frame->is_tcp || frame->payload_bytes == 0)
		return false;
	loss->seen++;
	return loss->seen > loss->which && loss->seen <= loss->which + loss->how_many;
}

static const struct plx_option_value options[] = {
	{PLX_OPTION_INITIAL_WINDOW, WINDOW},
	{PLX_OPTION_MAX_SEGMENT, MSS},
	{PLX_OPTION_TIMESTAMPS, 0},
};

// One window of segments arrives in one plx_input() of 64. Returns the sender's figures.
static struct plx_stats run_with_loss(struct one_loss *loss, uint64_t bytes, bool is_ipv6,
				      plx_duration *took)
{
	struct transfer transfer = {.bytes_up = bytes,
				    .options = options,
				    .n_options = 3,
				    .limit = LIMIT_S * PLX_SECOND};
	struct plx_stats stats;
	struct pair pair;
	plx_time begin;

	pair_plan(&pair, test_seed(), is_ipv6);
	pair.burst = 64;
	pair_use_link(&pair,
		      (struct link_config){.model.delay = 10 * PLX_MILLISECOND,
					   .batch = PLX_MILLISECOND});
	pair_begin(&pair);
	pair.sides[PAIR_CLIENT].link.loses = loses_one;
	pair.sides[PAIR_CLIENT].link.context = loss;
	begin = pair.now;
	transfer_run(&pair, &transfer);
	*took = pair.now - begin;
	stats = pair_stats(&pair.sides[PAIR_CLIENT]);
	pair_end(&pair);
	return stats;
}

// Any of the first seventeen of twenty: three duplicate ACKs follow it.
static void burst_of_64_with_one_loss_recovers_without_timeout(void **state)
{
	plx_duration took;

	(void)state;
	for (unsigned which = 0; which + 3 < WINDOW; which++) {
		struct one_loss loss = {.which = which, .how_many = 1};
		struct plx_stats stats = run_with_loss(&loss, WINDOW * MSS, (which & 1) != 0,
						       &took);

		assert_int_equal(stats.counters[PLX_COUNTER_TCP_TIMEOUTS], 0);
		assert_int_equal(stats.counters[PLX_COUNTER_TCP_FAST_RETRANSMITS], 1);
		assert_int_equal(stats.counters[PLX_COUNTER_TCP_RETRANSMITS], 1);
	}
}

// The same in the middle of a long transfer.
static void loss_in_a_long_transfer_recovers_without_timeout(void **state)
{
	plx_duration took;

	(void)state;
	for (unsigned which = 0; which < 200; which += 7) {
		struct one_loss loss = {.which = which, .how_many = 1};
		struct plx_stats stats = run_with_loss(&loss, 300 * MSS, (which & 1) != 0, &took);

		assert_int_equal(stats.counters[PLX_COUNTER_TCP_TIMEOUTS], 0);
		assert_int_equal(stats.counters[PLX_COUNTER_TCP_RETRANSMITS], 1);
	}
}

// RFC 6582: several losses in one window cost a round trip each, and no timeout.
static void several_losses_cost_a_round_trip_each(void **state)
{
	plx_duration took, clean;
	struct one_loss none = {.which = 100000};

	(void)state;
	run_with_loss(&none, 100 * MSS, false, &clean);
	for (unsigned how_many = 2; how_many <= 4; how_many++) {
		struct one_loss loss = {.which = 5, .how_many = how_many};
		struct plx_stats stats = run_with_loss(&loss, 100 * MSS, false, &took);

		assert_int_equal(stats.counters[PLX_COUNTER_TCP_TIMEOUTS], 0);
		assert_int_equal(stats.counters[PLX_COUNTER_TCP_RETRANSMITS], how_many);
		// Half a window, a segment wider each round trip, takes the rest of the time.
		assert_true(took < clean + (how_many + 16) * 25 * PLX_MILLISECOND);
	}
}

// The last segment of all: only a timer knows, the probe's or that of retransmission.
static void loss_of_the_tail_is_recovered_by_a_timer(void **state)
{
	struct one_loss loss = {.which = WINDOW - 1, .how_many = 1};
	struct plx_stats stats;
	plx_duration took;

	(void)state;
	stats = run_with_loss(&loss, WINDOW * MSS, false, &took);
	assert_int_equal(stats.counters[PLX_COUNTER_TCP_TIMEOUTS]
				 + stats.counters[PLX_COUNTER_TCP_TAIL_PROBES],
			 1);
	assert_true(took < PLX_SECOND);
}

// Reordering by less than three segments is no loss.
static void slight_reordering_retransmits_nothing(void **state)
{
	struct transfer transfer = {.bytes_up = 200 * MSS,
				    .options = options,
				    .n_options = 3,
				    .limit = LIMIT_S * PLX_SECOND};
	struct plx_stats stats;
	struct pair pair;

	(void)state;
	pair_plan(&pair, test_seed(), false);
	pair_use_link(&pair,
		      (struct link_config){
			      .model.rate_bps = 10000000, // a segment takes 0.85 ms
			      .model.delay = 5 * PLX_MILLISECOND,
			      .model.reorder_ppm = 50000,
			      .model.reorder_delay = 1500 * PLX_MICROSECOND,
		      });
	pair_begin(&pair);
	transfer_run(&pair, &transfer);
	stats = pair_stats(&pair.sides[PAIR_CLIENT]);
	assert_int_equal(stats.counters[PLX_COUNTER_TCP_RETRANSMITS], 0);
	assert_true(pair.sides[PAIR_CLIENT].link.model.counters.reordered > 0);
	pair_end(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(burst_of_64_with_one_loss_recovers_without_timeout),
		cmocka_unit_test(loss_in_a_long_transfer_recovers_without_timeout),
		cmocka_unit_test(several_losses_cost_a_round_trip_each),
		cmocka_unit_test(loss_of_the_tail_is_recovered_by_a_timer),
		cmocka_unit_test(slight_reordering_retransmits_nothing),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("pair recovery", tests, NULL, NULL);
}

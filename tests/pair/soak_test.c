// SPDX-License-Identifier: BSD-3-Clause
//
// The soak: whole transfers over links drawn from seeds, POLLUX_RUNS of them from POLLUX_SEED on. Everything a run
// is made of follows from its seed: sizes, links, options, buffers, ports, clocks. devtools/soak runs it in
// several processes and adds up the line "soak:" in which it says what was seen.
// RFC 9293 3.8, RFC 5681, RFC 6298, RFC 6582; the rules are those of support/pair.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/random.h"
#include "support/eal_main.h"
#include "support/seed.h"
#include "support/transfer.h"

enum {
	RUNS = 40,
	LIMIT_S = 24 * 3600,
	PERCENT_PPM = 10000,
	MILLION = 1000000,
	BYTES_MIN = 64 << 10,
	BYTES_MAX = 4 << 20,
	WRAP_EVERY = 10,	 // one run in so many begins before the wrap,
	WRAP_BYTES = 64 << 10,	 // so close
	IMPLAUSIBLE_EVENTS = 25, // e^-25: so many were expected, and none came
	OPTIONS_MAX = 16,
	ISN_TICK_US = 4, // RFC 6528 3
};

// What the soak must have seen, each in some run.
enum sight {
	SAW_RETRANSMISSION,
	SAW_FAST_RECOVERY,
	SAW_RTO,
	SAW_REORDERING,
	SAW_DUPLICATE,
	SAW_CORRUPTION,
	SAW_ZERO_WINDOW,
	SAW_BURST_LOSS,
	SAW_FULL_QUEUE,
	SAW_ROUGH_LINK,
	SAW_WRAP_UP,
	SAW_WRAP_DOWN,
	SAW_IPV4,
	SAW_IPV6,
	SAW_SEVERAL_CONNECTIONS,
	SAW_LARGE_FRAMES,
	SIGHTS,
};

static const char *const sight_names[SIGHTS] = {
	"retransmission", "fast_recovery", "rto",	 "reordering", "duplicate",
	"corruption",	  "zero_window",   "burst_loss", "full_queue", "rough_link",
	"wrap_up",	  "wrap_down",	   "ipv4",	 "ipv6",       "several_connections",
	"large_frames",
};

// A run as it was drawn.
struct plan {
	uint64_t seed;
	bool is_ipv6;
	bool is_rough;
	bool begins_near_wrap;
	uint32_t before_wrap_bytes;
	enum plx_link link;
	struct link_config links[PAIR_SIDES];
	plx_duration clocks[PAIR_SIDES];
	unsigned burst;
	uint16_t burst_segments;
	uint16_t mtu_bytes;
	uint32_t offloads;
	struct plx_option_value options[OPTIONS_MAX];
	struct transfer transfer;
};

static struct {
	uint64_t runs;
	uint64_t seen[SIGHTS];
	uint64_t bytes;
} total;

static uint64_t between(struct random *dice, uint64_t least, uint64_t most)
{
	return least + random_u64(dice) % (most - least + 1);
}

static bool in_percent(struct random *dice, uint32_t percent)
{
	return random_below(dice, 100) < percent;
}

// As many between 1 and 2 as between 1000 and 2000.
static uint64_t of_any_size(struct random *dice, uint64_t least, uint64_t most)
{
	unsigned doublings = 0;
	uint64_t low;

	while (least << (doublings + 1) <= most)
		doublings++;
	low = least << random_below(dice, doublings + 1);
	return between(dice, low, 2 * low - 1 < most ? 2 * low - 1 : most);
}

// At least one of the two that make a link rough.
static void draw_roughness(struct random *dice, struct link_model_config *model)
{
	unsigned kind = random_below(dice, 3);

	if (kind != 0)
		model->loss_ppm = (uint32_t)of_any_size(dice, PERCENT_PPM, 10 * PERCENT_PPM);
	if (kind != 1) {
		model->reorder_ppm = (uint32_t)of_any_size(dice, PERCENT_PPM / 2, 20 * PERCENT_PPM);
		model->reorder_delay = of_any_size(dice, 50 * PLX_MICROSECOND,
						   60 * PLX_MILLISECOND);
	}
}

static void draw_rate(struct random *dice, struct link_model_config *model)
{
	model->rate_bps = of_any_size(dice, 1000000, UINT64_C(10000000000));
	model->queue_bytes = (uint32_t)of_any_size(dice, 10000, 1000000);
	if (in_percent(dice, 40))
		model->ecn_threshold_bytes = (uint32_t)between(dice, model->queue_bytes / 8,
							       model->queue_bytes / 2);
}

static struct link_config draw_link(struct random *dice, bool is_rough)
{
	struct link_config config = {.batch = in_percent(dice, 30) ? PLX_MILLISECOND : 0};
	struct link_model_config *model = &config.model;

	model->delay = of_any_size(dice, 20 * PLX_MICROSECOND, 100 * PLX_MILLISECOND);
	if (is_rough)
		draw_roughness(dice, model);
	if (in_percent(dice, 70))
		draw_rate(dice, model);
	if (in_percent(dice, 30)) {
		model->jitter = of_any_size(dice, PLX_MICROSECOND, 20 * PLX_MILLISECOND);
		model->jitter_reorders = in_percent(dice, 20);
	}
	if (in_percent(dice, 25)) {
		model->burst_enter_ppm = (uint32_t)of_any_size(dice, 300, PERCENT_PPM);
		model->burst_leave_ppm = (uint32_t)between(dice, 10 * PERCENT_PPM,
							   50 * PERCENT_PPM);
		model->burst_loss_ppm = (uint32_t)between(dice, 50 * PERCENT_PPM, MILLION);
	}
	if (in_percent(dice, 40)) {
		model->duplicate_ppm = (uint32_t)of_any_size(dice, 100, 5 * PERCENT_PPM);
		model->duplicate_delay = in_percent(dice, 50)
			? 0
			: between(dice, 0, 20 * PLX_MILLISECOND);
	}
	if (in_percent(dice, 40))
		model->corrupt_ppm = (uint32_t)of_any_size(dice, 100, 3 * PERCENT_PPM);
	return config;
}

static void add_option(struct plan *plan, enum plx_option option, int64_t value)
{
	struct transfer *transfer = &plan->transfer;

	plan->options[transfer->n_options++] = (struct plx_option_value){option, value};
}

// An option that this engine may or may not have.
static void add_option_named(struct plan *plan, const char *name, int64_t value)
{
	for (unsigned i = 0; i < PLX_OPTION_COUNT; i++)
		if (strcasecmp(plx_option_name((enum plx_option)i), name) == 0)
			add_option(plan, (enum plx_option)i, value);
}

static void draw_congestion(struct random *dice, struct plan *plan)
{
	static const char *const names[] = {"newreno", "cubic", "dctcp", "fixed"};
	int index = plx_congestion_index(names[random_below(dice, 4)]);

	if (index >= 0)
		add_option(plan, PLX_OPTION_CONGESTION, index);
	add_option_named(plan, "ecn", random_below(dice, 3));
	add_option_named(plan, "pacing", in_percent(dice, 25));
}

static void draw_options(struct random *dice, struct plan *plan)
{
	plan->transfer.options = plan->options;
	// A burst may outlast any count of retransmissions, since it only ends by frames.
	add_option(plan, PLX_OPTION_RETRIES, 0);
	add_option(plan, PLX_OPTION_SYN_RETRIES, 32);
	add_option(plan, PLX_OPTION_TIMESTAMPS, in_percent(dice, 60));
	add_option(plan, PLX_OPTION_NAGLE, in_percent(dice, 50));
	add_option(plan, PLX_OPTION_WINDOW_SCALE, in_percent(dice, 80));
	draw_congestion(dice, plan);
	if (in_percent(dice, 60))
		add_option(plan, PLX_OPTION_RECEIVE_BUFFER,
			   (int64_t)of_any_size(dice, 3000, 1 << 20));
	if (in_percent(dice, 60))
		add_option(plan, PLX_OPTION_SEND_BUFFER, (int64_t)of_any_size(dice, 3000, 1 << 20));
	if (in_percent(dice, 15))
		add_option(plan, PLX_OPTION_MAX_SEGMENT, (int64_t)between(dice, 400, 1400));
	if (in_percent(dice, 20))
		add_option(plan, PLX_OPTION_DELAYED_ACK, 0);
	if (in_percent(dice, 10))
		add_option(plan, PLX_OPTION_RTO_MIN,
			   (int64_t)of_any_size(dice, PLX_MILLISECOND, 100 * PLX_MILLISECOND));
}

static uint32_t draw_offloads(struct random *dice)
{
	uint32_t of_nic = PLX_OFFLOAD_TX_TSO | PLX_OFFLOAD_TX_MULTI_SEGS
		| PLX_OFFLOAD_TX_TCP_CHECKSUM | PLX_OFFLOAD_TX_IPV4_CHECKSUM;

	return random_below(dice, 2) * PLX_OFFLOAD_TX_MULTI_SEGS
		| random_below(dice, 2) * PLX_OFFLOAD_TX_ANY_MEMORY
		| random_below(dice, 2) * PLX_OFFLOAD_TX_TCP_CHECKSUM
		| random_below(dice, 2) * PLX_OFFLOAD_TX_IPV4_CHECKSUM
		| in_percent(dice, 30) * of_nic;
}

static void draw_transfer(struct random *dice, struct plan *plan)
{
	struct transfer *transfer = &plan->transfer;

	transfer->connections = in_percent(dice, 25)
		? (unsigned)between(dice, 2, TRANSFER_CONNECTIONS / 2)
		: 1;
	transfer->bytes_up = of_any_size(dice, BYTES_MIN, BYTES_MAX);
	transfer->bytes_down = of_any_size(dice, BYTES_MIN, BYTES_MAX);
	transfer->limit = (plx_duration)LIMIT_S * PLX_SECOND;
	if (in_percent(dice, 30)) {
		transfer->rest_ppm = (uint32_t)of_any_size(dice, 1000, 10 * PERCENT_PPM);
		transfer->rest_max = of_any_size(dice, 10 * PLX_MILLISECOND, 10 * PLX_SECOND);
	}
}

static void draw(struct plan *plan, uint64_t seed)
{
	static const uint16_t mtus[] = {1280, 1500, 1500, 1500, 1500, 9000};
	struct random dice;

	*plan = (struct plan){.seed = seed};
	random_init_seed(&dice, seed);
	plan->is_ipv6 = in_percent(&dice, 50);
	plan->is_rough = in_percent(&dice, 60);
	plan->begins_near_wrap = seed % WRAP_EVERY == 0;
	plan->before_wrap_bytes = (uint32_t)between(&dice, 1, WRAP_BYTES);
	plan->link = in_percent(&dice, 20) ? PLX_LINK_IP : PLX_LINK_ETHERNET;
	for (unsigned i = 0; i < PAIR_SIDES; i++) {
		plan->links[i] = draw_link(&dice, plan->is_rough);
		plan->clocks[i] = between(&dice, 0, 1000) * PLX_SECOND;
	}
	plan->burst = (unsigned)between(&dice, 1, 64);
	plan->burst_segments = (uint16_t)between(&dice, 1, 32);
	plan->mtu_bytes = mtus[random_below(&dice, sizeof(mtus) / sizeof(mtus[0]))];
	plan->offloads = draw_offloads(&dice);
	draw_transfer(&dice, plan);
	draw_options(&dice, plan);
}

static void begin(struct pair *pair, const struct plan *plan)
{
	pair_plan(pair, plan->seed, plan->is_ipv6);
	pair->link = plan->link;
	pair->burst = plan->burst;
	for (unsigned i = 0; i < PAIR_SIDES; i++) {
		struct pair_side *side = &pair->sides[i];

		side->link_config = plan->links[i];
		side->clock = plan->clocks[i];
		side->config.mtu_bytes = plan->mtu_bytes;
		side->config.burst_segments = plan->burst_segments;
		side->config.offloads = plan->offloads;
	}
	pair_begin(pair);
}

// RFC 6528 3: an initial sequence number is a clock plus what the tuple makes of it. A connection of the same
// seed over a link without delay tells the sum; each side's clock then moves so far that it is what is wanted.
static void aim_at_wrap(struct plan *plan)
{
	const struct transfer aim = {.limit = PLX_SECOND,
				     .options = plan->options,
				     .n_options = plan->transfer.n_options};
	struct link_config links[PAIR_SIDES];
	struct transfer probe = aim;
	struct pair pair;
	uint32_t up, down;

	memcpy(links, plan->links, sizeof(links));
	memset(plan->links, 0, sizeof(plan->links));
	begin(&pair, plan);
	transfer_run(&pair, &probe);
	pair_end(&pair);
	memcpy(plan->links, links, sizeof(links));
	up = (uint32_t)-plan->before_wrap_bytes - probe.iss_up;
	down = (uint32_t)-plan->before_wrap_bytes - probe.iss_down;
	plan->clocks[PAIR_CLIENT] += (uint64_t)up * ISN_TICK_US * PLX_MICROSECOND;
	plan->clocks[PAIR_SERVER] += (uint64_t)down * ISN_TICK_US * PLX_MICROSECOND;
}

static bool is_near_wrap(uint32_t iss)
{
	return (uint32_t)-iss <= WRAP_BYTES;
}

// A die of so many parts per million was thrown so often.
static void check_die(struct pair *pair, const char *what, uint64_t throws, double ppm,
		      uint64_t seen)
{
	if (seen == 0 && (double)throws * ppm / MILLION >= IMPLAUSIBLE_EVENTS)
		pair_fail(pair, "the link had %.0f ppm of %s and none in %" PRIu64 " frames", ppm,
			  what, throws);
}

// A link that was to do something did it.
static void check_link(struct pair *pair, const struct pair_side *side)
{
	const struct link_model_config *config = &side->link_config.model;
	const struct link_model_counters *c = &side->link.model.counters;
	double cycle = 0;

	if (config->burst_enter_ppm > 0)
		cycle = (double)MILLION / config->burst_enter_ppm
			+ (double)MILLION / config->burst_leave_ppm;
	check_die(pair, "loss", c->frames, config->loss_ppm, c->lost_at_random);
	check_die(pair, "bursts", c->frames, cycle > 0 ? MILLION / cycle : 0, c->bursts);
	// What a full queue has lost was not the burst's to lose.
	check_die(pair, "loss in bursts", c->lost_in_queue == 0 ? c->bursts : 0,
		  config->burst_loss_ppm, c->lost_in_burst);
	check_die(pair, "reordering", c->arrived, config->reorder_ppm, c->reordered);
	check_die(pair, "duplicates", c->arrived, config->duplicate_ppm, c->copied);
	check_die(pair, "corruption", c->arrived, config->corrupt_ppm, c->corrupted);
}

// What one side and the link to it have seen.
static void look_at_side(const struct pair_side *side, const struct link_model_counters *link,
			 bool seen[SIGHTS])
{
	struct plx_stats stats = pair_stats(side);
	const uint64_t *c = stats.counters;

	seen[SAW_RETRANSMISSION] |= c[PLX_COUNTER_TCP_RETRANSMITS] > 0;
	seen[SAW_FAST_RECOVERY] |= c[PLX_COUNTER_TCP_FAST_RETRANSMITS] > 0;
	seen[SAW_RTO] |= c[PLX_COUNTER_TCP_TIMEOUTS] > 0;
	seen[SAW_REORDERING] |= link->reordered > 0 && c[PLX_COUNTER_TCP_OUT_OF_ORDER] > 0;
	seen[SAW_DUPLICATE] |= link->copied > 0;
	seen[SAW_CORRUPTION] |= link->corrupted > 0
		&& stats.drops[PLX_DROP_TCP_CHECKSUM] + stats.drops[PLX_DROP_IPV4_CHECKSUM] > 0;
	seen[SAW_ZERO_WINDOW] |= side->judge.zero_windows > 0;
	seen[SAW_BURST_LOSS] |= link->lost_in_burst > 0;
	seen[SAW_FULL_QUEUE] |= link->lost_in_queue > 0;
	seen[SAW_LARGE_FRAMES] |= c[PLX_COUNTER_TCP_TX_SEGMENTS] > c[PLX_COUNTER_TX_FRAMES];
}

static void look_at(struct pair *pair, const struct plan *plan)
{
	bool seen[SIGHTS] = {
		[SAW_ROUGH_LINK] = plan->is_rough,
		[SAW_WRAP_UP] = is_near_wrap(plan->transfer.iss_up),
		[SAW_WRAP_DOWN] = is_near_wrap(plan->transfer.iss_down),
		[SAW_IPV4] = !plan->is_ipv6,
		[SAW_IPV6] = plan->is_ipv6,
		[SAW_SEVERAL_CONNECTIONS] = plan->transfer.connections > 1,
	};

	for (unsigned i = 0; i < PAIR_SIDES; i++) {
		check_link(pair, &pair->sides[i]);
		look_at_side(&pair->sides[i], &pair->sides[!i].link.model.counters, seen);
	}
	if (plan->begins_near_wrap && !seen[SAW_WRAP_UP])
		pair_fail(pair, "the initial sequence number was to be near 2^32");
	for (unsigned i = 0; i < SIGHTS; i++)
		total.seen[i] += seen[i];
	total.bytes += plan->transfer.bytes_up + plan->transfer.bytes_down;
	total.runs++;
}

static void run(uint64_t seed)
{
	struct plan plan;
	struct pair pair;

	printf("seed %" PRIu64 "\n", seed); // of a run that ends the process
	fflush(stdout);
	draw(&plan, seed);
	if (plan.begins_near_wrap)
		aim_at_wrap(&plan);
	begin(&pair, &plan);
	transfer_run(&pair, &plan.transfer);
	look_at(&pair, &plan);
	pair_end(&pair);
}

static void report(void)
{
	printf("soak: runs=%" PRIu64 " bytes=%" PRIu64, total.runs, total.bytes);
	for (unsigned i = 0; i < SIGHTS; i++)
		printf(" %s=%" PRIu64, sight_names[i], total.seen[i]);
	printf("\n");
	fflush(stdout);
}

// Byte-exact, in order, without a stall, all memory back.
static void every_seed_gets_through(void **state)
{
	const char *wanted = getenv("POLLUX_RUNS");
	uint64_t runs = wanted == NULL ? RUNS : strtoull(wanted, NULL, 0), seed = test_seed();

	(void)state;
	for (uint64_t i = 0; i < runs; i++)
		run(seed + i);
}

// A seed repeats a run to the frame.
static void equal_seeds_give_equal_runs(void **state)
{
	uint64_t turns[2], frames[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct plan plan;
		struct pair pair;

		draw(&plan, test_seed());
		begin(&pair, &plan);
		transfer_run(&pair, &plan.transfer);
		turns[i] = pair.turns;
		frames[i] = pair.sides[0].sent_frames + pair.sides[1].sent_frames;
		pair_end(&pair);
	}
	assert_int_equal(turns[0], turns[1]);
	assert_int_equal(frames[0], frames[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_seed_gets_through),
		cmocka_unit_test(equal_seeds_give_equal_runs),
	};
	int failed;

	test_eal_init();
	failed = cmocka_run_group_tests_name("pair soak", tests, NULL, NULL);
	report();
	return failed;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// The model of a link: probabilities and bursts are what was asked for, a rate is exact, a queue holds what it
// may, order is kept unless it is to be broken, and the same dice fall whatever else is configured.
// Bounds on what dice do are six standard deviations wide: a seed out of 10^9 fails by chance.
#include "drivers/link_model.h"

#include <string.h>

#include "support/cmocka_headers.h"
#include "support/seed.h"

enum { FRAMES = 200000, LEN_BYTES = 1000, PERCENT_PPM = 10000, MILLION = 1000000 };

static const plx_time start = 1000 * PLX_SECOND;

static struct link_model model_of(struct link_model_config config)
{
	struct link_model model;

	link_model_init(&model, &config, test_seed());
	return model;
}

static struct link_model_fate send(struct link_model *model, plx_time now)
{
	return link_model_send(model, LEN_BYTES, false, now);
}

static void send_many(struct link_model *model, unsigned frames)
{
	for (unsigned i = 0; i < frames; i++)
		send(model, start + i);
}

static void assert_books_close(const struct link_model *model)
{
	const struct link_model_counters *c = &model->counters;

	assert_int_equal(c->frames,
			 c->arrived + c->lost_in_queue + c->lost_at_random + c->lost_in_burst);
}

// Within six standard deviations, and one more for what is rounded.
static bool is_near(double seen, double mean, double variance)
{
	double off = seen > mean ? seen - mean : mean - seen;

	return off <= 1 || (off - 1) * (off - 1) <= 36 * variance;
}

// `seen` of `n` trials of a probability.
static void assert_share(uint64_t seen, uint64_t n, double ppm)
{
	double p = ppm / MILLION, mean = (double)n * p;

	if (!is_near((double)seen, mean, mean * (1 - p)))
		fail_msg("%llu of %llu, not %.0f ppm", (unsigned long long)seen,
			 (unsigned long long)n, ppm);
}

static void nothing_configured_changes_nothing(void **state)
{
	struct link_model model = model_of((struct link_model_config){0});

	(void)state;
	assert_false(link_model_is_active(&model.config));
	for (unsigned i = 0; i < 1000; i++) {
		struct link_model_fate fate = send(&model, start + i);

		assert_int_equal(fate.loss, LINK_MODEL_ARRIVES);
		assert_int_equal(fate.at, start + i);
		assert_false(fate.has_copy || fate.is_corrupted || fate.is_marked);
	}
	assert_int_equal(model.counters.arrived, 1000);
	assert_books_close(&model);
}

static void probabilities_are_those_asked_for(void **state)
{
	struct link_model model = model_of((struct link_model_config){
		.loss_ppm = 3 * PERCENT_PPM,
		.reorder_ppm = 2 * PERCENT_PPM,
		.reorder_delay = PLX_MILLISECOND,
		.duplicate_ppm = PERCENT_PPM,
		.corrupt_ppm = 5 * PERCENT_PPM,
	});
	const struct link_model_counters *c = &model.counters;

	(void)state;
	send_many(&model, FRAMES);
	assert_share(c->lost_at_random, FRAMES, 3 * PERCENT_PPM);
	assert_share(c->reordered, c->arrived, 2 * PERCENT_PPM);
	assert_share(c->copied, c->arrived, PERCENT_PPM);
	assert_share(c->corrupted, c->arrived, 5 * PERCENT_PPM);
	assert_int_equal(c->lost_in_queue + c->lost_in_burst + c->bursts + c->marked, 0);
	assert_books_close(&model);
}

static void certainty_and_impossibility_are_exact(void **state)
{
	struct link_model lossy = model_of((struct link_model_config){.loss_ppm = MILLION});
	struct link_model doubling = model_of((struct link_model_config){.duplicate_ppm = MILLION});

	(void)state;
	send_many(&lossy, FRAMES);
	send_many(&doubling, FRAMES);
	assert_int_equal(lossy.counters.lost_at_random, FRAMES);
	assert_int_equal(doubling.counters.copied, FRAMES);
	assert_int_equal(doubling.counters.arrived, FRAMES);
}

// A burst that loses everything is seen whole: how often and how long.
static void bursts_are_as_long_and_as_frequent_as_asked(void **state)
{
	const double leave = 0.2, enter = 0.01;
	struct link_model model = model_of((struct link_model_config){
		.burst_enter_ppm = (uint32_t)(enter * MILLION),
		.burst_leave_ppm = (uint32_t)(leave * MILLION),
		.burst_loss_ppm = MILLION,
	});
	const struct link_model_counters *c = &model.counters;
	double cycles;

	(void)state;
	send_many(&model, 5 * FRAMES);
	// A renewal process: a cycle takes 1 / enter + 1 / leave frames, and bursts are geometric.
	cycles = 5 * FRAMES / (1 / enter + 1 / leave);
	assert_true(is_near((double)c->bursts, cycles, cycles));
	assert_true(is_near((double)c->lost_in_burst, (double)c->bursts / leave,
			    (double)c->bursts * (1 - leave) / leave / leave));
	assert_int_equal(c->lost_at_random, 0);
	assert_books_close(&model);
}

static void bad_state_loses_a_share(void **state)
{
	struct link_model model = model_of((struct link_model_config){
		.burst_enter_ppm = MILLION, // into the bad state by the first frame, for ever
		.burst_loss_ppm = 30 * PERCENT_PPM,
		.loss_ppm = 10 * PERCENT_PPM,
	});

	(void)state;
	send_many(&model, FRAMES);
	assert_int_equal(model.counters.bursts, 1);
	assert_share(model.counters.lost_in_burst, FRAMES, 30 * PERCENT_PPM);
	assert_share(model.counters.lost_at_random, FRAMES, 7 * PERCENT_PPM);
	assert_books_close(&model);
}

// 3 Gbit/s: a frame of 1000 bytes takes 2666.67 ns, and the thirds are not forgotten.
static void rate_is_exact(void **state)
{
	struct link_model model =
		model_of((struct link_model_config){.rate_bps = UINT64_C(3000000000)});
	struct link_model_fate fate = {0};

	(void)state;
	for (unsigned i = 0; i < 3000; i++)
		fate = send(&model, start);
	assert_int_equal(fate.at, start + 8 * PLX_MILLISECOND);
	assert_int_equal(link_model_waiting_bytes(&model, start), 3000 * LEN_BYTES);
	assert_int_equal(link_model_waiting_bytes(&model, start + 4 * PLX_MILLISECOND),
			 1500 * LEN_BYTES);
	assert_int_equal(link_model_waiting_bytes(&model, start + 9 * PLX_MILLISECOND), 0);
	fate = send(&model, start + PLX_SECOND);
	assert_int_equal(fate.at, start + PLX_SECOND + 2666);
}

static void extreme_rates_do_not_overflow(void **state)
{
	struct link_model slow = model_of((struct link_model_config){.rate_bps = 1});
	struct link_model fast =
		model_of((struct link_model_config){.rate_bps = UINT64_C(1000000000000)});

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		send(&slow, start);
	assert_int_equal(slow.idle_at, start + UINT64_C(8000000) * PLX_SECOND);
	assert_int_equal(link_model_waiting_bytes(&slow, start), 1000 * LEN_BYTES);
	for (unsigned i = 0; i < FRAMES; i++)
		send(&fast, start);
	assert_int_equal(fast.idle_at, start + (uint64_t)FRAMES * LEN_BYTES * 8 / 1000);
	assert_int_equal(link_model_waiting_bytes(&fast, start), (uint64_t)FRAMES * LEN_BYTES);
}

static void queue_holds_what_it_may_and_drops_the_rest(void **state)
{
	struct link_model model = model_of((struct link_model_config){
		.rate_bps = 8000000, // a byte in a microsecond
		.queue_bytes = 10 * LEN_BYTES,
	});
	plx_time later = start + 3500 * PLX_MICROSECOND;

	(void)state;
	send_many(&model, 15);
	assert_int_equal(model.counters.arrived, 10);
	assert_int_equal(model.counters.lost_in_queue, 5);
	assert_int_equal(link_model_waiting_bytes(&model, later), 6500);
	for (unsigned i = 0; i < 5; i++)
		send(&model, later);
	assert_int_equal(model.counters.arrived, 13);
	assert_int_equal(link_model_waiting_bytes(&model, later), 9500);
	assert_books_close(&model);
}

// Larger than the whole queue, but nobody is before it.
static void idle_line_takes_any_frame(void **state)
{
	struct link_model model =
		model_of((struct link_model_config){.rate_bps = 8000000, .queue_bytes = 10});

	(void)state;
	assert_int_equal(send(&model, start).loss, LINK_MODEL_ARRIVES);
	assert_int_equal(send(&model, start).loss, LINK_MODEL_LOST_IN_QUEUE);
	assert_int_equal(send(&model, start + PLX_SECOND).loss, LINK_MODEL_ARRIVES);
}

// RFC 8257 3.1: a step at the threshold; RFC 3168 5: only those that said they understand.
static void queue_marks_beyond_the_threshold_whoever_is_capable(void **state)
{
	struct link_model model = model_of(
		(struct link_model_config){.rate_bps = 8000000, .ecn_threshold_bytes = 2500});

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		bool is_capable = i != 7;
		struct link_model_fate fate = link_model_send(&model, LEN_BYTES, is_capable, start);

		assert_int_equal(fate.is_marked, i >= 3 && is_capable);
		assert_int_equal(fate.loss, LINK_MODEL_ARRIVES);
	}
	assert_int_equal(model.counters.marked, 6);
}

static void jitter_keeps_the_order(void **state)
{
	struct link_model model = model_of((struct link_model_config){
		.delay = PLX_MILLISECOND, .jitter = 100 * PLX_MICROSECOND});
	plx_time last = 0, most = 0;

	(void)state;
	for (unsigned i = 0; i < FRAMES; i++) {
		plx_time now = start + i * 10 * PLX_MICROSECOND;
		struct link_model_fate fate = send(&model, now);

		assert_true(fate.at >= last);
		assert_true(fate.at >= now + PLX_MILLISECOND);
		assert_true(fate.at <= now + PLX_MILLISECOND + 100 * PLX_MICROSECOND);
		most = fate.at - now > most ? fate.at - now : most;
		last = fate.at;
	}
	assert_true(most > PLX_MILLISECOND + 99 * PLX_MICROSECOND);
}

static void jitter_that_may_reorder_is_even(void **state)
{
	struct link_model model = model_of((struct link_model_config){
		.jitter = 100 * PLX_MICROSECOND, .jitter_reorders = true});
	unsigned overtaken = 0, below_half = 0;
	plx_time last = 0;

	(void)state;
	for (unsigned i = 0; i < FRAMES; i++) {
		plx_time now = start + i * PLX_MICROSECOND;
		struct link_model_fate fate = send(&model, now);

		overtaken += fate.at < last;
		below_half += fate.at - now <= 50 * PLX_MICROSECOND;
		last = fate.at;
	}
	assert_share(below_half, FRAMES, 500000);
	assert_true(overtaken > FRAMES / 3);
}

static void reordered_frame_alone_leaves_its_place(void **state)
{
	struct link_model model = model_of((struct link_model_config){
		.delay = PLX_MILLISECOND, .reorder_ppm = 20 * PERCENT_PPM, .reorder_delay = 777});
	unsigned held_back = 0;

	(void)state;
	for (unsigned i = 0; i < FRAMES; i++) {
		struct link_model_fate fate = send(&model, start + i);

		assert_true(fate.at == start + i + PLX_MILLISECOND
			    || fate.at == start + i + PLX_MILLISECOND + 777);
		held_back += fate.at == start + i + PLX_MILLISECOND + 777;
	}
	assert_int_equal(held_back, model.counters.reordered);
}

static void copy_follows_by_its_delay(void **state)
{
	struct link_model model = model_of((struct link_model_config){
		.delay = PLX_MILLISECOND, .duplicate_ppm = 500000, .duplicate_delay = 333});
	unsigned copies = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		struct link_model_fate fate = send(&model, start + i);

		copies += fate.has_copy;
		if (fate.has_copy)
			assert_int_equal(fate.copy_at, fate.at + 333);
	}
	assert_int_equal(copies, model.counters.copied);
}

// Every bit behind the spared ones may be hit, and no other.
static void corruption_hits_every_bit_but_the_spared(void **state)
{
	enum { LEN = 20, SPARED = 12 };
	struct link_model model = model_of(
		(struct link_model_config){.corrupt_ppm = MILLION, .corrupt_spared_bytes = SPARED});
	unsigned hits[LEN * 8] = {0};

	(void)state;
	for (unsigned i = 0; i < FRAMES; i++)
		hits[link_model_send(&model, LEN, false, start).flipped_bit]++;
	for (unsigned i = 0; i < SPARED * 8; i++)
		assert_int_equal(hits[i], 0);
	for (unsigned i = SPARED * 8; i < LEN * 8; i++)
		assert_share(hits[i], FRAMES, (double)MILLION / ((LEN - SPARED) * 8));
	assert_false(link_model_send(&model, SPARED, false, start).is_corrupted);
}

static void equal_seeds_give_equal_fates(void **state)
{
	const struct link_model_config config = {
		.rate_bps = 100000000,
		.queue_bytes = 30000,
		.jitter = PLX_MILLISECOND,
		.loss_ppm = PERCENT_PPM,
		.burst_enter_ppm = PERCENT_PPM,
		.burst_leave_ppm = 10 * PERCENT_PPM,
		.burst_loss_ppm = 50 * PERCENT_PPM,
		.duplicate_ppm = PERCENT_PPM,
		.corrupt_ppm = PERCENT_PPM,
	};
	struct link_model a = model_of(config), b = model_of(config);

	(void)state;
	for (unsigned i = 0; i < FRAMES; i++) {
		plx_time now = start + i * 50 * PLX_MICROSECOND;
		struct link_model_fate fa = send(&a, now), fb = send(&b, now);

		assert_int_equal(fa.loss, fb.loss);
		assert_int_equal(fa.at, fb.at);
		assert_int_equal(fa.has_copy, fb.has_copy);
		assert_int_equal(fa.flipped_bit, fb.flipped_bit);
	}
	assert_memory_equal(&a.counters, &b.counters, sizeof(a.counters));
}

// Another impairment moves no frame's other fates: the dice of all fall for every frame.
static void impairments_do_not_disturb_each_other(void **state)
{
	struct link_model_config config = {.loss_ppm = PERCENT_PPM, .corrupt_ppm = PERCENT_PPM};
	struct link_model alone = model_of(config), together;

	(void)state;
	config.jitter = PLX_MILLISECOND;
	config.duplicate_ppm = PERCENT_PPM;
	config.reorder_ppm = PERCENT_PPM;
	config.reorder_delay = PLX_MILLISECOND;
	together = model_of(config);
	for (unsigned i = 0; i < FRAMES; i++) {
		struct link_model_fate one = send(&alone, start), two = send(&together, start);

		assert_int_equal(one.loss, two.loss);
		assert_int_equal(one.is_corrupted, two.is_corrupted);
		assert_int_equal(one.flipped_bit, two.flipped_bit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_configured_changes_nothing),
		cmocka_unit_test(probabilities_are_those_asked_for),
		cmocka_unit_test(certainty_and_impossibility_are_exact),
		cmocka_unit_test(bursts_are_as_long_and_as_frequent_as_asked),
		cmocka_unit_test(bad_state_loses_a_share),
		cmocka_unit_test(rate_is_exact),
		cmocka_unit_test(extreme_rates_do_not_overflow),
		cmocka_unit_test(queue_holds_what_it_may_and_drops_the_rest),
		cmocka_unit_test(idle_line_takes_any_frame),
		cmocka_unit_test(queue_marks_beyond_the_threshold_whoever_is_capable),
		cmocka_unit_test(jitter_keeps_the_order),
		cmocka_unit_test(jitter_that_may_reorder_is_even),
		cmocka_unit_test(reordered_frame_alone_leaves_its_place),
		cmocka_unit_test(copy_follows_by_its_delay),
		cmocka_unit_test(corruption_hits_every_bit_but_the_spared),
		cmocka_unit_test(equal_seeds_give_equal_fates),
		cmocka_unit_test(impairments_do_not_disturb_each_other),
	};

	return cmocka_run_group_tests_name("link model", tests, NULL, NULL);
}

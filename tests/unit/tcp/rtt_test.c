// SPDX-License-Identifier: BSD-3-Clause
//
// The estimator of RFC 6298: its formulas worked out by hand, and thousands of samples against the
// same formulas in floating point, which its integers may miss by some microseconds only.
// Room: engine/tcp/rtt.
#include "tcp/rtt.h"

#include "base/clock.h"
#include "base/random.h"
#include "support/cmocka_headers.h"
#include "support/seed.h"

enum {
	ROUNDS = 200,
	SAMPLES = 500,
	// Integers round down: SRTT by less than one unit of 1/8 us, RTTVAR by one of 1/4 us per
	// term.
	SRTT_SLACK_US = 2,
	RTO_SLACK_US = 16,
};

// The greatest round trip that is told from longer ones.
#define SAMPLE_MAX_US (UINT32_MAX / 8)

static const struct rtt_bounds USUAL = {
	.initial_us = 1000000,
	.min_us = 200000,
	.max_us = 120 * 1000000,
};
#define USUAL_MIN (200 * PLX_MILLISECOND)
#define USUAL_MAX (120 * PLX_SECOND)

static const struct rtt_bounds WIDE = {
	.initial_us = 1000000,
	.min_us = 1,
	.max_us = 600 * 1000000,
};

// RFC 6298 2.1.
static void before_a_sample_the_timeout_is_the_initial_one(void **state)
{
	struct rtt_bounds bounds = USUAL;
	struct rtt rtt;

	(void)state;
	rtt_init(&rtt, &bounds);
	assert_int_equal(rtt.srtt_8th_us, 0);
	assert_int_equal(rtt_timeout(&rtt, 0, duration_from_us(bounds.max_us)), PLX_SECOND);
	bounds.initial_us = 1000;
	rtt_init(&rtt, &bounds);
	assert_int_equal(rtt_timeout(&rtt, 0, duration_from_us(bounds.max_us)),
			 duration_from_us(bounds.min_us));
	bounds.initial_us = 121 * 1000000;
	rtt_init(&rtt, &bounds);
	assert_int_equal(rtt_timeout(&rtt, 0, duration_from_us(bounds.max_us)),
			 duration_from_us(bounds.max_us));
}

// RFC 6298 2.2 and 2.3, alpha 1/8, beta 1/4, K 4; times in microseconds.
static void worked_examples_come_out(void **state)
{
	static const struct {
		uint32_t sample_us, srtt_us, rto_us;
	} steps[] = {
		{100000, 100000, 300000}, // RTTVAR 50000
		{100000, 100000, 250000}, // 3/4 50000 = 37500
		{200000, 112500, 325000}, // 3/4 37500 + 1/4 100000 = 53125
		{112500, 112500, 271875}, // 3/4 53125 = 39843.75
		{32500, 102500, 302031},  // 3/4 39843.75 + 1/4 80000 = 49882.8
	};
	struct rtt rtt;

	(void)state;
	rtt_init(&rtt, &WIDE);
	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		rtt_on_sample(&rtt, duration_from_us(steps[i].sample_us), &WIDE);
		assert_int_equal(rtt.srtt_8th_us / 8, steps[i].srtt_us);
		assert_in_range(rtt.rto_us, steps[i].rto_us - 1, steps[i].rto_us + 1);
	}
}

static void the_timeout_stays_within_its_bounds(void **state)
{
	struct rtt rtt;

	(void)state;
	rtt_init(&rtt, &USUAL);
	rtt_on_sample(&rtt, 10 * PLX_MICROSECOND, &USUAL);
	assert_int_equal(rtt_timeout(&rtt, 0, USUAL_MAX), USUAL_MIN);
	rtt_on_sample(&rtt, 500 * PLX_SECOND, &USUAL);
	assert_int_equal(rtt_timeout(&rtt, 0, USUAL_MAX), USUAL_MAX);
	// A lower maximum set meanwhile holds at once.
	assert_int_equal(rtt_timeout(&rtt, 0, PLX_SECOND), PLX_SECOND);
}

// No clock is finer than the granularity, and nobody waits longer than the representation lasts.
static void the_shortest_and_the_longest_sample_count_as_samples(void **state)
{
	struct rtt rtt;

	(void)state;
	rtt_init(&rtt, &WIDE);
	rtt_on_sample(&rtt, 0, &WIDE);
	assert_int_equal(rtt.srtt_8th_us, 8);
	for (unsigned i = 0; i < 1000; i++) {
		rtt_on_sample(&rtt, 0, &WIDE);
		assert_in_range(rtt.srtt_8th_us, 1, 15);
		assert_in_range(rtt.rto_us, 1, 10);
	}
	rtt_init(&rtt, &WIDE);
	for (unsigned i = 0; i < 1000; i++) {
		rtt_on_sample(&rtt, i % 2 == 0 ? UINT64_MAX : 0, &WIDE);
		assert_true(rtt.srtt_8th_us > 0);
		assert_in_range(rtt.rto_us, 500 * 1000000, 600 * 1000000);
	}
}

// RFC 6298 5.5: twice as long each time, up to the maximum and never beyond.
static void backoff_doubles_and_saturates(void **state)
{
	struct rtt rtt;
	plx_duration expected;

	(void)state;
	rtt_init(&rtt, &USUAL);
	rtt_on_sample(&rtt, 100 * PLX_MILLISECOND, &USUAL);
	expected = 300 * PLX_MILLISECOND;
	for (unsigned backoff = 0; backoff < 300; backoff++) {
		assert_int_equal(rtt_timeout(&rtt, backoff, USUAL_MAX), expected);
		expected = expected * 2 > USUAL_MAX ? USUAL_MAX : expected * 2;
	}
	assert_int_equal(rtt_timeout(&rtt, UINT32_MAX, USUAL_MAX), USUAL_MAX);
	assert_int_equal(rtt.rto_us, 300000);
}

// RFC 6298 5.5 as it is kept: in the estimator itself, until the next sample.
static void timeout_that_is_backed_off_stays_so_until_a_sample(void **state)
{
	struct rtt rtt;

	(void)state;
	rtt_init(&rtt, &USUAL);
	rtt_on_sample(&rtt, 100 * PLX_MILLISECOND, &USUAL);
	for (uint64_t ms = 600; ms < 120000; ms *= 2) {
		rtt_back_off(&rtt, USUAL_MAX);
		assert_int_equal(rtt.rto_us, ms * 1000);
		assert_int_equal(rtt_timeout(&rtt, 0, USUAL_MAX), ms * PLX_MILLISECOND);
	}
	for (unsigned i = 0; i < 50; i++)
		rtt_back_off(&rtt, USUAL_MAX);
	assert_int_equal(rtt.rto_us, 120 * 1000000);
	rtt_on_sample(&rtt, 100 * PLX_MILLISECOND, &USUAL);
	assert_int_equal(rtt.rto_us, 250000); // 2.3: RTTVAR = 3/4 of 50 ms
}

// RFC 6298 5.7: three seconds, and no sample; more where more was configured.
static void lost_syn_makes_the_timeout_three_seconds(void **state)
{
	struct rtt_bounds patient = USUAL;
	struct rtt rtt;

	(void)state;
	patient.initial_us = 10 * 1000000;
	rtt_init(&rtt, &USUAL);
	rtt_after_lost_syn(&rtt, &USUAL);
	assert_int_equal(rtt.rto_us, 3000000);
	assert_int_equal(rtt.srtt_8th_us, 0);
	rtt_after_lost_syn(&rtt, &patient);
	assert_int_equal(rtt.rto_us, 10000000);
}

// RFC 4015 3.4: SRTT = max(SRTT, R), RTTVAR = max(RTTVAR, R / 2), RTO = SRTT + 4 RTTVAR. Times in milliseconds.
static void spurious_timeout_adapts_the_estimate(void **state)
{
	static const struct {
		uint32_t first, late, srtt, rto;
	} cases[] = {
		{100, 300, 300, 900}, // the delay is the new round trip, half of it the variance
		{100, 100, 100, 300},
		{100, 50, 100, 300},	       // nothing becomes less
		{100, 0, 100, 300},	       // no sample
		{10, 5, 10, 200},	       // the least timeout
		{100, 100000, 100000, 120000}, // and the greatest
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rtt rtt;

		rtt_init(&rtt, &USUAL);
		rtt_on_sample(&rtt, cases[i].first * PLX_MILLISECOND, &USUAL);
		rtt_back_off(&rtt, USUAL_MAX);
		rtt_after_spurious(&rtt, cases[i].late * PLX_MILLISECOND, &USUAL);
		assert_int_equal(rtt.srtt_8th_us / 8, cases[i].srtt * 1000);
		assert_int_equal(rtt.rto_us, cases[i].rto * 1000);
	}
}

// A variance that has decayed is half a round trip again; one that is greater stays.
static void spurious_timeout_leaves_the_greater_variance(void **state)
{
	struct rtt rtt;

	(void)state;
	rtt_init(&rtt, &WIDE);
	for (unsigned i = 0; i < 100; i++)
		rtt_on_sample(&rtt, 80 * PLX_MILLISECOND, &WIDE);
	assert_in_range(rtt.rto_us, 80000, 81000);
	rtt_after_spurious(&rtt, 0, &WIDE);
	assert_int_equal(rtt.rto_us, 240000);
	rtt.rttvar_4th_us = 1000000;
	rtt_after_spurious(&rtt, 0, &WIDE);
	assert_int_equal(rtt.rto_us, 1080000);
	rtt_after_spurious(&rtt, UINT64_MAX, &WIDE);
	assert_int_equal(rtt.rto_us, 600 * 1000000);
}

struct model {
	double srtt_us, rttvar_us, rto_us;
	bool has_sample;
};

static double difference(double a, double b)
{
	return a > b ? a - b : b - a;
}

static void model_on_sample(struct model *m, double us, const struct rtt_bounds *bounds)
{
	double min_us = bounds->min_us, max_us = bounds->max_us;
	double k_rttvar;

	us = us < 1 ? 1 : us > SAMPLE_MAX_US ? SAMPLE_MAX_US : us;
	if (!m->has_sample) {
		m->srtt_us = us;
		m->rttvar_us = us / 2;
	} else {
		m->rttvar_us = 0.75 * m->rttvar_us + 0.25 * difference(m->srtt_us, us);
		m->srtt_us = 0.875 * m->srtt_us + 0.125 * us;
	}
	m->has_sample = true;
	k_rttvar = 4 * m->rttvar_us;
	m->rto_us = m->srtt_us + (k_rttvar < min_us / 2 ? min_us / 2 : k_rttvar);
	m->rto_us = m->rto_us < min_us ? min_us : m->rto_us;
	m->rto_us = m->rto_us > max_us ? max_us : m->rto_us;
}

static void random_samples_follow_the_formulas(void **state)
{
	struct random r;

	(void)state;
	random_init_seed(&r, test_seed());
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct rtt_bounds bounds = {
			.initial_us = 1000000,
			.min_us = 1 + random_below(&r, 1000000),
			.max_us = 1000000 + random_below(&r, 599000001),
		};
		unsigned magnitude = random_below(&r, 32);
		struct model m = {0};
		struct rtt rtt;

		rtt_init(&rtt, &bounds);
		for (unsigned i = 0; i < SAMPLES; i++) {
			// A path's round trips, and now and then one that has nothing to do with
			// it.
			unsigned shift = random_below(&r, 50) == 0 ? random_below(&r, 32)
								   : magnitude;
			uint32_t us = random_u32(&r) >> shift;

			rtt_on_sample(&rtt, duration_from_us(us), &bounds);
			model_on_sample(&m, us, &bounds);
			assert_true(difference(rtt.srtt_8th_us / 8.0, m.srtt_us) <= SRTT_SLACK_US);
			assert_true(difference(rtt.rto_us, m.rto_us) <= RTO_SLACK_US);
			assert_in_range(rtt.rto_us, bounds.min_us, bounds.max_us);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_a_sample_the_timeout_is_the_initial_one),
		cmocka_unit_test(worked_examples_come_out),
		cmocka_unit_test(the_timeout_stays_within_its_bounds),
		cmocka_unit_test(the_shortest_and_the_longest_sample_count_as_samples),
		cmocka_unit_test(backoff_doubles_and_saturates),
		cmocka_unit_test(timeout_that_is_backed_off_stays_so_until_a_sample),
		cmocka_unit_test(lost_syn_makes_the_timeout_three_seconds),
		cmocka_unit_test(spurious_timeout_adapts_the_estimate),
		cmocka_unit_test(spurious_timeout_leaves_the_greater_variance),
		cmocka_unit_test(random_samples_follow_the_formulas),
	};

	return cmocka_run_group_tests_name("tcp/rtt", tests, NULL, NULL);
}

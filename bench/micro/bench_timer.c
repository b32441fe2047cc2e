// SPDX-License-Identifier: BSD-3-Clause
//
// The timer wheel beside rte_timer. Restart: 32 running timers, again and again, as an ACK does. Expiry:
// a million timers armed over four seconds, polled every 50 us, what fires is armed anew outside of what
// is measured. The wheel runs on a clock of its own; rte_timer knows only the real one and waits for it.
// Run by `make bench`.
#include <stdio.h>
#include <stdlib.h>

#include <rte_lcore.h>
#include <rte_timer.h>

#include "base/random.h"
#include "base/timer_wheel.h"
#include "compare.h"
#include "heap.h"

enum {
	TIMERS = 1 << 20,
	RESTARTED = 32,
	RESTARTS = 4096, // of each restarted one, in a window
	POLLS = 500,	 // in a window
	BATCH = 64,
	HEAP_MEGABYTES = 512,
};

#define POLL_INTERVAL (50 * PLX_MICROSECOND)
#define SPAN (4 * PLX_SECOND)

static struct {
	struct random random;
	struct timer_wheel *wheel;
	struct timer_wheel *small; // for the running ones
	plx_time now;
	plx_time small_now;
	struct rte_timer *timers;
	struct rte_timer restarted[RESTARTED];
	struct rte_timer **fired;
	unsigned fired_count;
	uint64_t tsc_per_poll;
} bench;

static double restart(void)
{
	double windows[COMPARE_WINDOWS];

	for (unsigned w = 0; w < compare_windows(); w++) {
		uint64_t start = compare_start();

		for (unsigned i = 0; i < RESTARTS; i++) {
			bench.small_now += 1000;
			for (uint32_t idx = 0; idx < RESTARTED; idx++)
				timer_arm(bench.small, idx,
					  bench.small_now + 200 * PLX_MILLISECOND);
		}
		windows[w] = compare_cycles_each(start, (uint64_t)RESTARTS * RESTARTED);
	}
	return compare_ns(compare_median(windows, compare_windows()));
}

// As long as those it replaces, give or take an eighth.
static plx_duration draw_distance(void)
{
	return SPAN - SPAN / 8 + random_u64(&bench.random) % (SPAN / 4);
}

// Cycles of one expiry.
static double expire_window(void)
{
	uint64_t cycles = 0, count = 0;
	uint32_t fired[BATCH];

	for (unsigned poll = 0; poll < POLLS; poll++) {
		unsigned n;

		bench.now += POLL_INTERVAL;
		do {
			uint64_t start = compare_start();

			n = timer_wheel_expire(bench.wheel, bench.now, fired, BATCH);
			cycles += compare_stop() - start;
			count += n;
			for (unsigned i = 0; i < n; i++)
				timer_arm(bench.wheel, fired[i], bench.now + draw_distance());
		} while (n == BATCH);
	}
	compare_add_operations(count);
	return (double)cycles / (double)count;
}

static double expire(void)
{
	double windows[COMPARE_WINDOWS];

	for (unsigned w = 0; w < compare_windows(); w++)
		windows[w] = expire_window();
	return compare_ns(compare_median(windows, compare_windows()));
}

static void on_fired(struct rte_timer *timer, void *arg)
{
	(void)arg;
	bench.fired[bench.fired_count++] = timer;
}

static void on_restarted(struct rte_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
}

static void rte_arm(struct rte_timer *timer, plx_duration distance, rte_timer_cb_t callback)
{
	uint64_t ticks = (uint64_t)((double)distance * (double)rte_get_timer_hz() / 1e9);

	if (rte_timer_reset(timer, ticks, SINGLE, rte_lcore_id(), callback, NULL) != 0) {
		fprintf(stderr, "bench_timer: rte_timer_reset refused\n");
		exit(2);
	}
}

static double rte_restart(void)
{
	double windows[COMPARE_WINDOWS];

	for (unsigned w = 0; w < compare_windows(); w++) {
		uint64_t start = compare_start();

		for (unsigned i = 0; i < RESTARTS / 16; i++)
			for (unsigned idx = 0; idx < RESTARTED; idx++)
				rte_arm(&bench.restarted[idx], 200 * PLX_MILLISECOND, on_restarted);
		windows[w] = compare_cycles_each(start, (uint64_t)RESTARTS / 16 * RESTARTED);
	}
	for (unsigned idx = 0; idx < RESTARTED; idx++)
		rte_timer_stop(&bench.restarted[idx]);
	return compare_ns(compare_median(windows, compare_windows()));
}

static void rte_arm_fired(void)
{
	for (unsigned i = 0; i < bench.fired_count; i++)
		rte_arm(bench.fired[i], draw_distance(), on_fired);
	bench.fired_count = 0;
}

static double rte_expire_window(void)
{
	uint64_t cycles = 0, count = 0, last = rte_rdtsc();

	for (unsigned poll = 0; poll < POLLS; poll++) {
		uint64_t start;

		while ((start = rte_rdtsc()) - last < bench.tsc_per_poll)
			;
		last = start;
		rte_timer_manage();
		cycles += rte_rdtsc() - start;
		count += bench.fired_count;
		rte_arm_fired();
	}
	return (double)cycles / (double)count;
}

static double rte_expire(void)
{
	double windows[COMPARE_WINDOWS];

	rte_timer_manage(); // what came due while others were measured
	rte_arm_fired();
	for (unsigned w = 0; w < compare_windows(); w++)
		windows[w] = rte_expire_window();
	return compare_ns(compare_median(windows, compare_windows()));
}

static struct timer_wheel *create_wheel(uint32_t nodes, int socket)
{
	const struct timer_wheel_config config = {
		.tick = 1 << 18, .slots = 1 << 14, .nodes = nodes, .socket = socket};
	struct timer_wheel *wheel;

	if (timer_wheel_create(&wheel, &config) != 0) {
		fprintf(stderr, "bench_timer: out of memory\n");
		exit(2);
	}
	return wheel;
}

static void arm_all(int socket)
{
	bench.wheel = create_wheel(TIMERS, socket);
	bench.small = create_wheel(RESTARTED, socket);
	random_init_seed(&bench.random, 1);
	for (uint32_t i = 0; i < TIMERS; i++)
		timer_arm(bench.wheel, i, random_u64(&bench.random) % SPAN);
}

static void rte_arm_all(void)
{
	bench.timers = heap_take(TIMERS * sizeof(*bench.timers));
	bench.fired = heap_take(TIMERS * sizeof(*bench.fired));
	bench.tsc_per_poll = rte_get_tsc_hz() * POLL_INTERVAL / PLX_SECOND;
	rte_timer_subsystem_init();
	for (uint32_t i = 0; i < RESTARTED; i++)
		rte_timer_init(&bench.restarted[i]);
	for (uint32_t i = 0; i < TIMERS; i++) {
		rte_timer_init(&bench.timers[i]);
		rte_arm(&bench.timers[i], random_u64(&bench.random) % SPAN, on_fired);
	}
}

int main(int argc, char **argv)
{
	static const struct compare_case CASES[] = {
		{"restart of a running timer", "ns", 5, restart, rte_restart},
		{"expiry among 1 M armed", "ns", 50, expire, rte_expire},
	};
	const struct compare_set set = {
		.name = "timer",
		.reference = "rte_timer",
		.conditions = "32 restarted; 1 M armed over 4 s, polled every 50 us",
		.cases = CASES,
		.count = sizeof(CASES) / sizeof(CASES[0]),
	};

	compare_open(argc, argv);
	arm_all(heap_create(HEAP_MEGABYTES));
	if (!compare_mode.is_counting)
		rte_arm_all();
	compare_measure_set(&set);
	return compare_close();
}

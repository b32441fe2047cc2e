// SPDX-License-Identifier: BSD-3-Clause
//
// How long a cache line takes from one core to another: two threads hand a number back and forth for a
// fiftieth of a second. On a shared machine that depends on where the two are just now, and with it what a
// link of memory between them can do. Prints nanoseconds one way. Usage: core_distance CPU CPU. Run by
// bench/macro.
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <pollux/types.h>

#define DURATION (PLX_SECOND / 50)

enum { TURNS = 64, LOOKS_MAX = 1000000000, LINE_BYTES = 64 };

static struct {
	alignas(LINE_BYTES) atomic_uint ball; // odd: to be answered
	alignas(LINE_BYTES) atomic_bool is_over;
} field;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * PLX_SECOND + (uint64_t)t.tv_nsec;
}

static bool pin(const char *cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(strtoul(cpu, NULL, 10), &set);
	return pthread_setaffinity_np(pthread_self(), sizeof(set), &set) == 0;
}

static void *answer(void *cpu)
{
	if (!pin(cpu))
		return NULL;
	while (!atomic_load_explicit(&field.is_over, memory_order_relaxed)) {
		unsigned ball = atomic_load_explicit(&field.ball, memory_order_acquire);

		if (ball % 2 == 1)
			atomic_store_explicit(&field.ball, ball + 1, memory_order_release);
	}
	return NULL;
}

// The answer has come; false when it does not.
static bool comes_back(unsigned ball)
{
	for (unsigned looks = 0; looks < LOOKS_MAX; looks++)
		if (atomic_load_explicit(&field.ball, memory_order_acquire) == ball)
			return true;
	return false;
}

// The clock is asked only now and then, for that takes as long as a line does.
static double play(void)
{
	uint64_t begin = now(), end = begin;
	unsigned ball = 0;

	for (; end - begin < DURATION; end = now())
		for (unsigned i = 0; i < TURNS; i++) {
			atomic_store_explicit(&field.ball, ++ball, memory_order_release);
			if (!comes_back(++ball))
				return -1.0;
		}
	return (double)(end - begin) / ball;
}

int main(int argc, char **argv)
{
	pthread_t other;
	double each;

	if (argc != 3 || !pin(argv[1]) || pthread_create(&other, NULL, answer, argv[2]) != 0) {
		fprintf(stderr,
			"core_distance: usage: core_distance CPU CPU, of those that are there\n");
		return 2;
	}
	each = play();
	atomic_store(&field.is_over, true);
	pthread_join(other, NULL);
	if (each < 0) {
		fprintf(stderr, "core_distance: CPU %s did not answer; give one that is there\n",
			argv[2]);
		return 1;
	}
	printf("%.1f\n", each);
	return 0;
}

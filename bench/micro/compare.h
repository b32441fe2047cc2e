// SPDX-License-Identifier: BSD-3-Clause
//
// Ours beside a reference, measured in turn within one run, because this kind of figure moves with the
// machine: medians with the least and the most of the turns, and their ratio. A table for people, JSON
// lines for programs. Nothing here judges: a missed goal is shown, never a failure.
// Called by every micro-benchmark.
#ifndef MICRO_COMPARE_H
#define MICRO_COMPARE_H

#include <stdint.h>

#include <rte_cycles.h>

enum {
	COMPARE_TURNS = 9,
	COMPARE_WINDOWS = 16,
};

// What one thing costs, in the unit of its case: the median of so many windows, or a moment in which the
// machine did something else would count. Cases run in their order within every turn.
typedef double (*compare_measure)(void);

struct compare_case {
	const char *what;
	const char *unit;
	double goal; // at most
	compare_measure ours;
	compare_measure reference; // NULL: there is none
};

struct compare_set {
	const char *name;
	const char *reference;
	const char *conditions;
	const struct compare_case *cases;
	unsigned count;
};

// Measures and prints; with a second argument on the command line also writes JSON lines to that file.
// Returns the exit status of the program: 0, or 2 when the file cannot be written.
int compare_run(const struct compare_set *set, int argc, char **argv);

// Sorts them.
double compare_median(double *values, unsigned count);

// TSC cycles of one of `n` things, since `start`.
static inline double compare_cycles_each(uint64_t start, uint64_t n)
{
	return (double)(rte_rdtsc_precise() - start) / (double)n;
}

static inline double compare_ns(double cycles)
{
	return cycles * 1e9 / (double)rte_get_tsc_hz();
}

#endif

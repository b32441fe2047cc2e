// SPDX-License-Identifier: BSD-3-Clause
//
// Ours beside a reference, measured in turn within one run, because this kind of figure moves with the
// machine: medians with the least and the most of the turns, and their ratio. A table for people, JSON
// lines for programs. With --count, under callgrind, instructions instead: see bench/instructions.
// Nothing here judges: a missed goal is shown, never a failure. Called by every micro-benchmark.
#ifndef MICRO_COMPARE_H
#define MICRO_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_cycles.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_TOGGLE_COLLECT ((void)0)
#define CALLGRIND_DUMP_STATS_AT(name) ((void)(name))
#define RUNNING_ON_VALGRIND 0
#endif

enum {
	COMPARE_TURNS = 9,
	COMPARE_WINDOWS = 16,
	COMPARE_PARTS = 8,
};

// What one thing costs, in the unit of its case: the median of so many windows, or a moment in which the
// machine did something else would count. Cases run in their order within every turn.
typedef double (*compare_measure)(void);

struct compare_case {
	const char *what;
	const char *unit;
	double goal; // at most; 0: none
	compare_measure ours;
	compare_measure reference; // NULL: there is none
};

struct compare_set {
	const char *name;
	const char *reference; // NULL: no case has one
	const char *conditions;
	const struct compare_case *cases;
	unsigned count;
};

// What is asked of the run, and of the measure that runs just now.
struct compare_mode {
	bool is_counting;    // instructions: small numbers will do
	bool is_collecting;  // this call of a measure is the one that counts
	const char *part;    // of which only this part is collected, or NULL
	uint64_t operations; // of the measured things, in the call that counts
};
extern struct compare_mode compare_mode;

// [--count] [--only=TEXT] [FILE]: JSON lines go to FILE; only cases whose name holds TEXT are measured.
// Ends the program with status 2 when it cannot do as it is told.
void compare_open(int argc, char **argv);

// Measures and prints.
void compare_measure_set(const struct compare_set *set);

// Returns the exit status of the program: 0, or 2 when the file cannot be written.
int compare_close(void);

// Called by a measure before it returns: a part of it; what held, as read back from what was measured;
// and what went wrong with it (NULL: nothing), for then the figure does not count. Texts must last until
// the next call.
void compare_part(const char *name, double value);
void compare_settings(const char *text);
void compare_fault(const char *text);

// Sorts them.
double compare_median(double *values, unsigned count);

// Windows that a measure takes the median of.
static inline unsigned compare_windows(void)
{
	return compare_mode.is_counting ? 1 : COMPARE_WINDOWS;
}

// The measured things begin and end.
static inline uint64_t compare_start(void)
{
	if (compare_mode.is_collecting)
		CALLGRIND_TOGGLE_COLLECT;
	return rte_rdtsc();
}

static inline uint64_t compare_stop(void)
{
	uint64_t end = rte_rdtsc();

	if (compare_mode.is_collecting)
		CALLGRIND_TOGGLE_COLLECT;
	return end;
}

// So many of them were measured.
static inline void compare_add_operations(uint64_t n)
{
	if (compare_mode.is_collecting)
		compare_mode.operations += n;
}

// TSC cycles of one of `n` things that ended now, since compare_start() gave `start`.
static inline double compare_cycles_each(uint64_t start, uint64_t n)
{
	uint64_t end = compare_stop();

	compare_add_operations(n);
	return (double)(end - start) / (double)n;
}

static inline double compare_ns(double cycles)
{
	return cycles * 1e9 / (double)rte_get_tsc_hz();
}

#endif

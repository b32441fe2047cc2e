// SPDX-License-Identifier: BSD-3-Clause
//
// A log-linear histogram: 1024 cells for every power of two, so that a value is known to better
// than one part in a thousand from 1 ns to more than an hour, in fixed memory (270 KB). A value is
// recorded by a count of leading zeros, a shift and an addition.
// Filled by load_connection, merged and asked by apps/report.
#ifndef APPS_HISTOGRAM_H
#define APPS_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_CELL_BITS 10
#define HISTOGRAM_VALUE_BITS 42 // values of 2^42 ns (73 minutes) and above share the last cell
#define HISTOGRAM_CELLS ((HISTOGRAM_VALUE_BITS - HISTOGRAM_CELL_BITS + 1) << HISTOGRAM_CELL_BITS)

struct histogram {
	uint64_t count;
	uint64_t sum;
	uint64_t min; // exact, UINT64_MAX when empty
	uint64_t max; // exact, 0 when empty
	uint64_t cells[HISTOGRAM_CELLS];
};

void histogram_init(struct histogram *histogram);

// Values below 2^11 have a cell each; above, those that agree in their 11 leading bits share one.
static inline uint32_t histogram_cell(uint64_t value)
{
	const uint64_t least = (UINT64_C(2) << HISTOGRAM_CELL_BITS) - 1;
	const uint64_t greatest = (UINT64_C(1) << HISTOGRAM_VALUE_BITS) - 1;
	uint64_t v = value < greatest ? value : greatest;
	unsigned shift = 63 - HISTOGRAM_CELL_BITS - (unsigned)__builtin_clzll(v | least);

	return (shift << HISTOGRAM_CELL_BITS) + (uint32_t)(v >> shift);
}

static inline void histogram_record(struct histogram *histogram, uint64_t value)
{
	histogram->cells[histogram_cell(value)]++;
	histogram->count++;
	histogram->sum += value;
	histogram->min = value < histogram->min ? value : histogram->min;
	histogram->max = value > histogram->max ? value : histogram->max;
}

// Adds what `from` has counted.
void histogram_merge(struct histogram *histogram, const struct histogram *from);

// The least value that at least so many thousandths of a percent of all values do not exceed (50000
// is the median, 99900 is p99.9, 100000 the maximum): the upper edge of its cell, never above
// the maximum. 0 when empty.
uint64_t histogram_percentile(const struct histogram *histogram, uint32_t percent_thousandths);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// The parts of the histogram that are not in the way of a request: merging and asking.
// A percentile walks the cells, 33 thousand of them, and is asked for once a second at most.
// Called by apps/load and apps/report.
#include "apps/histogram.h"

#include <string.h>

void histogram_init(struct histogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
	histogram->min = UINT64_MAX;
}

void histogram_merge(struct histogram *histogram, const struct histogram *from)
{
	histogram->count += from->count;
	histogram->sum += from->sum;
	histogram->min = from->min < histogram->min ? from->min : histogram->min;
	histogram->max = from->max > histogram->max ? from->max : histogram->max;
	for (uint32_t i = 0; i < HISTOGRAM_CELLS; i++)
		histogram->cells[i] += from->cells[i];
}

// The greatest value that is recorded in this cell; the last one has no upper edge.
static uint64_t cell_upper_edge(uint32_t cell)
{
	uint32_t octave = cell >> HISTOGRAM_CELL_BITS;
	uint32_t shift = octave == 0 ? 0 : octave - 1;
	uint64_t mantissa = cell - (shift << HISTOGRAM_CELL_BITS);

	if (cell == HISTOGRAM_CELLS - 1)
		return UINT64_MAX;
	return ((mantissa + 1) << shift) - 1;
}

uint64_t histogram_percentile(const struct histogram *histogram, uint32_t percent_thousandths)
{
	const uint64_t whole = 100000;
	unsigned __int128 product = (unsigned __int128)histogram->count * percent_thousandths;
	uint64_t rank = (uint64_t)((product + whole - 1) / whole);
	uint64_t seen = 0;

	if (histogram->count == 0)
		return 0;
	for (uint32_t i = 0; i < HISTOGRAM_CELLS; i++) {
		seen += histogram->cells[i];
		if (seen >= rank && seen > 0) {
			uint64_t edge = cell_upper_edge(i);

			return edge < histogram->max ? edge : histogram->max;
		}
	}
	return histogram->max;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// The books of a stack, with a sentence that says which side is short (pollux/stats.h).
// Draws its own sums from the counters, so that plx_books_of() is checked by the way.
// Called by fixtures, pairs and fuzz targets whenever a stack has run.
#ifndef SUPPORT_BOOKS_H
#define SUPPORT_BOOKS_H

#include <pollux/stats.h>

// NULL when they close, else a sentence with the figures; it lives until the next call.
const char *books_first_fault(const struct plx_stats *stats);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// Whether the books of a stack close, see books.h.
// Every received frame has one fate; every connection that was opened has ended or is open.
// Called by fixtures, pairs and fuzz targets whenever a stack has run.
#include "support/books.h"

#include <inttypes.h>
#include <stdio.h>

static char text[400];

static uint64_t dropped(const struct plx_stats *stats)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < PLX_DROP_COUNT; i++)
		sum += stats->drops[i];
	return sum;
}

static const char *frames_fault(const struct plx_stats *stats)
{
	const uint64_t *c = stats->counters;
	uint64_t fates = c[PLX_COUNTER_FATE_CONSUMED] + c[PLX_COUNTER_FATE_ANSWERED]
		+ c[PLX_COUNTER_FATE_RETURNED] + c[PLX_COUNTER_FATE_REASSEMBLED]
		+ stats->frames_held + dropped(stats);

	if (c[PLX_COUNTER_RX_FRAMES] == fates)
		return NULL;
	snprintf(text, sizeof(text),
		 "frames: %" PRIu64 " received, %" PRIu64 " consumed + %" PRIu64
		 " answered + %" PRIu64 " returned + %" PRIu64 " reassembled + %" PRIu64
		 " held + %" PRIu64 " dropped",
		 c[PLX_COUNTER_RX_FRAMES], c[PLX_COUNTER_FATE_CONSUMED],
		 c[PLX_COUNTER_FATE_ANSWERED], c[PLX_COUNTER_FATE_RETURNED],
		 c[PLX_COUNTER_FATE_REASSEMBLED], stats->frames_held, dropped(stats));
	return text;
}

static const char *connections_fault(const struct plx_stats *stats)
{
	const uint64_t *c = stats->counters;
	uint64_t opened = c[PLX_COUNTER_CONN_OPENED_ACTIVE] + c[PLX_COUNTER_CONN_OPENED_PASSIVE];
	uint64_t ended = c[PLX_COUNTER_CONN_CLOSED] + c[PLX_COUNTER_CONN_FAILED];

	if (opened == ended + stats->connections)
		return NULL;
	snprintf(text, sizeof(text),
		 "connections: %" PRIu64 " opened, %" PRIu64 " closed + %" PRIu64
		 " failed + %" PRIu32 " open",
		 opened, c[PLX_COUNTER_CONN_CLOSED], c[PLX_COUNTER_CONN_FAILED],
		 stats->connections);
	return text;
}

const char *books_first_fault(const struct plx_stats *stats)
{
	struct plx_books books = plx_books_of(stats);
	const char *fault = frames_fault(stats);

	if (fault == NULL)
		fault = connections_fault(stats);
	if (books.closed != (fault == NULL))
		return fault == NULL ? "plx_books_of() calls closed books open"
				     : "plx_books_of() calls open books closed";
	return fault;
}

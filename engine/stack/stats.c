// SPDX-License-Identifier: BSD-3-Clause
//
// Counters by name, a snapshot of them, and the books drawn from it.
// Public interface: <pollux/stats.h>.
#include <errno.h>

#include "base/lower_name.h"
#include "stack/stack.h"

struct description {
	char name[LOWER_NAME_BYTES];
	const char *text;
};

static const struct description descriptions[PLX_COUNTER_COUNT] = {
#define X(name, text) {LOWER_NAME(name), text},
#include <pollux/counter.def>
#undef X
};

#define X(name, text) LOWER_NAME_CHECK(name);
#include <pollux/counter.def>
#undef X

const char *plx_counter_name(enum plx_counter counter)
{
	return (unsigned)counter < PLX_COUNTER_COUNT ? descriptions[counter].name : NULL;
}

const char *plx_counter_text(enum plx_counter counter)
{
	return (unsigned)counter < PLX_COUNTER_COUNT ? descriptions[counter].text : NULL;
}

static uint32_t used_of(const struct pool pools[FAMILIES])
{
	return pool_used(&pools[FAMILY_IPV4]) + pool_used(&pools[FAMILY_IPV6]);
}

int plx_get_stats(const struct plx_stack *stack, struct plx_stats *stats)
{
	if (stats->size != sizeof(*stats))
		return -EINVAL;
	for (unsigned i = 0; i < PLX_COUNTER_COUNT; i++)
		stats->counters[i] = counter_read(&stack->stats.counters[i]);
	for (unsigned i = 0; i < PLX_DROP_COUNT; i++)
		stats->drops[i] = counter_read(&stack->stats.drops[i]);
	stats->frames_held = counter_read(&stack->stats.frames_held);
	stats->connections = stack->tcp.conns_open;
	stats->half_open = used_of(stack->tcp.half_open);
	stats->time_wait = used_of(stack->tcp.time_wait);
	stats->listeners = pool_used(&stack->tcp.listeners);
	return 0;
}

struct plx_books plx_books_of(const struct plx_stats *stats)
{
	const uint64_t *counters = stats->counters;
	struct plx_books books = {
		.frames_received = counters[PLX_COUNTER_RX_FRAMES],
		.frames_consumed = counters[PLX_COUNTER_FATE_CONSUMED],
		.frames_answered = counters[PLX_COUNTER_FATE_ANSWERED],
		.frames_returned = counters[PLX_COUNTER_FATE_RETURNED],
		.frames_reassembled = counters[PLX_COUNTER_FATE_REASSEMBLED],
		.frames_held = stats->frames_held,
		.connections_opened = counters[PLX_COUNTER_CONN_OPENED_ACTIVE]
			+ counters[PLX_COUNTER_CONN_OPENED_PASSIVE],
		.connections_closed = counters[PLX_COUNTER_CONN_CLOSED],
		.connections_failed = counters[PLX_COUNTER_CONN_FAILED],
		.connections_open = stats->connections,
	};

	for (unsigned i = 0; i < PLX_DROP_COUNT; i++)
		books.frames_dropped += stats->drops[i];
	books.closed = books.frames_received
			== books.frames_consumed + books.frames_answered + books.frames_returned
				+ books.frames_reassembled + books.frames_held
				+ books.frames_dropped
		&& books.connections_opened
			== books.connections_closed + books.connections_failed
				+ books.connections_open;
	return books;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// The life of every connection as its events tell it, see lifecycle.h.
// Handles are kept for ever, so that one that comes back after its end is seen.
// Called by fixtures and pairs for every event of plx_poll().
#include "support/lifecycle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A table that was given back, empty: a test that makes thousands of stacks takes it again.
static struct lifecycle_entry *spare;

void lifecycle_init(struct lifecycle *life)
{
	*life = (struct lifecycle){.entries = spare};
	spare = NULL;
	if (life->entries == NULL)
		life->entries = calloc(LIFECYCLE_HANDLES, sizeof(*life->entries));
	if (life->entries == NULL)
		abort();
}

void lifecycle_fini(struct lifecycle *life)
{
	if (life->entries == NULL)
		return;
	memset(life->entries + life->first, 0, (life->end - life->first) * sizeof(*life->entries));
	free(spare);
	spare = life->entries;
	life->entries = NULL;
}

static struct lifecycle_entry *place_of(struct lifecycle *life, plx_conn conn)
{
	uint32_t hash = (conn.index ^ conn.generation * UINT32_C(40503)) * UINT32_C(2654435761);

	for (uint32_t i = 0; i < LIFECYCLE_HANDLES; i++) {
		struct lifecycle_entry *entry =
			&life->entries[((hash >> 8) + i) & (LIFECYCLE_HANDLES - 1)];

		if (!entry->is_used || plx_conn_is_equal(entry->conn, conn))
			return entry;
	}
	abort(); // LIFECYCLE_HANDLES is too small for the test
}

static void open_entry(struct lifecycle *life, struct lifecycle_entry *entry, plx_conn conn)
{
	uint32_t place = (uint32_t)(entry - life->entries);

	entry->conn = conn;
	entry->is_used = true;
	life->alive++;
	if (life->end == 0 || place < life->first)
		life->first = place;
	if (place >= life->end)
		life->end = place + 1;
}

void lifecycle_on_connect(struct lifecycle *life, plx_conn conn)
{
	open_entry(life, place_of(life, conn), conn);
}

void lifecycle_on_close(struct lifecycle *life, plx_conn conn)
{
	struct lifecycle_entry *entry = place_of(life, conn);

	if (entry->is_used)
		entry->is_closing = true;
}

void lifecycle_on_poll(struct lifecycle *life)
{
	life->poll++;
}

static const char *judge_mask(const struct plx_event *event)
{
	bool has_failed = (event->mask & PLX_EVENT_FAILED) != 0;
	bool may_err = has_failed || (event->mask & PLX_EVENT_SOFT_ERROR) != 0;

	if (event->mask == 0)
		return "an event without a bit in its mask";
	if (has_failed && (event->mask & PLX_EVENT_CLOSED) != 0)
		return "CLOSED and FAILED in one event";
	if (may_err != (event->error != 0) || event->error > 0)
		return "an error that does not fit the mask";
	return NULL;
}

static const char *judge_entry(const struct lifecycle *life, const struct lifecycle_entry *entry,
			       const struct plx_event *event)
{
	const uint32_t after_close = PLX_EVENT_SENT | PLX_EVENT_CLOSED | PLX_EVENT_FAILED;
	bool is_accepted = (event->mask & PLX_EVENT_ACCEPTED) != 0;

	if (entry->is_over)
		return "an event after CLOSED or FAILED";
	if (entry->is_used == is_accepted)
		return is_accepted ? "ACCEPTED for a handle already given out"
				   : "an event for a handle never given out";
	if (entry->is_used && entry->poll == life->poll)
		return "two events for one connection in one poll";
	if (entry->is_closing && (event->mask & ~after_close) != 0)
		return "more than SENT and the last event after plx_close()";
	return NULL;
}

const char *lifecycle_on_event(struct lifecycle *life, const struct plx_event *event)
{
	struct lifecycle_entry *entry = place_of(life, event->conn);
	const char *fault = judge_mask(event);

	if (fault == NULL)
		fault = judge_entry(life, entry, event);
	if (fault != NULL) {
		snprintf(life->text, sizeof(life->text),
			 "%s (conn %" PRIu32 "/%" PRIu32 ", mask 0x%" PRIx32 ", error %" PRId32 ")",
			 fault, event->conn.index, event->conn.generation, event->mask,
			 event->error);
		return life->text;
	}
	if (!entry->is_used)
		open_entry(life, entry, event->conn);
	entry->poll = life->poll;
	if ((event->mask & (PLX_EVENT_CLOSED | PLX_EVENT_FAILED)) != 0) {
		entry->is_over = true;
		life->alive--;
	}
	return NULL;
}

bool lifecycle_next_alive(const struct lifecycle *life, uint32_t *cursor, plx_conn *conn)
{
	if (*cursor < life->first)
		*cursor = life->first;
	while (*cursor < life->end) {
		const struct lifecycle_entry *entry = &life->entries[(*cursor)++];

		if (entry->is_used && !entry->is_over) {
			*conn = entry->conn;
			return true;
		}
	}
	return false;
}

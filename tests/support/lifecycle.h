// SPDX-License-Identifier: BSD-3-Clause
//
// Holds the events of a stack against the promise of pollux/event.h: a connection is announced once, gets
// at most one event per poll, only SENT and its last event after it was closed, and exactly one CLOSED or
// FAILED, with nothing behind it.
// Called by fixtures and pairs for every event of plx_poll().
#ifndef SUPPORT_LIFECYCLE_H
#define SUPPORT_LIFECYCLE_H

#include <pollux/event.h>

enum { LIFECYCLE_HANDLES = 65536 }; // a power of two, at least twice the connections of a test

struct lifecycle_entry {
	plx_conn conn;
	bool is_used;
	bool is_closing; // the user has closed or aborted it
	bool is_over;
	uint32_t poll; // the last one that had an event for it
};

struct lifecycle {
	struct lifecycle_entry *entries;
	uint32_t first, end; // what is used lies at [first, end)
	uint32_t poll;
	uint32_t alive;
	char text[160];
};

void lifecycle_init(struct lifecycle *life);
void lifecycle_fini(struct lifecycle *life);

// A handle that plx_connect() gave out.
void lifecycle_on_connect(struct lifecycle *life, plx_conn conn);

// The user closes or aborts it.
void lifecycle_on_close(struct lifecycle *life, plx_conn conn);

// Another plx_poll() begins.
void lifecycle_on_poll(struct lifecycle *life);

// NULL, or a sentence about the promise that the event breaks.
const char *lifecycle_on_event(struct lifecycle *life, const struct plx_event *event);

// The next connection that has not ended, by a cursor that begins at 0. False: none is left.
bool lifecycle_next_alive(const struct lifecycle *life, uint32_t *cursor, plx_conn *conn);

#endif

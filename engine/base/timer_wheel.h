// SPDX-License-Identifier: BSD-3-Clause
//
// One timer per index on a hashed wheel (Varghese and Lauck 1987, scheme 6). Ticks only place a timer,
// it fires by its exact deadline, in order. A deadline that moves later is one store: the timer stays in
// its slot and is filed anew when the slot comes up. No callbacks: expired indexes are handed back.
// Called by tcp/timers with two wheels, a fine and a coarse one, polled by stack/ in phase 2.
#ifndef BASE_TIMER_WHEEL_H
#define BASE_TIMER_WHEEL_H

#include <assert.h>

#include <pollux/types.h>

#include "base/index.h"

struct timer_wheel_config {
	plx_duration tick; // a power of two; timers closer together than this cost a comparison
	uint32_t slots;	   // a power of two, 64 to 2^20; slots x tick should cover the usual timer
	uint32_t nodes;	   // timers, indexes 0 to nodes - 1
	int socket;	   // NUMA node, or SOCKET_ID_ANY
	plx_time now;
};

struct timer_node {
	plx_time deadline;
	uint32_t slot;	// where it lies, or one of the two below
	uint32_t place; // in a slot: chunk and entry; among the due: position in the heap
};
static_assert(sizeof(struct timer_node) == 16, "four to a cache line, none across two");

#define TIMER_SLOT_IDLE UINT32_MAX
#define TIMER_SLOT_DUE (UINT32_MAX - 1)

// Slots hold what is due in ticks after `cursor`, near slots what is due later in that tick, in parts of
// it; the heap holds what is due by the end of the part `near_cursor`.
struct timer_wheel {
	struct timer_node *nodes;
	uint64_t cursor;      // the tick the wheel stands at
	uint64_t near_cursor; // the part of it, counted through from time zero
	uint32_t mask;	      // slots - 1; near slots have the numbers after it
	uint32_t shift;	      // nanoseconds to ticks
	uint32_t near_shift;  // nanoseconds to parts
	uint32_t armed;
	plx_time now;	    // the latest time the wheel was told
	uint32_t due_count; // a binary heap, the earliest deadline first
	uint32_t free_chunk;
	uint32_t ahead_slot; // the next slot, of whose chunks so many have been prefetched
	uint32_t ahead_count;
	struct timer_chunk *chunks; // what slots and heap are made of
	uint32_t *due;		    // the heap's chunks in order
	uint32_t *heads;	    // per slot: its first chunk
	uint64_t *occupied;	    // a bit per slot
	uint64_t *summary;	    // a bit per word of `occupied`
};

// The memory that timer_wheel_create() will take; 0 for a configuration it refuses.
size_t timer_wheel_bytes(const struct timer_wheel_config *config);

// 0, -EINVAL, -ENOMEM.
int timer_wheel_create(struct timer_wheel **wheel, const struct timer_wheel_config *config);
void timer_wheel_destroy(struct timer_wheel *wheel);

// What timer_arm() does when more than one store is needed; not for others.
void timer_place(struct timer_wheel *wheel, uint32_t idx, plx_time deadline);

// Nothing happens when it is not armed.
void timer_disarm(struct timer_wheel *wheel, uint32_t idx);

// Fires what is due (deadline <= now), earliest first, `max` at most; the rest stays due and comes with
// the next call. A fired timer is disarmed. A `now` that steps back counts as the latest one seen. Steps
// over a whole turn of the wheel or more cost one visit of every armed timer.
unsigned timer_wheel_expire(struct timer_wheel *wheel, plx_time now, uint32_t *fired, unsigned max);

// The same for deadlines up to now + ahead: a coarse wheel hands its timers over, their exact deadline
// (timer_deadline() keeps it) is then armed on a fine one. A wheel is polled with one `ahead` only.
unsigned timer_wheel_expire_early(struct timer_wheel *wheel, plx_time now, plx_duration ahead,
				  uint32_t *fired, unsigned max);

// When to poll next: never after the first deadline, possibly before it (the poll then files anew, and
// the next answer is later). PLX_TIME_NEVER when nothing is armed.
plx_time timer_wheel_next(const struct timer_wheel *wheel);

static inline uint32_t timer_wheel_armed(const struct timer_wheel *wheel)
{
	return wheel->armed;
}

static inline bool timer_is_armed(const struct timer_wheel *wheel, uint32_t idx)
{
	return wheel->nodes[idx].slot != TIMER_SLOT_IDLE;
}

// The deadline last armed, also after it fired.
static inline plx_time timer_deadline(const struct timer_wheel *wheel, uint32_t idx)
{
	return wheel->nodes[idx].deadline;
}

static inline void timer_prefetch(const struct timer_wheel *wheel, uint32_t idx)
{
	__builtin_prefetch(&wheel->nodes[idx]);
}

// The tick at which the wheel will look into a slot next; the cursor's own slot was just seen.
static inline uint64_t timer_visit_tick(const struct timer_wheel *wheel, uint32_t slot)
{
	return wheel->cursor + 1 + ((slot - (uint32_t)wheel->cursor - 1) & wheel->mask);
}

// Arms or moves. A deadline that has passed is due at once. One store when the slot it lies in comes up
// before the new deadline, as it does when a timer is restarted.
static inline void timer_arm(struct timer_wheel *wheel, uint32_t idx, plx_time deadline)
{
	struct timer_node *node = &wheel->nodes[idx];
	bool filed = node->slot <= wheel->mask;

	if (__builtin_expect(
		    filed && deadline >> wheel->shift >= timer_visit_tick(wheel, node->slot), 1))
		node->deadline = deadline;
	else
		timer_place(wheel, idx, deadline);
}

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// The wheel of timer_wheel.h. A slot is a chain of chunks, each a line with the numbers of some timers:
// unlike a list through the timers it can be read ahead, so that a visit does not wait for one at a time.
// What the cursor reaches goes to a binary heap, which hands out by exact deadline; the cursor moves only
// as far as a poll needs, so the heap holds about one tick's timers.
// Called by tcp/timers and net/neighbor; arming is inline, see timer_wheel.h.
#include "base/timer_wheel.h"

#include <errno.h>
#include <stdalign.h>

#include <rte_common.h>

#include "base/clock.h"
#include "base/memory.h"

enum {
	TIMER_SLOTS_MIN = 64,
	TIMER_SLOTS_MAX = 1 << 20,
	WORD_BITS = 64,
	CHUNK_NODES = 14,
	CHUNK_SHIFT = 4, // a place is a chunk's number and 4 bits for the entry
	CHUNK_MASK = (1 << CHUNK_SHIFT) - 1,
};
#define TIMER_NODES_MAX (UINT32_C(1) << 31)

// All chunks of a slot but its first are full.
struct timer_chunk {
	alignas(CACHE_LINE) uint32_t next; // of the slot, or of the free ones
	uint32_t count;
	uint32_t nodes[CHUNK_NODES];
};
static_assert(sizeof(struct timer_chunk) == CACHE_LINE, "a chunk is read in one go");

static uint32_t chunk_get(struct timer_wheel *wheel)
{
	uint32_t c = wheel->free_chunk;

	wheel->free_chunk = wheel->chunks[c].next;
	return c;
}

static void chunk_put(struct timer_wheel *wheel, uint32_t c)
{
	wheel->chunks[c].next = wheel->free_chunk;
	wheel->free_chunk = c;
}

static bool is_sound(const struct timer_wheel_config *config)
{
	return config->nodes > 0 && config->nodes <= TIMER_NODES_MAX
		&& config->slots >= TIMER_SLOTS_MIN && config->slots <= TIMER_SLOTS_MAX
		&& rte_is_power_of_2(config->slots) && config->tick != 0
		&& (config->tick & (config->tick - 1)) == 0;
}

// Enough for any distribution: every slot in use may have one that is not full, and a visit holds one
// that it is emptying.
static uint32_t chunk_count(const struct timer_wheel_config *config)
{
	return config->nodes / CHUNK_NODES + RTE_MIN(config->nodes, config->slots) + 2;
}

static uint32_t word_count(uint32_t slots)
{
	return slots / WORD_BITS;
}

static uint32_t group_count(uint32_t slots)
{
	return (word_count(slots) + WORD_BITS - 1) / WORD_BITS;
}

// What is one piece of memory: chunks, nodes, bitmap and summary, heads, heap.
static size_t pieces_bytes(const struct timer_wheel_config *config)
{
	return chunk_count(config) * sizeof(struct timer_chunk)
		+ config->nodes * sizeof(struct timer_node)
		+ (word_count(config->slots) + group_count(config->slots)) * sizeof(uint64_t)
		+ config->slots * sizeof(uint32_t) + config->nodes * sizeof(uint32_t);
}

size_t timer_wheel_bytes(const struct timer_wheel_config *config)
{
	if (!is_sound(config))
		return 0;
	return memory_cost(sizeof(struct timer_wheel)) + memory_cost(pieces_bytes(config));
}

static void wheel_init(struct timer_wheel *wheel, const struct timer_wheel_config *config)
{
	wheel->nodes = (struct timer_node *)(wheel->chunks + chunk_count(config));
	wheel->occupied = (uint64_t *)(wheel->nodes + config->nodes);
	wheel->summary = wheel->occupied + word_count(config->slots);
	wheel->heads = (uint32_t *)(wheel->summary + group_count(config->slots));
	wheel->due = wheel->heads + config->slots;
	wheel->mask = config->slots - 1;
	wheel->shift = (uint32_t)__builtin_ctzll(config->tick);
	wheel->now = config->now;
	wheel->cursor = config->now >> wheel->shift;
	for (uint32_t i = 0; i < config->slots; i++)
		wheel->heads[i] = INDEX_NONE;
	for (uint32_t i = 0; i < config->nodes; i++)
		wheel->nodes[i].slot = TIMER_SLOT_IDLE;
	wheel->free_chunk = INDEX_NONE;
	for (uint32_t i = chunk_count(config); i-- > 0;)
		chunk_put(wheel, i);
}

int timer_wheel_create(struct timer_wheel **wheel, const struct timer_wheel_config *config)
{
	struct timer_wheel *w;

	if (!is_sound(config))
		return -EINVAL;
	w = memory_take("timer_wheel", sizeof(*w), config->socket);
	if (w == NULL)
		return -ENOMEM;
	w->chunks = memory_take("timer_nodes", pieces_bytes(config), config->socket);
	if (w->chunks == NULL) {
		rte_free(w);
		return -ENOMEM;
	}
	wheel_init(w, config);
	*wheel = w;
	return 0;
}

void timer_wheel_destroy(struct timer_wheel *wheel)
{
	if (wheel == NULL)
		return;
	rte_free(wheel->chunks);
	rte_free(wheel);
}

// The first occupied slot from `first` to the end of the wheel, INDEX_NONE when there is none.
static uint32_t find_occupied(const struct timer_wheel *wheel, uint32_t first)
{
	uint32_t word = first / WORD_BITS;
	uint64_t bits = wheel->occupied[word] & (UINT64_MAX << first % WORD_BITS);
	uint32_t group = (word + 1) / WORD_BITS;
	uint64_t unseen = UINT64_MAX << (word + 1) % WORD_BITS;

	if (bits != 0)
		return word * WORD_BITS + (uint32_t)__builtin_ctzll(bits);
	for (; group < group_count(wheel->mask + 1); group++) {
		uint64_t words = wheel->summary[group] & unseen;

		if (words != 0) {
			word = group * WORD_BITS + (uint32_t)__builtin_ctzll(words);
			return word * WORD_BITS + (uint32_t)__builtin_ctzll(wheel->occupied[word]);
		}
		unseen = UINT64_MAX;
	}
	return INDEX_NONE;
}

// The tick at which the next occupied slot after the cursor comes up; PLX_TIME_NEVER without one.
static uint64_t next_visit_tick(const struct timer_wheel *wheel)
{
	uint32_t slot = find_occupied(wheel, (uint32_t)(wheel->cursor + 1) & wheel->mask);

	if (slot == INDEX_NONE)
		slot = find_occupied(wheel, 0);
	return slot == INDEX_NONE ? PLX_TIME_NEVER : timer_visit_tick(wheel, slot);
}

static void slot_clear(struct timer_wheel *wheel, uint32_t slot)
{
	uint32_t word = slot / WORD_BITS;

	wheel->heads[slot] = INDEX_NONE;
	wheel->occupied[word] &= ~(UINT64_C(1) << slot % WORD_BITS);
	if (wheel->occupied[word] == 0)
		wheel->summary[word / WORD_BITS] &= ~(UINT64_C(1) << word % WORD_BITS);
}

// Gives the slot a first chunk with room.
static uint32_t slot_grow(struct timer_wheel *wheel, uint32_t slot)
{
	uint32_t c = chunk_get(wheel), word = slot / WORD_BITS;

	wheel->chunks[c].next = wheel->heads[slot];
	wheel->chunks[c].count = 0;
	wheel->heads[slot] = c;
	wheel->occupied[word] |= UINT64_C(1) << slot % WORD_BITS;
	wheel->summary[word / WORD_BITS] |= UINT64_C(1) << word % WORD_BITS;
	return c;
}

static void slot_push(struct timer_wheel *wheel, uint32_t slot, uint32_t idx)
{
	uint32_t c = wheel->heads[slot];
	struct timer_chunk *chunk;

	if (c == INDEX_NONE || wheel->chunks[c].count == CHUNK_NODES)
		c = slot_grow(wheel, slot);
	chunk = &wheel->chunks[c];
	wheel->nodes[idx].slot = slot;
	wheel->nodes[idx].place = c << CHUNK_SHIFT | chunk->count;
	chunk->nodes[chunk->count++] = idx;
}

// The last of the first chunk moves into the gap.
static void slot_remove(struct timer_wheel *wheel, uint32_t idx)
{
	uint32_t slot = wheel->nodes[idx].slot, place = wheel->nodes[idx].place;
	uint32_t c = wheel->heads[slot];
	struct timer_chunk *first = &wheel->chunks[c];
	uint32_t last = first->nodes[--first->count];

	wheel->chunks[place >> CHUNK_SHIFT].nodes[place & CHUNK_MASK] = last;
	wheel->nodes[last].place = place;
	if (first->count > 0)
		return;
	if (first->next == INDEX_NONE)
		slot_clear(wheel, slot);
	else
		wheel->heads[slot] = first->next;
	chunk_put(wheel, c);
}

static plx_time due_deadline(const struct timer_wheel *wheel, uint32_t at)
{
	return wheel->nodes[wheel->due[at]].deadline;
}

static void due_set(struct timer_wheel *wheel, uint32_t at, uint32_t idx)
{
	wheel->due[at] = idx;
	wheel->nodes[idx].place = at;
}

// From `at`, where there is a gap, towards the top until `idx` is not earlier than what is above it.
static void due_rise(struct timer_wheel *wheel, uint32_t at, uint32_t idx)
{
	plx_time deadline = wheel->nodes[idx].deadline;

	while (at > 0 && deadline < due_deadline(wheel, (at - 1) / 2)) {
		due_set(wheel, at, wheel->due[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	due_set(wheel, at, idx);
}

// Lets the gap at `at` sink to the bottom, the earlier child rising each time. `idx` then rises from
// there: it was a leaf and is likely to stay one.
static void due_fill(struct timer_wheel *wheel, uint32_t at, uint32_t idx)
{
	for (uint32_t child = 2 * at + 1; child < wheel->due_count; child = 2 * at + 1) {
		uint32_t right = child + (child + 1 < wheel->due_count);

		child = due_deadline(wheel, right) < due_deadline(wheel, child) ? right : child;
		due_set(wheel, at, wheel->due[child]);
		at = child;
	}
	due_rise(wheel, at, idx);
}

static void due_push(struct timer_wheel *wheel, uint32_t idx)
{
	wheel->nodes[idx].slot = TIMER_SLOT_DUE;
	due_rise(wheel, wheel->due_count++, idx);
}

static void due_remove(struct timer_wheel *wheel, uint32_t idx)
{
	uint32_t last = wheel->due[--wheel->due_count];

	if (last != idx)
		due_fill(wheel, wheel->nodes[idx].place, last);
}

static void unfile(struct timer_wheel *wheel, uint32_t idx)
{
	if (wheel->nodes[idx].slot == TIMER_SLOT_DUE)
		due_remove(wheel, idx);
	else
		slot_remove(wheel, idx);
}

// By its deadline: among the due when the cursor has reached its tick, else into its slot.
static void file(struct timer_wheel *wheel, uint32_t idx)
{
	uint64_t tick = wheel->nodes[idx].deadline >> wheel->shift;

	if (tick <= wheel->cursor)
		due_push(wheel, idx);
	else
		slot_push(wheel, (uint32_t)tick & wheel->mask, idx);
}

void timer_place(struct timer_wheel *wheel, uint32_t idx, plx_time deadline)
{
	if (timer_is_armed(wheel, idx))
		unfile(wheel, idx);
	else
		wheel->armed++;
	wheel->nodes[idx].deadline = deadline;
	file(wheel, idx);
}

void timer_disarm(struct timer_wheel *wheel, uint32_t idx)
{
	if (!timer_is_armed(wheel, idx))
		return;
	unfile(wheel, idx);
	wheel->nodes[idx].slot = TIMER_SLOT_IDLE;
	wheel->armed--;
}

static void prefetch_chunk(const struct timer_wheel *wheel, uint32_t c)
{
	const struct timer_chunk *chunk = &wheel->chunks[c];

	for (uint32_t i = 0; i < chunk->count; i++)
		__builtin_prefetch(&wheel->nodes[chunk->nodes[i]], 1);
	if (chunk->next != INDEX_NONE)
		__builtin_prefetch(&wheel->chunks[chunk->next], 1);
}

// Files all of a slot anew: the due, those that moved since, and those of a later turn. While a chunk is
// worked on, the timers of the next one are on their way.
static void visit_slot(struct timer_wheel *wheel, uint32_t slot)
{
	uint32_t c = wheel->heads[slot];

	slot_clear(wheel, slot);
	prefetch_chunk(wheel, c);
	while (c != INDEX_NONE) {
		const struct timer_chunk *chunk = &wheel->chunks[c];
		uint32_t next = chunk->next;

		if (next != INDEX_NONE)
			prefetch_chunk(wheel, next);
		for (uint32_t i = 0; i < chunk->count; i++)
			file(wheel, chunk->nodes[i]);
		chunk_put(wheel, c);
		c = next;
	}
}

// A turn or more at once. What moves into a slot further on is looked at once more there, and stays.
static void visit_all(struct timer_wheel *wheel)
{
	uint32_t slot = find_occupied(wheel, 0);

	while (slot != INDEX_NONE) {
		visit_slot(wheel, slot);
		slot = slot == wheel->mask ? INDEX_NONE : find_occupied(wheel, slot + 1);
	}
}

// Moves the cursor to the next tick that has something filed, or to `last`.
static void advance(struct timer_wheel *wheel, uint64_t last)
{
	uint64_t tick;

	if (last - wheel->cursor > wheel->mask) {
		wheel->cursor = last;
		visit_all(wheel);
		return;
	}
	tick = next_visit_tick(wheel);
	if (tick > last) {
		wheel->cursor = last;
		return;
	}
	wheel->cursor = tick;
	visit_slot(wheel, (uint32_t)tick & wheel->mask);
}

static uint32_t pop_due(struct timer_wheel *wheel)
{
	uint32_t idx = wheel->due[0];

	timer_disarm(wheel, idx);
	return idx;
}

unsigned timer_wheel_expire_early(struct timer_wheel *wheel, plx_time now, plx_duration ahead,
				  uint32_t *fired, unsigned max)
{
	unsigned count = 0;
	plx_time horizon;

	wheel->now = time_max(wheel->now, now);
	horizon = time_add(wheel->now, ahead);
	for (;;) {
		while (count < max && wheel->due_count > 0
		       && time_is_due(due_deadline(wheel, 0), horizon))
			fired[count++] = pop_due(wheel);
		if (count == max || wheel->cursor >= horizon >> wheel->shift)
			return count;
		advance(wheel, horizon >> wheel->shift);
	}
}

unsigned timer_wheel_expire(struct timer_wheel *wheel, plx_time now, uint32_t *fired, unsigned max)
{
	return timer_wheel_expire_early(wheel, now, 0, fired, max);
}

plx_time timer_wheel_next(const struct timer_wheel *wheel)
{
	if (wheel->due_count > 0)
		return due_deadline(wheel, 0);
	if (wheel->armed == 0)
		return PLX_TIME_NEVER;
	return next_visit_tick(wheel) << wheel->shift;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// The wheel of timer_wheel.h. A slot is a chain of chunks, each a line with the numbers of some timers:
// unlike a list through the timers it can be read ahead of the visit, so that no timer is waited for.
// When the cursor comes to a tick its timers are spread over near slots, 64 parts of the tick, and part by
// part they go to a binary heap that hands out by exact deadline. It moves only as far as a poll needs.
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
	NEAR_BITS = 6,
	NEAR_SLOTS = 1 << NEAR_BITS, // one word of the bitmap
	AHEAD_CHUNKS_MAX = 16,
	CHUNK_NODES = 14,
	CHUNK_WORDS = 16,
	CHUNK_SHIFT = 4, // a place is a chunk's number and 4 bits for the entry
	CHUNK_MASK = CHUNK_WORDS - 1,
};
#define TIMER_NODES_MAX (UINT32_C(1) << 31)

// All chunks of a slot but its first are full. The heap grows and shrinks by chunks of the same store.
struct timer_chunk {
	union {
		alignas(CACHE_LINE) struct {
			uint32_t next; // of the slot, or of the free ones
			uint32_t count;
			uint32_t nodes[CHUNK_NODES];
		};
		uint32_t due[CHUNK_WORDS];
	};
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

// Enough for any distribution: every slot in use may have one that is not full, so may the heap, and a
// visit holds one that it is emptying.
static uint32_t chunk_count(const struct timer_wheel_config *config)
{
	return config->nodes / CHUNK_NODES + RTE_MIN(config->nodes, config->slots + NEAR_SLOTS) + 3;
}

// The near slots' word is the last.
static uint32_t word_count(uint32_t slots)
{
	return slots / WORD_BITS + 1;
}

static uint32_t group_count(uint32_t slots)
{
	return (word_count(slots) + WORD_BITS - 1) / WORD_BITS;
}

// Chunks of a heap of all timers.
static uint32_t due_chunk_count(const struct timer_wheel_config *config)
{
	return config->nodes / CHUNK_WORDS + 1;
}

// What is one piece of memory: chunks, nodes, bitmap and summary, heads, list of the heap's chunks.
static size_t pieces_bytes(const struct timer_wheel_config *config)
{
	return chunk_count(config) * sizeof(struct timer_chunk)
		+ config->nodes * sizeof(struct timer_node)
		+ (word_count(config->slots) + group_count(config->slots)) * sizeof(uint64_t)
		+ (config->slots + NEAR_SLOTS + due_chunk_count(config)) * sizeof(uint32_t);
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
	wheel->due = wheel->heads + config->slots + NEAR_SLOTS;
	wheel->mask = config->slots - 1;
	wheel->shift = (uint32_t)__builtin_ctzll(config->tick);
	wheel->near_shift = wheel->shift > NEAR_BITS ? wheel->shift - NEAR_BITS : 0;
	wheel->now = config->now;
	wheel->cursor = config->now >> wheel->shift;
	wheel->near_cursor = config->now >> wheel->near_shift;
	for (uint32_t i = 0; i < config->slots + NEAR_SLOTS; i++)
		wheel->heads[i] = INDEX_NONE;
	for (uint32_t i = 0; i < config->nodes; i++)
		wheel->nodes[i].slot = TIMER_SLOT_IDLE;
	wheel->free_chunk = INDEX_NONE;
	for (uint32_t i = chunk_count(config); i-- > 0;)
		chunk_put(wheel, i);
	wheel->due[0] = chunk_get(wheel); // most of the time the heap needs no more
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

// The first occupied slot from `first` on, near ones last; INDEX_NONE when there is none.
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
// Only asked when the near slots are empty.
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

static uint32_t *due_at(const struct timer_wheel *wheel, uint32_t at)
{
	return &wheel->chunks[wheel->due[at >> CHUNK_SHIFT]].due[at & CHUNK_MASK];
}

static plx_time due_deadline(const struct timer_wheel *wheel, uint32_t at)
{
	return wheel->nodes[*due_at(wheel, at)].deadline;
}

static void due_set(struct timer_wheel *wheel, uint32_t at, uint32_t idx)
{
	*due_at(wheel, at) = idx;
	wheel->nodes[idx].place = at;
}

// From `at`, where there is a gap, towards the top until `idx` is not earlier than what is above it.
static void due_rise(struct timer_wheel *wheel, uint32_t at, uint32_t idx)
{
	plx_time deadline = wheel->nodes[idx].deadline;

	while (at > 0 && deadline < due_deadline(wheel, (at - 1) / 2)) {
		due_set(wheel, at, *due_at(wheel, (at - 1) / 2));
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
		due_set(wheel, at, *due_at(wheel, child));
		at = child;
	}
	due_rise(wheel, at, idx);
}

static void due_push(struct timer_wheel *wheel, uint32_t idx)
{
	uint32_t at = wheel->due_count++;

	if ((at & CHUNK_MASK) == 0 && at > 0)
		wheel->due[at >> CHUNK_SHIFT] = chunk_get(wheel);
	wheel->nodes[idx].slot = TIMER_SLOT_DUE;
	due_rise(wheel, at, idx);
}

static void due_remove(struct timer_wheel *wheel, uint32_t idx)
{
	uint32_t end = --wheel->due_count;
	uint32_t last = *due_at(wheel, end);

	if (last != idx)
		due_fill(wheel, wheel->nodes[idx].place, last);
	if ((end & CHUNK_MASK) == 0 && end > 0)
		chunk_put(wheel, wheel->due[end >> CHUNK_SHIFT]);
}

static void unfile(struct timer_wheel *wheel, uint32_t idx)
{
	if (wheel->nodes[idx].slot == TIMER_SLOT_DUE)
		due_remove(wheel, idx);
	else
		slot_remove(wheel, idx);
}

static uint32_t near_slot(const struct timer_wheel *wheel, uint64_t part)
{
	return wheel->mask + 1 + (uint32_t)part % NEAR_SLOTS;
}

// The next part of this tick that has timers; PLX_TIME_NEVER when the near slots are empty.
static uint64_t next_near_part(const struct timer_wheel *wheel)
{
	uint64_t bits = wheel->occupied[(wheel->mask + 1) / WORD_BITS];

	if (bits == 0)
		return PLX_TIME_NEVER;
	return (wheel->near_cursor & ~(uint64_t)(NEAR_SLOTS - 1)) + (uint64_t)__builtin_ctzll(bits);
}

// By its deadline: among the due when the cursor has reached its part, else into a slot.
static void file(struct timer_wheel *wheel, uint32_t idx)
{
	plx_time deadline = wheel->nodes[idx].deadline;
	uint64_t tick = deadline >> wheel->shift, part = deadline >> wheel->near_shift;

	if (part <= wheel->near_cursor)
		due_push(wheel, idx);
	else if (tick == wheel->cursor)
		slot_push(wheel, near_slot(wheel, part), idx);
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

// Files all of a slot anew: the due, those that moved since, and those of a later turn.
static void visit_slot(struct timer_wheel *wheel, uint32_t slot)
{
	uint32_t c = wheel->heads[slot];

	slot_clear(wheel, slot);
	while (c != INDEX_NONE) {
		const struct timer_chunk *chunk = &wheel->chunks[c];
		uint32_t next = chunk->next;

		for (uint32_t i = 0; i < chunk->count; i++)
			file(wheel, chunk->nodes[i]);
		chunk_put(wheel, c);
		c = next;
	}
}

// While this tick's timers are handed out part by part, those of the next tick are fetched chunk by chunk.
// A mere hint: the chain is walked anew each time, whatever became of it.
static void read_ahead(struct timer_wheel *wheel)
{
	uint32_t c = wheel->heads[wheel->ahead_slot];
	const struct timer_chunk *chunk;

	if (wheel->ahead_count == AHEAD_CHUNKS_MAX)
		return;
	for (uint32_t i = 0; i < wheel->ahead_count && c != INDEX_NONE; i++)
		c = wheel->chunks[c].next;
	if (c == INDEX_NONE)
		return;
	chunk = &wheel->chunks[c];
	for (uint32_t i = 0; i < chunk->count; i++)
		__builtin_prefetch(&wheel->nodes[chunk->nodes[i]], 1);
	if (chunk->next != INDEX_NONE)
		__builtin_prefetch(&wheel->chunks[chunk->next]);
	wheel->ahead_count++;
}

static void start_read_ahead(struct timer_wheel *wheel)
{
	uint32_t slot = find_occupied(wheel, (uint32_t)(wheel->cursor + 1) & wheel->mask);

	if (slot > wheel->mask)
		return;
	wheel->ahead_slot = slot;
	wheel->ahead_count = 0;
	__builtin_prefetch(&wheel->chunks[wheel->heads[slot]]);
}

// A turn or more at once. What moves into a slot further on is looked at once more there, and stays.
static void visit_all(struct timer_wheel *wheel)
{
	uint32_t end = wheel->mask + NEAR_SLOTS;
	uint32_t slot = find_occupied(wheel, 0);

	while (slot != INDEX_NONE) {
		visit_slot(wheel, slot);
		slot = slot == end ? INDEX_NONE : find_occupied(wheel, slot + 1);
	}
}

static void move_cursor(struct timer_wheel *wheel, plx_time to)
{
	wheel->cursor = to >> wheel->shift;
	wheel->near_cursor = to >> wheel->near_shift;
}

// When the next occupied slot comes up; PLX_TIME_NEVER when all are empty.
static plx_time next_filed(const struct timer_wheel *wheel)
{
	uint64_t part = next_near_part(wheel), tick;

	if (part != PLX_TIME_NEVER)
		return part << wheel->near_shift;
	tick = next_visit_tick(wheel);
	return tick == PLX_TIME_NEVER ? tick : tick << wheel->shift;
}

// Moves the cursor to the next part or tick that has something filed, or to the horizon.
static void advance(struct timer_wheel *wheel, plx_time horizon)
{
	plx_time next = next_filed(wheel);
	bool is_near = next_near_part(wheel) != PLX_TIME_NEVER;

	if ((horizon >> wheel->shift) - wheel->cursor > wheel->mask) {
		move_cursor(wheel, horizon);
		visit_all(wheel);
	} else if (next > horizon) {
		move_cursor(wheel, horizon);
	} else {
		move_cursor(wheel, next);
		if (is_near) {
			read_ahead(wheel);
			visit_slot(wheel, near_slot(wheel, wheel->near_cursor));
		} else {
			visit_slot(wheel, (uint32_t)wheel->cursor & wheel->mask);
			start_read_ahead(wheel);
		}
	}
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
		       && time_is_due(due_deadline(wheel, 0), horizon)) {
			fired[count] = *due_at(wheel, 0);
			timer_disarm(wheel, fired[count++]);
		}
		if (count == max || wheel->near_cursor >= horizon >> wheel->near_shift)
			return count;
		advance(wheel, horizon);
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
	return next_filed(wheel);
}

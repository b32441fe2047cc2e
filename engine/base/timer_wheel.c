// SPDX-License-Identifier: BSD-3-Clause
//
// The wheel of timer_wheel.h. What its cursor reaches leaves the slots for a pairing heap (Fredman,
// Sedgewick, Sleator, Tarjan 1986), which hands out by exact deadline and takes late comers at any time.
// The cursor goes no further than a poll needs, so the heap holds about one tick's timers.
// Called by tcp/timers and net/neighbor; arming is inline, see timer_wheel.h.
#include "base/timer_wheel.h"

#include <errno.h>

#include <rte_common.h>

#include "base/clock.h"
#include "base/memory.h"

enum {
	TIMER_SLOTS_MIN = 64,
	TIMER_SLOTS_MAX = 1 << 20,
	TIMER_WORD_BITS = 64,
};
#define TIMER_NODES_MAX (UINT32_C(1) << 31)

// Heads, words of the bitmap and words of the summary follow the nodes in this order.
struct timer_layout {
	size_t nodes, occupied, summary, heads, end;
};

static bool is_sound(const struct timer_wheel_config *config)
{
	return config->nodes > 0 && config->nodes <= TIMER_NODES_MAX
		&& config->slots >= TIMER_SLOTS_MIN && config->slots <= TIMER_SLOTS_MAX
		&& rte_is_power_of_2(config->slots) && config->tick > 0
		&& (config->tick & (config->tick - 1)) == 0;
}

static struct timer_layout layout_of(const struct timer_wheel_config *config)
{
	size_t words = config->slots / TIMER_WORD_BITS;
	size_t summary_words = (words + TIMER_WORD_BITS - 1) / TIMER_WORD_BITS;
	struct timer_layout layout;

	layout.nodes = RTE_ALIGN_CEIL(sizeof(struct timer_wheel), (size_t)CACHE_LINE);
	layout.occupied = layout.nodes + config->nodes * sizeof(struct timer_node);
	layout.summary = layout.occupied + words * sizeof(uint64_t);
	layout.heads = layout.summary + summary_words * sizeof(uint64_t);
	layout.end = layout.heads + config->slots * sizeof(uint32_t);
	return layout;
}

size_t timer_wheel_bytes(const struct timer_wheel_config *config)
{
	return is_sound(config) ? memory_cost(layout_of(config).end) : 0;
}

int timer_wheel_create(struct timer_wheel **wheel, const struct timer_wheel_config *config)
{
	struct timer_layout layout;
	struct timer_wheel *w;
	unsigned char *base;

	*wheel = NULL;
	if (!is_sound(config))
		return -EINVAL;
	layout = layout_of(config);
	base = memory_take("timer wheel", layout.end, config->socket);
	if (base == NULL)
		return -ENOMEM;
	w = (struct timer_wheel *)(void *)base;
	w->nodes = (struct timer_node *)(void *)(base + layout.nodes);
	w->occupied = (uint64_t *)(void *)(base + layout.occupied);
	w->summary = (uint64_t *)(void *)(base + layout.summary);
	w->heads = (uint32_t *)(void *)(base + layout.heads);
	w->mask = config->slots - 1;
	w->shift = (uint32_t)__builtin_ctzll(config->tick);
	w->cursor = config->now >> w->shift;
	w->now = config->now;
	w->due_root = INDEX_NONE;
	for (uint32_t i = 0; i < config->slots; i++)
		w->heads[i] = INDEX_NONE;
	for (uint32_t i = 0; i < config->nodes; i++)
		w->nodes[i].slot = TIMER_SLOT_IDLE;
	*wheel = w;
	return 0;
}

void timer_wheel_destroy(struct timer_wheel *wheel)
{
	rte_free(wheel);
}

// The heap: the earlier of two roots takes the other as its first child.
static uint32_t heap_merge(struct timer_wheel *w, uint32_t a, uint32_t b)
{
	struct timer_node *parent, *child;

	if (a == INDEX_NONE)
		return b;
	if (b == INDEX_NONE)
		return a;
	if (w->nodes[b].deadline < w->nodes[a].deadline) {
		uint32_t swap = a;

		a = b;
		b = swap;
	}
	parent = &w->nodes[a];
	child = &w->nodes[b];
	child->prev = a;
	child->next = parent->child;
	if (parent->child != INDEX_NONE)
		w->nodes[parent->child].prev = b;
	parent->child = b;
	return a;
}

// A list of siblings becomes one tree: pairs from left to right, then the pairs from right to left.
static uint32_t heap_merge_siblings(struct timer_wheel *w, uint32_t first)
{
	uint32_t pairs = INDEX_NONE; // linked by next, the last pair in front
	uint32_t root = INDEX_NONE;

	while (first != INDEX_NONE) {
		uint32_t second = w->nodes[first].next;
		uint32_t rest = second == INDEX_NONE ? INDEX_NONE : w->nodes[second].next;
		uint32_t pair = heap_merge(w, first, second);

		w->nodes[pair].next = pairs;
		pairs = pair;
		first = rest;
	}
	while (pairs != INDEX_NONE) {
		uint32_t next = w->nodes[pairs].next;

		root = heap_merge(w, root, pairs);
		pairs = next;
	}
	if (root != INDEX_NONE) {
		w->nodes[root].next = INDEX_NONE;
		w->nodes[root].prev = INDEX_NONE;
	}
	return root;
}

static void heap_push(struct timer_wheel *w, uint32_t idx)
{
	struct timer_node *node = &w->nodes[idx];

	node->slot = TIMER_SLOT_DUE;
	node->next = INDEX_NONE;
	node->prev = INDEX_NONE;
	node->child = INDEX_NONE;
	w->due_root = heap_merge(w, w->due_root, idx);
}

static void heap_remove(struct timer_wheel *w, uint32_t idx)
{
	struct timer_node *node = &w->nodes[idx];
	uint32_t orphans = heap_merge_siblings(w, node->child);

	if (idx == w->due_root) {
		w->due_root = orphans;
		return;
	}
	// `prev` is the parent for the first child, else the sibling before.
	if (w->nodes[node->prev].child == idx)
		w->nodes[node->prev].child = node->next;
	else
		w->nodes[node->prev].next = node->next;
	if (node->next != INDEX_NONE)
		w->nodes[node->next].prev = node->prev;
	w->due_root = heap_merge(w, w->due_root, orphans);
}

static void slot_mark(struct timer_wheel *w, uint32_t slot)
{
	uint32_t word = slot / TIMER_WORD_BITS;

	w->occupied[word] |= UINT64_C(1) << slot % TIMER_WORD_BITS;
	w->summary[word / TIMER_WORD_BITS] |= UINT64_C(1) << word % TIMER_WORD_BITS;
}

static void slot_clear(struct timer_wheel *w, uint32_t slot)
{
	uint32_t word = slot / TIMER_WORD_BITS;

	w->occupied[word] &= ~(UINT64_C(1) << slot % TIMER_WORD_BITS);
	if (w->occupied[word] == 0)
		w->summary[word / TIMER_WORD_BITS] &= ~(UINT64_C(1) << word % TIMER_WORD_BITS);
}

static void slot_push(struct timer_wheel *w, uint32_t idx, uint32_t slot)
{
	struct timer_node *node = &w->nodes[idx];
	uint32_t head = w->heads[slot];

	node->slot = slot;
	node->prev = INDEX_NONE;
	node->next = head;
	if (head == INDEX_NONE)
		slot_mark(w, slot);
	else
		w->nodes[head].prev = idx;
	w->heads[slot] = idx;
}

static void slot_remove(struct timer_wheel *w, uint32_t idx)
{
	struct timer_node *node = &w->nodes[idx];

	if (node->next != INDEX_NONE)
		w->nodes[node->next].prev = node->prev;
	if (node->prev != INDEX_NONE) {
		w->nodes[node->prev].next = node->next;
		return;
	}
	w->heads[node->slot] = node->next;
	if (node->next == INDEX_NONE)
		slot_clear(w, node->slot);
}

// Where a timer belongs, seen from where the cursor stands.
static void file(struct timer_wheel *w, uint32_t idx)
{
	uint64_t tick = w->nodes[idx].deadline >> w->shift;

	if (tick <= w->cursor)
		heap_push(w, idx);
	else
		slot_push(w, idx, (uint32_t)tick & w->mask);
}

static void unfile(struct timer_wheel *w, uint32_t idx)
{
	if (w->nodes[idx].slot == TIMER_SLOT_DUE)
		heap_remove(w, idx);
	else
		slot_remove(w, idx);
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

// The first word at or after `word` that is not empty, by the summary; `words` when there is none.
static uint32_t next_word(const struct timer_wheel *w, uint32_t word, uint32_t words)
{
	while (word < words) {
		uint64_t bits = w->summary[word / TIMER_WORD_BITS] >> word % TIMER_WORD_BITS;

		if (bits != 0)
			return word + (uint32_t)__builtin_ctzll(bits);
		word = (word / TIMER_WORD_BITS + 1) * TIMER_WORD_BITS;
	}
	return words;
}

// The first occupied slot at or after `slot`, without going round; mask + 1 when there is none.
static uint32_t next_slot(const struct timer_wheel *w, uint32_t slot)
{
	uint32_t words = (w->mask + 1) / TIMER_WORD_BITS;
	uint32_t word = slot / TIMER_WORD_BITS;
	uint64_t bits;

	if (slot > w->mask)
		return w->mask + 1;
	bits = w->occupied[word] >> slot % TIMER_WORD_BITS;
	if (bits != 0)
		return slot + (uint32_t)__builtin_ctzll(bits);
	word = next_word(w, word + 1, words);
	if (word >= words)
		return w->mask + 1;
	return word * TIMER_WORD_BITS + (uint32_t)__builtin_ctzll(w->occupied[word]);
}

// The first occupied slot in the order in which the cursor will come by; mask + 1 when all are empty.
static uint32_t next_slot_around(const struct timer_wheel *w)
{
	uint32_t start = (uint32_t)(w->cursor + 1) & w->mask;
	uint32_t slot = next_slot(w, start);

	if (slot > w->mask)
		slot = next_slot(w, 0);
	return slot;
}

// Empties a slot that the cursor has reached: into the heap, or back into a slot for what was moved later
// or lies a turn ahead.
static void visit(struct timer_wheel *w, uint32_t slot)
{
	uint32_t idx = w->heads[slot];

	w->heads[slot] = INDEX_NONE;
	slot_clear(w, slot);
	while (idx != INDEX_NONE) {
		uint32_t next = w->nodes[idx].next;

		file(w, idx);
		idx = next;
	}
}

// Visits the slots from `first` to `last`, which do not go round.
static void visit_range(struct timer_wheel *w, uint32_t first, uint32_t last)
{
	for (uint32_t slot = next_slot(w, first); slot <= last; slot = next_slot(w, slot + 1))
		visit(w, slot);
}

static void advance(struct timer_wheel *w, uint64_t tick)
{
	uint64_t from = w->cursor + 1;
	uint32_t first = (uint32_t)from & w->mask;
	uint32_t last = (uint32_t)tick & w->mask;

	if (tick <= w->cursor)
		return;
	w->cursor = tick;
	if (tick - from >= w->mask) {
		visit_range(w, 0, w->mask); // a whole turn or more: each slot once
	} else if (first <= last) {
		visit_range(w, first, last);
	} else {
		visit_range(w, first, w->mask);
		visit_range(w, 0, last);
	}
}

unsigned timer_wheel_expire(struct timer_wheel *wheel, plx_time now, uint32_t *fired, unsigned max)
{
	return timer_wheel_expire_early(wheel, now, 0, fired, max);
}

unsigned timer_wheel_expire_early(struct timer_wheel *wheel, plx_time now, plx_duration ahead,
				  uint32_t *fired, unsigned max)
{
	unsigned n = 0;
	plx_time limit;

	wheel->now = time_max(wheel->now, now);
	limit = time_add(wheel->now, ahead);
	if (wheel->armed == 0) {
		wheel->cursor = limit >> wheel->shift > wheel->cursor ? limit >> wheel->shift
								      : wheel->cursor;
		return 0;
	}
	advance(wheel, limit >> wheel->shift);
	while (n < max && wheel->due_root != INDEX_NONE
	       && wheel->nodes[wheel->due_root].deadline <= limit) {
		fired[n] = wheel->due_root;
		timer_disarm(wheel, fired[n]);
		n++;
	}
	return n;
}

plx_time timer_wheel_next(const struct timer_wheel *wheel)
{
	uint32_t slot;

	if (wheel->due_root != INDEX_NONE)
		return wheel->nodes[wheel->due_root].deadline;
	if (wheel->armed == 0)
		return PLX_TIME_NEVER;
	slot = next_slot_around(wheel);
	return timer_visit_tick(wheel, slot) << wheel->shift;
}

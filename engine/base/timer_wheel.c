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
	WORD_BITS = 64,
};
#define TIMER_NODES_MAX (UINT32_C(1) << 31)

static bool is_sound(const struct timer_wheel_config *config)
{
	return config->nodes > 0 && config->nodes <= TIMER_NODES_MAX
		&& config->slots >= TIMER_SLOTS_MIN && config->slots <= TIMER_SLOTS_MAX
		&& rte_is_power_of_2(config->slots) && config->tick != 0
		&& (config->tick & (config->tick - 1)) == 0;
}

static uint32_t word_count(uint32_t slots)
{
	return slots / WORD_BITS;
}

static uint32_t group_count(uint32_t slots)
{
	return (word_count(slots) + WORD_BITS - 1) / WORD_BITS;
}

// The bitmap, its summary and the heads of the slots are one piece of memory, in this order.
static size_t slots_bytes(uint32_t slots)
{
	return (word_count(slots) + group_count(slots)) * sizeof(uint64_t)
		+ slots * sizeof(uint32_t);
}

static size_t nodes_bytes(uint32_t nodes)
{
	return nodes * sizeof(struct timer_node);
}

size_t timer_wheel_bytes(const struct timer_wheel_config *config)
{
	if (!is_sound(config))
		return 0;
	return memory_cost(sizeof(struct timer_wheel)) + memory_cost(nodes_bytes(config->nodes))
		+ memory_cost(slots_bytes(config->slots));
}

static void wheel_init(struct timer_wheel *wheel, const struct timer_wheel_config *config)
{
	wheel->mask = config->slots - 1;
	wheel->shift = (uint32_t)__builtin_ctzll(config->tick);
	wheel->now = config->now;
	wheel->cursor = config->now >> wheel->shift;
	wheel->due_root = INDEX_NONE;
	wheel->summary = wheel->occupied + word_count(config->slots);
	wheel->heads = (uint32_t *)(wheel->summary + group_count(config->slots));
	for (uint32_t i = 0; i < config->slots; i++)
		wheel->heads[i] = INDEX_NONE;
	for (uint32_t i = 0; i < config->nodes; i++)
		wheel->nodes[i].slot = TIMER_SLOT_IDLE;
}

int timer_wheel_create(struct timer_wheel **wheel, const struct timer_wheel_config *config)
{
	struct timer_wheel *w;

	if (!is_sound(config))
		return -EINVAL;
	w = memory_take("timer_wheel", sizeof(*w), config->socket);
	if (w == NULL)
		return -ENOMEM;
	w->nodes = memory_take("timer_nodes", nodes_bytes(config->nodes), config->socket);
	w->occupied = memory_take("timer_slots", slots_bytes(config->slots), config->socket);
	if (w->nodes == NULL || w->occupied == NULL) {
		timer_wheel_destroy(w);
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
	rte_free(wheel->nodes);
	rte_free(wheel->occupied);
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

static void slot_push(struct timer_wheel *wheel, uint32_t slot, uint32_t idx)
{
	struct timer_node *node = &wheel->nodes[idx];
	uint32_t word = slot / WORD_BITS;
	uint32_t head = wheel->heads[slot];

	node->slot = slot;
	node->prev = INDEX_NONE;
	node->next = head;
	wheel->heads[slot] = idx;
	if (head != INDEX_NONE) {
		wheel->nodes[head].prev = idx;
		return;
	}
	wheel->occupied[word] |= UINT64_C(1) << slot % WORD_BITS;
	wheel->summary[word / WORD_BITS] |= UINT64_C(1) << word % WORD_BITS;
}

static void slot_remove(struct timer_wheel *wheel, uint32_t idx)
{
	struct timer_node *node = &wheel->nodes[idx];

	if (node->next != INDEX_NONE)
		wheel->nodes[node->next].prev = node->prev;
	if (node->prev != INDEX_NONE)
		wheel->nodes[node->prev].next = node->next;
	else if (node->next != INDEX_NONE)
		wheel->heads[node->slot] = node->next;
	else
		slot_clear(wheel, node->slot);
}

// Joins two heaps, neither having siblings: the later root becomes the first child of the earlier.
static uint32_t heap_meld(struct timer_wheel *wheel, uint32_t a, uint32_t b)
{
	struct timer_node *nodes = wheel->nodes;
	bool a_first = nodes[a].deadline <= nodes[b].deadline;
	uint32_t parent = a_first ? a : b, child = a_first ? b : a;
	uint32_t sibling = nodes[parent].child;

	nodes[child].prev = parent;
	nodes[child].next = sibling;
	if (sibling != INDEX_NONE)
		nodes[sibling].prev = child;
	nodes[parent].child = child;
	return parent;
}

// The two passes of the paper: meld pairs from the left, then the pairs from the right.
static uint32_t heap_meld_siblings(struct timer_wheel *wheel, uint32_t first)
{
	struct timer_node *nodes = wheel->nodes;
	uint32_t pairs = INDEX_NONE, root = INDEX_NONE;

	while (first != INDEX_NONE) {
		uint32_t second = nodes[first].next, rest = INDEX_NONE, pair = first;

		if (second != INDEX_NONE) {
			rest = nodes[second].next;
			pair = heap_meld(wheel, first, second);
		}
		nodes[pair].next = pairs;
		pairs = pair;
		first = rest;
	}
	while (pairs != INDEX_NONE) {
		uint32_t rest = nodes[pairs].next;

		root = root == INDEX_NONE ? pairs : heap_meld(wheel, root, pairs);
		pairs = rest;
	}
	return root;
}

static void heap_push(struct timer_wheel *wheel, uint32_t idx)
{
	struct timer_node *node = &wheel->nodes[idx];

	node->slot = TIMER_SLOT_DUE;
	node->child = INDEX_NONE;
	wheel->due_root = wheel->due_root == INDEX_NONE ? idx
							: heap_meld(wheel, wheel->due_root, idx);
}

static void heap_remove(struct timer_wheel *wheel, uint32_t idx)
{
	struct timer_node *nodes = wheel->nodes, *node = &nodes[idx];
	uint32_t children = heap_meld_siblings(wheel, node->child);

	if (idx == wheel->due_root) {
		wheel->due_root = children;
		return;
	}
	if (nodes[node->prev].child == idx)
		nodes[node->prev].child = node->next;
	else
		nodes[node->prev].next = node->next;
	if (node->next != INDEX_NONE)
		nodes[node->next].prev = node->prev;
	if (children != INDEX_NONE)
		wheel->due_root = heap_meld(wheel, wheel->due_root, children);
}

static void unlink_armed(struct timer_wheel *wheel, uint32_t idx)
{
	if (wheel->nodes[idx].slot == TIMER_SLOT_DUE)
		heap_remove(wheel, idx);
	else
		slot_remove(wheel, idx);
}

// By its deadline: among the due when the cursor has reached its tick, else into its slot.
static void file(struct timer_wheel *wheel, uint32_t idx)
{
	uint64_t tick = wheel->nodes[idx].deadline >> wheel->shift;

	if (tick <= wheel->cursor)
		heap_push(wheel, idx);
	else
		slot_push(wheel, (uint32_t)tick & wheel->mask, idx);
}

void timer_place(struct timer_wheel *wheel, uint32_t idx, plx_time deadline)
{
	if (timer_is_armed(wheel, idx))
		unlink_armed(wheel, idx);
	else
		wheel->armed++;
	wheel->nodes[idx].deadline = deadline;
	file(wheel, idx);
}

void timer_disarm(struct timer_wheel *wheel, uint32_t idx)
{
	if (!timer_is_armed(wheel, idx))
		return;
	unlink_armed(wheel, idx);
	wheel->nodes[idx].slot = TIMER_SLOT_IDLE;
	wheel->armed--;
}

// Files all of a slot anew: the due, those that moved since, and those of a later turn.
static void visit_slot(struct timer_wheel *wheel, uint32_t slot)
{
	uint32_t idx = wheel->heads[slot];

	slot_clear(wheel, slot);
	while (idx != INDEX_NONE) {
		uint32_t next = wheel->nodes[idx].next;

		file(wheel, idx);
		idx = next;
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
	uint32_t idx = wheel->due_root;

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
		while (count < max && wheel->due_root != INDEX_NONE
		       && time_is_due(wheel->nodes[wheel->due_root].deadline, horizon))
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
	if (wheel->due_root != INDEX_NONE)
		return wheel->nodes[wheel->due_root].deadline;
	if (wheel->armed == 0)
		return PLX_TIME_NEVER;
	return next_visit_tick(wheel) << wheel->shift;
}

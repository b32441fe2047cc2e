// SPDX-License-Identifier: BSD-3-Clause
//
// Linear probing over buckets of eight. An entry that finds its bucket full counts itself there and goes
// on; it takes these counts back when it leaves, so that misses stop early again. Entries never move.
// Called by stack/ and tcp/; look-ups are inline, see flow_table.h.
#include "base/flow_table.h"

#include <errno.h>

#include "base/memory.h"

#define FLOW_TABLE_MAX_ENTRIES (UINT32_C(1) << 31)

struct flow_slot {
	struct flow_bucket *bucket;
	unsigned slot;
};

// Twice as many slots as entries, at least.
static uint64_t bucket_count(uint32_t max_entries)
{
	return ((uint64_t)max_entries * 2 + FLOW_BUCKET_SLOTS - 1) / FLOW_BUCKET_SLOTS;
}

static bool is_sound(uint32_t max_entries)
{
	return max_entries > 0 && max_entries <= FLOW_TABLE_MAX_ENTRIES;
}

size_t flow_table_bytes(uint32_t max_entries)
{
	if (!is_sound(max_entries))
		return 0;
	return memory_cost(sizeof(struct flow_table))
		+ memory_cost(bucket_count(max_entries) * sizeof(struct flow_bucket));
}

int flow_table_create(struct flow_table **table, uint32_t max_entries, int socket)
{
	struct flow_table *t;

	if (!is_sound(max_entries))
		return -EINVAL;
	t = memory_take("flow_table", sizeof(*t), socket);
	if (t == NULL)
		return -ENOMEM;
	t->n_buckets = bucket_count(max_entries);
	t->max_entries = max_entries;
	t->buckets = memory_take("flow_buckets", t->n_buckets * sizeof(*t->buckets), socket);
	if (t->buckets == NULL) {
		rte_free(t);
		return -ENOMEM;
	}
	*table = t;
	return 0;
}

void flow_table_destroy(struct flow_table *table)
{
	if (table == NULL)
		return;
	rte_free(table->buckets);
	rte_free(table);
}

// What looked up `hash` before has to do it again.
static inline void note_mutation(struct flow_table *table, uint64_t hash)
{
	flow_table_home(table, hash)->version++;
}

int flow_table_insert(struct flow_table *table, uint64_t hash, uint32_t entry)
{
	struct flow_bucket *bucket = flow_table_home(table, hash);
	unsigned empty, slot;

	if (table->count == table->max_entries)
		return -ENOSPC;
	// Ends: half of the slots are empty.
	while ((empty = tag_match(bucket->tags, 0)) == 0) {
		bucket->overflow++;
		bucket = flow_table_beyond(table, bucket);
	}
	slot = (unsigned)__builtin_ctz(empty);
	bucket->tags[slot] = flow_tag(hash);
	bucket->entries[slot] = entry;
	table->count++;
	note_mutation(table, hash);
	return 0;
}

static bool find_slot(const struct flow_table *table, uint64_t hash, uint32_t entry,
		      struct flow_slot *found)
{
	struct flow_bucket *bucket = flow_table_home(table, hash);
	uint16_t tag = flow_tag(hash);

	for (uint64_t step = 0; step < table->n_buckets; step++) {
		unsigned hits = tag_match(bucket->tags, tag);

		for (; hits != 0; hits &= hits - 1) {
			unsigned slot = (unsigned)__builtin_ctz(hits);

			if (bucket->entries[slot] == entry) {
				*found = (struct flow_slot){bucket, slot};
				return true;
			}
		}
		if (bucket->overflow == 0)
			break;
		bucket = flow_table_beyond(table, bucket);
	}
	return false;
}

int flow_table_remove(struct flow_table *table, uint64_t hash, uint32_t entry)
{
	struct flow_slot found;
	struct flow_bucket *passed;

	if (!find_slot(table, hash, entry, &found))
		return -ENOENT;
	found.bucket->tags[found.slot] = 0;
	for (passed = flow_table_home(table, hash); passed != found.bucket;
	     passed = flow_table_beyond(table, passed))
		passed->overflow--;
	table->count--;
	note_mutation(table, hash);
	return 0;
}

int flow_table_replace(struct flow_table *table, uint64_t hash, uint32_t old_entry,
		       uint32_t new_entry)
{
	struct flow_slot found;

	if (!find_slot(table, hash, old_entry, &found))
		return -ENOENT;
	found.bucket->entries[found.slot] = new_entry;
	note_mutation(table, hash);
	return 0;
}

uint32_t flow_table_next(const struct flow_table *table, uint64_t *cursor, unsigned max_buckets)
{
	unsigned left = max_buckets;

	while (left > 0 && !flow_table_is_end(table, *cursor)) {
		const struct flow_bucket *bucket = &table->buckets[*cursor / FLOW_BUCKET_SLOTS];
		unsigned slot = *cursor % FLOW_BUCKET_SLOTS;

		++*cursor;
		if (bucket->tags[slot] != 0)
			return bucket->entries[slot];
		left -= *cursor % FLOW_BUCKET_SLOTS == 0;
	}
	return INDEX_NONE;
}

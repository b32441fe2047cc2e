// SPDX-License-Identifier: BSD-3-Clause
//
// From a flow's hash to a 32-bit entry. A bucket is one cache line: eight tags, eight entries, and the
// number of entries that found it full and went on, so that a miss ends where that is zero. Half empty
// by construction, one writer, never resized. Keys are the caller's: it verifies what a tag suggests.
// Called by stack/ demux for every segment and by tcp/ when flows come, change their kind and go.
#ifndef BASE_FLOW_TABLE_H
#define BASE_FLOW_TABLE_H

#include <assert.h>
#include <stdalign.h>

#include <pollux/types.h>

#include "base/index.h"
#include "base/tag_match.h"

enum { FLOW_BUCKET_SLOTS = TAG_SLOTS };

struct flow_bucket {
	alignas(CACHE_LINE) uint16_t tags[FLOW_BUCKET_SLOTS]; // 0: the slot is empty
	uint32_t entries[FLOW_BUCKET_SLOTS];
	uint32_t overflow; // entries now in the table that passed this full bucket on their way
	uint32_t version;  // changes whenever a flow that belongs here comes, goes or is replaced
	uint64_t reserved;
};
static_assert(sizeof(struct flow_bucket) == CACHE_LINE, "a look-up costs one line");

struct flow_table {
	struct flow_bucket *buckets;
	uint64_t n_buckets; // any number: the memory is that of the entries
	uint32_t count;
	uint32_t max_entries;
};

// Does the caller's object behind `entry` have this key? A static inline function given as a constant.
typedef bool (*flow_match_fn)(uint32_t entry, const void *key, void *ctx);

// The memory that flow_table_create() will take; 0 for a size it refuses.
size_t flow_table_bytes(uint32_t max_entries);

// 0, -EINVAL when max_entries is 0 or above 2^31, -ENOMEM. `socket`: NUMA node or SOCKET_ID_ANY.
int flow_table_create(struct flow_table **table, uint32_t max_entries, int socket);
void flow_table_destroy(struct flow_table *table);

// `hash`: its lower half and its highest 16 bits are to be well mixed, each for itself.
// `entry` is any value but INDEX_NONE; its top bits are the caller's. The same (hash, entry) must not
// be in the table yet. 0, or -ENOSPC when max_entries are in.
int flow_table_insert(struct flow_table *table, uint64_t hash, uint32_t entry);

// 0, or -ENOENT when (hash, entry) is not in the table.
int flow_table_remove(struct flow_table *table, uint64_t hash, uint32_t entry);

// Puts another entry in the very slot of the old one (half-open, full, TIME_WAIT). 0 or -ENOENT.
int flow_table_replace(struct flow_table *table, uint64_t hash, uint32_t old_entry,
		       uint32_t new_entry);

// The next entry of a walk, *cursor being 0 at its start, looking into max_buckets buckets at most.
// INDEX_NONE: the budget is used up, or the walk is over, which flow_table_is_end() tells. Entries that
// stay in the table for the whole walk come exactly once.
uint32_t flow_table_next(const struct flow_table *table, uint64_t *cursor, unsigned max_buckets);

static inline bool flow_table_is_end(const struct flow_table *table, uint64_t cursor)
{
	return cursor >= table->n_buckets * FLOW_BUCKET_SLOTS;
}

static inline uint32_t flow_table_count(const struct flow_table *table)
{
	return table->count;
}

static inline uint32_t flow_table_capacity(const struct flow_table *table)
{
	return table->max_entries;
}

// The lower half of the hash as a fraction of the table.
static inline struct flow_bucket *flow_table_home(const struct flow_table *table, uint64_t hash)
{
	return &table->buckets[((hash & UINT32_MAX) * table->n_buckets) >> 32];
}

// Where to go on from a bucket that is full.
static inline struct flow_bucket *flow_table_beyond(const struct flow_table *table,
						    const struct flow_bucket *bucket)
{
	uint64_t place = (uint64_t)(bucket - table->buckets) + 1;

	return &table->buckets[place == table->n_buckets ? 0 : place];
}

// Changes with every insert, remove and replace of a flow of that bucket: as long as it stays, a look-up of `hash`
// gives what it gave.
static inline uint32_t flow_table_version(const struct flow_table *table, uint64_t hash)
{
	return flow_table_home(table, hash)->version;
}

static inline void flow_table_prefetch(const struct flow_table *table, uint64_t hash)
{
	__builtin_prefetch(flow_table_home(table, hash));
}

// The bucket comes from the lower half of the hash, the tag from the highest bits: 1 to 65535.
static inline uint16_t flow_tag(uint64_t hash)
{
	uint16_t tag = (uint16_t)(hash >> 48);

	return tag == 0 ? 1 : tag;
}

// The entry whose tag fits and whose key `match` confirms; INDEX_NONE when there is none.
static inline __attribute__((always_inline)) uint32_t flow_table_find(
	const struct flow_table *table, uint64_t hash, flow_match_fn match, const void *key,
	void *ctx)
{
	const struct flow_bucket *bucket = flow_table_home(table, hash);
	uint16_t tag = flow_tag(hash);

	for (uint64_t step = 0; step < table->n_buckets; step++) {
		unsigned hits = tag_match(bucket->tags, tag);

		for (; hits != 0; hits &= hits - 1) {
			uint32_t entry = bucket->entries[__builtin_ctz(hits)];

			if (match(entry, key, ctx))
				return entry;
		}
		if (__builtin_expect(bucket->overflow == 0, 1))
			break;
		bucket = flow_table_beyond(table, bucket);
	}
	return INDEX_NONE;
}

// The first of the two steps of a burst: the entry that is most likely meant, so that its object can be
// prefetched before flow_table_find() verifies it. INDEX_NONE is a decided miss.
static inline uint32_t flow_table_first_candidate(const struct flow_table *table, uint64_t hash)
{
	const struct flow_bucket *bucket = flow_table_home(table, hash);
	uint16_t tag = flow_tag(hash);

	for (uint64_t step = 0; step < table->n_buckets; step++) {
		unsigned hits = tag_match(bucket->tags, tag);

		if (hits != 0)
			return bucket->entries[__builtin_ctz(hits)];
		if (__builtin_expect(bucket->overflow == 0, 1))
			break;
		bucket = flow_table_beyond(table, bucket);
	}
	return INDEX_NONE;
}

#endif

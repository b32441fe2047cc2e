// SPDX-License-Identifier: BSD-3-Clause
//
// The flow table against an array of (hash, entry). Hashes are drawn so that buckets overflow, run round
// the end of the table, and share tags or all 64 bits. After every few steps the table is read slot by
// slot, and the overflow counts are computed anew from where each entry lies.
// Rooms: engine/base/flow_table, engine/base/tag_match.
#include "base/flow_table.h"

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include "base/random.h"
#include "support/cmocka_headers.h"
#include "support/eal_main.h"
#include "support/seed.h"

enum { ENTRIES_MAX = 1024, ROUNDS = 20000, SPARE_BYTES = 1024 };

// Entry e is in the table when is_in[e]; its hash is hash[e]. Kinds sit in an entry's top bits.
struct model {
	struct flow_table *table;
	uint32_t count, max;
	bool is_in[ENTRIES_MAX];
	uint64_t hash[ENTRIES_MAX];
	uint32_t entry[ENTRIES_MAX];
};

enum {
	KIND_SHIFT = 30,
	INDEX_MASK = (1 << KIND_SHIFT) - 1,
};

static struct model model;

static void model_open(uint32_t max_entries)
{
	memset(&model, 0, sizeof(model));
	model.max = max_entries;
	assert_int_equal(flow_table_create(&model.table, max_entries, SOCKET_ID_ANY), 0);
}

static void model_close(void)
{
	flow_table_destroy(model.table);
}

// The key is the index of the flow that is looked for.
static inline bool is_flow(uint32_t entry, const void *key, void *ctx)
{
	++*(unsigned *)ctx;
	return (entry & INDEX_MASK) == *(const uint32_t *)key;
}

static uint32_t find(uint64_t hash, uint32_t flow)
{
	unsigned compared = 0;

	return flow_table_find(model.table, hash, is_flow, &flow, &compared);
}

static uint64_t bucket_of(uint32_t flow)
{
	return (uint64_t)(flow_table_home(model.table, model.hash[flow]) - model.table->buckets);
}

// Where a flow lies, seen from its home; fails when it is not there.
static uint64_t steps_from_home(uint32_t flow)
{
	for (uint64_t step = 0; step < model.table->n_buckets; step++) {
		const struct flow_bucket *b =
			&model.table->buckets[(bucket_of(flow) + step) % model.table->n_buckets];

		for (unsigned slot = 0; slot < FLOW_BUCKET_SLOTS; slot++)
			if (b->tags[slot] == flow_tag(model.hash[flow])
			    && b->entries[slot] == model.entry[flow])
				return step;
	}
	fail_msg("flow %u is not in the table", flow);
	return 0;
}

static void expect_table_is_model(void)
{
	static uint32_t overflow[ENTRIES_MAX];
	uint32_t filled = 0;

	memset(overflow, 0, sizeof(overflow));
	for (uint32_t flow = 0; flow < model.max; flow++) {
		if (!model.is_in[flow])
			continue;
		for (uint64_t step = steps_from_home(flow); step-- > 0;)
			overflow[(bucket_of(flow) + step) % model.table->n_buckets]++;
	}
	for (uint64_t i = 0; i < model.table->n_buckets; i++) {
		const struct flow_bucket *bucket = &model.table->buckets[i];

		assert_int_equal(bucket->overflow, overflow[i]);
		filled += 8 - (unsigned)__builtin_popcount(tag_match(bucket->tags, 0));
	}
	assert_int_equal(filled, model.count);
	assert_int_equal(flow_table_count(model.table), model.count);
}

static void insert(uint32_t flow, uint64_t hash)
{
	uint32_t version = flow_table_version(model.table, hash);

	model.hash[flow] = hash;
	model.entry[flow] = flow;
	assert_int_equal(flow_table_insert(model.table, hash, flow), 0);
	model.is_in[flow] = true;
	model.count++;
	assert_int_not_equal(flow_table_version(model.table, hash), version);
}

static void take_out(uint32_t flow)
{
	uint32_t version = flow_table_version(model.table, model.hash[flow]);

	assert_int_equal(flow_table_remove(model.table, model.hash[flow], model.entry[flow]), 0);
	model.is_in[flow] = false;
	model.count--;
	assert_int_not_equal(flow_table_version(model.table, model.hash[flow]), version);
}

static void change_kind(uint32_t flow)
{
	uint32_t version = flow_table_version(model.table, model.hash[flow]);
	uint32_t changed = (model.entry[flow] + (1u << KIND_SHIFT)) & 0xbfffffff;
	uint64_t before = steps_from_home(flow);

	assert_int_equal(
		flow_table_replace(model.table, model.hash[flow], model.entry[flow], changed), 0);
	model.entry[flow] = changed;
	assert_int_equal(steps_from_home(flow), before);
	assert_int_not_equal(flow_table_version(model.table, model.hash[flow]), version);
}

static void expect_found(uint32_t flow)
{
	uint64_t hash = model.hash[flow];
	uint32_t candidate = flow_table_first_candidate(model.table, hash);

	assert_int_equal(find(hash, flow), model.is_in[flow] ? model.entry[flow] : INDEX_NONE);
	if (model.is_in[flow]) {
		assert_int_not_equal(candidate, INDEX_NONE);
		return;
	}
	assert_int_equal(flow_table_remove(model.table, hash, flow), -ENOENT);
	assert_int_equal(flow_table_replace(model.table, hash, flow, flow), -ENOENT);
}

// The least hash whose home is this bucket.
static uint64_t hash_of_home(uint64_t bucket)
{
	uint64_t n = model.table->n_buckets;

	return ((bucket << 32) + n - 1) / n;
}

// Few homes, the last of the table, and few tags: the worse the hash, the more of the table's paths are walked.
static uint64_t draw_hash(struct random *r, uint32_t homes, uint32_t tags)
{
	uint64_t last = model.table->n_buckets - 1;
	uint64_t home = homes == 0 ? random_u64(r)
				   : hash_of_home(last - random_below(r, homes) % (last + 1));
	uint64_t tag = tags == 0 ? random_u64(r) : random_below(r, tags);

	return tag << 48 | (home & UINT64_C(0xffffffffffff));
}

static void follow_the_model(uint32_t max_entries, uint32_t homes, uint32_t tags)
{
	struct random r;

	random_init_seed(&r, test_seed() + max_entries * 31 + homes * 7 + tags);
	model_open(max_entries);
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint32_t flow = random_below(&r, max_entries);
		unsigned choice = random_below(&r, 100);
		bool filling = round / 2000 % 2 == 0;

		if (!model.is_in[flow] && choice < (filling ? 80 : 20))
			insert(flow, draw_hash(&r, homes, tags));
		else if (model.is_in[flow] && choice < (filling ? 20 : 80))
			take_out(flow);
		else if (model.is_in[flow] && choice < 90)
			change_kind(flow);
		expect_found(random_below(&r, max_entries));
		if (round % 16 == 0)
			expect_table_is_model();
	}
	for (uint32_t flow = 0; flow < max_entries; flow++)
		if (model.is_in[flow])
			take_out(flow);
	expect_table_is_model();
	model_close();
}

static void random_hashes_follow_the_model(void **state)
{
	(void)state;
	follow_the_model(1, 0, 0);
	follow_the_model(5, 0, 0);
	follow_the_model(100, 0, 0);
	follow_the_model(ENTRIES_MAX, 0, 0);
}

static void colliding_hashes_follow_the_model(void **state)
{
	(void)state;
	follow_the_model(64, 1, 1); // all the same
	follow_the_model(64, 1, 0);
	follow_the_model(64, 3, 2);
	follow_the_model(200, 5, 3);
	follow_the_model(512, 20, 100);
}

static void a_full_table_refuses_and_recovers(void **state)
{
	(void)state;
	model_open(100);
	for (uint32_t flow = 0; flow < 100; flow++)
		insert(flow, flow * UINT64_C(0x9e3779b97f4a7c15));
	assert_int_equal(flow_table_insert(model.table, 1234, 100), -ENOSPC);
	expect_table_is_model();
	take_out(50);
	insert(50, 1234);
	assert_int_equal(flow_table_insert(model.table, 1234, 100), -ENOSPC);
	expect_table_is_model();
	assert_int_equal(flow_table_capacity(model.table), 100);
	model_close();
}

// Bucket after bucket is filled, overflows by one, and is emptied again: in the end every bucket says that
// an entry passed it, and none is full.
static void overflow_by_one(uint32_t home)
{
	enum { FILLERS = 32 };
	uint32_t fillers = 0;

	while (tag_match(model.table->buckets[home].tags, 0) != 0)
		insert(FILLERS + fillers++, hash_of_home(home));
	insert(home, hash_of_home(home));
	assert_int_equal(model.table->buckets[home].overflow, 1);
	while (fillers > 0)
		take_out(FILLERS + --fillers);
}

static void a_miss_ends_even_when_every_bucket_overflowed(void **state)
{
	uint64_t other;

	(void)state;
	model_open(64);
	for (uint32_t home = 0; home < model.table->n_buckets; home++)
		overflow_by_one(home);
	expect_table_is_model();
	for (uint32_t home = 0; home < model.table->n_buckets; home++) {
		assert_int_equal(model.table->buckets[home].overflow, 1);
		assert_int_equal(find(hash_of_home(home), 9999), INDEX_NONE);
		other = UINT64_C(0x1234) << 48 | hash_of_home(home);
		assert_int_equal(find(other, 9999), INDEX_NONE);
		assert_int_equal(flow_table_first_candidate(model.table, other), INDEX_NONE);
		assert_int_equal(flow_table_remove(model.table, other, 9999), -ENOENT);
	}
	model_close();
}

static void a_hash_of_zero_is_as_good_as_any(void **state)
{
	(void)state;
	model_open(4);
	insert(0, 0);
	insert(1, UINT64_C(1) << 48); // the tag that zero is mapped to
	assert_int_equal(find(0, 0), 0);
	assert_int_equal(find(UINT64_C(1) << 48, 1), 1);
	expect_table_is_model();
	model_close();
}

static void a_decided_miss_compares_no_key(void **state)
{
	unsigned compared = 0;
	uint32_t flow = 3;

	(void)state;
	model_open(64);
	for (uint32_t i = 0; i < 64; i++)
		insert(i, (uint64_t)(i + 1) << 48 | hash_of_home(i % 3));
	assert_int_equal(
		flow_table_find(model.table, UINT64_C(99) << 48, is_flow, &flow, &compared),
		INDEX_NONE);
	assert_int_equal(compared, 0);
	model_close();
}

static void versions_tell_only_of_their_own_flows(void **state)
{
	(void)state;
	model_open(64);
	for (uint32_t home = 0; home < model.table->n_buckets; home++) {
		uint64_t beyond = hash_of_home((home + 1) % model.table->n_buckets);
		uint32_t neighbour = flow_table_version(model.table, beyond);

		insert(home, hash_of_home(home));
		assert_int_equal(flow_table_version(model.table, beyond), neighbour);
	}
	model_close();
}

static void a_walk_sees_every_entry_once(void **state)
{
	bool seen[ENTRIES_MAX] = {false};
	uint64_t cursor = 0;
	unsigned calls = 0;
	struct random r;

	(void)state;
	random_init_seed(&r, test_seed());
	model_open(ENTRIES_MAX);
	for (uint32_t flow = 0; flow < 300; flow++)
		insert(flow, random_u64(&r));
	for (; !flow_table_is_end(model.table, cursor); calls++) {
		uint32_t entry = flow_table_next(model.table, &cursor, 2);

		if (entry == INDEX_NONE)
			continue;
		assert_false(seen[entry]);
		seen[entry] = true;
		if (entry % 2 == 0)
			take_out(entry); // what is on the table changes during a walk
	}
	for (uint32_t flow = 0; flow < 300; flow++)
		assert_true(seen[flow]);
	assert_in_range(calls, 300, 300 + model.table->n_buckets);
	assert_int_equal(flow_table_next(model.table, &cursor, 2), INDEX_NONE);
	model_close();
}

static void a_walk_keeps_to_its_budget(void **state)
{
	uint64_t cursor = 0;

	(void)state;
	model_open(ENTRIES_MAX);
	assert_int_equal(flow_table_next(model.table, &cursor, 3), INDEX_NONE);
	assert_int_equal(cursor, 3 * FLOW_BUCKET_SLOTS);
	assert_false(flow_table_is_end(model.table, cursor));
	assert_int_equal(flow_table_next(model.table, &cursor, UINT32_MAX), INDEX_NONE);
	assert_true(flow_table_is_end(model.table, cursor));
	model_close();
}

static void both_tag_comparisons_agree(void **state)
{
	_Alignas(16) uint16_t tags[TAG_SLOTS];
	struct random r;

	(void)state;
	random_init_seed(&r, test_seed());
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint16_t tag = (uint16_t)random_u32(&r);

		for (unsigned i = 0; i < TAG_SLOTS; i++)
			tags[i] = random_below(&r, 3) == 0 ? tag : (uint16_t)random_u32(&r);
		assert_int_equal(tag_match(tags, tag), tag_match_plain(tags, tag));
	}
}

static void impossible_sizes_are_refused(void **state)
{
	struct flow_table *table;

	(void)state;
	assert_int_equal(flow_table_create(&table, 0, SOCKET_ID_ANY), -EINVAL);
	assert_int_equal(flow_table_create(&table, UINT32_MAX, SOCKET_ID_ANY), -EINVAL);
	assert_int_equal(flow_table_bytes(0), 0);
	assert_int_equal(flow_table_bytes(UINT32_MAX), 0);
	assert_int_equal(flow_table_create(&table, 1u << 31, SOCKET_ID_ANY), -ENOMEM);
	flow_table_destroy(NULL);
}

static void the_memory_foretold_is_enough(void **state)
{
	struct rte_malloc_socket_stats before, during, after;

	(void)state;
	for (uint32_t max = 1; max < 1000000; max = max * 5 + 1) {
		rte_malloc_get_socket_stats(0, &before);
		model_open(max);
		rte_malloc_get_socket_stats(0, &during);
		assert_in_range(during.heap_allocsz_bytes - before.heap_allocsz_bytes,
				(size_t)max * 16, flow_table_bytes(max));
		// Nothing for the sake of a round number.
		assert_in_range(flow_table_bytes(max), (size_t)max * 16,
				(size_t)max * 16 + SPARE_BYTES);
		model_close();
		rte_malloc_get_socket_stats(0, &after);
		assert_int_equal(after.heap_allocsz_bytes, before.heap_allocsz_bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_hashes_follow_the_model),
		cmocka_unit_test(colliding_hashes_follow_the_model),
		cmocka_unit_test(a_full_table_refuses_and_recovers),
		cmocka_unit_test(a_miss_ends_even_when_every_bucket_overflowed),
		cmocka_unit_test(a_hash_of_zero_is_as_good_as_any),
		cmocka_unit_test(a_decided_miss_compares_no_key),
		cmocka_unit_test(versions_tell_only_of_their_own_flows),
		cmocka_unit_test(a_walk_sees_every_entry_once),
		cmocka_unit_test(a_walk_keeps_to_its_budget),
		cmocka_unit_test(both_tag_comparisons_agree),
		cmocka_unit_test(impossible_sizes_are_refused),
		cmocka_unit_test(the_memory_foretold_is_enough),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("base/flow_table", tests, NULL, NULL);
}

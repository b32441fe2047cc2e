// SPDX-License-Identifier: BSD-3-Clause
//
// The flow table beside rte_hash: the same million random flows with the same 40-byte keys, both tables
// half full, bursts of 32, hashing included on both sides. Ours verifies the key in the caller's object,
// a 64-byte line of its own, as the engine does; rte_hash compares with the key it stores.
// Run by `make bench`.
#include <stdio.h>
#include <stdlib.h>

#include <rte_hash.h>

#include "base/flow_key.h"
#include "base/flow_table.h"
#include "base/random.h"
#include "compare.h"
#include "heap.h"

enum {
	FLOWS = 1 << 20,
	FLOWS_COUNTED = 1 << 14, // where only instructions matter
	BURST = 32,
	HEAP_MEGABYTES = 1024,
};

// As a TIME_WAIT entry is: one line that begins with the key.
struct object {
	alignas(CACHE_LINE) struct flow_key key;
	uint32_t facts[6];
};

static struct {
	uint32_t flows;
	uint32_t look_ups; // in a window
	uint32_t changes;  // removed or put back in a window: a quarter of all in a turn
	struct flow_secret secret;
	struct flow_table *table;
	struct object *objects;
	struct flow_key *arriving; // keys of all flows, in another order than that of the objects
	struct flow_key *strangers;
	struct rte_hash *hash;
} bench;

static struct flow_key random_key(struct random *r)
{
	struct flow_key key = {.local_port = 80, .remote_port = (uint16_t)random_u32(r)};

	for (unsigned i = 0; i < sizeof(key.local.bytes); i++) {
		key.local.bytes[i] = (uint8_t)random_u32(r);
		key.remote.bytes[i] = (uint8_t)random_u32(r);
	}
	return key;
}

static inline bool is_object(uint32_t entry, const void *key, void *ctx)
{
	const struct object *objects = ctx;

	return flow_key_is_equal(&objects[entry].key, key);
}

static void check(bool is_as_expected, const char *what)
{
	if (is_as_expected)
		return;
	fprintf(stderr, "bench_flow_table: %s gave a wrong answer\n", what);
	exit(2);
}

// As the demultiplexer does: hash the burst, then the candidates, then verify.
static unsigned find_burst(const struct flow_key *keys, uint32_t *found)
{
	uint64_t hashes[BURST];
	unsigned hits = 0;

	for (unsigned i = 0; i < BURST; i++) {
		hashes[i] = flow_hash(&bench.secret, &keys[i]);
		flow_table_prefetch(bench.table, hashes[i]);
	}
	for (unsigned i = 0; i < BURST; i++) {
		found[i] = flow_table_first_candidate(bench.table, hashes[i]);
		if (found[i] != INDEX_NONE)
			__builtin_prefetch(&bench.objects[found[i]]);
	}
	for (unsigned i = 0; i < BURST; i++) {
		if (found[i] != INDEX_NONE)
			found[i] = flow_table_find(bench.table, hashes[i], is_object, &keys[i],
						   bench.objects);
		hits += found[i] != INDEX_NONE;
	}
	return hits;
}

static double look_up(const struct flow_key *keys, unsigned expected)
{
	double windows[COMPARE_WINDOWS];
	uint32_t found[BURST];
	unsigned hits = 0;

	for (unsigned w = 0; w < compare_windows(); w++) {
		uint64_t start = compare_start();

		for (unsigned i = 0; i < bench.look_ups; i += BURST, keys += BURST)
			hits += find_burst(keys, found);
		windows[w] = compare_cycles_each(start, bench.look_ups);
	}
	check(hits == expected, "flow_table_find");
	return compare_median(windows, compare_windows());
}

static double hit(void)
{
	return look_up(bench.arriving, bench.look_ups * compare_windows());
}

static double miss(void)
{
	return look_up(bench.strangers, 0);
}

typedef int (*change_fn)(struct flow_table *table, uint64_t hash, uint32_t entry);

static inline double change(change_fn change_one)
{
	double windows[COMPARE_WINDOWS];
	uint64_t hashes[BURST];
	uint32_t next = 0;
	int failed = 0;

	for (unsigned w = 0; w < compare_windows(); w++) {
		uint64_t start = compare_start();

		for (unsigned done = 0; done < bench.changes; done += BURST) {
			for (unsigned i = 0; i < BURST; i++) {
				hashes[i] = flow_hash(&bench.secret, &bench.objects[next + i].key);
				flow_table_prefetch(bench.table, hashes[i]);
			}
			for (unsigned i = 0; i < BURST; i++, next++)
				failed |= change_one(bench.table, hashes[i], next);
		}
		windows[w] = compare_cycles_each(start, bench.changes);
	}
	check(failed == 0, "a change of the flow table");
	return compare_median(windows, compare_windows());
}

static double delete (void)
{
	return change(flow_table_remove);
}

static double insert(void)
{
	return change(flow_table_insert);
}

static unsigned rte_find_burst(const struct flow_key *keys)
{
	const void *burst[BURST];
	int32_t found[BURST];
	unsigned hits = 0;

	for (unsigned i = 0; i < BURST; i++)
		burst[i] = &keys[i];
	rte_hash_lookup_bulk(bench.hash, burst, BURST, found);
	for (unsigned i = 0; i < BURST; i++)
		hits += found[i] >= 0;
	return hits;
}

static double rte_look_up(const struct flow_key *keys, unsigned expected)
{
	double windows[COMPARE_WINDOWS];
	unsigned hits = 0;

	for (unsigned w = 0; w < compare_windows(); w++) {
		uint64_t start = compare_start();

		for (unsigned i = 0; i < bench.look_ups; i += BURST, keys += BURST)
			hits += rte_find_burst(keys);
		windows[w] = compare_cycles_each(start, bench.look_ups);
	}
	check(hits == expected, "rte_hash_lookup_bulk");
	return compare_median(windows, compare_windows());
}

static double rte_hit(void)
{
	return rte_look_up(bench.arriving, bench.look_ups * compare_windows());
}

static double rte_miss(void)
{
	return rte_look_up(bench.strangers, 0);
}

typedef int32_t (*rte_change_fn)(const struct rte_hash *hash, const void *key);

static inline double rte_change(rte_change_fn change_one)
{
	double windows[COMPARE_WINDOWS];
	uint32_t next = 0;
	bool failed = false;

	for (unsigned w = 0; w < compare_windows(); w++) {
		uint64_t start = compare_start();

		for (unsigned i = 0; i < bench.changes; i++)
			failed |= change_one(bench.hash, &bench.objects[next++].key) < 0;
		windows[w] = compare_cycles_each(start, bench.changes);
	}
	check(!failed, "a change of rte_hash");
	return compare_median(windows, compare_windows());
}

static double rte_delete(void)
{
	return rte_change(rte_hash_del_key);
}

static double rte_insert(void)
{
	return rte_change(rte_hash_add_key);
}

static void create_tables(int socket)
{
	const struct rte_hash_parameters parameters = {
		.name = "bench",
		.entries = 2 * bench.flows,
		.key_len = sizeof(struct flow_key),
		.socket_id = socket,
	};

	bench.hash = rte_hash_create(&parameters);
	check(bench.hash != NULL, "rte_hash_create");
	check(flow_table_create(&bench.table, bench.flows, socket) == 0, "flow_table_create");
	flow_secret_init_seed(&bench.secret, 1);
}

static void fill(void)
{
	struct random r;

	random_init_seed(&r, 1);
	bench.objects = heap_take(bench.flows * sizeof(*bench.objects));
	bench.arriving = heap_take(bench.flows * sizeof(*bench.arriving));
	bench.strangers = heap_take(bench.flows * sizeof(*bench.strangers));
	for (uint32_t i = 0; i < bench.flows; i++) {
		struct flow_key key = random_key(&r);
		uint32_t other = random_below(&r, i + 1);

		bench.objects[i].key = key;
		bench.arriving[i] = bench.arriving[other];
		bench.arriving[other] = key;
		bench.strangers[i] = random_key(&r);
		check(flow_table_insert(bench.table, flow_hash(&bench.secret, &key), i) == 0,
		      "flow_table_insert");
		check(rte_hash_add_key(bench.hash, &key) >= 0, "rte_hash_add_key");
	}
}

int main(int argc, char **argv)
{
	static const struct compare_case CASES[] = {
		{"hit, key verified", "cycles", 90, hit, rte_hit},
		{"decided miss", "cycles", 35, miss, rte_miss},
		{"delete", "cycles", 90, delete, rte_delete},
		{"insert", "cycles", 120, insert, rte_insert},
	};
	const struct compare_set set = {
		.name = "flow_table",
		.reference = "rte_hash",
		.conditions =
			"1 M random flows, 40-byte keys, load 0.5, bursts of 32, hash included",
		.cases = CASES,
		.count = sizeof(CASES) / sizeof(CASES[0]),
	};

	compare_open(argc, argv);
	bench.flows = compare_mode.is_counting ? FLOWS_COUNTED : FLOWS;
	bench.look_ups = bench.flows / COMPARE_WINDOWS;
	bench.changes = bench.look_ups / 4;
	create_tables(heap_create(HEAP_MEGABYTES));
	fill();
	compare_measure_set(&set);
	return compare_close();
}

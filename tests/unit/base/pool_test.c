// SPDX-License-Identifier: BSD-3-Clause
//
// Pools against a model that remembers who is in use, since when idle ones are, and which handles were
// given out; in every combination of reuse order and quarantine.
// Room: engine/base/pool, and the memory it says it takes.
#include "base/pool.h"

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include "base/random.h"
#include "support/cmocka_headers.h"
#include "support/eal_main.h"
#include "support/seed.h"

enum { OBJECTS = 50, ROUNDS = 20000 };

struct object {
	uint64_t owner; // index + 1 of whoever uses it
	uint32_t generation;
	unsigned char rest[41];
};

static const struct pool_config PLAIN = {
	.name = "test",
	.count = OBJECTS,
	.object_bytes = sizeof(struct object),
	.socket = SOCKET_ID_ANY,
	.generation_offset = POOL_NO_GENERATION,
};

static struct pool_config with_generation(bool fifo, bool deferred)
{
	struct pool_config config = PLAIN;

	config.generation_offset = offsetof(struct object, generation);
	config.fifo = fifo;
	config.deferred = deferred;
	return config;
}

static struct object *object_at(const struct pool *pool, uint32_t idx)
{
	return pool_at(pool, idx);
}

static void the_first_indexes_count_up(void **state)
{
	struct pool pool;

	(void)state;
	for (int fifo = 0; fifo < 2; fifo++) {
		struct pool_config config = with_generation(fifo, false);

		assert_int_equal(pool_init(&pool, &config), 0);
		for (uint32_t i = 0; i < OBJECTS; i++)
			assert_int_equal(pool_get(&pool), i);
		assert_int_equal(pool_get(&pool), INDEX_NONE);
		assert_int_equal(pool_used(&pool), OBJECTS);
		assert_int_equal(pool_available(&pool), 0);
		assert_int_equal(pool_capacity(&pool), OBJECTS);
		pool_fini(&pool);
	}
}

static void a_stack_gives_the_warmest_and_a_queue_the_coldest(void **state)
{
	struct pool_config config = PLAIN;
	struct pool pool;

	(void)state;
	config.count = 4;
	for (int fifo = 0; fifo < 2; fifo++) {
		config.fifo = fifo;
		assert_int_equal(pool_init(&pool, &config), 0);
		for (uint32_t i = 0; i < 4; i++)
			pool_get(&pool);
		pool_put(&pool, 2);
		pool_put(&pool, 0);
		pool_put(&pool, 3);
		assert_int_equal(pool_get(&pool), fifo ? 2 : 3);
		assert_int_equal(pool_get(&pool), 0);
		assert_int_equal(pool_get(&pool), fifo ? 3 : 2);
		pool_fini(&pool);
	}
}

static void what_was_put_rests_until_the_commit(void **state)
{
	struct pool pool;

	(void)state;
	for (int fifo = 0; fifo < 2; fifo++) {
		struct pool_config config = with_generation(fifo, true);

		config.count = 2;
		assert_int_equal(pool_init(&pool, &config), 0);
		pool_put(&pool, pool_get(&pool));
		pool_put(&pool, pool_get(&pool));
		assert_int_equal(pool_get(&pool), INDEX_NONE);
		assert_int_equal(pool_used(&pool), 0);
		assert_null(pool_resolve(&pool, 0, 1));
		pool_commit(&pool);
		assert_int_equal(pool_available(&pool), 2);
		assert_int_equal(pool_get(&pool) + pool_get(&pool), 1);
		assert_int_equal(pool_get(&pool), INDEX_NONE);
		pool_fini(&pool);
	}
}

static void a_handle_dies_with_its_use(void **state)
{
	struct pool_config config = with_generation(true, false);
	struct pool pool;
	uint32_t idx, generation;

	(void)state;
	assert_int_equal(pool_init(&pool, &config), 0);
	idx = pool_get(&pool);
	generation = *pool_generation_at(&pool, idx);
	assert_int_equal(generation, 1);
	assert_ptr_equal(pool_resolve(&pool, idx, generation), pool_at(&pool, idx));
	pool_put(&pool, idx);
	assert_null(pool_resolve(&pool, idx, generation));
	for (unsigned i = 0; i < OBJECTS; i++)
		idx = pool_get(&pool);
	assert_int_equal(idx, 0);
	assert_null(pool_resolve(&pool, idx, generation));
	assert_non_null(pool_resolve(&pool, idx, generation + 1));
	pool_fini(&pool);
}

static void no_handle_resolves_that_nobody_gave(void **state)
{
	struct pool_config config = with_generation(true, false);
	struct pool pool;

	(void)state;
	assert_int_equal(pool_init(&pool, &config), 0);
	assert_null(pool_resolve(&pool, 0, 0));
	assert_null(pool_resolve(&pool, OBJECTS, 1));
	assert_null(pool_resolve(&pool, INDEX_NONE, 1));
	pool_fini(&pool);
}

// The last generation belongs to no handle: an object that comes to it is given to nobody any more.
static void worn_objects_rest(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct pool_config config = with_generation((i & 1) != 0, (i & 2) != 0);
		struct pool pool;
		uint32_t idx;

		assert_int_equal(pool_init(&pool, &config), 0);
		idx = pool_get(&pool);
		*pool_generation_at(&pool, idx) = UINT32_MAX - 1;
		pool_put(&pool, idx);
		pool_commit(&pool);
		assert_null(pool_resolve(&pool, idx, UINT32_MAX - 1));
		assert_int_equal(pool_used(&pool), 0);
		assert_int_equal(pool_available(&pool), pool_capacity(&pool) - 1);
		for (uint32_t left = pool_available(&pool); left > 0; left--)
			assert_int_not_equal(pool_get(&pool), idx);
		assert_int_equal(pool_get(&pool), INDEX_NONE);
		pool_fini(&pool);
	}
}

static void objects_are_zero_aligned_and_apart(void **state)
{
	static const unsigned char ZERO[OBJECTS * 2];
	struct pool_config config = PLAIN;
	struct pool pool;

	(void)state;
	for (config.align_bytes = 1; config.align_bytes <= CACHE_LINE; config.align_bytes *= 2) {
		for (config.object_bytes = 1; config.object_bytes < 80; config.object_bytes += 13) {
			assert_int_equal(pool_init(&pool, &config), 0);
			for (uint32_t i = 0; i < OBJECTS; i++) {
				unsigned char *object = pool_at(&pool, pool_get(&pool));

				assert_int_equal((uintptr_t)object % config.align_bytes, 0);
				assert_memory_equal(object, ZERO, config.object_bytes);
				memset(object, 0xff, config.object_bytes);
			}
			pool_put(&pool, OBJECTS - 1); // the list of free ones was not overwritten
			assert_int_equal(pool_get(&pool), OBJECTS - 1);
			pool_fini(&pool);
		}
	}
}

static void impossible_configurations_are_refused(void **state)
{
	struct pool_config refused[8];
	struct pool pool;

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		refused[i] = with_generation(true, true);
	refused[0].count = 0;
	refused[1].count = UINT32_MAX;
	refused[2].object_bytes = 0;
	refused[3].object_bytes = UINT32_MAX;
	refused[4].align_bytes = 24;
	refused[5].align_bytes = 2 * CACHE_LINE;
	refused[6].generation_offset = 6;
	refused[7].generation_offset = sizeof(struct object);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(pool_init(&pool, &refused[i]), -EINVAL);
		assert_int_equal(pool_bytes(&refused[i]), 0);
	}
}

static void too_little_memory_is_an_answer(void **state)
{
	struct pool_config config = PLAIN;
	struct pool pool;

	(void)state;
	config.count = 1 << 24;
	assert_true(pool_bytes(&config) > (size_t)TEST_EAL_MEGABYTES << 20);
	assert_int_equal(pool_init(&pool, &config), -ENOMEM);
}

static size_t heap_bytes(void)
{
	struct rte_malloc_socket_stats stats;

	assert_int_equal(rte_malloc_get_socket_stats(0, &stats), 0);
	return stats.heap_allocsz_bytes;
}

static void the_memory_foretold_is_enough(void **state)
{
	struct pool pool;

	(void)state;
	for (uint32_t count = 1; count < 100000; count = count * 3 + 1) {
		struct pool_config config = PLAIN;
		size_t before = heap_bytes(), taken;

		config.count = count;
		assert_int_equal(pool_init(&pool, &config), 0);
		taken = heap_bytes() - before;
		assert_in_range(taken, count * sizeof(struct object), pool_bytes(&config));
		pool_fini(&pool);
		assert_int_equal(heap_bytes(), before);
	}
}

// Objects in use, then those idle in the order in which they were put; the newest `resting` of the idle
// are not committed yet.
struct model {
	uint32_t idle[OBJECTS];
	unsigned idle_count, resting;
	bool used[OBJECTS];
};

static void model_init(struct model *model)
{
	*model = (struct model){.idle_count = OBJECTS};
	for (uint32_t i = 0; i < OBJECTS; i++)
		model->idle[i] = i;
}

static void model_take(struct model *model, uint32_t idx)
{
	unsigned at = 0;

	while (at < model->idle_count && model->idle[at] != idx)
		at++;
	assert_true(at < model->idle_count - model->resting); // known, idle, committed
	memmove(&model->idle[at], &model->idle[at + 1],
		(model->idle_count - at - 1) * sizeof(uint32_t));
	model->idle_count--;
	model->used[idx] = true;
}

static void get_one(struct pool *pool, struct model *model)
{
	uint32_t coldest = model->idle[0];
	bool has_one = model->idle_count > model->resting;
	uint32_t idx = pool_get(pool);

	assert_int_equal(idx != INDEX_NONE, has_one);
	if (!has_one)
		return;
	if (pool->fifo)
		assert_int_equal(idx, coldest);
	model_take(model, idx);
	assert_int_equal(object_at(pool, idx)->owner, 0);
	object_at(pool, idx)->owner = idx + 1;
}

static void put_one(struct pool *pool, struct model *model, uint32_t idx)
{
	uint32_t generation = object_at(pool, idx)->generation;

	if (!model->used[idx])
		return;
	assert_int_equal(object_at(pool, idx)->owner, idx + 1);
	object_at(pool, idx)->owner = 0;
	pool_put(pool, idx);
	assert_int_equal(object_at(pool, idx)->generation, generation + 1);
	model->used[idx] = false;
	model->idle[model->idle_count++] = idx;
	if (pool->deferred)
		model->resting++;
}

static void follow_the_model(bool fifo, bool deferred)
{
	struct pool_config config = with_generation(fifo, deferred);
	struct model model;
	struct random r;
	struct pool pool;

	random_init_seed(&r, test_seed() + 2 * fifo + deferred);
	assert_int_equal(pool_init(&pool, &config), 0);
	model_init(&model);
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned choice = random_below(&r, 100);

		if (choice < 48) {
			get_one(&pool, &model);
		} else if (choice < 96) {
			put_one(&pool, &model, random_below(&r, OBJECTS));
		} else {
			pool_commit(&pool);
			model.resting = 0;
		}
		assert_int_equal(pool_available(&pool), model.idle_count - model.resting);
		assert_int_equal(pool_used(&pool), OBJECTS - model.idle_count);
	}
	pool_fini(&pool);
}

static void random_use_follows_the_model(void **state)
{
	(void)state;
	follow_the_model(false, false);
	follow_the_model(false, true);
	follow_the_model(true, false);
	follow_the_model(true, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_indexes_count_up),
		cmocka_unit_test(a_stack_gives_the_warmest_and_a_queue_the_coldest),
		cmocka_unit_test(what_was_put_rests_until_the_commit),
		cmocka_unit_test(a_handle_dies_with_its_use),
		cmocka_unit_test(no_handle_resolves_that_nobody_gave),
		cmocka_unit_test(worn_objects_rest),
		cmocka_unit_test(objects_are_zero_aligned_and_apart),
		cmocka_unit_test(impossible_configurations_are_refused),
		cmocka_unit_test(too_little_memory_is_an_answer),
		cmocka_unit_test(the_memory_foretold_is_enough),
		cmocka_unit_test(random_use_follows_the_model),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("base/pool", tests, NULL, NULL);
}

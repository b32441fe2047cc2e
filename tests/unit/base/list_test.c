// SPDX-License-Identifier: BSD-3-Clause
//
// Index lists against a plain array that holds the same order, two lists over the objects of one pool,
// each object moving between them.
// Room: engine/base/list.
#include "base/list.h"

#include <string.h>

#include <rte_malloc.h>

#include "base/random.h"
#include "support/cmocka_headers.h"
#include "support/eal_main.h"
#include "support/seed.h"

enum { OBJECTS = 40, ROUNDS = 20000 };

struct object {
	uint32_t before;
	struct index_link link;
	uint32_t after;
};

struct model {
	uint32_t order[OBJECTS];
	unsigned count;
};

static struct index_links make_links(struct pool *pool)
{
	const struct pool_config config = {
		.name = "test",
		.count = OBJECTS,
		.object_bytes = sizeof(struct object),
		.socket = SOCKET_ID_ANY,
		.generation_offset = POOL_NO_GENERATION,
	};
	struct index_links links;

	assert_int_equal(pool_init(pool, &config), 0);
	links = index_links_in_pool(pool, offsetof(struct object, link));
	for (uint32_t i = 0; i < OBJECTS; i++)
		index_link_init(index_link_at(links, i));
	return links;
}

static void expect_order(const struct index_list *list, struct index_links links,
			 const struct model *model)
{
	uint32_t idx = list->head, previous = INDEX_NONE;

	for (unsigned i = 0; i < model->count; i++) {
		assert_int_equal(idx, model->order[i]);
		assert_int_equal(index_link_at(links, idx)->prev, previous);
		previous = idx;
		idx = index_list_next(links, idx);
	}
	assert_int_equal(idx, INDEX_NONE);
	assert_int_equal(list->tail, previous);
	assert_int_equal(list->count, model->count);
	assert_int_equal(index_list_is_empty(list), model->count == 0);
}

static void model_insert(struct model *model, unsigned at, uint32_t idx)
{
	memmove(&model->order[at + 1], &model->order[at], (model->count - at) * sizeof(uint32_t));
	model->order[at] = idx;
	model->count++;
}

static void model_delete(struct model *model, unsigned at)
{
	model->count--;
	memmove(&model->order[at], &model->order[at + 1], (model->count - at) * sizeof(uint32_t));
}

static unsigned model_find(const struct model *model, uint32_t idx)
{
	unsigned at = 0;

	while (at < model->count && model->order[at] != idx)
		at++;
	return at;
}

static void what_is_pushed_comes_out_in_order(void **state)
{
	struct index_list list;
	struct pool pool;
	struct index_links links = make_links(&pool);

	(void)state;
	index_list_init(&list);
	assert_int_equal(index_list_pop_head(&list, links), INDEX_NONE);
	for (uint32_t i = 0; i < 3; i++)
		index_list_push_tail(&list, links, i);
	assert_true(index_link_is_linked(index_link_at(links, 1)));
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(index_list_pop_head(&list, links), i);
	assert_int_equal(index_list_pop_head(&list, links), INDEX_NONE);
	assert_false(index_link_is_linked(index_link_at(links, 1)));
	pool_fini(&pool);
}

static void the_only_one_of_a_list_is_linked(void **state)
{
	struct index_list list;
	struct pool pool;
	struct index_links links = make_links(&pool);

	(void)state;
	index_list_init(&list);
	index_list_push_tail(&list, links, 7);
	assert_true(index_link_is_linked(index_link_at(links, 7)));
	assert_false(index_link_is_linked(index_link_at(links, 8)));
	index_list_remove(&list, links, 7);
	assert_false(index_link_is_linked(index_link_at(links, 7)));
	assert_true(index_list_is_empty(&list));
	pool_fini(&pool);
}

// Into the list if it is in none, else out of it.
static void toggle(struct index_list *list, struct index_links links, struct model *model,
		   struct random *r)
{
	uint32_t idx = random_below(r, OBJECTS);
	unsigned at = model_find(model, idx);

	if (at < model->count) {
		index_list_remove(list, links, idx);
		model_delete(model, at);
	} else if (index_link_is_linked(index_link_at(links, idx))) {
		return; // in the other list
	} else if (random_below(r, 2) == 0) {
		index_list_push_tail(list, links, idx);
		model_insert(model, model->count, idx);
	} else {
		at = random_below(r, model->count + 1);
		index_list_insert_after(list, links, at == 0 ? INDEX_NONE : model->order[at - 1],
					idx);
		model_insert(model, at, idx);
	}
}

static void random_use_follows_the_model(void **state)
{
	struct model models[2] = {0};
	struct index_list lists[2];
	struct pool pool;
	struct index_links links = make_links(&pool);
	struct random r;

	(void)state;
	random_init_seed(&r, test_seed());
	index_list_init(&lists[0]);
	index_list_init(&lists[1]);
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned which = random_below(&r, 2);

		if (random_below(&r, 8) == 0 && models[which].count > 0) {
			assert_int_equal(index_list_pop_head(&lists[which], links),
					 models[which].order[0]);
			model_delete(&models[which], 0);
		} else {
			toggle(&lists[which], links, &models[which], &r);
		}
		expect_order(&lists[which], links, &models[which]);
	}
	pool_fini(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_pushed_comes_out_in_order),
		cmocka_unit_test(the_only_one_of_a_list_is_linked),
		cmocka_unit_test(random_use_follows_the_model),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("base/list", tests, NULL, NULL);
}

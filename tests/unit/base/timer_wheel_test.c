// SPDX-License-Identifier: BSD-3-Clause
//
// The wheel against an array of deadlines. Whatever is armed, moved, disarmed or polled, in ticks, turns
// or days, backwards or in slices: what fires is what the array says, in its order, and the time given
// for the next poll is never late and always leads forward.
// Room: engine/base/timer_wheel.
#include "base/timer_wheel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>

#include "base/clock.h"
#include "base/random.h"
#include "support/cmocka_headers.h"
#include "support/eal_main.h"
#include "support/seed.h"

enum { NODES_MAX = 2000, ROUNDS = 30000 };

#define DAY (86400 * PLX_SECOND)

struct model {
	struct timer_wheel *wheel;
	uint32_t nodes, armed_count;
	plx_time now; // the latest the wheel was told
	bool is_armed[NODES_MAX];
	plx_time deadline[NODES_MAX];
};

static struct model model;

static void model_open(plx_duration tick, uint32_t slots, uint32_t nodes, plx_time now)
{
	const struct timer_wheel_config config = {
		.tick = tick, .slots = slots, .nodes = nodes, .socket = SOCKET_ID_ANY, .now = now};

	memset(&model, 0, sizeof(model));
	model.nodes = nodes;
	model.now = now;
	assert_int_equal(timer_wheel_create(&model.wheel, &config), 0);
}

static void model_close(void)
{
	timer_wheel_destroy(model.wheel);
}

static void arm(uint32_t idx, plx_time deadline)
{
	timer_arm(model.wheel, idx, deadline);
	model.armed_count += !model.is_armed[idx];
	model.is_armed[idx] = true;
	model.deadline[idx] = deadline;
}

static void disarm(uint32_t idx)
{
	timer_disarm(model.wheel, idx);
	model.armed_count -= model.is_armed[idx];
	model.is_armed[idx] = false;
}

static int earlier(const void *a, const void *b)
{
	plx_time x = *(const plx_time *)a, y = *(const plx_time *)b;

	return (x > y) - (x < y);
}

// The deadlines up to `limit`, sorted.
static unsigned due_in_model(plx_time *due, plx_time limit)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < model.nodes; i++)
		if (model.is_armed[i] && model.deadline[i] <= limit)
			due[count++] = model.deadline[i];
	qsort(due, count, sizeof(*due), earlier);
	return count;
}

static unsigned poll_early(plx_time now, plx_duration ahead, unsigned max)
{
	static plx_time due[NODES_MAX];
	static uint32_t fired[NODES_MAX];
	unsigned expected, count;

	model.now = time_max(model.now, now);
	expected = due_in_model(due, model.now + ahead);
	count = timer_wheel_expire_early(model.wheel, now, ahead, fired, max);
	assert_int_equal(count, expected < max ? expected : max);
	for (unsigned i = 0; i < count; i++) {
		assert_true(model.is_armed[fired[i]]);
		assert_int_equal(model.deadline[fired[i]], due[i]);
		assert_int_equal(timer_deadline(model.wheel, fired[i]), due[i]);
		assert_false(timer_is_armed(model.wheel, fired[i]));
		model.is_armed[fired[i]] = false;
	}
	model.armed_count -= count;
	return count;
}

static unsigned poll(plx_time now, unsigned max)
{
	return poll_early(now, 0, max);
}

static plx_time first_deadline(void)
{
	plx_time first = PLX_TIME_NEVER;

	for (uint32_t i = 0; i < model.nodes; i++)
		if (model.is_armed[i])
			first = time_min(first, model.deadline[i]);
	return first;
}

static void expect_next_is_not_late(void)
{
	plx_time next = timer_wheel_next(model.wheel);

	assert_true(next <= first_deadline());
	assert_int_equal(next == PLX_TIME_NEVER, model.armed_count == 0);
	assert_int_equal(timer_wheel_armed(model.wheel), model.armed_count);
}

static void nothing_armed_fires_never(void **state)
{
	(void)state;
	model_open(1 << 18, 1024, 10, 5 * PLX_SECOND);
	expect_next_is_not_late();
	assert_int_equal(poll(5 * PLX_SECOND, 10), 0);
	assert_int_equal(poll(5 * DAY, 10), 0);
	disarm(3);
	expect_next_is_not_late();
	model_close();
}

static void a_timer_fires_at_its_nanosecond_once(void **state)
{
	(void)state;
	model_open(1 << 18, 1024, 10, 0);
	for (plx_time deadline = 1; deadline < DAY; deadline = deadline * 7 + 1) {
		arm(4, deadline);
		assert_true(timer_is_armed(model.wheel, 4));
		assert_int_equal(poll(deadline - 1, 10), 0);
		expect_next_is_not_late();
		assert_int_equal(poll(deadline, 10), 1);
		assert_int_equal(poll(deadline, 10), 0);
	}
	model_close();
}

static void a_deadline_in_the_past_is_due_at_once(void **state)
{
	(void)state;
	model_open(1 << 18, 1024, 10, DAY);
	arm(1, 0);
	arm(2, DAY);
	arm(3, DAY - 1);
	assert_int_equal(timer_wheel_next(model.wheel), 0);
	assert_int_equal(poll(DAY, 10), 3);
	model_close();
}

static void one_tick_may_hold_many_deadlines(void **state)
{
	(void)state;
	model_open(PLX_TIME_NEVER / 2 + 1, 64, 100, 0); // all of time is two ticks
	for (uint32_t i = 0; i < 100; i++)
		arm(i, 1000 + i * 37 % 100);
	for (plx_time now = 1000; now < 1100; now += 7)
		poll(now, 100);
	poll(1100, 100);
	assert_int_equal(timer_wheel_armed(model.wheel), 0);
	model_close();
}

static void a_later_deadline_leaves_the_timer_where_it_lies(void **state)
{
	struct timer_node before;

	(void)state;
	model_open(1 << 18, 1024, 10, 0);
	arm(4, 100 << 18);
	before = model.wheel->nodes[4];
	arm(4, 900 << 18);
	assert_int_equal(model.wheel->nodes[4].slot, before.slot);
	assert_int_equal(timer_deadline(model.wheel, 4), 900 << 18);
	assert_int_equal(poll(100 << 18, 10), 0); // filed anew
	assert_int_not_equal(model.wheel->nodes[4].slot, before.slot);
	arm(4, 950 << 18);
	arm(4, 920 << 18); // earlier than the last one, but not than its slot
	assert_int_equal(poll(920 << 18, 10), 1);
	model_close();
}

static void an_earlier_deadline_is_kept(void **state)
{
	(void)state;
	model_open(1 << 18, 1024, 10, 0);
	arm(4, 900 << 18);
	arm(4, 100 << 18);
	assert_int_equal(timer_wheel_next(model.wheel), 100 << 18);
	assert_int_equal(poll((100 << 18) - 1, 10), 0);
	assert_int_equal(poll(100 << 18, 10), 1);
	model_close();
}

static void a_slice_leaves_the_rest_due_and_in_order(void **state)
{
	(void)state;
	model_open(1 << 18, 1024, 1000, 0);
	for (uint32_t i = 0; i < 1000; i++)
		arm(i, (i * 7919 % 1000) << 16);
	assert_int_equal(poll(PLX_SECOND, 10), 10);
	assert_int_equal(poll(PLX_SECOND, 0), 0);
	arm(500, 1); // before all that is left
	for (uint32_t i = 0; i < 1000; i += 3)
		disarm(i);
	for (uint32_t i = 1; i < 1000; i += 3)
		arm(i, PLX_SECOND + i);
	expect_next_is_not_late();
	while (poll(PLX_SECOND, 7) == 7)
		expect_next_is_not_late();
	assert_int_equal(poll(2 * PLX_SECOND, 1000), 333);
	assert_int_equal(timer_wheel_armed(model.wheel), 0);
	model_close();
}

// After a stall a poll that may fire one must not pay for all the others.
static void a_slice_looks_no_further_than_it_must(void **state)
{
	(void)state;
	model_open(1 << 18, 1024, 500, 0);
	for (uint32_t i = 0; i < 500; i++)
		arm(i, (uint64_t)(i + 1) << 18);
	assert_int_equal(poll(501 << 18, 1), 1);
	assert_int_not_equal(model.wheel->nodes[10].slot, TIMER_SLOT_DUE);
	assert_int_equal(poll(501 << 18, 500), 499);
	model_close();
}

static void time_going_backwards_is_clamped(void **state)
{
	(void)state;
	model_open(1 << 18, 1024, 10, 0);
	poll(PLX_SECOND, 10);
	arm(1, PLX_SECOND / 2);
	arm(2, PLX_SECOND + PLX_SECOND / 2);
	assert_int_equal(poll(PLX_SECOND / 4, 10), 1);
	assert_int_equal(poll(0, 10), 0);
	assert_int_equal(poll(2 * PLX_SECOND, 10), 1);
	model_close();
}

// 1.7e14 ticks and 2.7e12 turns: a wheel that went through them would not come back.
static void two_days_at_once_cost_only_what_is_armed(void **state)
{
	(void)state;
	model_open(1, 64, 10, 0);
	for (uint32_t i = 0; i < 10; i++)
		arm(i, 2 * DAY + i * PLX_SECOND);
	assert_int_equal(poll(2 * DAY - 1, 10), 0);
	assert_int_equal(poll(2 * DAY, 10), 1);
	assert_int_equal(poll(4 * DAY, 4), 4);
	assert_int_equal(poll(4 * DAY, 10), 5);
	model_close();
}

static void a_jump_over_many_turns_keeps_the_order(void **state)
{
	struct random r;

	(void)state;
	random_init_seed(&r, test_seed());
	model_open(1 << 10, 128, NODES_MAX, 0);
	for (uint32_t i = 0; i < NODES_MAX; i++)
		arm(i, random_u64(&r) % (1 << 22)); // some 32 turns
	while (poll(1 << 21, 100) == 100)
		expect_next_is_not_late();
	poll(1 << 22, NODES_MAX);
	assert_int_equal(timer_wheel_armed(model.wheel), 0);
	model_close();
}

static void polling_at_the_given_time_leads_forward(void **state)
{
	plx_time last = 0;
	unsigned polls = 0;

	(void)state;
	model_open(1 << 18, 64, 3, 0); // a turn is 16.8 ms
	arm(0, 10 * PLX_SECOND + 12345);
	arm(1, 10 * PLX_SECOND + 12346);
	arm(2, PLX_SECOND);
	while (timer_wheel_armed(model.wheel) > 0) {
		plx_time next = timer_wheel_next(model.wheel);

		assert_true(next > last);
		expect_next_is_not_late();
		poll(next, 3);
		last = next;
		polls++;
	}
	assert_int_equal(last, 10 * PLX_SECOND + 12346);
	assert_true(polls < 2 * 10 * PLX_SECOND / (64 << 18) + 10);
	model_close();
}

// As tcp/timers does it: the coarse wheel gives its timers up a tick early, the fine one fires them.
static void a_coarse_wheel_hands_over_before_the_deadline(void **state)
{
	const plx_duration tick = UINT64_C(1) << 30;
	plx_time deadline = 7200 * PLX_SECOND + 5;

	(void)state;
	model_open(tick, 64, 10, 0);
	arm(1, deadline);
	assert_int_equal(poll_early(deadline - tick - 1, tick, 10), 0);
	assert_true(timer_wheel_next(model.wheel) - tick <= deadline - tick);
	assert_int_equal(poll_early(deadline - tick, tick, 10), 1);
	assert_int_equal(timer_deadline(model.wheel, 1), deadline);
	arm(2, deadline - tick); // into what the cursor has passed already
	arm(3, deadline + 1);
	assert_int_equal(poll_early(deadline - tick, tick, 10), 1);
	assert_int_equal(poll_early(deadline - tick + 1, tick, 10), 1);
	model_close();
}

// Distances at which something else happens: within a tick, a turn, or many turns.
static plx_duration draw_distance(struct random *r)
{
	plx_duration tick = UINT64_C(1) << model.wheel->shift;
	plx_duration turn = tick * (model.wheel->mask + 1);

	switch (random_below(r, 8)) {
	case 0:
		return 0;
	case 1:
	case 2:
		return random_u64(r) % tick;
	case 3:
	case 4:
		return random_u64(r) % (8 * tick);
	case 5:
		return random_u64(r) % (turn + tick);
	case 6:
		return turn - tick + random_u64(r) % (2 * tick);
	default:
		return random_u64(r) % (50 * turn);
	}
}

static void do_something(struct random *r, unsigned lean)
{
	uint32_t idx = random_below(r, model.nodes);
	unsigned choice = random_below(r, 100);
	plx_duration distance = draw_distance(r);

	if (choice < lean)
		arm(idx, time_add(model.now, distance));
	else if (choice < lean + 5)
		arm(idx, time_subtract(model.now, distance));
	else if (choice < lean + 15 && model.is_armed[idx])
		arm(idx, time_add(model.deadline[idx], distance)); // a restart
	else if (choice < lean + 20)
		disarm(idx);
	else if (choice < lean + 22)
		poll(time_subtract(model.now, distance), 3);
	else if (choice < lean + 25)
		poll(timer_wheel_next(model.wheel) == PLX_TIME_NEVER
			     ? model.now
			     : timer_wheel_next(model.wheel),
		     random_below(r, 4));
	else if (random_below(r, 4) == 0)
		poll(time_add(model.now, distance), random_below(r, 3) == 0 ? 5 : NODES_MAX);
}

static void follow_the_model(plx_duration tick, uint32_t slots, uint32_t nodes)
{
	struct random r;

	random_init_seed(&r, test_seed() + slots + nodes);
	model_open(tick, slots, nodes, random_u64(&r) >> 4);
	for (unsigned round = 0; round < ROUNDS; round++) {
		do_something(&r, round / 3000 % 2 == 0 ? 60 : 15);
		expect_next_is_not_late();
		assert_int_equal(timer_is_armed(model.wheel, round % nodes),
				 model.is_armed[round % nodes]);
	}
	poll(model.now + 1000 * tick * slots, NODES_MAX);
	assert_int_equal(timer_wheel_armed(model.wheel), 0);
	model_close();
}

static void random_use_follows_the_model(void **state)
{
	(void)state;
	follow_the_model(1, 64, 20);
	follow_the_model(1 << 4, 64, 200);
	follow_the_model(1 << 18, 128, 50);
	follow_the_model(1 << 18, 4096, 100);
	follow_the_model(1 << 18, 1 << 14, 300);
	follow_the_model(UINT64_C(1) << 30, 1 << 17, 10);
}

static void impossible_configurations_are_refused(void **state)
{
	const struct timer_wheel_config sound = {
		.tick = 1 << 18, .slots = 1024, .nodes = 10, .socket = SOCKET_ID_ANY};
	struct timer_wheel_config refused[6];
	struct timer_wheel *wheel;

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		refused[i] = sound;
	refused[0].tick = 0;
	refused[1].tick = 250000;
	refused[2].slots = 32;
	refused[3].slots = 1000;
	refused[4].slots = 1 << 21;
	refused[5].nodes = 0;
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(timer_wheel_create(&wheel, &refused[i]), -EINVAL);
		assert_int_equal(timer_wheel_bytes(&refused[i]), 0);
	}
	refused[0] = sound;
	refused[0].nodes = 1 << 28;
	assert_int_equal(timer_wheel_create(&wheel, &refused[0]), -ENOMEM);
	timer_wheel_destroy(NULL);
}

static void the_memory_foretold_is_enough(void **state)
{
	struct timer_wheel_config config = {
		.tick = 1 << 18, .slots = 64, .nodes = 1, .socket = SOCKET_ID_ANY};
	struct rte_malloc_socket_stats before, during, after;
	struct timer_wheel *wheel;

	(void)state;
	for (; config.slots <= 1 << 16; config.slots *= 4, config.nodes = config.nodes * 7 + 1) {
		rte_malloc_get_socket_stats(0, &before);
		assert_int_equal(timer_wheel_create(&wheel, &config), 0);
		rte_malloc_get_socket_stats(0, &during);
		assert_in_range(during.heap_allocsz_bytes - before.heap_allocsz_bytes,
				config.nodes * sizeof(struct timer_node),
				timer_wheel_bytes(&config));
		timer_wheel_destroy(wheel);
		rte_malloc_get_socket_stats(0, &after);
		assert_int_equal(after.heap_allocsz_bytes, before.heap_allocsz_bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_armed_fires_never),
		cmocka_unit_test(a_timer_fires_at_its_nanosecond_once),
		cmocka_unit_test(a_deadline_in_the_past_is_due_at_once),
		cmocka_unit_test(one_tick_may_hold_many_deadlines),
		cmocka_unit_test(a_later_deadline_leaves_the_timer_where_it_lies),
		cmocka_unit_test(an_earlier_deadline_is_kept),
		cmocka_unit_test(a_slice_leaves_the_rest_due_and_in_order),
		cmocka_unit_test(a_slice_looks_no_further_than_it_must),
		cmocka_unit_test(time_going_backwards_is_clamped),
		cmocka_unit_test(two_days_at_once_cost_only_what_is_armed),
		cmocka_unit_test(a_jump_over_many_turns_keeps_the_order),
		cmocka_unit_test(polling_at_the_given_time_leads_forward),
		cmocka_unit_test(a_coarse_wheel_hands_over_before_the_deadline),
		cmocka_unit_test(random_use_follows_the_model),
		cmocka_unit_test(impossible_configurations_are_refused),
		cmocka_unit_test(the_memory_foretold_is_enough),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("base/timer_wheel", tests, NULL, NULL);
}

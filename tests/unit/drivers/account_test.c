// SPDX-License-Identifier: BSD-3-Clause
//
// A worker's account: every turn is counted, some are timed, and those stand for all of them.
#include "drivers/account.h"

#include <rte_cycles.h>

#include "support/cmocka_headers.h"
#include "support/eal_main.h"

enum {
	TURNS = 200000,
	SPIN_CYCLES = 2000,
	LEAST_SPIN_CYCLES = 1800, // less what is taken off for the mark
};

static const struct account_work nothing;

// Long enough never to be reached: nothing counts as interrupted.
static struct worker_account patient_account(uint32_t seed)
{
	struct worker_account account;

	account_init(&account, UINT64_MAX, seed);
	return account;
}

static void spin(uint64_t cycles)
{
	uint64_t until = rte_rdtsc() + cycles;

	while (rte_rdtsc() < until)
		;
}

static void every_turn_is_counted_and_one_in_128_is_timed(void **state)
{
	const struct account_work work = {.received = 1};
	struct worker_account account = patient_account(1);

	(void)state;
	for (unsigned i = 0; i < TURNS; i++) {
		account_begin_turn(&account);
		assert_int_equal(account_end_turn(&account, i % 4 == 0 ? &work : &nothing),
				 i % 4 == 0);
	}
	assert_int_equal(account.turns, TURNS);
	assert_int_equal(account.turns_idle, TURNS / 4 * 3);
	assert_in_range(account.turns_sampled, TURNS / 140, TURNS / 118);
	assert_in_range(account.turns_sampled_idle, account.turns_sampled * 70 / 100,
			account.turns_sampled * 80 / 100);
}

// Whatever the rhythm of the traffic, also one of powers of two, the samples see its share.
static void a_rhythm_cannot_hide(void **state)
{
	(void)state;
	for (unsigned rhythm = 2; rhythm <= 256; rhythm *= 2) {
		struct worker_account account = patient_account(rhythm);

		for (unsigned i = 0; i < 2 * TURNS; i++) {
			const struct account_work work = {.received = i % rhythm == 0 ? rhythm : 0,
							  .sent = 1};

			account_begin_turn(&account);
			account_end_turn(&account, &work);
		}
		// one frame a turn on average
		assert_in_range(account.received, account.sent / 2, account.sent * 2);
		assert_int_equal(account.sent, account.turns_sampled);
	}
}

// What a timed turn did is counted with its cycles, whether others did more or less.
static void a_timed_turn_brings_its_own_figures(void **state)
{
	const struct account_work work = {.received = 3, .events = 2, .sent = 5};
	struct worker_account account = patient_account(2);

	(void)state;
	for (unsigned i = 0; i < TURNS / 10; i++) {
		account_begin_turn(&account);
		account_end_turn(&account, account.is_sampling ? &work : &nothing);
	}
	assert_true(account.turns_sampled > 0);
	assert_int_equal(account.turns_sampled_idle, 0);
	assert_int_equal(account.received, 3 * account.turns_sampled);
	assert_int_equal(account.events, 2 * account.turns_sampled);
	assert_int_equal(account.sent, 5 * account.turns_sampled);
}

static void cycles_belong_to_the_phase_whose_mark_ends_them(void **state)
{
	const struct account_work work = {.received = 1};
	struct worker_account account = patient_account(3);

	(void)state;
	for (unsigned i = 0; i < TURNS / 20; i++) {
		account_begin_turn(&account);
		spin(SPIN_CYCLES);
		account_mark(&account, ACCOUNT_INPUT);
		account_mark(&account, ACCOUNT_POLL);
		spin(SPIN_CYCLES);
		account_mark(&account, ACCOUNT_INPUT); // in parts
		account_mark(&account, ACCOUNT_TRANSMIT);
		account_end_turn(&account, &work);
	}
	assert_true(account.turns_sampled > 0);
	assert_true(account.cycles[ACCOUNT_INPUT] >= account.turns_sampled * 2 * LEAST_SPIN_CYCLES);
	assert_int_equal(account.cycles[ACCOUNT_OUTPUT], 0);
	assert_int_equal(account.cycles_idle, 0);
	assert_int_equal(account_busy_cycles(&account),
			 account.cycles[ACCOUNT_INPUT] + account.cycles[ACCOUNT_POLL]
				 + account.cycles[ACCOUNT_TRANSMIT]);
}

static void a_turn_without_work_is_idle_as_a_whole(void **state)
{
	struct worker_account account = patient_account(4);

	(void)state;
	for (unsigned i = 0; i < TURNS / 20; i++) {
		account_begin_turn(&account);
		spin(SPIN_CYCLES);
		account_mark(&account, ACCOUNT_RECEIVE);
		account_mark(&account, ACCOUNT_POLL);
		account_end_turn(&account, &nothing);
	}
	assert_int_equal(account.turns_sampled_idle, account.turns_sampled);
	assert_true(account.cycles_idle >= account.turns_sampled * LEAST_SPIN_CYCLES);
	assert_int_equal(account_busy_cycles(&account), 0);
}

// A millisecond on a clock of this rate is 100 cycles: every turn is longer.
static void a_turn_of_more_than_a_millisecond_is_left_out(void **state)
{
	const struct account_work work = {.received = 1};
	struct worker_account account;

	(void)state;
	account_init(&account, 100000, 5);
	for (unsigned i = 0; i < TURNS / 20; i++) {
		account_begin_turn(&account);
		spin(SPIN_CYCLES);
		account_mark(&account, ACCOUNT_INPUT);
		account_end_turn(&account, &work);
	}
	assert_true(account.turns_interrupted > 0);
	assert_int_equal(account.turns_sampled, 0);
	assert_int_equal(account.received, 0);
	assert_int_equal(account_busy_cycles(&account), 0);
	assert_int_equal(account.turns, TURNS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_turn_is_counted_and_one_in_128_is_timed),
		cmocka_unit_test(a_rhythm_cannot_hide),
		cmocka_unit_test(a_timed_turn_brings_its_own_figures),
		cmocka_unit_test(cycles_belong_to_the_phase_whose_mark_ends_them),
		cmocka_unit_test(a_turn_without_work_is_idle_as_a_whole),
		cmocka_unit_test(a_turn_of_more_than_a_millisecond_is_left_out),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("drivers/account", tests, NULL, NULL);
}

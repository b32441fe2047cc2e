// SPDX-License-Identifier: BSD-3-Clause
//
// The sampled turn: it is added up apart, because only its end tells whether it had work, and
// whether it was interrupted.
// Called by way of account.h, by bring-up and by the report.
#include "drivers/account.h"

#include <string.h>

#include <rte_common.h>
#include <rte_cycles.h>

#define CALIBRATIONS 64
#define INTERRUPTED_PER_S 1000 // a turn that takes longer than such a part of a second

// 1 to 256 turns from here.
static void draw_next(struct worker_account *account)
{
	account->random = account->random * 1664525 + 1013904223;
	account->turns_to_sample = 1 + (account->random >> 24);
}

// The shortest way from one mark to the next: nothing but the marking.
static uint64_t measure_mark(struct worker_account *account)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < CALIBRATIONS; i++) {
		account_begin_sample(account);
		account_mark_sample(account, ACCOUNT_RECEIVE);
		account_mark_sample(account, ACCOUNT_INPUT);
		least = RTE_MIN(least, account->turn_cycles[ACCOUNT_INPUT]);
	}
	return least;
}

void account_init(struct worker_account *account, uint64_t tsc_hz, uint32_t seed)
{
	*account = (struct worker_account){.tsc_hz = tsc_hz};
	account->mark_cycles = measure_mark(account);
	account->random = seed;
	draw_next(account);
}

static uint64_t sum(const uint64_t cycles[ACCOUNT_PHASES])
{
	uint64_t all = 0;

	for (unsigned i = 0; i < ACCOUNT_PHASES; i++)
		all += cycles[i];
	return all;
}

uint64_t account_busy_cycles(const struct worker_account *account)
{
	return sum(account->cycles);
}

void account_begin_sample(struct worker_account *account)
{
	draw_next(account);
	memset(account->turn_cycles, 0, sizeof(account->turn_cycles));
	account->marked_at = rte_rdtsc();
}

void account_mark_sample(struct worker_account *account, enum account_phase phase)
{
	uint64_t now = rte_rdtsc();
	uint64_t passed = now - account->marked_at;

	account->turn_cycles[phase] += passed - RTE_MIN(passed, account->mark_cycles);
	account->marked_at = now;
}

void account_end_sample(struct worker_account *account, const struct account_work *work)
{
	uint64_t cycles = sum(account->turn_cycles);

	if (cycles > account->tsc_hz / INTERRUPTED_PER_S) {
		account->turns_interrupted++;
		return;
	}
	account->turns_sampled++;
	if (!account_has_work(work)) {
		account->turns_sampled_idle++;
		account->cycles_idle += cycles;
		return;
	}
	account->received += work->received;
	account->events += work->events;
	account->sent += work->sent;
	for (unsigned i = 0; i < ACCOUNT_PHASES; i++)
		account->cycles[i] += account->turn_cycles[i];
}

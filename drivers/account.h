// SPDX-License-Identifier: BSD-3-Clause
//
// A worker's own account: how many turns had work, and where the cycles of a turn go. Reading the
// time stamp counter costs 20 to 25 cycles, a turn with one packet a few hundred: so a few turns are
// timed from end to end, with their own packets and events, and the others pay for a counter and
// some branches. Which turns is drawn at random, one in 128 on average, busy or not: no rhythm of
// the traffic can hide from it, as it could from every 128th, and nothing has to be guessed before
// a turn is known to be busy. What the readings cost is taken off.
// Written by the worker's thread (worker.c, relay.c), read by any.
#ifndef DRIVERS_ACCOUNT_H
#define DRIVERS_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>

enum account_phase {
	ACCOUNT_RECEIVE,     // burst in
	ACCOUNT_INPUT,	     // plx_input()
	ACCOUNT_POLL,	     // plx_poll(): timers, and events collected
	ACCOUNT_APPLICATION, // what it does about them
	ACCOUNT_OUTPUT,	     // plx_output()
	ACCOUNT_TRANSMIT,    // burst out
	ACCOUNT_PHASES
};

// What a turn came to.
struct account_work {
	unsigned received; // frames
	unsigned events;
	unsigned sent; // frames
};

// A turn without is idle.
static inline bool account_has_work(const struct account_work *work)
{
	return (work->received | work->events | work->sent) != 0;
}

struct worker_account {
	// of every turn
	uint64_t turns;
	uint64_t turns_idle;
	uint32_t turns_to_sample;
	bool is_sampling;

	// of those that were sampled
	uint64_t turns_sampled;
	uint64_t turns_sampled_idle;
	uint64_t received;
	uint64_t sent;
	uint64_t events;
	uint64_t cycles[ACCOUNT_PHASES]; // of turns with work
	uint64_t cycles_idle;		 // of turns without
	// Sampled and left out: longer than 1 ms, because somebody else had the CPU.
	uint64_t turns_interrupted;

	// of the sample that is being taken
	uint64_t marked_at;
	uint64_t turn_cycles[ACCOUNT_PHASES];
	uint64_t mark_cycles; // that a mark itself takes
	uint64_t tsc_hz;
	uint32_t random;
};

void account_init(struct worker_account *account, uint64_t tsc_hz, uint32_t seed);

// Cycles of all phases together: what the sampled turns with work took.
uint64_t account_busy_cycles(const struct worker_account *account);

// The longer ways of the three verbs below.
void account_begin_sample(struct worker_account *account);
void account_mark_sample(struct worker_account *account, enum account_phase phase);
void account_end_sample(struct worker_account *account, const struct account_work *work);

static inline void account_begin_turn(struct worker_account *account)
{
	account->is_sampling = --account->turns_to_sample == 0;
	if (unlikely(account->is_sampling))
		account_begin_sample(account);
}

// What was done since the last mark, or since the turn began, belongs to this phase.
static inline void account_mark(struct worker_account *account, enum account_phase phase)
{
	if (unlikely(account->is_sampling))
		account_mark_sample(account, phase);
}

// True when the turn had work.
static inline bool account_end_turn(struct worker_account *account, const struct account_work *work)
{
	bool is_busy = account_has_work(work);

	account->turns++;
	account->turns_idle += !is_busy;
	if (unlikely(account->is_sampling))
		account_end_sample(account, work);
	return is_busy;
}

#endif

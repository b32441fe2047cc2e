// SPDX-License-Identifier: BSD-3-Clause
//
// The loop of architecture.md as one turn: burst in, poll, application, burst out. The stack is
// asked for frames only when the port has taken all it was given before. Called by worker_run.c on
// the worker's lcore, and by tests.
#include "drivers/worker.h"

#include <rte_mbuf.h>

#include "drivers/port_burst.h"
#include "drivers/relay.h"

// Most bursts received in a turn where more come than one, and rounds of events: as many as those bursts can cause.
#define INPUT_BURSTS 8
#define EVENT_ROUNDS (INPUT_BURSTS * WORKER_BURST / WORKER_EVENTS)

// Most bursts sent in a turn, so that reception is never far.
#define OUTPUT_BURSTS 8

// Longer than a core is withheld from the one who takes our frames.
#define HELD_MAX (10 * PLX_MILLISECOND)

// Turns in a row in which the port takes nothing, before its link is looked at: some drivers ask
// the kernel or the device for it.
#define REFUSALS_BEFORE_LOOK 256

// Is there room for what frames may ask for? If not, they wait at the port until the answers before them are sent; but
// a peer that waits for the same would make that last.
static bool may_receive(struct worker *worker, plx_time now)
{
	if (likely(plx_input_room(worker->stack) >= WORKER_BURST)) {
		worker->held_since = 0;
		return true;
	}
	if (worker->held_since == 0)
		worker->held_since = now;
	if (now - worker->held_since < HELD_MAX)
		return false;
	worker->held_since = now; // one burst, then it waits again
	return true;
}

static unsigned receive_burst(struct worker *worker, plx_time now)
{
	struct rte_mbuf *frames[WORKER_BURST];
	unsigned n = port_rx_burst(worker->port, worker->queue, frames, WORKER_BURST, now);
	unsigned foreign;

	account_mark(&worker->account, ACCOUNT_RECEIVE);
	if (n == 0)
		return 0;
	foreign = plx_input(worker->stack, frames, n, now);
	rte_pktmbuf_free_bulk(frames, foreign);
	account_mark(&worker->account, ACCOUNT_INPUT);
	worker->counters.rx_frames += n;
	return n;
}

// What has come goes before what is sent, or else the queues of the peers would grow: a turn's share doubles as long as
// it leaves frames behind. Where it does not, a burst at a time is enough, and the peer has something to do meanwhile.
static unsigned receive(struct worker *worker, plx_time now)
{
	unsigned share = worker->more_bursts + 1;
	unsigned bursts = 0, n = 0, all = 0;

	do {
		if (!may_receive(worker, now))
			return all;
		n = receive_burst(worker, now);
		all += n;
	} while (++bursts < share && n == WORKER_BURST);
	if (n < WORKER_BURST)
		worker->more_bursts = 0;
	else if (share < INPUT_BURSTS)
		worker->more_bursts = 2 * share - 1;
	return all;
}

static unsigned serve_events(struct worker *worker, plx_time now)
{
	const struct worker_application *application = &worker->application;
	struct plx_event events[WORKER_EVENTS];
	unsigned n = plx_poll(worker->stack, events, WORKER_EVENTS, now);

	account_mark(&worker->account, ACCOUNT_POLL);
	if (n > 0 && application->on_events != NULL) {
		application->on_events(application->context, worker->stack, events, n, now);
		account_mark(&worker->account, ACCOUNT_APPLICATION);
	}
	return n;
}

static unsigned serve(struct worker *worker, plx_time now)
{
	const struct worker_application *application = &worker->application;
	unsigned rounds = 0, n, all = 0;

	do {
		n = serve_events(worker, now);
		all += n;
	} while (n == WORKER_EVENTS && ++rounds < EVENT_ROUNDS);
	if (application->run != NULL)
		worker->wants_run_at = application->run(application->context, now);
	account_mark(&worker->account, ACCOUNT_APPLICATION);
	return all;
}

// A port without link may refuse for ever (a memif whose peer has gone does), and the stack would
// never be asked again: what happens to frames on a cut wire happens to these.
static void lose_without_link(struct worker *worker)
{
	if (++worker->n_refusals % REFUSALS_BEFORE_LOOK != 0 || port_has_link(worker->port))
		return;
	worker->counters.tx_frames += worker->n_unsent;
	worker->counters.tx_no_link += worker->n_unsent;
	worker_drop_unsent(worker);
}

// True when nothing is left.
static bool send_unsent(struct worker *worker, plx_time now)
{
	unsigned sent = port_tx_burst(worker->port, worker->queue,
				      worker->unsent + worker->first_unsent, worker->n_unsent, now);

	account_mark(&worker->account, ACCOUNT_TRANSMIT);
	worker->first_unsent += (uint16_t)sent;
	worker->n_unsent -= (uint16_t)sent;
	worker->counters.tx_frames += sent;
	if (sent > 0)
		worker->n_refusals = 0;
	if (worker->n_unsent == 0)
		return true;
	worker->counters.tx_refused++;
	if (sent == 0)
		lose_without_link(worker);
	return worker->n_unsent == 0;
}

static unsigned transmit(struct worker *worker, plx_time now)
{
	uint64_t sent_before = worker->counters.tx_frames;
	unsigned bursts = 0, n;

	if (worker->n_unsent > 0 && !send_unsent(worker, now))
		return (unsigned)(worker->counters.tx_frames - sent_before);
	do {
		n = plx_output(worker->stack, worker->unsent, WORKER_BURST, now);
		account_mark(&worker->account, ACCOUNT_OUTPUT);
		worker->first_unsent = 0;
		worker->n_unsent = (uint16_t)n;
		if (!send_unsent(worker, now))
			break;
	} while (n == WORKER_BURST && ++bursts < OUTPUT_BURSTS);
	return (unsigned)(worker->counters.tx_frames - sent_before);
}

static struct account_work take_phases(struct worker *worker, plx_time now)
{
	struct account_work work;

	work.received = receive(worker, now);
	work.events = serve(worker, now);
	work.sent = transmit(worker, now);
	return work;
}

bool worker_turn(struct worker *worker, plx_time now)
{
	struct account_work work;

	account_begin_turn(&worker->account);
	work = worker->relay != NULL ? relay_turn(worker->relay, &worker->account, now)
				     : take_phases(worker, now);
	return account_end_turn(&worker->account, &work);
}

plx_time worker_next_due(const struct worker *worker)
{
	plx_time due;

	if (worker->relay != NULL)
		return relay_next_due(worker->relay);
	due = RTE_MIN(worker->wants_run_at, plx_next_deadline(worker->stack));
	return RTE_MIN(due, port_next_due(worker->port, worker->queue));
}

bool worker_has_sent_all(const struct worker *worker)
{
	return worker->n_unsent == 0
		&& (worker->relay != NULL || plx_next_deadline(worker->stack) != 0);
}

void worker_drop_unsent(struct worker *worker)
{
	if (worker->relay != NULL) {
		relay_drop_unsent(worker->relay);
		return;
	}
	rte_pktmbuf_free_bulk(worker->unsent + worker->first_unsent, worker->n_unsent);
	worker->n_unsent = 0;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// One turn of a worker, by hand: it takes in as much as it can send, and what nobody takes from it does not make it
// lose what it owes. ARP requests ask for an answer each; the other end of the loopback is a port without its stack.
// Each test is a child process with a system on a loopback.
#include <string.h>

#include <pollux/pollux.h>
#include <rte_mbuf.h>

#include "child.h"
#include "drivers/system_state.h"
#include "support/cmocka_headers.h"
#include "support/mbufs.h"

enum {
	DESCRIPTORS = 512,
	ASKED = 2000, // more than what may wait for an answer, and the answers that fit into the port
	TURN_FRAMES = 256,
	ARP_FRAME_BYTES = 42,
	ARP_OPERATION_OFFSET = 21,
	ARP_REPLY = 2,
};

static const uint8_t request[ARP_FRAME_BYTES] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,	 0,  0, 0, 0, 9, 8, 6, // to all, ARP
	0,    1,    8,	  0,	6,    4,    0,	 1,		       // a request
	2,    0,    0,	  0,	0,    9,    198, 18, 0, 9,	       // 198.18.0.9 asks
	0,    0,    0,	  0,	0,    0,    198, 18, 0, 1,	       // who has 198.18.0.1
};

static struct system *start(void)
{
	struct system_config *config = child_loopback_config();

	for (unsigned i = 0; i < 2; i++)
		config->ports[i].rx_descriptors = config->ports[i].tx_descriptors = DESCRIPTORS;
	return child_start(config);
}

// As many requests as the port takes, at most n. Returns how many.
static unsigned ask(struct system *system, unsigned n)
{
	unsigned asked = 0;

	while (asked < n) {
		struct rte_mbuf *m = mbufs_frame(system->pools[1], request, sizeof(request), 0);

		if (port_tx_burst(system_port(system, 1), 0, &m, 1, 0) == 0) {
			rte_pktmbuf_free(m);
			break;
		}
		asked++;
	}
	return asked;
}

// Takes what has been sent. Returns how many answers there were.
static unsigned take_answers(struct system *system)
{
	struct rte_mbuf *frames[WORKER_BURST];
	unsigned answers = 0, n;

	while ((n = port_rx_burst(system_port(system, 1), 0, frames, WORKER_BURST, 0)) > 0) {
		for (unsigned i = 0; i < n; i++)
			answers += rte_pktmbuf_mtod(frames[i], uint8_t *)[ARP_OPERATION_OFFSET]
				== ARP_REPLY;
		rte_pktmbuf_free_bulk(frames, n);
	}
	return answers;
}

static uint64_t lost_answers(const struct worker *worker)
{
	struct plx_stats stats = {.size = sizeof(stats)};

	CHILD_CHECK(plx_get_stats(worker->stack, &stats) == 0);
	return stats.counters[PLX_COUNTER_ANSWER_QUEUE_FULL];
}

// What it says by itself at its start is out of the way.
static struct worker *settled_worker(struct system *system)
{
	struct worker *worker = system_worker(system, 0);

	worker_turn(worker, PLX_SECOND);
	take_answers(system);
	return worker;
}

static void turns_with_many_frames(void)
{
	static const unsigned shares[] = {32, 64, 128, TURN_FRAMES, TURN_FRAMES};
	struct system *system = start();
	struct worker *worker = settled_worker(system);
	uint64_t received = worker->counters.rx_frames;

	for (unsigned i = 0; i < RTE_DIM(shares); i++) {
		ask(system, DESCRIPTORS); // as many as fit
		worker_turn(worker, 2 * PLX_SECOND);
		received += shares[i];
		CHILD_CHECK(worker->counters.rx_frames == received);
		CHILD_CHECK(take_answers(system) == shares[i]);
	}
	while (worker_turn(worker, 2 * PLX_SECOND))
		take_answers(system);
	CHILD_CHECK(ask(system, 2 * WORKER_BURST) == 2 * WORKER_BURST);
	worker_turn(worker, 2 * PLX_SECOND);
	CHILD_CHECK(take_answers(system) == WORKER_BURST);
	child_stop(system);
}

// Else one of two queues of the two ends would grow as long as there are connections; but few frames are shared between
// two ends that work at the same time.
static void a_turn_receives_as_much_as_it_sends(void **state)
{
	(void)state;
	child_run_ok(turns_with_many_frames);
}

static void turns_that_are_not_taken(void)
{
	struct system *system = start();
	struct worker *worker = settled_worker(system);
	unsigned asked = 0, answered = 0;

	for (unsigned i = 0; i < ASKED; i++) {
		asked += ask(system, ASKED - asked);
		worker_turn(worker, 2 * PLX_SECOND);
	}
	CHILD_CHECK(lost_answers(worker) == 0);
	CHILD_CHECK(worker->counters.rx_frames < ASKED);
	for (unsigned i = 0; i < ASKED && answered < ASKED; i++) {
		answered += take_answers(system);
		asked += ask(system, ASKED - asked);
		worker_turn(worker, 2 * PLX_SECOND);
	}
	CHILD_CHECK(answered == ASKED);
	CHILD_CHECK(lost_answers(worker) == 0);
	child_stop(system);
}

static void answers_wait_for_a_port_that_takes_none(void **state)
{
	(void)state;
	child_run_ok(turns_that_are_not_taken);
}

static void turns_that_are_never_taken(void)
{
	struct system *system = start();
	struct worker *worker = settled_worker(system);
	uint64_t received;

	for (unsigned i = 0; i < ASKED; i++) {
		ask(system, DESCRIPTORS);
		worker_turn(worker, 2 * PLX_SECOND);
	}
	received = worker->counters.rx_frames;
	CHILD_CHECK(ask(system, 1) == 0);
	worker_turn(worker, 3 * PLX_SECOND);
	CHILD_CHECK(worker->counters.rx_frames > received);
	CHILD_CHECK(lost_answers(worker) > 0);
	child_stop(system);
}

// Two ends that wait for each other would do so for ever.
static void reception_goes_on_when_it_lasts(void **state)
{
	(void)state;
	child_run_ok(turns_that_are_never_taken);
}

static void answers_before_the_end(void)
{
	struct system *system = start();
	struct worker *worker = settled_worker(system);
	struct rte_mbuf *frames[TURN_FRAMES];

	CHILD_CHECK(worker_has_sent_all(worker));
	for (unsigned i = 0; i < TURN_FRAMES; i++)
		frames[i] = mbufs_frame(system->pools[0], request, sizeof(request), 0);
	CHILD_CHECK(plx_input(worker->stack, frames, TURN_FRAMES, 2 * PLX_SECOND) == 0);
	CHILD_CHECK(worker->n_unsent == 0 && !worker_has_sent_all(worker));
	worker_turn(worker, 2 * PLX_SECOND);
	CHILD_CHECK(worker_has_sent_all(worker));
	CHILD_CHECK(take_answers(system) == TURN_FRAMES);
	child_stop(system);
}

// The acknowledgements of the last FINs are answers of connections that exist no more.
static void a_worker_has_not_sent_all_while_answers_wait(void **state)
{
	(void)state;
	child_run_ok(answers_before_the_end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_turn_receives_as_much_as_it_sends),
		cmocka_unit_test(answers_wait_for_a_port_that_takes_none),
		cmocka_unit_test(reception_goes_on_when_it_lasts),
		cmocka_unit_test(a_worker_has_not_sent_all_while_answers_wait),
	};

	return cmocka_run_group_tests_name("drivers turn", tests, NULL, NULL);
}

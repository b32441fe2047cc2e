// SPDX-License-Identifier: BSD-3-Clause
//
// Acknowledgements of connections that wait long for their turn, where there is no memory to send them: none is
// forgotten, none is counted as sent, and each goes out at the first call that finds memory.
// Room: engine/tcp/overdue_ack.
#include "tcp/overdue_ack.h"

#include <rte_mbuf.h>

#include "support/eal_main.h"
#include "support/mbufs.h"
#include "tcp/connections.h"
#include "tcp/spare_mbufs.h"
#include "tcp_fixture.h"
#include "wire/tcp.h"

enum { CONNS = 40, FRAMES = 64, BUFFERS = 512, TICKS = 5, TICK_MS = 20 };

struct late_list {
	struct tcp_fixture f;
	struct tcp_conn *conns[CONNS];
	struct rte_mbuf *frames[FRAMES];
	struct rte_mbuf *taken[BUFFERS];
	unsigned n_taken;
};

static uint64_t counter_of(const struct late_list *l, enum plx_counter which)
{
	return l->f.tcp->stats->counters[which];
}

static void take_all_but(struct late_list *l, unsigned left)
{
	l->n_taken = rte_mempool_avail_count(l->f.config.pool) - left;
	assert_int_equal(rte_pktmbuf_alloc_bulk(l->f.config.pool, l->taken, l->n_taken), 0);
}

static void give_back(struct late_list *l)
{
	rte_pktmbuf_free_bulk(l->taken, l->n_taken);
	l->n_taken = 0;
}

// A call as plx_output() makes it; how many frames came of it.
static unsigned run(struct late_list *l)
{
	struct tx_burst burst = {.frames = l->frames, .max = FRAMES};

	overdue_ack_run(l->f.tcp, &burst);
	return burst.n;
}

// So many have come and gone before that their count begins anew among those who come now.
static void let_many_have_gone(struct tcp *tcp)
{
	uint32_t n = UINT32_MAX - CONNS / 2;

	tcp->output.came = tcp->output.went = tcp->overdue.looked_at = n;
	for (unsigned i = 0; i < OVERDUE_ACK_TICKS; i++)
		tcp->overdue.came_by[i] = n;
}

// Each has an acknowledgement to send, the third one two.
static void open_list(struct late_list *l)
{
	l->f = tcp_fixture_prepare();
	tcp_fixture_open(&l->f);
	let_many_have_gone(l->f.tcp);
	l->n_taken = 0;
	for (unsigned i = 0; i < CONNS; i++) {
		struct flow_key key = tcp_fixture_key("198.18.0.1",
						      (uint16_t)(FIXTURE_LOCAL_PORT + i));

		l->conns[i] = tcp_fixture_conn(&l->f, &key, 1, 1000 * i);
		l->conns[i]->ack_segs = 1;
		conn_wants_output(l->f.tcp, l->conns[i]);
	}
	l->conns[2]->acks_owed = 2;
	take_all_but(l, 0);
	for (unsigned i = 0; i < TICKS; i++) {
		assert_int_equal(run(l), 0);
		tcp_set_time(l->f.tcp, l->f.tcp->now + TICK_MS * PLX_MILLISECOND);
	}
}

static void close_list(struct late_list *l)
{
	give_back(l);
	for (unsigned i = 0; i < CONNS; i++)
		tcp_fixture_end(&l->f, l->conns[i]);
	tcp_fixture_close(&l->f);
}

// From the connections `first` and so on, one each, in the order in which they stand in the list.
static void expect_acks(struct late_list *l, unsigned first, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *ip = rte_pktmbuf_mtod(l->frames[i], const uint8_t *);
		struct tcp_header tcp;

		assert_int_equal(
			tcp_header_parse(ip + 20, (uint16_t)(l->frames[i]->pkt_len - 20), &tcp),
			PLX_DROP_NONE);
		assert_int_equal(tcp.src_port, FIXTURE_LOCAL_PORT + first + i);
		assert_int_equal(tcp.flags, TCP_ACK);
		assert_int_equal(tcp.ack, 1000 * (first + i) + 1);
		assert_int_equal(l->conns[first + i]->ack_segs, 0);
	}
	rte_pktmbuf_free_bulk(l->frames, n);
}

static void it_waits_for_memory_and_is_sent_once(void **state)
{
	static struct late_list l;
	uint64_t acks, missing;

	(void)state;
	open_list(&l);
	acks = counter_of(&l, PLX_COUNTER_TCP_ACKS);
	missing = counter_of(&l, PLX_COUNTER_TX_NO_BUFFER);
	assert_int_equal(run(&l), 0);
	assert_int_equal(counter_of(&l, PLX_COUNTER_TX_NO_BUFFER), missing + 1); // not one each
	assert_int_equal(counter_of(&l, PLX_COUNTER_TCP_ACKS), acks);
	for (unsigned i = 0; i < CONNS; i++)
		assert_int_equal(l.conns[i]->ack_segs, 1);
	assert_int_equal(l.conns[2]->acks_owed, 2);
	give_back(&l);
	assert_int_equal(run(&l), CONNS);
	expect_acks(&l, 0, CONNS);
	assert_int_equal(l.conns[2]->acks_owed, 1);
	assert_int_equal(counter_of(&l, PLX_COUNTER_TCP_ACKS), acks + CONNS);
	assert_int_equal(run(&l), 0); // each is looked at once
	close_list(&l);
}

// There is memory for the acknowledgements of the first `n`.
static void open_list_that_ends_after(struct late_list *l, unsigned n)
{
	open_list(l);
	give_back(l);
	take_all_but(l, n);
	assert_int_equal(run(l), n);
	assert_int_equal(l->conns[n]->ack_segs, 1);
	expect_acks(l, 0, n);
}

static void the_next_call_goes_on_where_memory_ended(void **state)
{
	static struct late_list l;

	(void)state;
	open_list_that_ends_after(&l, 5);
	give_back(&l);
	assert_int_equal(run(&l), CONNS - 5);
	expect_acks(&l, 5, CONNS - 5);
	close_list(&l);
}

// The one at which memory ended has had its turn meanwhile: the list's new head is the first one then.
static void whoever_has_had_his_turn_is_passed_over(void **state)
{
	static struct late_list l;

	(void)state;
	open_list_that_ends_after(&l, 3);
	for (unsigned i = 0; i < 6; i++)
		assert_ptr_equal(output_list_pop(l.f.tcp), l.conns[i]);
	give_back(&l);
	assert_int_equal(run(&l), CONNS - 6);
	expect_acks(&l, 6, CONNS - 6);
	close_list(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_waits_for_memory_and_is_sent_once),
		cmocka_unit_test(the_next_call_goes_on_where_memory_ended),
		cmocka_unit_test(whoever_has_had_his_turn_is_passed_over),
	};

	test_eal_init();
	mbufs_pool(0, BUFFERS);
	return cmocka_run_group_tests_name("tcp/overdue_ack", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// The books themselves: a frame, a connection or a buffer that is lost on purpose makes them fail. Without
// this no other test could trust that they close.
// pollux/stats.h, architecture rule 8.
#include <rte_mbuf.h>

#include "support/books.h"
#include "support/eal_main.h"
#include "support/mbufs.h"
#include "support/pair.h"
#include "support/seed.h"

enum { PORT = 9 };

static bool is_connected(struct pair *pair)
{
	return pair_stats(&pair->sides[PAIR_SERVER]).connections == 1
		&& pair_stats(&pair->sides[PAIR_CLIENT]).connections == 1;
}

// A connection, and data on its way from the client.
static plx_conn begin_with_data_under_way(struct pair *pair)
{
	uint8_t bytes[5000] = {0};
	plx_conn conn;

	pair_plan(pair, test_seed(), false);
	pair_begin(pair);
	pair_listen(pair, PORT, NULL, 0);
	conn = pair_connect(pair, PORT, NULL, NULL, 0);
	pair_run(pair, is_connected, PLX_SECOND);
	pair_run_for(pair, PLX_SECOND);
	assert_int_equal(plx_send(pair->sides[PAIR_CLIENT].stack, conn, bytes, sizeof(bytes)),
			 sizeof(bytes));
	pair_output(pair, &pair->sides[PAIR_CLIENT]);
	assert_true(pair->sides[PAIR_CLIENT].link.count >= 3);
	assert_null(pair_books_fault(pair));
	return conn;
}

// Taken off the wire behind everybody's back: sent, but neither lost nor received.
static void frame_stolen_from_the_wire_is_missed(void **state)
{
	struct pair pair;

	(void)state;
	begin_with_data_under_way(&pair);
	link_steal(&pair.sides[PAIR_CLIENT].link);
	assert_string_equal(pair_books_fault(&pair), "frames have vanished between the stacks");
	pair.sides[PAIR_CLIENT].link.lost++;
	assert_null(pair_books_fault(&pair));
	pair_end(&pair);
}

// Delivered by the link, and gone before plx_input().
static void frame_stolen_before_input_is_missed(void **state)
{
	struct link *link;
	struct pair pair;

	(void)state;
	begin_with_data_under_way(&pair);
	link = &pair.sides[PAIR_CLIENT].link;
	rte_pktmbuf_free(
		link_take(link, pair.sides[PAIR_SERVER].config.pool, link_next(link), NULL));
	assert_string_equal(pair_books_fault(&pair),
			    "a stack has not received what the link delivered");
	link->delivered--;
	link->lost++;
	assert_null(pair_books_fault(&pair));
	pair_end(&pair);
}

// Given out by plx_output() and never sent.
static void frame_stolen_behind_output_is_missed(void **state)
{
	struct pair pair;
	struct rte_mbuf *m = NULL;
	plx_conn conn;

	(void)state;
	conn = begin_with_data_under_way(&pair);
	assert_int_equal(plx_abort(pair.sides[PAIR_CLIENT].stack, conn), 0);
	lifecycle_on_close(&pair.sides[PAIR_CLIENT].life, conn);
	assert_int_equal(plx_output(pair.sides[PAIR_CLIENT].stack, &m, 1, pair.now), 1);
	assert_string_equal(pair_books_fault(&pair), "a stack has sent what it did not count");
	assert_int_equal(mbufs_in_use(pair.sides[PAIR_CLIENT].config.pool)
				 - pair.sides[PAIR_CLIENT].buffers_before,
			 1);
	rte_pktmbuf_free(m);
	pair.sides[PAIR_CLIENT].sent_frames++;
	pair_run_for(&pair, PLX_SECOND);
	pair_end(&pair);
}

// One frame less, or more, in any one of the fates or in what was received: the books do not close.
static void every_fate_counts(void **state)
{
	static const enum plx_counter fates[] = {
		PLX_COUNTER_RX_FRAMES, PLX_COUNTER_FATE_CONSUMED, PLX_COUNTER_FATE_ANSWERED,
		PLX_COUNTER_FATE_RETURNED, PLX_COUNTER_FATE_REASSEMBLED};
	struct plx_stats stats;
	struct pair pair;

	(void)state;
	begin_with_data_under_way(&pair);
	pair_run_for(&pair, PLX_SECOND);
	stats = pair_stats(&pair.sides[PAIR_SERVER]);
	assert_true(plx_books_of(&stats).closed);
	for (unsigned i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
		struct plx_stats doctored = stats;

		doctored.counters[fates[i]]++;
		assert_false(plx_books_of(&doctored).closed);
		assert_non_null(books_first_fault(&doctored));
		doctored.counters[fates[i]] -= 2;
		assert_false(plx_books_of(&doctored).closed);
	}
	for (unsigned i = 1; i < PLX_DROP_COUNT; i++) {
		struct plx_stats doctored = stats;

		doctored.drops[i]++;
		assert_false(plx_books_of(&doctored).closed);
	}
	stats.frames_held++;
	assert_false(plx_books_of(&stats).closed);
	pair_end(&pair);
}

static void every_connection_counts(void **state)
{
	static const enum plx_counter lives[] = {PLX_COUNTER_CONN_OPENED_ACTIVE,
						 PLX_COUNTER_CONN_OPENED_PASSIVE,
						 PLX_COUNTER_CONN_CLOSED, PLX_COUNTER_CONN_FAILED};
	struct plx_stats stats;
	struct pair pair;

	(void)state;
	begin_with_data_under_way(&pair);
	stats = pair_stats(&pair.sides[PAIR_CLIENT]);
	assert_true(plx_books_of(&stats).closed);
	for (unsigned i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		struct plx_stats doctored = stats;

		doctored.counters[lives[i]]++;
		assert_false(plx_books_of(&doctored).closed);
		assert_non_null(books_first_fault(&doctored));
	}
	stats.connections++;
	assert_false(plx_books_of(&stats).closed);
	pair_end(&pair);
}

// The figures of the two sides are those of the counters.
static void books_show_what_was_counted(void **state)
{
	struct plx_stats stats;
	struct plx_books books;
	struct pair pair;

	(void)state;
	begin_with_data_under_way(&pair);
	pair_run_for(&pair, PLX_SECOND);
	stats = pair_stats(&pair.sides[PAIR_SERVER]);
	books = plx_books_of(&stats);
	assert_int_equal(books.frames_received, pair.sides[PAIR_CLIENT].link.delivered);
	assert_int_equal(books.connections_opened, 1);
	assert_int_equal(books.connections_open, 1);
	assert_int_equal(books.frames_received,
			 books.frames_consumed + books.frames_answered + books.frames_returned
				 + books.frames_reassembled + books.frames_held
				 + books.frames_dropped);
	pair_end(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frame_stolen_from_the_wire_is_missed),
		cmocka_unit_test(frame_stolen_before_input_is_missed),
		cmocka_unit_test(frame_stolen_behind_output_is_missed),
		cmocka_unit_test(every_fate_counts),
		cmocka_unit_test(every_connection_counts),
		cmocka_unit_test(books_show_what_was_counted),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("pair books", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// The short way of a turn is the general one: of two connections alike one sends by a port that computes nothing, where
// the short way is open, and the other by a port that computes checksums, where it is not. Frames as they leave the
// port, control blocks and all else are the same.
// Room: engine/tcp/ordinary_turn, against engine/tcp/output.
#include "tcp/ordinary_turn.h"

#include "conn_twins.h"
#include "net/answer_queue.h"
#include "support/eal_main.h"
#include "tcp/congestion.h"
#include "tcp/connections.h"
#include "tcp/output.h"
#include "tcp/spare_mbufs.h"

enum { ROUNDS = 40000, MET_AT_LEAST = 40 };

// What is particular about a connection and its turn.
enum {
	HAS_FIN = 1u << 0,
	IPV6 = 1u << 1,
	TIMESTAMPS = 1u << 2,
	NAGLE = 1u << 3,
	NO_NAGLE = 1u << 4,
	ACK_PENDING = 1u << 5,
	SILENT = 1u << 6, // the next hop
	FAILED = 1u << 7,
	NOWHERE = 1u << 8,
	NO_MEMORY = 1u << 9,
	SPARE = 1u << 10,	       // a received buffer waits to be sent
	WINDOW_JUST_ENOUGH = 1u << 11, // a byte more than the record
	WINDOW_FILLED = 1u << 12,      // as much as the record
	WINDOW_TOO_SMALL = 1u << 13,
	CWND_JUST_ENOUGH = 1u << 14,
	CWND_TOO_SMALL = 1u << 15,
	FULL_SEGMENT = 1u << 16,
	LONGER_THAN_MSS = 1u << 17,
	IDLE = 1u << 18,
	IN_FLIGHT = 1u << 19,
	OF_MBUF = 1u << 20,
	OF_EXTERNAL = 1u << 21,
	TWO_RECORDS = 1u << 22,
	NOTHING_UNSENT = 1u << 23,
	ACKS_OWED = 1u << 24,
	PACED = 1u << 25,
	HAS_FLAG = 1u << 26, // that asks for the general way
	BACKED_OFF = 1u << 27,
	TIMER_RUNS = 1u << 28,
	CLOSE_WAIT = 1u << 29,
	CWND_LIMITED = 1u << 30,
	ARMED = 1u << 31, // the wheel, for something that is over
};
static const uint64_t LAST_ACK = UINT64_C(1) << 32;
static const uint64_t WINDOW_SHUT = UINT64_C(1) << 33; // with nothing unsent but FIN

// What must be met, or the test proves nothing.
static const struct shape {
	const char *name;
	uint64_t features;
	bool is_ordinary;
} shapes[] = {
	{"one small record", 0, true},
	{"the last one", HAS_FIN, true},
	{"IPv6", IPV6, true},
	{"the last one, IPv6, with timestamps", HAS_FIN | IPV6 | TIMESTAMPS, true},
	{"with timestamps", TIMESTAMPS, true},
	{"Nagle", NAGLE, true},
	{"no Nagle", NO_NAGLE, true},
	{"with an acknowledgement", ACK_PENDING, true},
	{"next hop unresolved", SILENT, true},
	{"next hop failed", FAILED, true},
	{"no route", NOWHERE, true},
	{"no memory", NO_MEMORY, true},
	{"no memory but a spare buffer", NO_MEMORY | SPARE, true},
	{"a spare buffer", SPARE, true},
	{"window just enough", WINDOW_JUST_ENOUGH, true},
	{"window just enough for FIN", WINDOW_JUST_ENOUGH | HAS_FIN, true},
	{"cwnd just enough", CWND_JUST_ENOUGH, true},
	{"a full segment", FULL_SEGMENT, true},
	{"a full segment and FIN", FULL_SEGMENT | HAS_FIN, true},
	{"a full segment and FIN, the wheel is armed", FULL_SEGMENT | HAS_FIN | ARMED, true},
	{"after a timeout", BACKED_OFF, true},
	{"the timer runs", TIMER_RUNS, true},
	{"the peer has closed", CLOSE_WAIT, true},
	{"the window was used up", CWND_LIMITED, true},
	{"the wheel is armed", ARMED, true},
	{"FIN alone", NOTHING_UNSENT | HAS_FIN, true},
	{"FIN alone, IPv6, with timestamps", NOTHING_UNSENT | HAS_FIN | IPV6 | TIMESTAMPS, true},
	{"FIN alone, with an acknowledgement", NOTHING_UNSENT | HAS_FIN | ACK_PENDING, true},
	{"FIN alone, the peer has closed", NOTHING_UNSENT | HAS_FIN | LAST_ACK, true},
	{"FIN alone, after idle time", NOTHING_UNSENT | HAS_FIN | IDLE, true},
	{"FIN alone, no memory", NOTHING_UNSENT | HAS_FIN | NO_MEMORY, true},
	{"FIN alone, next hop failed", NOTHING_UNSENT | HAS_FIN | FAILED, true},
	{"FIN alone, the timer runs", NOTHING_UNSENT | HAS_FIN | TIMER_RUNS, true},
	{"FIN alone, the wheel is armed", NOTHING_UNSENT | HAS_FIN | ARMED, true},
	{"window filled", WINDOW_FILLED, false},
	{"window filled before FIN", WINDOW_FILLED | HAS_FIN, false},
	{"window too small", WINDOW_TOO_SMALL, false},
	{"cwnd too small", CWND_TOO_SMALL, false},
	{"longer than a segment", LONGER_THAN_MSS, false},
	{"after idle time", IDLE, false},
	{"after idle time, no memory", IDLE | NO_MEMORY, false},
	{"something in flight", IN_FLIGHT | NAGLE, false},
	{"something in flight, no Nagle", IN_FLIGHT | NO_NAGLE, false},
	{"of a buffer", OF_MBUF, false},
	{"of external memory", OF_EXTERNAL, false},
	{"two records", TWO_RECORDS, false},
	{"nothing to send", NOTHING_UNSENT, false},
	{"FIN alone, window of zero", WINDOW_SHUT | HAS_FIN, false},
	{"acknowledgements owed", ACKS_OWED, false},
	{"paced", PACED, false},
	{"something is going on", HAS_FLAG, false},
};

// But for those that end a connection.
static const unsigned flags[] = {CONN_RECOVERY,
				 CONN_PERSIST,
				 CONN_RETRANSMIT_HEAD,
				 CONN_KEEPALIVE,
				 CONN_KEEPALIVE_PROBE,
				 CONN_ECN,
				 CONN_ECE_OWED,
				 CONN_ECN | CONN_CWR_OWED,
				 CONN_CWR,
				 CONN_LOSS,
				 CONN_LOSS | CONN_FRTO,
				 CONN_LOSS | CONN_FRTO_NEW,
				 CONN_TAIL_PROBE,
				 CONN_TAIL_PROBED};

static unsigned met[RTE_DIM(shapes)];
static unsigned met_flag[RTE_DIM(flags)];

// One record not longer than a slab, more often than not.
static void draw_queue(struct twin *side, struct random *dice)
{
	unsigned kind = one_in(dice, 10) ? random_below(dice, 3) : SEND_SLAB;
	uint32_t most = kind != SEND_SLAB ? 1400 : SLAB_BYTES;

	if (one_in(dice, 10)) {
		twin_add_record(side, dice, SEND_SLAB, 1 + random_below(dice, SLAB_BYTES));
		twin_mark_sent(side, dice, false);
	}
	if (one_in(dice, 5))
		return;
	if (kind == SEND_SLAB && !one_in(dice, 4))
		most = RTE_MIN(most, side->c->mss);
	twin_add_record(side, dice, kind, one_in(dice, 4) ? most : 1 + random_below(dice, most));
	if (one_in(dice, 12))
		twin_add_record(side, dice, SEND_MBUF, 1 + random_below(dice, 1400));
}

// Around what there is to send.
static void draw_windows(struct twin *side, struct random *dice)
{
	uint32_t len = send_queue_unsent(side->tcp, side->c);
	struct tcp_conn *c = side->c;

	c->snd.wnd = 65535 + random_below(dice, 65536);
	if (one_in(dice, 4))
		c->snd.wnd = conn_unacked(c) + len + 2 - random_below(dice, 4);
	c->max_snd_wnd = c->snd.wnd + (one_in(dice, 2) ? random_below(dice, 2 * c->snd.wnd) : 0);
	if (c->congestion != CONGESTION_FIXED && one_in(dice, 6))
		c->cwnd = conn_unacked(c) + len + 1 - random_below(dice, 3);
}

static void draw_state(struct twin *side, struct random *dice, void *arg)
{
	struct tcp_conn *c = side->c;

	(void)arg;
	twin_draw_conn(side, dice);
	draw_queue(side, dice);
	draw_windows(side, dice);
	c->state = one_in(dice, 6) ? PLX_STATE_CLOSE_WAIT : PLX_STATE_ESTABLISHED;
	if (one_in(dice, 4)) {
		c->flags |= CONN_FIN_QUEUED;
		c->state = c->state == PLX_STATE_CLOSE_WAIT ? PLX_STATE_LAST_ACK
							    : PLX_STATE_FIN_WAIT_1;
	}
	c->is_paced = one_in(dice, 12);
	c->pace_until_us = one_in(dice, 2) ? 0 : random_u32(dice);
	c->acks_owed = one_in(dice, 12) ? 1 : 0;
	if (one_in(dice, 8))
		twin_give_flags(side, flags[random_below(dice, RTE_DIM(flags))], 0, dice);
	if (c->snd.nxt != c->snd.una || conn_has(c, CONN_PERSIST) || one_in(dice, 8))
		c->rto_deadline = side->tcp->now
			+ (1 + random_below(dice, 500000)) * PLX_MICROSECOND;
	twin_arm(side, dice);
	if (one_in(dice, 6))
		spare_mbufs_put(side->tcp, rte_pktmbuf_alloc(side->f.config.pool));
	conn_wants_output(side->tcp, c);
}

static uint64_t features_of_queue(const struct twin *side)
{
	const struct tcp_conn *c = side->c;
	const struct send_segment *record;
	uint32_t len;

	if (c->queue.unsent == INDEX_NONE)
		return NOTHING_UNSENT | (c->snd.wnd == 0 ? WINDOW_SHUT : 0);
	record = send_segment_at(side->tcp, c->queue.unsent);
	len = record->len_bytes;
	return (c->queue.unsent != c->queue.tail ? TWO_RECORDS : 0)
		| (record->kind == SEND_MBUF ? OF_MBUF : 0)
		| (record->kind == SEND_EXTERNAL ? OF_EXTERNAL : 0)
		| (c->snd.wnd == len + 1 ? WINDOW_JUST_ENOUGH : 0)
		| (c->snd.wnd == len ? WINDOW_FILLED : 0)
		| (c->snd.wnd < len ? WINDOW_TOO_SMALL : 0)
		| (c->cwnd == len ? CWND_JUST_ENOUGH : 0) | (c->cwnd < len ? CWND_TOO_SMALL : 0)
		| (c->mss == len ? FULL_SEGMENT : 0) | (c->mss < len ? LONGER_THAN_MSS : 0);
}

static uint64_t features_of(const struct twins *t, bool has_memory)
{
	static const unsigned of_peer[PEERS] = {[PEER_IPV6] = IPV6,
						[PEER_SILENT] = SILENT,
						[PEER_FAILED] = FAILED,
						[PEER_NOWHERE] = NOWHERE};
	const struct twin *side = &t->sides[0];
	const struct tcp_conn *c = side->c;
	bool has_nagle = conn_option(side->tcp, c, PLX_OPTION_NAGLE) != 0;

	return features_of_queue(side) | of_peer[t->peer] | (has_nagle ? NAGLE : NO_NAGLE)
		| (conn_has(c, CONN_FIN_QUEUED) ? HAS_FIN : 0)
		| (conn_has(c, CONN_TIMESTAMPS) ? TIMESTAMPS : 0)
		| (c->ack_segs > 0 ? ACK_PENDING : 0) | (has_memory ? 0 : NO_MEMORY)
		| (side->tcp->spare.n > 0 ? SPARE : 0) | (turn_is_idle(side->tcp, c) ? IDLE : 0)
		| (c->snd.una != c->snd.nxt ? IN_FLIGHT : 0) | (c->acks_owed > 0 ? ACKS_OWED : 0)
		| (c->is_paced ? PACED : 0) | (conn_has(c, CONN_NOT_ORDINARY_TURN) ? HAS_FLAG : 0)
		| (c->backoff > 0 ? BACKED_OFF : 0)
		| (c->rto_deadline != PLX_TIME_NEVER ? TIMER_RUNS : 0)
		| (c->state == PLX_STATE_CLOSE_WAIT ? CLOSE_WAIT : 0)
		| (c->state == PLX_STATE_LAST_ACK ? LAST_ACK : 0)
		| (c->is_cwnd_limited ? CWND_LIMITED : 0)
		| (c->fine_armed != PLX_TIME_NEVER ? ARMED : 0);
}

static void note_shapes(uint64_t features, unsigned conn_flags, bool is_ordinary)
{
	for (unsigned i = 0; i < RTE_DIM(shapes); i++)
		met[i] += shapes[i].is_ordinary == is_ordinary
			&& (features & shapes[i].features) == shapes[i].features;
	for (unsigned i = 0; i < RTE_DIM(flags); i++)
		met_flag[i] += (conn_flags & flags[i]) == flags[i];
}

// As plx_output() does.
static void run_output(struct twin *side, unsigned max)
{
	struct tx_burst burst = {.frames = side->frames, .max = max};

	output_run(side->tcp, &burst);
	side->n_frames = burst.n;
	side->n_frames += answer_pop(side->tcp->net, side->frames + burst.n,
				     TWINS_FRAMES - burst.n);
}

static void both_run(struct twins *t, unsigned max)
{
	for (unsigned i = 0; i < 2; i++)
		run_output(&t->sides[i], max);
}

// What somebody else has of their buffers.
static struct rte_mbuf *taken[2][TWINS_BUFFERS];
static unsigned n_taken[2];

static void take_all_buffers(const struct twins *t)
{
	for (unsigned i = 0; i < 2; i++) {
		struct rte_mempool *pool = t->sides[i].f.config.pool;

		n_taken[i] = rte_mempool_avail_count(pool);
		assert_int_equal(rte_pktmbuf_alloc_bulk(pool, taken[i], n_taken[i]), 0);
	}
}

static void give_buffers_back(void)
{
	for (unsigned i = 0; i < 2; i++) {
		rte_pktmbuf_free_bulk(taken[i], n_taken[i]);
		n_taken[i] = 0;
	}
}

static bool is_ordinary_turn(const struct twin *side)
{
	return ordinary_record(side->tcp, side->c) != NULL || is_ordinary_fin(side->tcp, side->c);
}

static void one_round(struct twins *t)
{
	bool has_memory = !one_in(&t->dice, 10), is_ordinary;
	struct twin *one = &t->sides[0], *two = &t->sides[1];
	unsigned max = one_in(&t->dice, 8) ? random_below(&t->dice, 3) : TWINS_FRAMES;

	twins_begin_round(t);
	twins_draw(t, draw_state, NULL);
	twins_expect_equal(t, "before");
	is_ordinary = is_ordinary_turn(one);
	assert_false(is_ordinary_turn(two));
	if (max > 0)
		note_shapes(features_of(t, has_memory), one->c->flags, is_ordinary);
	if (!has_memory)
		take_all_buffers(t);
	both_run(t, max);
	if (one->tcp->is_output_blocked) // the next turn says it anew; nothing is in flight until then
		one->c->is_cwnd_limited = two->c->is_cwnd_limited;
	twins_expect_equal(t, is_ordinary ? "the short way" : "the general way");
	give_buffers_back();
	both_run(t, TWINS_FRAMES);
	twins_expect_equal(t, "the turn after it");
	for (unsigned i = 0; i < 2; i++)
		spare_mbufs_return(t->sides[i].tcp);
	twins_end_round(t);
}

static void expect_all_met(void)
{
	for (unsigned i = 0; i < RTE_DIM(shapes); i++)
		if (met[i] < MET_AT_LEAST)
			fail_msg("%s: met %u times", shapes[i].name, met[i]);
	for (unsigned i = 0; i < RTE_DIM(flags); i++)
		if (met_flag[i] < MET_AT_LEAST)
			fail_msg("flags %x: met %u times", flags[i], met_flag[i]);
}

static struct twins twins;

static void short_way_is_the_general_one(void **state)
{
	static const uint32_t offloads[] = {
		PLX_OFFLOAD_TX_TCP_CHECKSUM, PLX_OFFLOAD_TX_IPV4_CHECKSUM,
		PLX_OFFLOAD_TX_TCP_CHECKSUM | PLX_OFFLOAD_TX_IPV4_CHECKSUM};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(offloads); i++) {
		twins_open(&twins, offloads[i]);
		for (unsigned round = 0; round < ROUNDS; round++)
			one_round(&twins);
		twins_close(&twins);
	}
	expect_all_met();
}

// A connection whose turn would be ordinary, but for one thing.
static struct twin *begin_ordinary(struct twins *t)
{
	struct twin *side = &t->sides[0];

	do {
		twins_begin_round(t);
	} while (t->peer != PEER_IPV4);
	side->c->mss = 1460;
	side->c->cwnd = side->c->snd.wnd = 10000;
	side->c->ssthresh = SSTHRESH_UNKNOWN;
	side->c->rtt.rto_us = 200000;
	side->c->last_sent_ms = side->tcp->now_ms;
	twin_add_record(side, &t->dice, SEND_SLAB, 100);
	assert_non_null(ordinary_record(side->tcp, side->c));
	return side;
}

// Whatever the general way does about it.
static void each_flag_asks_for_the_general_way(void **state)
{
	static const unsigned ends[] = {CONN_RST_OWED, CONN_ENDED, CONN_OFF_WIRE, CONN_FIN_SENT};

	(void)state;
	twins_open(&twins, 0);
	for (unsigned i = 0; i < RTE_DIM(ends) + RTE_DIM(flags); i++) {
		struct twin *side = begin_ordinary(&twins);

		side->c->flags |= i < RTE_DIM(ends) ? ends[i] : flags[i - RTE_DIM(ends)];
		assert_null(ordinary_record(side->tcp, side->c));
		twins_end_round(&twins);
	}
	twins_close(&twins);
}

// Before the handshake is over nothing but SYN is sent.
static void unsynchronized_states_ask_for_the_general_way(void **state)
{
	static const unsigned states[] = {PLX_STATE_SYN_SENT, PLX_STATE_SYN_RECEIVED};
	struct twin *side;

	(void)state;
	twins_open(&twins, 0);
	side = begin_ordinary(&twins);
	for (unsigned i = 0; i < RTE_DIM(states); i++) {
		side->c->state = (uint8_t)states[i];
		assert_null(ordinary_record(side->tcp, side->c));
	}
	side->c->state = PLX_STATE_ESTABLISHED;
	twins_end_round(&twins);
	twins_close(&twins);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_way_is_the_general_one),
		cmocka_unit_test(each_flag_asks_for_the_general_way),
		cmocka_unit_test(unsynchronized_states_ask_for_the_general_way),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("tcp/ordinary_turn", tests, NULL, NULL);
}

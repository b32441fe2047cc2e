// SPDX-License-Identifier: BSD-3-Clause
//
// The short way of an acknowledgement is the general one where it goes at all, and touches nothing where it does not:
// of two connections alike one is given to either, in any state and for any segment that header prediction lets pass.
// Room: engine/tcp/ordinary_ack, against engine/tcp/ack.
#include "tcp/ordinary_ack.h"

#include "conn_twins.h"
#include "support/eal_main.h"

enum { ROUNDS = 60000, MET_AT_LEAST = 100 };

// What is particular about a connection and its segment.
enum {
	HAS_TEXT = 1u << 0,
	IS_NEW = 1u << 1,
	IS_OF_ALL = 1u << 2, // that is in flight
	IS_OF_PART = 1u << 31,
	IN_FLIGHT = 1u << 3,
	TWO_RECORDS = 1u << 4,
	HAS_UNSENT = 1u << 5,
	OF_MBUF = 1u << 6,
	OF_EXTERNAL = 1u << 7,
	WAS_RESENT = 1u << 8,
	WINDOW_SHUT = 1u << 9,
	WINDOW_CHANGED = 1u << 10,
	WINDOW_GROWN = 1u << 11, // beyond the largest so far
	CWND_LIMITED = 1u << 12,
	AVOIDANCE = 1u << 13, // no slow start
	NEWRENO = 1u << 14,
	FIXED = 1u << 15,
	CUBIC = 1u << 16,
	DCTCP = 1u << 17,
	BACKED_OFF = 1u << 18,
	DUPLICATES = 1u << 19,
	PARTIAL_ACK = 1u << 20,
	FIRST_SAMPLE = 1u << 21,
	RECOVER_FAR = 1u << 22,
	HAS_FLAG = 1u << 23, // that asks for the general way
	TRIMMED = 1u << 24,  // part of the record was acknowledged before
	STALE_NEIGHBOR = 1u << 25,
	TIMESTAMPS = 1u << 26,
	IPV6 = 1u << 27,
	WAS_SHUT = 1u << 28,
	BEHIND = 1u << 29, // it begins to send all of it again
	OLDER = 1u << 30,  // a segment with a later sequence number has set the window
};
static const uint64_t FIN_SENT = UINT64_C(1) << 32;
static const uint64_t FIN_ALONE = UINT64_C(1) << 33;

// What must be met, or the test proves nothing. Of each shape that is ordinary all else is ordinary too.
static const struct shape {
	const char *name;
	uint64_t features;
	bool is_ordinary;
} shapes[] = {
	{"nothing in flight and nothing said", 0, true},
	{"text, with nothing in flight", HAS_TEXT, true},
	{"text, with something in flight", HAS_TEXT | IN_FLIGHT, true},
	{"text, with more than a record in flight", HAS_TEXT | TWO_RECORDS, true},
	{"text, in congestion avoidance", HAS_TEXT | AVOIDANCE, true},
	{"all of it", IS_NEW, true},
	{"all of it, with text", IS_NEW | HAS_TEXT, true},
	{"all of it, by IPv6", IS_NEW | IPV6, true},
	{"all of it, NewReno", IS_NEW | NEWRENO, true},
	{"all of it, fixed", IS_NEW | FIXED, true},
	{"all of it, CUBIC", IS_NEW | CUBIC, true},
	{"all of it, another window", IS_NEW | WINDOW_CHANGED, true},
	{"all of it, the widest window so far", IS_NEW | WINDOW_GROWN, true},
	{"all of it, after a timeout", IS_NEW | BACKED_OFF, true},
	{"all of it, after duplicates", IS_NEW | DUPLICATES, true},
	{"all of it, after a partial one", IS_NEW | PARTIAL_ACK, true},
	{"all of it, the first sample", IS_NEW | FIRST_SAMPLE, true},
	{"all of it, `recover` far behind", IS_NEW | RECOVER_FAR, true},
	{"all that is left of it", IS_NEW | TRIMMED, true},
	{"text that fills a gap", HAS_TEXT | OLDER, true},
	{"all of it, by what fills a gap", IS_NEW | OLDER, true},
	{"all of it, by what fills a gap, another window", IS_NEW | OLDER | WINDOW_CHANGED, true},
	{"all of it, by a doubtful neighbour", IS_NEW | STALE_NEIGHBOR, true},
	{"all of it, with timestamps", IS_NEW | TIMESTAMPS, true},
	{"all of it, sent again after probes", IS_NEW | BEHIND, true},
	{"all of it and FIN", IS_NEW | FIN_SENT, true},
	{"all of it and FIN, with text", IS_NEW | FIN_SENT | HAS_TEXT, true},
	{"all of it and FIN, another window", IS_NEW | FIN_SENT | WINDOW_CHANGED, true},
	{"FIN alone", IS_NEW | FIN_ALONE, true},
	{"FIN alone, with text", IS_NEW | FIN_ALONE | HAS_TEXT, true},
	{"FIN alone, another window", IS_NEW | FIN_ALONE | WINDOW_CHANGED, true},
	{"FIN alone, sent again", IS_NEW | FIN_ALONE | BEHIND, true},
	{"FIN alone, after a timeout", IS_NEW | FIN_ALONE | BACKED_OFF, true},
	{"text, with FIN in flight", HAS_TEXT | FIN_ALONE, true},
	{"a duplicate", IN_FLIGHT, false},
	{"a duplicate, with FIN in flight", FIN_ALONE, false},
	{"all but FIN", IS_OF_PART | FIN_SENT, false},
	{"FIN alone, congestion avoidance", IS_OF_ALL | FIN_ALONE | AVOIDANCE, false},
	{"FIN alone, while something is going on", IS_OF_ALL | FIN_ALONE | HAS_FLAG, false},
	{"another window and nothing else", WINDOW_CHANGED, false},
	{"another window with text", WINDOW_CHANGED | HAS_TEXT, false},
	{"a window of zero", WINDOW_SHUT, false},
	{"text, by a window that stays zero", WINDOW_SHUT | WAS_SHUT | HAS_TEXT | IN_FLIGHT, false},
	{"all of it, a window of zero", IS_OF_ALL | WINDOW_SHUT, false},
	{"part of it", IS_OF_PART, false},
	{"of two records", IS_OF_ALL | TWO_RECORDS, false},
	{"something unsent behind it", IS_OF_ALL | HAS_UNSENT, false},
	{"of a buffer", IS_OF_ALL | OF_MBUF, false},
	{"of external memory", IS_OF_ALL | OF_EXTERNAL, false},
	{"of what was sent again", IS_OF_ALL | WAS_RESENT, false},
	{"the window was used up", IS_OF_ALL | CWND_LIMITED, false},
	{"congestion avoidance", IS_OF_ALL | AVOIDANCE, false},
	{"DCTCP counts", IS_OF_ALL | DCTCP, false},
	{"all of it, while something is going on", IS_OF_ALL | HAS_FLAG, false},
	{"text, while something is going on", HAS_TEXT | HAS_FLAG, false},
};

static const unsigned flags[] = {
	CONN_ECN,
	CONN_RECOVERY,
	CONN_CWR,
	CONN_LOSS,
	CONN_FRTO,
	CONN_FRTO_NEW,
	CONN_TAIL_PROBE,
	CONN_TAIL_PROBED,
	CONN_FIN_QUEUED,
	CONN_RETRANSMIT_HEAD,
	CONN_WANTS_WRITABLE,
	CONN_TAIL_PROBED | CONN_TAIL_RESENT,
};

static unsigned met[RTE_DIM(shapes)];
static unsigned met_flag[RTE_DIM(flags)][2];

// One small record in flight, sent once, more often than not.
static void draw_queue(struct twin *side, struct random *dice)
{
	unsigned n = one_in(dice, 6) ? random_below(dice, 4) : 1;

	for (unsigned i = 0; i < n; i++) {
		unsigned kind = one_in(dice, 6) ? random_below(dice, 3) : SEND_SLAB;

		twin_add_record(side, dice, kind,
				1 + random_below(dice, kind == SEND_SLAB ? SLAB_BYTES : 1400));
		twin_mark_sent(side, dice, one_in(dice, 8));
	}
	if (one_in(dice, 8))
		twin_add_record(side, dice, SEND_SLAB, 1 + random_below(dice, SLAB_BYTES));
}

// FIN is in flight behind what is, or alone.
static void send_fin(struct tcp_conn *c, struct random *dice)
{
	if (c->queue.unsent != INDEX_NONE)
		return;
	c->flags |= CONN_FIN_QUEUED | CONN_FIN_SENT;
	c->state = one_in(dice, 2) ? PLX_STATE_FIN_WAIT_1 : PLX_STATE_LAST_ACK;
	c->snd.nxt++;
	c->rtx = c->snd.nxt;
}

// The beginning of what is in flight has been acknowledged before.
static void acknowledge_part(struct twin *side, struct random *dice)
{
	uint32_t unacked = conn_unacked(side->c);
	struct send_queue_freed freed;

	if (unacked < 2)
		return;
	side->c->snd.una += 1 + random_below(dice, unacked - 1);
	send_queue_acknowledge(side->tcp, side->c, side->c->snd.una, &freed);
}

static void draw_state(struct twin *side, struct random *dice, void *arg)
{
	struct tcp_conn *c = side->c;

	(void)arg;
	twin_draw_conn(side, dice);
	if (!one_in(dice, 4))
		draw_queue(side, dice);
	if (one_in(dice, 3))
		send_fin(c, dice);
	if (one_in(dice, 8))
		acknowledge_part(side, dice);
	if (one_in(dice, 6))
		twin_give_flags(side, flags[random_below(dice, RTE_DIM(flags))],
				random_below(dice, 2), dice);
	if (one_in(dice, 6))
		c->rtx = c->snd.una; // as after probes of a closed window
	if (one_in(dice, 16))
		c->snd.wnd = 0;
	c->rto_deadline = c->snd.nxt == c->snd.una
		? PLX_TIME_NEVER
		: side->tcp->now + (1 + random_below(dice, 500000)) * PLX_MICROSECOND;
	twin_arm(side, dice);
}

static uint32_t draw_ack(const struct tcp_conn *c, struct random *dice)
{
	if (one_in(dice, 3))
		return c->snd.una;
	return one_in(dice, 6) ? c->snd.una + random_below(dice, conn_unacked(c) + 1) : c->snd.nxt;
}

// What header prediction promises: in order, SND.UNA =< SEG.ACK =< SND.NXT, no flags but ACK and PSH.
static void draw_segment(struct tcp_conn *c, struct random *dice, struct segment *seg)
{
	*seg = (struct segment){0};
	seg->tcp.seq = c->rcv.nxt;
	seg->tcp.ack = draw_ack(c, dice);
	seg->tcp.flags = TCP_ACK | (one_in(dice, 2) ? TCP_PSH : 0);
	seg->tcp.window = (uint16_t)(c->snd.wnd >> c->snd_wscale);
	if (one_in(dice, 4))
		seg->tcp.window = (uint16_t)random_u32(dice);
	if (one_in(dice, 16))
		seg->tcp.window = 0;
	seg->len_bytes = one_in(dice, 2) ? 1 + random_below(dice, 1460) : 0;
	seg->tcp.options.has_timestamps = conn_has(c, CONN_TIMESTAMPS);
	seg->tcp.options.ts_val = c->ts_recent;
	seg->tcp.options.ts_ecr = one_in(dice, 8) ? 0 : random_u32(dice);
}

static unsigned features_of_queue(const struct twin *side)
{
	const struct tcp_conn *c = side->c;
	const struct send_segment *head;

	if (c->queue.head == INDEX_NONE)
		return 0;
	head = send_segment_at(side->tcp, c->queue.head);
	return (c->queue.head != c->queue.tail && c->queue.unsent == INDEX_NONE ? TWO_RECORDS : 0)
		| (c->queue.unsent != INDEX_NONE ? HAS_UNSENT : 0)
		| (head->kind == SEND_MBUF ? OF_MBUF : 0)
		| (head->kind == SEND_EXTERNAL ? OF_EXTERNAL : 0)
		| ((head->flags & SEND_RESENT) != 0 ? WAS_RESENT : 0)
		| (head->kind == SEND_SLAB && head->offset > 0 ? TRIMMED : 0);
}

static unsigned features_of_segment(const struct tcp_conn *c, const struct segment *seg)
{
	uint32_t wnd = (uint32_t)seg->tcp.window << c->snd_wscale;
	bool is_new = seg->tcp.ack != c->snd.una;

	return (seg->len_bytes > 0 ? HAS_TEXT : 0) | (is_new ? IS_NEW : 0)
		| (is_new && seg->tcp.ack == c->snd.nxt ? IS_OF_ALL : 0)
		| (is_new && seg->tcp.ack != c->snd.nxt ? IS_OF_PART : 0)
		| (wnd == 0 ? WINDOW_SHUT : 0) | (wnd != c->snd.wnd ? WINDOW_CHANGED : 0)
		| (wnd > c->max_snd_wnd ? WINDOW_GROWN : 0)
		| (seq_is_after(c->snd.wl1, seg->tcp.seq) ? OLDER : 0);
}

static uint64_t features_of(const struct twins *t, const struct segment *seg)
{
	static const unsigned algorithms[] = {NEWRENO, FIXED, CUBIC, DCTCP};
	const struct twin *side = &t->sides[0];
	const struct tcp_conn *c = side->c;

	return features_of_queue(side) | features_of_segment(c, seg) | algorithms[c->congestion]
		| (conn_has(c, CONN_FIN_SENT) ? FIN_SENT : 0)
		| (conn_has(c, CONN_FIN_SENT) && c->queue.head == INDEX_NONE ? FIN_ALONE : 0)
		| (c->snd.nxt != c->snd.una ? IN_FLIGHT : 0) | (c->snd.wnd == 0 ? WAS_SHUT : 0)
		| (c->rtx != c->snd.nxt ? BEHIND : 0) | (c->is_cwnd_limited ? CWND_LIMITED : 0)
		| (c->cwnd >= c->ssthresh ? AVOIDANCE : 0) | (c->backoff > 0 ? BACKED_OFF : 0)
		| (c->dupacks > 0 ? DUPLICATES : 0) | (c->has_partial_ack ? PARTIAL_ACK : 0)
		| (c->rtt.srtt_8th_us == 0 ? FIRST_SAMPLE : 0)
		| ((c->snd.nxt - c->recover) >> 30 == 1 ? RECOVER_FAR : 0)
		| (conn_has(c, CONN_NOT_ORDINARY_ACK) ? HAS_FLAG : 0)
		| (conn_has(c, CONN_TIMESTAMPS) ? TIMESTAMPS : 0)
		| (t->peer == PEER_LEARNED ? STALE_NEIGHBOR : 0)
		| (t->peer == PEER_IPV6 ? IPV6 : 0);
}

static void note_shapes(uint64_t features, unsigned conn_flags, bool is_ordinary)
{
	for (unsigned i = 0; i < RTE_DIM(shapes); i++)
		met[i] += shapes[i].is_ordinary == is_ordinary
			&& (features & shapes[i].features) == shapes[i].features;
	for (unsigned i = 0; i < RTE_DIM(flags); i++)
		if ((conn_flags & flags[i]) == flags[i])
			met_flag[i][(features & IS_NEW) != 0]++;
}

static void one_round(struct twins *t)
{
	struct twin *one = &t->sides[0], *two = &t->sides[1];
	struct segment seg, same;
	unsigned conn_flags;
	uint64_t features;
	bool is_ordinary;

	twins_begin_round(t);
	twins_draw(t, draw_state, NULL);
	draw_segment(one->c, &t->dice, &seg);
	same = seg;
	twins_expect_equal(t, "before");
	features = features_of(t, &seg);
	conn_flags = one->c->flags;
	is_ordinary = ordinary_ack(one->tcp, one->c, &seg);
	note_shapes(features, conn_flags, is_ordinary);
	if (!is_ordinary) {
		twins_expect_equal(t, "refused");
		ack_process(one->tcp, one->c, &seg);
	}
	ack_process(two->tcp, two->c, &same);
	assert_memory_equal(&seg, &same, sizeof(seg));
	twins_expect_equal(t, is_ordinary ? "the short way" : "the general way");
	twins_end_round(t);
}

static void short_way_is_the_general_one(void **state)
{
	static struct twins twins;

	(void)state;
	twins_open(&twins, 0);
	for (unsigned i = 0; i < ROUNDS; i++)
		one_round(&twins);
	twins_close(&twins);
	for (unsigned i = 0; i < RTE_DIM(shapes); i++)
		if (met[i] < MET_AT_LEAST)
			fail_msg("%s: met %u times", shapes[i].name, met[i]);
	for (unsigned i = 0; i < RTE_DIM(flags); i++)
		for (unsigned is_new = 0; is_new < 2; is_new++)
			if (met_flag[i][is_new] < MET_AT_LEAST)
				fail_msg("flags %x: met %u times", flags[i], met_flag[i][is_new]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_way_is_the_general_one),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("tcp/ordinary_ack", tests, NULL, NULL);
}

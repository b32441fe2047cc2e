// SPDX-License-Identifier: BSD-3-Clause
//
// Two stacks that must not differ, see conn_twins.h.
// A state is drawn anew in each round, so that it can be any that the rooms between them lead to.
// Called by tests of ways that must come to the same.
#include "conn_twins.h"

#include <string.h>

#include <rte_mbuf.h>

#include "net/answer_queue.h"
#include "net/neighbor_table.h"
#include "support/mbufs.h"
#include "support/seed.h"
#include "tcp/congestion.h"
#include "tcp/connections.h"
#include "tcp/send_queue.h"
#include "tcp/timers.h"

enum { TEXT_BYTES = 4096, FAILING_MS = 1000, FAILING_STEPS = 10 };

static const char *const peers[PEERS] = {"198.18.0.1", "fd00::1",    "198.18.0.7",
					 "198.18.0.8", "198.18.0.9", "192.0.2.1"};
static const struct mac_addr mac = {{2, 0, 0, 0, 0, 1}};
static uint8_t text[TEXT_BYTES]; // what records are made of

static struct plx_addr addr_of(enum twins_peer peer)
{
	struct plx_addr addr;

	assert_int_equal(plx_addr_parse(peers[peer], &addr), 0);
	return addr;
}

static void open_conn(struct twin *side, unsigned i, struct random *dice)
{
	struct flow_key key = tcp_fixture_key(peers[i / TWINS_PROFILES],
					      (uint16_t)(FIXTURE_LOCAL_PORT + i));
	struct plx_option_value options[] = {
		{PLX_OPTION_NAGLE, random_below(dice, 2)},
		{PLX_OPTION_SOFT_ERRORS, random_below(dice, 2)},
		{PLX_OPTION_USER_TIMEOUT, one_in(dice, 4) ? 50 * PLX_MILLISECOND : 0},
		{PLX_OPTION_RTO_MIN, (one_in(dice, 2) ? 10 : 200) * PLX_MILLISECOND},
		{PLX_OPTION_DSCP, random_below(dice, 64)},
	};

	if (i / TWINS_PROFILES == PEER_IPV6)
		assert_int_equal(plx_addr_parse("fd00::2", &key.local), 0);
	side->c = side->conns[i] = tcp_fixture_conn(&side->f, &key, 1, 1);
	assert_int_equal(option_profile_change(&side->tcp->profiles, &side->c->profile, options,
					       RTE_DIM(options)),
			 0);
	side->untouched[i] = *side->c;
}

static void open_side(struct twins *t, unsigned which, uint32_t offloads)
{
	struct twin *side = &t->sides[which];
	struct rte_mempool *pool = mbufs_pool(which, TWINS_BUFFERS);
	struct plx_address addresses[] = {{.prefix_len = 24}, {.prefix_len = 64}};
	struct plx_neighbor neighbors[] = {{.addr = addr_of(PEER_IPV4)},
					   {.addr = addr_of(PEER_IPV6)}};
	struct random dice = t->dice;

	side->f = tcp_fixture_prepare();
	assert_int_equal(plx_addr_parse("198.18.0.2", &addresses[0].addr), 0);
	assert_int_equal(plx_addr_parse("fd00::2", &addresses[1].addr), 0);
	for (unsigned i = 0; i < RTE_DIM(neighbors); i++)
		memcpy(neighbors[i].mac, mac.bytes, sizeof(mac.bytes));
	side->f.config.pool = pool;
	side->f.config.link = PLX_LINK_ETHERNET;
	side->f.config.mac[0] = 2;
	side->f.config.mac[5] = 2;
	side->f.config.addresses = addresses;
	side->f.config.n_addresses = RTE_DIM(addresses);
	side->f.config.neighbors = neighbors;
	side->f.config.n_neighbors = RTE_DIM(neighbors);
	side->f.config.max_neighbors = 16;
	side->f.config.offloads = offloads;
	side->offloads = offloads;
	side->n_frames = 0;
	tcp_fixture_open(&side->f);
	side->tcp = side->f.tcp;
	for (unsigned i = 0; i < TWINS_CONNS; i++)
		open_conn(side, i, &dice);
}

void twins_open(struct twins *t, uint32_t offloads)
{
	t->seed = test_seed();
	random_init_seed(&t->dice, t->seed + 1);
	for (unsigned i = 0; i < TEXT_BYTES; i++)
		text[i] = (uint8_t)random_u32(&t->dice);
	t->now = 1000 * PLX_SECOND;
	open_side(t, 0, 0);
	open_side(t, 1, offloads);
}

void twins_close(struct twins *t)
{
	for (unsigned i = 2; i-- > 0;) {
		struct twin *side = &t->sides[i];

		for (unsigned k = 0; k < TWINS_CONNS; k++)
			tcp_fixture_end(&side->f, side->conns[k]);
		tcp_fixture_close(&side->f);
	}
}

static void drop_frames(struct twin *side)
{
	rte_pktmbuf_free_bulk(side->frames, side->n_frames);
	side->n_frames = 0;
	while ((side->n_frames = answer_pop(side->tcp->net, side->frames, TWINS_FRAMES)) > 0)
		rte_pktmbuf_free_bulk(side->frames, side->n_frames);
}

// Has asked in vain, some seconds ago or just now.
static void fail_neighbor(struct twins *t, struct twin *side)
{
	struct plx_addr addr = addr_of(PEER_FAILED);
	struct neighbor_ref ref = neighbor_find_or_begin(side->tcp->net, &addr);
	plx_time now = t->now - (plx_time)FAILING_STEPS * FAILING_MS * PLX_MILLISECOND;

	neighbor_resolve(side->tcp->net, ref.idx, now);
	for (unsigned i = 0; i < FAILING_STEPS; i++) {
		now += FAILING_MS * PLX_MILLISECOND;
		neighbor_poll(side->tcp->net, now);
	}
	assert_int_equal(neighbor_at(&side->tcp->net->neighbors, ref.idx)->state, NEIGHBOR_FAILED);
	drop_frames(side);
}

static void learn_neighbor(struct twins *t, struct twin *side, bool is_doubted)
{
	struct net *net = side->tcp->net;
	struct plx_addr addr = addr_of(PEER_LEARNED);
	struct neighbor_ref ref = neighbor_find_or_begin(net, &addr);

	assert_true(neighbor_learn(net, &addr, &mac, NEIGHBOR_ANSWERS, t->now - PLX_SECOND));
	if (is_doubted)
		neighbor_doubt(net, ref.idx);
	side->c->neighbor = ref;
}

static void begin_side(struct twins *t, struct twin *side, unsigned which, struct random *dice)
{
	tcp_set_time(side->tcp, t->now);
	side->c = side->conns[which];
	*side->c = side->untouched[which];
	if (t->peer == PEER_FAILED)
		fail_neighbor(t, side);
	if (t->peer == PEER_LEARNED)
		learn_neighbor(t, side, one_in(dice, 2));
}

void twins_begin_round(struct twins *t)
{
	unsigned which = random_below(&t->dice, TWINS_CONNS);
	struct random dice[2];

	if (!one_in(&t->dice, 4))
		which %= 2 * TWINS_PROFILES;
	t->peer = which / TWINS_PROFILES;
	t->now += 20 * PLX_SECOND + random_below(&t->dice, 1000000) * PLX_MICROSECOND;
	dice[0] = dice[1] = t->dice;
	for (unsigned i = 0; i < 2; i++)
		begin_side(t, &t->sides[i], which, &dice[i]);
	t->dice = dice[0];
}

static void forget_neighbor(struct twin *side, enum twins_peer peer)
{
	struct plx_addr addr = addr_of(peer);
	uint32_t idx = neighbor_find(side->tcp->net, &addr);

	if (idx != INDEX_NONE)
		neighbor_remove(side->tcp->net, idx);
}

void twins_end_round(struct twins *t)
{
	for (unsigned i = 0; i < 2; i++) {
		struct twin *side = &t->sides[i];

		send_queue_clear(side->tcp, side->c);
		timers_stop(side->tcp, side->c);
		while (output_list_pop(side->tcp) != NULL)
			;
		while (ready_list_pop(side->tcp) != NULL)
			;
		side->c->events = 0;
		side->c->flags = 0;
		drop_frames(side);
		forget_neighbor(side, PEER_SILENT);
		forget_neighbor(side, PEER_FAILED);
		forget_neighbor(side, PEER_LEARNED);
	}
}

void twins_draw(struct twins *t, void (*draw)(struct twin *side, struct random *dice, void *arg),
		void *arg)
{
	struct random dice[] = {t->dice, t->dice};

	for (unsigned i = 0; i < 2; i++)
		draw(&t->sides[i], &dice[i], arg);
	t->dice = dice[0];
}

// What its algorithm and the history of a loss have left.
static void draw_congestion(struct tcp_conn *c, struct random *dice)
{
	uint32_t *words = (uint32_t *)(void *)c->congestion_state;

	c->congestion = random_below(dice, CONGESTION_COUNT) & 7;
	congestion_begin(c, 10);
	for (unsigned i = 0; i < CONGESTION_STATE_BYTES / 4; i++)
		words[i] = 1 + random_below(dice, 1 << 20);
	if (!congestion_of(c)->is_fixed)
		c->cwnd = c->mss * (1 + random_below(dice, 40)) + random_below(dice, c->mss);
	c->reordering = (3 + random_below(dice, 29)) & 31;
	if (one_in(dice, 2)) {
		c->ssthresh = c->cwnd + random_below(dice, 3 * c->mss);
		if (one_in(dice, 4))
			c->ssthresh = 2 * c->mss;
		c->loss.pipe_prev = random_below(dice, 3) * c->mss;
		c->loss.flight = random_below(dice, 100000);
		c->loss.resent_ts = random_u32(dice);
	} else {
		c->hystart.samples = (uint8_t)random_below(dice, 9);
		c->hystart.css_rounds = (uint8_t)random_below(dice, 6);
	}
	c->is_cwnd_limited = one_in(dice, 6);
}

static void draw_estimates(const struct tcp *tcp, struct tcp_conn *c, struct random *dice)
{
	if (!one_in(dice, 4)) {
		c->rtt.srtt_8th_us = 8 * random_below(dice, 300000);
		c->rtt.rttvar_4th_us = 4 * random_below(dice, 100000);
	}
	c->rtt.rto_us = 10000 + random_below(dice, 500000);
	c->has_data_rtt = c->rtt.srtt_8th_us != 0 && !one_in(dice, 4);
	c->backoff = one_in(dice, 4) ? (uint8_t)(1 + random_below(dice, 4)) : 0;
	c->dupacks = one_in(dice, 4) ? (uint16_t)(1 + random_below(dice, 4)) : 0;
	c->has_partial_ack = one_in(dice, 8);
	c->retransmits = random_below(dice, 10);
	c->last_sent_ms = tcp->now_ms - random_below(dice, one_in(dice, 4) ? 5000 : 300);
	c->stalled_ms = tcp->now_ms - random_below(dice, 5000);
	if (one_in(dice, 8))
		c->recover = c->snd.una - (UINT32_C(1) << 30) - random_below(dice, 1 << 30);
}

void twin_give_flags(struct twin *side, uint32_t flags, uint32_t recover_behind,
		     struct random *dice)
{
	struct tcp_conn *c = side->c;

	c->flags |= flags;
	if (conn_has(c, CONN_RECOVERY | CONN_LOSS | CONN_CWR | CONN_TAIL_PROBED))
		c->recover = c->snd.nxt - recover_behind;
	if (conn_has(c, CONN_FRTO | CONN_FRTO_NEW))
		c->flags |= CONN_LOSS;
	if (conn_has(c, CONN_RECOVERY | CONN_LOSS | CONN_CWR) && c->ssthresh == SSTHRESH_UNKNOWN) {
		c->ssthresh = 4u * c->mss;
		c->loss = (struct loss){.flight = c->queue.bytes};
	}
	if (conn_has(c, CONN_KEEPALIVE))
		c->coarse_deadline = side->tcp->now + random_below(dice, 100) * PLX_SECOND;
	if (conn_has(c, CONN_LOSS) && one_in(dice, 2))
		c->rtx = c->snd.una;
}

void twin_draw_conn(struct twin *side, struct random *dice)
{
	static const uint16_t sizes[] = {52, 100, 256, 536, 1448, 1460};
	struct tcp_conn *c = side->c;

	c->mss = sizes[random_below(dice, RTE_DIM(sizes))];
	c->snd_wscale = random_below(dice, 15) & 15;
	c->rcv_wscale = random_below(dice, 15) & 15;
	c->flags = (one_in(dice, 2) ? CONN_TIMESTAMPS : 0)
		| (one_in(dice, 2) ? CONN_WINDOW_SCALE : 0) | (one_in(dice, 4) ? CONN_ACK_NOW : 0);
	c->snd.una = c->snd.nxt = c->rtx = random_u32(dice);
	c->iss = c->snd.una - 1;
	c->rcv.nxt = random_u32(dice);
	c->irs = c->rcv.nxt - 1;
	c->rcv.adv = c->rcv.nxt + random_below(dice, 65536);
	c->snd.wl1 = c->rcv.nxt - random_below(dice, 3) * 1000;
	if (one_in(dice, 8))
		c->snd.wl1 = c->rcv.nxt + 1
			+ random_below(dice, 3000); // of an ACK from behind a gap
	c->snd.wnd = (1 + random_below(dice, 65535)) << c->snd_wscale;
	c->max_snd_wnd = c->snd.wnd + (one_in(dice, 2) ? random_below(dice, 100000) : 0);
	c->ts_recent = random_u32(dice);
	c->ts_offset = random_u32(dice);
	c->ack_segs = one_in(dice, 2) ? (uint8_t)random_below(dice, 3) : 0;
	if (c->ack_segs > 0 && one_in(dice, 2))
		c->ack_deadline = side->tcp->now + random_below(dice, 40000) * PLX_MICROSECOND;
	draw_congestion(c, dice);
	draw_estimates(side->tcp, c, dice);
}

void twin_add_record(struct twin *side, struct random *dice, unsigned kind, uint32_t len_bytes)
{
	const uint8_t *from = text + random_below(dice, TEXT_BYTES - len_bytes);
	struct plx_external external = {.data = from, .len_bytes = len_bytes};
	struct rte_mbuf *m;

	if (kind == SEND_SLAB) {
		assert_int_equal(send_queue_append_copy(side->tcp, side->c, from, len_bytes),
				 len_bytes);
		return;
	}
	if (kind == SEND_EXTERNAL) {
		assert_int_equal(
			send_queue_append_external(side->tcp, side->c, &external, len_bytes),
			len_bytes);
		return;
	}
	m = rte_pktmbuf_alloc(side->f.config.pool);
	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len_bytes), from, len_bytes);
	assert_int_equal(send_queue_append_mbuf(side->tcp, side->c, m), 0);
}

void twin_mark_sent(struct twin *side, struct random *dice, bool was_resent)
{
	struct tcp_conn *c = side->c;

	for (uint32_t idx = c->queue.unsent; idx != INDEX_NONE;) {
		struct send_segment *record = send_segment_at(side->tcp, idx);

		record->sent_at = side->tcp->now - random_below(dice, 400000) * PLX_MICROSECOND;
		record->flags |= was_resent ? SEND_RESENT : 0;
		idx = record->next;
	}
	c->queue.unsent = INDEX_NONE;
	c->snd.nxt = c->rtx = c->snd.una + c->queue.bytes;
}

void twin_arm(struct twin *side, struct random *dice)
{
	struct tcp_conn *c = side->c;
	plx_time earlier = side->tcp->now + random_below(dice, 600000) * PLX_MICROSECOND;

	if (one_in(dice, 2)) {
		timer_arm(side->tcp->fine, conn_index(side->tcp, c), earlier);
		c->fine_armed = earlier;
	}
	timers_update(side->tcp, c);
}

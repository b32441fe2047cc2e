// SPDX-License-Identifier: BSD-3-Clause
//
// A burst of n gives what n bursts of one give, except for merged in-order ACKs: a segment may have been looked
// up before the one in front of it promoted, freed or reopened what it found. Two stacks of the same seed get
// the same random segments, one in bursts and one by one. Architecture, "Burst look-up can be stale".
#include <stdlib.h>

#include "base/flow_key.h"
#include "base/flow_table.h"
#include "base/random.h"
#include <rte_mbuf.h>

#include "support/eal_main.h"
#include "support/seed.h"
#include "support/user.h"

enum {
	RUNS = 100,
	FLOWS = 6,
	SEGMENTS = 120,
	UNIT_BYTES = 100,
	UNITS = 30, // of the stream that a flow's segments are cut from
	BURST_MAX = 24,
	POOL_BUFFERS = 1024,
};

struct flow {
	uint16_t port;
	uint32_t snd_nxt; // of the stacks
};

// What is left of a run, in an order that does not depend on how it came about.
struct outcome {
	struct plx_stats stats;
	uint32_t masks[FIXTURE_EVENTS];
	unsigned n_masks;
	struct plx_info infos[FLOWS];
	unsigned n_infos;
};

static struct seg draw_segment(struct random *dice, const struct fixture *f,
			       const struct flow *flow)
{
	uint32_t first = random_below(dice, UNITS), units = 1 + random_below(dice, 3);
	struct seg seg = SEG(.flags = TCP_ACK, .seq = f->peer.isn + 1 + first * UNIT_BYTES,
			     .ack = flow->snd_nxt, .len = units * UNIT_BYTES,
			     .src_port = flow->port);

	switch (random_below(dice, 20)) {
	case 0: // the handshake's last ACK, once more
		seg.len = 0;
		seg.seq = f->peer.isn + 1;
		break;
	case 1: // a FIN somewhere, often behind a gap
		seg.flags |= TCP_FIN;
		seg.seq = f->peer.isn + 1 + (UNITS - 1) * UNIT_BYTES;
		seg.len = UNIT_BYTES;
		break;
	case 2: // the beginning of the connection, again
		return SEG(.flags = TCP_SYN, .seq = f->peer.isn, .mss = f->peer.mss,
			   .src_port = flow->port);
	case 3:
		if (random_below(dice, 8) == 0)
			return SEG(.flags = TCP_RST, .seq = f->peer.isn + 1,
				   .src_port = flow->port);
		break;
	case 4: // to nobody
		seg.src_port = 50000;
		break;
	default:
		break;
	}
	return seg;
}

static struct fixture *begin(void **state)
{
	struct fixture *f = fixture_listening(state);

	f->holds_events = true;
	return f;
}

// Half-open, each of them, so that promotion happens within bursts.
static void begin_flows(struct fixture *f, struct flow *flows)
{
	for (unsigned i = 0; i < FLOWS; i++) {
		flows[i].port = (uint16_t)(FIXTURE_PEER_PORT + i);
		segment_arrives(f,
				SEG(.flags = TCP_SYN, .seq = f->peer.isn, .mss = f->peer.mss,
				    .src_port = flows[i].port));
		flows[i].snd_nxt = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK))->tcp.seq + 1;
	}
}

static int compare_masks(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int compare_ports(const void *a, const void *b)
{
	const struct plx_info *x = a, *y = b;

	return x->remote_port - y->remote_port;
}

static struct outcome outcome_of(struct fixture *f)
{
	struct outcome out = {.n_masks = 0};

	f->holds_events = false;
	forget_output(f);
	out.stats = stats_of(f);
	for (unsigned i = 0; i < f->n_events; i++) {
		struct plx_info info = {.size = sizeof(info)};

		out.masks[out.n_masks++] = f->events[i].mask;
		if (out.n_infos < FLOWS && plx_get_info(f->stack, f->events[i].conn, &info) == 0)
			out.infos[out.n_infos++] = info;
	}
	qsort(out.masks, out.n_masks, sizeof(out.masks[0]), compare_masks);
	qsort(out.infos, out.n_infos, sizeof(out.infos[0]), compare_ports);
	return out;
}

static void compare(const struct outcome *a, const struct outcome *b)
{
	assert_int_equal(a->n_masks, b->n_masks);
	assert_memory_equal(a->masks, b->masks, a->n_masks * sizeof(a->masks[0]));
	assert_int_equal(a->n_infos, b->n_infos);
	for (unsigned i = 0; i < a->n_infos; i++) {
		assert_int_equal(a->infos[i].remote_port, b->infos[i].remote_port);
		assert_int_equal(a->infos[i].state, b->infos[i].state);
		assert_int_equal(a->infos[i].rcv_nxt, b->infos[i].rcv_nxt);
		assert_int_equal(a->infos[i].snd_una, b->infos[i].snd_una);
		assert_int_equal(a->infos[i].readable_bytes, b->infos[i].readable_bytes);
		assert_int_equal(a->infos[i].out_of_order_bytes, b->infos[i].out_of_order_bytes);
	}
	assert_int_equal(a->stats.connections, b->stats.connections);
	assert_int_equal(a->stats.half_open, b->stats.half_open);
	assert_memory_equal(a->stats.drops, b->stats.drops, sizeof(a->stats.drops));
	for (unsigned i = PLX_COUNTER_FATE_CONSUMED; i <= PLX_COUNTER_FATE_REASSEMBLED; i++)
		assert_int_equal(a->stats.counters[i], b->stats.counters[i]);
	assert_int_equal(a->stats.counters[PLX_COUNTER_TCP_RSTS_SENT],
			 b->stats.counters[PLX_COUNTER_TCP_RSTS_SENT]);
	assert_int_equal(a->stats.counters[PLX_COUNTER_TCP_RX_BYTES],
			 b->stats.counters[PLX_COUNTER_TCP_RX_BYTES]);
	assert_int_equal(a->stats.counters[PLX_COUNTER_TCP_OUT_OF_ORDER],
			 b->stats.counters[PLX_COUNTER_TCP_OUT_OF_ORDER]);
}

static void one_run(void **burst_state, void **single_state, uint64_t seed)
{
	struct fixture *burst = begin(burst_state), *single = begin(single_state);
	struct flow flows[FLOWS], same[FLOWS];
	struct outcome a, b;
	struct random dice;
	unsigned left = 0;

	random_init_seed(&dice, seed);
	begin_flows(burst, flows);
	begin_flows(single, same);
	for (unsigned i = 0; i < SEGMENTS; i++) {
		const struct flow *flow = &flows[random_below(&dice, FLOWS)];
		struct seg seg = draw_segment(&dice, burst, flow);

		if (left == 0) {
			left = 1 + random_below(&dice, BURST_MAX);
			burst_begin(burst);
		}
		segment_arrives(burst, seg);
		segment_arrives(single, seg);
		forget_output(single);
		if (--left == 0 || i == SEGMENTS - 1) {
			burst_end(burst);
			forget_output(burst);
			left = 0;
		}
	}
	a = outcome_of(burst);
	b = outcome_of(single);
	compare(&a, &b);
}

// So that each of the two can tell that its own buffers are back.
static void take_another_pool(struct fixture *f)
{
	f->config.pool = mbufs_pool(1, POOL_BUFFERS);
	f->in_use_before = mbufs_in_use(f->config.pool);
}

static void burst_gives_what_single_segments_give(void **state)
{
	struct fixture_variant *variant = ((struct fixture *)*state)->variant;
	uint64_t seed = test_seed();

	for (unsigned i = 0; i < RUNS; i++) {
		void *second = variant;

		assert_int_equal(fixture_setup(&second), 0);
		take_another_pool(second);
		one_run(state, &second, seed + i);
		assert_int_equal(fixture_teardown(&second), 0);
		fixture_renew(state);
	}
}

// One plx_output() of 32 frames for each plx_input() of 32 SYNs: connections have their share.
static void flood_of_syns_leaves_room_for_connections(void **state)
{
	static const char bytes[100];
	struct fixture *f = fixture_established(state);
	struct rte_mbuf *out[32];
	struct plx_event events[8];
	unsigned n;

	f->judge.ignores_flows = true;
	f->judge.knows_payload = false;
	for (unsigned round = 0; round < 3; round++) {
		struct rte_mbuf *in[32];

		for (unsigned i = 0; i < 32; i++) {
			struct seg_path path = f->to_stack;
			struct seg syn = SEG(.flags = TCP_SYN, .seq = 5, .ack = 0, .wnd = 1000,
					     .len = 0);
			uint8_t frame[200];

			path.src_port = (uint16_t)(1024 + round * 32 + i);
			in[i] = mbufs_frame(f->config.pool, frame,
					    seg_build(frame, &path, &syn, 0, 0), 0);
		}
		f->now += PLX_MICROSECOND;
		(void)plx_input(f->stack, in, 32, f->now);
		if (round == 0)
			assert_int_equal(plx_send(f->stack, f->conn, bytes, sizeof(bytes)), 100);
		(void)plx_poll(f->stack, events, 8, f->now);
		n = plx_output(f->stack, out, 32, f->now);
		rte_pktmbuf_free_bulk(out, n);
	}
	assert_int_equal(info_of(f).snd_nxt, f->snd_nxt + 100);
	forget_output(f);
}

static int compare_places(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

// Two ports of the peer whose flows have one tag in one bucket, the table having no more than so many buckets.
static void find_twins(const struct fixture *f, uint16_t ports[2])
{
	enum { BUCKETS_MAX = 512, PORTS = 60000, PORT_BITS = 16, TAG_SHIFT = 32 };
	static uint64_t places[PORTS]; // tag, bucket and port
	struct flow_key key = {.local = f->to_stack.dst, .remote = f->to_stack.src};
	struct flow_secret secret;
	unsigned i;

	flow_secret_init_seed(&secret, f->config.seed);
	for (i = 0; i < PORTS; i++) {
		uint64_t hash;

		flow_key_set_ports(&key, FIXTURE_PORT, (uint16_t)(UINT16_MAX - i), 0);
		hash = flow_hash(&secret, &key);
		places[i] = (uint64_t)flow_tag(hash) << TAG_SHIFT
			| (hash % BUCKETS_MAX) << PORT_BITS | key.remote_port;
	}
	qsort(places, PORTS, sizeof(places[0]), compare_places);
	for (i = 1; i < PORTS && places[i - 1] >> PORT_BITS != places[i] >> PORT_BITS; i++)
		;
	assert_in_range(i, 1, PORTS - 1);
	ports[0] = (uint16_t)places[i - 1];
	ports[1] = (uint16_t)places[i];
}

// The first of the two is established when the other one comes, whose handshake is one burst if its `iss` is known
// to the peer; then both send. Returns that number.
static uint32_t second_twin_comes(void **state, bool in_one_burst, uint32_t iss)
{
	struct fixture *f = fixture_plan(state);
	uint16_t ports[2];
	plx_conn first;

	find_twins(f, ports);
	f->peer.port = ports[0];
	first = fixture_established(state)->conn;
	burst_begin(f);
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->peer.isn, .src_port = ports[1]));
	if (!in_one_burst) {
		burst_end(f);
		iss = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .dst_port = ports[1]))
			      ->tcp.seq;
		burst_begin(f);
	}
	segment_arrives(f, SEG(.ack = iss + 1, .src_port = ports[1]));
	burst_end(f);
	forget_output(f);
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
	assert_int_equal(info_of(f).remote_port, ports[1]);
	assert_int_equal(info_of(f).state, PLX_STATE_ESTABLISHED);

	burst_begin(f);
	segment_arrives(f, SEG(.len = 10));
	segment_arrives(
		f,
		SEG(.flags = TCP_FIN | TCP_ACK, .ack = iss + 1, .len = 20, .src_port = ports[1]));
	burst_end(f);
	forget_output(f);
	forget_events(f);
	assert_int_equal(info_of(f).state, PLX_STATE_CLOSE_WAIT);
	assert_int_equal(info_of(f).readable_bytes, 20);
	f->conn = first;
	assert_int_equal(info_of(f).remote_port, ports[0]);
	assert_int_equal(info_of(f).state, PLX_STATE_ESTABLISHED);
	assert_int_equal(info_of(f).readable_bytes, 10);
	return iss;
}

// What bucket and tag mean is one of two flows: a segment goes to the one whose key it has.
static void flows_of_one_tag_keep_their_segments(void **state)
{
	uint32_t iss = second_twin_comes(state, false, 0);

	fixture_renew(state);
	assert_int_equal(second_twin_comes(state, true, iss), iss);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(burst_gives_what_single_segments_give),
		SCENARIO(flood_of_syns_leaves_room_for_connections),
		SCENARIO(flows_of_one_tag_keep_their_segments),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script burst", tests, NULL, NULL);
}

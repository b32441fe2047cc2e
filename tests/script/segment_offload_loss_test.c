// SPDX-License-Identifier: BSD-3-Clause
//
// What becomes of large frames after they have left: acknowledged in the middle, lost in the middle, held by the driver, or
// never sent for want of memory. Nothing but the number of frames tells on the wire that there were any. RFC 5681 3.2, RFC
// 6298 3 and 5.
#include <errno.h>

#include <rte_mbuf.h>

#include "base/random.h"
#include "nic_peer.h"
#include "support/eal_main.h"

enum { MSS = NIC_PEER_MSS, FLIGHT = 10, RTO_MS = 200 };

// Runs a scenario once for each way of sending.
static void for_each_way(void **state, void (*scenario)(struct fixture *f, enum nic_peer_way way))
{
	for (enum nic_peer_way way = BY_COPY; way < NIC_PEER_WAYS; way++) {
		struct fixture *f = nic_peer_plan(state);

		nic_peer_established(state);
		scenario(f, way);
		forget_events(f);
		fixture_renew(state);
	}
	nic_peer_plan(state);
}

// Ten segments in flight, which left as one frame; mbufs cross the ends of segments.
static void fly(struct fixture *f, enum nic_peer_way way)
{
	nic_peer_sends(f, way, FLIGHT * MSS, 1700);
	nic_peer_expects(f, 0, FLIGHT * MSS, 1);
	expect_silence(f);
}

static void acknowledge_in_steps(struct fixture *f, enum nic_peer_way way)
{
	unsigned idle = mbufs_in_use(f->config.pool);

	fly(f, way);
	for (uint32_t acked = 0; acked < FLIGHT * MSS; acked += 625) {
		segment_arrives(f, SEG(.ack = f->snd_nxt + acked));
		assert_int_equal(info_of(f).snd_una, f->snd_nxt + acked);
		expect_silence(f);
	}
	segment_arrives(f, SEG(.ack = f->snd_nxt + FLIGHT * MSS));
	expect_silence_for(f, 10000);
	assert_int_equal(mbufs_in_use(f->config.pool), idle);
}

static void frame_is_acknowledged_anywhere(void **state)
{
	for_each_way(state, acknowledge_in_steps);
}

// RFC 5681 3.2: the one segment that is missing is sent again, alone, and what is new as one frame again.
static void lose_the_fifth(struct fixture *f, enum nic_peer_way way)
{
	fly(f, way);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 4 * MSS));
	for (unsigned i = 0; i < 3; i++)
		segment_arrives(f, SEG(.ack = f->snd_nxt + 4 * MSS));
	expect_segment(f, SEG(.seq = f->snd_nxt + 4 * MSS, .len = MSS));
	expect_silence(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + FLIGHT * MSS));
	nic_peer_sends(f, way, 3 * MSS, 1700);
	nic_peer_expects(f, FLIGHT * MSS, 3 * MSS, 1);
	expect_counter(f, PLX_COUNTER_TCP_RETRANSMITS, 1);
	expect_counter(f, PLX_COUNTER_TCP_RETRANSMIT_BYTES, MSS);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 0);
	segment_arrives(f, SEG(.ack = f->snd_nxt + (FLIGHT + 3) * MSS));
}

static void segment_lost_in_the_middle_is_sent_again_alone(void **state)
{
	for_each_way(state, lose_the_fifth);
}

// Limited transmit (RFC 3042) is of one segment each.
static void duplicates_let_single_segments_go(void **state)
{
	struct fixture *f = nic_peer_plan(state);

	f->options[0].value = FLIGHT; // INITIAL_WINDOW
	nic_peer_established(state);
	user_sends(f, 2 * FLIGHT * MSS);
	nic_peer_expects(f, 0, FLIGHT * MSS, 1);
	for (unsigned i = 0; i < 2; i++) {
		expect_silence(f);
		segment_arrives(f, SEG());
		nic_peer_expects(f, (FLIGHT + i) * MSS, MSS, 1);
	}
	segment_arrives(f, SEG(.ack = f->snd_nxt + (FLIGHT + 2) * MSS));
	forget_output(f);
}

static void time_out(struct fixture *f, enum nic_peer_way way)
{
	fly(f, way);
	for (uint32_t acked = 0; acked < FLIGHT * MSS;) {
		uint64_t given = f->given_frames, sent;

		expect_segment_within(f, 130000, SEG(.seq = f->snd_nxt + acked, .len = MSS));
		sent = f->sent_frames;
		forget_output(f);
		assert_int_equal(f->sent_frames - sent, f->given_frames - given - 1);
		acked += MSS;
		segment_arrives(f, SEG(.ack = f->snd_nxt + acked));
		forget_output(f);
	}
	expect_silence_for(f, 100000);
}

// RFC 6298 5.4: whatever is lost is sent again segment by segment.
static void timeout_sends_segments_again_one_by_one(void **state)
{
	for_each_way(state, time_out);
}

static void measure(struct fixture *f, enum nic_peer_way way)
{
	fly(f, way);
	advance(f, 40);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 2 * MSS));
	assert_in_range(info_of(f).srtt, 4 * PLX_MILLISECOND, 6 * PLX_MILLISECOND);
	advance(f, 40);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 4 * MSS));
	assert_in_range(info_of(f).srtt, 13 * PLX_MILLISECOND, 15 * PLX_MILLISECOND);
	segment_arrives(f, SEG(.ack = f->snd_nxt + FLIGHT * MSS));
}

// RFC 6298 3: each acknowledgement of new data may be a sample, whether a frame's end or not.
static void every_part_of_a_frame_gives_a_sample(void **state)
{
	for_each_way(state, measure);
}

// The driver transmits late: the peer's acknowledgement cannot be of this frame, but it is of these bytes.
static void hold_while_acknowledged(struct fixture *f, enum nic_peer_way way)
{
	unsigned idle = mbufs_in_use(f->config.pool);
	uint8_t before[(FLIGHT + 1) * MSS], now[(FLIGHT + 1) * MSS];
	struct rte_mbuf *frame;
	uint32_t len_bytes;

	f->judge.ignores_flows = true; // it does not see what the driver has
	nic_peer_sends(f, way, FLIGHT * MSS, 1700);
	assert_int_equal(plx_output(f->stack, &frame, 1, f->now), 1);
	len_bytes = frame->pkt_len;
	assert_in_range(len_bytes, FLIGHT * MSS, sizeof(before));
	assert_non_null(rte_pktmbuf_read(frame, 0, len_bytes, before));
	for (unsigned i = 0; i < 3; i++)
		segment_arrives(f, SEG());
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + FLIGHT * MSS));
	forget_output(f);
	nic_peer_sends(f, way, MSS, 1700);
	forget_output(f);
	assert_int_equal(frame->pkt_len, len_bytes);
	assert_ptr_equal(rte_pktmbuf_read(frame, 0, len_bytes, now), now);
	assert_memory_equal(before, now, len_bytes);
	segment_arrives(f, SEG(.ack = f->snd_nxt + (FLIGHT + 1) * MSS));
	rte_pktmbuf_free(frame);
	expect_silence_for(f, 10000);
	assert_int_equal(mbufs_in_use(f->config.pool), idle);
}

static void frame_at_the_driver_is_left_alone(void **state)
{
	for_each_way(state, hold_while_acknowledged);
}

// Others take the pool's buffers but for `left`.
static struct rte_mbuf *take_buffers(struct fixture *f, unsigned left)
{
	unsigned free = rte_mempool_avail_count(f->config.pool);
	struct rte_mbuf *taken = NULL;

	while (free-- > left) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(f->config.pool);

		m->next = taken;
		taken = m;
	}
	return taken;
}

static void give_back(struct rte_mbuf *taken)
{
	while (taken != NULL) {
		struct rte_mbuf *m = taken;

		taken = m->next;
		m->next = NULL;
		rte_pktmbuf_free(m);
	}
}

// There are buffers for a segment, but not for a large frame: that segment goes, at once.
static void few_buffers_go_to_single_segments(void **state)
{
	struct fixture *f = nic_peer_plan(state);
	struct rte_mbuf *taken, *frames[FLIGHT];

	f->config.offloads &= ~PLX_OFFLOAD_TX_ANY_MEMORY; // external memory is copied
	nic_peer_established(state);
	nic_peer_sends(f, BY_REFERENCE, FLIGHT * MSS, 0);
	taken = take_buffers(f, 3);
	assert_int_equal(plx_output(f->stack, frames, FLIGHT, f->now), 1);
	assert_in_range(frames[0]->pkt_len, MSS, 2 * MSS);
	assert_int_equal(counter(f, PLX_COUNTER_TX_NO_BUFFER), 2);
	rte_pktmbuf_free(frames[0]);
	give_back(taken);
	f->judge.ignores_flows = true; // it has not seen that segment
	for (unsigned i = 1; i < FLIGHT; i++)
		expect_segment_within(f, 1, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + FLIGHT * MSS));
	forget_events(f);
}

// No record is left to end the frame where it has to: the segments go one by one, as the peer makes room.
static void records_that_have_run_out_stop_nothing(void **state)
{
	struct fixture *f = nic_peer_plan(state);
	uint32_t sent = 0;

	f->config.max_send_segments = 4;
	nic_peer_established(state);
	for (int64_t n = 1; n > 0; sent += (uint32_t)n)
		n = RTE_MAX(user_offers(f, 1700), 0);
	assert_in_range(sent, 1700, 8 * 1700);
	expect_piece_by_piece(f, sent);
}

// What left the port in a run: where each segment ends, and a figure for it, but for what NICs number by themselves.
struct trace {
	uint32_t ends[4096];
	uint64_t figures[4096];
	unsigned n;
	uint64_t given;
};

static void note_output(struct fixture *f, struct trace *trace)
{
	const struct fixture_output *output;

	fixture_settle(f);
	while ((output = fixture_next_output(f)) != NULL) {
		const struct frame *frame = &output->frame;
		uint64_t figure = (f->now - FIXTURE_START) ^ output->len_bytes;

		for (size_t i = frame->l3_offset_bytes + frame->ip.header_bytes;
		     i < output->len_bytes; i++)
			figure = (figure ^ output->bytes[i]) * UINT64_C(0x100000001b3);
		assert_in_range(trace->n, 0, sizeof(trace->figures) / sizeof(uint64_t) - 1);
		trace->ends[trace->n] = frame->tcp.seq + frame_seq_len(frame);
		trace->figures[trace->n++] = figure;
	}
}

// As far as some segment goes, or again as far as before: but not with so little in flight that early retransmit counts
// records (RFC 5827 3.2), which may be of several segments or of parts of them.
static void acknowledge_some(struct fixture *f, const struct trace *trace, struct random *dice)
{
	struct plx_info info = info_of(f);
	uint32_t ack = info.snd_una;

	if (trace->n > 0) {
		uint32_t end = trace->ends[trace->n - 1 - random_below(dice, trace->n) / 4];

		ack = (int32_t)(end - ack) > 0 ? end : ack;
	}
	if (ack != info.snd_una || info.snd_nxt - info.snd_una >= 4 * MSS)
		segment_arrives(f, SEG(.ack = ack, .wnd = 500 + random_below(dice, 5) * 1000));
}

static void live_a_little(struct fixture *f, const struct trace *trace, struct random *dice)
{
	enum nic_peer_way way = (enum nic_peer_way)random_below(dice, NIC_PEER_WAYS);
	uint32_t len_bytes = 1 + random_below(dice, 12 * MSS);
	uint32_t each_bytes = 300 + random_below(dice, 1700);
	uint32_t act = random_below(dice, 12);

	if (act < 4)
		nic_peer_sends(f, way, len_bytes, each_bytes);
	else if (act < 10)
		acknowledge_some(f, trace, dice);
	else
		advance(f, random_below(dice, 300));
}

// Sends, acknowledgements, losses and waits as the dice have it.
static void live(void **state, uint64_t seed, uint32_t offloads, struct trace *trace)
{
	struct fixture *f = nic_peer_plan(state);
	struct random dice;

	random_init_seed(&dice, seed);
	f->config.offloads = offloads;
	f->config.burst_segments = (uint16_t)(1 + random_below(&dice, 30));
	f->peer.timestamps = random_below(&dice, 2) != 0;
	f->options[0].value = 1 + random_below(&dice, 40); // INITIAL_WINDOW
	f->options[1].value = random_below(&dice, 2);	   // NAGLE
	fixture_set_option(f, PLX_OPTION_SEND_BUFFER, 1 << 20);
	nic_peer_established(state);
	for (unsigned i = 0; i < 60; i++) {
		live_a_little(f, trace, &dice);
		note_output(f, trace);
	}
	user_closes(f);
	note_output(f, trace);
	trace->given = f->given_frames;
	segment_arrives(f, SEG(.flags = TCP_RST));
	forget_output(f);
	forget_events(f);
	fixture_renew(state);
}

// A port that cuts changes nothing of what is sent, nor when; but for pacing, which rounds off less, and for timers where
// an acknowledgement falls into the middle of a segment, which a peer's never does: a record may hold several. The dice
// do that in a run of some thousands; these are runs in which they do not.
static void the_wire_looks_the_same(void **state)
{
	enum { RUNS = 500 };
	static struct trace cut, whole;
	uint64_t seed = 1;
	unsigned runs_that_cut = 0;

	for (unsigned i = 0; i < RUNS; i++) {
		cut.n = whole.n = 0;
		live(state, seed + i, NIC_PEER_OFFLOADS, &cut);
		live(state, seed + i, NIC_PEER_OFFLOADS & ~PLX_OFFLOAD_TX_TSO, &whole);
		if (cut.n != whole.n)
			fail_msg("seed %llu: %u segments, not %u", (unsigned long long)(seed + i),
				 cut.n, whole.n);
		for (unsigned j = 0; j < cut.n; j++)
			if (cut.figures[j] != whole.figures[j])
				fail_msg("seed %llu: segment %u is another",
					 (unsigned long long)(seed + i), j);
		runs_that_cut += cut.given < whole.given;
	}
	assert_in_range(runs_that_cut, RUNS / 2, RUNS);
	nic_peer_plan(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(frame_is_acknowledged_anywhere),
		SCENARIO(segment_lost_in_the_middle_is_sent_again_alone),
		SCENARIO(duplicates_let_single_segments_go),
		SCENARIO(timeout_sends_segments_again_one_by_one),
		SCENARIO(every_part_of_a_frame_gives_a_sample),
		SCENARIO(frame_at_the_driver_is_left_alone),
		SCENARIO(few_buffers_go_to_single_segments),
		SCENARIO(records_that_have_run_out_stop_nothing),
		SCENARIO(the_wire_looks_the_same),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script segment offload loss", tests, NULL, NULL);
}

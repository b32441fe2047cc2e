// SPDX-License-Identifier: BSD-3-Clause
//
// A flight whose answers come late, see late_peer.h: the handshake's round trip is the only sample, so the timeout
// is three of it (RFC 6298 2.2), and the initial window is full.
// Called by the scenarios of what was spurious and of the echoes that follow.
#include "late_peer.h"

struct fixture *late_connected(void **state)
{
	struct fixture *f = fixture_plan(state);
	int64_t answer = TCP_SYN | TCP_ACK;
	const struct frame *syn;

	f->peer.mss = f->peer.timestamps ? LATE_MSS + 12 : LATE_MSS;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	fixture_bare(state);
	assert_int_equal(user_connects(f), 0);
	syn = expect_segment(f, SEG());
	if ((syn->tcp.flags & TCP_ECE) != 0)
		answer |= TCP_ECE;
	f->snd_nxt = syn->tcp.seq + 1;
	f->to_stack.dst_port = syn->tcp.src_port;
	advance(f, LATE_RTT_MS);
	f->has_timestamps = f->peer.timestamps;
	segment_arrives(f, SEG(.flags = answer, .seq = f->peer.isn, .mss = f->peer.mss));
	f->rcv_nxt = f->peer.isn + 1;
	expect_segment(f, SEG(.flags = TCP_ACK));
	expect_event(f, PLX_EVENT_CONNECTED, 0);
	return f;
}

void late_fill_window(struct fixture *f, unsigned unsent)
{
	user_sends(f, (size_t)(LATE_FLIGHT + unsent) * LATE_MSS);
	for (unsigned i = 0; i < LATE_FLIGHT; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * LATE_MSS, .len = LATE_MSS));
	expect_silence(f);
}

struct fixture *late_after_timeout(void **state, unsigned unsent, uint32_t *original)
{
	struct fixture *f = late_connected(state);

	late_fill_window(f, unsent);
	if (original != NULL)
		*original = f->ts_val;
	expect_segment_within(f, LATE_RTO_MS + 1, SEG(.seq = f->snd_nxt, .len = LATE_MSS));
	expect_silence(f);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 1);
	return f;
}

struct fixture *late_after_timeout_with_timestamps(void **state, uint32_t *original)
{
	fixture_plan(state)->peer.timestamps = true;
	return late_after_timeout(state, LATE_UNSENT, original);
}

void late_expect_new(struct fixture *f, unsigned first, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + (first + i) * LATE_MSS, .len = LATE_MSS));
}

uint32_t late_fast_retransmit(struct fixture *f)
{
	uint32_t original;

	late_fill_window(f, 0);
	original = f->ts_val;
	advance(f, LATE_RTT_MS);
	for (unsigned i = 0; i < 3; i++)
		segment_arrives(f, SEG(.ts_ecr = original));
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = LATE_MSS));
	return original;
}

struct fixture *late_after_fast_retransmit(void **state, uint32_t *original)
{
	struct fixture *f;

	fixture_plan(state)->peer.timestamps = true;
	f = late_connected(state);
	*original = late_fast_retransmit(f);
	return f;
}

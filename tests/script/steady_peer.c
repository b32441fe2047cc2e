// SPDX-License-Identifier: BSD-3-Clause
//
// A connection whose round trip was always the same, see steady_peer.h.
// After the handshake's sample (RTTVAR is half of it) sixteen more leave a hundredth of the variance (RFC 6298 2.3).
// Called by the scenarios of tail probes, lost retransmissions and pacing.
#include "steady_peer.h"

enum { EXCHANGES = 16, TIMESTAMP_BYTES = 12 };

struct fixture *steady_connected(void **state, uint64_t rtt_ms)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = STEADY_MSS + (f->peer.timestamps ? TIMESTAMP_BYTES : 0);
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	fixture_set_option(f, PLX_OPTION_RTO_MIN, STEADY_RTO_MS * (int64_t)PLX_MILLISECOND);
	fixture_syn_sent(state);
	advance(f, rtt_ms);
	f->has_timestamps = f->peer.timestamps;
	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->peer.isn, .mss = f->peer.mss));
	f->rcv_nxt = f->peer.isn + 1;
	expect_segment(f, SEG(.flags = TCP_ACK));
	expect_event(f, PLX_EVENT_CONNECTED, 0);
	for (unsigned i = 0; i < EXCHANGES; i++) {
		user_sends(f, 10);
		expect_segment(f, SEG(.seq = f->snd_nxt, .len = 10));
		advance(f, rtt_ms);
		f->snd_nxt += 10;
		segment_arrives(f, SEG());
	}
	expect_silence(f);
	expect_counter(f, PLX_COUNTER_TCP_RETRANSMITS, 0);
	return f;
}

void steady_sends(struct fixture *f, unsigned segments)
{
	user_sends(f, (size_t)segments * STEADY_MSS);
	for (unsigned i = 0; i < segments; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * STEADY_MSS, .len = STEADY_MSS));
	expect_silence(f);
}

void steady_duplicates(struct fixture *f, unsigned n)
{
	while (n-- > 0)
		segment_arrives(f, SEG());
}

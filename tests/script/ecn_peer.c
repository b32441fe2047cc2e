// SPDX-License-Identifier: BSD-3-Clause
//
// A peer that takes part in explicit congestion notification, see ecn_peer.h.
// Called by the scenarios of who agrees with whom, and of marks and their echoes.
#include "ecn_peer.h"

struct fixture *ecn_peer_plan(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = ECN_PEER_MSS;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	return f;
}

void ecn_peer_connects(struct fixture *f, int64_t syn, int64_t answer)
{
	const struct frame *syn_ack;

	segment_arrives(f, SEG(.flags = syn, .seq = f->peer.isn, .mss = f->peer.mss));
	f->rcv_nxt = f->peer.isn + 1;
	syn_ack = expect_segment(f, SEG(.flags = answer, .ack = f->rcv_nxt, .traffic_class = 0));
	f->snd_nxt = syn_ack->tcp.seq + 1;
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
}

struct fixture *ecn_peer_established(void **state)
{
	struct fixture *f = ecn_peer_plan(state);

	fixture_listening(state);
	ecn_peer_connects(f, SETUP_SYN, SETUP_SYN_ACK);
	return f;
}

struct fixture *ecn_peer_with_flight(void **state)
{
	struct fixture *f = ecn_peer_established(state);

	user_sends(f, ECN_PEER_FLIGHT * ECN_PEER_MSS);
	for (unsigned i = 0; i < ECN_PEER_FLIGHT; i++)
		expect_segment(f,
			       SEG(.seq = f->snd_nxt + i * ECN_PEER_MSS, .traffic_class = ECT_0));
	return f;
}

void ecn_peer_expects(struct fixture *f, uint32_t seq, uint8_t marks, unsigned codepoint)
{
	const struct frame *frame =
		expect_segment(f, SEG(.seq = seq, .len = ECN_PEER_MSS, .traffic_class = codepoint));

	assert_int_equal(frame->tcp.flags & (TCP_ECE | TCP_CWR), marks);
}

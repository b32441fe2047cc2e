// SPDX-License-Identifier: BSD-3-Clause
//
// Fixtures derived from one another: each state of RFC 9293 3.3.2 is reached by segments and user calls
// from the one before, stating every answer on the way.
// Called by tests/script, see fixture.h.
#include "support/user.h"

struct fixture *fixture_listening(void **state)
{
	struct fixture *f = fixture_bare(state);
	struct plx_listen_args args = {
		.port = FIXTURE_PORT,
		.backlog = f->backlog,
		.options = f->options,
		.n_options = f->n_options,
	};

	assert_int_equal(plx_listen(f->stack, &args, &f->listener), 0);
	f->is_listening = true;
	return f;
}

static struct seg peer_syn(const struct fixture *f, int64_t flags)
{
	return SEG(.flags = flags, .seq = f->peer.isn, .mss = f->peer.mss, .wscale = f->peer.wscale,
		   .ts_val = f->peer.timestamps ? SEG_UNNAMED : SEG_ABSENT);
}

// Timestamps are in force from here on if the peer wants them; the stack offers them by default.
void peer_sends_syn(struct fixture *f)
{
	f->has_timestamps = f->peer.timestamps;
	segment_arrives(f, peer_syn(f, TCP_SYN));
}

struct fixture *fixture_syn_received(void **state)
{
	struct fixture *f = fixture_listening(state);
	const struct frame *answer;

	peer_sends_syn(f);
	f->rcv_nxt = f->peer.isn + 1;
	answer = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .ack = f->rcv_nxt));
	f->snd_nxt = answer->tcp.seq + 1;
	return f;
}

struct fixture *fixture_established(void **state)
{
	struct fixture *f = fixture_syn_received(state);

	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
	expect_silence(f);
	return f;
}

struct fixture *fixture_syn_sent(void **state)
{
	struct fixture *f = fixture_bare(state);
	const struct frame *syn;

	assert_int_equal(user_connects(f), 0);
	syn = expect_segment(f, SEG(.flags = TCP_SYN, .dst_port = f->peer.port));
	f->snd_nxt = syn->tcp.seq + 1;
	f->to_stack.dst_port = syn->tcp.src_port;
	return f;
}

struct fixture *fixture_connected(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	f->has_timestamps = f->peer.timestamps;
	segment_arrives(f, peer_syn(f, TCP_SYN | TCP_ACK));
	f->rcv_nxt = f->peer.isn + 1;
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt, .len = 0));
	expect_event(f, PLX_EVENT_CONNECTED, 0);
	expect_silence(f);
	return f;
}

struct fixture *fixture_fin_wait_1(void **state)
{
	struct fixture *f = fixture_established(state);

	user_closes(f);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt));
	expect_state(f, PLX_STATE_FIN_WAIT_1);
	return f;
}

struct fixture *fixture_fin_wait_2(void **state)
{
	struct fixture *f = fixture_fin_wait_1(state);

	f->snd_nxt++;
	segment_arrives(f, SEG());
	expect_silence(f);
	expect_state(f, PLX_STATE_FIN_WAIT_2);
	return f;
}

struct fixture *fixture_close_wait(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK));
	f->rcv_nxt++;
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt));
	expect_event(f, PLX_EVENT_PEER_CLOSED, 0);
	expect_state(f, PLX_STATE_CLOSE_WAIT);
	return f;
}

struct fixture *fixture_closing(void **state)
{
	struct fixture *f = fixture_fin_wait_1(state);

	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK));
	f->rcv_nxt++;
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt + 1, .ack = f->rcv_nxt));
	expect_state(f, PLX_STATE_CLOSING);
	return f;
}

struct fixture *fixture_last_ack(void **state)
{
	struct fixture *f = fixture_close_wait(state);

	user_closes(f);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt));
	expect_state(f, PLX_STATE_LAST_ACK);
	return f;
}

struct fixture *fixture_time_wait(void **state)
{
	struct fixture *f = fixture_fin_wait_2(state);

	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK));
	f->rcv_nxt++;
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt));
	expect_event(f, PLX_EVENT_CLOSED, 0);
	expect_state(f, PLX_STATE_TIME_WAIT);
	return f;
}

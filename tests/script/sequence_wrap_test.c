// SPDX-License-Identifier: BSD-3-Clause
//
// Connections that begin close to 2^32 and run across the wrap, in either direction and in every state.
// RFC 9293 3.4: sequence numbers are modulo 2^32.
#include "support/eal_main.h"
#include "support/user.h"

enum { MSS = 1000, NEAR = 1 << 13 };

// The receive direction wraps as soon as the peer's ISN says so.
static struct fixture *plan_near_wrap(void **state, uint32_t before)
{
	struct fixture *f = fixture_plan(state);

	f->peer.isn = -before;
	f->peer.mss = MSS;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	return f;
}

// The send direction wraps when the connection is begun at the right moment: the ISN follows the clock.
static struct fixture *connected_near_wrap(void **state)
{
	struct fixture *f = plan_near_wrap(state, 1);
	uint32_t missing;

	fixture_syn_sent(state);
	missing = -(f->snd_nxt - 1) - NEAR / 2;
	user_aborts(f);
	forget_events(f);
	advance_until(f, f->now + missing * (4 * PLX_MICROSECOND));

	// The same tuple again, so that only the clock has moved.
	struct plx_connect_args args = {
		.local_port = f->to_stack.dst_port,
		.remote = f->to_stack.src,
		.remote_port = f->peer.port,
		.options = f->options,
		.n_options = f->n_options,
	};

	assert_int_equal(plx_connect(f->stack, &args, &f->conn), 0);
	lifecycle_on_connect(&f->life, f->conn);
	f->snd_nxt = expect_segment(f, SEG(.flags = TCP_SYN))->tcp.seq + 1;
	assert_in_range(-f->snd_nxt, 1, NEAR);
	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->peer.isn, .mss = MSS));
	f->rcv_nxt = f->peer.isn + 1;
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt));
	expect_event(f, PLX_EVENT_CONNECTED, 0);
	return f;
}

static void handshake_across_the_wrap(void **state)
{
	struct fixture *f = plan_near_wrap(state, 1);

	fixture_established(state);
	assert_int_equal(f->rcv_nxt, 0);
	segment_arrives(f, SEG(.len = 10));
	user_receives(f, 10);
	expect_segment_after(f, 40, SEG(.ack = 10));
}

static void data_arrives_across_the_wrap(void **state)
{
	struct fixture *f = plan_near_wrap(state, 2500);

	fixture_established(state);
	for (unsigned i = 0; i < 6; i++)
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i * MSS, .len = MSS));
	for (unsigned i = 2; i <= 6; i += 2)
		expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + i * MSS));
	user_receives(f, 6 * MSS);
}

static void reordered_data_is_joined_across_the_wrap(void **state)
{
	struct fixture *f = plan_near_wrap(state, 2500);

	fixture_established(state);
	for (unsigned i = 5; i > 0; i--) {
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i * MSS - 100, .len = MSS + 100));
		expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
	}
	segment_arrives(f, SEG(.len = MSS));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 6 * MSS));
	user_receives(f, 6 * MSS);
}

static void window_lies_across_the_wrap(void **state)
{
	struct fixture *f = plan_near_wrap(state, 1000);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 2000);
	fixture_established(state);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 2000, .len = 1));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
	assert_int_equal(info_of(f).out_of_order_bytes, 0);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 1999, .len = 1));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
	assert_int_equal(info_of(f).out_of_order_bytes, 1);
}

static void fin_and_rst_are_placed_across_the_wrap(void **state)
{
	struct fixture *f = plan_near_wrap(state, 11);

	fixture_established(state);
	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt + 500));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_FIN, .len = 10));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = 1));
	expect_state(f, PLX_STATE_CLOSE_WAIT);
	user_receives(f, 10);
}

static void data_is_sent_across_the_wrap(void **state)
{
	struct fixture *f = connected_near_wrap(state);

	user_sends(f, 8 * MSS);
	for (unsigned i = 0; i < 8; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	assert_true(f->snd_nxt + 8 * MSS < f->snd_nxt);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 8 * MSS));
	assert_int_equal(info_of(f).unacked_bytes, 0);
	expect_silence_for(f, 10000);
}

static void loss_is_recovered_across_the_wrap(void **state)
{
	struct fixture *f = connected_near_wrap(state);
	uint32_t hole;

	user_sends(f, 8 * MSS);
	for (unsigned i = 0; i < 8; i++)
		expect_segment(f, SEG(.len = MSS));
	// The segment that lies on the wrap itself is the lost one.
	hole = f->snd_nxt + (-f->snd_nxt) / MSS * MSS;
	for (unsigned i = 0; i < 4; i++)
		segment_arrives(f, SEG(.ack = hole));
	forget_output(f);
	assert_int_equal(info_of(f).snd_una, hole);
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 1);
	expect_segment_within(f, 400, SEG(.seq = hole, .len = MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 8 * MSS));
	expect_silence_for(f, 10000);
}

static void acks_are_judged_across_the_wrap(void **state)
{
	struct fixture *f = connected_near_wrap(state);

	user_sends(f, 8 * MSS);
	for (unsigned i = 0; i < 8; i++)
		expect_segment(f, SEG(.len = MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + 8 * MSS + 1));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
	expect_drops(f, PLX_DROP_TCP_ACK, 1);
	assert_int_equal(info_of(f).snd_una, f->snd_nxt);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 7 * MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + MSS));
	assert_int_equal(info_of(f).snd_una, f->snd_nxt + 7 * MSS);
}

static void close_across_the_wrap(void **state)
{
	struct fixture *f = connected_near_wrap(state);
	uint32_t rest = -f->snd_nxt;

	// The FIN is number 0 itself, or the byte before it is.
	user_sends(f, rest);
	user_closes(f);
	while ((expect_segment(f, SEG())->tcp.flags & TCP_FIN) == 0)
		;
	segment_arrives(f, SEG(.ack = 0));
	expect_state(f, PLX_STATE_FIN_WAIT_1);
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .ack = 1));
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = 1, .ack = f->rcv_nxt + 1));
	expect_event(f, PLX_EVENT_CLOSED, 0);
	expect_state(f, PLX_STATE_TIME_WAIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(handshake_across_the_wrap),
		SCENARIO(data_arrives_across_the_wrap),
		SCENARIO(reordered_data_is_joined_across_the_wrap),
		SCENARIO(window_lies_across_the_wrap),
		SCENARIO(fin_and_rst_are_placed_across_the_wrap),
		SCENARIO(data_is_sent_across_the_wrap),
		SCENARIO(loss_is_recovered_across_the_wrap),
		SCENARIO(acks_are_judged_across_the_wrap),
		SCENARIO(close_across_the_wrap),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script sequence_wrap", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Explicit congestion notification: how a mark is echoed, and how an echo is obeyed; the receiver of DCTCP.
// RFC 3168 (numbers below are its clauses), RFC 8257 3.2.
#include "support/eal_main.h"

#include "ecn_peer.h"

enum { MSS = ECN_PEER_MSS, FLIGHT = ECN_PEER_FLIGHT };

// 6.1.3: every acknowledgement from the mark on has ECE, data included, until CWR arrives.
static void mark_is_echoed_until_cwr(void **state)
{
	struct fixture *f = ecn_peer_established(state);
	uint32_t nxt = f->rcv_nxt;

	segment_arrives(f, SEG(.seq = nxt, .len = 10, .traffic_class = CE));
	nxt += 10;
	expect_segment_within(f, 40, SEG(.flags = TCP_ACK | TCP_ECE, .ack = nxt));
	for (unsigned i = 0; i < 3; i++) {
		segment_arrives(f, SEG(.seq = nxt, .len = 10, .traffic_class = ECT_0));
		nxt += 10;
		expect_segment_within(f, 40, SEG(.flags = TCP_ACK | TCP_ECE, .ack = nxt));
	}
	user_sends(f, 5);
	expect_segment(f, SEG(.flags = TCP_ACK | TCP_PSH | TCP_ECE, .len = 5));
	segment_arrives(f,
			SEG(.flags = TCP_ACK | TCP_CWR, .seq = nxt, .ack = f->snd_nxt + 5,
			    .len = 10, .traffic_class = ECT_0));
	nxt += 10;
	expect_segment_within(f, 40, SEG(.flags = TCP_ACK, .ack = nxt));
	expect_counter(f, PLX_COUNTER_TCP_ECN_MARKS, 1);
}

// 6.1.3: a mark on the very segment that has CWR is a new one.
static void mark_on_a_segment_with_cwr_is_new(void **state)
{
	struct fixture *f = ecn_peer_established(state);

	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_CWR, .len = 10, .traffic_class = CE));
	expect_segment_within(f, 40, SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->rcv_nxt + 10));
	segment_arrives(f,
			SEG(.flags = TCP_ACK | TCP_CWR, .seq = f->rcv_nxt + 10, .len = 10,
			    .traffic_class = CE));
	expect_segment_within(f, 40, SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->rcv_nxt + 20));
	expect_counter(f, PLX_COUNTER_TCP_ECN_MARKS, 2);
}

// 6.1.3: what waits for a gap to be filled was in the network like any other.
static void mark_behind_a_gap_is_echoed(void **state)
{
	struct fixture *f = ecn_peer_established(state);

	segment_arrives(f, SEG(.seq = f->rcv_nxt + 10, .len = 10, .traffic_class = CE));
	expect_segment(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->rcv_nxt));
}

// 6.1.5: "the TCP data receiver SHOULD ignore the ECN field on arriving data packets that are outside of the
// receiver's current window".
static void mark_outside_the_window_is_ignored(void **state)
{
	struct fixture *f = ecn_peer_established(state);

	segment_arrives(f, SEG(.seq = f->rcv_nxt - 10, .len = 10, .traffic_class = CE));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
}

// 6.1.3 speaks of data packets; nobody would answer the echo of an acknowledgement's mark.
static void mark_without_data_is_not_echoed(void **state)
{
	struct fixture *f = ecn_peer_established(state);

	segment_arrives(f, SEG(.traffic_class = CE));
	segment_arrives(f, SEG(.len = 10, .traffic_class = ECT_0));
	expect_segment_within(f, 40, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 10));
}

// 6.1.1: who has not agreed looks at no codepoint and obeys no flag.
static void marks_and_echoes_mean_nothing_without_agreement(void **state)
{
	struct fixture *f = ecn_peer_plan(state);

	fixture_connected(state);
	segment_arrives(f, SEG(.len = 10, .traffic_class = CE));
	expect_segment_within(f, 40, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 10));
	f->rcv_nxt += 10;
	user_sends(f, FLIGHT * MSS);
	forget_output(f);
	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->snd_nxt + MSS));
	assert_int_equal(info_of(f).ssthresh_bytes, UINT32_MAX);
	expect_counter(f, PLX_COUNTER_TCP_ECN_REDUCTIONS, 0);
	expect_counter(f, PLX_COUNTER_TCP_ECN_MARKS, 0);
}

// 6.1.2: half the window, once for the data of a window, however often it is echoed.
static void echo_reduces_the_window_once(void **state)
{
	struct fixture *f = ecn_peer_with_flight(state);
	uint32_t una = f->snd_nxt;

	for (unsigned i = 0; i < FLIGHT - 1; i++) {
		una += MSS;
		segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = una));
		assert_int_equal(info_of(f).recovery, PLX_RECOVERY_MARK);
	}
	assert_int_equal(info_of(f).ssthresh_bytes, FLIGHT / 2 * MSS);
	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = una + MSS));
	assert_int_equal(info_of(f).recovery, PLX_RECOVERY_NONE);
	assert_int_equal(info_of(f).cwnd_bytes, FLIGHT / 2 * MSS);
	expect_counter(f, PLX_COUNTER_TCP_ECN_REDUCTIONS, 1);
	expect_counter(f, PLX_COUNTER_TCP_RETRANSMITS, 0);
}

// 6.1.2: an echo of the next window's data is another indication.
static void echo_of_the_next_window_reduces_again(void **state)
{
	struct fixture *f = ecn_peer_with_flight(state);
	uint32_t una = f->snd_nxt + FLIGHT * MSS;

	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->snd_nxt + MSS));
	segment_arrives(f, SEG(.ack = una));
	user_sends(f, FLIGHT * MSS);
	for (unsigned i = 0; i < FLIGHT / 2; i++)
		ecn_peer_expects(f, una + i * MSS, i == 0 ? TCP_CWR : 0, ECT_0);
	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = una + MSS));
	forget_output(f);
	expect_counter(f, PLX_COUNTER_TCP_ECN_REDUCTIONS, 2);
	assert_true(info_of(f).ssthresh_bytes < FLIGHT / 2 * MSS);
}

// 6.1.2: CWR stands on the first new data after the reduction, on no other.
static void reduction_is_told_once_on_new_data(void **state)
{
	struct fixture *f = ecn_peer_with_flight(state);
	uint32_t nxt = f->snd_nxt + FLIGHT * MSS;

	user_sends(f, 10 * MSS);
	expect_silence(f);
	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->snd_nxt + 2 * MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + FLIGHT * MSS));
	fixture_settle(f);
	for (unsigned i = 0; f->next_output != f->n_outputs; i++)
		ecn_peer_expects(f, nxt + i * MSS, i == 0 ? TCP_CWR : 0, ECT_0);
	assert_true(info_of(f).snd_nxt != nxt);
}

// 6.1.2: "because of a retransmit timeout, a Fast Retransmit" as well; not on what is sent again (6.1.5).
static void loss_is_told_too_but_not_on_the_retransmission(void **state)
{
	struct fixture *f = ecn_peer_with_flight(state);
	uint32_t nxt = f->snd_nxt + FLIGHT * MSS;

	for (unsigned i = 0; i < 3; i++)
		segment_arrives(f, SEG());
	ecn_peer_expects(f, f->snd_nxt, 0, NOT_ECT);
	segment_arrives(f, SEG(.ack = nxt));
	user_sends(f, 2 * MSS);
	ecn_peer_expects(f, nxt, TCP_CWR, ECT_0);
	ecn_peer_expects(f, nxt + MSS, 0, ECT_0);

	expect_segment_within(f, 4000, SEG(.seq = nxt, .traffic_class = NOT_ECT));
	segment_arrives(f, SEG(.ack = nxt + 2 * MSS));
	user_sends(f, MSS);
	ecn_peer_expects(f, nxt + 2 * MSS, TCP_CWR, ECT_0);
}

// 6.1.2: a mark and a loss in the same window are one reason.
static void mark_and_loss_of_a_window_reduce_once(void **state)
{
	struct fixture *f = ecn_peer_with_flight(state);

	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->snd_nxt + MSS));
	assert_int_equal(info_of(f).ssthresh_bytes, FLIGHT / 2 * MSS);
	for (unsigned i = 0; i < 3; i++)
		segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->snd_nxt + MSS));
	ecn_peer_expects(f, f->snd_nxt + MSS, 0, NOT_ECT);
	assert_int_equal(info_of(f).ssthresh_bytes, FLIGHT / 2 * MSS);
	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->snd_nxt + FLIGHT * MSS));
	assert_int_equal(info_of(f).ssthresh_bytes, FLIGHT / 2 * MSS);
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 1);
	expect_counter(f, PLX_COUNTER_TCP_ECN_REDUCTIONS, 1);
}

// An echo that comes when nothing is in flight is of a window long gone.
static void echo_with_nothing_in_flight_reduces_nothing(void **state)
{
	struct fixture *f = ecn_peer_established(state);

	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE));
	assert_int_equal(info_of(f).ssthresh_bytes, UINT32_MAX);
	expect_counter(f, PLX_COUNTER_TCP_ECN_REDUCTIONS, 0);
}

// ESTABLISHED under DCTCP, an acknowledgement for every second segment.
static struct fixture *with_dctcp(void **state)
{
	struct fixture *f = ecn_peer_plan(state);

	fixture_set_option(f, PLX_OPTION_CONGESTION, plx_congestion_index("dctcp"));
	return ecn_peer_established(state);
}

// RFC 8257 3.2: when CE changes, what came before is acknowledged at once, as it was marked.
static void dctcp_acknowledges_at_each_change_of_marks(void **state)
{
	struct fixture *f = with_dctcp(state);
	uint32_t nxt = f->rcv_nxt;

	segment_arrives(f, SEG(.seq = nxt, .len = 10, .traffic_class = ECT_0));
	nxt += 10;
	expect_silence(f);
	segment_arrives(f, SEG(.seq = nxt, .len = 10, .traffic_class = CE));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = nxt, .traffic_class = NOT_ECT));
	nxt += 10;
	expect_segment_within(f, 40, SEG(.flags = TCP_ACK | TCP_ECE, .ack = nxt));
	segment_arrives(f, SEG(.seq = nxt, .len = 10, .traffic_class = CE));
	nxt += 10;
	expect_silence(f);
	segment_arrives(f, SEG(.seq = nxt, .len = 10, .traffic_class = ECT_0));
	expect_segment(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = nxt));
	nxt += 10;
	expect_segment_within(f, 40, SEG(.flags = TCP_ACK, .ack = nxt));
}

// RFC 8257 3.2: the state is of each segment; CWR does not end it, nor need it come.
static void dctcp_echo_follows_the_marks_and_not_cwr(void **state)
{
	struct fixture *f = with_dctcp(state);
	uint32_t nxt = f->rcv_nxt;

	for (unsigned i = 0; i < 2; i++, nxt += 10)
		segment_arrives(f,
				SEG(.flags = TCP_ACK | TCP_CWR, .seq = nxt, .len = 10,
				    .traffic_class = CE));
	fixture_settle(f);
	while (f->next_output != f->n_outputs)
		expect_segment(f, SEG(.flags = TCP_ACK | TCP_ECE));
	for (unsigned i = 0; i < 2; i++, nxt += 10)
		segment_arrives(f, SEG(.seq = nxt, .len = 10, .traffic_class = ECT_0));
	fixture_settle(f);
	while (f->next_output != f->n_outputs)
		expect_segment(f, SEG(.flags = TCP_ACK));
	assert_int_equal(info_of(f).rcv_nxt, nxt);
	expect_counter(f, PLX_COUNTER_TCP_ECN_MARKS, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(mark_is_echoed_until_cwr),
		SCENARIO(mark_on_a_segment_with_cwr_is_new),
		SCENARIO(mark_behind_a_gap_is_echoed),
		SCENARIO(mark_outside_the_window_is_ignored),
		SCENARIO(mark_without_data_is_not_echoed),
		SCENARIO(marks_and_echoes_mean_nothing_without_agreement),
		SCENARIO(echo_reduces_the_window_once),
		SCENARIO(echo_of_the_next_window_reduces_again),
		SCENARIO(reduction_is_told_once_on_new_data),
		SCENARIO(loss_is_told_too_but_not_on_the_retransmission),
		SCENARIO(mark_and_loss_of_a_window_reduce_once),
		SCENARIO(echo_with_nothing_in_flight_reduces_nothing),
		SCENARIO(dctcp_acknowledges_at_each_change_of_marks),
		SCENARIO(dctcp_echo_follows_the_marks_and_not_cwr),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script ecn_echo", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Explicit congestion notification: who agrees with whom, which packets say that they may be marked, how a mark
// is echoed, and how an echo is obeyed; the receiver of DCTCP.
// RFC 3168 (numbers below are its clauses), RFC 8257 3.2.
#include "support/eal_main.h"
#include "support/user.h"

enum {
	MSS = 1000,
	FLIGHT = 10,
	NOT_ECT = 0,
	ECT_0 = 2,
	CE = 3,
	MARKS = TCP_ECE | TCP_CWR,
	SETUP_SYN = TCP_SYN | TCP_ECE | TCP_CWR,
	SETUP_SYN_ACK = TCP_SYN | TCP_ACK | TCP_ECE,
};

// The peer's SYN has these flags, the stack answers with those, and the handshake ends.
static void accept_syn(struct fixture *f, int64_t syn, int64_t answer)
{
	const struct frame *syn_ack;

	segment_arrives(f, SEG(.flags = syn, .seq = f->peer.isn, .mss = f->peer.mss));
	f->rcv_nxt = f->peer.isn + 1;
	syn_ack = expect_segment(f, SEG(.flags = answer, .ack = f->rcv_nxt, .traffic_class = 0));
	f->snd_nxt = syn_ack->tcp.seq + 1;
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
}

// plx_connect() sends a SYN with these flags, the peer's answer has those.
static void connect_with(struct fixture *f, int64_t syn, int64_t answer)
{
	const struct frame *sent;

	assert_int_equal(user_connects(f), 0);
	sent = expect_segment(f, SEG(.flags = syn, .traffic_class = 0));
	f->snd_nxt = sent->tcp.seq + 1;
	f->to_stack.dst_port = sent->tcp.src_port;
	segment_arrives(f, SEG(.flags = answer, .seq = f->peer.isn, .mss = f->peer.mss));
	f->rcv_nxt = f->peer.isn + 1;
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt, .traffic_class = 0));
	expect_event(f, PLX_EVENT_CONNECTED, 0);
}

static struct fixture *plan(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = MSS;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	return f;
}

// ESTABLISHED by a peer that has asked for it.
static struct fixture *with_ecn(void **state)
{
	struct fixture *f = plan(state);

	fixture_listening(state);
	accept_syn(f, SETUP_SYN, SETUP_SYN_ACK);
	return f;
}

// ESTABLISHED under DCTCP, an acknowledgement for every second segment.
static struct fixture *with_dctcp(void **state)
{
	struct fixture *f = plan(state);

	fixture_set_option(f, PLX_OPTION_CONGESTION, plx_congestion_index("dctcp"));
	return with_ecn(state);
}

static struct fixture *with_ten_in_flight(void **state)
{
	struct fixture *f = with_ecn(state);

	user_sends(f, FLIGHT * MSS);
	for (unsigned i = 0; i < FLIGHT; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .traffic_class = ECT_0));
	return f;
}

// The next segment, sent with CWR or without, whatever else it says.
static void expect_data(struct fixture *f, uint32_t seq, uint8_t marks, unsigned codepoint)
{
	const struct frame *frame =
		expect_segment(f, SEG(.seq = seq, .len = MSS, .traffic_class = codepoint));

	assert_int_equal(frame->tcp.flags & MARKS, marks);
}

// -- Handshake ---------------------------------------------------------------------------------------------

// 6.1.1: an ECN-setup SYN has both flags, and only that is answered with ECE.
static void passive_open_agrees_when_asked(void **state)
{
	static const struct {
		int64_t option, syn, answer;
	} cases[] = {
		{PLX_ECN_OFF, SETUP_SYN, TCP_SYN | TCP_ACK},
		{PLX_ECN_ASK, SETUP_SYN, SETUP_SYN_ACK},
		{PLX_ECN_AGREE, SETUP_SYN, SETUP_SYN_ACK},
		{PLX_ECN_OFF, TCP_SYN, TCP_SYN | TCP_ACK},
		{PLX_ECN_ASK, TCP_SYN, TCP_SYN | TCP_ACK},
		{PLX_ECN_AGREE, TCP_SYN, TCP_SYN | TCP_ACK},
		{PLX_ECN_AGREE, TCP_SYN | TCP_ECE, TCP_SYN | TCP_ACK},
		{PLX_ECN_AGREE, TCP_SYN | TCP_CWR, TCP_SYN | TCP_ACK},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture *f = plan(state);
		bool is_agreed = cases[i].answer == SETUP_SYN_ACK;

		fixture_set_option(f, PLX_OPTION_ECN, cases[i].option);
		fixture_listening(state);
		accept_syn(f, cases[i].syn, cases[i].answer);
		assert_int_equal(info_of(f).has_ecn, is_agreed);
		user_sends(f, MSS);
		expect_data(f, f->snd_nxt, 0, is_agreed ? ECT_0 : NOT_ECT);
		fixture_renew(state);
	}
}

// 6.1.1: an ECN-setup SYN+ACK has ECE and not CWR; it means nothing to a host that did not ask.
static void active_open_asks_only_if_told_to(void **state)
{
	static const struct {
		int64_t option, syn, answer;
		bool is_agreed;
	} cases[] = {
		{PLX_ECN_ASK, SETUP_SYN, SETUP_SYN_ACK, true},
		{PLX_ECN_ASK, SETUP_SYN, TCP_SYN | TCP_ACK, false},
		{PLX_ECN_ASK, SETUP_SYN, SETUP_SYN_ACK | TCP_CWR, false},
		{PLX_ECN_ASK, SETUP_SYN, TCP_SYN | TCP_ACK | TCP_CWR, false},
		{PLX_ECN_OFF, TCP_SYN, TCP_SYN | TCP_ACK, false},
		{PLX_ECN_OFF, TCP_SYN, SETUP_SYN_ACK, false},
		{PLX_ECN_AGREE, TCP_SYN, TCP_SYN | TCP_ACK, false},
		{PLX_ECN_AGREE, TCP_SYN, SETUP_SYN_ACK, false},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture *f = plan(state);

		fixture_set_option(f, PLX_OPTION_ECN, cases[i].option);
		fixture_bare(state);
		connect_with(f, cases[i].syn, cases[i].answer);
		assert_int_equal(info_of(f).has_ecn, cases[i].is_agreed);
		user_sends(f, MSS);
		expect_data(f, f->snd_nxt, 0, cases[i].is_agreed ? ECT_0 : NOT_ECT);
		fixture_renew(state);
	}
}

// Agreeing is the default, asking is not.
static void default_is_to_agree(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_bare(state);
	connect_with(f, TCP_SYN, TCP_SYN | TCP_ACK);
	assert_false(info_of(f).has_ecn);
	fixture_renew(state);
	f = with_ecn(state);
	assert_true(info_of(f).has_ecn);
}

// RFC 8257 4.2: DCTCP lives of marks, so the option does not matter.
static void dctcp_asks_and_agrees_whatever_the_option_says(void **state)
{
	struct fixture *f = plan(state);

	fixture_set_option(f, PLX_OPTION_CONGESTION, plx_congestion_index("dctcp"));
	fixture_set_option(f, PLX_OPTION_ECN, PLX_ECN_OFF);
	fixture_bare(state);
	connect_with(f, SETUP_SYN, SETUP_SYN_ACK);
	assert_true(info_of(f).has_ecn);
	fixture_renew(state);
	f = plan(state);
	fixture_set_option(f, PLX_OPTION_ECN, PLX_ECN_OFF);
	with_dctcp(state);
	assert_true(info_of(f).has_ecn);
}

// 6.1.1.1: a SYN that gets no answer may have been lost for its flags; the next one has none. Whoever has sent
// such a one MUST NOT set ECT, but answers marks if the peer has agreed to the first.
static void lost_syn_is_repeated_without_asking(void **state)
{
	struct fixture *f = plan(state);
	const struct frame *syn;

	fixture_set_option(f, PLX_OPTION_ECN, PLX_ECN_ASK);
	fixture_bare(state);
	assert_int_equal(user_connects(f), 0);
	syn = expect_segment(f, SEG(.flags = SETUP_SYN));
	f->snd_nxt = syn->tcp.seq + 1;
	f->to_stack.dst_port = syn->tcp.src_port;
	expect_segment_after(f, 1000, SEG(.flags = TCP_SYN, .seq = f->snd_nxt - 1));
	expect_segment_after(f, 2000, SEG(.flags = TCP_SYN, .seq = f->snd_nxt - 1));
	segment_arrives(f, SEG(.flags = SETUP_SYN_ACK, .seq = f->peer.isn, .mss = MSS));
	f->rcv_nxt = f->peer.isn + 1;
	expect_segment(f, SEG(.flags = TCP_ACK));
	expect_event(f, PLX_EVENT_CONNECTED, 0);

	user_sends(f, MSS);
	expect_data(f, f->snd_nxt, 0, NOT_ECT);
	segment_arrives(f, SEG(.len = 10, .ack = f->snd_nxt + MSS, .traffic_class = CE));
	expect_segment_within(f, 40, SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->rcv_nxt + 10));
}

// 6.1.1.1: so has the peer, whose SYN comes again without.
static void peer_may_fall_back(void **state)
{
	struct fixture *f = plan(state);

	fixture_listening(state);
	segment_arrives(f, SEG(.flags = SETUP_SYN, .seq = f->peer.isn, .mss = MSS));
	expect_segment(f, SEG(.flags = SETUP_SYN_ACK));
	accept_syn(f, TCP_SYN, TCP_SYN | TCP_ACK);
	user_sends(f, MSS);
	expect_data(f, f->snd_nxt, 0, NOT_ECT);
}

// A cookie has no room for it.
static void cookie_agrees_to_nothing(void **state)
{
	struct fixture *f = plan(state);

	f->config.syn_cookies = PLX_SYN_COOKIES_ALWAYS;
	fixture_listening(state);
	accept_syn(f, SETUP_SYN, TCP_SYN | TCP_ACK);
	assert_false(info_of(f).has_ecn);
	expect_counter(f, PLX_COUNTER_TCP_COOKIES_ACCEPTED, 1);
}

// -- Which packets may be marked ---------------------------------------------------------------------------

// 6.1.4: a pure acknowledgement is Not-ECT.
static void acknowledgements_are_not_capable(void **state)
{
	struct fixture *f = with_ecn(state);

	segment_arrives(f, SEG(.len = 10, .traffic_class = ECT_0));
	expect_segment_within(f, 40, SEG(.flags = TCP_ACK, .len = 0, .traffic_class = NOT_ECT));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 100, .len = 10, .traffic_class = ECT_0));
	expect_segment(f, SEG(.flags = TCP_ACK, .len = 0, .traffic_class = NOT_ECT));
}

// 6.1.5: what is sent again is Not-ECT, after a timeout as well as by duplicates.
static void retransmissions_are_not_capable(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	for (unsigned i = 0; i < 3; i++)
		segment_arrives(f, SEG());
	expect_data(f, f->snd_nxt, 0, NOT_ECT);
	expect_segment_within(f, 4000, SEG(.seq = f->snd_nxt, .traffic_class = NOT_ECT));
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 1);
}

// 6.1.6: nor is the byte that asks for a window.
static void window_probes_are_not_capable(void **state)
{
	struct fixture *f = with_ecn(state);

	segment_arrives(f, SEG(.wnd = 0));
	user_sends(f, 10);
	expect_segment_within(f, 4000, SEG(.seq = f->snd_nxt, .len = 1, .traffic_class = NOT_ECT));
	expect_counter(f, PLX_COUNTER_TCP_PROBES, 1);
}

// 5: the codepoint shares its byte with DSCP.
static void codepoint_stands_beside_dscp(void **state)
{
	struct fixture *f = with_ecn(state);

	assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_DSCP, 46), 0);
	user_sends(f, MSS);
	expect_data(f, f->snd_nxt, 0, 46 << 2 | ECT_0);
	segment_arrives(f, SEG(.len = 10, .ack = f->snd_nxt + MSS));
	expect_segment_within(f, 40, SEG(.flags = TCP_ACK, .traffic_class = 46 << 2));
}

// -- The receiver ------------------------------------------------------------------------------------------

// 6.1.3: every acknowledgement from the mark on has ECE, data included, until CWR arrives.
static void mark_is_echoed_until_cwr(void **state)
{
	struct fixture *f = with_ecn(state);
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
	struct fixture *f = with_ecn(state);

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
	struct fixture *f = with_ecn(state);

	segment_arrives(f, SEG(.seq = f->rcv_nxt + 10, .len = 10, .traffic_class = CE));
	expect_segment(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->rcv_nxt));
}

// 6.1.5: "the TCP data receiver SHOULD ignore the ECN field on arriving data packets that are outside of the
// receiver's current window".
static void mark_outside_the_window_is_ignored(void **state)
{
	struct fixture *f = with_ecn(state);

	segment_arrives(f, SEG(.seq = f->rcv_nxt - 10, .len = 10, .traffic_class = CE));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
}

// 6.1.3 speaks of data packets; nobody would answer the echo of an acknowledgement's mark.
static void mark_without_data_is_not_echoed(void **state)
{
	struct fixture *f = with_ecn(state);

	segment_arrives(f, SEG(.traffic_class = CE));
	segment_arrives(f, SEG(.len = 10, .traffic_class = ECT_0));
	expect_segment_within(f, 40, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 10));
}

// 6.1.1: who has not agreed looks at no codepoint and obeys no flag.
static void marks_and_echoes_mean_nothing_without_agreement(void **state)
{
	struct fixture *f = plan(state);

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

// -- The sender --------------------------------------------------------------------------------------------

// 6.1.2: half the window, once for the data of a window, however often it is echoed.
static void echo_reduces_the_window_once(void **state)
{
	struct fixture *f = with_ten_in_flight(state);
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
	struct fixture *f = with_ten_in_flight(state);
	uint32_t una = f->snd_nxt + FLIGHT * MSS;

	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->snd_nxt + MSS));
	segment_arrives(f, SEG(.ack = una));
	user_sends(f, FLIGHT * MSS);
	for (unsigned i = 0; i < FLIGHT / 2; i++)
		expect_data(f, una + i * MSS, i == 0 ? TCP_CWR : 0, ECT_0);
	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = una + MSS));
	forget_output(f);
	expect_counter(f, PLX_COUNTER_TCP_ECN_REDUCTIONS, 2);
	assert_true(info_of(f).ssthresh_bytes < FLIGHT / 2 * MSS);
}

// 6.1.2: CWR stands on the first new data after the reduction, on no other.
static void reduction_is_told_once_on_new_data(void **state)
{
	struct fixture *f = with_ten_in_flight(state);
	uint32_t nxt = f->snd_nxt + FLIGHT * MSS;

	user_sends(f, 10 * MSS);
	expect_silence(f);
	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->snd_nxt + 2 * MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + FLIGHT * MSS));
	fixture_settle(f);
	for (unsigned i = 0; f->next_output != f->n_outputs; i++)
		expect_data(f, nxt + i * MSS, i == 0 ? TCP_CWR : 0, ECT_0);
	assert_true(info_of(f).snd_nxt != nxt);
}

// 6.1.2: "because of a retransmit timeout, a Fast Retransmit" as well; not on what is sent again (6.1.5).
static void loss_is_told_too_but_not_on_the_retransmission(void **state)
{
	struct fixture *f = with_ten_in_flight(state);
	uint32_t nxt = f->snd_nxt + FLIGHT * MSS;

	for (unsigned i = 0; i < 3; i++)
		segment_arrives(f, SEG());
	expect_data(f, f->snd_nxt, 0, NOT_ECT);
	segment_arrives(f, SEG(.ack = nxt));
	user_sends(f, 2 * MSS);
	expect_data(f, nxt, TCP_CWR, ECT_0);
	expect_data(f, nxt + MSS, 0, ECT_0);

	expect_segment_within(f, 4000, SEG(.seq = nxt, .traffic_class = NOT_ECT));
	segment_arrives(f, SEG(.ack = nxt + 2 * MSS));
	user_sends(f, MSS);
	expect_data(f, nxt + 2 * MSS, TCP_CWR, ECT_0);
}

// 6.1.2: a mark and a loss in the same window are one reason.
static void mark_and_loss_of_a_window_reduce_once(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->snd_nxt + MSS));
	assert_int_equal(info_of(f).ssthresh_bytes, FLIGHT / 2 * MSS);
	for (unsigned i = 0; i < 3; i++)
		segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->snd_nxt + MSS));
	expect_data(f, f->snd_nxt + MSS, 0, NOT_ECT);
	assert_int_equal(info_of(f).ssthresh_bytes, FLIGHT / 2 * MSS);
	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->snd_nxt + FLIGHT * MSS));
	assert_int_equal(info_of(f).ssthresh_bytes, FLIGHT / 2 * MSS);
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 1);
	expect_counter(f, PLX_COUNTER_TCP_ECN_REDUCTIONS, 1);
}

// An echo that comes when nothing is in flight is of a window long gone.
static void echo_with_nothing_in_flight_reduces_nothing(void **state)
{
	struct fixture *f = with_ecn(state);

	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE));
	assert_int_equal(info_of(f).ssthresh_bytes, UINT32_MAX);
	expect_counter(f, PLX_COUNTER_TCP_ECN_REDUCTIONS, 0);
}

// -- DCTCP -------------------------------------------------------------------------------------------------

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
		SCENARIO(passive_open_agrees_when_asked),
		SCENARIO(active_open_asks_only_if_told_to),
		SCENARIO(default_is_to_agree),
		SCENARIO(dctcp_asks_and_agrees_whatever_the_option_says),
		SCENARIO(lost_syn_is_repeated_without_asking),
		SCENARIO(peer_may_fall_back),
		SCENARIO(cookie_agrees_to_nothing),
		SCENARIO_EVERY_LINK(acknowledgements_are_not_capable),
		SCENARIO(retransmissions_are_not_capable),
		SCENARIO(window_probes_are_not_capable),
		SCENARIO_EVERY_LINK(codepoint_stands_beside_dscp),
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
	return cmocka_run_group_tests_name("script ecn", tests, NULL, NULL);
}

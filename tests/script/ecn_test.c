// SPDX-License-Identifier: BSD-3-Clause
//
// Explicit congestion notification: who agrees with whom, which packets say that they may be marked.
// RFC 3168 (numbers below are its clauses); marks and echoes are in ecn_echo_test.c.
#include "support/eal_main.h"

#include "ecn_peer.h"

enum { MSS = ECN_PEER_MSS };

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
		struct fixture *f = ecn_peer_plan(state);
		bool is_agreed = cases[i].answer == SETUP_SYN_ACK;

		fixture_set_option(f, PLX_OPTION_ECN, cases[i].option);
		fixture_listening(state);
		ecn_peer_connects(f, cases[i].syn, cases[i].answer);
		assert_int_equal(info_of(f).has_ecn, is_agreed);
		user_sends(f, MSS);
		ecn_peer_expects(f, f->snd_nxt, 0, is_agreed ? ECT_0 : NOT_ECT);
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
		struct fixture *f = ecn_peer_plan(state);

		fixture_set_option(f, PLX_OPTION_ECN, cases[i].option);
		fixture_bare(state);
		connect_with(f, cases[i].syn, cases[i].answer);
		assert_int_equal(info_of(f).has_ecn, cases[i].is_agreed);
		user_sends(f, MSS);
		ecn_peer_expects(f, f->snd_nxt, 0, cases[i].is_agreed ? ECT_0 : NOT_ECT);
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
	f = ecn_peer_established(state);
	assert_true(info_of(f).has_ecn);
}

// RFC 8257 4.2: DCTCP lives of marks, so the option does not matter.
static void dctcp_asks_and_agrees_whatever_the_option_says(void **state)
{
	struct fixture *f = ecn_peer_plan(state);

	fixture_set_option(f, PLX_OPTION_CONGESTION, plx_congestion_index("dctcp"));
	fixture_set_option(f, PLX_OPTION_ECN, PLX_ECN_OFF);
	fixture_bare(state);
	connect_with(f, SETUP_SYN, SETUP_SYN_ACK);
	assert_true(info_of(f).has_ecn);
	fixture_renew(state);
	f = ecn_peer_plan(state);
	fixture_set_option(f, PLX_OPTION_ECN, PLX_ECN_OFF);
	fixture_set_option(f, PLX_OPTION_CONGESTION, plx_congestion_index("dctcp"));
	ecn_peer_established(state);
	assert_true(info_of(f).has_ecn);
}

// 6.1.1.1: a SYN that gets no answer may have been lost for its flags; the next one has none. Whoever has sent
// such a one MUST NOT set ECT, but answers marks if the peer has agreed to the first.
static void lost_syn_is_repeated_without_asking(void **state)
{
	struct fixture *f = ecn_peer_plan(state);
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
	ecn_peer_expects(f, f->snd_nxt, 0, NOT_ECT);
	segment_arrives(f, SEG(.len = 10, .ack = f->snd_nxt + MSS, .traffic_class = CE));
	expect_segment_within(f, 40, SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->rcv_nxt + 10));
}

// 6.1.1.1: so has the peer, whose SYN comes again without.
static void peer_may_fall_back(void **state)
{
	struct fixture *f = ecn_peer_plan(state);

	fixture_listening(state);
	segment_arrives(f, SEG(.flags = SETUP_SYN, .seq = f->peer.isn, .mss = MSS));
	expect_segment(f, SEG(.flags = SETUP_SYN_ACK));
	ecn_peer_connects(f, TCP_SYN, TCP_SYN | TCP_ACK);
	user_sends(f, MSS);
	ecn_peer_expects(f, f->snd_nxt, 0, NOT_ECT);
}

// A cookie has no room for it.
static void cookie_agrees_to_nothing(void **state)
{
	struct fixture *f = ecn_peer_plan(state);

	f->config.syn_cookies = PLX_SYN_COOKIES_ALWAYS;
	fixture_listening(state);
	ecn_peer_connects(f, SETUP_SYN, TCP_SYN | TCP_ACK);
	assert_false(info_of(f).has_ecn);
	expect_counter(f, PLX_COUNTER_TCP_COOKIES_ACCEPTED, 1);
}

// 6.1.4: a pure acknowledgement is Not-ECT.
static void acknowledgements_are_not_capable(void **state)
{
	struct fixture *f = ecn_peer_established(state);

	segment_arrives(f, SEG(.len = 10, .traffic_class = ECT_0));
	expect_segment_within(f, 40, SEG(.flags = TCP_ACK, .len = 0, .traffic_class = NOT_ECT));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 100, .len = 10, .traffic_class = ECT_0));
	expect_segment(f, SEG(.flags = TCP_ACK, .len = 0, .traffic_class = NOT_ECT));
}

// 6.1.5: what is sent again is Not-ECT, after a timeout as well as by duplicates.
static void retransmissions_are_not_capable(void **state)
{
	struct fixture *f = ecn_peer_with_flight(state);

	for (unsigned i = 0; i < 3; i++)
		segment_arrives(f, SEG());
	ecn_peer_expects(f, f->snd_nxt, 0, NOT_ECT);
	expect_segment_within(f, 4000, SEG(.seq = f->snd_nxt, .traffic_class = NOT_ECT));
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 1);
}

// 6.1.6: nor is the byte that asks for a window.
static void window_probes_are_not_capable(void **state)
{
	struct fixture *f = ecn_peer_established(state);

	segment_arrives(f, SEG(.wnd = 0));
	user_sends(f, 10);
	expect_segment_within(f, 4000, SEG(.seq = f->snd_nxt, .len = 1, .traffic_class = NOT_ECT));
	expect_counter(f, PLX_COUNTER_TCP_PROBES, 1);
}

// 5: the codepoint shares its byte with DSCP.
static void codepoint_stands_beside_dscp(void **state)
{
	struct fixture *f = ecn_peer_established(state);

	assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_DSCP, 46), 0);
	user_sends(f, MSS);
	ecn_peer_expects(f, f->snd_nxt, 0, 46 << 2 | ECT_0);
	segment_arrives(f, SEG(.len = 10, .ack = f->snd_nxt + MSS));
	expect_segment_within(f, 40, SEG(.flags = TCP_ACK, .traffic_class = 46 << 2));
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
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script ecn", tests, NULL, NULL);
}

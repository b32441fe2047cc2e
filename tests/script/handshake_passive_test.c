// SPDX-License-Identifier: BSD-3-Clause
//
// The passive open: LISTEN, SYN_RECEIVED, ESTABLISHED, and what a SYN's options settle.
// RFC 9293 3.10.7.2, 3.10.7.4, 3.7.1; RFC 7323 2 and 3.
#include "support/eal_main.h"
#include "support/user.h"

static int64_t own_mss(const struct fixture *f)
{
	return f->variant->is_ipv6 ? 1440 : 1460;
}

// RFC 9293 3.10.7.2 third, RFC 7323 1.3: what the SYN offers is answered in the SYN+ACK.
static void syn_is_answered_with_all_its_options(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.wscale = 7;
	f->peer.timestamps = true;
	fixture_listening(state);
	f->has_timestamps = true;
	segment_arrives(f,
			SEG(.flags = TCP_SYN, .seq = 100, .mss = 1400, .wscale = 7, .ts_val = 777,
			    .ts_ecr = 0));

	expect_segment(f,
		       SEG(.flags = TCP_SYN | TCP_ACK, .ack = 101, .wnd = 65535, .len = 0,
			   .mss = own_mss(f), .wscale = SEG_ANY, .ts_ecr = 777, .ts_val = SEG_ANY,
			   .src_port = FIXTURE_PORT, .dst_port = FIXTURE_PEER_PORT));
	expect_state(f, PLX_STATE_SYN_RECEIVED);
	expect_no_event(f);
	expect_counter(f, PLX_COUNTER_TCP_SYNS_RECEIVED, 1);
}

// RFC 7323 2.2 and 3.2: an option that the SYN does not have is not sent.
static void options_absent_from_syn_are_absent_from_answer(void **state)
{
	struct fixture *f = fixture_listening(state);

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = 100));

	expect_segment(f,
		       SEG(.flags = TCP_SYN | TCP_ACK, .ack = 101, .mss = own_mss(f),
			   .wscale = SEG_ABSENT, .ts_val = SEG_ABSENT));
}

static void window_scale_alone_is_answered_alone(void **state)
{
	struct fixture *f = fixture_listening(state);

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = 100, .wscale = 3));

	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .wscale = SEG_ANY, .ts_val = SEG_ABSENT));
}

static void timestamps_alone_are_answered_alone(void **state)
{
	struct fixture *f = fixture_listening(state);

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = 100, .ts_val = 5, .ts_ecr = 0));

	expect_segment(f,
		       SEG(.flags = TCP_SYN | TCP_ACK, .wscale = SEG_ABSENT, .ts_val = SEG_ANY,
			   .ts_ecr = 5));
}

// A listener that does not want an option does not answer it either.
static void options_switched_off_are_not_answered(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_WINDOW_SCALE, 0);
	fixture_set_option(f, PLX_OPTION_TIMESTAMPS, 0);
	fixture_listening(state);
	segment_arrives(f, SEG(.flags = TCP_SYN, .wscale = 3, .ts_val = 5, .ts_ecr = 0));

	expect_segment(f,
		       SEG(.flags = TCP_SYN | TCP_ACK, .wscale = SEG_ABSENT, .ts_val = SEG_ABSENT));
}

// RFC 9293 3.10.7.4 fifth: the ACK of our SYN makes the connection.
static void ack_of_syn_ack_establishes(void **state)
{
	struct fixture *f = fixture_syn_received(state);
	struct plx_info info;

	segment_arrives(f, SEG());

	expect_event(f, PLX_EVENT_ACCEPTED, 0);
	expect_silence(f);
	info = info_of(f);
	assert_int_equal(info.state, PLX_STATE_ESTABLISHED);
	assert_int_equal(info.irs, f->rcv_nxt - 1);
	assert_int_equal(info.iss, f->snd_nxt - 1);
	assert_int_equal(info.rcv_nxt, f->rcv_nxt);
	assert_int_equal(info.snd_nxt, f->snd_nxt);
	assert_int_equal(info.snd_una, f->snd_nxt);
	assert_int_equal(info.local_port, FIXTURE_PORT);
	assert_int_equal(info.remote_port, FIXTURE_PEER_PORT);
	assert_true(plx_addr_is_equal(&info.local, &f->to_stack.dst));
	assert_true(plx_addr_is_equal(&info.remote, &f->to_stack.src));
	assert_int_equal(info.snd_wnd_bytes, FIXTURE_PEER_WND);
	assert_int_equal(info.mss_bytes, own_mss(f));
	expect_counter(f, PLX_COUNTER_CONN_OPENED_PASSIVE, 1);
}

// RFC 9293 3.10.7.4 fifth to seventh: text goes with the ACK that establishes.
static void third_segment_may_carry_data(void **state)
{
	struct fixture *f = fixture_syn_received(state);

	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_PSH, .len = 100));

	expect_event(f, PLX_EVENT_ACCEPTED | PLX_EVENT_READABLE, 0);
	user_receives(f, 100);
	expect_segment_within(f, 40, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 100));
}

// The same, eighth: so does FIN.
static void third_segment_may_carry_data_and_fin(void **state)
{
	struct fixture *f = fixture_syn_received(state);

	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_FIN, .len = 10));

	expect_event(f, PLX_EVENT_ACCEPTED | PLX_EVENT_READABLE | PLX_EVENT_PEER_CLOSED, 0);
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 11));
	expect_state(f, PLX_STATE_CLOSE_WAIT);
	user_receives(f, 10);
	user_finds_end(f);
}

// RFC 9293 3.10.7.4 fifth, SYN-RECEIVED: an ACK of something else is answered with RST.
static void wrong_ack_of_syn_ack_is_reset(void **state)
{
	struct fixture *f = fixture_syn_received(state);

	segment_arrives(f, SEG(.ack = f->snd_nxt + 1));

	expect_segment(f, SEG(.flags = TCP_RST, .seq = f->snd_nxt + 1));
	expect_silence(f);
	expect_state(f, PLX_STATE_SYN_RECEIVED);

	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
}

// RFC 9293 3.10.7.4 fifth: without ACK the segment is dropped.
static void data_without_ack_does_not_establish(void **state)
{
	struct fixture *f = fixture_syn_received(state);

	segment_arrives(f, SEG(.flags = TCP_PSH, .len = 10));

	expect_silence(f);
	expect_no_event(f);
	expect_state(f, PLX_STATE_SYN_RECEIVED);
}

// DEVIATION RFC 9293 3.10.7.2 third: payload of a SYN is neither kept nor acknowledged.
static void payload_of_syn_is_sent_again(void **state)
{
	struct fixture *f = fixture_listening(state);
	const struct frame *answer;

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->peer.isn, .len = 10));
	f->rcv_nxt = f->peer.isn + 1;
	answer = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .ack = f->rcv_nxt));
	f->snd_nxt = answer->tcp.seq + 1;

	segment_arrives(f, SEG(.len = 10));
	expect_event(f, PLX_EVENT_ACCEPTED | PLX_EVENT_READABLE, 0);
	user_receives(f, 10);
	advance(f, 40);
	forget_output(f);
}

// The same for a FIN that comes with the SYN.
static void fin_of_syn_is_not_acknowledged(void **state)
{
	struct fixture *f = fixture_listening(state);

	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_FIN, .seq = 100));

	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .ack = 101));
	expect_state(f, PLX_STATE_SYN_RECEIVED);
}

// RFC 9293 3.10.7.2 first: RST counts before SYN.
static void syn_with_rst_is_dropped(void **state)
{
	struct fixture *f = fixture_listening(state);

	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_RST, .seq = 100));

	expect_silence(f);
	expect_drops(f, PLX_DROP_TCP_FLAGS, 1);
	expect_state(f, PLX_STATE_LISTEN);
}

static void rst_at_listener_is_ignored(void **state)
{
	struct fixture *f = fixture_listening(state);

	segment_arrives(f, SEG(.flags = TCP_RST, .seq = 100));
	segment_arrives(f, SEG(.flags = TCP_RST | TCP_ACK, .seq = 100, .ack = 5));

	expect_silence(f);
	expect_drops(f, PLX_DROP_TCP_RST_NO_CONNECTION, 2);
	expect_state(f, PLX_STATE_LISTEN);
}

// RFC 9293 3.10.7.2 second.
static void ack_at_listener_is_reset(void **state)
{
	struct fixture *f = fixture_listening(state);

	segment_arrives(f, SEG(.flags = TCP_ACK, .seq = 100, .ack = 5000));
	expect_segment(f, SEG(.flags = TCP_RST, .seq = 5000, .len = 0));
	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = 100, .ack = 6000));
	expect_segment(f, SEG(.flags = TCP_RST, .seq = 6000, .len = 0));

	expect_silence(f);
	expect_state(f, PLX_STATE_LISTEN);
}

// RFC 9293 3.10.7.2 fourth: neither RST, ACK nor SYN.
static void segment_without_flags_at_listener_is_dropped(void **state)
{
	struct fixture *f = fixture_listening(state);

	segment_arrives(f, SEG(.flags = 0, .seq = 100, .len = 10));
	segment_arrives(f, SEG(.flags = TCP_FIN, .seq = 100));

	expect_silence(f);
	expect_state(f, PLX_STATE_LISTEN);
}

// RFC 9293 3.7.1 MUST-15: without the option it is 536, or 1220 for IPv6.
static void mss_defaults_when_peer_names_none(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = SEG_ABSENT;
	fixture_established(state);

	user_sends(f, 1300);
	expect_segment(f, SEG(.len = f->variant->is_ipv6 ? 1220 : 536));
	forget_output(f);
}

// RFC 9293 3.7.1: not more than the peer says, nor than our own link carries.
static void send_mss_is_the_lesser_of_both(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = 9000;
	fixture_established(state);
	assert_int_equal(info_of(f).mss_bytes, own_mss(f));

	fixture_renew(state);
	f = fixture_plan(state);
	f->peer.mss = 700;
	fixture_established(state);
	assert_int_equal(info_of(f).mss_bytes, 700);
}

// RFC 7323 2.3: a shift above 14 counts as 14.
static void window_scale_is_clamped_to_14(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.wscale = 15;
	f->peer.wnd = 1;
	fixture_established(state);

	assert_int_equal(info_of(f).snd_wscale, 14);
	assert_int_equal(info_of(f).snd_wnd_bytes, 1 << 14);
}

// RFC 7323 2.2: the window field of a SYN is never scaled, those after it are.
static void window_is_scaled_after_the_handshake_only(void **state)
{
	struct fixture *f = fixture_plan(state);
	unsigned shift;

	f->peer.wscale = 2;
	f->peer.wnd = 1000;
	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 1 << 20);
	fixture_syn_received(state);
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);

	assert_true(info_of(f).has_window_scale);
	assert_int_equal(info_of(f).snd_wnd_bytes, 4000);
	shift = info_of(f).rcv_wscale;
	assert_in_range(shift, 5, 14);
	segment_arrives(f, SEG(.len = 1));
	expect_segment_after(f, 40, SEG(.wnd = ((1 << 20) - 1) >> shift));
}

// RFC 9293 3.10.7.1: a port where nobody listens.
static void syn_to_closed_port_is_reset(void **state)
{
	struct fixture *f = fixture_listening(state);

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = 100, .dst_port = 81));

	expect_segment(f, SEG(.flags = TCP_RST | TCP_ACK, .seq = 0, .ack = 101, .src_port = 81));
	expect_silence(f);
}

// Timestamps go with every segment once both sides have offered them (RFC 7323 3.2).
static void timestamps_go_with_every_segment(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.timestamps = true;
	fixture_established(state);
	assert_true(info_of(f).has_timestamps);

	segment_arrives(f, SEG(.len = 10, .ts_val = 90000, .ts_ecr = 1));
	expect_segment_after(f, 40, SEG(.flags = TCP_ACK, .ts_val = SEG_ANY, .ts_ecr = 90000));
	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10, .ts_val = SEG_ANY, .ts_ecr = 90000));
	user_receives(f, 10);
	user_closes(f);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK, .ts_val = SEG_ANY, .ts_ecr = 90000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_EVERY_LINK(syn_is_answered_with_all_its_options),
		SCENARIO(options_absent_from_syn_are_absent_from_answer),
		SCENARIO(window_scale_alone_is_answered_alone),
		SCENARIO(timestamps_alone_are_answered_alone),
		SCENARIO(options_switched_off_are_not_answered),
		SCENARIO_EVERY_LINK(ack_of_syn_ack_establishes),
		SCENARIO(third_segment_may_carry_data),
		SCENARIO(third_segment_may_carry_data_and_fin),
		SCENARIO(wrong_ack_of_syn_ack_is_reset),
		SCENARIO(data_without_ack_does_not_establish),
		SCENARIO(payload_of_syn_is_sent_again),
		SCENARIO(fin_of_syn_is_not_acknowledged),
		SCENARIO(syn_with_rst_is_dropped),
		SCENARIO(rst_at_listener_is_ignored),
		SCENARIO(ack_at_listener_is_reset),
		SCENARIO(segment_without_flags_at_listener_is_dropped),
		SCENARIO(mss_defaults_when_peer_names_none),
		SCENARIO(send_mss_is_the_lesser_of_both),
		SCENARIO(window_scale_is_clamped_to_14),
		SCENARIO(window_is_scaled_after_the_handshake_only),
		SCENARIO(syn_to_closed_port_is_reset),
		SCENARIO(timestamps_go_with_every_segment),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script handshake_passive", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// The active open: SYN_SENT to ESTABLISHED, refusals, retries, and both sides opening at once.
// RFC 9293 3.10.1, 3.10.7.3, 3.5; RFC 6056, RFC 6528; RFC 7323 2 and 3.
#include <errno.h>

#include "support/eal_main.h"
#include "support/user.h"

// RFC 9293 3.10.1, 3.7.1; RFC 7323 1.3.
static void connect_offers_every_option(void **state)
{
	struct fixture *f = fixture_bare(state);

	assert_int_equal(user_connects(f), 0);

	expect_segment(f,
		       SEG(.flags = TCP_SYN, .ack = 0, .wnd = 65535, .len = 0,
			   .mss = f->variant->is_ipv6 ? 1440 : 1460, .wscale = SEG_ANY,
			   .ts_val = SEG_ANY, .dst_port = f->peer.port));
	expect_silence(f);
	expect_no_event(f);
	assert_int_equal(info_of(f).state, PLX_STATE_SYN_SENT);
	expect_counter(f, PLX_COUNTER_CONN_OPENED_ACTIVE, 1);
}

static void options_switched_off_are_not_offered(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_WINDOW_SCALE, 0);
	fixture_set_option(f, PLX_OPTION_TIMESTAMPS, 0);
	fixture_set_option(f, PLX_OPTION_MAX_SEGMENT, 1000);
	fixture_bare(state);
	assert_int_equal(user_connects(f), 0);

	expect_segment(
		f, SEG(.flags = TCP_SYN, .mss = 1000, .wscale = SEG_ABSENT, .ts_val = SEG_ABSENT));
}

// RFC 9293 3.10.7.3 fourth.
static void syn_ack_establishes(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct plx_info info;

	f->peer.timestamps = true;
	f->peer.wscale = 4;
	fixture_connected(state);

	info = info_of(f);
	assert_int_equal(info.state, PLX_STATE_ESTABLISHED);
	assert_int_equal(info.iss + 1, f->snd_nxt);
	assert_int_equal(info.irs + 1, f->rcv_nxt);
	assert_int_equal(info.snd_una, f->snd_nxt);
	assert_int_equal(info.remote_port, f->peer.port);
	assert_int_equal(info.snd_wscale, 4);
	assert_true(info.has_timestamps);
	// RFC 7323 2.2: the window of the SYN+ACK was not scaled.
	assert_int_equal(info.snd_wnd_bytes, FIXTURE_PEER_WND);
}

// RFC 7323 2.2, 3.2: what the SYN+ACK does not have is not in force.
static void options_the_peer_declines_are_not_in_force(void **state)
{
	struct fixture *f = fixture_connected(state);

	assert_false(info_of(f).has_timestamps);
	assert_false(info_of(f).has_window_scale);
	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10, .ts_val = SEG_ABSENT, .wnd = 65535));
}

// The timestamp of the SYN+ACK comes back in the third segment (RFC 7323 4.3).
static void third_segment_echoes_timestamp(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	f->has_timestamps = true;
	segment_arrives(f,
			SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->peer.isn, .mss = 1400,
			    .ts_val = 4242, .ts_ecr = f->ts_val));

	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->peer.isn + 1, .ts_ecr = 4242));
	expect_event(f, PLX_EVENT_CONNECTED, 0);
}

// RFC 9293 3.10.7.3 first: an old duplicate's ACK is reset, and the attempt lives on.
static void unacceptable_ack_is_reset_and_attempt_lives(void **state)
{
	struct fixture *f = fixture_syn_sent(state);
	uint32_t iss = f->snd_nxt - 1;

	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = 500, .ack = iss));
	expect_segment(f, SEG(.flags = TCP_RST, .seq = iss));
	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = 500, .ack = iss + 2));
	expect_segment(f, SEG(.flags = TCP_RST, .seq = iss + 2));
	segment_arrives(f, SEG(.flags = TCP_ACK, .seq = 500, .ack = iss - 1000));
	expect_segment(f, SEG(.flags = TCP_RST, .seq = iss - 1000));

	expect_silence(f);
	expect_state(f, PLX_STATE_SYN_SENT);
	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->peer.isn, .mss = 1400));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->peer.isn + 1));
	expect_event(f, PLX_EVENT_CONNECTED, 0);
}

// The same: "unless the RST bit is set, if so drop the segment".
static void rst_with_unacceptable_ack_is_dropped(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	segment_arrives(f, SEG(.flags = TCP_RST | TCP_ACK, .seq = 0, .ack = f->snd_nxt + 1));

	expect_silence(f);
	expect_no_event(f);
	expect_state(f, PLX_STATE_SYN_SENT);
}

// RFC 9293 3.10.7.3 second.
static void rst_without_ack_is_dropped(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	segment_arrives(f, SEG(.flags = TCP_RST, .seq = 0));

	expect_silence(f);
	expect_no_event(f);
	expect_state(f, PLX_STATE_SYN_SENT);
}

static void rst_with_acceptable_ack_refuses(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	segment_arrives(f, SEG(.flags = TCP_RST | TCP_ACK, .seq = 0));

	expect_event(f, PLX_EVENT_FAILED, -ECONNREFUSED);
	expect_silence(f);
	expect_state(f, PLX_STATE_CLOSED);
	assert_int_equal(plx_readable(f->stack, f->conn), -EBADF);
}

// RFC 9293 3.10.7.3 fifth: neither SYN nor RST.
static void acceptable_ack_alone_is_dropped(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	segment_arrives(f, SEG(.flags = TCP_ACK, .seq = 100));
	segment_arrives(f, SEG(.flags = TCP_FIN, .seq = 100));
	segment_arrives(f, SEG(.flags = 0, .seq = 100, .len = 5));

	expect_silence(f);
	expect_no_event(f);
	expect_state(f, PLX_STATE_SYN_SENT);
}

// RFC 6298 2.1, 5.5: one second, then twice as long each time; RFC 9293 MUST-23: not under 180 s.
static void syn_is_sent_again_with_backoff_then_given_up(void **state)
{
	struct fixture *f = fixture_syn_sent(state);
	plx_time begin = f->now;

	for (unsigned i = 0; i < 7; i++)
		expect_segment_after(f, UINT64_C(1000) << i,
				     SEG(.flags = TCP_SYN, .seq = f->snd_nxt - 1));
	forget_events(f);	// SOFT_ERROR: R1 was passed
	advance(f, 120000 - 1); // RTO_MAX
	expect_no_event(f);
	advance(f, 1);
	expect_event(f, PLX_EVENT_FAILED, -ETIMEDOUT);
	expect_silence(f);
	assert_true(f->now - begin >= 180 * PLX_SECOND);
}

static void syn_retries_is_obeyed(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_SYN_RETRIES, 1);
	fixture_set_option(f, PLX_OPTION_RTO_INITIAL, 250 * PLX_MILLISECOND);
	fixture_syn_sent(state);

	expect_segment_after(f, 250, SEG(.flags = TCP_SYN, .seq = f->snd_nxt - 1));
	expect_silence_for(f, 499);
	expect_no_event(f);
	advance(f, 1);
	expect_event(f, PLX_EVENT_FAILED, -ETIMEDOUT);
}

// RFC 9293 3.10.2: data queued in SYN_SENT waits for the handshake, and then rides on its ACK.
static void data_queued_before_the_handshake_goes_with_its_ack(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	user_sends(f, 100);
	expect_silence(f);
	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->peer.isn, .mss = 1400));

	expect_segment(f,
		       SEG(.flags = TCP_ACK | TCP_PSH, .seq = f->snd_nxt, .ack = f->peer.isn + 1,
			   .len = 100));
	expect_silence(f);
	expect_event(f, PLX_EVENT_CONNECTED, 0);
}

// DEVIATION 3.10.7.3 fourth: text and FIN that come with the peer's SYN are not taken, and come again.
static void text_of_a_syn_ack_comes_again(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	segment_arrives(f,
			SEG(.flags = TCP_SYN | TCP_ACK | TCP_FIN, .seq = f->peer.isn, .len = 10));
	f->rcv_nxt = f->peer.isn + 1;
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
	expect_event(f, PLX_EVENT_CONNECTED, 0);
	expect_state(f, PLX_STATE_ESTABLISHED);
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .len = 10));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 11));
	user_receives(f, 10);
}

// RFC 9293 3.5 figure 8: both sides send SYN.
static void simultaneous_open_establishes(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->peer.isn, .mss = 1400));
	f->rcv_nxt = f->peer.isn + 1;
	expect_segment(f,
		       SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->snd_nxt - 1, .ack = f->rcv_nxt));
	expect_no_event(f);
	assert_int_equal(info_of(f).state, PLX_STATE_SYN_RECEIVED);

	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->peer.isn, .mss = 1400));
	forget_output(f);
	expect_event(f, PLX_EVENT_CONNECTED, 0);
	expect_state(f, PLX_STATE_ESTABLISHED);
	segment_arrives(f, SEG(.len = 10));
	expect_event(f, PLX_EVENT_READABLE, 0);
	forget_output(f);
}

// The same, the peer's answer being a plain ACK.
static void simultaneous_open_ends_with_an_ack(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->peer.isn));
	f->rcv_nxt = f->peer.isn + 1;
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	segment_arrives(f, SEG());

	expect_silence(f);
	expect_event(f, PLX_EVENT_CONNECTED, 0);
	expect_state(f, PLX_STATE_ESTABLISHED);
}

// RFC 9293 3.10.7.4 second, SYN-RECEIVED from an active open: refused.
static void rst_in_simultaneous_open_refuses(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->peer.isn));
	f->rcv_nxt = f->peer.isn + 1;
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	segment_arrives(f, SEG(.flags = TCP_RST));

	expect_event(f, PLX_EVENT_FAILED, -ECONNREFUSED);
	expect_silence(f);
}

// RFC 9293 3.10.4: CLOSE in SYN_SENT deletes the TCB.
static void close_in_syn_sent_ends_silently(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	user_closes(f);

	expect_silence(f);
	expect_event(f, PLX_EVENT_CLOSED, 0);
	expect_silence_for(f, 10000);
}

// RFC 9293 3.10.5: so does ABORT.
static void abort_in_syn_sent_ends_silently(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	user_aborts(f);

	expect_silence(f);
	expect_event(f, PLX_EVENT_FAILED, -ECONNABORTED);
	expect_silence_for(f, 10000);
}

// RFC 6056: within the range, and no two alike to one peer.
static void ephemeral_ports_are_distinct_and_in_range(void **state)
{
	struct fixture *f = fixture_plan(state);
	uint16_t seen[16];

	f->config.port_first = 50000;
	f->config.port_last = 50015;
	fixture_bare(state);
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(user_connects(f), 0);
		seen[i] = expect_segment(f, SEG(.flags = TCP_SYN))->tcp.src_port;
		assert_in_range(seen[i], 50000, 50015);
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(seen[i], seen[j]);
	}
	assert_int_equal(user_connects(f), -EADDRNOTAVAIL);
	expect_counter(f, PLX_COUNTER_CONN_REFUSED, 1);
}

static uint32_t iss_of_next_connection(struct fixture *f, uint16_t local_port)
{
	struct plx_connect_args args = {
		.local_port = local_port, .remote = f->to_stack.src, .remote_port = f->peer.port};
	uint32_t iss;

	assert_int_equal(plx_connect(f->stack, &args, &f->conn), 0);
	lifecycle_on_connect(&f->life, f->conn);
	iss = expect_segment(f, SEG(.flags = TCP_SYN, .src_port = local_port))->tcp.seq;
	user_aborts(f);
	expect_event(f, PLX_EVENT_FAILED, -ECONNABORTED);
	return iss;
}

// RFC 6528 3: per tuple the ISN follows a clock of 4 microseconds; other tuples tell nothing of it.
static void isn_follows_the_clock_per_tuple(void **state)
{
	struct fixture *f = fixture_bare(state);
	uint32_t first = iss_of_next_connection(f, 2000);
	uint32_t other = iss_of_next_connection(f, 2001);
	uint32_t second;

	advance(f, 1000);
	second = iss_of_next_connection(f, 2000);
	assert_int_equal(second - first, 250000);
	assert_true(other - first > 1000);
}

// RFC 9293 3.10.1: a local port may be named, also one that is listened on.
static void connect_from_the_port_of_a_listener_works(void **state)
{
	struct fixture *f = fixture_listening(state);
	struct plx_connect_args args = {.local = f->to_stack.dst,
					.local_port = FIXTURE_PORT,
					.remote = f->to_stack.src,
					.remote_port = 5555};
	const struct frame *syn;

	assert_int_equal(plx_connect(f->stack, &args, &f->conn), 0);
	lifecycle_on_connect(&f->life, f->conn);
	syn = expect_segment(f, SEG(.flags = TCP_SYN, .src_port = FIXTURE_PORT));
	f->snd_nxt = syn->tcp.seq + 1;
	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->peer.isn, .src_port = 5555));
	expect_segment(f, SEG(.flags = TCP_ACK, .dst_port = 5555));
	expect_event(f, PLX_EVENT_CONNECTED, 0);

	peer_sends_syn(f);
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .dst_port = FIXTURE_PEER_PORT));
}

// RFC 7323 2.2: the window of a segment with SYN is never scaled.
static void simultaneous_open_scales_no_window_of_a_syn(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->peer.isn, .wscale = 7, .wnd = 2000));
	f->rcv_nxt = f->peer.isn + 1;
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	segment_arrives(
		f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->peer.isn, .wscale = 7, .wnd = 2000));
	forget_output(f);
	expect_event(f, PLX_EVENT_CONNECTED, 0);
	assert_int_equal(info_of(f).snd_wnd_bytes, 2000);
}

// RFC 6298 5.7 is for a timer that has expired.
static void simultaneous_open_is_no_retransmission(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->peer.isn));
	f->rcv_nxt = f->peer.isn + 1;
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_CONNECTED, 0);
	assert_true(info_of(f).rto < 3 * PLX_SECOND);
	assert_int_equal(info_of(f).retransmits, 0);
}

// RFC 5961 3.2 and 4.2 hold in SYN_RECEIVED; what was owed is not sent later.
static void simultaneous_open_is_challenged_at_once(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->peer.isn));
	f->rcv_nxt = f->peer.isn + 1;
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK));
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->rcv_nxt + 100));
	expect_segment(f, SEG(.flags = TCP_ACK));
	segment_arrives(f, SEG(.flags = TCP_RST, .seq = f->rcv_nxt + 100));
	expect_segment(f, SEG(.flags = TCP_ACK));
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_CONNECTED, 0);
	expect_silence(f);
}

// RFC 1122 3.2.1.3 (a): 0.0.0.0 is nobody.
static void connect_to_the_unspecified_address_is_refused(void **state)
{
	struct fixture *f = fixture_bare(state);
	struct plx_connect_args args = {.remote = plx_addr_ipv4(0, 0, 0, 0), .remote_port = 5};

	assert_int_equal(plx_connect(f->stack, &args, &f->conn), -EINVAL);
}

// A burst gives what single segments give: the peer's SYN is acknowledged, and nothing is sent twice.
static void simultaneous_open_in_one_burst(void **state)
{
	struct fixture *f = fixture_syn_sent(state);

	burst_begin(f);
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->peer.isn, .mss = 1000));
	f->rcv_nxt = f->peer.isn + 1;
	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->peer.isn, .mss = 1000));
	burst_end(f);
	expect_event(f, PLX_EVENT_CONNECTED, 0);
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
	user_sends(f, 100);
	expect_segment(f, SEG(.len = 100, .seq = f->snd_nxt));
	user_sends(f, 100);
	expect_silence(f);
	user_aborts(f);
	forget_output(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_EVERY_LINK(connect_offers_every_option),
		SCENARIO(options_switched_off_are_not_offered),
		SCENARIO_EVERY_LINK(syn_ack_establishes),
		SCENARIO(options_the_peer_declines_are_not_in_force),
		SCENARIO(third_segment_echoes_timestamp),
		SCENARIO(unacceptable_ack_is_reset_and_attempt_lives),
		SCENARIO(rst_with_unacceptable_ack_is_dropped),
		SCENARIO(rst_without_ack_is_dropped),
		SCENARIO(rst_with_acceptable_ack_refuses),
		SCENARIO(acceptable_ack_alone_is_dropped),
		SCENARIO(syn_is_sent_again_with_backoff_then_given_up),
		SCENARIO(syn_retries_is_obeyed),
		SCENARIO(data_queued_before_the_handshake_goes_with_its_ack),
		SCENARIO(text_of_a_syn_ack_comes_again),
		SCENARIO(simultaneous_open_establishes),
		SCENARIO(simultaneous_open_ends_with_an_ack),
		SCENARIO(rst_in_simultaneous_open_refuses),
		SCENARIO(close_in_syn_sent_ends_silently),
		SCENARIO(abort_in_syn_sent_ends_silently),
		SCENARIO(ephemeral_ports_are_distinct_and_in_range),
		SCENARIO(isn_follows_the_clock_per_tuple),
		SCENARIO(connect_from_the_port_of_a_listener_works),
		SCENARIO(simultaneous_open_scales_no_window_of_a_syn),
		SCENARIO(simultaneous_open_is_no_retransmission),
		SCENARIO(simultaneous_open_is_challenged_at_once),
		SCENARIO(connect_to_the_unspecified_address_is_refused),
		SCENARIO(simultaneous_open_in_one_burst),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script handshake_active", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Options of connections and listeners: names, bounds, inheritance, and what each changes on the wire where
// no other scenario shows it. pollux/option.h, option.def.
#include <errno.h>
#include <string.h>

#include "support/eal_main.h"
#include "support/user.h"

static void every_option_has_name_text_and_sound_bounds(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PLX_OPTION_COUNT; i++) {
		enum plx_option option = (enum plx_option)i;
		int64_t initial, minimum, maximum;

		assert_true(strlen(plx_option_name(option)) > 2);
		assert_true(strlen(plx_option_text(option)) > 5);
		assert_int_equal(plx_option_bounds(option, &initial, &minimum, &maximum), 0);
		assert_true(minimum <= initial && initial <= maximum);
		assert_int_equal(plx_option_bounds(option, NULL, NULL, NULL), 0);
	}
	assert_string_equal(plx_option_name(PLX_OPTION_RECEIVE_BUFFER), "receive_buffer");
	assert_null(plx_option_name(PLX_OPTION_COUNT));
	assert_int_equal(plx_option_bounds(PLX_OPTION_COUNT, NULL, NULL, NULL), -EINVAL);
}

static void every_bound_is_enforced(void **state)
{
	struct fixture *f = fixture_established(state);
	int64_t value;

	for (unsigned i = 0; i < PLX_OPTION_COUNT; i++) {
		enum plx_option option = (enum plx_option)i;
		int64_t initial, minimum, maximum;

		plx_option_bounds(option, &initial, &minimum, &maximum);
		assert_int_equal(plx_get_option(f->stack, f->conn, option, &value), 0);
		assert_int_equal(value, initial);
		assert_int_equal(plx_set_option(f->stack, f->conn, option, minimum - 1), -ERANGE);
		assert_int_equal(plx_set_option(f->stack, f->conn, option, maximum + 1), -ERANGE);
		assert_int_equal(plx_get_option(f->stack, f->conn, option, &value), 0);
		assert_int_equal(value, initial);
		assert_int_equal(plx_set_option(f->stack, f->conn, option, minimum), 0);
		assert_int_equal(plx_get_option(f->stack, f->conn, option, &value), 0);
		assert_int_equal(value, minimum);
		assert_int_equal(plx_set_option(f->stack, f->conn, option, initial), 0);
	}
	assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_COUNT, 0), -EINVAL);
	assert_int_equal(plx_get_option(f->stack, f->conn, PLX_OPTION_COUNT, &value), -EINVAL);
}

// A connection inherits its listener's values, and keeps them when the listener's change.
static void accepted_connections_inherit(void **state)
{
	struct fixture *f = fixture_plan(state);
	int64_t value;

	fixture_set_option(f, PLX_OPTION_RETRIES, 7);
	fixture_established(state);
	assert_int_equal(plx_get_option(f->stack, f->conn, PLX_OPTION_RETRIES, &value), 0);
	assert_int_equal(value, 7);
	assert_int_equal(plx_set_option(f->stack, f->listener, PLX_OPTION_RETRIES, 9), 0);
	assert_int_equal(plx_get_option(f->stack, f->conn, PLX_OPTION_RETRIES, &value), 0);
	assert_int_equal(value, 7);

	f->to_stack.src_port++;
	peer_sends_syn(f);
	f->snd_nxt = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK))->tcp.seq + 1;
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
	assert_int_equal(plx_get_option(f->stack, f->conn, PLX_OPTION_RETRIES, &value), 0);
	assert_int_equal(value, 9);
}

// Options are one connection's own: another with the same values is not touched.
static void setting_one_connection_leaves_others_alone(void **state)
{
	struct fixture *f = fixture_bare(state);
	plx_conn first;
	int64_t value;

	assert_int_equal(user_connects(f), 0);
	first = f->conn;
	assert_int_equal(user_connects(f), 0);
	assert_int_equal(plx_set_option(f->stack, first, PLX_OPTION_DSCP, 46), 0);
	assert_int_equal(plx_get_option(f->stack, f->conn, PLX_OPTION_DSCP, &value), 0);
	assert_int_equal(value, 0);
	forget_output(f);
}

// 256 different sets of values, then -ENOBUFS; what is no longer used makes room.
static void profiles_run_out_with_an_answer(void **state)
{
	struct fixture *f = fixture_plan(state);
	plx_conn conns[300];
	unsigned made = 0;

	f->config.max_connections = 300;
	fixture_bare(state);
	for (unsigned i = 0; i < 300; i++) {
		assert_int_equal(user_connects(f), 0);
		conns[i] = f->conn;
		forget_output(f);
	}
	while (made < 300
	       && plx_set_option(f->stack, conns[made], PLX_OPTION_RETRIES, 1 + made % 64) == 0
	       && plx_set_option(f->stack, conns[made], PLX_OPTION_DSCP, 1 + made / 64) == 0)
		made++;
	assert_in_range(made, 250, 256);
	assert_int_equal(plx_set_option(f->stack, conns[made], PLX_OPTION_HOP_LIMIT, 3), -ENOBUFS);
	f->conn = conns[0];
	user_aborts(f);
	forget_output(f);
	assert_int_equal(plx_set_option(f->stack, conns[made], PLX_OPTION_HOP_LIMIT, 3), 0);
}

static void hop_limit_and_dscp_go_with_every_segment(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_HOP_LIMIT, 7);
	fixture_set_option(f, PLX_OPTION_DSCP, 46);
	fixture_listening(state);
	peer_sends_syn(f);
	f->rcv_nxt = f->peer.isn + 1;
	f->snd_nxt = expect_segment(f,
				    SEG(.flags = TCP_SYN | TCP_ACK, .hop_limit = 7,
					.traffic_class = 46 << 2))
			     ->tcp.seq
		+ 1;
	segment_arrives(f, SEG(.len = 10));
	user_receives(f, 10);
	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10, .hop_limit = 7, .traffic_class = 46 << 2));
	forget_events(f);
	assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_HOP_LIMIT, 9), 0);
	assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_DSCP, 10), 0);
	user_closes(f);
	expect_segment(f, SEG(.hop_limit = 9, .traffic_class = 10 << 2));
}

// Entries without a control block answer as the connection would.
static void compact_entries_keep_hop_limit_and_dscp(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_HOP_LIMIT, 7);
	fixture_set_option(f, PLX_OPTION_DSCP, 46);
	fixture_syn_received(state);
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->rcv_nxt + 10));
	expect_segment(f, SEG(.flags = TCP_ACK, .hop_limit = 7, .traffic_class = 46 << 2));
	fixture_renew(state);
	f = fixture_plan(state);
	fixture_set_option(f, PLX_OPTION_HOP_LIMIT, 7);
	fixture_set_option(f, PLX_OPTION_DSCP, 46);
	fixture_time_wait(state);
	segment_arrives(f, SEG(.flags = TCP_FIN | TCP_ACK, .seq = f->rcv_nxt - 1));
	expect_segment(f, SEG(.flags = TCP_ACK, .hop_limit = 7, .traffic_class = 46 << 2));
}

static void defaults_of_hop_limit_and_class(void **state)
{
	struct fixture *f = fixture_bare(state);

	segment_arrives(f, SEG(.flags = TCP_SYN));
	expect_segment(f, SEG(.flags = TCP_RST | TCP_ACK, .hop_limit = 64, .traffic_class = 0));
}

// "RECEIVE_BUFFER never takes back a window already granted": judged for every segment.
static void smaller_receive_buffer_takes_back_no_window(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 8000);
	fixture_established(state);
	assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_RECEIVE_BUFFER, 1000), 0);
	for (unsigned i = 0; i < 8; i++)
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i * 1000, .len = 1000));
	forget_output(f);
	user_receives(f, 8000);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 8000, .len = 1));
	advance(f, 40);
	forget_output(f);
	assert_true(info_of(f).rcv_wnd_bytes <= 1000);
}

static void larger_receive_buffer_opens_the_window(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 1000);
	fixture_established(state);
	assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_RECEIVE_BUFFER, 30000), 0);
	segment_arrives(f, SEG(.len = 10));
	advance(f, 40);
	forget_output(f);
	assert_in_range(info_of(f).rcv_wnd_bytes, 29900, 30000);
}

// Nagle switched off lets the held-back tail go.
static void nagle_off_in_mid_flight_lets_the_tail_go(void **state)
{
	struct fixture *f = fixture_established(state);

	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));
	user_sends(f, 10);
	expect_silence(f);
	assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_NAGLE, 0), 0);
	user_sends(f, 5);
	expect_segment(f, SEG(.seq = f->snd_nxt + 10, .len = 15));
}

// Congestion controls by name; "fixed" knows the peer's window only, before a loss and after it.
static void congestion_control_is_chosen_by_name(void **state)
{
	struct fixture *f = fixture_plan(state);
	int fixed = plx_congestion_index("fixed");

	assert_int_equal(plx_congestion_index("newreno"), 0);
	assert_string_equal(plx_congestion_name(0), "newreno");
	assert_string_equal(plx_congestion_name((unsigned)fixed), "fixed");
	assert_int_equal(plx_congestion_index("vegas"), -EINVAL);
	assert_null(plx_congestion_name(200));
	f->peer.mss = 1000;
	f->peer.wnd = 40000;
	fixture_set_option(f, PLX_OPTION_CONGESTION, fixed);
	fixture_connected(state);
	user_sends(f, 100000);
	for (unsigned i = 0; i < 40; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * 1000, .len = 1000));
	expect_silence(f);
	expect_segment_within(f, 200, SEG(.seq = f->snd_nxt, .len = 1000));
	forget_output(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 40000));
	for (unsigned i = 40; i < 80; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * 1000, .len = 1000));
	expect_silence(f);
}

// RFC 7323 2.2: the scale in force is the one that was announced.
static void scale_stays_as_announced(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 65535);
	f->peer.wscale = 2;
	fixture_syn_received(state);
	assert_int_equal(plx_set_option(f->stack, f->listener, PLX_OPTION_RECEIVE_BUFFER, 4 << 20),
			 0);
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
	forget_output(f);
	assert_int_equal(info_of(f).rcv_wscale, 0);
}

// RFC 7323 2.4: a field that scaling has rounded down takes back nothing of what was granted.
static void rounding_of_the_window_takes_back_nothing(void **state)
{
	struct fixture *f = fixture_plan(state);
	uint32_t edge;

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 4 << 20);
	f->peer.wscale = 0;
	fixture_established(state);
	edge = f->rcv_nxt + info_of(f).rcv_wnd_bytes;
	assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_RECEIVE_BUFFER, 1000), 0);
	segment_arrives(f, SEG(.len = 10));
	expect_segment_after(f, 40, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 10));
	segment_arrives(f, SEG(.seq = edge - 1, .len = 1));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 10));
	assert_int_equal(info_of(f).out_of_order_bytes, 1);
	user_receives(f, 10);
}

static void larger_receive_buffer_opens_a_shut_window_at_once(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 1000);
	fixture_established(state);
	segment_arrives(f, SEG(.len = 1000));
	expect_segment_within(f, 100, SEG(.flags = TCP_ACK, .wnd = 0));
	assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_RECEIVE_BUFFER, 60000), 0);
	expect_segment(f, SEG(.flags = TCP_ACK, .wnd = 59000));
	forget_events(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO_IPV4(every_option_has_name_text_and_sound_bounds),
		SCENARIO(every_bound_is_enforced),
		SCENARIO(accepted_connections_inherit),
		SCENARIO(setting_one_connection_leaves_others_alone),
		SCENARIO_IPV4(profiles_run_out_with_an_answer),
		SCENARIO(hop_limit_and_dscp_go_with_every_segment),
		SCENARIO(compact_entries_keep_hop_limit_and_dscp),
		SCENARIO(defaults_of_hop_limit_and_class),
		SCENARIO(smaller_receive_buffer_takes_back_no_window),
		SCENARIO(larger_receive_buffer_opens_the_window),
		SCENARIO(nagle_off_in_mid_flight_lets_the_tail_go),
		SCENARIO(congestion_control_is_chosen_by_name),
		SCENARIO(scale_stays_as_announced),
		SCENARIO(rounding_of_the_window_takes_back_nothing),
		SCENARIO(larger_receive_buffer_opens_a_shut_window_at_once),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script options", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Congestion control chosen anew while a connection lives (pollux/option.h): the window stays what it is, the next
// loss or mark is answered by the new algorithm, and what is being repaired is repaired.
// RFC 5681, RFC 9438 4.6, RFC 8257 3.3; what "fixed" is for is in the guide.
#include "support/eal_main.h"
#include "support/user.h"

enum { MSS = 1000, FLIGHT = 20 };

static struct fixture *connected(void **state, const char *control)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = MSS;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	fixture_set_option(f, PLX_OPTION_INITIAL_WINDOW, FLIGHT);
	fixture_set_option(f, PLX_OPTION_CONGESTION, plx_congestion_index(control));
	return fixture_connected(state);
}

static void change_to(struct fixture *f, const char *control)
{
	int64_t index = plx_congestion_index(control), got;

	assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_CONGESTION, index), 0);
	assert_int_equal(plx_get_option(f->stack, f->conn, PLX_OPTION_CONGESTION, &got), 0);
	assert_int_equal(got, index);
}

static void send_flight(struct fixture *f, unsigned segments)
{
	user_sends(f, (size_t)segments * MSS);
	for (unsigned i = 0; i < segments; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	expect_silence(f);
}

static void lose_first(struct fixture *f)
{
	for (unsigned i = 0; i < 3; i++)
		segment_arrives(f, SEG());
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
}

// The window is neither given anew nor taken away; how far it falls is the new one's decision.
static void next_loss_is_answered_by_the_new_one(void **state)
{
	static const struct {
		const char *from, *to;
		uint32_t ssthresh;
	} cases[] = {
		{"newreno", "cubic", FLIGHT * MSS * 7 / 10},
		{"cubic", "newreno", FLIGHT * MSS / 2},
		{"newreno", "dctcp", FLIGHT * MSS / 2}, // RFC 8257 3.5
		{"cubic", "dctcp", FLIGHT * MSS / 2},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture *f = connected(state, cases[i].from);

		send_flight(f, FLIGHT);
		change_to(f, cases[i].to);
		expect_silence(f);
		assert_int_equal(info_of(f).cwnd_bytes, FLIGHT * MSS);
		lose_first(f);
		assert_int_equal(info_of(f).ssthresh_bytes, cases[i].ssthresh);
		segment_arrives(f, SEG(.ack = f->snd_nxt + FLIGHT * MSS));
		assert_int_equal(info_of(f).recovery, PLX_RECOVERY_NONE);
		assert_true(info_of(f).cwnd_bytes <= cases[i].ssthresh);
		fixture_renew(state);
	}
}

// A loss that is being repaired goes on being repaired.
static void change_in_recovery_interrupts_nothing(void **state)
{
	static const char *const controls[] = {"cubic", "dctcp", "fixed"};

	for (unsigned i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		struct fixture *f = connected(state, "newreno");

		send_flight(f, FLIGHT);
		lose_first(f);
		change_to(f, controls[i]);
		expect_silence(f);
		segment_arrives(f, SEG(.ack = f->snd_nxt + 8 * MSS));
		expect_segment(f, SEG(.seq = f->snd_nxt + 8 * MSS, .len = MSS));
		assert_int_equal(info_of(f).recovery, PLX_RECOVERY_FAST);
		segment_arrives(f, SEG(.ack = f->snd_nxt + FLIGHT * MSS));
		assert_int_equal(info_of(f).recovery, PLX_RECOVERY_NONE);
		f->snd_nxt += FLIGHT * MSS;
		send_flight(f, 5);
		expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 0);
		fixture_renew(state);
	}
}

// Without congestion control only the peer's window bounds what is in flight.
static void change_to_fixed_opens_the_window(void **state)
{
	struct fixture *f = connected(state, "newreno");

	user_sends(f, 60 * MSS);
	for (unsigned i = 0; i < FLIGHT; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	expect_silence(f);
	change_to(f, "fixed");
	for (unsigned i = FLIGHT; i < 60; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	expect_silence(f);
}

// A window that was fixed has found out nothing of the path but what is in flight.
static void change_from_fixed_begins_with_what_is_in_flight(void **state)
{
	struct fixture *f = connected(state, "fixed");

	send_flight(f, 60);
	change_to(f, "newreno");
	assert_int_equal(info_of(f).cwnd_bytes, 60 * MSS);
	lose_first(f);
	assert_int_equal(info_of(f).ssthresh_bytes, 30 * MSS);
	fixture_renew(state);

	f = connected(state, "fixed");
	change_to(f, "newreno");
	user_sends(f, 10 * MSS);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_silence(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + MSS));
	for (unsigned i = 1; i <= 2; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	expect_silence(f);
}

// Losses while it was fixed leave slow start as it begins: a segment for a segment (RFC 5681 3.1).
static void losses_under_fixed_do_not_slow_the_next_slow_start(void **state)
{
	struct fixture *f = connected(state, "fixed");
	uint32_t before;

	send_flight(f, FLIGHT);
	expect_segment_within(f, 4000, SEG(.seq = f->snd_nxt));
	forget_output(f);
	f->snd_nxt += FLIGHT * MSS;
	segment_arrives(f, SEG());
	forget_output(f);
	send_flight(f, FLIGHT);
	change_to(f, "newreno");
	before = info_of(f).cwnd_bytes;
	user_sends(f, FLIGHT * MSS);
	expect_silence(f);
	segment_arrives(f, SEG(.ack = f->snd_nxt + MSS));
	assert_int_equal(info_of(f).cwnd_bytes, before + MSS);
	forget_output(f);
}

// RFC 8257 3.3: DCTCP.Alpha begins with 1, so that the first mark is taken for serious.
static void first_mark_after_a_change_to_dctcp_halves(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = MSS;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	fixture_set_option(f, PLX_OPTION_INITIAL_WINDOW, FLIGHT);
	fixture_listening(state);
	segment_arrives(f,
			SEG(.flags = TCP_SYN | TCP_ECE | TCP_CWR, .seq = f->peer.isn, .mss = MSS));
	f->rcv_nxt = f->peer.isn + 1;
	f->snd_nxt = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK | TCP_ECE))->tcp.seq + 1;
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
	send_flight(f, FLIGHT);
	change_to(f, "dctcp");
	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = f->snd_nxt + MSS));
	assert_int_equal(info_of(f).ssthresh_bytes, FLIGHT * MSS / 2);
	assert_int_equal(info_of(f).recovery, PLX_RECOVERY_MARK);
}

// Nothing in the list has this index.
static void unknown_control_is_refused(void **state)
{
	struct fixture *f = connected(state, "newreno");
	int64_t unknown = 0, index;

	while (plx_congestion_name((unsigned)unknown) != NULL)
		unknown++;
	assert_true(plx_set_option(f->stack, f->conn, PLX_OPTION_CONGESTION, unknown) < 0);
	assert_int_equal(plx_get_option(f->stack, f->conn, PLX_OPTION_CONGESTION, &index), 0);
	assert_int_equal(index, plx_congestion_index("newreno"));
	send_flight(f, FLIGHT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(next_loss_is_answered_by_the_new_one),
		SCENARIO(change_in_recovery_interrupts_nothing),
		SCENARIO(change_to_fixed_opens_the_window),
		SCENARIO(change_from_fixed_begins_with_what_is_in_flight),
		SCENARIO(losses_under_fixed_do_not_slow_the_next_slow_start),
		SCENARIO(first_mark_after_a_change_to_dctcp_halves),
		SCENARIO(unknown_control_is_refused),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script congestion_change", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// The congestion window between losses: slow start, congestion avoidance, and what does not make it grow.
// RFC 5681 3.1 and 4.1, RFC 3465 2, RFC 6582 4 (the impatient variant), RFC 7661's spirit.
#include "support/eal_main.h"
#include "support/user.h"

enum { MSS = 1000 };

static struct fixture *begin(void **state, int64_t initial_window)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = MSS;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	fixture_set_option(f, PLX_OPTION_INITIAL_WINDOW, initial_window);
	return fixture_connected(state);
}

// Everything that may be sent now; returns how many segments.
static unsigned take_flight(struct fixture *f, uint32_t *nxt)
{
	unsigned n = 0;

	fixture_settle(f);
	while (f->next_output != f->n_outputs) {
		*nxt += expect_segment(f, SEG(.seq = *nxt))->payload_bytes;
		n++;
	}
	return n;
}

static void acknowledge(struct fixture *f, uint32_t ack)
{
	segment_arrives(f, SEG(.ack = ack));
}

// RFC 9293 MUST-1: a window is an unsigned number, 65535 no less than 32767.
static void window_is_unsigned(void **state)
{
	struct fixture *f = begin(state, 64);
	uint32_t nxt = f->snd_nxt;

	segment_arrives(f, SEG(.wnd = 32000));
	segment_arrives(f, SEG(.wnd = UINT16_MAX));
	user_sends(f, 100 * MSS);
	assert_int_equal(take_flight(f, &nxt), 64);
	acknowledge(f, nxt);
	forget_output(f);
}

// RFC 3465 2.2: by what is acknowledged, a segment for a segment; an ACK for two lets four go.
static void slow_start_doubles_per_round_trip(void **state)
{
	struct fixture *f = begin(state, 2);
	uint32_t nxt = f->snd_nxt, una = f->snd_nxt;

	user_sends(f, 200 * MSS);
	for (unsigned flight = 2; flight <= 16; flight *= 2) {
		uint32_t end;

		assert_int_equal(take_flight(f, &nxt), flight == 2 ? 2 : 0);
		end = nxt;
		while (una != end) {
			una += 2 * MSS;
			acknowledge(f, una);
			assert_int_equal(take_flight(f, &nxt), 4);
		}
		assert_int_equal(info_of(f).cwnd_bytes, 2 * flight * MSS);
	}
}

// RFC 3465 2.3: one ACK opens the window by a bounded number of segments, however much it acknowledges.
static void stretch_ack_opens_the_window_by_a_bounded_step(void **state)
{
	struct fixture *f = begin(state, 10);
	uint32_t nxt = f->snd_nxt;

	user_sends(f, 60 * MSS);
	assert_int_equal(take_flight(f, &nxt), 10);
	acknowledge(f, nxt);
	assert_in_range(info_of(f).cwnd_bytes, 12 * MSS, 18 * MSS);
	forget_output(f);
}

// RFC 5681 3.1: beyond ssthresh, one segment per round trip.
static void congestion_avoidance_adds_a_segment_per_round_trip(void **state)
{
	struct fixture *f = begin(state, 10);
	uint32_t nxt = f->snd_nxt, una = f->snd_nxt;

	user_sends(f, 200 * MSS);
	assert_int_equal(take_flight(f, &nxt), 10);
	expect_segment_within(f, 200, SEG(.seq = una, .len = MSS));
	assert_int_equal(info_of(f).ssthresh_bytes, 5 * MSS);
	acknowledge(f, nxt);
	una = nxt;
	// Slow start up to ssthresh, and then a segment for every window that is acknowledged.
	for (uint32_t window = 2; window < 9;) {
		uint32_t cwnd = info_of(f).cwnd_bytes, end;

		take_flight(f, &nxt);
		end = nxt;
		while (una != end) {
			una += MSS;
			acknowledge(f, una);
			take_flight(f, &nxt);
		}
		if (cwnd >= 5 * MSS) {
			assert_in_range(info_of(f).cwnd_bytes, cwnd, cwnd + MSS);
			assert_true(info_of(f).cwnd_bytes > cwnd || cwnd % MSS != 0);
		}
		window = info_of(f).cwnd_bytes / MSS;
	}
}

// RFC 7661's spirit: a window that the application does not fill says nothing about the path.
static void application_limited_window_does_not_grow(void **state)
{
	struct fixture *f = begin(state, 10);
	uint32_t nxt = f->snd_nxt;

	for (unsigned i = 0; i < 50; i++) {
		user_sends(f, MSS);
		assert_int_equal(take_flight(f, &nxt), 1);
		acknowledge(f, nxt);
	}
	assert_int_equal(info_of(f).cwnd_bytes, 10 * MSS);
}

// Nor does it behind ssthresh, under any control that grows there.
static void application_limited_window_does_not_grow_behind_ssthresh(void **state)
{
	static const char *const controls[] = {"newreno", "cubic", "dctcp"};

	for (unsigned i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		struct fixture *f = begin(state, 10);
		uint32_t nxt = f->snd_nxt, cwnd;

		assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_CONGESTION,
						plx_congestion_index(controls[i])),
				 0);
		user_sends(f, 10 * MSS);
		take_flight(f, &nxt);
		expect_segment_within(f, 200, SEG(.seq = f->snd_nxt, .len = MSS));
		acknowledge(f, nxt);
		forget_output(f);
		user_sends(f, 20 * MSS); // up to ssthresh
		while (take_flight(f, &nxt) > 0)
			acknowledge(f, nxt);
		cwnd = info_of(f).cwnd_bytes;
		assert_true(cwnd >= info_of(f).ssthresh_bytes);
		for (unsigned k = 0; k < 50; k++) {
			user_sends(f, MSS);
			assert_int_equal(take_flight(f, &nxt), 1);
			acknowledge(f, nxt);
		}
		assert_int_equal(info_of(f).cwnd_bytes, cwnd);
		fixture_renew(state);
	}
}

// RFC 5681 4.1: after an idle time longer than the RTO, no more than the restart window.
static void idle_connection_restarts_with_the_initial_window(void **state)
{
	struct fixture *f = begin(state, 4);
	uint32_t nxt = f->snd_nxt;

	user_sends(f, 60 * MSS);
	for (unsigned sent = 0; sent < 60;) {
		sent += take_flight(f, &nxt);
		acknowledge(f, nxt);
	}
	assert_true(info_of(f).cwnd_bytes > 4 * MSS);
	advance(f, 60000);
	user_sends(f, 60 * MSS);
	assert_int_equal(take_flight(f, &nxt), 4);
}

// RFC 6582 4: in recovery only the first partial ACK restarts the timer, so that many losses end in a timeout
// rather than in a very long recovery.
static void later_partial_acks_do_not_restart_the_timer(void **state)
{
	struct fixture *f = begin(state, 10);
	uint32_t nxt = f->snd_nxt;

	user_sends(f, 10 * MSS);
	assert_int_equal(take_flight(f, &nxt), 10);
	for (unsigned i = 0; i < 3; i++)
		acknowledge(f, f->snd_nxt);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	for (unsigned i = 1; i <= 3; i++) {
		advance(f, 60);
		acknowledge(f, f->snd_nxt + i * MSS);
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	}
	// 60 ms after the losses the first partial ACK restarted it for 200 ms; two more came meanwhile.
	expect_segment_after(f, 80, SEG(.seq = f->snd_nxt + 3 * MSS, .len = MSS));
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 1);
}

// RFC 5681 3.1: a SYN+ACK that was lost more than once; RFC 6928 2 forgives one.
static void initial_window_is_one_segment_after_lost_syns(void **state)
{
	for (unsigned lost = 1; lost <= 2; lost++) {
		struct fixture *f = fixture_plan(state);

		f->peer.mss = 1000;
		fixture_syn_received(state);
		for (unsigned i = 0; i < lost; i++)
			expect_segment_after(f, UINT64_C(1000) << i,
					     SEG(.flags = TCP_SYN | TCP_ACK));
		segment_arrives(f, SEG());
		expect_event(f, PLX_EVENT_ACCEPTED, 0);
		assert_int_equal(info_of(f).cwnd_bytes, lost == 1 ? 10000 : 1000);
		fixture_renew(state);
	}
}

// RFC 6675's pipe as plx_get_info() has it, without SACK: a duplicate has taken a segment out of the network, and
// what a timeout has given up is no longer in it.
static void pipe_is_what_is_thought_to_be_in_the_network(void **state)
{
	struct fixture *f = begin(state, 10);
	uint32_t nxt = f->snd_nxt;

	assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_TAIL_PROBE, 0), 0);
	assert_int_equal(info_of(f).pipe_bytes, 0);
	user_sends(f, 10 * MSS);
	assert_int_equal(take_flight(f, &nxt), 10);
	assert_int_equal(info_of(f).pipe_bytes, 10 * MSS);
	acknowledge(f, f->snd_nxt + MSS);
	assert_int_equal(info_of(f).pipe_bytes, 9 * MSS);
	for (unsigned i = 1; i <= 2; i++) {
		acknowledge(f, f->snd_nxt + MSS);
		assert_int_equal(info_of(f).pipe_bytes, (9 - i) * MSS);
	}
	assert_int_equal(info_of(f).recovery, PLX_RECOVERY_NONE);
	expect_segment_within(f, 201, SEG(.seq = f->snd_nxt + MSS, .len = MSS));
	assert_int_equal(info_of(f).pipe_bytes, MSS);
	assert_int_equal(info_of(f).recovery, PLX_RECOVERY_TIMEOUT);
	acknowledge(f, nxt);
	assert_int_equal(info_of(f).pipe_bytes, 0);
	assert_int_equal(info_of(f).recovery, PLX_RECOVERY_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(window_is_unsigned),
		SCENARIO(slow_start_doubles_per_round_trip),
		SCENARIO(stretch_ack_opens_the_window_by_a_bounded_step),
		SCENARIO(congestion_avoidance_adds_a_segment_per_round_trip),
		SCENARIO(application_limited_window_does_not_grow),
		SCENARIO(application_limited_window_does_not_grow_behind_ssthresh),
		SCENARIO(idle_connection_restarts_with_the_initial_window),
		SCENARIO(later_partial_acks_do_not_restart_the_timer),
		SCENARIO(initial_window_is_one_segment_after_lost_syns),
		SCENARIO(pipe_is_what_is_thought_to_be_in_the_network),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script congestion", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Peers that echo what was not so, marks and timestamps, and one that cannot decide on its window: bounded cwnd,
// bounded retransmission, a timer that does not move.
// RFC 3168 6.1.2, RFC 7323 4.1, RFC 6298 3, RFC 9293 3.8.6.
#include "script/strange_peer.h"
#include "support/eal_main.h"

static void flap(void **state, unsigned control)
{
	struct fixture *f = plan(state, control);
	uint32_t nxt;

	fixture_established(state);
	nxt = f->snd_nxt;
	user_fills(f);
	take_full_segments(f, &nxt);
	for (unsigned i = 0; i < 500; i++) {
		segment_arrives(f, SEG(.wnd = 0));
		take_full_segments(f, &nxt);
		segment_arrives(f, SEG());
		take_full_segments(f, &nxt);
		assert_in_range(info_of(f).cwnd_bytes, MSS, INITIAL);
	}
	// Nothing says that what is on its way was lost; once is what caution may cost.
	assert_in_range(counter(f, PLX_COUNTER_TCP_RETRANSMITS), 0, INITIAL / MSS);
	segment_arrives(f, SEG(.ack = nxt));
	assert_true(take_full_segments(f, &nxt) > 0);
}

// RFC 9293 3.8.6, SHLD-16: a window that shuts and opens over what is in flight sends it again no sooner than
// the timer does.
static void window_that_flaps_sends_nothing_again(void **state)
{
	for_each_control(state, flap);
}

// ECN is agreed on, as a listener does when it is asked.
static struct fixture *established_with_ecn(void **state)
{
	struct fixture *f = fixture_listening(state);

	segment_arrives(
		f,
		SEG(.flags = TCP_SYN | TCP_ECE | TCP_CWR, .seq = f->peer.isn, .mss = f->peer.mss));
	f->snd_nxt = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK | TCP_ECE))->tcp.seq + 1;
	f->rcv_nxt = f->peer.isn + 1;
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
	return f;
}

static void echo_marks(void **state, unsigned control)
{
	struct fixture *f = plan(state, control);
	uint32_t una, nxt;

	established_with_ecn(state);
	una = nxt = f->snd_nxt;
	for (unsigned i = 0; i < 400; i++) {
		user_fills(f);
		take_full_segments(f, &nxt);
		advance(f, 10);
		assert_true(nxt != una);
		una += MSS;
		segment_arrives(f, SEG(.flags = TCP_ACK | TCP_ECE, .ack = una));
		assert_in_range(info_of(f).cwnd_bytes, MSS, INITIAL + MSS);
	}
	take_full_segments(f, &nxt);
	expect_counter(f, PLX_COUNTER_TCP_RETRANSMITS, 0);
	// RFC 3168 6.1.2: no more than once for a window, which is not below a segment and a bit.
	assert_in_range(counter(f, PLX_COUNTER_TCP_ECN_REDUCTIONS), 10, 400);
	assert_in_range(info_of(f).cwnd_bytes, MSS, 4 * MSS);
}

// RFC 3168 6.1.2: whoever echoes marks without end gets little, but is served.
static void endless_echoes_of_marks_leave_a_small_window(void **state)
{
	for_each_control(state, echo_marks);
}

// RFC 7323 4.1, 6298 3: what the peer echoes is its own affair; samples come from the times of sending.
static void made_up_timestamp_echoes_do_not_move_the_timer(void **state)
{
	static const int64_t lies[] = {0, 1, -1, -100000, 100000, 1000000000, -1000000000, 20};
	struct fixture *f = fixture_plan(state);

	f->peer.timestamps = true;
	fixture_established(state);
	for (unsigned i = 0; i < 200; i++) {
		user_sends(f, 100);
		expect_segment(f, SEG(.seq = f->snd_nxt, .len = 100));
		advance(f, 20);
		f->snd_nxt += 100;
		segment_arrives(
			f,
			SEG(.ts_val = 5000 + i * 20 + 20,
			    .ts_ecr = (uint32_t)(f->ts_val
						 + lies[i % (sizeof(lies) / sizeof(lies[0]))])));
	}
	assert_in_range(info_of(f).srtt, 15 * PLX_MILLISECOND, 20 * PLX_MILLISECOND);
	assert_int_equal(info_of(f).rto, 200 * PLX_MILLISECOND);
	expect_silence(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(window_that_flaps_sends_nothing_again),
		SCENARIO(endless_echoes_of_marks_leave_a_small_window),
		SCENARIO(made_up_timestamp_echoes_do_not_move_the_timer),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script strange_echoes", tests, NULL, NULL);
}

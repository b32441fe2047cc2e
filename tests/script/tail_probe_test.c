// SPDX-License-Identifier: BSD-3-Clause
//
// The probe of a lost tail: when it goes, what it carries, and what its answer means.
// RFC 8985 7 (numbers below are its clauses), as far as it goes without SACK.
#include "steady_peer.h"
#include "support/eal_main.h"

enum { MSS = STEADY_MSS, FLIGHT = 10, RTT_MS = 60, RTO_MS = STEADY_RTO_MS, GRAIN_MS = 2 };

// Ten segments, the whole window, and nothing more to send.
static struct fixture *with_ten_in_flight(void **state)
{
	struct fixture *f = steady_connected(state, RTT_MS);

	steady_sends(f, FLIGHT);
	return f;
}

// 7.2: two round trips after the last sending, and by what a clock of a millisecond adds.
static void expect_probe(struct fixture *f, struct seg seg)
{
	expect_silence_for(f, 2 * RTT_MS - 1);
	expect_segment_within(f, 1 + GRAIN_MS, seg);
	expect_silence(f);
}

// 7.2: PTO is 2 SRTT, long before the timeout. Without SACK it is the first segment whose arrival can be told
// of, so that one goes (DEVIATION 7.3, which sends the last).
static void probe_follows_two_silent_round_trips(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	expect_probe(f, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_counter(f, PLX_COUNTER_TCP_TAIL_PROBES, 1);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 0);
}

// 7.2: the time counts from the last acknowledgement of something new, and from the last sending.
static void progress_moves_the_probe(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	advance(f, RTT_MS);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 5 * MSS));
	expect_probe(f, SEG(.seq = f->snd_nxt + 5 * MSS, .len = MSS));
}

static void sending_moves_the_probe(void **state)
{
	struct fixture *f = steady_connected(state, RTT_MS);

	steady_sends(f, 2);
	advance(f, RTT_MS + 10);
	user_sends(f, MSS);
	expect_segment(f, SEG(.seq = f->snd_nxt + 2 * MSS));
	expect_probe(f, SEG(.seq = f->snd_nxt, .len = MSS));
}

// 7.3: new data, if there is any, although the window is full.
static void new_data_is_the_better_probe(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	user_sends(f, 5 * MSS);
	expect_silence(f);
	expect_probe(f, SEG(.seq = f->snd_nxt + FLIGHT * MSS, .len = MSS));
	expect_counter(f, PLX_COUNTER_TCP_TAIL_PROBES, 1);
	expect_counter(f, PLX_COUNTER_TCP_RETRANSMITS, 0);
}

// 7.3: but not beyond what the peer's window allows.
static void window_of_the_peer_bounds_the_probe(void **state)
{
	struct fixture *f = steady_connected(state, RTT_MS);

	segment_arrives(f, SEG(.wnd = 4 * MSS));
	user_sends(f, 6 * MSS);
	for (unsigned i = 0; i < 4; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	expect_probe(f, SEG(.seq = f->snd_nxt, .len = MSS));
}

// 7.3, 7.4: one probe, and then the timeout has the word.
static void one_probe_and_then_the_timeout(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	expect_probe(f, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_silence_for(f, RTO_MS - 3 * RTT_MS);
	expect_segment_within(f, 3 * RTT_MS, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_counter(f, PLX_COUNTER_TCP_TAIL_PROBES, 1);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 1);
}

// 7.3: the next one waits until this one was answered; then there may be another.
static void next_flight_has_its_own_probe(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	expect_probe(f, SEG(.seq = f->snd_nxt, .len = MSS));
	advance(f, RTT_MS);
	f->snd_nxt += FLIGHT * MSS;
	segment_arrives(f, SEG());
	steady_sends(f, 4);
	expect_segment_within(f, 3 * RTT_MS, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_counter(f, PLX_COUNTER_TCP_TAIL_PROBES, 2);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 0);
}

// 7.2: the acknowledgement of a single segment may be delayed for longer than the least timeout is worth.
static void single_segment_waits_for_the_timeout(void **state)
{
	struct fixture *f = steady_connected(state, RTT_MS);

	steady_sends(f, 1);
	expect_segment_after(f, RTO_MS, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_counter(f, PLX_COUNTER_TCP_TAIL_PROBES, 0);
}

static void probing_can_be_switched_off(void **state)
{
	struct fixture *f = steady_connected(state, RTT_MS);

	assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_TAIL_PROBE, 0), 0);
	steady_sends(f, FLIGHT);
	expect_segment_after(f, RTO_MS, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_counter(f, PLX_COUNTER_TCP_TAIL_PROBES, 0);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 1);
}

// 7.2: SRTT must be known, and the handshake's alone does not say what data takes.
static void without_a_sample_of_data_there_is_no_probe(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = MSS;
	fixture_set_option(f, PLX_OPTION_RTO_MIN, RTO_MS * (int64_t)PLX_MILLISECOND);
	fixture_connected(state);
	steady_sends(f, FLIGHT);
	expect_segment_after(f, RTO_MS, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_counter(f, PLX_COUNTER_TCP_TAIL_PROBES, 0);
}

// 7.2 presupposes an open window: a closed one has probes of its own (RFC 9293 3.8.6.1).
static void closed_window_has_its_own_probes(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	segment_arrives(f, SEG(.wnd = 0));
	expect_silence_for(f, 4 * RTT_MS);
	expect_segment_within(f, 4 * RTO_MS, SEG(.seq = f->snd_nxt));
	expect_counter(f, PLX_COUNTER_TCP_TAIL_PROBES, 0);
	expect_counter(f, PLX_COUNTER_TCP_PROBES, 1);
}

// Behind a timeout everything is sent again anyway.
static void after_a_timeout_there_is_no_probe(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	expect_probe(f, SEG(.seq = f->snd_nxt));
	expect_segment_within(f, RTO_MS, SEG(.seq = f->snd_nxt));
	expect_segment_after(f, 2 * RTO_MS, SEG(.seq = f->snd_nxt));
	expect_counter(f, PLX_COUNTER_TCP_TAIL_PROBES, 1);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 2);
}

// 7.4.2: the probe has repaired a loss, which is congestion like any other: half of what was in flight.
static void repaired_loss_reduces_the_window(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	expect_probe(f, SEG(.seq = f->snd_nxt, .len = MSS));
	advance(f, RTT_MS);
	segment_arrives(f, SEG(.ack = f->snd_nxt + FLIGHT * MSS));

	expect_silence(f);
	assert_int_equal(info_of(f).ssthresh_bytes, FLIGHT / 2 * MSS);
	assert_int_equal(info_of(f).cwnd_bytes, FLIGHT / 2 * MSS);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 0);
}

// What went out behind a probe that was needed and is not acknowledged with it was lost as well.
static void rest_of_the_tail_is_repaired_without_a_timeout(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	expect_probe(f, SEG(.seq = f->snd_nxt, .len = MSS));
	advance(f, RTT_MS);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 8 * MSS));
	expect_segment(f, SEG(.seq = f->snd_nxt + 8 * MSS, .len = MSS));
	advance(f, RTT_MS);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 9 * MSS));
	expect_segment(f, SEG(.seq = f->snd_nxt + 9 * MSS, .len = MSS));
	advance(f, RTT_MS);
	segment_arrives(f, SEG(.ack = f->snd_nxt + FLIGHT * MSS));

	expect_silence_for(f, 2 * RTO_MS);
	assert_int_equal(info_of(f).ssthresh_bytes, FLIGHT / 2 * MSS);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 0);
}

// 7.4.2, with what RFC 7323 echoes: the original had arrived, the acknowledgement was late.
static void probe_that_was_not_needed_reduces_nothing(void **state)
{
	struct fixture *f = fixture_plan(state);
	uint32_t original;

	f->peer.timestamps = true;
	with_ten_in_flight(state);
	original = f->ts_val;
	expect_probe(f, SEG(.seq = f->snd_nxt, .len = MSS));
	segment_arrives(f, SEG(.ack = f->snd_nxt + FLIGHT * MSS, .ts_ecr = original));

	assert_int_equal(info_of(f).ssthresh_bytes, UINT32_MAX);
	assert_true(info_of(f).cwnd_bytes >= FLIGHT * MSS);
	expect_silence_for(f, 2 * RTO_MS);
}

// 7.4.1: neither does one of new data that is acknowledged with all that came before it.
static void answered_new_data_reduces_nothing(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	user_sends(f, MSS);
	expect_probe(f, SEG(.seq = f->snd_nxt + FLIGHT * MSS, .len = MSS));
	advance(f, RTT_MS);
	segment_arrives(f, SEG(.ack = f->snd_nxt + (FLIGHT + 1) * MSS));

	assert_int_equal(info_of(f).ssthresh_bytes, UINT32_MAX);
	expect_silence_for(f, 2 * RTO_MS);
	expect_counter(f, PLX_COUNTER_TCP_RETRANSMITS, 0);
}

// 7.4.1's purpose: new data behind a silence calls forth a duplicate, and one is enough to tell of the loss.
static void duplicate_of_new_data_tells_of_the_loss(void **state)
{
	struct fixture *f = with_ten_in_flight(state);

	user_sends(f, MSS);
	expect_probe(f, SEG(.seq = f->snd_nxt + FLIGHT * MSS, .len = MSS));
	advance(f, RTT_MS);
	segment_arrives(f, SEG());

	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	assert_int_equal(info_of(f).recovery, PLX_RECOVERY_FAST);
	expect_counter(f, PLX_COUNTER_TCP_FAST_RETRANSMITS, 1);
	segment_arrives(f, SEG(.ack = f->snd_nxt + (FLIGHT + 1) * MSS));
	expect_silence(f);
}

// 7.3: a FIN is as good as text.
static void lost_fin_is_probed_for(void **state)
{
	struct fixture *f = steady_connected(state, RTT_MS);

	steady_sends(f, 2);
	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK, .seq = f->snd_nxt + 2 * MSS));
	advance(f, RTT_MS);
	segment_arrives(f, SEG(.ack = f->snd_nxt + MSS));
	expect_probe(
		f, SEG(.seq = f->snd_nxt + MSS, .len = MSS, .flags = TCP_FIN | TCP_PSH | TCP_ACK));
}

// 7.2: a segment and FIN are more than a segment. What was armed for data that has arrived is no excuse to be late.
static void full_segment_with_fin_is_probed_for(void **state)
{
	enum { SMALL_MSS = 100, SMALL_RTT_MS = 10 };
	struct fixture *f = fixture_plan(state);

	f->peer.mss = SMALL_MSS;
	fixture_established(state);
	user_sends(f, SMALL_MSS);
	expect_segment(f, SEG(.len = SMALL_MSS));
	f->snd_nxt += SMALL_MSS;
	advance(f, SMALL_RTT_MS);
	segment_arrives(f, SEG());
	advance(f, 130);
	user_sends(f, SMALL_MSS);
	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_PSH | TCP_ACK, .len = SMALL_MSS));
	expect_segment_within(f, 4 * SMALL_RTT_MS, SEG(.seq = f->snd_nxt, .len = SMALL_MSS));
	expect_counter(f, PLX_COUNTER_TCP_TAIL_PROBES, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(probe_follows_two_silent_round_trips),
		SCENARIO(progress_moves_the_probe),
		SCENARIO(sending_moves_the_probe),
		SCENARIO(new_data_is_the_better_probe),
		SCENARIO(window_of_the_peer_bounds_the_probe),
		SCENARIO(one_probe_and_then_the_timeout),
		SCENARIO(next_flight_has_its_own_probe),
		SCENARIO(single_segment_waits_for_the_timeout),
		SCENARIO(probing_can_be_switched_off),
		SCENARIO(without_a_sample_of_data_there_is_no_probe),
		SCENARIO(closed_window_has_its_own_probes),
		SCENARIO(after_a_timeout_there_is_no_probe),
		SCENARIO(repaired_loss_reduces_the_window),
		SCENARIO(rest_of_the_tail_is_repaired_without_a_timeout),
		SCENARIO(probe_that_was_not_needed_reduces_nothing),
		SCENARIO(answered_new_data_reduces_nothing),
		SCENARIO(duplicate_of_new_data_tells_of_the_loss),
		SCENARIO(lost_fin_is_probed_for),
		SCENARIO(full_segment_with_fin_is_probed_for),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script tail_probe", tests, NULL, NULL);
}

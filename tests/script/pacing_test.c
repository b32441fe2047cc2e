// SPDX-License-Identifier: BSD-3-Clause
//
// Pacing: new data leaves at the rate of the window per round trip, twice that in slow start and 6/5 of it
// afterwards, by half a millisecond's worth at a time (RFC 9406 4.2 and RFC 6928 1 suggest pacing; the factors are
// those of other hosts). What is sent again, and acknowledgements, do not wait.
#include "support/eal_main.h"

#include "steady_peer.h"

enum { MSS = STEADY_MSS, FLIGHT = 10, RTT_MS = 60, BURST_US = 500 };

// 10 segments of window in 60 ms, twice as fast in slow start: one each 3 ms.
enum { GAP_MS = 3 };

static struct fixture *paced(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_PACING, 1);
	fixture_set_option(f, PLX_OPTION_TAIL_PROBE, 0);
	return steady_connected(state, RTT_MS);
}

// `n` segments from `first` on, the first of them now and the others at such distances, and then none at once.
static void expect_paced(struct fixture *f, unsigned first, unsigned n, uint64_t gap_us)
{
	for (unsigned i = 0; i < n; i++) {
		plx_time due = f->now + (i == 0 ? 0 : gap_us * PLX_MICROSECOND);

		if (i > 0) {
			expect_silence(f);
			advance_to_output(f, due + PLX_MICROSECOND);
			assert_in_range(f->now, due - PLX_MICROSECOND, due + PLX_MICROSECOND);
		}
		expect_segment(f, SEG(.seq = f->snd_nxt + (first + i) * MSS, .len = MSS));
	}
	expect_silence(f);
}

static void window_is_spread_over_the_round_trip(void **state)
{
	struct fixture *f = paced(state);

	assert_in_range(info_of(f).pacing_bytes_per_s, 333000, 334000);
	user_sends(f, 2 * FLIGHT * MSS);
	expect_paced(f, 0, FLIGHT, GAP_MS * 1000);
	expect_silence_for(f, RTT_MS - FLIGHT * GAP_MS); // the window is full
}

// However much one acknowledgement lets go: a window of 20 segments in 60 ms makes one each 1.5 ms.
static void acknowledgement_of_a_window_releases_no_burst(void **state)
{
	struct fixture *f = paced(state);

	user_sends(f, 3 * FLIGHT * MSS);
	expect_paced(f, 0, FLIGHT, GAP_MS * 1000);
	advance(f, RTT_MS - (FLIGHT - 1) * GAP_MS);
	segment_arrives(f, SEG(.ack = f->snd_nxt + FLIGHT * MSS));
	assert_int_equal(info_of(f).cwnd_bytes, 2 * FLIGHT * MSS);
	expect_segment(f, SEG(.seq = f->snd_nxt + FLIGHT * MSS));
	expect_silence(f);
	for (unsigned i = 1; i < 2 * FLIGHT; i++) {
		plx_time before = f->now;

		advance_to_output(f, f->now + 2 * PLX_MILLISECOND);
		assert_in_range(f->now - before, 1000 * PLX_MICROSECOND, 2000 * PLX_MICROSECOND);
		expect_segment(f, SEG(.seq = f->snd_nxt + (FLIGHT + i) * MSS, .len = MSS));
		expect_silence(f);
	}
}

// Where segments are closer than half a millisecond, that much goes together: no more at once, no slower in all.
static void bursts_are_half_a_millisecond(void **state)
{
	enum { WINDOW = 64, SHORT_RTT_MS = 4 };
	struct fixture *f = fixture_plan(state);
	uint32_t total = 0, at_once = 0, bursts = 0;
	uint64_t rate;
	plx_time begin;

	fixture_set_option(f, PLX_OPTION_PACING, 1);
	fixture_set_option(f, PLX_OPTION_INITIAL_WINDOW, WINDOW);
	steady_connected(state, SHORT_RTT_MS);
	rate = info_of(f).pacing_bytes_per_s;
	assert_in_range(rate, 31990000, 32010000);
	begin = f->now;
	user_sends(f, WINDOW * MSS);
	fixture_settle(f);
	while (total < WINDOW * MSS) {
		at_once = 0;
		while (f->next_output != f->n_outputs)
			at_once += expect_segment(f, SEG(.seq = f->snd_nxt + total + at_once))
					   ->payload_bytes;
		total += at_once;
		bursts++;
		assert_in_range(at_once, 1, rate * BURST_US / 1000000 + MSS);
		// As the rate has it, and not a burst more (a segment is what the clock rounds off).
		assert_true(total <= (f->now - begin) * rate / PLX_SECOND
				    + rate * BURST_US / 1000000 + 2 * MSS);
		if (total < WINDOW * MSS)
			advance_to_output(f, f->now + 2 * PLX_MILLISECOND);
	}
	assert_in_range(bursts, 4, 8);
	assert_in_range(f->now - begin, 1000 * PLX_MICROSECOND, 2500 * PLX_MICROSECOND);
}

// An embedder who sleeps until then sleeps neither too long nor for nothing.
static void next_deadline_tells_when_it_goes_on(void **state)
{
	struct fixture *f = paced(state);
	plx_time begin = f->now;

	user_sends(f, 2 * MSS);
	expect_segment(f, SEG(.seq = f->snd_nxt));
	expect_silence(f);
	assert_true(plx_next_deadline(f->stack) > f->now);
	assert_true(plx_next_deadline(f->stack) <= begin + GAP_MS * PLX_MILLISECOND);
	expect_segment_after(f, GAP_MS, SEG(.seq = f->snd_nxt + MSS));
}

// In congestion avoidance 6/5 of the window per round trip.
static void rate_follows_the_window(void **state)
{
	struct fixture *f = paced(state);
	struct plx_info info;

	user_sends(f, FLIGHT * MSS);
	advance(f, RTT_MS);
	forget_output(f);
	steady_duplicates(f, 3);
	expect_segment(f, SEG(.seq = f->snd_nxt));
	f->snd_nxt += FLIGHT * MSS;
	segment_arrives(f, SEG());
	info = info_of(f);
	assert_int_equal(info.cwnd_bytes, FLIGHT / 2 * MSS);
	assert_in_range(info.pacing_bytes_per_s * info.srtt / PLX_SECOND, 5990, 6010);
}

// What repairs a loss does not wait behind what is new.
static void retransmission_does_not_wait(void **state)
{
	struct fixture *f = paced(state);

	user_sends(f, 2 * FLIGHT * MSS);
	expect_paced(f, 0, FLIGHT, GAP_MS * 1000);
	advance(f, RTT_MS - (FLIGHT - 1) * GAP_MS);
	steady_duplicates(f, 1);
	expect_segment(f, SEG(.seq = f->snd_nxt + FLIGHT * MSS, .len = MSS));
	steady_duplicates(f, 1);
	expect_silence(f);
	steady_duplicates(f, 1);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	forget_output(f);
}

// Nor does an acknowledgement of what arrives meanwhile.
static void acknowledgements_do_not_wait(void **state)
{
	struct fixture *f = paced(state);

	user_sends(f, 4 * MSS);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_silence(f);
	segment_arrives(f, SEG(.len = 10));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 10, .len = 10));
	expect_segment(f, SEG(.flags = TCP_ACK, .len = 0, .ack = f->rcv_nxt + 20));
	expect_segment_after(f, GAP_MS, SEG(.seq = f->snd_nxt + MSS, .len = MSS));
	forget_output(f);
}

// Nothing in flight, and yet it is not the peer's window that is shut (RFC 9293 3.8.6.1).
static void answers_that_come_early_open_no_window_probe(void **state)
{
	struct fixture *f = paced(state);

	user_sends(f, 5 * MSS);
	for (unsigned i = 0; i < 5; i++) {
		expect_segment_within(f, GAP_MS, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
		segment_arrives(f, SEG(.ack = f->snd_nxt + (i + 1) * MSS));
		expect_silence(f);
	}
	expect_silence_for(f, 10000);
	expect_counter(f, PLX_COUNTER_TCP_PROBES, 0);
}

// No round trip is known when the SYN was sent twice (RFC 6298 3): there is no rate either.
static void without_a_sample_there_is_no_rate(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = MSS;
	fixture_set_option(f, PLX_OPTION_PACING, 1);
	fixture_syn_sent(state);
	expect_segment_after(f, 1000, SEG(.flags = TCP_SYN));
	segment_arrives(f, SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->peer.isn, .mss = MSS));
	f->rcv_nxt = f->peer.isn + 1;
	expect_segment(f, SEG(.flags = TCP_ACK));
	expect_event(f, PLX_EVENT_CONNECTED, 0);
	assert_int_equal(info_of(f).pacing_bytes_per_s, 0);
	steady_sends(f, FLIGHT);
}

static void default_is_not_to_pace(void **state)
{
	struct fixture *f = steady_connected(state, RTT_MS);

	assert_int_equal(info_of(f).pacing_bytes_per_s, 0);
	steady_sends(f, FLIGHT);
}

// The option counts from the moment it is set: what waited goes at once, what follows waits.
static void pacing_can_be_switched_while_sending(void **state)
{
	struct fixture *f = paced(state);

	user_sends(f, FLIGHT * MSS);
	expect_paced(f, 0, 4, GAP_MS * 1000);
	assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_PACING, 0), 0);
	for (unsigned i = 4; i < FLIGHT; i++)
		expect_segment(f, SEG(.seq = f->snd_nxt + i * MSS, .len = MSS));
	assert_int_equal(info_of(f).pacing_bytes_per_s, 0);
	advance(f, RTT_MS);
	f->snd_nxt += FLIGHT * MSS;
	segment_arrives(f, SEG());
	expect_silence(f);
	assert_int_equal(plx_set_option(f->stack, f->conn, PLX_OPTION_PACING, 1), 0);
	assert_true(info_of(f).pacing_bytes_per_s > 0);
	user_sends(f, 3 * MSS);
	expect_segment(f, SEG(.seq = f->snd_nxt, .len = MSS));
	expect_silence_for(f, 1);
	expect_segment_within(f, GAP_MS, SEG(.seq = f->snd_nxt + MSS, .len = MSS));
	forget_output(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(window_is_spread_over_the_round_trip),
		SCENARIO(acknowledgement_of_a_window_releases_no_burst),
		SCENARIO(bursts_are_half_a_millisecond),
		SCENARIO(next_deadline_tells_when_it_goes_on),
		SCENARIO(rate_follows_the_window),
		SCENARIO(retransmission_does_not_wait),
		SCENARIO(acknowledgements_do_not_wait),
		SCENARIO(answers_that_come_early_open_no_window_probe),
		SCENARIO(without_a_sample_there_is_no_rate),
		SCENARIO(default_is_not_to_pace),
		SCENARIO(pacing_can_be_switched_while_sending),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script pacing", tests, NULL, NULL);
}

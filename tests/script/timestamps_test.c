// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 7323: TS.Recent and what is echoed, protection against wrapped sequence numbers with its exceptions
// (RST, 24 days of silence), segments that lack the option, and echoes that make samples good.
#include <errno.h>

#include "support/eal_main.h"
#include "support/user.h"

#define DAY_MS (UINT64_C(24) * 3600 * 1000)

enum { TS = 5000 };

static struct fixture *with_timestamps(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.timestamps = true;
	fixture_established(state);
	segment_arrives(f, SEG(.ts_val = TS, .len = 10));
	user_receives(f, 10);
	f->rcv_nxt += 10;
	expect_segment_after(f, 40, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt, .ts_ecr = TS));
	forget_events(f);
	return f;
}

// 5.3 R1: an older timestamp is an old duplicate, acknowledged and dropped.
static void older_timestamp_is_acknowledged_and_dropped(void **state)
{
	struct fixture *f = with_timestamps(state);

	segment_arrives(f, SEG(.ts_val = TS - 1, .len = 10));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt, .ts_ecr = TS));
	user_finds_nothing(f);
	expect_drops(f, PLX_DROP_TCP_PAWS, 1);
}

static void equal_timestamp_is_accepted(void **state)
{
	struct fixture *f = with_timestamps(state);

	segment_arrives(f, SEG(.ts_val = TS, .len = 10));
	user_receives(f, 10);
	expect_segment_after(f, 40, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 10));
}

// Timestamps are compared modulo 2^32.
static void timestamp_may_wrap(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.timestamps = true;
	fixture_established(state);
	for (unsigned i = 0; i < 6; i++) {
		segment_arrives(
			f, SEG(.ts_val = (uint32_t)(TS + i * UINT32_C(0x30000000)), .len = 10));
		user_receives(f, 10);
		f->rcv_nxt += 10;
		expect_segment_after(f, 40, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
	}
	expect_drops(f, PLX_DROP_TCP_PAWS, 0);
}

// 5.2: PAWS does not apply to RST.
static void rst_with_an_older_timestamp_is_obeyed(void **state)
{
	struct fixture *f = with_timestamps(state);

	segment_arrives(f, SEG(.flags = TCP_RST, .ts_val = TS - 1000));
	expect_event(f, PLX_EVENT_FAILED, -ECONNRESET);
}

static void rst_without_timestamp_is_obeyed(void **state)
{
	struct fixture *f = with_timestamps(state);

	segment_arrives(f, SEG(.flags = TCP_RST, .ts_val = SEG_ABSENT));
	expect_event(f, PLX_EVENT_FAILED, -ECONNRESET);
}

// 5.5: after 24 days TS.Recent proves nothing, before that it does.
static void long_silence_outdates_ts_recent(void **state)
{
	struct fixture *f = with_timestamps(state);

	advance(f, 23 * DAY_MS);
	segment_arrives(f, SEG(.ts_val = TS - 1, .len = 10));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
	user_finds_nothing(f);
	advance(f, DAY_MS);
	segment_arrives(f, SEG(.ts_val = TS - 1, .len = 10));
	user_receives(f, 10);
	expect_segment_after(f, 40, SEG(.flags = TCP_ACK, .ts_ecr = TS - 1));
}

static void very_long_silence_outdates_it_too(void **state)
{
	struct fixture *f = with_timestamps(state);

	advance(f, 300 * DAY_MS);
	segment_arrives(f, SEG(.ts_val = TS - 1, .len = 10));
	user_receives(f, 10);
	expect_segment_after(f, 40, SEG(.flags = TCP_ACK, .ts_ecr = TS - 1));
}

// 3.2: without the option a segment is dropped in silence.
static void segment_without_the_option_is_dropped(void **state)
{
	struct fixture *f = with_timestamps(state);

	segment_arrives(f, SEG(.ts_val = SEG_ABSENT, .len = 10));
	expect_silence_for(f, 1000);
	user_finds_nothing(f);
	expect_drops(f, PLX_DROP_TCP_NO_TIMESTAMP, 1);
	segment_arrives(f, SEG(.ts_val = SEG_ABSENT, .flags = TCP_FIN | TCP_ACK));
	expect_silence(f);
	expect_state(f, PLX_STATE_ESTABLISHED);
}

// 4.3: the echo is that of the segment which the acknowledgement answers first.
static void delayed_acknowledgement_echoes_the_first(void **state)
{
	struct fixture *f = with_timestamps(state);

	segment_arrives(f, SEG(.ts_val = TS + 10, .len = 10));
	f->rcv_nxt += 10;
	expect_silence(f);
	segment_arrives(f, SEG(.ts_val = TS + 20, .len = 10));
	f->rcv_nxt += 10;
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt, .ts_ecr = TS + 10));
	user_receives(f, 20);
}

// 4.3 (B): a gap: the echo is that of the last segment that was in order.
static void segment_behind_a_gap_changes_no_echo(void **state)
{
	struct fixture *f = with_timestamps(state);

	segment_arrives(f, SEG(.ts_val = TS + 10, .seq = f->rcv_nxt + 10, .len = 10));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt, .ts_ecr = TS));
	// (C): what fills the gap is echoed.
	segment_arrives(f, SEG(.ts_val = TS + 20, .len = 10));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 20, .ts_ecr = TS + 20));
	user_receives(f, 20);
}

// 5.3 R1 holds in SYN_RECEIVED as well.
static void half_open_entry_knows_paws(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.timestamps = true;
	fixture_listening(state);
	f->has_timestamps = true;
	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = f->peer.isn, .ts_val = TS));
	f->rcv_nxt = f->peer.isn + 1;
	f->snd_nxt = expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .ts_ecr = TS))->tcp.seq + 1;
	segment_arrives(f, SEG(.ts_val = TS - 1));
	expect_segment(f, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt));
	expect_no_event(f);
	segment_arrives(f, SEG(.ts_val = SEG_ABSENT));
	expect_silence(f);
	expect_no_event(f);
	segment_arrives(f, SEG(.ts_val = TS + 1));
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
}

// 5.4: what others see of our clock is moved per tuple.
static void clocks_of_two_connections_differ(void **state)
{
	struct fixture *f = fixture_plan(state);
	uint32_t first;

	f->peer.timestamps = true;
	fixture_syn_received(state);
	first = f->ts_val;
	f->to_stack.src_port++;
	peer_sends_syn(f);
	expect_segment(f, SEG(.flags = TCP_SYN | TCP_ACK, .ts_val = SEG_ANY));
	assert_true(f->ts_val - first > 1000 || first - f->ts_val > 1000);
}

// 5.4: one tick is a millisecond, between 1 ms and 1 s.
static void our_clock_ticks_every_millisecond(void **state)
{
	struct fixture *f = with_timestamps(state);
	uint32_t before = f->ts_val;

	advance(f, 2500);
	user_sends(f, 1);
	expect_segment(f, SEG(.len = 1, .ts_val = SEG_ANY));
	assert_int_equal(f->ts_val - before, 2500);
}

// RFC 5961 4.2: a peer that was started anew, without timestamps, finds out.
static void syn_without_timestamp_is_challenged(void **state)
{
	struct fixture *f = with_timestamps(state);

	segment_arrives(f, SEG(.flags = TCP_SYN, .seq = 123456, .ts_val = SEG_ABSENT));
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt));
}

// A segment goes out, and again by the timer 300 ms later, where the round trip was 100 ms; *original is the
// timestamp of the first sending.
static struct fixture *with_a_retransmission(void **state, uint32_t *original)
{
	struct fixture *f = fixture_plan(state);

	f->peer.timestamps = true;
	fixture_set_option(f, PLX_OPTION_TAIL_PROBE, 0);
	fixture_syn_received(state);
	advance(f, 100);
	segment_arrives(f, SEG());
	expect_event(f, PLX_EVENT_ACCEPTED, 0);
	user_sends(f, 10);
	expect_segment(f, SEG(.len = 10));
	*original = f->ts_val;
	expect_segment_within(f, 301, SEG(.seq = f->snd_nxt, .len = 10));
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 1);
	assert_in_range(info_of(f).srtt, 99900000, 100100000);
	return f;
}

// 4.1: the echo says which sending it answers, so that a retransmission gives a sample in spite of Karn.
static void echo_of_a_retransmission_gives_a_sample(void **state)
{
	uint32_t original;
	struct fixture *f = with_a_retransmission(state, &original);

	advance(f, 180);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 10, .ts_ecr = f->ts_val));
	// RFC 6298 2.3: 7/8 of 100 ms and 1/8 of 180 ms; its timeout is no longer backed off.
	assert_in_range(info_of(f).srtt, 109500000, 110500000);
	assert_in_range(info_of(f).rto, 338000000, 342000000);
}

// 4.1: the time since the retransmission is not what the answer to the original took.
static void echo_of_the_original_is_no_sample_of_the_retransmission(void **state)
{
	uint32_t original;
	struct fixture *f = with_a_retransmission(state, &original);

	advance(f, 1);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 10, .ts_ecr = original));
	assert_true(info_of(f).srtt >= 100 * PLX_MILLISECOND);
	expect_counter(f, PLX_COUNTER_TCP_SPURIOUS_TIMEOUTS, 1);
}

// RFC 6298 3 (Karn) and 5.5: without the option there is no telling, and the timeout stays backed off.
static void answer_to_a_retransmission_without_echo_is_no_sample(void **state)
{
	uint32_t original;
	struct fixture *f = with_a_retransmission(state, &original);

	advance(f, 180);
	segment_arrives(f, SEG(.ack = f->snd_nxt + 10, .ts_ecr = 0));
	assert_in_range(info_of(f).srtt, 99900000, 100100000);
	assert_in_range(info_of(f).rto, 599000000, 601000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(older_timestamp_is_acknowledged_and_dropped),
		SCENARIO(equal_timestamp_is_accepted),
		SCENARIO(timestamp_may_wrap),
		SCENARIO(rst_with_an_older_timestamp_is_obeyed),
		SCENARIO(rst_without_timestamp_is_obeyed),
		SCENARIO(long_silence_outdates_ts_recent),
		SCENARIO(very_long_silence_outdates_it_too),
		SCENARIO(segment_without_the_option_is_dropped),
		SCENARIO(delayed_acknowledgement_echoes_the_first),
		SCENARIO(segment_behind_a_gap_changes_no_echo),
		SCENARIO(half_open_entry_knows_paws),
		SCENARIO(clocks_of_two_connections_differ),
		SCENARIO(our_clock_ticks_every_millisecond),
		SCENARIO(syn_without_timestamp_is_challenged),
		SCENARIO(echo_of_a_retransmission_gives_a_sample),
		SCENARIO(echo_of_the_original_is_no_sample_of_the_retransmission),
		SCENARIO(answer_to_a_retransmission_without_echo_is_no_sample),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script timestamps", tests, NULL, NULL);
}

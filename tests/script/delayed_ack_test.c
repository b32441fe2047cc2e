// SPDX-License-Identifier: BSD-3-Clause
//
// When an acknowledgement goes out: at every second segment, once per burst, after 40 ms at the latest.
// RFC 9293 3.8.6.3; RFC 5681 4.2.
#include "support/eal_main.h"
#include "support/user.h"

static void single_segment_is_acknowledged_after_40_ms(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.len = 100));

	expect_segment_after(
		f, 40, SEG(.flags = TCP_ACK, .seq = f->snd_nxt, .ack = f->rcv_nxt + 100, .len = 0));
	expect_silence_for(f, 1000);
}

// RFC 9293 SHLD-19: at least every second full-sized segment.
static void second_segment_is_acknowledged_at_once(void **state)
{
	struct fixture *f = fixture_established(state);

	for (unsigned i = 0; i < 6; i += 2) {
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i * 500, .len = 500));
		expect_silence(f);
		segment_arrives(f, SEG(.seq = f->rcv_nxt + (i + 1) * 500, .len = 500));
		expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + (i + 2) * 500));
	}
	expect_silence_for(f, 1000);
}

// The delay begins with the first segment that waits, and starts anew after an ACK.
static void delay_counts_from_the_first_segment_that_waits(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_DELAYED_ACK_SEGMENTS, 3);
	fixture_established(state);
	segment_arrives(f, SEG(.len = 10));
	expect_silence_for(f, 30);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 10, .len = 10));
	expect_segment_after(f, 10, SEG(.ack = f->rcv_nxt + 20));
	expect_silence_for(f, 5);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 20, .len = 10));
	expect_segment_after(f, 40, SEG(.ack = f->rcv_nxt + 30));
}

// RFC 9293 MUST-58, MUST-59: a series of segments is processed before one ACK is sent.
static void burst_gets_one_acknowledgement(void **state)
{
	struct fixture *f = fixture_established(state);

	burst_begin(f);
	for (unsigned i = 0; i < 9; i++)
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i * 1000, .len = 1000));
	burst_end(f);

	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 9000));
	expect_silence_for(f, 1000);
}

static void burst_of_one_is_delayed_too(void **state)
{
	struct fixture *f = fixture_established(state);

	burst_begin(f);
	segment_arrives(f, SEG(.len = 1000));
	burst_end(f);

	expect_segment_after(f, 40, SEG(.ack = f->rcv_nxt + 1000));
}

static void delayed_ack_off_acknowledges_each_segment(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_DELAYED_ACK, 0);
	fixture_established(state);

	for (unsigned i = 1; i <= 3; i++) {
		segment_arrives(f, SEG(.seq = f->rcv_nxt + (i - 1) * 10, .len = 10));
		expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + i * 10));
	}
}

static void delay_is_an_option(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_DELAYED_ACK_TIME, 7 * PLX_MILLISECOND);
	fixture_established(state);
	segment_arrives(f, SEG(.len = 10));

	expect_segment_after(f, 7, SEG(.ack = f->rcv_nxt + 10));
}

static void segments_per_ack_is_an_option(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_DELAYED_ACK_SEGMENTS, 4);
	fixture_established(state);
	for (unsigned i = 0; i < 3; i++)
		segment_arrives(f, SEG(.seq = f->rcv_nxt + i * 10, .len = 10));
	expect_silence(f);
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 30, .len = 10));

	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 40));
}

static void data_sent_meanwhile_takes_the_ack_along(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.len = 10));
	expect_silence_for(f, 20);
	user_sends(f, 5);
	expect_segment(f, SEG(.len = 5, .ack = f->rcv_nxt + 10));
	segment_arrives(f, SEG(.seq = f->rcv_nxt + 10, .ack = f->snd_nxt + 5));

	expect_silence_for(f, 1000);
	expect_counter(f, PLX_COUNTER_TCP_ACKS, 0);
}

// RFC 9293 3.10.7.4 eighth: a FIN is not kept waiting.
static void fin_is_acknowledged_at_once(void **state)
{
	struct fixture *f = fixture_established(state);

	segment_arrives(f, SEG(.flags = TCP_ACK | TCP_FIN, .len = 10));

	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt + 11));
	expect_silence_for(f, 1000);
}

// A pure ACK is never acknowledged.
static void pure_ack_is_not_answered(void **state)
{
	struct fixture *f = fixture_established(state);

	for (unsigned i = 0; i < 3; i++)
		segment_arrives(f, SEG(.wnd = 60000 + i));

	expect_silence_for(f, 1000);
	assert_true(plx_next_deadline(f->stack) == PLX_TIME_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(single_segment_is_acknowledged_after_40_ms),
		SCENARIO(second_segment_is_acknowledged_at_once),
		SCENARIO(delay_counts_from_the_first_segment_that_waits),
		SCENARIO(burst_gets_one_acknowledgement),
		SCENARIO(burst_of_one_is_delayed_too),
		SCENARIO(delayed_ack_off_acknowledges_each_segment),
		SCENARIO(delay_is_an_option),
		SCENARIO(segments_per_ack_is_an_option),
		SCENARIO(data_sent_meanwhile_takes_the_ack_along),
		SCENARIO(fin_is_acknowledged_at_once),
		SCENARIO(pure_ack_is_not_answered),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script delayed_ack", tests, NULL, NULL);
}

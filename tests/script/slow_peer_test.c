// SPDX-License-Identifier: BSD-3-Clause
//
// Peers and users that take a day: a window that stays shut, and readers of one byte a second, on either
// side. The connection lives, nothing silly goes out, memory stays what it was, every byte arrives.
// RFC 9293 3.8.6.1 (MUST-35 to MUST-37, SHLD-29, SHLD-30), 3.8.6.2.1 (MUST-38), 3.8.6.2.2 (MUST-39).
#include "support/eal_main.h"
#include "support/pattern.h"
#include "support/user.h"

enum { MSS = 1000, DAY_S = 24 * 3600, SEND_BUFFER = 262144 };

#define RTO_MAX (120 * PLX_SECOND) // PLX_OPTION_RTO_MAX

static struct fixture *begin(void **state)
{
	struct fixture *f = fixture_plan(state);

	f->peer.mss = MSS;
	fixture_connected(state);
	return f;
}

// One segment is acknowledged with a window of 0; f->snd_nxt is what the peer expects.
static struct fixture *begin_with_shut_window(void **state)
{
	struct fixture *f = begin(state);

	user_sends(f, MSS);
	expect_segment(f, SEG(.len = MSS));
	f->snd_nxt += MSS;
	segment_arrives(f, SEG(.wnd = 0));
	return f;
}

// A peer with so much room, which answers every segment at once.
struct reader {
	uint32_t room;
	unsigned probes;   // segments that found no room
	unsigned segments; // those that found some
	uint32_t least;	   // the smallest of them
};

static void reader_takes(struct fixture *f, struct reader *reader, const struct frame *frame)
{
	uint32_t seq = frame->tcp.seq, len = frame->payload_bytes;
	uint32_t taken = len < reader->room ? len : reader->room;

	assert_int_equal(seq, f->snd_nxt);
	if (taken == 0) {
		reader->probes++;
	} else {
		assert_int_equal(taken, len);
		reader->segments++;
		reader->least = len < reader->least ? len : reader->least;
	}
	f->snd_nxt += taken;
	reader->room -= taken;
	segment_arrives(f, SEG(.wnd = reader->room));
}

static void reader_answers_until(struct fixture *f, struct reader *reader, plx_time until)
{
	const struct fixture_output *output;

	fixture_settle(f);
	do {
		while ((output = fixture_next_output(f)) != NULL) {
			struct frame frame = output->frame;

			reader_takes(f, reader, &frame);
		}
		advance_to_output(f, until);
	} while (f->next_output != f->n_outputs);
	advance_until(f, until);
}

// The window opens, and all that is left goes without a timer.
static void reader_takes_all(struct fixture *f, uint32_t left)
{
	struct reader reader = {.room = UINT16_MAX};
	uint32_t end = f->snd_nxt + left;

	segment_arrives(f, SEG());
	while (f->snd_nxt != end) {
		uint32_t before = f->snd_nxt;

		reader_answers_until(f, &reader, f->now);
		reader.room = UINT16_MAX;
		assert_true(f->snd_nxt != before);
		segment_arrives(f, SEG());
	}
	assert_int_equal(info_of(f).unacked_bytes + info_of(f).unsent_bytes, 0);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 0);
	forget_events(f);
	expect_silence_for(f, DAY_S * 1000);
}

// What is asked of the sender of probes for a day: returns how many there were.
static unsigned probe_for_a_day(struct fixture *f, plx_duration longest, uint32_t taken_per_probe)
{
	plx_time end = f->now + DAY_S * PLX_SECOND, before = f->now;
	plx_duration gap = info_of(f).rto; // SHLD-29
	unsigned probes = 0;

	for (; f->now < end; probes++) {
		const struct frame *probe;

		advance_to_output(f, f->now + RTO_MAX);
		probe = expect_segment(f, SEG(.seq = f->snd_nxt, .ack = f->rcv_nxt));
		assert_int_equal(probe->payload_bytes, 1);
		// SHLD-30: each gap is the last one doubled, up to the ceiling.
		assert_true(f->now - before == gap);
		gap = 2 * gap < longest ? 2 * gap : longest;
		before = f->now;
		f->snd_nxt += taken_per_probe;
		segment_arrives(f, SEG(.wnd = 0));
		expect_silence(f);
	}
	return probes;
}

// MUST-36, MUST-37: a day of answered probes, with the least patience that can be asked for.
static void shut_window_is_survived_for_a_day(void **state)
{
	struct fixture *f = fixture_plan(state);
	struct plx_info before;
	unsigned in_use;

	fixture_set_option(f, PLX_OPTION_RETRIES, 1);
	begin_with_shut_window(state);
	assert_int_equal(user_offers(f, 1 << 20), SEND_BUFFER);
	forget_events(f);
	before = info_of(f);
	in_use = mbufs_in_use(f->config.pool);

	// 0.2 s doubles to 102.4 s in ten probes, then one every two minutes.
	assert_in_range(probe_for_a_day(f, RTO_MAX, 0), DAY_S / 120 + 8, DAY_S / 120 + 10);
	expect_no_event(f);
	expect_state(f, PLX_STATE_ESTABLISHED);
	expect_counter(f, PLX_COUNTER_TCP_TIMEOUTS, 0);
	assert_int_equal(mbufs_in_use(f->config.pool), in_use);
	// A probe says nothing about the network (RFC 5681 3.1 speaks of loss).
	assert_int_equal(info_of(f).cwnd_bytes, before.cwnd_bytes);
	assert_int_equal(info_of(f).ssthresh_bytes, before.ssthresh_bytes);
	reader_takes_all(f, SEND_BUFFER);
}

// RFC 5482: the user's patience is with a peer that does not answer; it is asked as often as that takes.
static void shut_window_is_survived_by_a_short_user_timeout(void **state)
{
	struct fixture *f = fixture_plan(state);

	fixture_set_option(f, PLX_OPTION_USER_TIMEOUT, 60 * PLX_SECOND);
	begin_with_shut_window(state);
	user_sends(f, MSS);
	assert_in_range(probe_for_a_day(f, 60 * PLX_SECOND, 0), DAY_S / 60 + 7, DAY_S / 60 + 9);
	reader_takes_all(f, MSS);
}

// A peer that takes each probe's byte and opens nothing: no reason to ask more often (SHLD-30).
static void peer_that_takes_only_probes_is_survived_for_a_day(void **state)
{
	struct fixture *f = begin_with_shut_window(state);
	unsigned probes;

	assert_int_equal(user_offers(f, 1 << 20), SEND_BUFFER);
	forget_events(f);
	probes = probe_for_a_day(f, RTO_MAX, 1);
	assert_in_range(probes, DAY_S / 120 + 8, DAY_S / 120 + 10);
	reader_takes_all(f, SEND_BUFFER - probes);
}

// MAY-8, and the paragraph behind it: each probe of a day is answered with RCV.NXT and a window of 0.
static void our_shut_window_answers_probes_for_a_day(void **state)
{
	struct fixture *f = fixture_plan(state);
	unsigned in_use;

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, 4 * MSS);
	begin(state);
	for (unsigned i = 0; i < 4; i++, f->rcv_nxt += MSS)
		segment_arrives(f, SEG(.len = MSS));
	forget_output(f);
	forget_events(f);
	in_use = mbufs_in_use(f->config.pool);
	for (unsigned minute = 0; minute < DAY_S / 60; minute++) {
		segment_arrives(f, SEG(.len = 1));
		expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt, .wnd = 0, .len = 0));
		expect_silence_for(f, 60 * 1000);
	}
	expect_no_event(f);
	assert_int_equal(mbufs_in_use(f->config.pool), in_use);
	user_receives(f, 4 * MSS);
	expect_segment(f, SEG(.flags = TCP_ACK, .ack = f->rcv_nxt, .wnd = 4 * MSS));
	segment_arrives(f, SEG(.len = MSS));
	user_receives(f, MSS);
	forget_output(f);
}

// A sender of full segments into whatever window is offered, as far as the last answer says.
struct window {
	uint32_t edge;	// right edge that was offered last
	unsigned moves; // how often it has moved
	unsigned acks;
};

static void read_answers(struct fixture *f, struct window *window, uint32_t least_move)
{
	const struct fixture_output *output;

	fixture_settle(f);
	while ((output = fixture_next_output(f)) != NULL) {
		uint32_t edge = output->frame.tcp.ack + output->frame.tcp.window;

		window->acks++;
		if (edge == window->edge)
			continue;
		// MUST-39: by min(RCV.BUFF / 2, Eff.snd.MSS), or not at all.
		assert_in_range(edge - window->edge, least_move, 1 << 20);
		window->edge = edge;
		window->moves++;
	}
}

static void user_reads_one_byte(struct fixture *f)
{
	uint8_t byte;

	assert_int_equal(plx_recv(f->stack, f->conn, &byte, 1, 0), 1);
	assert_int_equal(byte, pattern_byte(0, f->received_bytes));
	f->received_bytes++;
}

// Three hours of it, with a buffer of so many bytes.
static void read_one_byte_a_second(void **state, uint32_t buffer, uint32_t least_move)
{
	struct fixture *f = fixture_plan(state);
	struct window window = {0};
	const uint32_t seconds = 3 * 3600;
	unsigned in_use;

	fixture_set_option(f, PLX_OPTION_RECEIVE_BUFFER, buffer);
	begin(state);
	window.edge = f->rcv_nxt + buffer;
	in_use = mbufs_in_use(f->config.pool);
	for (uint32_t second = 0; second < seconds; second++) {
		for (uint32_t room; (room = window.edge - f->rcv_nxt) > 0;) {
			uint32_t len = room < MSS ? room : MSS;

			segment_arrives(f, SEG(.len = len));
			f->rcv_nxt += len;
			read_answers(f, &window, least_move);
		}
		advance(f, 1000);
		user_reads_one_byte(f);
		read_answers(f, &window, least_move);
		// Never more than the buffer, in never more buffers than full segments and their rests take.
		assert_in_range(info_of(f).readable_bytes, buffer / 2 - 1, buffer);
		assert_in_range(mbufs_in_use(f->config.pool) - in_use, 0, 2 * (buffer / MSS) + 2);
		f->n_events = f->next_event = 0;
	}
	// Not an ACK for each byte: one per move, one per segment, and what delayed ACKs add.
	assert_in_range(window.moves, seconds / (2 * MSS) - 1, seconds / least_move + 1);
	assert_in_range(window.acks, window.moves, 4 * window.moves + 2 * buffer / MSS + 2);
	user_receives(f, f->rcv_nxt - FIXTURE_PEER_ISN - 1 - (uint32_t)f->received_bytes);
	forget_output(f);
}

// MUST-39
static void reading_one_byte_a_second_opens_no_silly_window(void **state)
{
	read_one_byte_a_second(state, 8 * MSS, MSS);
}

// The same where half of the buffer is less than a segment.
static void tiny_buffer_opens_by_half_of_it(void **state)
{
	read_one_byte_a_second(state, 700, 350);
}

// The peer's side of it, for an hour, with silly-window avoidance of its own: nothing but full segments and
// probes, which start over at each window.
static void peer_that_reads_a_byte_a_second_gets_full_segments(void **state)
{
	struct reader reader = {.least = UINT32_MAX};
	struct fixture *f = fixture_plan(state);
	plx_time start;

	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	begin_with_shut_window(state);
	start = f->now;
	user_sends(f, 10 * MSS);
	for (unsigned windows = 1; windows <= 3; windows++) {
		reader_answers_until(f, &reader, start + windows * MSS * PLX_SECOND);
		assert_int_equal(reader.room, 0);
		// Ten while the gap doubles to two minutes, then one every two minutes.
		assert_in_range(reader.probes, 15, 18);
		reader = (struct reader){.room = MSS, .least = UINT32_MAX};
		segment_arrives(f, SEG(.wnd = MSS));
		reader_answers_until(f, &reader, f->now);
		assert_int_equal(reader.segments, 1);
		assert_int_equal(reader.least, MSS);
	}
	reader_takes_all(f, 7 * MSS);
}

// 3.8.6.2.1 (4): what fits a silly window goes after the override timeout, 0.1 to 1 second.
static void silly_window_waits_for_the_override_timeout(void **state)
{
	struct fixture *f = begin_with_shut_window(state);

	user_sends(f, 2 * MSS);
	segment_arrives(f, SEG(.wnd = 10));
	expect_silence_for(f, 99);
	expect_segment_within(f, 901, SEG(.seq = f->snd_nxt, .len = 10));
	expect_silence(f);
	f->snd_nxt += 10;
	reader_takes_all(f, 2 * MSS - 10);
}

// A peer that tells of every byte it has read: all bytes arrive as fast as it reads, by no more than a segment
// for each announcement and the probes of one second.
static void peer_that_announces_every_byte_is_survived(void **state)
{
	struct reader reader = {.least = UINT32_MAX};
	struct fixture *f = fixture_plan(state);
	const uint32_t seconds = 3600;
	uint32_t begin_seq;
	unsigned in_use;

	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	begin_with_shut_window(state);
	begin_seq = f->snd_nxt;
	user_sends(f, 20 * MSS);
	in_use = mbufs_in_use(f->config.pool);
	reader_answers_until(f, &reader, f->now + PLX_SECOND);
	for (uint32_t second = 0; second < seconds; second++) {
		reader.room++;
		segment_arrives(f, SEG(.wnd = reader.room));
		reader_answers_until(f, &reader, f->now + PLX_SECOND);
		assert_in_range(mbufs_in_use(f->config.pool), in_use - 20, in_use);
	}
	assert_in_range(f->snd_nxt - begin_seq, seconds - 1, seconds);
	assert_in_range(reader.segments, 1, seconds);
	assert_in_range(reader.probes, 1, 3 * (seconds + 1));
	reader_takes_all(f, 20 * MSS - (f->snd_nxt - begin_seq));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(shut_window_is_survived_for_a_day),
		SCENARIO(shut_window_is_survived_by_a_short_user_timeout),
		SCENARIO(peer_that_takes_only_probes_is_survived_for_a_day),
		SCENARIO(our_shut_window_answers_probes_for_a_day),
		SCENARIO(reading_one_byte_a_second_opens_no_silly_window),
		SCENARIO(tiny_buffer_opens_by_half_of_it),
		SCENARIO(peer_that_reads_a_byte_a_second_gets_full_segments),
		SCENARIO(silly_window_waits_for_the_override_timeout),
		SCENARIO(peer_that_announces_every_byte_is_survived),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script slow_peer", tests, NULL, NULL);
}

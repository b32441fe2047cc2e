// SPDX-License-Identifier: BSD-3-Clause
//
// Every state against every kind of segment: RFC 9293 3.10.7 as a table that can be held against the text.
// A cell is the answer and the state afterwards. Deviations are those of half-open SYN handling and RFC 1337.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/eal_main.h"
#include "support/user.h"

enum kind {
	SYN,	    // in the window, larger than all before
	SYN_AGAIN,  // the SYN that began the connection
	SYN_ACK,    // in the window, of everything sent
	ACK,	    // of everything sent
	ACK_FUTURE, // of one more
	ACK_OLD,    // older than the largest window
	DATA,	    // ten bytes in order
	DATA_AGAIN, // the ten bytes before those
	DATA_GAP,   // in the window, not in order
	DATA_FAR,   // beyond the window
	FIN,	    // in order
	FIN_AGAIN,  // the sequence number before RCV.NXT
	RST,	    // exactly RCV.NXT
	RST_WINDOW, // in the window
	RST_FAR,    // outside of it
	NO_FLAGS,
	KINDS,
};

static const char *const kind_names[KINDS] = {
	"SYN",
	"SYN again",
	"SYN+ACK",
	"ACK",
	"ACK of the future",
	"old ACK",
	"data",
	"data again",
	"data behind a gap",
	"data beyond the window",
	"FIN",
	"FIN again",
	"exact RST",
	"RST in the window",
	"RST outside the window",
	"no flags",
};

// The answer: "-" nothing, "A" an acknowledgement at once, "d" one within 40 ms, "R" RST, "S" SYN+ACK.
// The state: CLOS LIST SYNS SYNR ESTA FIN1 FIN2 CLOW CLNG LACK TIMW.
struct row {
	const char *name;
	struct fixture *(*make)(void **state);
	const char *cells[KINDS];
};

static struct fixture *half_closed_1(void **state)
{
	struct fixture *f = fixture_established(state);

	user_shuts_down(f, PLX_SHUTDOWN_WRITE);
	expect_segment(f, SEG(.flags = TCP_FIN | TCP_ACK));
	return f;
}

static struct fixture *half_closed_2(void **state)
{
	struct fixture *f = half_closed_1(state);

	f->snd_nxt++;
	segment_arrives(f, SEG());
	return f;
}

// In the order of `enum kind`.
static const struct row rows[] = {
	{"CLOSED",
	 fixture_bare,
	 {"R CLOS", "R CLOS", "R CLOS", "R CLOS", "R CLOS", "R CLOS", "R CLOS", "R CLOS", "R CLOS",
	  "R CLOS", "R CLOS", "R CLOS", "- CLOS", "- CLOS", "- CLOS", "R CLOS"}},
	{"LISTEN",
	 fixture_listening,
	 {"S SYNR", "S SYNR", "R LIST", "R LIST", "R LIST", "R LIST", "R LIST", "R LIST", "R LIST",
	  "R LIST", "R LIST", "R LIST", "- LIST", "- LIST", "- LIST", "- LIST"}},
	{"SYN_SENT",
	 fixture_syn_sent,
	 {"S SYNR", "S SYNR", "A ESTA", "- SYNS", "R SYNS", "R SYNS", "- SYNS", "- SYNS", "- SYNS",
	  "- SYNS", "- SYNS", "- SYNS", "- SYNS", "- SYNS", "- SYNS", "- SYNS"}},
	{"SYN_RECEIVED",
	 fixture_syn_received,
	 {"A SYNR", "S SYNR", "A SYNR", "- ESTA", "R SYNR", "R SYNR", "d ESTA", "A SYNR", "A ESTA",
	  "A SYNR", "A CLOW", "A SYNR", "- LIST", "A SYNR", "- SYNR", "- SYNR"}},
	{"ESTABLISHED",
	 fixture_established,
	 {"A ESTA", "A ESTA", "A ESTA", "- ESTA", "A ESTA", "A ESTA", "d ESTA", "A ESTA", "A ESTA",
	  "A ESTA", "A CLOW", "A ESTA", "- CLOS", "A ESTA", "- ESTA", "- ESTA"}},
	{"FIN_WAIT_1, closed",
	 fixture_fin_wait_1,
	 {"A FIN1", "A FIN1", "A FIN1", "- FIN2", "A FIN1", "A FIN1", "R CLOS", "A FIN1", "R CLOS",
	  "A FIN1", "A TIMW", "A FIN1", "- CLOS", "A FIN1", "- FIN1", "- FIN1"}},
	{"FIN_WAIT_1, half-closed",
	 half_closed_1,
	 {"A FIN1", "A FIN1", "A FIN1", "- FIN2", "A FIN1", "A FIN1", "d FIN2", "A FIN1", "A FIN2",
	  "A FIN1", "A TIMW", "A FIN1", "- CLOS", "A FIN1", "- FIN1", "- FIN1"}},
	{"FIN_WAIT_2, closed",
	 fixture_fin_wait_2,
	 {"A FIN2", "A FIN2", "A FIN2", "- FIN2", "A FIN2", "A FIN2", "R CLOS", "A FIN2", "R CLOS",
	  "A FIN2", "A TIMW", "A FIN2", "- CLOS", "A FIN2", "- FIN2", "- FIN2"}},
	{"FIN_WAIT_2, half-closed",
	 half_closed_2,
	 {"A FIN2", "A FIN2", "A FIN2", "- FIN2", "A FIN2", "A FIN2", "d FIN2", "A FIN2", "A FIN2",
	  "A FIN2", "A TIMW", "A FIN2", "- CLOS", "A FIN2", "- FIN2", "- FIN2"}},
	{"CLOSE_WAIT",
	 fixture_close_wait,
	 {"A CLOW", "A CLOW", "A CLOW", "- CLOW", "A CLOW", "A CLOW", "- CLOW", "A CLOW", "- CLOW",
	  "A CLOW", "A CLOW", "A CLOW", "- CLOS", "A CLOW", "- CLOW", "- CLOW"}},
	{"CLOSING",
	 fixture_closing,
	 {"A CLNG", "A CLNG", "A CLNG", "- TIMW", "A CLNG", "A CLNG", "- TIMW", "A CLNG", "- TIMW",
	  "A CLNG", "- TIMW", "A CLNG", "- CLOS", "A CLNG", "- CLNG", "- CLNG"}},
	{"LAST_ACK",
	 fixture_last_ack,
	 {"A LACK", "A LACK", "A LACK", "- CLOS", "A LACK", "A LACK", "- CLOS", "A LACK", "- CLOS",
	  "A LACK", "- CLOS", "A LACK", "- CLOS", "A LACK", "- LACK", "- LACK"}},
	{"TIME_WAIT",
	 fixture_time_wait,
	 {"S SYNR", "A TIMW", "A TIMW", "- TIMW", "- TIMW", "- TIMW", "A TIMW", "A TIMW", "A TIMW",
	  "A TIMW", "A TIMW", "A TIMW", "- TIMW", "- TIMW", "- TIMW", "- TIMW"}},
};

static struct seg segment_of(struct fixture *f, enum kind kind, uint32_t snd_nxt)
{
	const struct seg segments[KINDS] = {
		[SYN] = SEG(.flags = TCP_SYN, .seq = f->rcv_nxt + 100, .mss = 1400),
		[SYN_AGAIN] = SEG(.flags = TCP_SYN, .seq = f->peer.isn, .mss = f->peer.mss),
		[SYN_ACK] = SEG(.flags = TCP_SYN | TCP_ACK, .seq = f->rcv_nxt + 100, .mss = 1400),
		[ACK] = SEG(.flags = TCP_ACK),
		[ACK_FUTURE] = SEG(.flags = TCP_ACK, .ack = snd_nxt + 1),
		[ACK_OLD] = SEG(.flags = TCP_ACK, .ack = snd_nxt - 70000),
		[DATA] = SEG(.flags = TCP_ACK, .len = 10),
		[DATA_AGAIN] = SEG(.flags = TCP_ACK, .seq = f->rcv_nxt - 10, .len = 10),
		[DATA_GAP] = SEG(.flags = TCP_ACK, .seq = f->rcv_nxt + 100, .len = 10),
		[DATA_FAR] = SEG(.flags = TCP_ACK, .seq = f->rcv_nxt + 70000, .len = 10),
		[FIN] = SEG(.flags = TCP_FIN | TCP_ACK),
		[FIN_AGAIN] = SEG(.flags = TCP_FIN | TCP_ACK, .seq = f->rcv_nxt - 1),
		[RST] = SEG(.flags = TCP_RST),
		[RST_WINDOW] = SEG(.flags = TCP_RST, .seq = f->rcv_nxt + 100),
		[RST_FAR] = SEG(.flags = TCP_RST, .seq = f->rcv_nxt + 70000),
		[NO_FLAGS] = SEG(.flags = 0, .len = 10),
	};
	struct seg seg = segments[kind];

	if ((seg.flags & TCP_ACK) != 0)
		seg.ack = seg_or(seg.ack, snd_nxt);
	return seg;
}

static char letter_of(const struct frame *frame)
{
	if ((frame->tcp.flags & TCP_RST) != 0)
		return 'R';
	return (frame->tcp.flags & TCP_SYN) != 0 ? 'S' : 'A';
}

static char answer_of(struct fixture *f)
{
	const struct fixture_output *output = fixture_next_output(f);
	plx_time deadline = f->now + 40 * PLX_MILLISECOND;
	bool is_late = output == NULL;

	if (is_late && plx_next_deadline(f->stack) <= deadline) {
		advance_to_output(f, deadline);
		output = fixture_next_output(f);
	}
	expect_silence(f);
	if (output == NULL)
		return '-';
	return is_late ? 'd' : letter_of(&output->frame);
}

static const char *state_of(struct fixture *f)
{
	static const char *const short_names[PLX_STATE_COUNT] = {"CLOS", "LIST", "SYNS", "SYNR",
								 "ESTA", "FIN1", "FIN2", "CLOW",
								 "CLNG", "LACK", "TIMW"};
	struct plx_info info = {.size = sizeof(info)};
	struct plx_stats stats = stats_of(f);

	if (plx_get_info(f->stack, f->conn, &info) == 0)
		return short_names[info.state];
	if (stats.half_open > 0)
		return "SYNR";
	return stats.time_wait > 0 ? "TIMW" : "CLOS";
}

// LISTEN and CLOSED are one when the connection is no more; a stack that only listens says LISTEN.
static bool is_same_state(const char *got, const char *expected)
{
	return strcmp(got, expected) == 0
		|| (strcmp(got, "CLOS") == 0 && strcmp(expected, "LIST") == 0);
}

static unsigned check_cell(void **state, const struct row *row, enum kind kind)
{
	struct fixture *f = row->make(state);
	const char *expected = row->cells[kind];
	struct plx_info info = {.size = sizeof(info)};
	uint32_t snd_nxt = f->snd_nxt;
	const char *got_state;
	char answer;

	if (plx_get_info(f->stack, f->conn, &info) == 0)
		snd_nxt = info.snd_nxt;
	segment_arrives(f, segment_of(f, kind, snd_nxt));
	answer = answer_of(f);
	got_state = state_of(f);
	if (answer == expected[0] && is_same_state(got_state, expected + 2))
		return 0;
	print_error("%s, %s: expected \"%s\", came \"%c %s\"\n", row->name, kind_names[kind],
		    expected, answer, got_state);
	return 1;
}

static void check_row(void **state, const char *name)
{
	unsigned faults = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, name) != 0)
			continue;
		for (unsigned kind = 0; kind < KINDS; kind++) {
			if (kind > 0)
				fixture_renew(state);
			faults += check_cell(state, &rows[i], (enum kind)kind);
		}
	}
	assert_int_equal(faults, 0);
}

#define ROW(test, name)                 \
	static void test(void **state)  \
	{                               \
		check_row(state, name); \
	}
ROW(closed_answers_as_3_10_7_1, "CLOSED")
ROW(listen_answers_as_3_10_7_2, "LISTEN")
ROW(syn_sent_answers_as_3_10_7_3, "SYN_SENT")
ROW(syn_received_answers_as_3_10_7_4, "SYN_RECEIVED")
ROW(established_answers_as_3_10_7_4, "ESTABLISHED")
ROW(fin_wait_1_answers_as_3_10_7_4, "FIN_WAIT_1, closed")
ROW(half_closed_fin_wait_1_answers_as_3_10_7_4, "FIN_WAIT_1, half-closed")
ROW(fin_wait_2_answers_as_3_10_7_4, "FIN_WAIT_2, closed")
ROW(half_closed_fin_wait_2_answers_as_3_10_7_4, "FIN_WAIT_2, half-closed")
ROW(close_wait_answers_as_3_10_7_4, "CLOSE_WAIT")
ROW(closing_answers_as_3_10_7_4, "CLOSING")
ROW(last_ack_answers_as_3_10_7_4, "LAST_ACK")
ROW(time_wait_answers_as_3_10_7_4, "TIME_WAIT")

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(closed_answers_as_3_10_7_1),
		SCENARIO(listen_answers_as_3_10_7_2),
		SCENARIO(syn_sent_answers_as_3_10_7_3),
		SCENARIO(syn_received_answers_as_3_10_7_4),
		SCENARIO(established_answers_as_3_10_7_4),
		SCENARIO(fin_wait_1_answers_as_3_10_7_4),
		SCENARIO(half_closed_fin_wait_1_answers_as_3_10_7_4),
		SCENARIO(fin_wait_2_answers_as_3_10_7_4),
		SCENARIO(half_closed_fin_wait_2_answers_as_3_10_7_4),
		SCENARIO(close_wait_answers_as_3_10_7_4),
		SCENARIO(closing_answers_as_3_10_7_4),
		SCENARIO(last_ack_answers_as_3_10_7_4),
		SCENARIO(time_wait_answers_as_3_10_7_4),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script state_matrix", tests, NULL, NULL);
}

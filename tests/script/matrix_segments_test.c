// SPDX-License-Identifier: BSD-3-Clause
//
// SEGMENT ARRIVES, RFC 9293 3.10.7: every state x kind of segment x sequence number x acknowledgement number, as
// matrix.def has it, for both families, with and without timestamps. Each cell is a stack of its own.
#include "matrix.h"

#include "support/eal_main.h"

enum {
	TEXT_BYTES = 10,
	URGENT_BYTES = 5,
	DELAYED_ACK_MS = 40,
};

// clang-format off
#define KINDS(X) \
	X(SYN) X(SYN_ACK) X(ACK) X(DATA) X(FIN) X(FIN_ACK) X(RST) X(RST_ACK) \
	X(SYN_FIN) X(NO_FLAGS) X(URG)
// clang-format on

// Of the segment's last octet OLD, RIGHT; of its first one the others. Right edge: RCV.NXT+RCV.WND.
#define SEQS(X) X(OLD) X(LEFT) X(INSIDE) X(RIGHT) X(PAST) X(FAR)
// ANCIENT: SND.UNA-MAX.SND.WND-1. BEFORE: SND.UNA-1. FUTURE: SND.NXT+1. NONE: the ACK bit is off.
#define ACKS(X) X(ANCIENT) X(BEFORE) X(UNA) X(NXT) X(FUTURE) X(NONE)

enum { KINDS(NUMBER_OF) KIND_COUNT };
enum { SEQS(NUMBER_OF) SEQ_COUNT };
enum { ACKS(NUMBER_OF) ACK_COUNT };

enum kind {
	KINDS(BIT_OF) ANY_RST = RST | RST_ACK,
	ANY_SYN = SYN | SYN_ACK | SYN_FIN,
	WITH_ACK = ACK | DATA | FIN_ACK | URG, // of those that get as far as the fifth question
	WITHOUT_ACK = FIN | NO_FLAGS,
};

enum seq_class {
	SEQS(BIT_OF) IN_WINDOW = LEFT | INSIDE | RIGHT,
	OUTSIDE = OLD | PAST | FAR,
	ANY_SEQ = IN_WINDOW | OUTSIDE,
};

enum ack_class {
	ACKS(BIT_OF) NOT_NEW = BEFORE | UNA | NXT, // where SND.UNA is SND.NXT
	ANY_ACK = ANCIENT | NOT_NEW | FUTURE | NONE,
};

static const char *const kind_names[] = {KINDS(TEXT_OF)};
static const char *const seq_names[] = {SEQS(TEXT_OF)};
static const char *const ack_names[] = {ACKS(TEXT_OF)};

enum {
	SYN_RECEIVED = SYN_RCVD_PASSIVE | SYN_RCVD_ACTIVE,
	ANY_CLOSING = CLOSING | CLOSING_CLOSED,
	ANY_LAST_ACK = LAST_ACK | LAST_ACK_CLOSED,
	BEFORE_CLOSING = ESTABLISHED | FIN_WAIT_1 | FIN_WAIT_1_CLOSED | FIN_WAIT_2
		| FIN_WAIT_2_CLOSED | CLOSE_WAIT,
	SYNCHRONIZED = BEFORE_CLOSING | ANY_CLOSING | ANY_LAST_ACK, // but TIME_WAIT
	ANY_TIME_WAIT = TIME_WAIT | TIME_WAIT_HELD,
};

enum answer {
	SILENCE,      // nothing, not even later
	ACK_NXT,      // <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>
	ACK_ALL,      // <SEQ=SND.NXT><ACK=SEG.SEQ+SEG.LEN><CTL=ACK>
	ACK_SOON,     // the same, delayed by at most 40 ms
	SYN_ACK_NEW,  // <SEQ=new ISS><ACK=SEG.SEQ+1><CTL=SYN,ACK>
	SYN_ACK_SAME, // <SEQ=ISS><ACK=SEG.SEQ+1><CTL=SYN,ACK>
	RST_AT_0,     // <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
	RST_AT_ACK,   // <SEQ=SEG.ACK><CTL=RST>
	RST_AT_NXT,   // <SEQ=SND.NXT><CTL=RST>
};

enum { KIND_COLUMN, SEQ_COLUMN, ACK_COLUMN };

static const struct matrix_row rows[] = {
#define SEGMENT(states, kinds, seqs, acks, ...) \
	{__LINE__, states, {kinds, seqs, acks}, 0, __VA_ARGS__},
#include "matrix.def"
};

static const uint8_t flags_of[] = {
	[NUMBER_SYN] = TCP_SYN,
	[NUMBER_SYN_ACK] = TCP_SYN | TCP_ACK,
	[NUMBER_ACK] = TCP_ACK,
	[NUMBER_DATA] = TCP_ACK,
	[NUMBER_FIN] = TCP_FIN,
	[NUMBER_FIN_ACK] = TCP_FIN | TCP_ACK,
	[NUMBER_RST] = TCP_RST,
	[NUMBER_RST_ACK] = TCP_RST | TCP_ACK,
	[NUMBER_SYN_FIN] = TCP_SYN | TCP_FIN,
	[NUMBER_NO_FLAGS] = 0,
	[NUMBER_URG] = TCP_URG | TCP_ACK,
};

static uint8_t flags_of_kind(uint32_t kind)
{
	return flags_of[__builtin_ctz(kind)];
}

// There is an ACK number if and only if there is an ACK bit.
static bool is_cell(const struct matrix_event *event)
{
	bool has_ack = (flags_of_kind(event->columns[KIND_COLUMN]) & TCP_ACK) != 0;

	return has_ack == (event->columns[ACK_COLUMN] != NONE);
}

static uint32_t text_bytes(uint32_t kind)
{
	return (kind & (DATA | URG | NO_FLAGS)) != 0 ? TEXT_BYTES : 0;
}

// SEG.LEN
static uint32_t seg_len(uint32_t kind)
{
	uint8_t flags = flags_of_kind(kind);

	return text_bytes(kind) + ((flags & TCP_SYN) != 0) + ((flags & TCP_FIN) != 0);
}

static uint32_t seq_number(const struct matrix_cell *cell, const struct matrix_event *event)
{
	uint32_t len = seg_len(event->columns[KIND_COLUMN]);
	uint32_t span = len > 0 ? len : 1; // an empty segment is where its sequence number is

	switch (event->columns[SEQ_COLUMN]) {
	case OLD:
		return cell->rcv_nxt - span;
	case LEFT:
		return cell->rcv_nxt;
	case INSIDE:
		return cell->rcv_nxt + 100;
	case RIGHT:
		return cell->rcv_edge - span;
	case PAST:
		return cell->rcv_edge;
	default:
		return cell->rcv_nxt + (1u << 30);
	}
}

static uint32_t ack_number(const struct matrix_cell *cell, const struct matrix_event *event)
{
	switch (event->columns[ACK_COLUMN]) {
	case ANCIENT:
		return cell->snd_una - FIXTURE_PEER_WND - 1;
	case BEFORE:
		return cell->snd_una - 1;
	case UNA:
		return cell->snd_una;
	case NXT:
		return cell->snd_nxt;
	case FUTURE:
		return cell->snd_nxt + 1;
	default:
		return 0;
	}
}

static struct seg segment_of(const struct matrix_cell *cell, const struct matrix_event *event)
{
	struct seg seg = SEG(.flags = flags_of_kind(event->columns[KIND_COLUMN]),
			     .seq = seq_number(cell, event), .ack = ack_number(cell, event),
			     .len = text_bytes(event->columns[KIND_COLUMN]));

	if (event->columns[KIND_COLUMN] == URG)
		seg.urgent = URGENT_BYTES;
	return seg;
}

static struct seg answer_of(const struct matrix_cell *cell, const struct matrix_event *event,
			    enum answer answer)
{
	uint32_t nxt = cell->snd_nxt, seq = seq_number(cell, event),
		 end = seq + seg_len(event->columns[KIND_COLUMN]);

	switch (answer) {
	case ACK_NXT:
		return SEG(.flags = TCP_ACK, .seq = nxt, .ack = cell->rcv_nxt, .len = 0);
	case ACK_ALL:
	case ACK_SOON:
		return SEG(.flags = TCP_ACK, .seq = nxt, .ack = end, .len = 0);
	case SYN_ACK_NEW:
		return SEG(.flags = TCP_SYN | TCP_ACK, .ack = (uint32_t)(seq + 1), .len = 0);
	case SYN_ACK_SAME:
		return SEG(.flags = TCP_SYN | TCP_ACK, .seq = cell->snd_una,
			   .ack = (uint32_t)(seq + 1), .len = 0);
	case RST_AT_0:
		return SEG(.flags = TCP_RST | TCP_ACK, .seq = 0, .ack = end, .len = 0);
	case RST_AT_NXT:
		return SEG(.flags = TCP_RST, .seq = nxt, .len = 0);
	default:
		return SEG(.flags = TCP_RST, .seq = ack_number(cell, event), .len = 0);
	}
}

// RFC 9293 3.6.1 (1): the ISS is larger than anything the connection before has used.
static bool is_iss_fitting(const struct matrix_cell *cell, const struct tcp_header *tcp)
{
	bool is_reopened = cell->state == TIME_WAIT && (tcp->flags & TCP_SYN) != 0;

	return !is_reopened || (int32_t)(tcp->seq - cell->snd_nxt) > 0;
}

// NULL, or what is not as the row says.
static const char *judge_answer(const struct matrix_cell *cell, const struct matrix_event *event,
				enum answer answer)
{
	struct fixture *f = cell->f;
	struct seg expected = answer_of(cell, event, answer);
	const struct fixture_output *output = fixture_next_output(f);
	bool is_late = output == NULL;

	if (is_late) {
		advance_to_output(f, f->now + DELAYED_ACK_MS * PLX_MILLISECOND);
		output = fixture_next_output(f);
	}
	if (output == NULL)
		return answer == SILENCE ? NULL : "no answer came";
	if (answer == SILENCE)
		return "an answer came";
	if (is_late != (answer == ACK_SOON))
		return is_late ? "the answer is late" : "the answer is not delayed";
	if (seg_first_difference(&expected, &output->frame) != NULL
	    || !is_iss_fitting(cell, &output->frame.tcp))
		return "another answer came";
	return fixture_next_output(f) != NULL ? "more than one answer came" : NULL;
}

static const char *judge(const struct matrix_cell *cell, const struct matrix_event *event,
			 const struct matrix_row *row)
{
	segment_arrives(cell->f, segment_of(cell, event));
	return judge_answer(cell, event, row->answer);
}

static struct fixture_variant ipv4_timestamps = {"IPv4, timestamps", false, PLX_LINK_ETHERNET};
static struct fixture_variant ipv6_timestamps = {"IPv6, timestamps", true, PLX_LINK_ETHERNET};

static bool plan(struct fixture *f, const struct matrix_event *event)
{
	(void)event;
	f->peer.timestamps = f->variant == &ipv4_timestamps || f->variant == &ipv6_timestamps;
	return false;
}

static const struct matrix_table table = {
	.rows = rows,
	.n_rows = RTE_DIM(rows),
	.columns = {{"", kind_names, KIND_COUNT},
		    {"SEQ ", seq_names, SEQ_COUNT},
		    {"ACK ", ack_names, ACK_COUNT}},
	.is_cell = is_cell,
	.plan = plan,
	.judge = judge,
};

static void every_cell_is_in_one_row(void **state)
{
	(void)state;
	matrix_check_table(&table);
}

#define X(name)                                          \
	static void segments_in_##name(void **state)     \
	{                                                \
		matrix_check_state(state, &table, name); \
	}
MATRIX_STATES(X)
#undef X

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_cell_is_in_one_row),
#define X(name)                                                                           \
	SCENARIO(segments_in_##name),                                                     \
		SCENARIO_FOR(segments_in_##name, ipv4_timestamps, " [IPv4, timestamps]"), \
		SCENARIO_FOR(segments_in_##name, ipv6_timestamps, " [IPv6, timestamps]"),
					   MATRIX_STATES(X)
#undef X
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script matrix_segments", tests, NULL, NULL);
}

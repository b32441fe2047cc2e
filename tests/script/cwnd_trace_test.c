// SPDX-License-Identifier: BSD-3-Clause
//
// cwnd, ssthresh and what is sent, held against tables that were computed by hand: slow start, congestion
// avoidance, timeouts, fast recovery, idle restart, for each congestion control. The rows and their clauses
// are in cwnd_trace.def; here is what its words mean.
#include "support/eal_main.h"
#include "support/user.h"

enum { MSS = 1000, SEND_BUFFER = 400 * MSS, TIMEOUT_MAX_S = 60 };

#define NONE UINT32_MAX // ssthresh before any loss
#define ANY INT64_MIN	// not compared

enum event {
	START,	// the connection is there; the user sends so many segments
	OFFER,	// the user sends so many more
	ACK,	// one acknowledgement of so many bytes
	ACKS,	// so many acknowledgements of a segment each
	MARKED, // so many, and each says that its segment met congestion (RFC 3168 6.1.3)
	DUPS,	// so many duplicates
	ROUND, // so many round trips, in each of which every segment in flight is acknowledged for itself
	WAIT,	 // so many milliseconds
	RTT,	 // the path has so many milliseconds from now on
	TIMEOUT, // the retransmission timer
};

struct row {
	const char *text;
	enum event event;
	uint32_t n;
	int64_t sent; // data segments, new and again
	int64_t cwnd;
	int64_t ssthresh;
	int64_t flight;
	const char *why;
};

struct trace {
	const char *name;
	const struct row *rows;
	const char *control; // NULL: newreno
	uint32_t initial_window;
	uint32_t rtt_ms;
	uint32_t rto_min_ms; // 0: as ever
	uint32_t tolerance;  // in bytes, of cwnd and ssthresh
	bool is_greedy;	     // the user's send buffer is never empty
	bool has_ecn;
};

struct walk {
	struct fixture *f;
	const struct trace *trace;
	uint32_t rtt_ms;
	uint32_t una;
	uint32_t nxt;
	unsigned sent;
};

static void take_output(struct walk *w)
{
	const struct fixture_output *output;

	fixture_settle(w->f);
	while ((output = fixture_next_output(w->f)) != NULL) {
		uint32_t end = output->frame.tcp.seq + output->frame.payload_bytes;

		w->sent += output->frame.payload_bytes > 0;
		if ((int32_t)(end - w->nxt) > 0)
			w->nxt = end;
	}
	w->f->n_events = w->f->next_event = 0;
}

static void user_fills(struct walk *w)
{
	while (w->trace->is_greedy && user_offers(w->f, MSS) == MSS)
		;
	take_output(w);
}

static void acknowledge(struct walk *w, uint32_t bytes, int64_t flags)
{
	w->una += bytes;
	segment_arrives(w->f, SEG(.flags = flags, .ack = w->una));
	take_output(w);
	user_fills(w);
}

static void acknowledge_each(struct walk *w, uint32_t end, int64_t flags)
{
	while (w->una != end)
		acknowledge(w, end - w->una < MSS ? end - w->una : MSS, flags);
}

static void wait_for_timeout(struct walk *w)
{
	uint64_t before = counter(w->f, PLX_COUNTER_TCP_TIMEOUTS);
	plx_time until = w->f->now + TIMEOUT_MAX_S * PLX_SECOND;

	while (counter(w->f, PLX_COUNTER_TCP_TIMEOUTS) == before && w->f->now < until) {
		advance_to_output(w->f, until);
		take_output(w);
	}
	assert_int_equal(counter(w->f, PLX_COUNTER_TCP_TIMEOUTS), before + 1);
}

static void happen(struct walk *w, const struct row *row)
{
	switch (row->event) {
	case START:
	case OFFER:
		user_sends(w->f, (size_t)row->n * MSS);
		user_fills(w);
		break;
	case ACK:
		acknowledge(w, row->n, TCP_ACK);
		break;
	case ACKS:
		acknowledge_each(w, w->una + row->n * MSS, TCP_ACK);
		break;
	case MARKED:
		acknowledge_each(w, w->una + row->n * MSS, TCP_ACK | TCP_ECE);
		break;
	case DUPS:
		for (uint32_t i = 0; i < row->n; i++)
			acknowledge(w, 0, TCP_ACK);
		break;
	case ROUND:
		for (uint32_t i = 0; i < row->n; i++) {
			uint32_t end = w->nxt;

			advance(w->f, w->rtt_ms);
			acknowledge_each(w, end, TCP_ACK);
		}
		break;
	case WAIT:
		advance(w->f, row->n);
		take_output(w);
		break;
	case RTT:
		w->rtt_ms = row->n;
		break;
	case TIMEOUT:
		wait_for_timeout(w);
		break;
	}
}

static void compare(struct walk *w, const struct row *row, const char *what, int64_t is,
		    int64_t expected, int64_t tolerance)
{
	if (expected == ANY || (is >= expected - tolerance && is <= expected + tolerance))
		return;
	fixture_fail(w->f, __FILE__, __LINE__,
		     "row %d, %s: %s is %lld, not %lld\n  %s\n  sent %u, cwnd %u, ssthresh %u",
		     (int)(row - w->trace->rows) + 1, row->text, what, (long long)is,
		     (long long)expected, row->why, w->sent, info_of(w->f).cwnd_bytes,
		     info_of(w->f).ssthresh_bytes);
}

// A handshake of one round trip, by a peer whose window never is what limits.
static struct walk set_out(void **state, const struct trace *trace)
{
	struct fixture *f = fixture_plan(state);
	struct walk w = {.f = f, .trace = trace, .rtt_ms = trace->rtt_ms ? trace->rtt_ms : 100};
	const char *control = trace->control ? trace->control : "newreno";
	const struct frame *syn;

	f->about = trace->name;
	f->peer.mss = MSS;
	f->peer.wscale = 8;
	fixture_set_option(f, PLX_OPTION_NAGLE, 0);
	fixture_set_option(f, PLX_OPTION_SEND_BUFFER, SEND_BUFFER);
	fixture_set_option(f, PLX_OPTION_CONGESTION, plx_congestion_index(control));
	fixture_set_option(f, PLX_OPTION_INITIAL_WINDOW,
			   trace->initial_window ? trace->initial_window : 10);
	fixture_set_option(f, PLX_OPTION_ECN, trace->has_ecn ? PLX_ECN_ASK : PLX_ECN_OFF);
	// Probes before a timeout say nothing of cwnd; their tests are elsewhere.
	fixture_set_option(f, PLX_OPTION_TAIL_PROBE, 0);
	if (trace->rto_min_ms != 0)
		fixture_set_option(f, PLX_OPTION_RTO_MIN, trace->rto_min_ms * PLX_MILLISECOND);
	fixture_bare(state);
	assert_int_equal(user_connects(f), 0);
	syn = expect_segment(f, SEG(.flags = TCP_SYN | (trace->has_ecn ? TCP_ECE | TCP_CWR : 0)));
	f->to_stack.dst_port = syn->tcp.src_port;
	f->snd_nxt = syn->tcp.seq + 1;
	advance(f, w.rtt_ms);
	segment_arrives(f,
			SEG(.flags = TCP_SYN | TCP_ACK | (trace->has_ecn ? TCP_ECE : 0),
			    .seq = f->peer.isn, .mss = MSS, .wscale = f->peer.wscale));
	f->rcv_nxt = f->peer.isn + 1;
	segment_arrives(f, SEG()); // the window of a SYN is not scaled
	forget_output(f);
	forget_events(f);
	w.una = w.nxt = f->snd_nxt;
	return w;
}

static void follow(void **state, const struct trace *trace)
{
	struct walk w = set_out(state, trace);
	struct plx_info info;

	for (const struct row *row = trace->rows; row->text != NULL; row++) {
		w.sent = 0;
		happen(&w, row);
		info = info_of(w.f);
		compare(&w, row, "sent", w.sent, row->sent, 0);
		compare(&w, row, "cwnd", info.cwnd_bytes, row->cwnd, trace->tolerance);
		compare(&w, row, "ssthresh", info.ssthresh_bytes, row->ssthresh, trace->tolerance);
		compare(&w, row, "flight", info.unacked_bytes, row->flight, 0);
	}
}

#define TRACE(name, ...) static const struct row rows_of_##name[] = {
#define ROW(event, n, ...) {#event " " #n, event, n, __VA_ARGS__},
// clang-format off
#define END {.text = NULL} };
// clang-format on
#include "cwnd_trace.def"
#undef TRACE
#undef ROW
#undef END

#define TRACE(trace_name, ...)                                                           \
	static void trace_name(void **state)                                             \
	{                                                                                \
		static const struct trace trace = {                                      \
			.name = #trace_name, .rows = rows_of_##trace_name, __VA_ARGS__}; \
                                                                                         \
		follow(state, &trace);                                                   \
	}
#define ROW(...)
#define END
#include "cwnd_trace.def"
#undef TRACE

int main(void)
{
#define TRACE(name, ...) SCENARIO(name),
	const struct CMUnitTest tests[] = {
#include "cwnd_trace.def"
	};

	test_eal_init();
	return cmocka_run_group_tests_name("script cwnd_trace", tests, NULL, NULL);
}

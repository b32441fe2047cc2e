// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 3522 3.2, RFC 5682 2.1 (the basic algorithm, which needs no SACK) and RFC 4015 3 as the one response to both.
// Timestamps decide with the first acknowledgement, so F-RTO is for connections without.
// Called by tcp/ack, tcp/recovery, tcp/retransmit.
#include "tcp/spurious.h"

#include "tcp/congestion.h"
#include "tcp/connections.h"
#include "tcp/recovery.h"
#include "tcp/retransmit.h"
#include "tcp/send_queue.h"
#include "tcp/seq.h"
#include "tcp/timestamps.h"

// RFC 5682 2.1: what goes out between the first and the second acknowledgement; what cwnd is when that was a
// duplicate.
enum { FRTO_NEW_SEGMENTS = 2, FRTO_REVERT_SEGMENTS = 3 };

void spurious_begin(struct tcp *tcp, struct tcp_conn *c, uint32_t ssthresh)
{
	bool is_more = conn_unacked(c) > ssthresh
		&& !conn_has(c, CONN_CWR); // a mark's reduction stays

	c->loss.pipe_prev = is_more ? conn_unacked(c) : ssthresh;
	c->loss.resent_ts = timestamp_now(tcp, c->ts_offset);
}

// RFC 4015 3 step 9, with a sample if there is one: the path delays more than was thought.
static void adapt_timer(struct tcp *tcp, struct tcp_conn *c, const struct ack_news *news)
{
	// An echo is not believed beyond the first sending of what it acknowledges.
	uint32_t silent_ms = tcp->now_ms - c->stalled_ms;
	uint32_t echo_ms = timestamp_now(tcp, c->ts_offset) - news->ts_ecr;
	plx_duration rtt = 0;

	if (news->has_rtt)
		rtt = news->rtt;
	else if (news->has_ts_ecr)
		rtt = (echo_ms < silent_ms ? echo_ms : silent_ms) * PLX_MILLISECOND;
	rtt_after_spurious(&c->rtt, rtt, conn_rtt_bounds(tcp, c));
}

// RFC 4015 3 steps 7 and 8.
static void restore(struct tcp *tcp, struct tcp_conn *c, const struct ack_news *news)
{
	uint32_t initial = congestion_initial_window(
		c, (uint32_t)conn_option(tcp, c, PLX_OPTION_INITIAL_WINDOW));
	uint32_t burst = news->acked_bytes < initial ? news->acked_bytes : initial;
	uint32_t cwnd = conn_unacked(c) + burst;
	uint32_t ssthresh = c->loss.pipe_prev;

	if (cwnd > ssthresh)
		cwnd = ssthresh; // a mark's reduction stays
	// The answers to copies are still to come, and tell of no loss. There is one of a fast retransmit,
	// and one for each timeout, a tail probe's perhaps besides: only so many would pass for duplicates
	// that begin a recovery.
	if (!conn_has(c, CONN_LOSS))
		c->recover = c->snd.una;
	else if (news->timeouts + 1 >= DUPACK_THRESHOLD)
		c->recover++;
	c->rtx = c->snd.nxt;
	c->dupacks = 0;
	c->flags &= ~(CONN_RECOVERY | CONN_LOSS | CONN_FRTO | CONN_FRTO_NEW | CONN_RETRANSMIT_HEAD
		      | CONN_TAIL_PROBE | CONN_TAIL_PROBED | CONN_TAIL_RESENT);
	if (!news->has_mark) // step 8: a mark is a reason of its own
		congestion_restore(c, cwnd > c->mss ? cwnd : c->mss, ssthresh);
	conn_wants_output(tcp, c);
}

// The path has reordered by more than was thought (RFC 4015 1: the threshold of duplicates adapts).
static void learn_reordering(struct tcp_conn *c)
{
	unsigned seen = c->dupacks + 1u;

	if (seen > DUPACK_THRESHOLD_MAX)
		seen = DUPACK_THRESHOLD_MAX;
	if (seen > c->reordering)
		c->reordering = seen & DUPACK_THRESHOLD_MAX;
}

static void on_spurious_fast_retransmit(struct tcp *tcp, struct tcp_conn *c,
					const struct ack_news *news)
{
	tcp_count(tcp, PLX_COUNTER_TCP_SPURIOUS_FAST_RETRANSMITS);
	learn_reordering(c);
	restore(tcp, c, news);
}

static void on_spurious_timeout(struct tcp *tcp, struct tcp_conn *c, const struct ack_news *news)
{
	tcp_count(tcp, PLX_COUNTER_TCP_SPURIOUS_TIMEOUTS);
	adapt_timer(tcp, c, news);
	restore(tcp, c, news);
}

// RFC 5682 2.1 step 2 b: up to two new segments, if there are any and the peer's window has room.
static bool sends_new(struct tcp *tcp, struct tcp_conn *c)
{
	if (!recovery_has_new_to_send(tcp, c))
		return false;
	c->loss.resent_end = c->rtx;
	c->rtx = c->snd.nxt;
	congestion_set_cwnd(c, conn_unacked(c) + FRTO_NEW_SEGMENTS * c->mss);
	conn_wants_output(tcp, c);
	return true;
}

// RFC 5682 2.1 steps 2 and 3, for an acknowledgement that advances.
static bool frto_on_ack(struct tcp *tcp, struct tcp_conn *c, const struct ack_news *news)
{
	if (conn_has(c, CONN_FRTO_NEW)) {
		// 3 b: something that was not sent again has arrived.
		if (!seq_is_after(c->snd.una, c->loss.resent_end))
			return spurious_on_duplicate(tcp, c);
		on_spurious_timeout(tcp, c, news);
		return true;
	}
	if (!conn_has(c, CONN_FRTO))
		return false;
	c->flags &= ~CONN_FRTO;
	if (seq_is_at_or_after(c->snd.una, c->recover) || !sends_new(tcp, c))
		return false; // 2 a
	c->flags |= CONN_FRTO_NEW;
	return true;
}

// Without timestamps the time alone tells, as long as it is too short for any round trip, and there is one
// copy that it could be an answer to. That is enough to be slower next time, and not to open the window.
static bool came_before_any_answer(const struct tcp_conn *c, const struct ack_news *news)
{
	return !news->has_ts_ecr && !conn_has(c, CONN_LOSS | CONN_TAIL_RESENT) && news->rtt != 0
		&& !news->is_answer_to_resent;
}

bool spurious_on_ack(struct tcp *tcp, struct tcp_conn *c, const struct ack_news *news)
{
	bool is_timeout = conn_has(c, CONN_LOSS);

	if (!conn_has(c, CONN_RECOVERY | CONN_LOSS) || c->loss.pipe_prev == 0)
		return false;
	if (!news->has_ts_ecr && is_timeout)
		return frto_on_ack(tcp, c, news);
	c->flags &= ~CONN_FRTO;
	if (came_before_any_answer(c, news))
		learn_reordering(c);
	if (!news->has_ts_ecr || !seq_is_before(news->ts_ecr, c->loss.resent_ts)) {
		c->loss.pipe_prev = 0; // only the first one tells
		return false;
	}
	if (is_timeout)
		on_spurious_timeout(tcp, c, news);
	else
		on_spurious_fast_retransmit(tcp, c, news);
	return true;
}

bool spurious_on_duplicate(struct tcp *tcp, struct tcp_conn *c)
{
	bool was_waiting = conn_has(c, CONN_FRTO_NEW);

	// RFC 5682 2.1 steps 2 a and 3 a: the loss is real; everything is sent again.
	c->flags &= ~(CONN_FRTO | CONN_FRTO_NEW);
	if (!was_waiting)
		return false;
	c->rtx = c->snd.una;
	c->recover = c->snd.nxt; // with the new segments
	congestion_set_cwnd(c, FRTO_REVERT_SEGMENTS * c->mss);
	conn_wants_output(tcp, c);
	return true;
}

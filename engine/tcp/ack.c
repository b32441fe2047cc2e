// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.10.7.4 fifth, with the bounds of RFC 5961 5.2, RTT samples of RFC 6298 3 (Karn: none from what
// was sent twice), and the definition of a duplicate of RFC 5681 2.
// Called by tcp/input and tcp/input_fast.
#include "tcp/ack.h"

#include "net/neighbor.h"
#include "tcp/congestion.h"
#include "tcp/connections.h"
#include "tcp/ecn.h"
#include "tcp/persist.h"
#include "tcp/recovery.h"
#include "tcp/recv_tuning.h"
#include "tcp/recv_window.h"
#include "tcp/reduction.h"
#include "tcp/retransmit.h"
#include "tcp/segment.h"
#include "tcp/send_queue.h"
#include "tcp/spurious.h"
#include "tcp/tail_probe.h"
#include "tcp/timestamps.h"

enum ack_answer ack_check(const struct tcp_conn *c, uint32_t ack)
{
	if (seq_is_after(ack, c->snd.nxt))
		return ACK_FUTURE;
	if (seq_is_before(ack, c->snd.una - c->max_snd_wnd))
		return ACK_OLD;
	return ACK_ACCEPTABLE;
}

// RFC 9293 3.10.7.4 fifth: SND.WL1 keeps old segments from setting the window. Old acknowledgements, which SND.WL2
// is for, do not get here.
static bool update_window(struct tcp_conn *c, const struct segment *seg)
{
	uint32_t wnd = (uint32_t)seg->tcp.window << c->snd_wscale;
	bool has_changed = wnd != c->snd.wnd;

	// What acknowledges something new is not old, whatever its place: a segment that fills the peer's gap.
	if (seq_is_before(seg->tcp.seq, c->snd.wl1) && seg->tcp.ack == c->snd.una)
		return false;
	c->snd.wl1 = seq_max(c->snd.wl1, seg->tcp.seq);
	c->snd.wnd = wnd;
	if (has_changed && wnd > c->max_snd_wnd)
		c->max_snd_wnd = wnd; // which lies where a segment in order need not look
	return has_changed;
}

// The send buffer has room for a user that was told to wait.
static void tell_writable(struct tcp *tcp, struct tcp_conn *c)
{
	int64_t buffer = conn_option(tcp, c, PLX_OPTION_SEND_BUFFER);

	if (c->queue.bytes < buffer && !conn_has(c, CONN_USER_CLOSED)) {
		c->flags &= ~CONN_WANTS_WRITABLE;
		conn_raise(tcp, c, PLX_EVENT_WRITABLE);
	}
}

// Which sending of the oldest record does it answer? Its timestamp tells, or that it comes sooner than in half a
// round trip.
static bool is_answer_to_resent(const struct tcp *tcp, const struct tcp_conn *c,
				const struct ack_news *news)
{
	plx_time sent_at = time_subtract(tcp->now, news->rtt);

	if (news->has_ts_ecr)
		return !seq_is_before(news->ts_ecr, timestamp_at(sent_at, c->ts_offset));
	return news->rtt >= duration_from_us(c->rtt.srtt_8th_us / 16);
}

// Takes what it acknowledges out of the send queue, and what that tells about time.
static inline void take_news(struct tcp *tcp, struct tcp_conn *c, const struct segment *seg,
			     struct ack_news *news)
{
	struct send_queue_freed freed;

	news->now = tcp->now;
	news->acked_bytes = seg->tcp.ack - c->snd.una;
	news->flight_before = conn_flight(c);
	news->was_cwnd_limited = c->is_cwnd_limited;
	news->timeouts = conn_has(c, CONN_PERSIST) ? 0 : c->backoff;
	news->has_mark = conn_has(c, CONN_ECN) && segment_has(seg, TCP_ECE);
	news->has_ts_ecr = conn_has(c, CONN_TIMESTAMPS) && seg->tcp.options.has_timestamps
		&& seg->tcp.options.ts_ecr != 0;
	news->ts_ecr = seg->tcp.options.ts_ecr;
	news->rtt = 0;
	news->has_rtt = false;
	news->is_answer_to_resent = false;
	send_queue_acknowledge(tcp, c, seg->tcp.ack, &freed);
	if (!freed.has_sent_at)
		return;
	news->rtt = time_since(tcp->now, freed.sent_at);
	news->has_rtt = !freed.was_resent;
	if (unlikely(freed.was_head_resent)) {
		news->is_answer_to_resent = is_answer_to_resent(tcp, c, news);
		// RFC 7323 4.1: a timestamp that says which sending it was makes the sample good.
		news->has_rtt = news->is_answer_to_resent && news->has_ts_ecr;
	}
}

// What it means to window and loss; the rooms in the order of who may settle it.
static __rte_noinline void judge(struct tcp *tcp, struct tcp_conn *c, const struct ack_news *news)
{
	if (!conn_has(c, CONN_RECOVERY))
		c->dupacks = 0;
	if (spurious_on_ack(tcp, c, news) || tail_probe_on_ack(tcp, c, news))
		return;
	if (conn_has(c, CONN_RECOVERY)) {
		recovery_on_ack(tcp, c, news);
	} else if (conn_has(c, CONN_CWR)) {
		reduction_on_ack(c, news->acked_bytes);
	} else {
		recovery_follow(c);
		congestion_on_ack(c, news);
	}
	if (conn_has(c, CONN_LOSS) && seq_is_at_or_after(c->snd.una, c->recover)) {
		c->flags &= ~CONN_LOSS;
		c->dupacks = 0;
		if (c->recover == c->snd.una)
			c->recover++; // duplicates of what comes next may be echoes of copies
		congestion_limit_burst(c);
	}
}

// SND.UNA < SEG.ACK =< SND.NXT.
static inline void on_new_ack(struct tcp *tcp, struct tcp_conn *c, const struct segment *seg)
{
	bool was_settled = !conn_has(c, CONN_UNSETTLED);
	struct ack_news news;

	take_news(tcp, c, seg, &news);
	c->snd.una = seg->tcp.ack;
	c->rtx = seq_max(c->rtx, c->snd.una);
	if (!conn_has(c, CONN_PERSIST))
		c->backoff = 0; // a closed window's probes back off as long as it is closed
	c->flags &= ~CONN_RETRANSMIT_HEAD;
	if (news.has_rtt)
		retransmit_on_sample(tcp, c, news.rtt);
	if (congestion_of(c)->observe != NULL)
		congestion_of(c)->observe(c, &news);
	if (likely(was_settled)) {
		c->dupacks = 0;
		recovery_follow(c);
		congestion_on_ack(c, &news);
	} else {
		judge(tcp, c, &news);
	}
	retransmit_on_new_ack(tcp, c);
	neighbor_confirm(tcp->net, c->neighbor, tcp->now);
	if (conn_has(c, CONN_WANTS_WRITABLE))
		tell_writable(tcp, c);
	// With an empty queue FIN alone may be in flight, and have to go again.
	if (c->queue.head != INDEX_NONE || c->snd.una != c->snd.nxt || conn_has_fin_to_send(c))
		conn_wants_output(tcp, c);
}

void ack_process(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	uint32_t ack = seg->tcp.ack;
	bool is_new = ack != c->snd.una;
	bool has_window_changed;

	if (seq_is_before(ack, c->snd.una))
		return; // "If the ACK is a duplicate, it can be ignored."
	has_window_changed = update_window(c, seg);
	if (segment_has(seg, TCP_ECE) && conn_has(c, CONN_ECN))
		ecn_on_echo(tcp, c);
	if (is_new)
		on_new_ack(tcp, c, seg);
	else if (c->snd.nxt != c->snd.una && segment_len(seg) == 0 && !seg->had_text
		 && !has_window_changed && !conn_has(c, CONN_PERSIST))
		recovery_on_duplicate(tcp, c);
	if (conn_has(c, CONN_PERSIST))
		persist_on_ack(tcp, c, is_new || has_window_changed);
	else if (c->snd.wnd == 0 && c->snd.una != c->snd.nxt)
		persist_begin(tcp, c); // shrunk over what is in flight: probed (SHLD-17)
	else if (has_window_changed && (c->queue.unsent != INDEX_NONE || conn_has_fin_to_send(c)))
		conn_wants_output(tcp, c);
}

void ack_begin(struct tcp *tcp, struct tcp_conn *c, const struct segment *seg)
{
	bool is_scaled = !segment_has(seg, TCP_SYN) && !seg->had_syn;

	c->snd.wnd = (uint32_t)seg->tcp.window << (is_scaled ? c->snd_wscale : 0);
	c->snd.wl1 = seg->tcp.seq;
	c->max_snd_wnd = c->snd.wnd;
	c->snd.una = seg->tcp.ack;
	c->rtx = c->snd.nxt;
	c->last_sent_ms = tcp->now_ms;
	c->mss = send_mss_of(tcp, c);
	c->congestion = (uint8_t)conn_option(tcp, c, PLX_OPTION_CONGESTION) & 7;
	c->reordering = DUPACK_THRESHOLD;
	c->is_paced = conn_option(tcp, c, PLX_OPTION_PACING) != 0;
	recv_tuning_begin(tcp, c);
	// RFC 6928 2 forgives one lost SYN, RFC 5681 3.1 no second one.
	congestion_begin(c,
			 conn_has(c, CONN_SYN_LOST)
				 ? 1
				 : (uint32_t)conn_option(tcp, c, PLX_OPTION_INITIAL_WINDOW));
}

// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.10.7.4 fifth, with the bounds of RFC 5961 5.2, RTT samples of RFC 6298 3 (Karn: none from what
// was sent twice), and the definition of a duplicate of RFC 5681 2.
// Called by tcp/input and tcp/input_fast.
#include "tcp/ack.h"

#include "net/neighbor.h"
#include "tcp/congestion.h"
#include "tcp/connections.h"
#include "tcp/persist.h"
#include "tcp/recovery.h"
#include "tcp/recv_window.h"
#include "tcp/retransmit.h"
#include "tcp/segment.h"
#include "tcp/send_queue.h"

enum ack_answer ack_check(const struct tcp_conn *c, uint32_t ack)
{
	if (seq_is_after(ack, c->snd.nxt))
		return ACK_FUTURE;
	if (seq_is_before(ack, c->snd.una - c->max_snd_wnd))
		return ACK_OLD;
	return ACK_ACCEPTABLE;
}

// RFC 9293 3.10.7.4 fifth: SND.WL1 and SND.WL2 keep old segments from setting the window.
static bool update_window(struct tcp_conn *c, const struct segment *seg)
{
	uint32_t wnd = (uint32_t)seg->tcp.window << c->snd_wscale;
	bool is_newer = seq_is_before(c->snd.wl1, seg->tcp.seq)
		|| (c->snd.wl1 == seg->tcp.seq && seq_is_at_or_before(c->snd.wl2, seg->tcp.ack));
	bool has_changed = wnd != c->snd.wnd;

	if (!is_newer)
		return false;
	c->snd.wl1 = seg->tcp.seq;
	c->snd.wl2 = seg->tcp.ack;
	c->snd.wnd = wnd;
	if (wnd > c->max_snd_wnd)
		c->max_snd_wnd = wnd;
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

// SND.UNA < SEG.ACK =< SND.NXT.
static void on_new_ack(struct tcp *tcp, struct tcp_conn *c, uint32_t ack)
{
	struct ack_news news = {
		.acked_bytes = ack - c->snd.una,
		.flight_before = conn_flight(c),
		.was_cwnd_limited = c->is_cwnd_limited,
	};
	struct send_queue_freed freed = send_queue_acknowledge(tcp, c, ack);

	c->snd.una = ack;
	c->rtx = seq_max(c->rtx, ack);
	c->backoff = 0;
	c->flags &= ~CONN_RETRANSMIT_HEAD;
	if (freed.has_sent_at && !freed.was_resent) {
		struct rtt_bounds bounds = retransmit_bounds(tcp, c);

		news.has_rtt = true;
		news.rtt = time_since(tcp->now, freed.sent_at);
		rtt_on_sample(&c->rtt, news.rtt, &bounds);
	}
	if (!recovery_on_ack(tcp, c, &news))
		congestion_of(c)->on_ack(c, &news);
	retransmit_on_new_ack(tcp, c);
	neighbor_confirm(tcp->net, c->neighbor, tcp->now);
	if (conn_has(c, CONN_WANTS_WRITABLE))
		tell_writable(tcp, c);
	if (c->queue.head != INDEX_NONE || conn_has(c, CONN_FIN_QUEUED))
		conn_wants_output(tcp, c);
}

void ack_process(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	uint32_t ack = seg->tcp.ack;
	bool has_window_changed;

	if (seq_is_before(ack, c->snd.una))
		return; // "If the ACK is a duplicate, it can be ignored."
	has_window_changed = update_window(c, seg);
	if (ack != c->snd.una)
		on_new_ack(tcp, c, ack);
	else if (c->snd.nxt != c->snd.una && segment_len(seg) == 0 && !has_window_changed
		 && !conn_has(c, CONN_PERSIST))
		recovery_on_duplicate(tcp, c);
	if (conn_has(c, CONN_PERSIST))
		persist_on_ack(tcp, c);
	else if (c->snd.wnd == 0 && c->snd.una != c->snd.nxt)
		persist_begin(tcp,
			      c); // shrunk over what is in flight: probed, not timed out (SHLD-17)
	else if (has_window_changed
		 && (c->queue.unsent != INDEX_NONE || conn_has(c, CONN_FIN_QUEUED)))
		conn_wants_output(tcp, c);
}

void ack_begin(struct tcp *tcp, struct tcp_conn *c, const struct segment *seg)
{
	bool is_scaled = !segment_has(seg, TCP_SYN) && !seg->had_syn;

	c->snd.wnd = (uint32_t)seg->tcp.window << (is_scaled ? c->snd_wscale : 0);
	c->snd.wl1 = seg->tcp.seq;
	c->snd.wl2 = seg->tcp.ack;
	c->max_snd_wnd = c->snd.wnd;
	c->snd.una = seg->tcp.ack;
	c->rtx = c->snd.nxt;
	c->mss = send_mss_of(tcp, c);
	c->congestion = (uint8_t)conn_option(tcp, c, PLX_OPTION_CONGESTION);
	// RFC 6928 2 forgives one lost SYN, RFC 5681 3.1 no second one.
	congestion_begin(c,
			 conn_has(c, CONN_SYN_LOST)
				 ? 1
				 : (uint32_t)conn_option(tcp, c, PLX_OPTION_INITIAL_WINDOW));
}

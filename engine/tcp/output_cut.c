// SPDX-License-Identifier: BSD-3-Clause
//
// How much goes into a frame that the port cuts: whole segments as far as windows, pacing and the turn's quota would let
// them go one by one (RFC 5681 3.1, RFC 9293 3.8.6.2.1), and what is left behind them if it would go alone too (RFC 9293
// 3.7.4). What is lost is sent again segment by segment.
// Called by tcp/output.
#include "tcp/output_cut.h"

#include "base/min.h"
#include "tcp/pacing.h"
#include "tcp/reduction.h"
#include "tcp/segment_cut.h"
#include "tcp/send_queue.h"

// With segments in front of it that are in flight: Nagle and silly-window avoidance let it go.
static bool may_end_short(const struct turn *t, uint32_t len_bytes, uint32_t unsent)
{
	return len_bytes == unsent
		&& (conn_has(t->c, CONN_FIN_QUEUED)
		    || conn_option(t->tcp, t->c, PLX_OPTION_NAGLE) == 0);
}

// What may go of the `unsent` before anything else happens, the first segment of `full` bytes being allowed.
static uint32_t allowed(const struct turn *t, uint32_t full, uint32_t unsent)
{
	const struct tcp_conn *c = t->c;
	uint32_t wnd = c->snd.wnd - conn_unacked(c);
	uint32_t cwnd = c->cwnd - reduction_pipe(c);
	uint32_t segments = min_u32(t->left, SEGMENT_CUT_PAYLOAD_MAX / full);
	uint32_t len = min_u32(unsent, min_u32(wnd, cwnd));

	segments = min_u32(segments, pacing_segments(t->tcp, c, full));
	if (len > segments * full)
		return segments * full;
	return len % full == 0 || may_end_short(t, len, unsent) ? len : len - len % full;
}

// Makes the last record end with the frame. False when there is no memory to split it.
static bool end_record(struct turn *t, const struct segment_cut *cut)
{
	uint32_t idx = cut->idx, left = cut->len_bytes;

	for (;;) {
		const struct send_segment *seg = send_segment_at(t->tcp, idx);

		if (seg->len_bytes == left)
			return true;
		if (seg->len_bytes > left)
			return send_queue_split(t->tcp, t->c, idx, left);
		left -= seg->len_bytes;
		idx = seg->next;
	}
}

__rte_noinline uint32_t output_cut_len(struct turn *t, uint32_t len_bytes, uint32_t unsent)
{
	uint32_t full = turn_payload_max(t);
	struct segment_cut cut = {.idx = t->c->queue.unsent, .segment_bytes = full};

	// Where buffers are few, none is spent on more than one segment at a time.
	if (len_bytes < full || full < SEGMENT_CUT_MSS_MIN
	    || t->tcp->mbufs_free <= t->tcp->mbuf_low)
		return len_bytes;
	cut.len_bytes = allowed(t, full, unsent);
	if (cut.len_bytes > full)
		cut.len_bytes = segment_cut_reach(t->tcp, &cut);
	t->is_cut = cut.len_bytes > full && end_record(t, &cut);
	return t->is_cut ? cut.len_bytes : len_bytes;
}

__rte_noinline enum step output_cut_send(struct turn *t, uint32_t idx, uint32_t len_bytes,
					 uint8_t flags)
{
	const struct segment_cut cut = {
		.idx = idx,
		.len_bytes = len_bytes,
		.segment_bytes = turn_payload_max(t),
	};
	enum step step = turn_after_send(t, segment_tx_cut(t->tcp, t->c, t->burst, &cut, flags));

	if (step == STEP_DONE) {
		t->left -= segment_cut_count(&cut) - 1; // turn_after_send() has counted one
		t->is_cut = false;
	}
	return step;
}

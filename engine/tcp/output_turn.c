// SPDX-License-Identifier: BSD-3-Clause
//
// Records become segments: cut to size, sent, marked; and sent again from any sequence number on, filled up
// with new text where the window allows it.
// Called by tcp/output.
#include "tcp/output_turn.h"

#include <errno.h>

#include "tcp/connections.h"
#include "tcp/reduction.h"
#include "tcp/retransmit.h"
#include "tcp/send_queue.h"

enum step turn_after_failure(struct turn *t, enum tx_result result)
{
	if (result == TX_NO_MEMORY)
		return STEP_NO_MEMORY;
	if (!conn_is_synchronized(t->c)) {
		conn_end(t->tcp, t->c, -EHOSTUNREACH);
		return STEP_ENDED;
	}
	conn_soft_error(t->tcp, t->c, -EHOSTUNREACH);
	t->left--;
	return STEP_DONE;
}

enum step turn_send_control(struct turn *t, uint32_t seq, uint8_t flags)
{
	if (turn_room(t) != STEP_DONE)
		return STEP_FULL;
	return turn_after_send(t, segment_tx_control(t->tcp, t->c, t->burst, seq, flags));
}

uint32_t turn_cut_records(struct turn *t, uint32_t idx, uint32_t len_bytes)
{
	uint32_t total = 0;

	for (unsigned n = 0; total < len_bytes; n++) {
		const struct send_segment *seg = send_segment_at(t->tcp, idx);

		// A chain longer than ports take is copied, so it must fit a buffer.
		if (n >= SEGMENT_PIECES_MAX && total + seg->len_bytes > segment_tx_copy_max(t->tcp))
			break;

		if (total + seg->len_bytes > len_bytes
		    && !send_queue_split(t->tcp, t->c, idx, len_bytes - total))
			break;
		total += seg->len_bytes;
		idx = seg->next;
	}
	return total;
}

// The record that begins at `seq`; INDEX_NONE when there is no memory to split the one that holds it.
static uint32_t record_at(struct turn *t, uint32_t seq)
{
	uint32_t idx = t->resent_seq == seq ? t->resent_idx : INDEX_NONE;
	const struct send_segment *seg;

	if (idx == INDEX_NONE)
		idx = send_queue_find(t->tcp, t->c, seq);
	seg = send_segment_at(t->tcp, idx);
	if (seg->seq == seq)
		return idx;
	return send_queue_split(t->tcp, t->c, idx, seq - seg->seq) ? seg->next : INDEX_NONE;
}

// New data that a short segment sent again may carry as well: a probe's byte does not go alone twice.
static uint32_t fill_up(struct turn *t, uint32_t room)
{
	struct tcp_conn *c = t->c;
	int64_t wnd = (int64_t)c->snd.wnd - conn_unacked(c);
	uint32_t unsent = send_queue_unsent(t->tcp, c);

	if (wnd <= 0)
		return 0;
	room = wnd < room ? (uint32_t)wnd : room;
	return unsent < room ? unsent : room;
}

// Text that was sent before, from `seq` to `end` or as far as a segment goes. *sent is how far that is.
static enum step resend_text(struct turn *t, uint32_t seq, uint32_t end, uint32_t *sent)
{
	struct tcp_conn *c = t->c;
	uint32_t max = turn_payload_max(t);
	uint32_t old = end - seq < max ? end - seq : max;
	uint32_t len = old + (conn_has(c, CONN_PERSIST) ? 0 : fill_up(t, max - old));
	uint32_t idx = record_at(t, seq);
	uint8_t flags = TCP_ACK;
	enum step step;

	if (idx != INDEX_NONE)
		len = turn_cut(t, idx, len);
	if (idx == INDEX_NONE || len == 0)
		return STEP_NO_MEMORY;
	old = len < old ? len : old;
	if (len - old == send_queue_unsent(t->tcp, c) && seq + old == end)
		flags |= TCP_PSH | (conn_has(c, CONN_FIN_SENT) ? TCP_FIN : 0);
	step = turn_after_send(t, segment_tx_data(t->tcp, c, t->burst, idx, len, flags));
	if (step != STEP_DONE)
		return step;
	t->resent_idx = turn_mark_sent(t, idx, len, SEND_RESENT);
	t->resent_seq = seq + len;
	if (len > old)
		turn_advance_unsent(t, len - old, t->resent_idx);
	tcp_count_n(t->tcp, PLX_COUNTER_TCP_RETRANSMIT_BYTES, old);
	*sent = seq + len + ((flags & TCP_FIN) != 0);
	return STEP_DONE;
}

enum step turn_resend(struct turn *t, uint32_t seq, uint32_t *sent)
{
	struct tcp_conn *c = t->c;
	uint32_t end = c->snd.nxt - conn_has(c, CONN_FIN_SENT);
	bool is_all_out = c->rtx == c->snd.nxt;
	enum step step = turn_room(t);

	if (step != STEP_DONE)
		return step;
	if (seq == end) {
		step = turn_send_control(t, seq, TCP_ACK | TCP_FIN);
		*sent = seq + 1;
	} else {
		step = resend_text(t, seq, end, sent);
	}
	if (step != STEP_DONE)
		return step;
	if (is_all_out)
		c->rtx = c->snd.nxt;
	tcp_count(t->tcp, PLX_COUNTER_TCP_RETRANSMITS);
	c->retransmits++;
	return STEP_DONE;
}

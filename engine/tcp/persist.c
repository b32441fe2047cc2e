// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.8.6.1: a probe of one byte after the retransmission timeout, then at doubled intervals, for as
// long as the peer acknowledges them (MUST-37); one that answers nothing is given up like any other.
// Called by tcp/output, tcp/ack, tcp/retransmit.
#include "tcp/persist.h"

#include <errno.h>

#include "tcp/connections.h"
#include "tcp/retransmit.h"

void persist_begin(struct tcp *tcp, struct tcp_conn *c)
{
	c->flags &= ~CONN_TAIL_PROBE;
	c->flags |= CONN_PERSIST;
	c->backoff = 0;
	c->probes_unanswered = 0;
	retransmit_start(tcp, c);
}

void persist_on_ack(struct tcp *tcp, struct tcp_conn *c, bool is_news)
{
	bool has_something = c->snd.una != c->snd.nxt || c->queue.unsent != INDEX_NONE
		|| (conn_has(c, CONN_FIN_QUEUED) && !conn_has(c, CONN_FIN_SENT));

	c->probes_unanswered = 0;
	// What changes nothing must not put off the timer, or a sliver of a window would never be used.
	if (has_something && (c->snd.wnd == 0 || !is_news))
		return;
	c->flags &= ~(CONN_PERSIST | CONN_RETRANSMIT_HEAD);
	// Only after a silence may what is in flight be lost; a window that flaps sends nothing again.
	if (c->backoff > 0)
		c->rtx = c->snd.una;
	c->backoff = 0;
	c->rto_deadline = PLX_TIME_NEVER;
	conn_wants_output(tcp, c);
}

// The bounds are those of data; silence begins with the first probe that nobody answers.
static bool has_probed_enough(struct tcp *tcp, struct tcp_conn *c)
{
	int64_t retries = conn_option(tcp, c, PLX_OPTION_RETRIES);

	if (c->probes_unanswered == 0) {
		retransmit_note_silence(tcp, c, 0);
		return false;
	}
	return (retries > 0 && c->probes_unanswered >= retries)
		|| retransmit_is_past_user_timeout(tcp, c);
}

void persist_on_timeout(struct tcp *tcp, struct tcp_conn *c)
{
	if (has_probed_enough(tcp, c)) {
		conn_end(tcp, c, -ETIMEDOUT);
		return;
	}
	if (c->probes_unanswered < UINT8_MAX)
		c->probes_unanswered++;
	if (c->backoff < UINT8_MAX)
		c->backoff++;
	c->flags |= CONN_RETRANSMIT_HEAD;
	retransmit_start(tcp, c);
	retransmit_bound_by_user(tcp, c);
	conn_wants_output(tcp, c);
}

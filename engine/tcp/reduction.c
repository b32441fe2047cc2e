// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 6937 3.1 with the slow start reduction bound (PRR-SSRB): DeliveredData is one segment for a duplicate,
// and for an advance of SND.UNA what duplicates have not told before.
// Called by tcp/recovery, tcp/ecn, tcp/tail_probe.
#include "tcp/reduction.h"

#include "tcp/congestion.h"
#include "tcp/ecn.h"
#include "tcp/seq.h"

uint32_t reduction_for_loss(struct tcp_conn *c, uint32_t flight_bytes)
{
	// RFC 5681 3.2 step 2: what limited transmit has sent beyond cwnd does not count.
	return congestion_ssthresh(c, flight_bytes < c->cwnd ? flight_bytes : c->cwnd);
}

void reduction_begin(struct tcp_conn *c, uint32_t ssthresh)
{
	ecn_on_reduction(c);
	c->ssthresh = ssthresh;
	c->loss.flight = conn_unacked(c);
	c->loss.delivered = 0;
	c->loss.out = 0;
}

// What may be sent now (sndcnt).
static uint32_t allowance(const struct tcp_conn *c, uint32_t pipe, uint32_t delivered_bytes)
{
	const struct loss *loss = &c->loss;
	uint32_t since = loss->delivered > loss->out ? loss->delivered - loss->out : 0;
	uint64_t due;
	uint32_t limit;

	if (pipe > c->ssthresh) {
		due = ((uint64_t)loss->delivered * c->ssthresh + loss->flight - 1) / loss->flight;
		return due > loss->out ? (uint32_t)(due - loss->out) : 0;
	}
	limit = (since > delivered_bytes ? since : delivered_bytes) + c->mss;
	return c->ssthresh - pipe < limit ? c->ssthresh - pipe : limit;
}

void reduction_on_delivered(struct tcp_conn *c, uint32_t delivered_bytes)
{
	uint32_t pipe = reduction_pipe(c);

	if (congestion_of(c)->is_fixed)
		return;
	// What is lost and not sent again yet is in no network.
	if (conn_has(c, CONN_RETRANSMIT_HEAD))
		pipe -= pipe < c->mss ? pipe : c->mss;
	c->loss.delivered += delivered_bytes;
	c->cwnd = pipe + allowance(c, pipe, delivered_bytes);
	if (c->cwnd < c->mss)
		c->cwnd = c->mss;
}

void reduction_without_repair(struct tcp_conn *c, uint32_t flight_bytes)
{
	if (congestion_of(c)->is_fixed)
		return;
	reduction_begin(c, reduction_for_loss(c, flight_bytes));
	if (c->snd.una == c->snd.nxt) {
		reduction_end(c);
		return;
	}
	c->flags |= CONN_CWR;
	c->loss.pipe_prev = 0;
	c->recover = c->snd.nxt;
}

void reduction_on_ack(struct tcp_conn *c, uint32_t acked_bytes)
{
	if (seq_is_at_or_after(c->snd.una, c->recover))
		reduction_end(c);
	else
		reduction_on_delivered(c, acked_bytes);
}

void reduction_end(struct tcp_conn *c)
{
	bool was_loss = conn_has(c, CONN_RECOVERY);

	c->flags &= ~(CONN_RECOVERY | CONN_CWR);
	c->dupacks = 0;
	// Nothing was sent again for a mark: duplicates that come now are no echoes.
	if (!was_loss)
		c->recover = c->snd.una - 1;
	if (congestion_of(c)->is_fixed)
		return;
	c->cwnd = c->ssthresh;
	if (was_loss)
		congestion_limit_burst(c);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 8985 7.2 to 7.4 without SACK. The probe timeout follows from what is kept anyway: it is counted from the
// later of the last sending and the last advance of SND.UNA, and needs no deadline of its own.
// Called by tcp/timers, tcp/output, tcp/ack.
#include "tcp/tail_probe.h"

#include "tcp/connections.h"
#include "tcp/recovery.h"
#include "tcp/reduction.h"
#include "tcp/retransmit.h"
#include "tcp/seq.h"

// Less is not worth a timer, and hosts delay as much.
#define TAIL_PROBE_MIN (10 * PLX_MILLISECOND)

// Is the retransmission that a recovery hangs on to be sent once more? The peer acknowledges without delay
// what fills a gap, so even a single segment's silence tells.
static bool is_repair_eligible(const struct tcp_conn *c)
{
	return conn_has(c, CONN_RECOVERY) && c->has_data_rtt && c->backoff == 0
		&& !conn_has(c,
			     CONN_PERSIST | CONN_TAIL_PROBE | CONN_TAIL_PROBED
				     | CONN_RETRANSMIT_HEAD);
}

// Nothing is being repaired, nothing else is being waited for. The handshake's round trip alone is no measure of
// what data takes. The peer may delay the acknowledgement of a single segment by as much as the least timeout
// (RFC 8985 7.2, WCDelAckT): for that the timeout is early enough.
static bool is_eligible(const struct tcp_conn *c)
{
	return conn_unacked(c) > c->mss && c->backoff == 0 && c->has_data_rtt
		&& c->rtx == c->snd.nxt && conn_is_synchronized(c)
		&& !conn_has(c,
			     CONN_RECOVERY | CONN_LOSS | CONN_CWR | CONN_PERSIST | CONN_TAIL_PROBE
				     | CONN_TAIL_PROBED);
}

// RFC 8985 7.2: two round trips; and not less than RFC 6298 would wait if it had no lower bound, since where round
// trips vary two of them are soon over.
static plx_duration probe_timeout(const struct tcp_conn *c)
{
	uint32_t srtt_us = c->rtt.srtt_8th_us / 8;
	uint32_t more_us = srtt_us > c->rtt.rttvar_4th_us ? srtt_us : c->rtt.rttvar_4th_us;
	plx_duration timeout = duration_from_us(srtt_us + more_us);

	return timeout > TAIL_PROBE_MIN ? timeout : TAIL_PROBE_MIN;
}

// Of the last data, to the millisecond that follows it.
static plx_time last_sent(const struct tcp *tcp, const struct tcp_conn *c)
{
	uint32_t age_ms = tcp->now_ms - c->last_sent_ms;
	plx_time floor = tcp->now - tcp->now % PLX_MILLISECOND;

	return time_add(time_subtract(floor, age_ms * PLX_MILLISECOND), PLX_MILLISECOND);
}

plx_time tail_probe_at(const struct tcp *tcp, const struct tcp_conn *c)
{
	plx_time last_advance;
	bool is_repair;
	plx_time at;

	if (c->rto_deadline == PLX_TIME_NEVER)
		return PLX_TIME_NEVER;
	is_repair = is_repair_eligible(c);
	if (!(is_repair || is_eligible(c)) || conn_option(tcp, c, PLX_OPTION_TAIL_PROBE) == 0)
		return PLX_TIME_NEVER;
	if (is_repair) {
		at = time_max(recovery_answer_at(tcp, c),
			      time_add(last_sent(tcp, c), TAIL_PROBE_MIN));
		return at < c->rto_deadline ? at : PLX_TIME_NEVER;
	}
	last_advance = time_subtract(c->rto_deadline, duration_from_us(c->rtt.rto_us));
	at = time_add(time_max(last_advance, last_sent(tcp, c)), probe_timeout(c));
	return at < c->rto_deadline ? at : PLX_TIME_NEVER;
}

void tail_probe_begin(struct tcp *tcp, struct tcp_conn *c)
{
	if (conn_has(c, CONN_RECOVERY)) {
		// Silence alone proves no second loss: it reduces nothing.
		c->flags |= CONN_RETRANSMIT_HEAD | CONN_TAIL_PROBED | CONN_TAIL_RESENT;
		tcp_count(tcp, PLX_COUNTER_TCP_TAIL_PROBES);
	} else {
		c->flags |= CONN_TAIL_PROBE;
	}
	conn_wants_output(tcp, c);
}

void tail_probe_on_sent(struct tcp *tcp, struct tcp_conn *c, bool is_resent)
{
	plx_duration answer = duration_from_us(c->rtt.srtt_8th_us / 8 + c->rtt.rttvar_4th_us);

	c->flags &= ~(CONN_TAIL_PROBE | CONN_TAIL_RESENT);
	c->flags |= CONN_TAIL_PROBED | (is_resent ? CONN_TAIL_RESENT : 0);
	c->recover = c->snd.nxt;
	retransmit_put_off(tcp, c, answer);
	tcp_count(tcp, PLX_COUNTER_TCP_TAIL_PROBES);
}

bool tail_probe_on_ack(struct tcp *tcp, struct tcp_conn *c, const struct ack_news *news)
{
	// RFC 8985 7.4: that it was needed is told by its answer. Then a loss has been repaired, and the window
	// comes down as after any other.
	bool has_repaired = conn_has(c, CONN_TAIL_RESENT) && news->is_answer_to_resent;
	uint32_t flight = conn_unacked(c) + news->acked_bytes;

	if (!conn_has(c, CONN_TAIL_PROBED))
		return false;
	if (conn_has(c, CONN_TAIL_RESENT) || seq_is_at_or_after(c->snd.una, c->recover))
		c->flags &= ~(CONN_TAIL_PROBED | CONN_TAIL_RESENT);
	if (!has_repaired || conn_has(c, CONN_RECOVERY))
		return false;
	// What follows the probe was sent before the silence: if that was not acknowledged, it is missing too.
	if (seq_is_before(c->snd.una, c->recover))
		recovery_enter(tcp, c, flight);
	else
		reduction_without_repair(c, flight);
	return true;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 6298 5: the timer runs while something is unacknowledged, restarts on new acknowledgements, backs off
// when it expires. After an expiry everything from SND.UNA on counts as lost and is sent again as the
// congestion window grows, since no SACK tells what did arrive.
// Called by tcp/timers, tcp/ack, tcp/output.
#include "tcp/retransmit.h"

#include <errno.h>

#include "net/neighbor.h"
#include "tcp/congestion.h"
#include "tcp/connections.h"
#include "tcp/ecn.h"
#include "tcp/path_mtu.h"
#include "tcp/persist.h"
#include "tcp/recovery.h"
#include "tcp/send_queue.h"
#include "tcp/spurious.h"

void retransmit_on_sample(const struct tcp *tcp, struct tcp_conn *c, plx_duration sample)
{
	rtt_on_sample(&c->rtt, sample, conn_rtt_bounds(tcp, c));
	if (!c->has_data_rtt) // a store here would delay who reads what lies beside it
		c->has_data_rtt = 1;
}

void retransmit_start(struct tcp *tcp, struct tcp_conn *c)
{
	plx_duration max = (plx_duration)conn_option(tcp, c, PLX_OPTION_RTO_MAX);
	plx_duration limit = (plx_duration)conn_option(tcp, c, PLX_OPTION_USER_TIMEOUT);
	// A probe's interval grows by itself; the timeout has been doubled where it lies.
	plx_duration timeout = rtt_timeout(&c->rtt, conn_has(c, CONN_PERSIST) ? c->backoff : 0,
					   max);

	if (limit != 0 && c->backoff == 0 && limit < timeout)
		timeout = limit; // RFC 5482: silence begins now
	c->rto_deadline = time_add(tcp->now, timeout);
}

void retransmit_put_off(const struct tcp *tcp, struct tcp_conn *c, plx_duration wait)
{
	if (c->rto_deadline != PLX_TIME_NEVER && conn_option(tcp, c, PLX_OPTION_USER_TIMEOUT) == 0)
		c->rto_deadline = time_max(c->rto_deadline, time_add(tcp->now, wait));
}

enum { PATIENT_ROUND_TRIPS = 3 };

static plx_duration patience(const struct tcp_conn *c)
{
	return PATIENT_ROUND_TRIPS * duration_from_us(c->rtt.srtt_8th_us / 8);
}

void retransmit_on_new_ack(struct tcp *tcp, struct tcp_conn *c)
{
	if (conn_has(c, CONN_PERSIST))
		return; // the timer is the probe's
	if (c->snd.una == c->snd.nxt)
		c->rto_deadline = PLX_TIME_NEVER;
	else if (!conn_has(c, CONN_RECOVERY) || !c->has_partial_ack)
		retransmit_start(tcp, c);
	// Impatient variant: of partial acknowledgements the first one only (RFC 6582 4). Where a round trip
	// takes as long as the timeout, some of them at least.
	if (conn_has(c, CONN_RECOVERY) && !c->has_partial_ack)
		retransmit_put_off(tcp, c, patience(c));
	c->has_partial_ack = conn_has(c, CONN_RECOVERY);
}

static plx_time user_limit(const struct tcp *tcp, const struct tcp_conn *c)
{
	plx_duration limit = (plx_duration)conn_option(tcp, c, PLX_OPTION_USER_TIMEOUT);
	uint32_t silent_ms = tcp->now_ms - c->stalled_ms;
	plx_time since = time_subtract(tcp->now, silent_ms * PLX_MILLISECOND);

	return limit == 0 ? PLX_TIME_NEVER : time_add(since, limit);
}

void retransmit_note_silence(const struct tcp *tcp, struct tcp_conn *c, plx_duration since)
{
	c->stalled_ms = (uint32_t)duration_to_ms(time_subtract(tcp->now, since));
}

bool retransmit_is_past_user_timeout(const struct tcp *tcp, const struct tcp_conn *c)
{
	return time_is_due(user_limit(tcp, c), tcp->now);
}

void retransmit_bound_by_user(const struct tcp *tcp, struct tcp_conn *c)
{
	c->rto_deadline = time_min(c->rto_deadline, user_limit(tcp, c));
}

void conn_soft_error(struct tcp *tcp, struct tcp_conn *c, int error)
{
	c->soft_error = (uint8_t)-error;
	if (!conn_has(c, CONN_USER_CLOSED) && conn_option(tcp, c, PLX_OPTION_SOFT_ERRORS) != 0)
		conn_raise(tcp, c, PLX_EVENT_SOFT_ERROR);
}

static unsigned retries_of(const struct tcp *tcp, const struct tcp_conn *c)
{
	enum plx_option option = conn_is_synchronized(c) ? PLX_OPTION_RETRIES
							 : PLX_OPTION_SYN_RETRIES;

	return (unsigned)conn_option(tcp, c, option);
}

// What the timer runs for before the first retransmission.
static plx_duration first_timeout(const struct tcp_conn *c, plx_duration limit)
{
	plx_duration timeout = duration_from_us(c->rtt.rto_us);

	return limit != 0 && limit < timeout ? limit : timeout;
}

static plx_duration user_timeout_of(const struct tcp *tcp, const struct tcp_conn *c)
{
	return (plx_duration)conn_option(tcp, c, PLX_OPTION_USER_TIMEOUT);
}

void retransmit_on_user_timeout(const struct tcp *tcp, struct tcp_conn *c,
				plx_duration limit_before)
{
	plx_time began;

	if (c->rto_deadline == PLX_TIME_NEVER || conn_has(c, CONN_PERSIST))
		return;
	if (c->backoff > 0) {
		retransmit_bound_by_user(tcp, c);
		return;
	}
	began = time_subtract(c->rto_deadline, first_timeout(c, limit_before));
	c->rto_deadline = time_add(began, first_timeout(c, user_timeout_of(tcp, c)));
}

// R2, or the user's own bound (RFC 5482). Notes when the silence began.
static bool has_retried_enough(struct tcp *tcp, struct tcp_conn *c)
{
	unsigned retries = retries_of(tcp, c);

	if (c->backoff == 0)
		retransmit_note_silence(tcp, c, first_timeout(c, user_timeout_of(tcp, c)));
	return (retries > 0 && c->backoff >= retries) || retransmit_is_past_user_timeout(tcp, c);
}

// RFC 9293 3.8.3 (b): negative advice to IP, and the user is told once (SHLD-9).
static void on_threshold_r1(struct tcp *tcp, struct tcp_conn *c)
{
	neighbor_advise_against(tcp->net, c->neighbor);
	if (c->backoff == conn_option(tcp, c, PLX_OPTION_SOFT_RETRIES))
		conn_soft_error(tcp, c, -ETIMEDOUT);
}

// So many duplicates should have been enough.
static void forget_reordering(struct tcp_conn *c)
{
	unsigned enough = c->dupacks > DUPACK_THRESHOLD ? c->dupacks : DUPACK_THRESHOLD;

	if (c->reordering > enough)
		c->reordering = enough & DUPACK_THRESHOLD_MAX;
}

// Everything from SND.UNA on counts as lost. The first time it is not certain yet (RFC 5682 2.1 step 1).
static void lose_all(struct tcp *tcp, struct tcp_conn *c)
{
	bool is_in_recovery = conn_has(c, CONN_RECOVERY);
	bool is_first = c->backoff == 0 && !is_in_recovery && !conn_has(c, CONN_LOSS);
	uint32_t ssthresh = c->ssthresh;

	// A recovery that has come far enough for a partial acknowledgement has reduced for this window already.
	congestion_on_timeout(c, c->backoff == 0 && !(is_in_recovery && c->has_partial_ack));
	ecn_on_reduction(c);
	// It is the first retransmission that was needed or not: in a recovery, and with timestamps, which go
	// on telling (RFC 3522 3.2 step 2), after several timeouts.
	if (is_first)
		spurious_begin(tcp, c, ssthresh);
	else if (!is_in_recovery && !conn_has(c, CONN_TIMESTAMPS))
		c->loss.pipe_prev = 0;
	// RFC 6582 4: the end of what is in flight, so that late duplicates start nothing.
	c->recover = c->snd.nxt;
	c->rtx = c->snd.una;
	forget_reordering(c);
	c->dupacks = 0;
	c->flags &= ~(CONN_RECOVERY | CONN_CWR | CONN_RETRANSMIT_HEAD | CONN_FRTO | CONN_FRTO_NEW
		      | CONN_TAIL_PROBE | CONN_TAIL_PROBED | CONN_TAIL_RESENT);
	c->flags |= CONN_LOSS | (is_first ? CONN_FRTO : 0);
}

void retransmit_on_timeout(struct tcp *tcp, struct tcp_conn *c)
{
	if (conn_has(c, CONN_PERSIST)) {
		persist_on_timeout(tcp, c);
		return;
	}
	if (has_retried_enough(tcp, c)) {
		conn_end(tcp, c, -ETIMEDOUT);
		return;
	}
	tcp_count(tcp, PLX_COUNTER_TCP_TIMEOUTS);
	if (conn_is_synchronized(c))
		lose_all(tcp, c);
	else
		c->flags |= CONN_RETRANSMIT_HEAD;
	if (c->backoff < UINT8_MAX)
		c->backoff++;
	rtt_back_off(&c->rtt, (plx_duration)conn_option(tcp, c, PLX_OPTION_RTO_MAX));
	retransmit_start(tcp, c);
	retransmit_bound_by_user(tcp, c);
	if (c->backoff >= conn_option(tcp, c, PLX_OPTION_SOFT_RETRIES))
		on_threshold_r1(tcp, c);
	if (conn_is_synchronized(c))
		path_mtu_on_silence(tcp, c);
	conn_wants_output(tcp, c);
}

void retransmit_on_handshake(struct tcp *tcp, struct tcp_conn *c, plx_time sent_at, bool was_resent)
{
	const struct rtt_bounds *bounds = conn_rtt_bounds(tcp, c);

	c->rto_deadline = PLX_TIME_NEVER;
	c->backoff = 0;
	if (!was_resent)
		rtt_on_sample(&c->rtt, time_since(tcp->now, sent_at), bounds);
	else
		rtt_after_lost_syn(&c->rtt, bounds);
}

void retransmit_on_syn_acked(struct tcp *tcp, struct tcp_conn *c)
{
	plx_time sent_at = time_subtract(c->rto_deadline,
					 first_timeout(c, user_timeout_of(tcp, c)));

	if (c->backoff > 1)
		c->flags |= CONN_SYN_LOST;
	retransmit_on_handshake(tcp, c, sent_at, conn_has(c, CONN_SYN_RESENT));
}

// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.10.6 STATUS: a connection or a listener in figures.
// Called by stack/api.
#include <errno.h>
#include <string.h>

#include "tcp/connections.h"
#include "tcp/listener.h"
#include "tcp/pacing.h"
#include "tcp/recv_tuning.h"
#include "tcp/reduction.h"
#include "tcp/send_queue.h"
#include "tcp/seq.h"
#include "tcp/user.h"

static void describe_listener(const struct listener *listener, struct plx_info *info)
{
	info->state = PLX_STATE_LISTEN;
	info->local = listener->local;
	info->local_port = listener->port;
	info->backlog = listener->unfetched;
}

static uint32_t urgent_distance(const struct tcp_conn *c)
{
	uint32_t reading_point = c->rcv.nxt - conn_has(c, CONN_FIN_RECEIVED) - c->rcv_bytes;

	uint32_t distance = c->urgent - reading_point;

	// A mark that was passed 2^31 bytes ago seems to lie ahead again; none lies so far.
	return distance <= c->rcv_bytes + conn_rcv_wnd(c) + UINT16_MAX ? distance : 0;
}

static enum plx_recovery recovery_of(const struct tcp_conn *c)
{
	if (conn_has(c, CONN_RECOVERY))
		return PLX_RECOVERY_FAST;
	if (conn_has(c, CONN_LOSS))
		return PLX_RECOVERY_TIMEOUT;
	return conn_has(c, CONN_CWR) ? PLX_RECOVERY_MARK : PLX_RECOVERY_NONE;
}

static void describe_numbers(const struct tcp *tcp, const struct tcp_conn *c, struct plx_info *info)
{
	uint32_t unsent = send_queue_unsent(tcp, c);

	info->iss = c->iss;
	info->irs = c->irs;
	info->snd_una = c->snd.una;
	info->snd_nxt = c->snd.nxt;
	info->snd_wnd_bytes = c->snd.wnd;
	info->rcv_nxt = c->rcv.nxt;
	info->rcv_wnd_bytes = conn_rcv_wnd(c);
	info->cwnd_bytes = c->cwnd;
	info->ssthresh_bytes = c->ssthresh;
	info->pipe_bytes = reduction_pipe(c);
	info->recovery = recovery_of(c);
	info->reordering = c->reordering;
	info->pacing_bytes_per_s = pacing_rate(c);
	info->receive_buffer_bytes = recv_tuning_buffer(tcp, c);
	info->mss_bytes = c->mss;
	info->readable_bytes = c->rcv_bytes;
	info->out_of_order_bytes = c->ooo_bytes;
	info->unsent_bytes = unsent;
	info->unacked_bytes = c->queue.bytes - unsent;
	info->urgent_bytes = conn_is_synchronized(c) ? urgent_distance(c) : 0;
	info->snd_wscale = c->snd_wscale;
	info->rcv_wscale = c->rcv_wscale;
}

int user_get_info(struct tcp *tcp, plx_conn handle, struct plx_info *info)
{
	struct listener *listener = listener_resolve(tcp, handle);
	struct tcp_conn *c = listener == NULL ? conn_resolve(tcp, handle) : NULL;
	size_t size = sizeof(*info);

	if (info->size != size)
		return -EINVAL;
	if (listener == NULL && c == NULL)
		return -EBADF;
	memset(info, 0, size);
	info->size = size;
	if (listener != NULL) {
		describe_listener(listener, info);
		return 0;
	}
	info->state = conn_has(c, CONN_OFF_WIRE) ? PLX_STATE_CLOSED : (enum plx_state)c->state;
	info->local = c->key.local;
	info->remote = c->key.remote;
	info->local_port = c->key.local_port;
	info->remote_port = c->key.remote_port;
	describe_numbers(tcp, c, info);
	info->srtt = duration_from_us(c->rtt.srtt_8th_us / 8);
	info->rttvar = duration_from_us(c->rtt.rttvar_4th_us / 4);
	info->rto = rtt_timeout(&c->rtt, conn_has(c, CONN_PERSIST) ? c->backoff : 0,
				(plx_duration)conn_option(tcp, c, PLX_OPTION_RTO_MAX));
	info->retransmits = c->retransmits;
	info->has_window_scale = conn_has(c, CONN_WINDOW_SCALE);
	info->has_timestamps = conn_has(c, CONN_TIMESTAMPS);
	info->has_ecn = conn_has(c, CONN_ECN);
	info->soft_error = -(int32_t)c->soft_error;
	return 0;
}

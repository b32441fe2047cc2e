// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.10.1 OPEN (active), 3.10.4 CLOSE, 3.10.5 ABORT, and shutdown, which closes one direction. None
// sends: they leave their mark and put the connection on the output list.
// Called by stack/api.
#include "tcp/user.h"

#include <errno.h>

#include "net/interface.h"
#include "net/route.h"
#include "tcp/congestion.h"
#include "tcp/connections.h"
#include "tcp/delayed_ack.h"
#include "tcp/dispatch.h"
#include "tcp/isn.h"
#include "tcp/keepalive.h"
#include "tcp/listener.h"
#include "tcp/port_alloc.h"
#include "tcp/receive.h"
#include "tcp/recv_tuning.h"
#include "tcp/recv_window.h"
#include "tcp/retransmit.h"
#include "tcp/send_queue.h"
#include "tcp/seq.h"
#include "tcp/state.h"
#include "tcp/time_wait.h"
#include "tcp/timers.h"
#include "wire/addr.h"

// Whom one can connect to.
static int check_remote(const struct tcp *tcp, const struct plx_connect_args *args)
{
	const struct plx_addr *remote = &args->remote;

	// Nor would what comes from there be taken for anybody's (net/input.c).
	if (args->remote_port == 0 || !address_is_unicast(remote)
	    || interface_is_broadcast(tcp->net, remote))
		return -EINVAL;
	return 0;
}

// Our end of the tuple: the named address, or the one that fits the route.
static int choose_local(const struct tcp *tcp, const struct plx_connect_args *args,
			struct plx_addr *local)
{
	struct plx_addr next_hop;
	const struct plx_addr *source;

	if (!plx_addr_is_any(&args->local)) {
		if (!interface_has_address(tcp->net, &args->local)
		    || plx_addr_is_ipv4(&args->local) != plx_addr_is_ipv4(&args->remote))
			return -EADDRNOTAVAIL;
		*local = args->local;
		return route_next_hop(tcp->net, &args->remote, &next_hop) ? 0 : -ENETUNREACH;
	}
	source = interface_source_for(tcp->net, &args->remote);
	if (source == NULL)
		return -ENETUNREACH;
	*local = *source;
	return 0;
}

// A tuple that nobody uses, or that is only remembered in TIME_WAIT.
static int choose_tuple(struct tcp *tcp, const struct plx_connect_args *args, struct tuple *tuple)
{
	struct flow_key *key = &tuple->key;

	key->local = args->local;
	key->remote = args->remote;
	flow_key_set_ports(key, args->local_port, args->remote_port, tcp->config.zone);
	if (!port_alloc_knows(tcp, key)) { // addresses and routes stay as they are
		int rc = check_remote(tcp, args);

		if (rc == 0)
			rc = choose_local(tcp, args, &key->local);
		if (rc != 0)
			return rc;
		// A segment to an address of ours would never come back: nothing here loops to itself.
		if (interface_has_address(tcp->net, &key->remote))
			return -EADDRINUSE;
	}
	if (key->local_port == 0)
		return port_alloc(tcp, tuple);
	return tuple_is_free(tcp, tuple) ? 0 : -EADDRINUSE;
}

// The numbers of a connection whose SYN is still to be sent.
static void begin(struct tcp *tcp, struct tcp_conn *c, const struct tuple *tuple)
{
	struct isn isn = isn_of(tcp, &c->key);

	c->iss = isn.seq;
	if (tuple->time_wait != INDEX_NONE)
		c->iss = time_wait_iss(isn.seq,
				       time_wait_take_over(tcp, c, tuple->time_wait, tuple->hash));
	c->ts_offset = isn.ts_offset;
	c->snd.una = c->iss;
	c->snd.nxt = c->iss;
	c->rtx = c->iss;
	// What was queued before the handshake is cut by what the peer will allow at least.
	c->peer_mss = conn_is_ipv6(c) ? TCP_MSS_DEFAULT_IPV6 : TCP_MSS_DEFAULT_IPV4;
	c->mss = send_mss_of(tcp, c);
	if (conn_option(tcp, c, PLX_OPTION_WINDOW_SCALE) != 0)
		c->rcv_wscale = recv_window_scale_for(recv_tuning_most(tcp, c->profile)) & 15;
	rtt_init(&c->rtt, conn_rtt_bounds(tcp, c));
	state_set(c, PLX_STATE_SYN_SENT);
	conn_wants_output(tcp, c);
}

int user_connect(struct tcp *tcp, const struct plx_connect_args *args, plx_conn *handle)
{
	uint16_t profile = 0;
	struct tcp_conn *c;
	struct tuple tuple;
	int rc;

	option_profile_hold(&tcp->profiles, profile);
	rc = option_profile_change(&tcp->profiles, &profile, args->options, args->n_options);
	if (rc == 0)
		rc = choose_tuple(tcp, args, &tuple);
	if (rc == 0) {
		c = conn_create(tcp, &tuple.key, tuple.hash, profile,
				tuple.time_wait != INDEX_NONE);
		if (c == NULL) {
			rc = -ENOBUFS;
		} else {
			begin(tcp, c, &tuple);
			c->user = args->user;
			tcp_count(tcp, PLX_COUNTER_CONN_OPENED_ACTIVE);
			*handle = conn_handle(tcp, c);
		}
	}
	option_profile_release(&tcp->profiles, profile);
	if (rc != 0)
		tcp_count(tcp, PLX_COUNTER_CONN_REFUSED);
	return rc;
}

// FIN after what is queued. Nothing happens the second time.
static void end_sending(struct tcp *tcp, struct tcp_conn *c)
{
	if (conn_has(c, CONN_FIN_QUEUED))
		return;
	c->flags |= CONN_FIN_QUEUED;
	if (c->state == PLX_STATE_ESTABLISHED)
		state_set(c, PLX_STATE_FIN_WAIT_1);
	else if (c->state == PLX_STATE_CLOSE_WAIT)
		state_set(c, PLX_STATE_LAST_ACK);
	conn_wants_output(tcp, c);
}

// RFC 9293 3.10.5: no RST where the peer has nothing to learn of it. CLOSING and LAST-ACK are entered here before
// the FIN is sent; there it has.
static bool has_peer_to_tell(const struct tcp_conn *c)
{
	bool waits_for_last_ack = c->state == PLX_STATE_CLOSING || c->state == PLX_STATE_LAST_ACK;

	if (waits_for_last_ack)
		return !conn_has(c, CONN_FIN_SENT) || conn_unacked(c) > 1;
	return c->state != PLX_STATE_SYN_SENT && c->state != PLX_STATE_TIME_WAIT;
}

static void reset(struct tcp *tcp, struct tcp_conn *c)
{
	if (has_peer_to_tell(c))
		conn_reset(tcp, c, -ECONNABORTED);
	else
		conn_end(tcp, c, -ECONNABORTED);
}

// Data that has arrived and will not be read (RFC 2525 2.17).
static bool has_unread(const struct tcp_conn *c)
{
	return !conn_has(c, CONN_READ_SHUT) && (c->rcv_bytes > 0 || c->ooo_bytes > 0);
}

static void close_conn(struct tcp *tcp, struct tcp_conn *c)
{
	if (c->state == PLX_STATE_SYN_SENT) {
		conn_end(tcp, c, 0);
		return;
	}
	if (conn_has(c, CONN_OFF_WIRE)) {
		conn_end(tcp, c, 0); // the peer has nothing to do with it any more
		return;
	}
	if (conn_option(tcp, c, PLX_OPTION_LINGER) == 0
	    || (has_unread(c) && c->state == PLX_STATE_TIME_WAIT)) {
		reset(tcp, c);
		return;
	}
	if (has_unread(c)) {
		conn_reset(tcp, c, -ECONNABORTED); // SHLD-3: the peer learns of it in any state
		return;
	}
	// DEVIATION RFC 9293 3.10.4: in SYN-RECEIVED the FIN waits for the handshake's last ACK.
	c->flags |= CONN_USER_CLOSED;
	c->events &= PLX_EVENT_SENT;
	if (c->state == PLX_STATE_TIME_WAIT) {
		time_wait_enter(tcp, c);
		return;
	}
	end_sending(tcp, c);
	if (c->state == PLX_STATE_FIN_WAIT_2)
		time_wait_limit_fin_wait_2(tcp, c);
	(void)last_ack_end_if_done(tcp, c);
}

// True when there was a listener of that handle; for those both calls are the same.
static bool close_listener(struct tcp *tcp, plx_conn handle)
{
	struct listener *listener = listener_resolve(tcp, handle);

	if (listener != NULL)
		listener_close(tcp, listener);
	return listener != NULL;
}

int user_close(struct tcp *tcp, plx_conn handle)
{
	struct tcp_conn *c;

	if (close_listener(tcp, handle))
		return 0;
	c = conn_resolve(tcp, handle);
	if (c == NULL || conn_has(c, CONN_USER_CLOSED))
		return -EBADF;
	close_conn(tcp, c);
	return 0;
}

int user_abort(struct tcp *tcp, plx_conn handle)
{
	struct tcp_conn *c;

	if (close_listener(tcp, handle))
		return 0;
	c = conn_resolve(tcp, handle);
	if (c == NULL)
		return -EBADF;
	reset(tcp, c);
	return 0;
}

int user_shutdown(struct tcp *tcp, plx_conn handle, enum plx_shutdown_how how)
{
	struct tcp_conn *c = conn_resolve(tcp, handle);

	if (how != PLX_SHUTDOWN_READ && how != PLX_SHUTDOWN_WRITE && how != PLX_SHUTDOWN_BOTH)
		return -EINVAL;
	if (c == NULL)
		return listener_resolve(tcp, handle) != NULL ? -ENOTCONN : -EBADF;
	if (!conn_is_synchronized(c))
		return -ENOTCONN;
	if (how != PLX_SHUTDOWN_WRITE) {
		c->flags |= CONN_READ_SHUT;
		receive_clear(c);
		if (recv_window_is_worth_update(tcp, c))
			delayed_ack_at_once(tcp, c);
	}
	if (how != PLX_SHUTDOWN_READ)
		end_sending(tcp, c);
	conn_end_if_done(tcp, c);
	return 0;
}

int user_set_option(struct tcp *tcp, plx_conn handle, enum plx_option option, int64_t value)
{
	struct plx_option_value change = {option, value};
	struct listener *listener = listener_resolve(tcp, handle);
	plx_duration idle_before;
	plx_duration limit_before;
	struct tcp_conn *c;
	int rc;

	if (listener != NULL) {
		rc = option_profile_change(&tcp->profiles, &listener->profile, &change, 1);
		listener_choose_timing(tcp, listener);
		return rc;
	}
	c = conn_resolve(tcp, handle);
	if (c == NULL)
		return -EBADF;
	idle_before = (plx_duration)conn_option(tcp, c, PLX_OPTION_KEEPALIVE_IDLE);
	limit_before = (plx_duration)conn_option(tcp, c, PLX_OPTION_USER_TIMEOUT);
	rc = option_profile_change(&tcp->profiles, &c->profile, &change, 1);
	if (rc != 0)
		return rc;
	if (option == PLX_OPTION_USER_TIMEOUT)
		retransmit_on_user_timeout(tcp, c, limit_before);
	if (option == PLX_OPTION_KEEPALIVE || option == PLX_OPTION_KEEPALIVE_IDLE)
		keepalive_on_option(tcp, c, idle_before);
	if (option == PLX_OPTION_FIN_WAIT_2_TIME && c->state == PLX_STATE_FIN_WAIT_2
	    && conn_has(c, CONN_USER_CLOSED))
		time_wait_limit_fin_wait_2(tcp, c);
	if (option == PLX_OPTION_RECEIVE_BUFFER && conn_is_synchronized(c)
	    && recv_window_is_worth_update(tcp, c))
		delayed_ack_at_once(tcp, c);
	if (option == PLX_OPTION_CONGESTION && conn_is_synchronized(c))
		congestion_change(c, (unsigned)value);
	if (option == PLX_OPTION_RECEIVE_BUFFER)
		c->rcv_grown = 0;
	if (option == PLX_OPTION_PACING)
		c->is_paced = value != 0;
	conn_wants_output(tcp, c); // what Nagle or a small buffer held back may go now
	return 0;
}

int user_get_option(struct tcp *tcp, plx_conn handle, enum plx_option option, int64_t *value)
{
	struct listener *listener = listener_resolve(tcp, handle);
	struct tcp_conn *c = listener == NULL ? conn_resolve(tcp, handle) : NULL;

	if (listener == NULL && c == NULL)
		return -EBADF;
	if ((unsigned)option >= PLX_OPTION_COUNT)
		return -EINVAL;
	*value = option_profile_value(&tcp->profiles,
				      listener != NULL ? listener->profile : c->profile, option);
	return 0;
}

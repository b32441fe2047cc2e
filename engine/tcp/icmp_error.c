// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 5927 4: an error is taken up when SND.UNA =< quoted SEG.SEQ < SND.NXT. RFC 5461 4.1: hard errors end an
// attempt to connect; in synchronized states they are soft (DEVIATION RFC 1122 4.2.3.9).
// Called by stack/input.
#include "tcp/icmp_error.h"

#include <errno.h>

#include "tcp/connections.h"
#include "tcp/dispatch.h"
#include "tcp/path_mtu.h"
#include "tcp/retransmit.h"

static void take_notice(struct tcp *tcp, struct tcp_conn *c, const struct icmp_quote *quote)
{
	switch (quote->kind) {
	case ICMP_QUOTE_UNREACHABLE_HARD:
		if (c->state == PLX_STATE_SYN_SENT)
			conn_end(tcp, c, -ECONNREFUSED);
		else
			conn_soft_error(tcp, c, -ECONNREFUSED);
		break;
	case ICMP_QUOTE_PACKET_TOO_BIG:
		path_mtu_on_too_big(tcp, c, quote->mtu);
		break;
	case ICMP_QUOTE_OTHER:
		conn_soft_error(tcp, c, -EPROTO);
		break;
	default:
		conn_soft_error(tcp, c, -EHOSTUNREACH);
		break;
	}
}

enum plx_drop icmp_error_input(struct tcp *tcp, const struct icmp_quote *quote)
{
	struct flow_key key = {
		.local = quote->local,
		.remote = quote->remote,
		.local_port = quote->local_port,
		.remote_port = quote->remote_port,
		.zone = tcp->config.zone,
	};
	uint32_t entry = dispatch_find(tcp, &key, flow_hash(&tcp->flow_secret, &key));
	struct tcp_conn *c;

	if (entry == INDEX_NONE || entry_kind(entry) != ENTRY_CONN)
		return PLX_DROP_ICMP_NO_CONNECTION;
	c = conn_at(tcp, entry_index(entry));
	if (seq_is_before(quote->seq, c->snd.una) || !seq_is_before(quote->seq, c->snd.nxt))
		return PLX_DROP_ICMP_NO_CONNECTION;
	take_notice(tcp, c, quote);
	return PLX_DROP_NONE;
}

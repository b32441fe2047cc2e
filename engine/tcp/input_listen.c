// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.10.7.1 and 3.10.7.2. SYN with FIN counts as SYN (DEVIATION 3.10.7.2 third: text and FIN come again), or
// is dropped where that is configured.
// Called by tcp/dispatch.
#include "tcp/input_listen.h"

#include "tcp/half_open.h"
#include "tcp/reset.h"
#include "tcp/syn_cookie.h"

enum verdict input_closed(struct tcp *tcp, struct segment *seg)
{
	bool is_syn = segment_has(seg, TCP_SYN) && !segment_has(seg, TCP_ACK);

	return reset_nobody(tcp, seg,
			    is_syn ? PLX_DROP_TCP_NO_LISTENER : PLX_DROP_TCP_NO_CONNECTION);
}

enum verdict input_listen_ack(struct tcp *tcp, struct listener *listener, struct segment *seg)
{
	if (syn_cookie_is_expected(tcp) && !segment_has(seg, TCP_SYN))
		return syn_cookie_accept(tcp, listener, seg);
	return reset_nobody(tcp, seg, PLX_DROP_TCP_NO_CONNECTION);
}

enum verdict input_listen_syn(struct tcp *tcp, struct listener *listener, struct segment *seg,
			      uint32_t time_wait_entry)
{
	if (segment_has(seg, TCP_FIN) && tcp->config.drop_syn_fin)
		return segment_drop(seg, PLX_DROP_TCP_FLAGS);
	return half_open_begin(tcp, listener, seg, time_wait_entry);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.10.7.2: first RST, second ACK, third SYN, fourth anything else; and 3.10.7.1 where nobody
// listens. SYN with FIN counts as SYN (DEVIATION 3.10.7.2 third: text and FIN come again).
// Called by tcp/dispatch.
#include "tcp/input_listen.h"

#include "tcp/half_open.h"
#include "tcp/reset.h"
#include "tcp/syn_cookie.h"

enum verdict input_listen(struct tcp *tcp, struct segment *seg)
{
	struct listener *listener;

	if (segment_has(seg, TCP_RST)) // first
		return segment_drop(seg,
				    segment_has(seg, TCP_SYN) ? PLX_DROP_TCP_FLAGS
							      : PLX_DROP_TCP_RST_NO_CONNECTION);
	if (segment_has(seg, TCP_ACK)) // second
		return syn_cookie_is_expected(tcp)
			? syn_cookie_accept(tcp, seg)
			: reset_nobody(tcp, seg, PLX_DROP_TCP_NO_CONNECTION);
	listener = listener_find(tcp, &seg->key.local, seg->key.local_port);
	if (listener == NULL)
		return reset_nobody(tcp, seg, PLX_DROP_TCP_NO_LISTENER);
	if (!segment_has(seg, TCP_SYN)) // fourth
		return segment_drop(seg, PLX_DROP_TCP_FLAGS);
	if (segment_has(seg, TCP_FIN) && tcp->config.drop_syn_fin)
		return segment_drop(seg, PLX_DROP_TCP_FLAGS);
	return half_open_begin(tcp, listener, seg, INDEX_NONE); // third
}

// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.10.7.1 and 3.10.7.2: a segment arrives for no connection; perhaps a listener wants it.
// Called by tcp/dispatch, which has looked at RST before.
#ifndef TCP_INPUT_LISTEN_H
#define TCP_INPUT_LISTEN_H

#include "tcp/listener.h"
#include "tcp/segment.h"

// 3.10.7.1: there is nobody.
enum verdict input_closed(struct tcp *tcp, struct segment *seg);

// 3.10.7.2 second: any acknowledgement is bad, unless it brings a SYN cookie.
enum verdict input_listen_ack(struct tcp *tcp, struct listener *listener, struct segment *seg);

// 3.10.7.2 third. `time_wait_entry` is what the SYN reopens, or INDEX_NONE.
enum verdict input_listen_syn(struct tcp *tcp, struct listener *listener, struct segment *seg,
			      uint32_t time_wait_entry);

#endif

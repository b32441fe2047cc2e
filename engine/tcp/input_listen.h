// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.10.7.1 and 3.10.7.2: a segment arrives for no connection; perhaps a listener wants it.
// Called by tcp/dispatch.
#ifndef TCP_INPUT_LISTEN_H
#define TCP_INPUT_LISTEN_H

#include "tcp/segment.h"
#include "tcp/tcp.h"

enum verdict input_listen(struct tcp *tcp, struct segment *seg);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// The path MTU as a connection knows it, in the form of its segment size: lowered by "packet too big" (RFC
// 1191, RFC 8201), and by a suspicion when large segments vanish without a word (a black hole, RFC 2923).
// Called by tcp/icmp_error and tcp/retransmit.
#ifndef TCP_PATH_MTU_H
#define TCP_PATH_MTU_H

#include "tcp/tcp.h"

// A router has named the MTU of its next hop, 0 if it is too old to. Never below 552 or 1280 bytes.
void path_mtu_on_too_big(struct tcp *tcp, struct tcp_conn *c, uint16_t mtu_bytes);

// The oldest segment is to be sent again, for the `backoff`th time in a row.
void path_mtu_on_silence(struct tcp *tcp, struct tcp_conn *c);

#endif

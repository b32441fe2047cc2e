// SPDX-License-Identifier: BSD-3-Clause
//
// What we let the peer send: the window field, its scaling, the MSS we announce. The right edge never
// moves left (RFC 9293 3.8.6), and only moves right by steps worth a segment (3.8.6.2.2).
// Called by tcp/segment_tx for every segment sent, by tcp/receive when the user has read.
#ifndef TCP_RECV_WINDOW_H
#define TCP_RECV_WINDOW_H

#include "tcp/tcp.h"

// The window field of a segment that goes out now; moves rcv.adv.
uint16_t recv_window_announce(struct tcp *tcp, struct tcp_conn *c);

// The same for SYN and SYN+ACK, whose field is never scaled (RFC 7323 2.2).
uint16_t recv_window_announce_syn(struct tcp *tcp, struct tcp_conn *c);

// Has reading made so much room that the peer should be told?
bool recv_window_is_worth_update(const struct tcp *tcp, const struct tcp_conn *c);

// The smallest shift with which a buffer's window fits the field (RFC 7323 2.3).
uint8_t recv_window_scale_for(uint32_t buffer_bytes);

// The MSS that SYN and SYN+ACK announce (RFC 9293 3.7.1, RFC 6691: options are not taken off).
uint16_t recv_window_mss(const struct tcp *tcp, uint16_t profile, bool is_ipv6);

// Effective send MSS (RFC 9293 3.7.1): from what the peer announced, our MTU and the options of data
// segments.
uint16_t send_mss_of(const struct tcp *tcp, const struct tcp_conn *c);

#endif

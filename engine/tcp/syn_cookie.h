// SPDX-License-Identifier: BSD-3-Clause
//
// SYN cookies (RFC 4987 3.6): when half-open connections have no room, or always, a SYN is answered and
// forgotten; the acknowledgement of the SYN+ACK brings back in its number, and in the echoed timestamp,
// what has to be known.
// Called by tcp/half_open for SYNs, by tcp/input_listen for acknowledgements to nobody.
#ifndef TCP_SYN_COOKIE_H
#define TCP_SYN_COOKIE_H

#include "tcp/listener.h"
#include "tcp/segment.h"

// Answers a SYN by a SYN+ACK whose sequence number is a cookie.
enum verdict syn_cookie_answer(struct tcp *tcp, const struct listener *listener,
			       struct segment *seg);

// Could an acknowledgement that arrives now carry one? Cookies are good for 64 to 128 s.
static inline bool syn_cookie_is_expected(const struct tcp *tcp)
{
	return tcp->now < tcp->cookies_until;
}

// Does this acknowledgement bring a cookie of ours?
bool syn_cookie_is_valid(const struct tcp *tcp, const struct listener *listener,
			 const struct segment *seg);

// An acknowledgement to the listener: opens the connection if it brings a cookie of ours, else answers RST.
enum verdict syn_cookie_accept(struct tcp *tcp, struct listener *listener, struct segment *seg);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// ICMP errors about our segments (RFC 9293 3.9.2.2, RFC 5927, RFC 5461): believed only when the quoted
// sequence number is in flight.
// Called by stack/input.
#ifndef TCP_ICMP_ERROR_H
#define TCP_ICMP_ERROR_H

#include "tcp/segment.h"
#include "tcp/tcp.h"
#include "wire/icmp.h"

// PLX_DROP_NONE when a connection has taken notice, else why nobody did.
enum plx_drop icmp_error_input(struct tcp *tcp, const struct icmp_quote *quote);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// Initial sequence numbers (RFC 6528) and the offset of our timestamps per connection (RFC 7323 5.4),
// both from one SipHash of the tuple.
// Called by tcp/listener for SYN+ACKs, by tcp/user for SYNs, by tcp/time_wait when it reopens.
#ifndef TCP_ISN_H
#define TCP_ISN_H

#include "tcp/tcp.h"

struct isn {
	uint32_t seq;
	uint32_t ts_offset;
	uint64_t tuple; // the hash both are made of: nobody else knows it
};

struct isn isn_of(const struct tcp *tcp, const struct flow_key *key);

// The keyed hash behind it, for other purposes with another key.
uint64_t isn_hash_tuple(const struct flow_key *key, const struct siphash_key *secret);

#endif

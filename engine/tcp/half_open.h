// SPDX-License-Identifier: BSD-3-Clause
//
// Passive connections in SYN_RECEIVED, as entries of 64 bytes (IPv4) or 96 (IPv6) in pools of their own:
// made by a SYN, repeated by timers, promoted to a control block by the handshake's last ACK.
// Called by tcp/input_listen and tcp/dispatch for segments, by tcp/timers for repetitions.
#ifndef TCP_HALF_OPEN_H
#define TCP_HALF_OPEN_H

#include "tcp/listener.h"
#include "tcp/segment.h"

// RFC 9293 3.10.7.2 third: a SYN for a listener. Answers it by SYN+ACK. `time_wait_entry` is the entry whose
// tuple it reopens, or INDEX_NONE; that one is hidden until the handshake completes.
enum verdict half_open_begin(struct tcp *tcp, struct listener *listener, struct segment *seg,
			     uint32_t time_wait_entry);

// The TIME_WAIT entry that this half-open one stands for has expired.
void half_open_on_predecessor_gone(struct tcp *tcp, uint32_t entry);

// RFC 9293 3.10.7.4 for SYN-RECEIVED.
enum verdict half_open_input(struct tcp *tcp, uint32_t entry, struct segment *seg);

// Is this the entry's connection?
bool half_open_is(const struct tcp *tcp, uint32_t entry, const struct flow_key *key);

// Phase 2: repeats what is due, gives up what has been repeated enough, at most `max` in all.
void half_open_expire(struct tcp *tcp, unsigned max);
plx_time half_open_next(const struct tcp *tcp);

// Bytes of an entry.
size_t half_open_bytes(enum family family);

// 0 or -ENOMEM.
int half_open_init(struct tcp *tcp, enum family family, uint32_t count, int socket);

#endif

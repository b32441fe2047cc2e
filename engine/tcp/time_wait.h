// SPDX-License-Identifier: BSD-3-Clause
//
// TIME_WAIT: entries of 64 bytes (IPv4) or 80 (IPv6) in a queue in order of expiry, one length for all; and
// the control block that stays in TIME_WAIT while its user has not closed it.
// Called by tcp/input when a connection ends, by tcp/dispatch for segments, by tcp/timers.
#ifndef TCP_TIME_WAIT_H
#define TCP_TIME_WAIT_H

#include "tcp/segment.h"
#include "tcp/tcp.h"

// Both FINs are acknowledged: the connection becomes an entry and ends, or waits as it is for its user.
// The acknowledgement that is owed goes out at once.
void time_wait_enter(struct tcp *tcp, struct tcp_conn *c);

// RFC 9293 3.10.7.4 eighth: a repeated FIN restarts the wait, of a control block in TIME_WAIT.
void time_wait_restart_held(struct tcp *tcp, struct tcp_conn *c);

// A closed connection does not wait for the peer's FIN for ever.
void time_wait_limit_fin_wait_2(struct tcp *tcp, struct tcp_conn *c);

// The control block in TIME_WAIT becomes an entry, although its user has not closed it.
void time_wait_let_go(struct tcp *tcp, struct tcp_conn *c);

// LAST_ACK, and all is acknowledged: the connection is over, though its user may still have to read. True when it
// is.
bool last_ack_end_if_done(struct tcp *tcp, struct tcp_conn *c);

// The user has read what there was: ends it if that is all it waited for, in LAST_ACK or after TIME_WAIT.
void conn_end_if_done(struct tcp *tcp, struct tcp_conn *c);

// Nothing of it would be missed: the user has closed it, or has seen and read everything.
bool conn_may_vanish(const struct tcp_conn *c);

// RFC 9293 3.10.7.4 for TIME-WAIT, RFC 6191. RST never gets here (RFC 1337 3 F1).
enum verdict time_wait_input(struct tcp *tcp, uint32_t entry, struct segment *seg);

bool time_wait_is(const struct tcp *tcp, uint32_t entry, const struct flow_key *key);

// RFC 9293 3.6.1: larger than anything the connection before has used.
static inline uint32_t time_wait_iss(uint32_t isn, uint32_t snd_nxt_before)
{
	return seq_max(isn, snd_nxt_before + UINT16_MAX + 2);
}

// Another entry takes the place of a TIME_WAIT entry in the flow table, and may give it back. Gives the SND.NXT
// of the connection before.
uint32_t time_wait_hide(struct tcp *tcp, uint32_t entry, uint32_t successor);
void time_wait_show(struct tcp *tcp, uint32_t entry);

// Our own OPEN of the tuple takes the entry's place, by the rule that holds for the peer's SYN: its ISS lies above
// everything the connection before has used. Gives that one's SND.NXT.
uint32_t time_wait_take_over(struct tcp *tcp, struct tcp_conn *c, uint32_t entry, uint64_t hash);

// Such an attempt has come to nothing: the entry has its place back. Or the peer has agreed: it goes.
void time_wait_give_back(struct tcp *tcp, struct tcp_conn *c, uint64_t hash);
void time_wait_settle(struct tcp *tcp, struct tcp_conn *c);

// The new connection is established: the hidden entry of the old one goes.
void time_wait_end_hidden(struct tcp *tcp, uint32_t entry);

// Phase 2: entries whose time is over go, at most `max` of each family.
void time_wait_expire(struct tcp *tcp, unsigned max);
plx_time time_wait_next(const struct tcp *tcp);

size_t time_wait_bytes(enum family family);
int time_wait_init(struct tcp *tcp, enum family family, uint32_t count, int socket);

#endif

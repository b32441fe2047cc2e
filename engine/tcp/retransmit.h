// SPDX-License-Identifier: BSD-3-Clause
//
// The retransmission timer of RFC 6298 5, R1 and R2 of RFC 9293 3.8.3.
// Called by tcp/timers on expiry, tcp/ack and tcp/ordinary_ack when it is to be restarted or stopped,
// tcp/output and tcp/ordinary_turn when it is to be started.
#ifndef TCP_RETRANSMIT_H
#define TCP_RETRANSMIT_H

#include "tcp/tcp.h"

// RFC 6298 2: a round trip of data took that long.
void retransmit_on_sample(const struct tcp *tcp, struct tcp_conn *c, plx_duration sample);

// RFC 6298 5.1: something was sent that wants an acknowledgement.
void retransmit_start(struct tcp *tcp, struct tcp_conn *c);

// The timer does not expire before `wait` is over: something was just sent whose answer is due then. A user's own
// bound (RFC 5482) is not put off.
void retransmit_put_off(const struct tcp *tcp, struct tcp_conn *c, plx_duration wait);

// RFC 6298 5.2 and 5.3.
void retransmit_on_new_ack(struct tcp *tcp, struct tcp_conn *c);

// RFC 6298 5.4 to 5.7. The connection may have failed afterwards.
void retransmit_on_timeout(struct tcp *tcp, struct tcp_conn *c);

// The handshake is over: a sample from its SYN if that was sent once, at `sent_at`; else RFC 6298 5.7.
void retransmit_on_handshake(struct tcp *tcp, struct tcp_conn *c, plx_time sent_at,
			     bool was_resent);

// The same for our own SYN, which the retransmission timer has run for.
void retransmit_on_syn_acked(struct tcp *tcp, struct tcp_conn *c);

// What is unanswered was first sent that long ago.
void retransmit_note_silence(const struct tcp *tcp, struct tcp_conn *c, plx_duration since);

// RFC 5482: has the silence lasted USER_TIMEOUT? The timer is not to run past that.
bool retransmit_is_past_user_timeout(const struct tcp *tcp, const struct tcp_conn *c);
void retransmit_bound_by_user(const struct tcp *tcp, struct tcp_conn *c);

// USER_TIMEOUT was `limit_before`: the timer that runs goes by the new value, counted from when it began.
void retransmit_on_user_timeout(const struct tcp *tcp, struct tcp_conn *c,
				plx_duration limit_before);

// Adds a soft error to the connection's next event (RFC 9293 MUST-47); `error` is negative.
void conn_soft_error(struct tcp *tcp, struct tcp_conn *c, int error);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// The receive buffer grows with what the application reads in a round trip, up to RECEIVE_BUFFER_MAX: a sender that
// slow start doubles finds a window twice as wide as what has arrived.
// Called by tcp/user_data when something was read, by all who need to know how large the buffer is.
#ifndef TCP_RECV_TUNING_H
#define TCP_RECV_TUNING_H

#include "tcp/tcp.h"

// How large the buffer may get with these options.
uint32_t recv_tuning_most(const struct tcp *tcp, uint16_t profile);

// For recv_tuning_buffer() only.
uint32_t recv_tuning_grown(const struct tcp *tcp, const struct tcp_conn *c);

// How large it is.
static inline uint32_t recv_tuning_buffer(const struct tcp *tcp, const struct tcp_conn *c)
{
	if (c->rcv_grown > 0)
		return recv_tuning_grown(tcp, c);
	return (uint32_t)conn_option(tcp, c, PLX_OPTION_RECEIVE_BUFFER);
}

// The connection is established: measuring begins.
void recv_tuning_begin(const struct tcp *tcp, struct tcp_conn *c);

// For recv_tuning_on_read() only.
void recv_tuning_measure(const struct tcp *tcp, struct tcp_conn *c, uint32_t buffer);

// The application has read.
static inline void recv_tuning_on_read(const struct tcp *tcp, struct tcp_conn *c)
{
	uint32_t buffer = recv_tuning_buffer(tcp, c);

	if (conn_option(tcp, c, PLX_OPTION_RECEIVE_BUFFER_MAX) > buffer)
		recv_tuning_measure(tcp, c, buffer);
}

#endif

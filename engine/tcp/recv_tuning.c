// SPDX-License-Identifier: BSD-3-Clause
//
// What was read since the mark is looked at once per round trip. The buffer doubles while more than half of it is
// read in that time; it never shrinks, and does not grow while the stack's buffers run low.
// Called by tcp/user_data, tcp/recv_window, tcp/reassembly and the handshake.
#include "tcp/recv_tuning.h"

// Of `rcv_grown`.
enum { GROWN_MAX = 15 };

static uint32_t first_of(const struct tcp *tcp, uint16_t profile)
{
	return (uint32_t)option_profile_value(&tcp->profiles, profile, PLX_OPTION_RECEIVE_BUFFER);
}

uint32_t recv_tuning_most(const struct tcp *tcp, uint16_t profile)
{
	uint32_t most = (uint32_t)option_profile_value(&tcp->profiles, profile,
						       PLX_OPTION_RECEIVE_BUFFER_MAX);
	uint32_t first = first_of(tcp, profile);

	return most > first ? most : first;
}

uint32_t recv_tuning_grown(const struct tcp *tcp, const struct tcp_conn *c)
{
	uint64_t grown = (uint64_t)first_of(tcp, c->profile) << c->rcv_grown;
	uint32_t most = recv_tuning_most(tcp, c->profile);

	return grown < most ? (uint32_t)grown : most;
}

// What the application has read so far, as a sequence number.
static uint32_t reading_point(const struct tcp_conn *c)
{
	return c->rcv.nxt - c->rcv_bytes;
}

void recv_tuning_begin(const struct tcp *tcp, struct tcp_conn *c)
{
	c->rcv_mark = reading_point(c);
	c->rcv_mark_us = (uint32_t)duration_to_us(tcp->now);
}

void recv_tuning_measure(const struct tcp *tcp, struct tcp_conn *c, uint32_t buffer)
{
	uint32_t srtt_us = c->rtt.srtt_8th_us / 8;
	uint32_t elapsed_us, read_bytes;

	if (srtt_us == 0)
		return;
	elapsed_us = (uint32_t)duration_to_us(tcp->now) - c->rcv_mark_us;
	if (elapsed_us < srtt_us)
		return;
	read_bytes = reading_point(c) - c->rcv_mark;
	// Several round trips may have passed: it is the rate of one that counts.
	if ((uint64_t)read_bytes * srtt_us / elapsed_us > buffer / 2 && c->rcv_grown < GROWN_MAX
	    && tcp->mbufs_free > tcp->mbuf_low)
		c->rcv_grown++;
	recv_tuning_begin(tcp, c);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// What a passive open knows of its peer before the handshake is over, the SYN+ACK it sends and the control
// block it becomes; whether it was remembered in a half-open entry or came back in a SYN cookie.
// Called by tcp/half_open and tcp/syn_cookie.
#ifndef TCP_PASSIVE_OPEN_H
#define TCP_PASSIVE_OPEN_H

#include "tcp/listener.h"
#include "tcp/segment.h"

struct passive_open {
	uint32_t iss;
	uint32_t irs;
	uint32_t ts_recent;
	uint32_t ts_offset;
	uint16_t peer_mss;
	uint8_t peer_wscale : 4;
	bool has_window_scale : 1; // both sides offer it
	bool has_timestamps : 1;
	bool has_ecn : 1;
	uint8_t own_wscale; // as the SYN+ACK has it, whatever the listener's options become
};

// What a SYN says, and what of it the listener's options allow. The numbers of our side are left out.
void passive_open_of_syn(const struct tcp *tcp, const struct listener *listener,
			 const struct segment *seg, struct passive_open *open);

// The scale of our window by the listener's buffer, and the window that its SYN+ACKs announce.
uint8_t passive_open_wscale(const struct tcp *tcp, const struct listener *listener);
uint16_t passive_open_window(const struct tcp *tcp, const struct listener *listener);

// The SYN+ACK, the same each time but for TSval; in seg's mbuf where there is one that may be reused.
enum plx_drop passive_open_answer(struct tcp *tcp, const struct listener *listener,
				  const struct flow_key *key, const struct passive_open *open,
				  uint32_t ts_val, struct segment *seg);

// RFC 9293 3.10.7.4 fifth, SYN-RECEIVED: the control block, ESTABLISHED by `seg`; NULL when there is no room. It
// is entered in the flow table unless `is_listed`: then its place is the caller's to give.
struct tcp_conn *passive_open_establish(struct tcp *tcp, struct listener *listener,
					const struct passive_open *open, const struct segment *seg,
					bool is_listed);

// The user is to be told, and the segment may carry text.
enum verdict passive_open_finish(struct tcp *tcp, struct tcp_conn *c, struct segment *seg);

#endif

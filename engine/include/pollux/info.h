/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What can be known of a connection or a listener: the STATUS call of RFC 9293 3.10.6 with
 * the figures an operator knows from a kernel's tcp_info.
 */
#ifndef POLLUX_INFO_H
#define POLLUX_INFO_H

#include <pollux/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** RFC 9293 3.3.2. */
enum plx_state {
	PLX_STATE_CLOSED,
	PLX_STATE_LISTEN,
	PLX_STATE_SYN_SENT,
	PLX_STATE_SYN_RECEIVED,
	PLX_STATE_ESTABLISHED,
	PLX_STATE_FIN_WAIT_1,
	PLX_STATE_FIN_WAIT_2,
	PLX_STATE_CLOSE_WAIT,
	PLX_STATE_CLOSING,
	PLX_STATE_LAST_ACK,
	PLX_STATE_TIME_WAIT,
	PLX_STATE_COUNT
};

/** "ESTABLISHED" and so on; "?" outside the list. */
PLX_API const char *plx_state_name(enum plx_state state);

/** What becomes of the congestion window just now. */
enum plx_recovery {
	PLX_RECOVERY_NONE, /**< it grows, or waits for an application */
	PLX_RECOVERY_MARK, /**< comes down, the network having marked something (RFC 3168) */
	PLX_RECOVERY_FAST, /**< comes down while what duplicates told of is repaired (RFC 6582) */
	PLX_RECOVERY_TIMEOUT, /**< begins anew after a retransmission timeout (RFC 5681 3.1) */
};

struct plx_info {
	size_t size; /**< sizeof(struct plx_info), set by the caller */
	enum plx_state state;
	struct plx_addr local;
	struct plx_addr remote;
	uint16_t local_port;
	uint16_t remote_port;
	uint32_t iss; /**< initial send sequence number */
	uint32_t irs; /**< initial receive sequence number */
	uint32_t snd_una;
	uint32_t snd_nxt;
	uint32_t snd_wnd_bytes; /**< the peer's window, scaled */
	uint32_t rcv_nxt;
	uint32_t rcv_wnd_bytes; /**< the window last announced, less what came since */
	uint32_t cwnd_bytes;
	uint32_t ssthresh_bytes; /**< UINT32_MAX: no loss has set it yet */
	uint32_t
		pipe_bytes; /**< what is thought to be in the network: at most cwnd_bytes when something new is sent,
				     but for limited transmit (RFC 3042) and the probe of a lost tail */
	enum plx_recovery recovery;
	uint32_t mss_bytes; /**< largest payload sent (effective send MSS, RFC 9293 3.7.1) */
	uint32_t readable_bytes;
	uint32_t out_of_order_bytes;
	uint32_t unsent_bytes;
	uint32_t unacked_bytes;
	uint32_t
		urgent_bytes; /**< distance from the reading point to the end of urgent data; 0 = none */
	uint32_t backlog; /**< listener: established connections whose ACCEPTED was not fetched */
	plx_duration srtt;
	plx_duration rttvar;
	plx_duration rto;
	uint64_t retransmits; /**< segments of this connection sent again */
	uint8_t snd_wscale;
	uint8_t rcv_wscale;
	bool has_window_scale;
	bool has_timestamps;
	bool has_ecn;		       /**< both sides take part (RFC 3168) */
	uint32_t receive_buffer_bytes; /**< as RECEIVE_BUFFER says, or what it has grown to */
	uint32_t reordering;	       /**< duplicate acknowledgements that mean a loss */
	uint64_t pacing_bytes_per_s;   /**< 0: sending is not paced */
	int32_t soft_error;	       /**< last soft error, negative errno; 0 = none */
};

/**
 * Fills `info`. Returns 0; -EBADF stale handle; -EINVAL for a wrong size. A handle whose connection
 * has become a TIME_WAIT entry is stale: its last event has been given out. CLOSED is the state of one that is
 * over, whose data has not been read to the end.
 */
PLX_API int plx_get_info(struct plx_stack *stack, plx_conn conn, struct plx_info *info);

#ifdef __cplusplus
}
#endif

#endif

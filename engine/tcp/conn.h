// SPDX-License-Identifier: BSD-3-Clause
//
// One TCP connection: the TCB of RFC 9293 3.3.1. Owned by one core, never locked.
// The groups are the reasons to load it: a segment came (two lines), something may be sent (two
// lines), anything else (one line). docs/decisions/control-block.md holds the byte budget.
// Read and written by the rooms of tcp/; `state` is written by tcp/state alone.
#ifndef TCP_CONN_H
#define TCP_CONN_H

#include <assert.h>
#include <stdalign.h>
#include <stddef.h>

#include <pollux/info.h>

#include "base/flow_key.h"
#include "base/index.h"
#include "net/neighbor.h"
#include "tcp/rtt.h"

// A list of connections by one index each; a connection outside the list holds LIST_NONE.
#define CONN_UNLISTED (INDEX_NONE - 1)

// No loss has told yet where slow start ends (RFC 5681 3.1).
#define SSTHRESH_UNKNOWN UINT32_MAX

enum conn_flag {
	CONN_TIMESTAMPS = 1u << 0,   // both sides offered them (RFC 7323 3)
	CONN_ACK_NOW = 1u << 1,	     // the next output owes an acknowledgement
	CONN_FIN_QUEUED = 1u << 2,   // the user has ended sending; FIN follows the last byte
	CONN_FIN_SENT = 1u << 3,     // snd.nxt counts it
	CONN_FIN_RECEIVED = 1u << 4, // rcv.nxt counts it
	CONN_USER_CLOSED = 1u << 5,  // plx_close(): nobody will read
	CONN_READ_SHUT = 1u << 6,    // plx_shutdown(READ): arriving text is thrown away
	CONN_WANTS_WRITABLE = 1u << 7,
	CONN_UNFETCHED = 1u << 8, // ACCEPTED has not been fetched: the user does not know it yet
	CONN_ENDED = 1u << 9,	  // only the last event is left of it
	CONN_RST_OWED = 1u << 10, // the next output sends RST and lets go
	CONN_RECOVERY = 1u << 11, // fast recovery (RFC 6582), until snd.una reaches `recover`
	CONN_PERSIST = 1u << 12,  // rto_deadline is the persist timer's (RFC 9293 3.8.6.1)
	CONN_RETRANSMIT_HEAD = 1u << 13, // send the first unacknowledged segment again, once
	CONN_WINDOW_SCALE = 1u << 14,	 // both sides offered it (RFC 7323 2)
	CONN_OUT_OF_ORDER = 1u << 15,	 // something waits for a gap to be filled
	CONN_KEEPALIVE = 1u << 16,	 // coarse_deadline is the keep-alive's (RFC 9293 3.8.4)
	CONN_KEEPALIVE_PROBE = 1u << 17, // the next output sends one
	CONN_TOOK_OVER = 1u << 18,	 // stands for a TIME_WAIT entry until it is established
	CONN_SYN_RESENT = 1u << 19,	 // an acknowledgement of it gives no sample (Karn)
	CONN_OFF_WIRE = 1u << 20, // over, and out of the flow table; unread data waits for its user
	CONN_SYN_LOST = 1u << 21, // more than once: initial window of one segment (RFC 5681 3.1)
	CONN_ECN = 1u << 22,	  // both sides offered it (RFC 3168 6.1.1)
	CONN_ECE_OWED =
		1u << 23, // what is sent says that a mark was seen (RFC 3168 6.1.3, RFC 8257 3.2)
	CONN_CWR_OWED = 1u << 24, // the next new data says that cwnd was reduced (RFC 3168 6.1.2)
	CONN_CWR = 1u << 25,  // cwnd is being reduced for a mark, until snd.una reaches `recover`
	CONN_LOSS = 1u << 26, // a timeout's, until snd.una reaches `recover`
	CONN_FRTO = 1u << 27, // the first acknowledgement after a timeout decides (RFC 5682 2.1)
	CONN_FRTO_NEW = 1u << 28,    // the second one does; new data went out in between
	CONN_TAIL_PROBE = 1u << 29,  // the next output sends one (RFC 8985 7.3)
	CONN_TAIL_PROBED = 1u << 30, // one is out, until snd.una reaches `recover`
	CONN_TAIL_RESENT = 1u << 31, // it was nothing new
};

// Something is being repaired, reduced or found out; without any of these the window just grows.
enum {
	CONN_UNSETTLED = CONN_RECOVERY | CONN_CWR | CONN_LOSS | CONN_FRTO | CONN_FRTO_NEW
		| CONN_TAIL_PROBE | CONN_TAIL_PROBED | CONN_TAIL_RESENT,
};

// A TCP that retransmits what it has of the send queue, in records of one buffer each.
struct send_queue {
	uint32_t head;	 // first record not fully acknowledged
	uint32_t unsent; // first record not sent yet
	uint32_t tail;
	uint32_t bytes; // from snd.una to the end of the queue
};

// The most a congestion control may keep in a connection, beside what all of them share.
#define CONGESTION_STATE_BYTES 20

// HyStart++ (RFC 9406), while nothing was lost yet.
struct hystart {
	uint32_t window_end;  // the round ends when this is acknowledged
	uint32_t last_min_us; // least round-trip time of the round before
	uint32_t current_min_us;
	uint32_t baseline_min_us; // when Conservative Slow Start began
	uint8_t samples;	  // in this round
	uint8_t css_rounds;	  // begun, of Conservative Slow Start; 0: not in it
};

// While the window is being reduced and the loss repaired, and until it is known whether there was any.
struct loss {
	uint32_t flight;    // RecoverFS of RFC 6937: in flight when it began
	uint32_t delivered; // prr_delivered
	union {
		uint32_t out; // prr_out
		uint32_t
			resent_end; // after a timeout: how far F-RTO's first answer found it sent again
	};
	uint32_t pipe_prev; // of RFC 4015, what ssthresh goes back to; 0: nothing to take back
	union {
		uint32_t resent_ts; // TSval of the first retransmission (RFC 3522 3.2 step 2)
		uint32_t unacked;   // with nothing to take back: when SND.UNA moved last
	};
};

struct tcp_conn {
	// A segment arrives: enough for one that is in order, and for a pure ACK.
	alignas(CACHE_LINE) struct flow_key key;
	uint32_t generation; // of the handle, kept by the pool
	uint8_t state;	     // enum plx_state
	uint8_t snd_wscale : 4;
	uint8_t rcv_wscale : 4;
	uint16_t ts_recent_age; // when ts_recent was set; see timestamp_age_clock()
	struct {
		uint32_t una;
		uint32_t nxt; // highest sent + 1; never goes back
		uint32_t wnd;
		uint32_t wl1; // WL2 is never ahead of una, so every ACK that gets so far passes it
	} snd;
	struct {
		uint32_t nxt;
		uint32_t adv; // right edge of the window: never moves left (RFC 9293 3.8.6)
	} rcv;
	uint32_t ts_recent;	   // RFC 7323 4.3
	uint32_t flags;		   // of enum conn_flag
	uint32_t ts_offset;	   // what our timestamps are moved by (RFC 7323 5.4)
	uint32_t rcv_mark;	   // where reading was when the measurement of recv_tuning began
	struct rte_mbuf *rcv_head; // in order, for the user
	struct rte_mbuf *rcv_tail;
	uint32_t rcv_bytes;
	uint16_t events;      // of enum plx_event_mask, pending
	uint8_t ack_segs;     // segments received since an acknowledgement went out
	uint8_t acks_owed;    // acknowledgements that each need a segment of their own
	uint32_t ready_next;  // the ready list
	uint32_t output_next; // the output list: the next one of its strand
	void *user;

	// Something may be sent, or was acknowledged.
	alignas(CACHE_LINE) struct send_queue queue;
	uint32_t cwnd;
	uint32_t ssthresh;
	uint32_t rtx;	  // after a timeout: next sequence number to send again; else snd.nxt
	uint32_t recover; // RFC 6582 3.2
	struct rtt rtt;
	uint16_t mss;	       // effective send MSS: payload of a full segment
	uint16_t profile;      // options, interned
	plx_time rto_deadline; // retransmission or persist, exact; PLX_TIME_NEVER: off
	plx_time ack_deadline; // delayed ACK, exact; PLX_TIME_NEVER: off
	// The second line of the group.
	plx_time fine_armed;	      // what the fine wheel knows: never later than the two above
	struct neighbor_ref neighbor; // the next hop
	uint32_t max_snd_wnd;	      // largest window the peer offered (RFC 9293 3.8.6.2.1)
	uint32_t last_sent_ms;	// of data, greatest age 24 days: restart after idle (RFC 5681 4.1)
	uint16_t pseudo_sum;	// partial checksum of the pseudo header, folded
	uint16_t dupacks;	// as many segments are at the peer, behind a gap
	uint8_t reordering : 5; // duplicates that mean a loss; 3 unless the path reorders
	uint8_t has_data_rtt : 1;    // a round trip of data was measured, not only the handshake's
	uint8_t has_partial_ack : 1; // in this recovery (RFC 6582 4, the impatient variant)
	uint8_t is_cwnd_limited : 1; // the last output stopped at cwnd, not for lack of data
	uint8_t backoff; // retransmissions of the oldest segment, or probes, without an answer
	uint8_t probes_unanswered; // of the persist timer, or of keep-alive while that is off
	uint8_t congestion : 3;	   // index of the congestion control
	uint8_t is_paced : 1;
	uint8_t rcv_grown : 4;	// the receive buffer has doubled so often
	uint32_t pace_until_us; // nothing new is sent before, truncated; 0: at once
	uint32_t rcv_mark_us;	// when the measurement of recv_tuning began, truncated
	uint32_t retransmits;
	alignas(4) uint8_t congestion_state[CONGESTION_STATE_BYTES];

	// Anything else.
	union {
		// Keep-alive, or FIN_WAIT_2, or TIME_WAIT that the user still holds; or, off the wire, the end.
		plx_time coarse_deadline;
		struct { // while CONN_UNFETCHED: whose backlog it counts in
			uint32_t listener;
			uint32_t listener_generation;
		};
	};
	struct rte_mbuf *ooo_head; // sorted, no overlaps
	uint32_t ooo_bytes;
	uint32_t ooo_truesize;
	uint32_t iss;
	uint32_t irs;
	union {
		uint32_t urgent;      // RCV.UP: sequence number after the last urgent byte
		uint32_t predecessor; // with CONN_TOOK_OVER: the TIME_WAIT entry
	};
	uint32_t stalled_ms; // first sending of what is unanswered since; greatest age 49 days
	union {
		struct hystart hystart; // while ssthresh is SSTHRESH_UNKNOWN
		struct loss loss;
	};
	uint16_t peer_mss;  // what the peer announced, or the default
	uint8_t error;	    // of the last event: a positive errno
	uint8_t soft_error; // a positive errno; 0: none
};
static_assert(offsetof(struct tcp_conn, queue) == 2 * CACHE_LINE, "input reads two lines");
static_assert(offsetof(struct tcp_conn, fine_armed) == 3 * CACHE_LINE, "timers begin a line");
static_assert(offsetof(struct tcp_conn, coarse_deadline) == 4 * CACHE_LINE,
	      "what else begins a line");
static_assert(sizeof(struct tcp_conn) == 5 * CACHE_LINE, "ten million connections in 3.2 GB");

// As far as a segment with text and a new acknowledgement touches it, or the turn that answers.
static inline void conn_prefetch(const struct tcp_conn *c)
{
	for (unsigned i = 0; i < offsetof(struct tcp_conn, coarse_deadline) / CACHE_LINE; i++)
		__builtin_prefetch((const uint8_t *)c + (size_t)i * CACHE_LINE);
}

static inline bool conn_has(const struct tcp_conn *c, unsigned flags)
{
	return (c->flags & flags) != 0;
}

static inline bool conn_is_ipv6(const struct tcp_conn *c)
{
	return !plx_addr_is_ipv4(&c->key.remote);
}

// Bytes (and SYN or FIN) sent and not yet acknowledged.
static inline uint32_t conn_unacked(const struct tcp_conn *c)
{
	return c->snd.nxt - c->snd.una;
}

// What was sent and counts: after a timeout only what was sent since.
static inline uint32_t conn_flight(const struct tcp_conn *c)
{
	return c->rtx - c->snd.una;
}

// The user has ended sending, and FIN is still to go.
static inline bool conn_has_fin_to_send(const struct tcp_conn *c)
{
	return (c->flags & (CONN_FIN_QUEUED | CONN_FIN_SENT)) == CONN_FIN_QUEUED;
}

// Neither a loss nor a mark is being dealt with.
static inline bool conn_is_undisturbed(const struct tcp_conn *c)
{
	return !conn_has(c, CONN_RECOVERY | CONN_CWR | CONN_LOSS);
}

// RCV.WND as the peer knows it.
static inline uint32_t conn_rcv_wnd(const struct tcp_conn *c)
{
	return c->rcv.adv - c->rcv.nxt;
}

// The handshake is over and a control block stands for it.
static inline bool conn_is_synchronized(const struct tcp_conn *c)
{
	return c->state >= PLX_STATE_ESTABLISHED;
}

#endif

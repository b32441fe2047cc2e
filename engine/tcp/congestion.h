// SPDX-License-Identifier: BSD-3-Clause
//
// Congestion control as a table of functions (RFC 5681, RFC 9743 for what may stand in it), chosen per
// connection by index. An algorithm says how cwnd grows and how far it falls, and keeps its own state in the
// connection; how it comes down is tcp/reduction's.
// Called by tcp/ack, tcp/reduction, tcp/retransmit and tcp/output.
#ifndef TCP_CONGESTION_H
#define TCP_CONGESTION_H

#include "tcp/ack.h"
#include "tcp/conn.h"

struct congestion_ops {
	const char *name;
	// The handshake is over: cwnd is the initial window (RFC 6928).
	void (*init)(struct tcp_conn *c);
	// New data was acknowledged, and nothing is being reduced or repaired; or it is after a timeout.
	void (*on_ack)(struct tcp_conn *c, const struct ack_news *news);
	// New data was acknowledged, whatever else goes on. NULL: of no interest.
	void (*observe)(struct tcp_conn *c, const struct ack_news *news);
	// A loss was seen with so much in flight: the new ssthresh (RFC 5681 equation 4); two segments are the
	// least, the caller sees to that.
	uint32_t (*ssthresh)(struct tcp_conn *c, uint32_t flight_bytes);
	// A mark was seen. NULL: as for a loss.
	uint32_t (*ssthresh_on_mark)(struct tcp_conn *c);
	// All that was in flight counts as lost; ssthresh() was asked before. NULL: the same.
	void (*on_timeout)(struct tcp_conn *c);
	// cwnd was set by somebody else: after idle time, or because a reduction was taken back. NULL: the same.
	void (*on_restart)(struct tcp_conn *c);
	// Is cwnd held where it is, whatever happens?
	bool is_fixed;
	// Does it need ECN, and an echo of each mark rather than one until CWR (RFC 8257 3.2)?
	bool echoes_every_mark;
};

enum congestion_index {
	CONGESTION_NEWRENO,
	CONGESTION_FIXED,
	CONGESTION_CUBIC,
	CONGESTION_DCTCP,
	CONGESTION_COUNT
};

static_assert(CONGESTION_COUNT <= 8, "the index has three bits");

extern const struct congestion_ops congestion_newreno;
extern const struct congestion_ops congestion_fixed;
extern const struct congestion_ops congestion_cubic;
extern const struct congestion_ops congestion_dctcp;

const struct congestion_ops *congestion_by_index(unsigned index);

static inline const struct congestion_ops *congestion_of(const struct tcp_conn *c)
{
	return congestion_by_index(c->congestion);
}

// Does it leave everything as it is that new data was acknowledged? In slow start, while the window was not used
// up; DCTCP counts whatever is acknowledged.
static inline bool congestion_is_indifferent(const struct tcp_conn *c)
{
	return !c->is_cwnd_limited && c->cwnd < c->ssthresh && c->congestion != CONGESTION_DCTCP;
}

// The initial window of `segments` full ones in bytes (RFC 6928 2).
uint32_t congestion_initial_window(const struct tcp_conn *c, uint32_t segments);

// Sets the initial window, of `segments` full ones (RFC 6928 2), and lets the algorithm begin.
void congestion_begin(struct tcp_conn *c, uint32_t segments);

// Another algorithm takes over, from the window that there is.
void congestion_change(struct tcp_conn *c, unsigned index);

// New data was acknowledged with nothing in the way of growth.
void congestion_on_ack(struct tcp_conn *c, const struct ack_news *news);

// ssthresh after a loss with so much in flight, or after a mark.
uint32_t congestion_ssthresh(struct tcp_conn *c, uint32_t flight_bytes);
uint32_t congestion_ssthresh_on_mark(struct tcp_conn *c);

// RFC 5681 4.1: after an idle time longer than the RTO cwnd falls back to the initial window.
void congestion_on_idle(struct tcp_conn *c, uint32_t segments);

// RFC 5681 3.1: a retransmission timeout, the first for this data when `is_first`.
void congestion_on_timeout(struct tcp_conn *c, bool is_first);

// Much more was lost than a window's share: ssthresh anew, and slow start from `cwnd` or less.
void congestion_on_overshoot(struct tcp_conn *c, uint32_t ssthresh, uint32_t cwnd);

// A hole was filled: what that lets go at once is at most what a connection begins with (RFC 6928 2), slow
// start does the rest.
void congestion_limit_burst(struct tcp_conn *c);

// For a while cwnd is what something else than the algorithm says. Nothing happens where it is fixed.
void congestion_set_cwnd(struct tcp_conn *c, uint32_t cwnd);

// A reduction is taken back (RFC 4015 3 step 8).
void congestion_restore(struct tcp_conn *c, uint32_t cwnd, uint32_t ssthresh);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// CUBIC (RFC 9438): after a loss the window comes back to where it was along a cubic of the time that has passed,
// slowly near that point, faster beyond it; never slower than Reno would. In integers: bytes and milliseconds,
// C = 0.4 segments/s^3, beta = 0.7.
// Called through the table of tcp/congestion.
#include "tcp/slow_start.h"

#include "base/clock.h"

struct cubic {
	uint32_t w_max;	    // W_max: the window at the last reduction, or where this epoch began
	uint32_t epoch_ms;  // when it began, greatest age 49 days; 0: not yet
	uint32_t k_ms;	    // K: when the cubic reaches W_max
	uint32_t w_est;	    // the window that Reno would have (4.3)
	uint32_t est_bytes; // acknowledged, and not counted in w_est yet
};
static_assert(sizeof(struct cubic) <= CONGESTION_STATE_BYTES, "fits the connection");

enum {
	BETA_TENTHS = 7,
	ALPHA_NUMERATOR = 9, // alpha = 3 (1 - beta) / (1 + beta) = 9 / 17
	ALPHA_DENOMINATOR = 17,
	AWAY_MAX_MS = 100000, // from K; the cubic is steep enough there
};

static struct cubic *state_of(struct tcp_conn *c)
{
	return (struct cubic *)(void *)c->congestion_state;
}

static void init(struct tcp_conn *c)
{
	*state_of(c) = (struct cubic){0};
}

// Rounded down, bit by bit.
static uint32_t cube_root(uint64_t x)
{
	uint64_t root = 0;

	for (int shift = 63; shift >= 0; shift -= 3) {
		uint64_t next;

		root *= 2;
		next = 3 * root * (root + 1) + 1;
		if (x >> shift >= next) {
			x -= next << shift;
			root++;
		}
	}
	return (uint32_t)root;
}

// 4.2, equation 2: K = cbrt((W_max - cwnd) / C), the difference in segments; C = 2 / 5 per s^3.
static uint32_t k_of(const struct tcp_conn *c, uint32_t w_max)
{
	uint64_t below = w_max - c->cwnd;

	return cube_root(below * UINT64_C(2500000000) / c->mss);
}

static void begin_epoch(struct tcp_conn *c, uint32_t now_ms)
{
	struct cubic *cubic = state_of(c);

	if (cubic->w_max <= c->cwnd) {
		cubic->w_max = c->cwnd;
		cubic->k_ms = 0;
	} else {
		cubic->k_ms = k_of(c, cubic->w_max);
	}
	cubic->epoch_ms = now_ms == 0 ? 1 : now_ms;
	cubic->w_est = c->cwnd;
	cubic->est_bytes = 0;
}

// 4.2, equation 1: W_cubic(t) = C (t - K)^3 + W_max.
static int64_t w_cubic(const struct tcp_conn *c, const struct cubic *cubic, uint64_t t_ms)
{
	int64_t away = (int64_t)t_ms - cubic->k_ms;
	int64_t cube;

	if (away > AWAY_MAX_MS)
		away = AWAY_MAX_MS;
	if (away < -AWAY_MAX_MS)
		away = -AWAY_MAX_MS;
	cube = away * away * away; // ms^3; C = 4 / 10 segments per 10^9 ms^3
	return cube / 10000 * c->mss * 4 / 1000000 + cubic->w_max;
}

// 4.3: alpha segments per window acknowledged, one of them from where the loss was.
static void grow_estimate(struct tcp_conn *c, struct cubic *cubic, uint32_t acked_bytes)
{
	bool is_past = (uint64_t)cubic->w_est * BETA_TENTHS >= (uint64_t)c->ssthresh * 10;
	uint64_t numerator = (uint64_t)c->mss * (is_past ? 1 : ALPHA_NUMERATOR);
	uint64_t denominator = (uint64_t)c->cwnd * (is_past ? 1 : ALPHA_DENOMINATOR);
	uint64_t grown;

	cubic->est_bytes += acked_bytes;
	grown = cubic->est_bytes * numerator / denominator;
	if (grown == 0)
		return;
	cubic->w_est += (uint32_t)grown;
	cubic->est_bytes -= (uint32_t)(grown * denominator / numerator);
}

// 4.4 and 4.5: towards the cubic of a round trip ahead, by at most half a window in one.
static void approach(struct tcp_conn *c, int64_t target, uint32_t acked_bytes)
{
	int64_t most = (int64_t)c->cwnd + c->cwnd / 2;

	if (target > most)
		target = most;
	if (target > c->cwnd)
		c->cwnd += (uint32_t)((uint64_t)(target - c->cwnd) * acked_bytes / c->cwnd);
}

static void avoid_congestion(struct tcp_conn *c, const struct ack_news *news)
{
	struct cubic *cubic = state_of(c);
	uint32_t now_ms = (uint32_t)duration_to_ms(news->now);
	uint32_t srtt_ms = c->rtt.srtt_8th_us / 8 / 1000;
	uint32_t t_ms;

	if (cubic->epoch_ms == 0)
		begin_epoch(c, now_ms);
	t_ms = now_ms - cubic->epoch_ms;
	grow_estimate(c, cubic, news->acked_bytes);
	if (w_cubic(c, cubic, t_ms) < cubic->w_est) {
		if (cubic->w_est > c->cwnd)
			c->cwnd = cubic->w_est;
	} else {
		approach(c, w_cubic(c, cubic, (uint64_t)t_ms + srtt_ms), news->acked_bytes);
	}
}

static void on_ack(struct tcp_conn *c, const struct ack_news *news)
{
	if (is_in_slow_start(c))
		slow_start_on_ack(c, news);
	else if (news->was_cwnd_limited)
		avoid_congestion(c, news);
	else
		state_of(c)->epoch_ms = 0; // 5.8: the time in which it was not used does not count
}

// 4.6, and 4.7: whoever did not get back to where it was gives way a little more. The formulas count in segments:
// so does this, rounding up, since what is left of one would not be sent.
static uint32_t ssthresh(struct tcp_conn *c, uint32_t flight_bytes)
{
	struct cubic *cubic = state_of(c);

	cubic->w_max = c->cwnd < cubic->w_max
		? (uint32_t)((uint64_t)c->cwnd * (10 + BETA_TENTHS) / 20)
		: c->cwnd;
	cubic->epoch_ms = 0;
	return (uint32_t)(((uint64_t)flight_bytes * BETA_TENTHS / 10 + c->mss - 1) / c->mss
			  * c->mss);
}

// 4.8: what follows begins where slow start ends, and aims at nothing.
static void on_timeout(struct tcp_conn *c)
{
	state_of(c)->w_max = 0;
}

static void on_restart(struct tcp_conn *c)
{
	state_of(c)->epoch_ms = 0;
}

const struct congestion_ops congestion_cubic = {
	.name = "cubic",
	.init = init,
	.on_ack = on_ack,
	.ssthresh = ssthresh,
	.on_timeout = on_timeout,
	.on_restart = on_restart,
};

// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9406 4.2 and 4.3: a round-trip time that rises tells of a queue before that overflows. Then cwnd grows more
// slowly for some rounds (Conservative Slow Start), which end slow start unless the rise was a passing one.
// Called by the congestion controls.
#include "tcp/slow_start.h"

#include "base/clock.h"
#include "base/min.h"
#include "tcp/seq.h"

enum {
	MIN_RTT_THRESH_US = 4000,
	MAX_RTT_THRESH_US = 16000,
	MIN_RTT_DIVISOR = 8,
	N_RTT_SAMPLE = 8,
	CSS_GROWTH_DIVISOR = 4,
	CSS_ROUNDS = 5,
	L_HYSTART = 8, // segments that one acknowledgement may count for, unless sending is paced
	L_RESTART = 2, // RFC 3465 2.2, when ssthresh is known
	L_AFTER_LOSS = 1, // RFC 3465 2.3, after a timeout
};

#define RTT_UNKNOWN UINT32_MAX

void slow_start_begin(struct tcp_conn *c)
{
	c->hystart = (struct hystart){
		.window_end = c->snd.nxt,
		.last_min_us = RTT_UNKNOWN,
		.current_min_us = RTT_UNKNOWN,
		.baseline_min_us = RTT_UNKNOWN,
	};
}

// A round is over when what was the end of what was sent at its begin is acknowledged.
static void on_round(struct tcp_conn *c)
{
	struct hystart *hystart = &c->hystart;

	hystart->last_min_us = hystart->current_min_us;
	hystart->current_min_us = RTT_UNKNOWN;
	hystart->samples = 0;
	hystart->window_end = c->snd.nxt;
	if (hystart->css_rounds > 0 && hystart->css_rounds++ == CSS_ROUNDS)
		c->ssthresh = c->cwnd;
}

static bool has_risen(const struct hystart *hystart)
{
	uint32_t threshold = hystart->last_min_us / MIN_RTT_DIVISOR;

	if (threshold < MIN_RTT_THRESH_US)
		threshold = MIN_RTT_THRESH_US;
	threshold = min_u32(threshold, MAX_RTT_THRESH_US);
	return hystart->last_min_us != RTT_UNKNOWN
		&& hystart->current_min_us >= hystart->last_min_us + threshold;
}

static void on_sample(struct hystart *hystart, uint32_t rtt_us)
{
	hystart->current_min_us = min_u32(hystart->current_min_us, rtt_us);
	if (hystart->samples < N_RTT_SAMPLE)
		hystart->samples++;
	if (hystart->samples < N_RTT_SAMPLE)
		return;
	if (hystart->css_rounds == 0 && has_risen(hystart)) {
		hystart->baseline_min_us = hystart->current_min_us;
		hystart->css_rounds = 1;
	} else if (hystart->css_rounds > 0 && hystart->current_min_us < hystart->baseline_min_us) {
		hystart->baseline_min_us = RTT_UNKNOWN;
		hystart->css_rounds = 0;
	}
}

static void hystart_on_ack(struct tcp_conn *c, const struct ack_news *news)
{
	uint32_t limit = c->is_paced ? UINT32_MAX : (uint32_t)L_HYSTART * c->mss;
	uint32_t growth = min_u32(news->acked_bytes, limit);

	// A window that was not used has filled no queue.
	if (!news->was_cwnd_limited)
		return;
	c->cwnd += c->hystart.css_rounds > 0 ? growth / CSS_GROWTH_DIVISOR : growth;
	if (news->has_rtt)
		on_sample(&c->hystart, (uint32_t)duration_to_us(news->rtt));
	if (seq_is_at_or_after(c->snd.una, c->hystart.window_end))
		on_round(c);
}

// After a timeout one acknowledgement counts for one segment. But where it goes beyond what was sent again, that has
// all arrived, and most of the rest had before: the window doubles as if each had been acknowledged.
static uint32_t limit_after_loss(const struct tcp_conn *c, const struct ack_news *news)
{
	return news->acked_bytes > news->flight_before ? news->flight_before
						       : (uint32_t)L_AFTER_LOSS * c->mss;
}

void slow_start_on_ack(struct tcp_conn *c, const struct ack_news *news)
{
	uint32_t limit = conn_has(c, CONN_LOSS) ? limit_after_loss(c, news)
						: (uint32_t)L_RESTART * c->mss;

	if (c->ssthresh == SSTHRESH_UNKNOWN)
		hystart_on_ack(c, news);
	else if (news->was_cwnd_limited)
		c->cwnd += min_u32(news->acked_bytes, limit);
}

void reno_on_ack(struct tcp_conn *c, const struct ack_news *news, uint32_t *acked_bytes)
{
	if (is_in_slow_start(c)) {
		slow_start_on_ack(c, news);
		return;
	}
	// RFC 7661's spirit: a window that was not used says nothing about the path.
	if (!news->was_cwnd_limited)
		return;
	*acked_bytes += news->acked_bytes;
	if (*acked_bytes >= c->cwnd) {
		*acked_bytes -= c->cwnd;
		c->cwnd += c->mss;
	}
}

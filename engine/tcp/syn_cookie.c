// SPDX-License-Identifier: BSD-3-Clause
//
// A cookie is 28 bits of proof and 4 bits of news: which of eight segment sizes, and whether the period was
// even. The proof mixes the tuple's SipHash (the one of tcp/isn, so a SYN costs one) with the peer's sequence
// number and the period of 64 s; nobody knows the hash of a tuple that is not his own. Window scale
// travels in the lowest four bits of TSval, whose echo the handshake's last ACK brings back.
// Called by tcp/half_open and tcp/input_listen.
#include "tcp/syn_cookie.h"

#include "tcp/isn.h"
#include "tcp/passive_open.h"
#include "tcp/reset.h"
#include "tcp/timestamps.h"

#define PERIOD (64 * PLX_SECOND)

enum {
	NEWS_BITS = 4,
	NEWS_MASK = (1 << NEWS_BITS) - 1,
	NO_WINDOW_SCALE = 15, // in TSval: greater than any scale
	TS_NEWS_MASK = 15,
	SIZES = 8,
};

// What is offered is rounded down to one of these.
static const uint16_t sizes[FAMILIES][SIZES] = {
	[FAMILY_IPV4] = {64, 256, 536, 1024, 1300, 1400, 1460, 8960},
	[FAMILY_IPV6] = {64, 536, 1024, 1220, 1340, 1420, 1440, 8940},
};

static unsigned size_index(enum family family, uint16_t mss)
{
	unsigned idx = SIZES - 1;

	while (idx > 0 && sizes[family][idx] > mss)
		idx--;
	return idx;
}

// Every bit of the result depends on every bit of what goes in.
static uint64_t mix(uint64_t x)
{
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 32;
}

// The scale of our own window belongs to it: a cookie is void when the listener's buffer has changed that.
static uint32_t proof_of(const struct isn *isn, const struct passive_open *open, uint64_t period)
{
	return (uint32_t)mix(mix(isn->tuple ^ period ^ (uint64_t)open->own_wscale << 60)
			     + open->irs);
}

static uint64_t period_of(const struct tcp *tcp)
{
	return tcp->now / PERIOD;
}

// Our timestamp as it is, but for the bits that carry the news; never ahead of the clock.
static uint32_t ts_with_news(const struct tcp *tcp, uint32_t offset, unsigned wscale)
{
	uint32_t clock = timestamp_now(tcp, 0);
	uint32_t carrier = (clock & ~(uint32_t)TS_NEWS_MASK) | wscale;

	return (seq_is_after(carrier, clock) ? carrier - (TS_NEWS_MASK + 1) : carrier) + offset;
}

enum verdict syn_cookie_answer(struct tcp *tcp, const struct listener *listener,
			       struct segment *seg)
{
	struct isn isn = isn_of(tcp, &seg->key);
	uint64_t period = period_of(tcp);
	struct passive_open open;
	unsigned news, wscale;
	enum plx_drop drop;

	passive_open_of_syn(tcp, listener, seg, &open);
	news = size_index(family_of(&seg->key.remote), open.peer_mss) << 1 | (period & 1);
	wscale = open.has_window_scale ? open.peer_wscale : NO_WINDOW_SCALE;
	// Without timestamps nothing could bring the scale back.
	open.has_window_scale = open.has_window_scale && open.has_timestamps;
	open.has_ecn = false; // nor does it come back
	open.iss = proof_of(&isn, &open, period) ^ news;
	tcp->cookies_until = (period + 2) * PERIOD;
	drop = passive_open_answer(tcp, listener, &seg->key, &open,
				   ts_with_news(tcp, isn.ts_offset, wscale), seg);
	if (drop != PLX_DROP_NONE)
		return segment_drop(seg, drop);
	tcp_count(tcp, PLX_COUNTER_TCP_COOKIES_SENT);
	return SEGMENT_ANSWERED;
}

// What the cookie says, when it is one of this or the last period.
static bool read_cookie(const struct tcp *tcp, const struct segment *seg, const struct isn *isn,
			struct passive_open *open)
{
	uint32_t cookie = seg->tcp.ack - 1;

	for (unsigned age = 0; age < 2; age++) {
		uint64_t period = period_of(tcp) - age;
		uint32_t news = cookie ^ proof_of(isn, open, period);

		if (news >> NEWS_BITS != 0 || (news & 1) != (period & 1))
			continue;
		open->iss = cookie;
		open->ts_offset = isn->ts_offset;
		open->peer_mss = sizes[family_of(&seg->key.remote)][(news & NEWS_MASK) >> 1];
		return true;
	}
	return false;
}

static void read_timestamps(const struct tcp *tcp, const struct listener *listener,
			    const struct segment *seg, struct passive_open *open)
{
	uint32_t carrier = seg->tcp.options.ts_ecr - open->ts_offset;

	open->has_timestamps = seg->tcp.options.has_timestamps
		&& option_profile_value(&tcp->profiles, listener->profile, PLX_OPTION_TIMESTAMPS)
			!= 0;
	if (!open->has_timestamps)
		return;
	open->ts_recent = seg->tcp.options.ts_val;
	open->has_window_scale = (carrier & TS_NEWS_MASK) != NO_WINDOW_SCALE
		&& option_profile_value(&tcp->profiles, listener->profile, PLX_OPTION_WINDOW_SCALE)
			!= 0;
	open->peer_wscale = open->has_window_scale ? carrier & TS_NEWS_MASK : 0;
}

static struct passive_open blank_for(const struct tcp *tcp, const struct listener *listener,
				     const struct segment *seg)
{
	return (struct passive_open){
		.irs = seg->tcp.seq - 1,
		.own_wscale = passive_open_wscale(tcp, listener),
	};
}

bool syn_cookie_is_valid(const struct tcp *tcp, const struct listener *listener,
			 const struct segment *seg)
{
	struct passive_open open = blank_for(tcp, listener, seg);
	struct isn isn = isn_of(tcp, &seg->key);

	return syn_cookie_is_expected(tcp) && read_cookie(tcp, seg, &isn, &open);
}

enum verdict syn_cookie_accept(struct tcp *tcp, struct listener *listener, struct segment *seg)
{
	struct isn isn = isn_of(tcp, &seg->key);
	struct passive_open open = blank_for(tcp, listener, seg);
	struct tcp_conn *c;

	if (!read_cookie(tcp, seg, &isn, &open))
		return reset_nobody(tcp, seg, PLX_DROP_TCP_NO_CONNECTION);
	if (listener->unfetched >= listener->backlog) // nothing is kept that could wait
		return reset_nobody(tcp, seg, PLX_DROP_TCP_LISTENER_BACKLOG);
	read_timestamps(tcp, listener, seg, &open);
	c = passive_open_establish(tcp, listener, &open, seg, false);
	if (c == NULL)
		return segment_drop(seg, PLX_DROP_TCP_CONNECTIONS_FULL);
	tcp_count(tcp, PLX_COUNTER_TCP_COOKIES_ACCEPTED);
	return passive_open_finish(tcp, c, seg);
}

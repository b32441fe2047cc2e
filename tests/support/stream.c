// SPDX-License-Identifier: BSD-3-Clause
//
// A pattern sent and judged, see stream.h.
// Sizes and calls are drawn from the stream's own dice, so that a seed repeats a run.
// Called by support/transfer.
#include "support/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <rte_mbuf.h>

#include "support/mbufs.h"
#include "support/pattern.h"

enum {
	PIECE_MAX_BYTES = 20000,
	COOKIES = 16,
	MILLION = 1000000,
};

enum way { BY_COPY, BY_MBUF, BY_REFERENCE, WAYS };

void stream_init(struct stream *s, uint32_t salt_out, uint64_t to_send, uint32_t salt_in,
		 uint64_t to_receive)
{
	*s = (struct stream){
		.salt_out = salt_out,
		.salt_in = salt_in,
		.to_send = to_send,
		.to_receive = to_receive,
		.data = malloc(to_send + 1),
	};
	if (s->data == NULL)
		abort();
	pattern_fill(s->data, to_send, salt_out, 0);
	random_init_seed(&s->random, (uint64_t)salt_out << 32 | salt_in);
}

void stream_fini(struct stream *s)
{
	free(s->data);
}

void stream_on_event(struct stream *s, const struct plx_event *event)
{
	if ((event->mask & (PLX_EVENT_ACCEPTED | PLX_EVENT_CONNECTED)) != 0)
		s->is_open = true;
	if ((event->mask & (PLX_EVENT_CLOSED | PLX_EVENT_FAILED)) != 0) {
		s->last_mask = event->mask;
		s->last_error = event->error;
		s->is_open = false;
	}
}

static int64_t send_mbuf(struct stream *s, struct pair_side *side, size_t len_bytes)
{
	struct rte_mbuf *m;
	int rc;

	if (len_bytes > MBUFS_DATA_BYTES)
		len_bytes = MBUFS_DATA_BYTES;
	m = mbufs_frame(side->config.pool, s->data + s->sent, len_bytes, 0);
	rc = plx_send_mbuf(side->stack, s->conn, m);
	if (rc == 0)
		return (int64_t)len_bytes;
	rte_pktmbuf_free(m);
	return rc;
}

static int64_t send_external(struct stream *s, struct pair_side *side, size_t len_bytes)
{
	struct plx_external external = {
		.data = s->data + s->sent,
		.len_bytes = (uint32_t)len_bytes,
		.cookie = (uintptr_t)s,
		.wants_sent = true,
	};
	int64_t taken = plx_send_external(side->stack, s->conn, &external);

	s->cookies_wanted += taken > 0;
	return taken;
}

static int64_t send_piece(struct stream *s, struct pair_side *side)
{
	size_t len_bytes = 1 + random_below(&s->random, PIECE_MAX_BYTES);
	enum way way = (enum way)random_below(&s->random, WAYS);

	if (len_bytes > s->to_send - s->sent)
		len_bytes = s->to_send - s->sent;
	if (way == BY_MBUF)
		return send_mbuf(s, side, len_bytes);
	if (way == BY_REFERENCE)
		return send_external(s, side, len_bytes);
	return plx_send(side->stack, s->conn, s->data + s->sent, len_bytes);
}

static void send_what_fits(struct stream *s, struct pair *pair, struct pair_side *side)
{
	while (s->sent < s->to_send) {
		int64_t taken = send_piece(s, side);

		if (taken == -EAGAIN)
			return;
		if (taken <= 0)
			pair_fail(pair, "a sending call: %" PRId64, taken);
		s->sent += (uint64_t)taken;
	}
	if (!s->has_shut && plx_shutdown(side->stack, s->conn, PLX_SHUTDOWN_WRITE) != 0)
		pair_fail(pair, "plx_shutdown refuses");
	s->has_shut = true;
}

static void judge_received(struct stream *s, struct pair *pair, const void *bytes, size_t len_bytes)
{
	size_t matched = pattern_match(bytes, len_bytes, s->salt_in, s->received);

	if (matched != len_bytes)
		pair_fail(pair, "byte %" PRIu64 " is not what was sent", s->received + matched);
	s->received += len_bytes;
	if (s->received > s->to_receive)
		pair_fail(pair, "more was received than sent");
}

// How many bytes; 0 at the end, or a negative errno.
static int64_t read_piece(struct stream *s, struct pair *pair, struct pair_side *side)
{
	static uint8_t bytes[PIECE_MAX_BYTES];
	struct rte_mbuf *m = NULL;
	int64_t n;

	if (random_below(&s->random, 2) == 0) {
		n = plx_recv(side->stack, s->conn, bytes,
			     1 + random_below(&s->random, sizeof(bytes)), 0);
		if (n > 0)
			judge_received(s, pair, bytes, (size_t)n);
		return n;
	}
	n = plx_recv_mbuf(side->stack, s->conn, &m);
	if (n != 0 || m == NULL)
		return n;
	n = m->data_len;
	judge_received(s, pair, rte_pktmbuf_mtod(m, void *), m->data_len);
	rte_pktmbuf_free(m);
	return n;
}

static void read_what_came(struct stream *s, struct pair *pair, struct pair_side *side)
{
	int64_t n;

	do {
		n = read_piece(s, pair, side);
	} while (n > 0);
	if (n == -EAGAIN)
		return;
	if (n != 0)
		pair_fail(pair, "a reading call: %" PRId64, n);
	if (s->received != s->to_receive)
		pair_fail(pair, "the end came after %" PRIu64 " of %" PRIu64 " bytes", s->received,
			  s->to_receive);
	s->has_end = true;
}

static void fetch_cookies(struct stream *s, struct pair *pair, struct pair_side *side)
{
	uint64_t cookies[COOKIES];
	unsigned n;

	do {
		n = plx_sent(side->stack, cookies, COOKIES);
		for (unsigned i = 0; i < n; i++)
			((struct stream *)(uintptr_t)cookies[i])->cookies_back++;
	} while (n == COOKIES);
	if (s->cookies_back > s->cookies_wanted)
		pair_fail(pair, "a cookie came back twice");
}

// The side's phase 3 comes again when the rest is over, if nothing else brings it before.
static bool is_resting(struct stream *s, const struct pair *pair, struct pair_side *side)
{
	if (s->rest_ppm > 0 && s->rests_until <= pair->now
	    && random_below(&s->random, MILLION) < s->rest_ppm)
		s->rests_until = pair->now + random_u64(&s->random) % s->rest_max + 1;
	if (s->rests_until <= pair->now)
		return false;
	if (s->rests_until < side->wake_at)
		side->wake_at = s->rests_until;
	return true;
}

void stream_on_turn(struct stream *s, struct pair *pair, struct pair_side *side)
{
	fetch_cookies(s, pair, side);
	if (!s->is_open || s->has_closed || is_resting(s, pair, side))
		return;
	send_what_fits(s, pair, side);
	if (!s->has_end)
		read_what_came(s, pair, side);
	if (s->has_shut && s->has_end) {
		pair_close(pair, side, s->conn);
		s->has_closed = true;
	}
}

bool stream_is_done(const struct stream *s)
{
	return s->received == s->to_receive && s->last_mask != 0
		&& s->cookies_back == s->cookies_wanted;
}

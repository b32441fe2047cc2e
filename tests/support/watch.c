// SPDX-License-Identifier: BSD-3-Clause
//
// The sender's bounds and the promise that nothing stalls, see watch.h.
// Windows bound what is sent for the first time: what is in flight may exceed them afterwards, since cwnd falls.
// Called by support/pair, at every turn.
#include "support/watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { PORTS = 65536 };

// The timer wheel's tick, and the shares of milliseconds a timeout is rounded to.
static const plx_duration TIMER_SLACK = PLX_MILLISECOND;

// Tables that were given back: a test that makes thousands of stacks takes them again.
static struct watch_flow *spare_flows[2];

void watch_init(struct watch *watch, bool is_client)
{
	static uint64_t runs;

	*watch = (struct watch){
		.is_client = is_client, .flows = spare_flows[is_client], .run = ++runs};
	spare_flows[is_client] = NULL;
	if (watch->flows == NULL)
		watch->flows = calloc(PORTS, sizeof(*watch->flows));
	watch->conns = calloc(WATCH_CONNECTIONS, sizeof(*watch->conns));
	if (watch->flows == NULL || watch->conns == NULL)
		abort();
}

void watch_fini(struct watch *watch)
{
	free(spare_flows[watch->is_client]);
	spare_flows[watch->is_client] = watch->flows;
	free(watch->conns);
	watch->flows = NULL;
	watch->conns = NULL;
}

void watch_open(struct watch *watch, plx_conn conn)
{
	if (watch->count == WATCH_CONNECTIONS)
		abort(); // too small for the test
	watch->conns[watch->count++] = conn;
}

void watch_close(struct watch *watch, plx_conn conn)
{
	for (unsigned i = 0; i < watch->count; i++) {
		if (plx_conn_is_equal(watch->conns[i], conn)) {
			watch->conns[i] = watch->conns[--watch->count];
			return;
		}
	}
}

static bool is_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static struct watch_flow *flow_of(struct watch *watch, const struct frame *frame, bool is_sent)
{
	uint16_t port = watch->is_client == is_sent ? frame->tcp.src_port : frame->tcp.dst_port;
	struct watch_flow *flow = &watch->flows[port];
	bool is_first_syn = (frame->tcp.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;

	if (flow->run != watch->run || (is_first_syn && flow->syn_seq != frame->tcp.seq))
		*flow = (struct watch_flow){
			.run = watch->run,
			.syn_seq = frame->tcp.seq,
			.due = PLX_TIME_NEVER,
		};
	return flow;
}

void watch_on_sent(struct watch *watch, const struct frame *frame, plx_time now)
{
	struct watch_flow *flow;

	if (!frame->is_tcp || (frame->tcp.flags & TCP_RST) != 0)
		return;
	flow = flow_of(watch, frame, true);
	if ((frame->tcp.flags & TCP_SYN) != 0)
		flow->has_sent_wscale = frame->tcp.options.has_window_scale;
	if (frame_seq_len(frame) > 0)
		flow->active_at = now;
}

// RFC 9293 3.8.6: the window only moves to the right.
static void hear_window(struct watch_flow *flow, const struct frame *frame)
{
	bool is_scaled = (frame->tcp.flags & TCP_SYN) == 0 && flow->has_sent_wscale
		&& flow->has_heard_wscale;
	uint32_t edge = frame->tcp.ack
		+ ((uint32_t)frame->tcp.window << (is_scaled ? flow->heard_wscale : 0));

	if (!flow->has_heard || is_after(edge, flow->edge))
		flow->edge = edge;
}

// RFC 5681 2: a duplicate means that a segment has left the network. An acknowledgement of n segments covers at
// least n - 1 that duplicates may have told of before.
static void hear_ack(struct watch_flow *flow, const struct frame *frame)
{
	uint32_t ack = frame->tcp.ack, known;

	if (flow->has_heard && !is_after(ack, flow->ack)) {
		flow->left += frame->payload_bytes == 0;
		flow->left_most += frame->payload_bytes == 0;
		return;
	}
	known = flow->has_heard && flow->mss_bytes > 0 ? (ack - flow->ack - 1) / flow->mss_bytes
						       : 0;
	flow->left -= known < flow->left ? known : flow->left;
	flow->ack = ack;
}

void watch_on_heard(struct watch *watch, const struct frame *frame)
{
	struct watch_flow *flow;

	if (!frame->is_tcp || (frame->tcp.flags & TCP_RST) != 0)
		return;
	flow = flow_of(watch, frame, false);
	if ((frame->tcp.flags & TCP_SYN) != 0) {
		flow->has_heard_wscale = frame->tcp.options.has_window_scale;
		flow->heard_wscale = frame->tcp.options.window_scale;
	}
	if ((frame->tcp.flags & TCP_ACK) == 0)
		return;
	hear_window(flow, frame);
	hear_ack(flow, frame);
	flow->has_heard = true;
}

// Something new was sent: the peer's window had room for it, but for the byte of a zero-window probe (RFC 9293
// 3.8.6.1).
static bool is_beyond_window(const struct watch_flow *flow, const struct plx_info *info)
{
	return flow->has_heard && is_after(info->snd_nxt, flow->edge + 1);
}

// And so had cwnd. What duplicates tell of is not in flight, which includes limited transmit (RFC 3042) and what
// recovery sends for them (RFC 6582, RFC 6937); a tail probe may be one segment more (RFC 8985 7.3); FIN takes a
// number but no byte. After a timeout all that was sent counts as lost, and F-RTO sends two new segments (RFC 5682
// 2.1 2b).
static bool is_beyond_cwnd(const struct watch_flow *flow, const struct plx_info *info)
{
	uint64_t mss = flow->mss_bytes, left = flow->left * mss;
	uint64_t flight = info->snd_nxt - info->snd_una;
	uint64_t pipe = flight > left ? flight - left : 0;

	if (pipe <= info->cwnd_bytes + mss + 1)
		return false;
	return !is_after(flow->lost_end, info->snd_una)
		|| info->snd_nxt - flow->lost_end > 2 * mss + 1;
}

// What was heard may have been refused, for its place, its timestamp or a bit that no checksum covers: then SND.UNA
// is not where it would be, and every duplicate of this turn may count.
static void follow_ack(struct watch_flow *flow, const struct plx_info *info)
{
	if (flow->ack != info->snd_una) {
		flow->left = flow->left_most;
		flow->ack = info->snd_una;
	}
	if (info->snd_una == info->snd_nxt)
		flow->left = 0;
	flow->left_most = flow->left;
}

static void follow(struct watch_flow *flow, const struct plx_info *info,
		   const struct plx_stats *stats, plx_time now)
{
	uint64_t timeouts = stats->counters[PLX_COUNTER_TCP_TIMEOUTS];
	bool is_lost = info->recovery
		== PLX_RECOVERY_TIMEOUT; // or as after one: many holes at once

	if (!flow->is_known)
		flow->nxt = flow->lost_end = info->snd_una;
	else if (flow->timeouts != timeouts || (is_lost && !flow->is_lost))
		flow->lost_end = flow->nxt;
	if (info->snd_una != flow->una || info->snd_wnd_bytes != flow->wnd_bytes)
		flow->active_at = now;
	if (info->mss_bytes > flow->mss_bytes)
		flow->mss_bytes = info->mss_bytes;
	if (!is_after(flow->lost_end, info->snd_una))
		flow->lost_end = info->snd_una;
	follow_ack(flow, info);
	flow->una = info->snd_una;
	flow->wnd_bytes = info->snd_wnd_bytes;
	flow->timeouts = timeouts;
	flow->is_lost = is_lost;
	flow->is_known = true;
}

static const char *flight_fault(struct watch *watch, struct watch_flow *flow,
				const struct plx_info *info)
{
	bool has_grown = is_after(info->snd_nxt, flow->nxt);
	const char *rule = NULL;

	if (has_grown && is_beyond_window(flow, info))
		rule = "something new was sent beyond the peer's window";
	else if (has_grown && is_beyond_cwnd(flow, info))
		rule = "something new was sent beyond the congestion window";
	flow->nxt = info->snd_nxt;
	if (rule == NULL)
		return NULL;
	snprintf(watch->text, sizeof(watch->text),
		 "%s (port %u: flight %" PRIu32 ", cwnd %" PRIu32 ", mss %" PRIu32 ", %" PRIu32
		 " segments have left, window's edge at flight %" PRId32 ", lost up to %" PRId32
		 ")",
		 rule, info->local_port, info->snd_nxt - info->snd_una, info->cwnd_bytes,
		 info->mss_bytes, flow->left, (int32_t)(flow->edge - info->snd_una),
		 (int32_t)(flow->lost_end - info->snd_una));
	return watch->text;
}

// What waits has a deadline, one timeout after the last sign of life at the latest; and it keeps it. A quarter more,
// since the timer may have been started with an estimate that samples of the same burst replaced (RFC 6298 5.3).
static const char *stall_fault(struct watch *watch, struct watch_flow *flow,
			       const struct plx_info *info, plx_time deadline, plx_time now)
{
	bool is_waiting = info->snd_una != info->snd_nxt || info->unsent_bytes > 0;
	plx_duration rto = info->rto > flow->rto ? info->rto : flow->rto;
	plx_duration patience = rto > 3 * info->srtt ? rto : 3 * info->srtt; // in recovery
	plx_duration bound = patience + rto / 4 + TIMER_SLACK;
	plx_time due;
	const char *rule = NULL;

	if (is_waiting && !flow->was_waiting)
		flow->active_at = now;
	due = is_waiting ? flow->active_at + bound : PLX_TIME_NEVER;
	if (is_waiting && flow->was_waiting && due < flow->due)
		due = flow->due;
	if (now > due)
		rule = "nothing was sent for longer than the retransmission timeout";
	else if (is_waiting && deadline > due)
		rule = "what waits for an answer has no timer in time";
	flow->was_waiting = is_waiting;
	flow->rto = info->rto;
	flow->due = due;
	if (rule == NULL)
		return NULL;
	snprintf(watch->text, sizeof(watch->text),
		 "%s (port %u: %s, flight %" PRIu32 ", unsent %" PRIu32 ", window %" PRIu32
		 ", rto %.6f s, silent for %.6f s, deadline in %.6f s)",
		 rule, info->local_port, plx_state_name(info->state), info->snd_nxt - info->snd_una,
		 info->unsent_bytes, info->snd_wnd_bytes, (double)info->rto / (double)PLX_SECOND,
		 (double)(now - flow->active_at) / (double)PLX_SECOND,
		 ((double)deadline - (double)now) / (double)PLX_SECOND);
	return watch->text;
}

static const char *conn_fault(struct watch *watch, struct plx_stack *stack, plx_conn conn,
			      const struct plx_stats *stats, plx_time now)
{
	struct plx_info info = {.size = sizeof(info)};
	struct watch_flow *flow;
	const char *fault;

	// Stale: only its last event is left of it.
	if (plx_get_info(stack, conn, &info) != 0)
		return plx_next_deadline(stack) == 0 ? NULL
						     : "a connection vanished without an event";
	if (info.state == PLX_STATE_CLOSED || info.state == PLX_STATE_TIME_WAIT)
		return NULL;
	flow = &watch->flows[watch->is_client ? info.local_port : info.remote_port];
	if (flow->run != watch->run)
		return NULL; // its SYN waits for a slow port
	follow(flow, &info, stats, now);
	fault = flight_fault(watch, flow, &info);
	if (fault == NULL && !watch->ignores_stalls)
		fault = stall_fault(watch, flow, &info, plx_next_deadline(stack), now);
	return fault;
}

const char *watch_fault(struct watch *watch, struct plx_stack *stack, const struct plx_stats *stats,
			plx_time now)
{
	unsigned n = watch->count < WATCH_PER_TURN ? watch->count : WATCH_PER_TURN;

	for (unsigned i = 0; i < n; i++) {
		const char *fault = conn_fault(
			watch, stack, watch->conns[watch->next++ % watch->count], stats, now);

		if (fault != NULL)
			return fault;
	}
	return NULL;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Phase 1. A burst takes each step together: parse and verify, hash and fetch the buckets, fetch the control
// blocks, then process one by one. Look-ups are made at the last step, so that what a segment of the burst
// changes is seen by the next. Every frame leaves with exactly one fate, counted here.
// Public interface: <pollux/stack.h>.
#include <rte_mempool.h>
#include <rte_prefetch.h>

#include "net/input.h"
#include "stack/stack.h"
#include "tcp/dispatch.h"
#include "tcp/ecn.h"
#include "tcp/icmp_error.h"
#include "wire/mbuf_checksum.h"
#include "wire/offload.h"

enum {
	BURST = 32,
	PREFETCH_AHEAD = 4,
	FINISH_AHEAD = 4,
	PREFETCH_BYTES = 4
		* CACHE_LINE, // headers end in the second line; a small payload is read as well
};

// One burst on its way through the steps.
struct burst {
	struct segment segments[BURST];
	unsigned n_segments;
	struct rte_mbuf **returned; // where the next frame that is handed back goes
};

static void drop(struct plx_stack *stack, struct rte_mbuf *m, enum plx_drop reason)
{
	stack_drop(stack, reason);
	rte_pktmbuf_free(m);
}

static bool has_valid_checksum(const struct plx_stack *stack, const struct net_frame *frame)
{
	uint32_t sum;

	if ((stack->tcp.config.offloads & PLX_OFFLOAD_RX_TCP_CHECKSUM) != 0
	    && offload_has_verified_l4(frame->mbuf))
		return true;
	sum = checksum_pseudo(&frame->ip.src, &frame->ip.dst, IP_PROTOCOL_TCP);
	sum = checksum_add16(sum, frame->ip.payload_bytes);
	return checksum_is_valid(
		checksum_add(sum,
			     mbuf_checksum_partial(frame->mbuf, frame->transport_offset,
						   frame->ip.payload_bytes)));
}

// Step 1 for a TCP segment: its header and checksum, and where it belongs.
static enum plx_drop parse_segment(const struct plx_stack *stack, const struct net_frame *frame,
				   struct segment *seg)
{
	const uint8_t *bytes = rte_pktmbuf_mtod_offset(frame->mbuf, const uint8_t *,
						       frame->transport_offset);
	enum plx_drop reason = tcp_header_parse(bytes, frame->ip.payload_bytes, &seg->tcp);

	// The checksum comes first, for what it does not cover is not to be believed; but a header
	// that is too short has none.
	if (reason != PLX_DROP_TCP_HEADER && !has_valid_checksum(stack, frame))
		return PLX_DROP_TCP_CHECKSUM;
	if (reason != PLX_DROP_NONE)
		return reason;
	seg->mbuf = frame->mbuf;
	seg->payload_offset = (uint32_t)frame->transport_offset + seg->tcp.header_bytes;
	seg->len_bytes = (uint32_t)frame->ip.payload_bytes - seg->tcp.header_bytes;
	seg->drop = PLX_DROP_NONE;
	seg->had_text = false;
	seg->had_syn = false;
	seg->ecn = frame->ip.traffic_class & ECN_MASK;
	seg->key.local = frame->ip.dst;
	seg->key.remote = frame->ip.src;
	flow_key_set_ports(&seg->key, seg->tcp.dst_port, seg->tcp.src_port, stack->tcp.config.zone);
	seg->hash = flow_hash(&stack->tcp.flow_secret, &seg->key);
	return PLX_DROP_NONE;
}

static void begin_segment(struct plx_stack *stack, struct burst *burst,
			  const struct net_frame *frame)
{
	struct segment *seg = &burst->segments[burst->n_segments];
	// RFC 9293 3.9.2 (MUST-57): a SYN to a broadcast or multicast address is no segment of ours.
	enum plx_drop reason = frame->to_group ? PLX_DROP_IP_NOT_FOR_US
					       : parse_segment(stack, frame, seg);

	if (reason != PLX_DROP_NONE) {
		drop(stack, frame->mbuf, reason);
		return;
	}
	flow_table_prefetch(stack->tcp.flows, seg->hash);
	burst->n_segments++;
	stack_count(stack, PLX_COUNTER_TCP_RX_SEGMENTS, 1);
}

static void on_icmp_error(struct plx_stack *stack, const struct net_frame *frame)
{
	enum plx_drop reason = icmp_error_input(&stack->tcp, &frame->quote);

	if (reason != PLX_DROP_NONE) {
		drop(stack, frame->mbuf, reason);
		return;
	}
	stack_count(stack, PLX_COUNTER_FATE_CONSUMED, 1);
	rte_pktmbuf_free(frame->mbuf);
}

// Step 1: what the frame is. All but TCP has its fate afterwards.
static void begin_frame(struct plx_stack *stack, struct burst *burst, struct rte_mbuf *m)
{
	struct net_frame frame;

	stack_count(stack, PLX_COUNTER_RX_BYTES, m->pkt_len);
	switch (net_input(stack->net, m, &frame, stack->tcp.now)) {
	case NET_TCP:
		begin_segment(stack, burst, &frame);
		return;
	case NET_ANSWERED:
		stack_count(stack, PLX_COUNTER_FATE_ANSWERED, 1);
		return;
	case NET_HELD:
		return;
	case NET_ICMP_ERROR:
		on_icmp_error(stack, &frame);
		return;
	case NET_FOREIGN:
		if (stack->returns_foreign) {
			*burst->returned++ = frame.mbuf;
			stack_count(stack, PLX_COUNTER_FATE_RETURNED, 1);
			return;
		}
		drop(stack, frame.mbuf, frame.drop);
		return;
	case NET_DROP:
		drop(stack, frame.mbuf, frame.drop);
		return;
	}
}

// Step 3: the segment reaches its connection, and its frame has a fate.
static void finish_segment(struct plx_stack *stack, struct segment *seg)
{
	switch (dispatch_segment(&stack->tcp, seg)) {
	case SEGMENT_CONSUMED:
		stack_count(stack, PLX_COUNTER_FATE_CONSUMED, 1);
		break;
	case SEGMENT_ANSWERED:
		stack_count(stack, PLX_COUNTER_FATE_ANSWERED, 1);
		break;
	case SEGMENT_DROPPED:
		stack_drop(stack, seg->drop);
		break;
	}
	rte_pktmbuf_free(seg->mbuf); // NULL when somebody has taken it
}

static inline void prefetch_frame(const struct rte_mbuf *m)
{
	const uint8_t *bytes = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t end = m->data_len < PREFETCH_BYTES ? m->data_len : PREFETCH_BYTES;

	for (uint32_t at = 0; at < end; at += CACHE_LINE)
		rte_prefetch0(bytes + at);
}

static void input_burst(struct plx_stack *stack, struct burst *burst, struct rte_mbuf **frames,
			unsigned n)
{
	burst->n_segments = 0;
	for (unsigned i = 0; i < n && i < PREFETCH_AHEAD; i++)
		prefetch_frame(frames[i]);
	for (unsigned i = 0; i < n; i++) {
		if (i + PREFETCH_AHEAD < n)
			prefetch_frame(frames[i + PREFETCH_AHEAD]);
		begin_frame(stack, burst, frames[i]);
	}
	for (unsigned i = 0; i < burst->n_segments; i++)
		dispatch_prefetch(&stack->tcp, &burst->segments[i]);
	for (unsigned i = 0; i < burst->n_segments && i < FINISH_AHEAD; i++)
		dispatch_prefetch_more(&stack->tcp, &burst->segments[i]);
	for (unsigned i = 0; i < burst->n_segments; i++) {
		if (i + FINISH_AHEAD < burst->n_segments)
			dispatch_prefetch_more(&stack->tcp, &burst->segments[i + FINISH_AHEAD]);
		finish_segment(stack, &burst->segments[i]);
	}
}

unsigned plx_input(struct plx_stack *stack, struct rte_mbuf **frames, unsigned n, plx_time now)
{
	struct burst burst; // its segments are filled in one by one

	burst.returned = frames;
	stack_set_time(stack, now);
	if (n == 0)
		return 0;
	tcp_watch_buffers(&stack->tcp, n);
	stack_count(stack, PLX_COUNTER_RX_FRAMES, n);
	for (unsigned done = 0; done < n; done += BURST)
		input_burst(stack, &burst, frames + done, n - done < BURST ? n - done : BURST);
	return (unsigned)(burst.returned - frames);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Phase 1. A burst takes each step together: parse and verify, hash and fetch the buckets, look up and fetch the
// control blocks, then process one by one. What a segment of the burst changes is seen by the next: a control block
// that is not what was fetched says so itself, an entry is looked up again where its bucket has changed.
// The frame that nearly every one is goes a way of its own (stack/ordinary.h).
// Every frame leaves with exactly one fate, counted here.
// Public interface: <pollux/stack.h>.
#include <rte_mempool.h>
#include <rte_prefetch.h>

#include "net/input.h"
#include "stack/ordinary.h"
#include "stack/stack.h"
#include "tcp/dispatch.h"
#include "tcp/icmp_error.h"
#include "tcp/spare_mbufs.h"
#include "wire/mbuf_checksum.h"

enum {
	BURST = 32,
	PREFETCH_AHEAD = 4,
	FINISH_AHEAD = 8,   // so far that a line has come from memory
	PREFETCH_LINES = 2, // where headers end
};

// One burst on its way through the steps.
struct burst {
	struct segment segments[BURST];
	unsigned n_consumed;
	unsigned n_refused;	    // looked like segments, and were none for us
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
	segment_begin(seg, frame->mbuf, frame->transport_offset, frame->ip.payload_bytes);
	seg->is_judged = true;
	seg->ecn = frame->ip.traffic_class & ECN_MASK;
	seg->key.local = frame->ip.dst;
	seg->key.remote = frame->ip.src;
	dispatch_address(&stack->tcp, seg);
	return PLX_DROP_NONE;
}

static bool begin_segment(struct plx_stack *stack, const struct net_frame *frame,
			  struct segment *seg)
{
	// RFC 9293 3.9.2 (MUST-57): a SYN to a broadcast or multicast address is no segment of ours.
	enum plx_drop reason = frame->to_group ? PLX_DROP_IP_NOT_FOR_US
					       : parse_segment(stack, frame, seg);

	if (reason == PLX_DROP_NONE)
		return true;
	drop(stack, frame->mbuf, reason);
	return false;
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

// Step 1, the general way: what the frame is. All but TCP has its fate afterwards.
static __rte_noinline bool begin_frame(struct plx_stack *stack, struct burst *burst,
				       struct rte_mbuf *m, struct segment *seg)
{
	struct net_frame frame;

	switch (net_input(stack->net, m, &frame, stack->tcp.now)) {
	case NET_TCP:
		return begin_segment(stack, &frame, seg);
	case NET_ANSWERED:
		stack_count(stack, PLX_COUNTER_FATE_ANSWERED, 1);
		break;
	case NET_HELD:
		break;
	case NET_ICMP_ERROR:
		on_icmp_error(stack, &frame);
		break;
	case NET_FOREIGN:
		if (stack->returns_foreign) {
			*burst->returned++ = frame.mbuf;
			stack_count(stack, PLX_COUNTER_FATE_RETURNED, 1);
		} else {
			drop(stack, frame.mbuf, frame.drop);
		}
		break;
	case NET_DROP:
		drop(stack, frame.mbuf, frame.drop);
		break;
	}
	return false;
}

static __rte_always_inline void settle(struct plx_stack *stack, struct burst *burst,
				       const struct segment *seg, enum verdict verdict)
{
	if (likely(verdict == SEGMENT_CONSUMED))
		burst->n_consumed++;
	else if (verdict == SEGMENT_ANSWERED)
		stack_count(stack, PLX_COUNTER_FATE_ANSWERED, 1);
	else
		stack_drop(stack, seg->drop);
	if (seg->mbuf != NULL) // nobody has taken it
		spare_mbufs_put(&stack->tcp, seg->mbuf);
}

// It looked ordinary and belongs to nobody: its source is judged now.
static __rte_noinline void finish_unjudged(struct plx_stack *stack, struct burst *burst,
					   struct segment *seg)
{
	const struct plx_addr *src = &seg->key.remote;

	if (likely(net_is_credible_source(stack->net, src, plx_addr_is_ipv4(src)))) {
		settle(stack, burst, seg, dispatch_stranger(&stack->tcp, seg));
	} else {
		burst->n_refused++;
		drop(stack, seg->mbuf, PLX_DROP_IP_SOURCE);
	}
}

// Step 3: the segment reaches its connection, and its frame has a fate.
static __rte_always_inline void finish_segment(struct plx_stack *stack, struct burst *burst,
					       struct segment *seg)
{
	enum verdict verdict = dispatch_segment(&stack->tcp, seg);

	if (unlikely(verdict == SEGMENT_UNJUDGED))
		finish_unjudged(stack, burst, seg);
	else
		settle(stack, burst, seg, verdict);
}

static inline void prefetch_frame(const struct rte_mbuf *m)
{
	const uint8_t *bytes = rte_pktmbuf_mtod(m, const uint8_t *);

	rte_prefetch0(bytes);
	rte_prefetch0(bytes + CACHE_LINE);
	if (m->data_len > PREFETCH_LINES * CACHE_LINE) {
		// A small payload is read as well.
		rte_prefetch0(bytes + (size_t)2 * CACHE_LINE);
		rte_prefetch0(bytes + (size_t)3 * CACHE_LINE);
	}
}

static void input_burst(struct plx_stack *stack, struct burst *burst, struct rte_mbuf **frames,
			unsigned n)
{
	struct segment *seg = burst->segments;
	uint64_t rx_bytes = 0;
	unsigned n_segments;

	burst->n_consumed = 0;
	burst->n_refused = 0;
	for (unsigned i = 0; i < n && i < PREFETCH_AHEAD; i++)
		prefetch_frame(frames[i]);
	for (unsigned i = 0; i < n; i++) {
		if (i + PREFETCH_AHEAD < n)
			prefetch_frame(frames[i + PREFETCH_AHEAD]);
		rx_bytes += frames[i]->pkt_len;
		if (likely(ordinary_segment(stack, frames[i], seg))
		    || begin_frame(stack, burst, frames[i], seg)) {
			flow_table_prefetch(stack->tcp.flows, seg->hash);
			seg++;
		}
	}
	n_segments = (unsigned)(seg - burst->segments);
	stack_count(stack, PLX_COUNTER_RX_BYTES, rx_bytes);
	for (unsigned i = 0; i < n_segments; i++)
		dispatch_prefetch(&stack->tcp, &burst->segments[i]);
	for (unsigned i = 0; i < n_segments && i < FINISH_AHEAD; i++)
		dispatch_prefetch_more(&stack->tcp, &burst->segments[i]);
	for (unsigned i = 0; i < n_segments; i++) {
		if (i + FINISH_AHEAD < n_segments)
			dispatch_prefetch_more(&stack->tcp, &burst->segments[i + FINISH_AHEAD]);
		finish_segment(stack, burst, &burst->segments[i]);
	}
	stack_count(stack, PLX_COUNTER_TCP_RX_SEGMENTS, n_segments - burst->n_refused);
	stack_count(stack, PLX_COUNTER_FATE_CONSUMED, burst->n_consumed);
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

// SPDX-License-Identifier: BSD-3-Clause
//
// Phases 2 and 3: what timers are due, then events from the ready list, one per connection. And phase 4's
// frame: answers first, then connections.
// Public interface: <pollux/stack.h>.
#include <rte_ring.h>

#include "stack/stack.h"
#include "tcp/connections.h"
#include "tcp/listener.h"
#include "tcp/output.h"
#include "tcp/overdue_ack.h"
#include "tcp/send_queue.h"
#include "tcp/spare_mbufs.h"
#include "tcp/time_wait.h"
#include "tcp/timers.h"

#define MEMORY_RETRY PLX_MILLISECOND

// Turns a connection's pending events into one. False when there is nothing to tell.
static bool make_event(struct tcp *tcp, struct tcp_conn *c, struct plx_event *event)
{
	if (conn_has(c, CONN_RST_OWED) && !conn_has(c, CONN_ENDED))
		c->events = 0; // aborted: the last event follows the RST
	if (c->events == 0)
		return false;
	*event = (struct plx_event){
		.conn = conn_handle(tcp, c),
		.user = c->user,
		.mask = c->events,
	};
	if ((c->events & PLX_EVENT_FAILED) != 0)
		event->error = -(int32_t)c->error;
	else if ((c->events & PLX_EVENT_SOFT_ERROR) != 0)
		event->error = -(int32_t)c->soft_error;
	if (conn_has(c, CONN_UNFETCHED))
		listener_on_fetched(tcp, c);
	c->events = 0;
	if (conn_has(c, CONN_OFF_WIRE))
		conn_end_if_done(tcp, c); // it may have waited for this to be told
	return true;
}

// A connection whose send failed for want of memory hears of it when there is some; until then it comes
// back with the next poll.
static void feed_starved(struct tcp *tcp, struct tcp_conn *c)
{
	bool has_memory = send_queue_has_memory(tcp);

	if (!conn_is_starved(tcp, c))
		return;
	if (has_memory)
		c->flags &= ~CONN_WANTS_WRITABLE;
	conn_raise(tcp, c, has_memory ? PLX_EVENT_WRITABLE : 0);
}

// Does anybody on the ready list have an event to be told?
static bool has_news(const struct tcp *tcp)
{
	for (uint32_t idx = tcp->ready.head; idx != INDEX_NONE; idx = conn_at(tcp, idx)->ready_next)
		if (conn_at(tcp, idx)->events != 0)
			return true;
	return false;
}

// What stood on the ready list at the beginning, each once.
static unsigned make_events(struct tcp *tcp, struct plx_event *events, unsigned max)
{
	uint32_t last = tcp->ready.tail;
	unsigned n = 0;

	while (n < max && tcp->ready.head != INDEX_NONE) {
		bool is_last = tcp->ready.head == last;
		struct tcp_conn *c = ready_list_pop(tcp);

		if (!make_event(tcp, c, &events[n]))
			feed_starved(tcp, c);
		else
			n++;
		conn_release_if_done(tcp, c);
		if (is_last) {
			// Whoever stands there now was put back, or heard of nothing new.
			tcp->is_ready_starved = !has_news(tcp);
			break;
		}
	}
	return n;
}

unsigned plx_poll(struct plx_stack *stack, struct plx_event *events, unsigned max, plx_time now)
{
	struct tcp *tcp = &stack->tcp;
	unsigned n;

	stack_set_time(stack, now);
	if (tcp->mbufs_free <= tcp->mbuf_low)
		tcp_watch_buffers(tcp, 0); // what was short may have come back without any frame
	timers_expire(tcp);
	net_poll(stack->net, tcp->now);
	send_external_collect(tcp);
	n = make_events(tcp, events, max);
	// No burst holds an index now: what has ended may be used again.
	pool_commit(&tcp->conns);
	for (unsigned family = 0; family < FAMILIES; family++)
		pool_commit(&tcp->half_open[family]);
	return n;
}

unsigned plx_input_room(const struct plx_stack *stack)
{
	return ANSWER_QUEUE_FRAMES - answer_count(stack->net);
}

unsigned plx_output(struct plx_stack *stack, struct rte_mbuf **frames, unsigned max, plx_time now)
{
	struct tx_burst burst = {.frames = frames, .max = max};
	uint64_t bytes = 0;

	stack_set_time(stack, now);
	// Answers come first, but a flood of them leaves connections half of the frames.
	burst.n = answer_pop(stack->net, frames,
			     output_list_is_empty(&stack->tcp.output) ? max : (max + 1) / 2);
	overdue_ack_run(&stack->tcp, &burst);
	output_run(&stack->tcp, &burst);
	// What that queued in its turn: questions for a next hop, answers of connections that ended.
	burst.n += answer_pop(stack->net, frames + burst.n, max - burst.n);
	if (burst.n < max)
		spare_mbufs_return(&stack->tcp);
	for (unsigned i = 0; i < burst.n; i++)
		bytes += frames[i]->pkt_len;
	if (burst.n > 0) {
		stack_count(stack, PLX_COUNTER_TX_FRAMES, burst.n);
		stack_count(stack, PLX_COUNTER_TX_BYTES, bytes);
	}
	return burst.n;
}

plx_time plx_next_deadline(const struct plx_stack *stack)
{
	const struct tcp *tcp = &stack->tcp;
	bool has_ready = tcp->ready.head != INDEX_NONE;
	bool has_output = !output_list_is_empty(&tcp->output);
	plx_time next;

	if ((has_ready && !tcp->is_ready_starved) || (has_output && !tcp->is_output_blocked)
	    || answer_count(stack->net) > 0 || rte_ring_count(tcp->freed_externals) > 0)
		return 0;
	next = time_min(timers_next(tcp), net_next_deadline(stack->net));
	// What waits for memory looks again, but not within the same instant.
	return has_ready || has_output ? time_min(next, time_add(tcp->now, MEMORY_RETRY)) : next;
}

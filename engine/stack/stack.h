// SPDX-License-Identifier: BSD-3-Clause
//
// One core's stack: what is below TCP, TCP, and the books. Nothing here is shared with another stack.
// Opaque to embedders; the rooms of stack/ are its four phases and the calls of the public interface.
#ifndef STACK_STACK_H
#define STACK_STACK_H

#include <pollux/stack.h>
#include <pollux/stats.h>

#include "base/random.h"
#include "net/net.h"
#include "tcp/tcp.h"

struct plx_stack {
	struct tcp tcp;
	struct net *net;
	struct random random;
	bool returns_foreign;
	struct plx_stats stats;
};

// Every phase begins with it: a clock that steps back stands still.
static inline void stack_set_time(struct plx_stack *stack, plx_time now)
{
	if (time_is_before(stack->tcp.now, now))
		tcp_set_time(&stack->tcp, now);
}

static inline void stack_count(struct plx_stack *stack, enum plx_counter counter, uint64_t n)
{
	counter_add(&stack->stats.counters[counter], n);
}

static inline void stack_drop(struct plx_stack *stack, enum plx_drop reason)
{
	counter_add(&stack->stats.drops[reason], 1);
}

#endif

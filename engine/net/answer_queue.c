// SPDX-License-Identifier: BSD-3-Clause
//
// A ring of frames that are ready to go and belong to no connection.
// One producer and one consumer, the same core: no barriers.
// Filled in phases 1 and 2, emptied in phase 4.
#include "net/answer_queue.h"

#include <rte_mbuf.h>

#include "net/net.h"

static_assert((ANSWER_QUEUE_FRAMES & (ANSWER_QUEUE_FRAMES - 1)) == 0, "the remainder is a mask");

bool answer_push(struct net *net, struct rte_mbuf *m)
{
	struct answer_queue *queue = &net->answers;

	if (answer_queue_count(queue) == ANSWER_QUEUE_FRAMES) {
		rte_pktmbuf_free(m);
		net_count(net, PLX_COUNTER_ANSWER_QUEUE_FULL);
		return false;
	}
	queue->frames[queue->tail++ % ANSWER_QUEUE_FRAMES] = m;
	return true;
}

unsigned answer_pop(struct net *net, struct rte_mbuf **frames, unsigned max)
{
	struct answer_queue *queue = &net->answers;
	unsigned n = RTE_MIN(max, answer_queue_count(queue));

	for (unsigned i = 0; i < n; i++)
		frames[i] = queue->frames[queue->head++ % ANSWER_QUEUE_FRAMES];
	return n;
}

unsigned answer_count(const struct net *net)
{
	return answer_queue_count(&net->answers);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Frames that are ready to go and belong to no connection: ARP, ND, ICMP, RST, SYN+ACK, and packets
// that waited for their next hop. Bounded, first in first out.
// Filled in phases 1 and 2 by net/ and stack/, emptied first of all in phase 4.
#ifndef NET_ANSWER_QUEUE_H
#define NET_ANSWER_QUEUE_H

#include <pollux/types.h>

struct net;

enum { ANSWER_QUEUE_FRAMES = 1024 };

struct answer_queue {
	uint32_t head; // next to pop; counts on, the ring index is its remainder
	uint32_t tail;
	struct rte_mbuf *frames[ANSWER_QUEUE_FRAMES];
};

// Takes a complete frame, link header and all. False when there is no room: the frame is freed and
// ANSWER_QUEUE_FULL counted.
bool answer_push(struct net *net, struct rte_mbuf *m);

// Hands out at most `max` frames, oldest first; the caller owns them. Returns how many.
unsigned answer_pop(struct net *net, struct rte_mbuf **frames, unsigned max);

static inline unsigned answer_queue_count(const struct answer_queue *queue)
{
	return queue->tail - queue->head;
}

unsigned answer_count(const struct net *net);

#endif

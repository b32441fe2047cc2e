// SPDX-License-Identifier: BSD-3-Clause
//
// The connections that output will look at, first in, first out. One stands there once at most; taken off, it may be
// put there again.
// A list of thousands has left the caches, and one link behind the other would be waited for. So it is laid in
// strands: one that comes stands behind whoever came OUTPUT_STRANDS before it, and the next OUTPUT_STRANDS are known,
// and fetched, ahead of their turn.
// Called by tcp/connections, which puts them there, by tcp/output, tcp/overdue_ack and stack/poll.
#ifndef TCP_OUTPUT_LIST_H
#define TCP_OUTPUT_LIST_H

#include "tcp/tcp.h"

// Longer lists are fetched ahead: what shorter ones hold was touched a moment ago.
#define OUTPUT_LIST_LONG 1024

static_assert((OUTPUT_STRANDS & (OUTPUT_STRANDS - 1)) == 0,
	      "places go on where their count begins anew");
static_assert(OUTPUT_LIST_LONG >= OUTPUT_STRANDS, "whoever is ahead is there");

// Of whoever is the `place`th to come, from the first ever on.
static inline uint32_t output_list_strand(uint32_t place)
{
	return place % OUTPUT_STRANDS;
}

static inline uint32_t output_list_count(const struct output_list *list)
{
	return list->came - list->went;
}

static inline bool output_list_is_empty(const struct output_list *list)
{
	return list->came == list->went;
}

static inline bool output_list_holds(const struct tcp_conn *c)
{
	return c->output_next != CONN_UNLISTED;
}

// `c`, whose index is `idx`, stands in no output list.
static inline void output_list_push(struct tcp *tcp, struct tcp_conn *c, uint32_t idx)
{
	struct output_list *list = &tcp->output;
	uint32_t strand = output_list_strand(list->came);

	c->output_next = INDEX_NONE;
	if (output_list_count(list) < OUTPUT_STRANDS)
		list->head[strand] = idx;
	else
		conn_at(tcp, list->tail[strand])->output_next = idx;
	list->tail[strand] = idx;
	list->came++;
}

// Whose turn comes after so many others; less than OUTPUT_STRANDS, and less than the list's count.
static inline struct tcp_conn *output_list_ahead(const struct tcp *tcp, uint32_t turns)
{
	return conn_at(tcp, tcp->output.head[output_list_strand(tcp->output.went + turns)]);
}

// For output_list_pop(), of a list that is longer than OUTPUT_LIST_LONG: what the turns to come will read.
void output_list_fetch(const struct tcp *tcp);

// The first one, taken off; NULL when there is none.
static inline struct tcp_conn *output_list_pop(struct tcp *tcp)
{
	struct output_list *list = &tcp->output;
	struct tcp_conn *c;
	uint32_t strand;

	if (output_list_is_empty(list))
		return NULL;
	strand = output_list_strand(list->went);
	c = conn_at(tcp, list->head[strand]);
	list->head[strand] = c->output_next;
	list->went++;
	c->output_next = CONN_UNLISTED;
	if (__builtin_expect(output_list_count(list) > OUTPUT_LIST_LONG, 0))
		output_list_fetch(tcp);
	return c;
}

#endif

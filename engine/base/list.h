// SPDX-License-Identifier: BSD-3-Clause
//
// Doubly linked lists of objects in an array, by index: the link lies inside each object at a fixed
// offset, the list is head and tail. An object may stand in as many lists as it has links, at most once
// in each; a link knows whether it is in a list. No memory of its own.
// Called by stack/ for the ready and output lists, by tcp/ for queues in order of expiry.
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/pool.h"

#define INDEX_UNLINKED (UINT32_MAX - 1)

struct index_link {
	uint32_t next, prev;
};

// Where the links of an array of objects are.
struct index_links {
	unsigned char *first; // the link of object 0
	uint32_t stride_bytes;
};

struct index_list {
	uint32_t head, tail;
	uint32_t count;
};

static inline struct index_links index_links_in_pool(const struct pool *pool, size_t link_offset)
{
	return (struct index_links){pool->objects + link_offset, pool->stride_bytes};
}

static inline struct index_link *index_link_at(struct index_links links, uint32_t idx)
{
	return (struct index_link *)(void *)(links.first + (size_t)idx * links.stride_bytes);
}

// A link must be initialised before its first use: zero is a valid index.
static inline void index_link_init(struct index_link *link)
{
	link->next = INDEX_UNLINKED;
	link->prev = INDEX_UNLINKED;
}

static inline bool index_link_is_linked(const struct index_link *link)
{
	return link->next != INDEX_UNLINKED;
}

static inline void index_list_init(struct index_list *list)
{
	list->head = INDEX_NONE;
	list->tail = INDEX_NONE;
	list->count = 0;
}

static inline bool index_list_is_empty(const struct index_list *list)
{
	return list->head == INDEX_NONE;
}

// INDEX_NONE after the last.
static inline uint32_t index_list_next(struct index_links links, uint32_t idx)
{
	return index_link_at(links, idx)->next;
}

// The object must not be in a list by this link.
static inline void index_list_push_tail(struct index_list *list, struct index_links links,
					uint32_t idx)
{
	struct index_link *link = index_link_at(links, idx);

	link->next = INDEX_NONE;
	link->prev = list->tail;
	if (list->tail == INDEX_NONE)
		list->head = idx;
	else
		index_link_at(links, list->tail)->next = idx;
	list->tail = idx;
	list->count++;
}

// Puts the object behind `after`, which is in this list, or in front of all when that is INDEX_NONE.
static inline void index_list_insert_after(struct index_list *list, struct index_links links,
					   uint32_t after, uint32_t idx)
{
	struct index_link *link = index_link_at(links, idx);

	link->prev = after;
	link->next = after == INDEX_NONE ? list->head : index_link_at(links, after)->next;
	if (after == INDEX_NONE)
		list->head = idx;
	else
		index_link_at(links, after)->next = idx;
	if (link->next == INDEX_NONE)
		list->tail = idx;
	else
		index_link_at(links, link->next)->prev = idx;
	list->count++;
}

// The object must be in this list.
static inline void index_list_remove(struct index_list *list, struct index_links links,
				     uint32_t idx)
{
	struct index_link *link = index_link_at(links, idx);

	if (link->prev == INDEX_NONE)
		list->head = link->next;
	else
		index_link_at(links, link->prev)->next = link->next;
	if (link->next == INDEX_NONE)
		list->tail = link->prev;
	else
		index_link_at(links, link->next)->prev = link->prev;
	index_link_init(link);
	list->count--;
}

// INDEX_NONE when empty.
static inline uint32_t index_list_pop_head(struct index_list *list, struct index_links links)
{
	uint32_t idx = list->head;

	if (idx != INDEX_NONE)
		index_list_remove(list, links, idx);
	return idx;
}

#endif

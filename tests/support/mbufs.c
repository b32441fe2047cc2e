// SPDX-License-Identifier: BSD-3-Clause
//
// Pools of mbufs for tests, see mbufs.h.
// Running out is a failure of the test itself, said once on stderr.
// Called by fixtures, pairs and fuzz targets.
#include "support/mbufs.h"

#include <stdio.h>
#include <stdlib.h>

#include <rte_mbuf.h>

enum { POOLS = 2 };

static void give_up(const char *what)
{
	fprintf(stderr, "test: %s\n", what);
	abort();
}

struct rte_mempool *mbufs_pool(unsigned which, unsigned count)
{
	static struct rte_mempool *pools[POOLS];
	static const char *const names[POOLS] = {"test-0", "test-1"};

	if (which >= POOLS)
		give_up("no such mbuf pool");
	if (pools[which] == NULL)
		pools[which] = rte_pktmbuf_pool_create(names[which], count, 0, 0,
						       RTE_PKTMBUF_HEADROOM + MBUFS_DATA_BYTES,
						       SOCKET_ID_ANY);
	if (pools[which] == NULL)
		give_up("no memory for an mbuf pool");
	return pools[which];
}

unsigned mbufs_in_use(struct rte_mempool *pool)
{
	return rte_mempool_in_use_count(pool);
}

struct rte_mbuf *mbufs_frame(struct rte_mempool *pool, const void *bytes, size_t len_bytes,
			     size_t piece_bytes)
{
	struct rte_mbuf *head = NULL;
	size_t done = 0;

	if (piece_bytes == 0 || piece_bytes > MBUFS_DATA_BYTES)
		piece_bytes = MBUFS_DATA_BYTES;
	do {
		size_t n = RTE_MIN(len_bytes - done, piece_bytes);
		struct rte_mbuf *piece = rte_pktmbuf_alloc(pool);

		if (piece == NULL)
			give_up("the mbuf pool is empty");
		rte_memcpy(rte_pktmbuf_append(piece, (uint16_t)n), (const uint8_t *)bytes + done,
			   n);
		if (head == NULL)
			head = piece;
		else if (rte_pktmbuf_chain(head, piece) != 0)
			give_up("too many pieces of a frame");
		done += n;
	} while (done < len_bytes);
	return head;
}

size_t mbufs_copy_out(const struct rte_mbuf *m, uint8_t *bytes)
{
	size_t len_bytes = rte_pktmbuf_pkt_len(m);
	const void *from;

	if (len_bytes > MBUFS_FRAME_MAX_BYTES)
		give_up("a frame longer than any MTU");
	from = rte_pktmbuf_read(m, 0, (uint32_t)len_bytes, bytes);
	if (from == NULL)
		give_up("an mbuf chain shorter than its packet length");
	if (from != bytes)
		rte_memcpy(bytes, from, len_bytes);
	return len_bytes;
}

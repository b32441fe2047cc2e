// SPDX-License-Identifier: BSD-3-Clause
//
// The mbuf pools of a test program and the proof that all buffers come home.
// A pool is made once per program, since EAL keeps it; what a test took must be back when it ends.
// Called by fixtures, pairs and fuzz targets.
#ifndef SUPPORT_MBUFS_H
#define SUPPORT_MBUFS_H

#include <stddef.h>
#include <stdint.h>

struct rte_mbuf;
struct rte_mempool;

enum {
	MBUFS_DATA_BYTES = 2048, // behind the headroom of 128
	MBUFS_FRAME_MAX_BYTES = 9000 + 18,
};

// The program's pool number `which` (0 or 1) of `count` buffers; `count` matters on the first call.
struct rte_mempool *mbufs_pool(unsigned which, unsigned count);

// Buffers that are not in the pool now.
unsigned mbufs_in_use(struct rte_mempool *pool);

// A frame of these bytes, in buffers of at most `piece_bytes` each (0: as many as fit). Never NULL: a
// test that runs out of buffers has failed.
struct rte_mbuf *mbufs_frame(struct rte_mempool *pool, const void *bytes, size_t len_bytes,
			     size_t piece_bytes);

// Copies the whole chain to `bytes`, which has room for MBUFS_FRAME_MAX_BYTES; returns its length.
size_t mbufs_copy_out(const struct rte_mbuf *m, uint8_t *bytes);

#endif

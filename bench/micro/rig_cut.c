// SPDX-License-Identifier: BSD-3-Clause
//
// Large frames into segments, see rig_cut.h: by the port that the tests judge a stack with.
// Called by bench/micro/rig.
#include "rig_cut.h"

#include <string.h>

#include "support/nic_cut.h"

unsigned rig_cut(const struct rte_mbuf *m, struct rte_mempool *pool, struct rte_mbuf **segments,
		 unsigned max)
{
	static uint8_t whole[NIC_LARGE_MAX_BYTES];
	struct nic_frame frame = nic_frame_of(m, whole), piece;
	unsigned n = nic_cut_count(&frame);

	if (n > max || rte_pktmbuf_read(m, 0, m->pkt_len, whole) == NULL
	    || rte_pktmbuf_alloc_bulk(pool, segments, n) != 0)
		return 0;
	for (unsigned i = 0; i < n; i++) {
		piece.bytes = rte_pktmbuf_mtod(segments[i], uint8_t *);
		nic_cut_segment(&frame, i, &piece);
		rte_pktmbuf_append(segments[i], (uint16_t)piece.len_bytes);
	}
	return n;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Checksums over chains of mbufs: each piece is summed by itself and turned to its offset.
// Only the links and lengths of the chain are trusted, not the packet length of its head.
// Called by stack/, tcp/segment_tx and net/ where no port does the work.
#include "wire/mbuf_checksum.h"

uint32_t mbuf_checksum_chain(const struct rte_mbuf *m, uint32_t offset_bytes, uint32_t len_bytes)
{
	uint32_t sum = 0;
	uint32_t done_bytes = 0;

	for (; m != NULL && done_bytes < len_bytes; m = m->next) {
		uint32_t piece_bytes = m->data_len;
		const uint8_t *piece = rte_pktmbuf_mtod(m, const uint8_t *);

		if (offset_bytes >= piece_bytes) {
			offset_bytes -= piece_bytes;
			continue;
		}
		piece += offset_bytes;
		piece_bytes = RTE_MIN(piece_bytes - offset_bytes, len_bytes - done_bytes);
		offset_bytes = 0;
		sum = checksum_combine(sum, checksum_partial(piece, piece_bytes, 0), done_bytes);
		done_bytes += piece_bytes;
	}
	return sum;
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Checksums over packets in chains of mbufs, whose pieces may begin at odd offsets (RFC 1071 2 B).
// For ports that do not verify or compute them; offload.h is for those that do.
// Called by stack/ for received segments, tcp/segment_tx for sent ones, net/ for echoes.
#ifndef WIRE_MBUF_CHECKSUM_H
#define WIRE_MBUF_CHECKSUM_H

#include <rte_mbuf.h>

#include "wire/checksum.h"

// For mbuf_checksum_partial() only.
uint32_t mbuf_checksum_chain(const struct rte_mbuf *m, uint32_t offset_bytes, uint32_t len_bytes);

// The partial sum of `len_bytes` bytes from byte `offset_bytes` of the packet on. What the chain
// does not hold counts as nothing.
static inline uint32_t mbuf_checksum_partial(const struct rte_mbuf *m, uint32_t offset_bytes,
					     uint32_t len_bytes)
{
	if (likely(offset_bytes + (uint64_t)len_bytes <= m->data_len))
		return checksum_partial(rte_pktmbuf_mtod_offset(m, const uint8_t *, offset_bytes),
					len_bytes, 0);
	return mbuf_checksum_chain(m, offset_bytes, len_bytes);
}

#endif

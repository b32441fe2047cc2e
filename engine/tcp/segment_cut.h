// SPDX-License-Identifier: BSD-3-Clause
//
// Several full segments of new data as one frame that the port cuts (TSO): how far such a frame may reach, and its
// payload as a chain of mbufs. What a port asks of it is in rte_mbuf_core.h at RTE_MBUF_F_TX_TCP_SEG, and what
// ports take in struct rte_eth_desc_lim.
// Called by tcp/output_cut for how much, by tcp/segment_tx for the bytes.
#ifndef TCP_SEGMENT_CUT_H
#define TCP_SEGMENT_CUT_H

#include <stdint.h>

#include <pollux/stack.h>

struct rte_mbuf;
struct tcp;

enum {
	// Payload that fits an IP packet behind the longest headers.
	SEGMENT_CUT_PAYLOAD_MAX = UINT16_MAX - 40 - 60,
	// Below that ports refuse to cut.
	SEGMENT_CUT_MSS_MIN = 256,
	// Mbufs behind the one with the headers.
	SEGMENT_CUT_PIECES_MAX = PLX_TSO_MBUFS_MAX - 1,
	SEGMENT_CUT_SEGMENT_PIECES_MAX = PLX_TSO_SEGMENT_MBUFS_MAX - 1,
};

// New data for one frame: the records from `idx` on, which end after `len_bytes`.
struct segment_cut {
	uint32_t idx;
	uint32_t len_bytes;
	uint32_t segment_bytes; // payload of each segment but the last, which may be shorter
};

static inline uint32_t segment_cut_count(const struct segment_cut *cut)
{
	return (cut->len_bytes + cut->segment_bytes - 1) / cut->segment_bytes;
}

// How much of it ports take as one frame: all, or so many whole segments.
uint32_t segment_cut_reach(const struct tcp *tcp, const struct segment_cut *cut);

// Its payload behind an empty mbuf for the headers, which tells the port the size of the segments. NULL without memory.
struct rte_mbuf *segment_cut_payload(struct tcp *tcp, const struct segment_cut *cut);

#endif

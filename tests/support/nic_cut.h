// SPDX-License-Identifier: BSD-3-Clause
//
// TCP segmentation offload as a NIC does it: what it wants of a large frame, and the segments it makes of it.
// Strict where NICs differ: what any of the DPDK drivers of version 22.11 refuses is refused.
// Called by support/nic.
#ifndef SUPPORT_NIC_CUT_H
#define SUPPORT_NIC_CUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rte_mbuf;

enum {
	NIC_LARGE_MAX_BYTES = 22 + 65535,    // link header and the longest IP packet
	NIC_LARGE_MBUFS_MAX = 40,	     // of net_ixgbe
	NIC_SEGMENT_MBUFS_MAX = 8,	     // that one segment is made of: net_i40e
	NIC_SEGMENT_PAYLOAD_MIN_BYTES = 256, // net_i40e, net_iavf
};

// A frame in one piece, and the fields of its mbuf.
struct nic_frame {
	uint8_t *bytes;
	size_t len_bytes;
	uint64_t flags;
	unsigned l2_bytes;
	unsigned l3_bytes;
	unsigned l4_bytes;
	unsigned segment_bytes; // tso_segsz
	bool is_ipv6;
};

// What the fields of `m` say; its bytes are to be copied to `bytes`.
struct nic_frame nic_frame_of(const struct rte_mbuf *m, uint8_t *bytes);

static inline size_t nic_header_bytes(const struct nic_frame *frame)
{
	return (size_t)frame->l2_bytes + frame->l3_bytes + frame->l4_bytes;
}

// NULL, or what is wrong with the chain of a large frame.
const char *nic_cut_mbuf_fault(const struct rte_mbuf *m);

// NULL, or what is wrong with its headers, but for checksums.
const char *nic_cut_header_fault(const struct nic_frame *frame);

unsigned nic_cut_count(const struct nic_frame *frame);

// Writes the i-th segment to piece->bytes, its checksums still to be filled in.
void nic_cut_segment(const struct nic_frame *frame, unsigned i, struct nic_frame *piece);

#endif

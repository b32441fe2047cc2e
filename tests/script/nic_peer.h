// SPDX-License-Identifier: BSD-3-Clause
//
// A stack whose port cuts large frames (TSO), and a peer with a round MSS. Its segments are looked at as they are on
// the wire; how many frames they left the stack in is looked at beside.
// Called by the scenarios of segmentation offload.
#ifndef SCRIPT_NIC_PEER_H
#define SCRIPT_NIC_PEER_H

#include "support/user.h"

#define NIC_PEER_OFFLOADS                                                                       \
	(PLX_OFFLOAD_TX_IPV4_CHECKSUM | PLX_OFFLOAD_TX_TCP_CHECKSUM | PLX_OFFLOAD_TX_MULTI_SEGS \
	 | PLX_OFFLOAD_TX_ANY_MEMORY | PLX_OFFLOAD_TX_TSO)

enum {
	NIC_PEER_MSS = 1000,
	NIC_PEER_WINDOW = 100, // segments: of the connection from the start
	NIC_PEER_BURST = 100,
	NIC_PEER_WSCALE = 4,
};

// Nagle and tail probes are off, and neither the window nor the quota holds back what a scenario sends.
struct fixture *nic_peer_plan(void **state);

// The peer connects, whose window is as large as it can be.
struct fixture *nic_peer_established(void **state);

// How the user sends.
enum nic_peer_way { BY_COPY, BY_MBUF, BY_REFERENCE, NIC_PEER_WAYS };

// The next `len_bytes` of the pattern, all of which are taken; mbufs are of `each_bytes`.
void nic_peer_sends(struct fixture *f, enum nic_peer_way way, uint32_t len_bytes,
		    uint32_t each_bytes);

// `len_bytes` come out from f->snd_nxt + `from` on, in full segments but for the last, and the stack gives them out as so
// many frames.
#define nic_peer_expects(f, from, len_bytes, frames) \
	nic_peer_expects_here(f, from, len_bytes, frames, HERE)
void nic_peer_expects_here(struct fixture *f, uint32_t from, uint32_t len_bytes, unsigned frames,
			   struct place at);

#endif

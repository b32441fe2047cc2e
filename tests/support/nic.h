// SPDX-License-Identifier: BSD-3-Clause
//
// What a port does to a frame on its way out, when the stack was told that it does: checksums and segmentation by the
// fields of the mbuf, as rte_mbuf_core.h describes them. Finds a stack that asks for what was not offered, or prepares
// it wrongly.
// Called by fixtures, pairs and fuzz targets for every frame of plx_output().
#ifndef SUPPORT_NIC_H
#define SUPPORT_NIC_H

#include <stddef.h>
#include <stdint.h>

struct rte_mbuf;

// A frame leaves the port. `bytes` are void afterwards.
typedef void nic_wire(void *context, const uint8_t *bytes, size_t len_bytes);

// Takes `m` and puts on the wire what becomes of it, in order; `offloads` of enum plx_offload. NULL, or a sentence about
// what the stack did wrong; then nothing was sent.
const char *nic_send(struct rte_mbuf *m, uint32_t offloads, nic_wire *wire, void *context);

#endif

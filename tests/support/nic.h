// SPDX-License-Identifier: BSD-3-Clause
//
// What a port does to a frame on its way out, when the stack was told that it does: checksums by the
// flags of the mbuf. Finds a stack that asks for what was not offered, or prepares it wrongly.
// Called by fixtures and pairs for every frame of plx_output().
#ifndef SUPPORT_NIC_H
#define SUPPORT_NIC_H

#include <stddef.h>
#include <stdint.h>

struct rte_mbuf;

// `bytes` is the whole frame, copied out of the chain `m`; `offloads` of enum plx_offload.
// NULL, or a sentence about what the stack did wrong.
const char *nic_finish(const struct rte_mbuf *m, uint32_t offloads, uint8_t *bytes);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// New data in frames of several segments, where the port cuts them (TSO): as many as could go one after the other now.
// Called by tcp/output.
#ifndef TCP_OUTPUT_CUT_H
#define TCP_OUTPUT_CUT_H

#include "tcp/output_turn.h"

// `len_bytes` of the `unsent` may go as a segment now. How much may go in one frame; the records end there. It is
// `len_bytes` where the port does not cut.
uint32_t output_cut_len(struct turn *t, uint32_t len_bytes, uint32_t unsent);

// Sends what output_cut_len() has allowed, more than one segment of it.
enum step output_cut_send(struct turn *t, uint32_t idx, uint32_t len_bytes, uint8_t flags);

#endif

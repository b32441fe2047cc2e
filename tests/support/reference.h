// SPDX-License-Identifier: BSD-3-Clause
//
// Checksums as RFC 1071 1 writes them down, byte by byte: what the engine's own are held against.
// Shares no code with engine/wire.
// Called by those that build or judge frames in tests.
#ifndef SUPPORT_REFERENCE_H
#define SUPPORT_REFERENCE_H

#include <stddef.h>

#include <pollux/types.h>

// What goes into the header of these bytes with a zero checksum field; 0 over bytes that verify.
uint16_t reference_checksum(const uint8_t *bytes, size_t len_bytes);

// The same for a transport segment with its pseudo header (RFC 9293 3.1, RFC 8200 8.1).
uint16_t reference_transport_checksum(const struct plx_addr *src, const struct plx_addr *dst,
				      uint8_t protocol, const uint8_t *bytes, size_t len_bytes);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// A TCP segment as a test names it, built into a frame and read back from one (RFC 9293 3.1).
// SEG(.flags = TCP_SYN, .mss = 1460) names two fields; what is not named is not compared, and gets a
// fitting default when the segment is sent. Frames are printed in the manner of tcpdump.
// Called by fixtures, expectations, pairs and fuzz targets.
#ifndef SUPPORT_SEGMENT_H
#define SUPPORT_SEGMENT_H

#include <pollux/stack.h>

#include "wire/ethernet.h"
#include "wire/ip.h"
#include "wire/tcp.h"

// SEG() sets every field to "not named" and then those that the test names.
#pragma GCC diagnostic ignored "-Woverride-init"

#define SEG_UNNAMED INT64_MIN
#define SEG_ABSENT (INT64_MIN + 1) // of an option: it must not be there
#define SEG_ANY (INT64_MIN + 2)	   // of an option: it must be there, with any value

struct seg {
	int64_t flags; // of enum tcp_flag
	int64_t seq;
	int64_t ack;
	int64_t wnd; // as on the wire, not scaled
	int64_t len; // of the payload in bytes
	int64_t urgent;
	int64_t mss;
	int64_t wscale;
	int64_t ts_val;
	int64_t ts_ecr;
	int64_t src_port;
	int64_t dst_port;
	int64_t hop_limit;
	int64_t traffic_class;
	int64_t spoil;	// sent only: added to the TCP checksum, to make it wrong
	int64_t pieces; // sent only: bytes per buffer of a chain
};

#define SEG_ALL_UNNAMED                                                                       \
	.flags = SEG_UNNAMED, .seq = SEG_UNNAMED, .ack = SEG_UNNAMED, .wnd = SEG_UNNAMED,     \
	.len = SEG_UNNAMED, .urgent = SEG_UNNAMED, .mss = SEG_UNNAMED, .wscale = SEG_UNNAMED, \
	.ts_val = SEG_UNNAMED, .ts_ecr = SEG_UNNAMED, .src_port = SEG_UNNAMED,                \
	.dst_port = SEG_UNNAMED, .hop_limit = SEG_UNNAMED, .traffic_class = SEG_UNNAMED,      \
	.spoil = SEG_UNNAMED, .pieces = SEG_UNNAMED

#define SEG(...) ((const struct seg){SEG_ALL_UNNAMED, ##__VA_ARGS__})

// What was named, or `otherwise`.
static inline int64_t seg_or(int64_t named, int64_t otherwise)
{
	return named == SEG_UNNAMED ? otherwise : named;
}

// From where to where a frame goes.
struct seg_path {
	enum plx_link link;
	uint16_t vlan;
	uint16_t outer_vlan;
	struct mac_addr src_mac;
	struct mac_addr dst_mac;
	struct plx_addr src;
	struct plx_addr dst;
	uint16_t src_port;
	uint16_t dst_port;
};

// Writes the frame, checksums included, and returns its length. `seg` has flags, seq, ack, wnd and len
// named. Payload is the pattern of `salt`, the byte at sequence number `origin` being its first.
size_t seg_build(uint8_t *bytes, const struct seg_path *path, const struct seg *seg,
		 uint32_t origin, uint32_t salt);

// Makes the checksums of a segment's frame right whose IP header, of the family and without options or extensions, is
// at `l3_bytes`, where there is still room for them: what was spoiled gets past them.
void seg_mend(uint8_t *bytes, size_t len_bytes, size_t l3_bytes, bool is_ipv6);

// A frame that was read. `payload` points into the bytes it was read from.
struct frame {
	bool is_tcp;
	uint16_t type; // of Ethernet, made up for bare IP
	struct eth_header eth;
	struct ip_header ip;
	struct tcp_header tcp;
	const uint8_t *payload;
	uint32_t payload_bytes;
	uint32_t l3_offset_bytes;
};

// False when it is not well-formed Ethernet, IP or TCP (ARP and ICMP are read as far as their IP or
// Ethernet header). Checksums are not looked at.
bool frame_read(const uint8_t *bytes, size_t len_bytes, enum plx_link link, struct frame *out);

// Sequence numbers it takes: payload, SYN and FIN (RFC 9293 3.4).
uint32_t frame_seq_len(const struct frame *frame);

// One line, as tcpdump prints it. Sequence numbers are relative to the bases, 0 makes them absolute.
void frame_describe(const struct frame *frame, uint32_t seq_base, uint32_t ack_base, char *text,
		    size_t text_bytes);

// The named fields in one line.
void seg_describe(const struct seg *seg, uint32_t seq_base, uint32_t ack_base, char *text,
		  size_t text_bytes);

// The name of the first named field that the frame does not have, or NULL.
const char *seg_first_difference(const struct seg *seg, const struct frame *frame);

#endif

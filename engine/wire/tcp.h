// SPDX-License-Identifier: BSD-3-Clause
//
// A TCP header and its options as values, and back to bytes (RFC 9293 3.1, 3.2, RFC 7323).
// Pure functions: no state, no allocation, nothing read outside the bytes given.
// Called by stack/ for every received segment and by tcp/segment_tx for every sent one.
#ifndef WIRE_TCP_H
#define WIRE_TCP_H

#include <pollux/drop.h>
#include <pollux/types.h>

#include "wire/bytes.h"
#include "wire/checksum.h"

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
};

enum {
	TCP_HEADER_BYTES = 20,	   // without options
	TCP_HEADER_MAX_BYTES = 60, // data offset 15
	TCP_FLAGS_OFFSET = 13,
	TCP_CHECKSUM_OFFSET = 16,
	TCP_MSS_OPTION_BYTES = 4,
	TCP_WINDOW_SCALE_BYTES = 4, // NOP WINDOW_SCALE
	TCP_TIMESTAMP_BYTES = 12,   // NOP NOP TIMESTAMP, what data segments carry
	TCP_USUAL_OFFER_BYTES = 20, // all three, what most SYNs carry
	TCP_MSS_DEFAULT_IPV4 = 536, // RFC 9293 3.7.1, MUST-15
	TCP_MSS_DEFAULT_IPV6 = 1220,
	TCP_WINDOW_SCALE_MAX = 14, // RFC 7323 2.3
};

// MSS, NOP WINDOW_SCALE and NOP NOP TIMESTAMPS with their lengths: options that fill their words.
enum tcp_aligned_option {
	TCP_ALIGNED_MSS = 0x02040000,
	TCP_ALIGNED_WINDOW_SCALE = 0x01030300,
	TCP_ALIGNED_TIMESTAMPS = 0x0101080a,
	TCP_ALIGNED_SACK_TIMESTAMPS = 0x0402080a, // SACK_PERMITTED in the place of two NOPs
};

// What the option list said. A field counts only when its has_ bit is set.
struct tcp_options {
	bool has_mss;
	bool has_window_scale;
	bool has_timestamps;
	bool has_sack_permitted; // seen, and ignored: the ARQ is SACK-less
	uint8_t window_scale;	 // already clamped to 14
	uint16_t mss;
	uint32_t ts_val;
	uint32_t ts_ecr;
};

// One TCP header in host byte order. `header_bytes` is the data offset in bytes.
struct tcp_header {
	uint16_t src_port;
	uint16_t dst_port;
	uint32_t seq;
	uint32_t ack;
	uint16_t window; // as on the wire, not scaled
	uint16_t urgent;
	uint8_t flags;
	uint8_t header_bytes;
	struct tcp_options options;
};

enum {
	TCP_SRC_PORT_OFFSET = 0,
	TCP_DST_PORT_OFFSET = 2,
	TCP_SEQ_OFFSET = 4,
	TCP_ACK_OFFSET = 8,
	TCP_DATA_OFFSET_OFFSET = 12,
	TCP_WINDOW_OFFSET = 14,
	TCP_URGENT_OFFSET = 18,
};

// For tcp_header_parse() only: an option list of another form.
enum plx_drop tcp_options_parse(const uint8_t *bytes, struct tcp_header *out);

// Reads the header and its options from `len_bytes` bytes, the whole segment. PLX_DROP_NONE, or
// PLX_DROP_TCP_HEADER, PLX_DROP_TCP_OPTION; then `out` is not to be used. What a data segment carries, NOP
// NOP TIMESTAMPS or nothing, is the straight way.
static inline enum plx_drop tcp_header_parse(const uint8_t *bytes, size_t len_bytes,
					     struct tcp_header *out)
{
	const uint8_t *options = bytes + TCP_HEADER_BYTES;

	if (__builtin_expect(len_bytes < TCP_HEADER_BYTES, 0))
		return PLX_DROP_TCP_HEADER;
	out->src_port = load_be16(bytes + TCP_SRC_PORT_OFFSET);
	out->dst_port = load_be16(bytes + TCP_DST_PORT_OFFSET);
	out->seq = load_be32(bytes + TCP_SEQ_OFFSET);
	out->ack = load_be32(bytes + TCP_ACK_OFFSET);
	out->window = load_be16(bytes + TCP_WINDOW_OFFSET);
	out->urgent = load_be16(bytes + TCP_URGENT_OFFSET);
	out->flags = bytes[TCP_FLAGS_OFFSET];
	out->header_bytes = (bytes[TCP_DATA_OFFSET_OFFSET] >> 4) * 4;
	if (__builtin_expect(out->header_bytes < TCP_HEADER_BYTES || out->header_bytes > len_bytes,
			     0))
		return PLX_DROP_TCP_HEADER;
	out->options = (struct tcp_options){0};
	if (__builtin_expect(out->header_bytes == TCP_HEADER_BYTES + TCP_TIMESTAMP_BYTES
				     && load_be32(options) == TCP_ALIGNED_TIMESTAMPS,
			     1)) {
		out->options.has_timestamps = true;
		out->options.ts_val = load_be32(options + 4);
		out->options.ts_ecr = load_be32(options + 8);
		return PLX_DROP_NONE;
	}
	return out->header_bytes == TCP_HEADER_BYTES ? PLX_DROP_NONE
						     : tcp_options_parse(bytes, out);
}

// How long a header with these options is.
static inline size_t tcp_header_build_bytes(const struct tcp_options *options)
{
	return (size_t)TCP_HEADER_BYTES + (options->has_mss ? TCP_MSS_OPTION_BYTES : 0)
		+ (options->has_window_scale ? TCP_WINDOW_SCALE_BYTES : 0)
		+ (options->has_timestamps ? TCP_TIMESTAMP_BYTES : 0);
}

// In words, so that the sum is taken from registers and not from bytes just stored.
static inline uint8_t *tcp_put_word(uint8_t *at, uint32_t value, uint64_t *sum)
{
	uint32_t word = be32_of(value);

	store_word(at, word);
	*sum += word;
	return at + sizeof(word);
}

// Writes header and options (in the order MSS, window scale, timestamps; NOP-padded to 4) to
// `bytes`, which must have room for tcp_header_build_bytes(). The checksum field is zero. Ignores
// header_bytes of `in`; *sum is the partial checksum (wire/checksum.h) of what it wrote, whose length it returns.
static inline size_t tcp_header_build(uint8_t *bytes, const struct tcp_header *in, uint32_t *sum)
{
	size_t header_bytes = tcp_header_build_bytes(&in->options);
	uint32_t offset_flags = (uint32_t)header_bytes << 26 | (uint32_t)in->flags << 16;
	uint64_t total = 0;
	uint8_t *at = bytes;

	at = tcp_put_word(at, (uint32_t)in->src_port << 16 | in->dst_port, &total);
	at = tcp_put_word(at, in->seq, &total);
	at = tcp_put_word(at, in->ack, &total);
	at = tcp_put_word(at, offset_flags | in->window, &total);
	at = tcp_put_word(at, in->urgent, &total);
	if (in->options.has_mss)
		at = tcp_put_word(at, TCP_ALIGNED_MSS | (uint32_t)in->options.mss, &total);
	if (in->options.has_window_scale)
		at = tcp_put_word(at, TCP_ALIGNED_WINDOW_SCALE | (uint32_t)in->options.window_scale,
				  &total);
	if (in->options.has_timestamps) {
		at = tcp_put_word(at, TCP_ALIGNED_TIMESTAMPS, &total);
		at = tcp_put_word(at, in->options.ts_val, &total);
		tcp_put_word(at, in->options.ts_ecr, &total);
	}
	*sum = checksum_narrow(total);
	return header_bytes;
}

#endif

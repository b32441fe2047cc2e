// SPDX-License-Identifier: BSD-3-Clause
//
// The option list of a TCP header (RFC 9293 3.1, 3.2, RFC 7323), walked only in SYNs and for peers that order their
// options in another way than nearly all do.
// Called by tcp_header_parse().
#include "wire/tcp.h"

enum option_kind {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_WINDOW_SCALE = 3,
	OPTION_SACK_PERMITTED = 4,
	OPTION_TIMESTAMPS = 8,
};

enum option_bytes {
	MSS_BYTES = 4,
	WINDOW_SCALE_BYTES = 3,
	SACK_PERMITTED_BYTES = 2,
	TIMESTAMPS_BYTES = 10,
};

// One option whose length is within the list. A known kind with a length that is not its own is
// skipped like an unknown one. All but timestamps are offers, which only a SYN can make.
static void read_option(const uint8_t *option, bool is_syn, struct tcp_options *out)
{
	const uint8_t *value = option + 2;
	uint8_t option_bytes = option[1];

	switch (option[0]) {
	case OPTION_MSS: // RFC 9293 3.7.1; an MSS of zero offers nothing
		if (is_syn && option_bytes == MSS_BYTES && load_be16(value) != 0) {
			out->has_mss = true;
			out->mss = load_be16(value);
		}
		break;
	case OPTION_WINDOW_SCALE: // RFC 7323 2.3
		if (is_syn && option_bytes == WINDOW_SCALE_BYTES) {
			out->has_window_scale = true;
			out->window_scale = value[0] < TCP_WINDOW_SCALE_MAX ? value[0]
									    : TCP_WINDOW_SCALE_MAX;
		}
		break;
	case OPTION_SACK_PERMITTED:
		if (is_syn && option_bytes == SACK_PERMITTED_BYTES)
			out->has_sack_permitted = true;
		break;
	case OPTION_TIMESTAMPS: // RFC 7323 3.2
		if (option_bytes == TIMESTAMPS_BYTES) {
			out->has_timestamps = true;
			out->ts_val = load_be32(value);
			out->ts_ecr = load_be32(value + 4);
		}
		break;
	}
}

// RFC 9293 3.2: a list ends with its octets or with END; MUST-7: any length may be a lie.
static enum plx_drop read_options(const uint8_t *option, size_t len_bytes, bool is_syn,
				  struct tcp_options *out)
{
	while (len_bytes > 0 && option[0] != OPTION_END) {
		size_t option_bytes = 1;

		if (option[0] != OPTION_NOP) {
			if (len_bytes < 2 || option[1] < 2 || option[1] > len_bytes)
				return PLX_DROP_TCP_OPTION;
			option_bytes = option[1];
			read_option(option, is_syn, out);
		}
		option += option_bytes;
		len_bytes -= option_bytes;
	}
	return PLX_DROP_NONE;
}

// MSS, NOP WINDOW_SCALE, NOP NOP TIMESTAMPS, as we send them; or MSS, SACK_PERMITTED TIMESTAMPS, NOP
// WINDOW_SCALE, as Linux does. False: neither.
static bool read_usual_offers(const uint8_t *option, struct tcp_options *out)
{
	uint32_t mss = load_be32(option);
	uint32_t second = load_be32(option + 4);
	uint32_t scale, timestamps_at;

	if (second == TCP_ALIGNED_SACK_TIMESTAMPS) {
		timestamps_at = 8;
		scale = load_be32(option + 16);
	} else {
		if (load_be32(option + 8) != TCP_ALIGNED_TIMESTAMPS)
			return false;
		timestamps_at = 12;
		scale = second;
	}
	if ((mss & 0xffff0000) != TCP_ALIGNED_MSS || (mss & 0xffff) == 0
	    || (scale & 0xffffff00) != TCP_ALIGNED_WINDOW_SCALE)
		return false;
	scale &= 0xff;
	*out = (struct tcp_options){
		.has_mss = true,
		.has_window_scale = true,
		.has_timestamps = true,
		.has_sack_permitted = second == TCP_ALIGNED_SACK_TIMESTAMPS,
		.window_scale = scale < TCP_WINDOW_SCALE_MAX ? (uint8_t)scale
							     : TCP_WINDOW_SCALE_MAX,
		.mss = (uint16_t)mss,
		.ts_val = load_be32(option + timestamps_at),
		.ts_ecr = load_be32(option + timestamps_at + 4),
	};
	return true;
}

enum plx_drop tcp_options_parse(const uint8_t *bytes, struct tcp_header *out)
{
	if ((out->flags & TCP_SYN) != 0
	    && out->header_bytes == TCP_HEADER_BYTES + TCP_USUAL_OFFER_BYTES
	    && read_usual_offers(bytes + TCP_HEADER_BYTES, &out->options))
		return PLX_DROP_NONE;
	return read_options(bytes + TCP_HEADER_BYTES, out->header_bytes - TCP_HEADER_BYTES,
			    (out->flags & TCP_SYN) != 0, &out->options);
}

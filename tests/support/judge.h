// SPDX-License-Identifier: BSD-3-Clause
//
// Watches everything that a stack sends and knows the rules that no frame may break, whatever the test
// is about: checksums by the reference, header fields, and per direction of a connection the order of
// sequence numbers, acknowledgements, windows, timestamps and FIN (RFC 9293 3.4, 3.8.6, RFC 7323 3.2).
// Called by fixtures and pairs for every frame of plx_output().
#ifndef SUPPORT_JUDGE_H
#define SUPPORT_JUDGE_H

#include "support/segment.h"

enum { JUDGE_FLOWS = 32768 }; // a power of two, at least twice the connections of a test

// One direction of one connection, as its frames tell it.
struct judge_flow {
	struct plx_addr src;
	struct plx_addr dst;
	uint16_t src_port;
	uint16_t dst_port;
	bool is_used;
	bool has_ack;
	bool has_ts;
	bool has_fin;
	uint8_t wscale;	    // what its SYN offered, 0 when the peer's did not
	uint32_t iss;	    // sequence number of its SYN
	uint32_t seq_max;   // one past the highest sequence number sent
	uint32_t ack;	    // highest acknowledgement sent
	uint32_t edge;	    // right edge of the window granted
	uint32_t ts_val;    // last timestamp
	uint32_t fin_end;   // one past the FIN
	uint64_t new_bytes; // payload sent for the first time
};

struct judge {
	enum plx_link link;
	uint16_t vlan;
	uint16_t outer_vlan;
	uint16_t mtu_bytes;
	struct mac_addr src_mac;
	bool knows_payload; // it must be the pattern of `salt`
	bool ignores_flows; // segments are judged one by one
	uint32_t salt;
	struct judge_flow *flows;
	uint64_t zero_windows; // segments that shut the peer's sender up
	uint32_t first, end;   // what is used lies at [first, end)
	char text[256];
};

void judge_init(struct judge *judge, const struct plx_stack_config *config);
void judge_fini(struct judge *judge);

// Reads the frame into `out`. NULL, or a sentence about the rule it breaks.
const char *judge_frame(struct judge *judge, const uint8_t *bytes, size_t len_bytes,
			struct frame *out);

// What was sent before is another connection's.
void judge_forget(struct judge *judge);

// Whether the checksums of a frame that was read verify, as far as it has any.
bool judge_is_intact(const struct frame *frame, const uint8_t *bytes);

// A frame that goes to the stack: a SYN without window scale means that ours is not in force either
// (RFC 7323 2.2).
void judge_hear(struct judge *judge, const struct frame *frame);

#endif

// SPDX-License-Identifier: BSD-3-Clause
//
// An application that sends so many bytes of a pattern, in pieces of all sizes and by every call that sends,
// reads what comes by every call that reads, holds it against the other side's pattern, and closes when both
// are through. Now and then it may rest.
// Called by support/transfer.
#ifndef SUPPORT_STREAM_H
#define SUPPORT_STREAM_H

#include "base/random.h"
#include "support/pair.h"

struct stream {
	plx_conn conn;
	uint32_t salt_out, salt_in;
	uint64_t to_send, sent;
	uint64_t to_receive, received;
	uint8_t *data; // all that is to be sent
	struct random random;
	uint32_t rest_ppm; // chance to do nothing for a while, per turn
	plx_duration rest_max;
	plx_time rests_until;
	uint64_t cookies_wanted, cookies_back;
	bool is_open;
	bool has_shut; // FIN follows what was sent
	bool has_end;  // the peer's FIN was read
	bool has_closed;
	uint32_t last_mask; // of CLOSED or FAILED, 0 before
	int32_t last_error;
};

void stream_init(struct stream *s, uint32_t salt_out, uint64_t to_send, uint32_t salt_in,
		 uint64_t to_receive);
void stream_fini(struct stream *s);

// An event of its connection.
void stream_on_event(struct stream *s, const struct plx_event *event);

// Sends, reads and closes what it can now; once per turn.
void stream_on_turn(struct stream *s, struct pair *pair, struct pair_side *side);

// All bytes have come, and the connection has ended in order.
bool stream_is_done(const struct stream *s);

#endif

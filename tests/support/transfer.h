// SPDX-License-Identifier: BSD-3-Clause
//
// Streams both ways over one connection or several at once: the whole life of a pair, from begin to end.
// Every byte is held against the pattern of its own connection and direction.
// Called by tests/pair.
#ifndef SUPPORT_TRANSFER_H
#define SUPPORT_TRANSFER_H

#include "support/stream.h"

enum { TRANSFER_CONNECTIONS = 16 };

struct transfer {
	unsigned connections; // 0 counts as 1; they share the bytes
	uint64_t bytes_up;    // from the client
	uint64_t bytes_down;  // from the server
	uint32_t rest_ppm;    // of both applications, see stream.h
	plx_duration rest_max;
	const struct plx_option_value *options; // of both sides
	unsigned n_options;
	plx_duration limit;
	// What the first connection began with, when it is over.
	uint32_t iss_up;
	uint32_t iss_down;
};

// The pair has begun; pair_end() is the caller's, so that counters can be looked at before.
void transfer_run(struct pair *pair, struct transfer *transfer);

#endif

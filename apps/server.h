// SPDX-License-Identifier: BSD-3-Clause
//
// What every server of the program is told and what it counts: where it listens, how many
// connections it serves at a time, what became of them. http_server, echo and discard build on it
// through acceptor.h.
// Filled in and read by apps/host.
#ifndef APPS_SERVER_H
#define APPS_SERVER_H

#include "apps/connection_settings.h"

#define SERVER_OPTIONS_MAX 16

struct server_config {
	struct plx_addr address; // one of the stack's; all zero = any of both families
	uint16_t port_first;
	uint16_t port_last;    // the same for a single port
	uint32_t max_sessions; // connections served at a time, allocated at creation; 0 = 65536
	uint32_t backlog;      // as of plx_listen()
	// Of the connections, in addition to NAGLE 0, which comes first. Copied.
	const struct plx_option_value *options;
	unsigned n_options; // at most SERVER_OPTIONS_MAX - 1
};

// accepted = closed + failed + open ones. Written by the worker's thread, readable by any.
struct server_results {
	uint64_t accepted;
	uint64_t closed;
	uint64_t failed;
	uint64_t turned_away; // of those accepted, closed at once because every session was taken
	uint64_t rx_bytes;
	uint64_t tx_bytes;
	struct connection_settings settings;
};

#endif

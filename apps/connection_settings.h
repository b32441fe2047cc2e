// SPDX-License-Identifier: BSD-3-Clause
//
// What the connections of a server or a load go by, read back from one of them once its handshake
// is over: its options, and what was agreed on with the peer. For the report, which tells what was
// in force, not what was asked for.
// Read by acceptor and load_connection from their first connection; told by apps/report.
#ifndef APPS_CONNECTION_SETTINGS_H
#define APPS_CONNECTION_SETTINGS_H

#include <pollux/pollux.h>

struct connection_settings {
	bool is_known; // there was a connection
	int64_t options[PLX_OPTION_COUNT];
	struct plx_info info;
};

// Of an established connection; does nothing when they are known.
void connection_settings_read(struct connection_settings *settings, struct plx_stack *stack,
			      plx_conn conn);

// Takes those of another worker when none are known.
void connection_settings_merge(struct connection_settings *total,
			       const struct connection_settings *from);

#endif

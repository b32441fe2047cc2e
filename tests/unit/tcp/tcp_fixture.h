// SPDX-License-Identifier: BSD-3-Clause
//
// A stack whose TCP is looked at from inside: a room gets its `struct tcp` and a connection in a
// state of the test's choice, nothing runs by itself. Closing it proves that all memory came back.
// Called by the tests of rooms that need more than values.
#ifndef TCP_FIXTURE_H
#define TCP_FIXTURE_H

#include <pollux/pollux.h>

#include "base/random.h"
#include "support/cmocka_headers.h"
#include "tcp/tcp.h"

enum { FIXTURE_LOCAL_PORT = 2000, FIXTURE_REMOTE_PORT = 80 };

struct tcp_fixture {
	struct plx_stack_config config; // the test changes it before tcp_fixture_open()
	struct plx_stack *stack;
	struct tcp *tcp;
	struct random random;
	unsigned mbufs_before;
};

struct tcp_fixture tcp_fixture_prepare(void);
void tcp_fixture_open(struct tcp_fixture *f);

// Every connection is gone, every buffer and record is back.
void tcp_fixture_close(struct tcp_fixture *f);

// From us to the peer with that address, e.g. "198.18.0.1".
struct flow_key tcp_fixture_key(const char *remote, uint16_t local_port);

// ESTABLISHED, sending from `iss` and receiving from `irs` on.
struct tcp_conn *tcp_fixture_conn(struct tcp_fixture *f, const struct flow_key *key, uint32_t iss,
				  uint32_t irs);

// Ends it as conn_end() does and fetches its last event.
void tcp_fixture_end(struct tcp_fixture *f, struct tcp_conn *c);

// Blocks that have ended may be given out again.
void tcp_fixture_settle(struct tcp_fixture *f);

#endif

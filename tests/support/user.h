// SPDX-License-Identifier: BSD-3-Clause
//
// The user of a fixture's connection: the calls of RFC 9293 3.10 with payload from the pattern, their
// results stated. What they cause comes out at the next expectation.
// Scenarios about a call's errors call plx_...() themselves.
// Called by tests/script.
#ifndef SUPPORT_USER_H
#define SUPPORT_USER_H

#include "support/expect.h"

// plx_send() of the next bytes of the pattern takes all of them.
#define user_sends(f, len_bytes) user_sends_here(f, len_bytes, HERE)
// plx_recv() gives exactly so many bytes, and they are the pattern's next.
#define user_receives(f, len_bytes) user_receives_here(f, len_bytes, HERE)
// There is nothing to read now.
#define user_finds_nothing(f) user_finds_nothing_here(f, HERE)
// All was read, and the peer has closed.
#define user_finds_end(f) user_finds_end_here(f, HERE)
#define user_closes(f) user_closes_here(f, HERE)
#define user_aborts(f) user_aborts_here(f, HERE)
#define user_shuts_down(f, how) user_shuts_down_here(f, how, HERE)

void user_sends_here(struct fixture *f, size_t len_bytes, struct place at);
void user_receives_here(struct fixture *f, size_t len_bytes, struct place at);
void user_finds_nothing_here(struct fixture *f, struct place at);
void user_finds_end_here(struct fixture *f, struct place at);
void user_closes_here(struct fixture *f, struct place at);
void user_aborts_here(struct fixture *f, struct place at);
void user_shuts_down_here(struct fixture *f, enum plx_shutdown_how how, struct place at);

// plx_connect() from an ephemeral port to f->peer.port with the fixture's options; its result.
int user_connects(struct fixture *f);

// As many of the pattern's next bytes as plx_send() takes; they count as sent.
int64_t user_offers(struct fixture *f, size_t len_bytes);

#endif

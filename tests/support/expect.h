// SPDX-License-Identifier: BSD-3-Clause
//
// What a scenario states of its stack: the segments that come out, silence, events, state. Only named
// fields are compared; payload is always held against the pattern. A statement that does not hold ends
// the test and prints the last segments.
// Called by tests/script.
#ifndef SUPPORT_EXPECT_H
#define SUPPORT_EXPECT_H

#include "support/fixture.h"

// Where a statement stands, for its failure.
struct place {
	const char *file;
	int line;
};
#define HERE ((struct place){__FILE__, __LINE__})

// The next segment that comes out is this one.
#define expect_segment(f, ...) expect_segment_here(f, __VA_ARGS__, HERE)
// Nothing (more) comes out now.
#define expect_silence(f) expect_silence_here(f, HERE)
// Nothing comes out for so long.
#define expect_silence_for(f, ms) expect_silence_for_here(f, ms, HERE)
// Nothing comes out before, and this segment exactly then.
#define expect_segment_after(f, ms, ...) expect_segment_after_here(f, ms, __VA_ARGS__, HERE)
// This segment comes out next, and no later than that.
#define expect_segment_within(f, ms, ...) expect_segment_within_here(f, ms, __VA_ARGS__, HERE)
// So many bytes come out from f->snd_nxt on, each time within a second of an acknowledgement of all before; then nothing.
#define expect_piece_by_piece(f, bytes) expect_piece_by_piece_here(f, bytes, HERE)
// The next event is exactly this mask, with this error, for f->conn.
#define expect_event(f, mask, error) expect_event_here(f, mask, error, HERE)
#define expect_no_event(f) expect_no_event_here(f, HERE)
// The state of f->conn. A compact entry or none at all is told by plx_get_stats().
#define expect_state(f, state) expect_state_here(f, state, HERE)
// So many frames were dropped for this reason since the stack was made.
#define expect_drops(f, reason, n) expect_drops_here(f, reason, n, HERE)
#define expect_counter(f, which, n) expect_counter_here(f, which, n, HERE)

// The segment is taken; later numbers may be counted from it.
const struct frame *expect_segment_here(struct fixture *f, struct seg seg, struct place at);
void expect_silence_here(struct fixture *f, struct place at);
void expect_silence_for_here(struct fixture *f, uint64_t ms, struct place at);
const struct frame *expect_segment_after_here(struct fixture *f, uint64_t ms, struct seg seg,
					      struct place at);
const struct frame *expect_segment_within_here(struct fixture *f, uint64_t ms, struct seg seg,
					       struct place at);
void expect_piece_by_piece_here(struct fixture *f, uint32_t len_bytes, struct place at);
void expect_event_here(struct fixture *f, uint32_t mask, int error, struct place at);
void expect_no_event_here(struct fixture *f, struct place at);
void expect_state_here(struct fixture *f, enum plx_state state, struct place at);
void expect_drops_here(struct fixture *f, enum plx_drop reason, uint64_t n, struct place at);
void expect_counter_here(struct fixture *f, enum plx_counter which, uint64_t n, struct place at);

#endif

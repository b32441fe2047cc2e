// SPDX-License-Identifier: BSD-3-Clause
//
// Fuzz target: frames, byte for byte, through plx_input(). An input is a head (the dice of the stack's
// configuration) and frames with their lengths; a bit of each length asks for mended checksums, another for
// a millisecond to pass.
// Called by libFuzzer, or by the replay of the kept corpus.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "support/arena.h"
#include "support/arena_frame.h"
#include "support/eal_main.h"
#include "support/mbufs.h"

enum {
	HEAD_BYTES = 16,
	LENGTH_MASK = 0x0fff,
	WANTS_MENDING = 0x8000,
	WANTS_TIME = 0x4000,
};

struct head {
	const uint8_t *bytes;
	size_t at;
};

// The head's bytes over and over: how frames are wrapped into buffers follows from it too.
static uint32_t draw(void *context, uint32_t n)
{
	struct head *head = context;

	return n == 0 ? 0 : head->bytes[head->at++ % HEAD_BYTES] % n;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	test_eal_init();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct head head = {.bytes = data};
	struct arena arena = {.draw = draw, .context = &head};
	uint8_t bytes[LENGTH_MASK + 1];
	size_t at = HEAD_BYTES;

	if (size < HEAD_BYTES || !arena_begin(&arena, (data[0] & 0x80) != 0))
		return 0;
	while (at + 2 <= size) {
		unsigned word = (unsigned)data[at] << 8 | data[at + 1];
		size_t len_bytes = word & LENGTH_MASK;

		at += 2;
		if (len_bytes > size - at)
			len_bytes = size - at;
		memcpy(bytes, data + at, len_bytes);
		at += len_bytes;
		if ((word & WANTS_MENDING) != 0)
			arena_frame_mend(&arena, bytes, len_bytes);
		if ((word & WANTS_TIME) != 0)
			arena.now += PLX_MILLISECOND;
		arena_frame(&arena, bytes, len_bytes);
		arena_run(&arena);
	}
	arena_end(&arena);
	if (arena.fault != NULL) {
		fprintf(stderr, "%s\n", arena.fault);
		abort();
	}
	return 0;
}

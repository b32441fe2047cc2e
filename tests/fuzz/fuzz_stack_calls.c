// SPDX-License-Identifier: BSD-3-Clause
//
// Fuzz target: sequences of segments, calls and time. The input's bytes are the dice of an arena, so that every
// input is a run, and a byte changed is another turn of events.
// Called by libFuzzer, or by the replay of the kept corpus.
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/target.h"
#include "support/arena.h"
#include "support/eal_main.h"

enum { STEPS_MAX = 2000 };

struct input {
	const uint8_t *bytes;
	size_t left;
};

// As few bytes as the range needs; behind the end there are zeros.
static uint32_t draw(void *context, uint32_t n)
{
	struct input *input = context;
	unsigned width = n <= 1u << 8 ? 1 : n <= 1u << 16 ? 2 : 4;
	uint32_t value = 0;

	for (; width > 0 && input->left > 0; width--, input->left--)
		value = value << 8 | *input->bytes++;
	return n == 0 ? 0 : value % n;
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
	struct input input = {data, size};
	struct arena arena = {.draw = draw, .context = &input};

	if (!arena_begin(&arena, draw(&input, 2) != 0))
		abort();
	for (unsigned i = 0; i < STEPS_MAX && input.left > 0; i++)
		arena_step(&arena);
	arena_end(&arena);
	if (arena.fault != NULL) {
		fprintf(stderr, "%s\n", arena.fault);
		abort();
	}
	return 0;
}

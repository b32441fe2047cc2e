// SPDX-License-Identifier: BSD-3-Clause
//
// A million mutated frames per family through plx_input(), among calls of every kind, in chunks of a thousand:
// after each the books are closed and every buffer is back. POLLUX_GARBAGE_FRAMES changes the number; a
// failure prints the command that repeats its chunk alone.
// Any byte from outside gets a verdict and a counter, never a crash.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "support/arena.h"
#include "support/cmocka_headers.h"
#include "support/eal_main.h"
#include "support/seed.h"

enum { FRAMES = 1000000, CHUNK_FRAMES = 1000 };

static uint64_t wanted_frames(void)
{
	const char *wanted = getenv("POLLUX_GARBAGE_FRAMES");

	return wanted == NULL ? FRAMES : strtoull(wanted, NULL, 0);
}

static uint32_t draw(void *context, uint32_t n)
{
	return random_below(context, n);
}

static void one_chunk(uint64_t seed, bool is_ipv6)
{
	struct random random;
	struct arena arena = {.draw = draw, .context = &random};

	random_init_seed(&random, seed * 2 + is_ipv6);
	assert_true(arena_begin(&arena, is_ipv6));
	while (arena.frames < CHUNK_FRAMES && arena.fault == NULL)
		arena_step(&arena);
	arena_end(&arena);
	if (arena.fault == NULL)
		return;
	print_error("IPv%u: %s\n", is_ipv6 ? 6 : 4, arena.fault);
	print_error("to repeat: POLLUX_SEED=%" PRIu64
		    " POLLUX_GARBAGE_FRAMES=1 build/tests/fuzz/garbage\n",
		    seed);
	fail();
}

static void chunks(bool is_ipv6)
{
	uint64_t seed = test_seed();

	for (uint64_t frames = 0; frames < wanted_frames(); frames += CHUNK_FRAMES)
		one_chunk(seed++, is_ipv6);
}

static void million_frames_ipv4(void **state)
{
	(void)state;
	chunks(false);
}

static void million_frames_ipv6(void **state)
{
	(void)state;
	chunks(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(million_frames_ipv4),
		cmocka_unit_test(million_frames_ipv6),
	};

	test_eal_init();
	return cmocka_run_group_tests_name("fuzz garbage", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// Initial sequence numbers (RFC 6528 3): a clock of four microseconds per tuple, moved by what only
// the holder of the key can compute; and the offset of timestamps, which has no clock.
// Room: engine/tcp/isn.
#include "tcp/isn.h"

#include "base/random.h"
#include "support/cmocka_headers.h"
#include "support/seed.h"

enum { TUPLES = 20000 };

#define TICK (4 * PLX_MICROSECOND)

struct fixture {
	struct tcp tcp;
	struct random random;
};

static struct fixture *fixture_make(void)
{
	static struct fixture f;

	random_init_seed(&f.random, test_seed());
	f.tcp.now = random_u64(&f.random) >> 4;
	f.tcp.isn_key = (struct siphash_key){random_u64(&f.random), random_u64(&f.random)};
	return &f;
}

static struct flow_key random_tuple(struct random *r)
{
	struct flow_key key = {
		.local_port = (uint16_t)random_u32(r),
		.remote_port = (uint16_t)random_u32(r),
		.zone = (uint16_t)random_below(r, 4),
	};

	bool is_ipv4 = random_below(r, 2) == 0;

	if (is_ipv4)
		key.local = key.remote = plx_addr_ipv4(0, 0, 0, 0);
	for (unsigned i = is_ipv4 ? 12 : 0; i < sizeof(key.local.bytes); i++) {
		key.local.bytes[i] = (uint8_t)random_u32(r);
		key.remote.bytes[i] = (uint8_t)random_u32(r);
	}
	return key;
}

static void a_tuple_follows_the_clock(void **state)
{
	struct fixture *f = fixture_make();

	(void)state;
	for (unsigned i = 0; i < TUPLES; i++) {
		struct flow_key key = random_tuple(&f->random);
		struct isn first, later;
		// RFC 6528: the clock wraps after some four hours and three quarters.
		uint64_t ticks = random_u64(&f->random) >> (24 + random_below(&f->random, 40));

		f->tcp.now = f->tcp.now / TICK * TICK;
		first = isn_of(&f->tcp, &key);
		f->tcp.now += TICK - 1;
		assert_int_equal(isn_of(&f->tcp, &key).seq, first.seq);
		f->tcp.now += 1 + (ticks - 1) * TICK;
		later = isn_of(&f->tcp, &key);
		assert_int_equal(later.seq, (uint32_t)(first.seq + ticks));
		assert_int_equal(later.ts_offset, first.ts_offset);
		assert_int_equal(later.tuple, first.tuple);
	}
}

static unsigned bits_between(uint32_t a, uint32_t b)
{
	return (unsigned)__builtin_popcount(a ^ b);
}

// Flips one bit of the key each time: half the bits of the answer change.
// The first twelve bytes of an IPv4 address are always the same.
static bool is_of_prefix(const struct flow_key *key, unsigned bit)
{
	unsigned address_bits = 8 * sizeof(key->local);

	return plx_addr_is_ipv4(&key->remote) && bit < 2 * address_bits && bit % address_bits < 96;
}

static void every_part_of_the_tuple_matters(void **state)
{
	enum { KEYS = 64, USED_BITS = offsetof(struct flow_key, reserved) * 8 };
	struct fixture *f = fixture_make();

	(void)state;
	for (unsigned bit = 0; bit < USED_BITS; bit++) {
		unsigned seq_bits = 0, offset_bits = 0;

		for (unsigned i = 0; i < KEYS; i++) {
			struct flow_key key = random_tuple(&f->random);
			struct isn before, after;

			while (is_of_prefix(&key, bit))
				key = random_tuple(&f->random);
			before = isn_of(&f->tcp, &key);
			((uint8_t *)&key)[bit / 8] ^= (uint8_t)(1u << bit % 8);
			after = isn_of(&f->tcp, &key);
			seq_bits += bits_between(before.seq, after.seq);
			offset_bits += bits_between(before.ts_offset, after.ts_offset);
		}
		// Sixteen of 32 on average; twelve standard deviations are left to chance.
		assert_in_range(seq_bits, KEYS * 16 - 272, KEYS * 16 + 272);
		assert_in_range(offset_bits, KEYS * 16 - 272, KEYS * 16 + 272);
	}
}

static void another_key_gives_other_numbers(void **state)
{
	struct fixture *f = fixture_make();
	unsigned same_seq = 0, same_offset = 0;

	(void)state;
	for (unsigned i = 0; i < TUPLES; i++) {
		struct flow_key key = random_tuple(&f->random);
		struct siphash_key own = f->tcp.isn_key;
		struct isn before = isn_of(&f->tcp, &key), after;

		f->tcp.isn_key = (struct siphash_key){random_u64(&f->random),
						      random_u64(&f->random)};
		after = isn_of(&f->tcp, &key);
		f->tcp.isn_key = own;
		same_seq += before.seq == after.seq;
		same_offset += before.ts_offset == after.ts_offset;
	}
	assert_in_range(same_seq, 0, 4);
	assert_in_range(same_offset, 0, 4);
}

// The ports of one client in a row: what one got tells nothing of what the next gets.
static void neighbouring_tuples_are_spread_over_the_space(void **state)
{
	enum { BUCKETS = 64 };
	struct fixture *f = fixture_make();
	struct flow_key key = random_tuple(&f->random);
	unsigned steps[BUCKETS] = {0};
	uint32_t last = isn_of(&f->tcp, &key).seq;

	(void)state;
	for (unsigned i = 0; i < TUPLES; i++) {
		uint32_t seq;

		key.remote_port++;
		seq = isn_of(&f->tcp, &key).seq;
		steps[(seq - last) / (UINT32_MAX / BUCKETS + 1)]++;
		last = seq;
	}
	for (unsigned i = 0; i < BUCKETS; i++)
		assert_in_range(steps[i], TUPLES / BUCKETS / 2, TUPLES / BUCKETS * 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tuple_follows_the_clock),
		cmocka_unit_test(every_part_of_the_tuple_matters),
		cmocka_unit_test(another_key_gives_other_numbers),
		cmocka_unit_test(neighbouring_tuples_are_spread_over_the_space),
	};

	return cmocka_run_group_tests_name("tcp/isn", tests, NULL, NULL);
}

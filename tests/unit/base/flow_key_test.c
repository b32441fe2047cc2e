// SPDX-License-Identifier: BSD-3-Clause
//
// The flow hash against a second computation of its definition, and its spread over bucket and tag bits
// for the kinds of flows there are: runs of ports, runs of addresses, both families. Fixed seeds.
// Room: engine/base/flow_key.
#include "base/flow_key.h"

#include <string.h>

#include "base/random.h"
#include "support/cmocka_headers.h"
#include "support/seed.h"

enum {
	SECRETS = 20,
	FLOWS = 1 << 15,
	BINS = 1 << 12,
};

static struct plx_addr addr_of(uint32_t ipv4)
{
	struct plx_addr addr = {{0}};

	addr.bytes[10] = 0xff;
	addr.bytes[11] = 0xff;
	for (unsigned i = 0; i < 4; i++)
		addr.bytes[12 + i] = (uint8_t)(ipv4 >> (24 - 8 * i));
	return addr;
}

static struct flow_key random_key(struct random *r)
{
	struct flow_key key = {
		.local_port = (uint16_t)random_u32(r),
		.remote_port = (uint16_t)random_u32(r),
		.zone = (uint16_t)random_u32(r),
	};

	for (unsigned i = 0; i < sizeof(key.local.bytes); i++) {
		key.local.bytes[i] = (uint8_t)random_u32(r);
		key.remote.bytes[i] = (uint8_t)random_u32(r);
	}
	return key;
}

static unsigned __int128 wide(uint64_t high, uint64_t low)
{
	return (unsigned __int128)high << 64 | low;
}

// The definitions as they stand in the papers, in plain 128-bit arithmetic, and the permutation after them.
static uint64_t hash_by_definition(const struct flow_secret *s, const struct flow_key *key)
{
	uint64_t words[FLOW_KEY_WORDS + 1] = {0}, hash;
	unsigned __int128 nh = 0, sum;

	memcpy(words, key, sizeof(*key));
	for (unsigned i = 0; i <= FLOW_KEY_WORDS; i += 2)
		nh += wide(0, words[i] + s->nh[i]) * wide(0, words[i + 1] + s->nh[i + 1]);
	sum = wide(s->high[0], s->low[0]) * (uint64_t)nh
		+ wide(s->high[1], s->low[1]) * (uint64_t)(nh >> 64)
		+ wide(s->high_addend, s->low_addend);
	hash = (uint64_t)(sum >> 64);
	hash ^= hash >> 32;
	hash *= UINT64_C(0x9E3779B97F4A7C15);
	return hash ^ hash >> 29;
}

static void the_hash_is_what_its_definition_says(void **state)
{
	struct flow_secret secret;
	struct random r;

	(void)state;
	random_init_seed(&r, test_seed());
	for (unsigned i = 0; i < 5000; i++) {
		struct flow_key key = random_key(&r);

		flow_secret_init_seed(&secret, random_u64(&r));
		assert_int_equal(flow_hash(&secret, &key), hash_by_definition(&secret, &key));
	}
}

static void every_bit_of_a_key_counts(void **state)
{
	struct flow_secret secret;
	struct random r;

	(void)state;
	random_init_seed(&r, 1);
	flow_secret_init_seed(&secret, 1);
	for (unsigned bit = 0; bit < 8 * sizeof(struct flow_key); bit++) {
		struct flow_key key = random_key(&r), other = key;

		((unsigned char *)&other)[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_true(flow_key_is_equal(&key, &key));
		assert_false(flow_key_is_equal(&key, &other));
		assert_int_not_equal(flow_hash(&secret, &key), flow_hash(&secret, &other));
	}
}

// The low word of the addend shows only where it decides a carry: some keys of many.
static void every_word_of_the_secret_counts(void **state)
{
	struct random r;

	(void)state;
	random_init_seed(&r, 2);
	for (unsigned i = 0; i < sizeof(struct flow_secret) / sizeof(uint64_t); i++) {
		struct flow_secret secret, other;
		unsigned differing = 0;

		flow_secret_init_seed(&secret, 3);
		other = secret;
		((uint64_t *)&other)[i] ^= UINT64_MAX;
		for (unsigned k = 0; k < 100; k++) {
			struct flow_key key = random_key(&r);

			differing += flow_hash(&secret, &key) != flow_hash(&other, &key);
		}
		assert_true(differing > 10);
	}
}

static void the_kernel_gives_every_stack_its_own_secret(void **state)
{
	struct flow_secret a, b;

	(void)state;
	assert_int_equal(flow_secret_init_kernel(&a), 0);
	assert_int_equal(flow_secret_init_kernel(&b), 0);
	for (unsigned i = 0; i < sizeof(a) / sizeof(uint64_t); i++)
		assert_int_not_equal(((uint64_t *)&a)[i], ((uint64_t *)&b)[i]);
}

// The kinds of flows whose keys differ in little and regularly.
typedef struct flow_key (*flow_family)(uint32_t i);

static struct flow_key by_port(uint32_t i)
{
	return (struct flow_key){.local = addr_of(0xc6120002),
				 .remote = addr_of(0xc6120001),
				 .local_port = 80,
				 .remote_port = (uint16_t)i};
}

static struct flow_key by_address(uint32_t i)
{
	return (struct flow_key){.local = addr_of(0xc6120002),
				 .remote = addr_of(0x0a000000 + i),
				 .local_port = 80,
				 .remote_port = 1024};
}

static struct flow_key by_address_and_port(uint32_t i)
{
	return (struct flow_key){.local = addr_of(0xc6120002),
				 .remote = addr_of(0x0a000000 + i / 256),
				 .local_port = 443,
				 .remote_port = (uint16_t)(1024 + i % 256)};
}

static struct flow_key by_prefix(uint32_t i)
{
	struct flow_key key = {.local_port = 80, .remote_port = 1024};

	key.local.bytes[0] = 0xfd;
	key.remote.bytes[0] = 0xfd;
	key.remote.bytes[6] = (uint8_t)(i >> 8);
	key.remote.bytes[7] = (uint8_t)i;
	return key;
}

// Pearson's statistic over its mean: about 1 for an even spread, within a few times sqrt(2 / BINS).
static double unevenness(const unsigned *bins)
{
	double expected = (double)FLOWS / BINS, sum = 0;

	for (unsigned i = 0; i < BINS; i++)
		sum += (bins[i] - expected) * (bins[i] - expected) / expected;
	return sum / BINS;
}

static void expect_spread(flow_family family)
{
	static unsigned by_bucket[BINS], by_tag[BINS];

	for (unsigned seed = 0; seed < SECRETS; seed++) {
		struct flow_secret secret;

		flow_secret_init_seed(&secret, seed);
		memset(by_bucket, 0, sizeof(by_bucket));
		memset(by_tag, 0, sizeof(by_tag));
		for (uint32_t i = 0; i < FLOWS; i++) {
			struct flow_key key = family(i);
			uint64_t hash = flow_hash(&secret, &key);

			by_bucket[hash % BINS]++;
			by_tag[hash >> 48 & (BINS - 1)]++;
		}
		assert_true(unevenness(by_bucket) < 1.3);
		assert_true(unevenness(by_tag) < 1.3);
	}
}

static void regular_flows_spread_evenly(void **state)
{
	(void)state;
	expect_spread(by_port);
	expect_spread(by_address);
	expect_spread(by_address_and_port);
	expect_spread(by_prefix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hash_is_what_its_definition_says),
		cmocka_unit_test(every_bit_of_a_key_counts),
		cmocka_unit_test(every_word_of_the_secret_counts),
		cmocka_unit_test(the_kernel_gives_every_stack_its_own_secret),
		cmocka_unit_test(regular_flows_spread_evenly),
	};

	return cmocka_run_group_tests_name("base/flow_key", tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
//
// The Internet checksum in wide steps (RFC 1071 2: sums of wider words reduce to the same result).
// Short pieces are taken by 8 bytes, an addition and its carry each, long ones by 64, with AVX2 where the
// processor has it: a stack without offload spends a tenth of a full segment's time here. Called through
// checksum.h.
#include "wire/checksum.h"

#include <assert.h>

#ifdef __x86_64__
#define WIDE_TARGET __attribute__((target("avx2")))
#define HAS_WIDE() __builtin_cpu_supports("avx2")
#else
#define WIDE_TARGET
#define HAS_WIDE() 1
#endif

// A sanitizer does not look into assembly, and what is summed has lengths that a peer has stated.
#ifdef __has_feature
#define IS_SANITIZED __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#else
#define IS_SANITIZED 0
#endif
#if defined(__x86_64__) && !IS_SANITIZED
#define CARRIES_ALONG 1
#else
#define CARRIES_ALONG 0
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))

enum {
	WIDE_STEP_BYTES = 64,
	WIDE_MIN_BYTES = 2 * WIDE_STEP_BYTES, // below it the set-up costs more than it saves
};

typedef uint64_t lanes __attribute__((vector_size(32)));

// Adds whole steps of 64 bytes at `from`, copying them to `to` unless that is NULL (a constant).
WIDE_TARGET static ALWAYS_INLINE uint64_t sum_steps(uint8_t *to, const uint8_t *from,
						    size_t len_bytes)
{
	const lanes low_half = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
	lanes sum_a = {0}, sum_b = {0}, sum_c = {0}, sum_d = {0};

	for (size_t at = 0; at < len_bytes; at += WIDE_STEP_BYTES) {
		lanes first, second;

		memcpy(&first, from + at, sizeof(first));
		memcpy(&second, from + at + sizeof(first), sizeof(second));
		if (to != NULL) {
			memcpy(to + at, &first, sizeof(first));
			memcpy(to + at + sizeof(first), &second, sizeof(second));
		}
		sum_a += first & low_half;
		sum_b += first >> 32;
		sum_c += second & low_half;
		sum_d += second >> 32;
	}
	sum_a += sum_b + sum_c + sum_d;
	return sum_a[0] + sum_a[1] + sum_a[2] + sum_a[3];
}

WIDE_TARGET static uint64_t sum_wide(const uint8_t *from, size_t len_bytes)
{
	return sum_steps(NULL, from, len_bytes);
}

WIDE_TARGET static uint64_t copy_wide(uint8_t *to, const uint8_t *from, size_t len_bytes)
{
	return sum_steps(to, from, len_bytes);
}

// Loads the `size` bytes (a constant, at most 8) at `from + at`, copying them likewise.
static ALWAYS_INLINE uint64_t take(uint8_t *to, const uint8_t *from, size_t at, size_t size)
{
	uint64_t word = 0;

	memcpy(&word, from + at, size);
	if (to != NULL)
		memcpy(to + at, &word, size);
	return word;
}

// One's complement: the carry comes in again at the lower end. Two instructions.
static ALWAYS_INLINE uint64_t add_around(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

typedef uint64_t __attribute__((aligned(1), may_alias)) word;

#if CARRIES_ALONG
// The carry goes from one addition into the next, which compilers do not write by themselves.
static ALWAYS_INLINE uint64_t add_four(uint64_t sum, const word *at)
{
	__asm__("addq %1, %0\n\t"
		"adcq %2, %0\n\t"
		"adcq %3, %0\n\t"
		"adcq %4, %0\n\t"
		"adcq $0, %0"
		: "+&r"(sum)
		: "m"(at[0]), "m"(at[1]), "m"(at[2]), "m"(at[3])
		: "cc");
	return sum;
}

static ALWAYS_INLINE uint64_t add_eight(uint64_t sum, const word *at)
{
	__asm__("addq %1, %0\n\t"
		"adcq %2, %0\n\t"
		"adcq %3, %0\n\t"
		"adcq %4, %0\n\t"
		"adcq %5, %0\n\t"
		"adcq %6, %0\n\t"
		"adcq %7, %0\n\t"
		"adcq %8, %0\n\t"
		"adcq $0, %0"
		: "+&r"(sum)
		: "m"(at[0]), "m"(at[1]), "m"(at[2]), "m"(at[3]), "m"(at[4]), "m"(at[5]),
		  "m"(at[6]), "m"(at[7])
		: "cc");
	return sum;
}
#else
static ALWAYS_INLINE uint64_t add_four(uint64_t sum, const word *at)
{
	for (unsigned i = 0; i < 4; i++)
		sum = add_around(sum, at[i]);
	return sum;
}

static ALWAYS_INLINE uint64_t add_eight(uint64_t sum, const word *at)
{
	return add_four(add_four(sum, at), at + 4);
}
#endif

static ALWAYS_INLINE uint32_t sum_bytes(uint8_t *to, const uint8_t *from, size_t len_bytes,
					uint64_t start)
{
	uint64_t sum = start;
	size_t at = 0;

	for (; len_bytes - at >= 64; at += 64) {
		if (to != NULL)
			memcpy(to + at, from + at, 64);
		sum = add_eight(sum, (const word *)(const void *)(from + at));
	}
	if ((len_bytes & 32) != 0) {
		if (to != NULL)
			memcpy(to + at, from + at, 32);
		sum = add_four(sum, (const word *)(const void *)(from + at));
		at += 32;
	}
	for (; len_bytes - at >= 8; at += 8)
		sum = add_around(sum, take(to, from, at, 8));
	if ((len_bytes & 4) != 0) {
		sum = add_around(sum, take(to, from, at, 4));
		at += 4;
	}
	if ((len_bytes & 2) != 0) {
		sum = add_around(sum, take(to, from, at, 2));
		at += 2;
	}
	if ((len_bytes & 1) != 0)
		sum = add_around(sum, take(to, from, at, 1));
	return checksum_narrow(sum);
}

static __attribute__((noinline)) uint32_t sum_long(uint8_t *to, const uint8_t *from,
						   size_t len_bytes, uint32_t start)
{
	size_t wide = HAS_WIDE() ? len_bytes - len_bytes % WIDE_STEP_BYTES : 0;
	uint64_t sum = start;

	if (wide > 0)
		sum += to != NULL ? copy_wide(to, from, wide) : sum_wide(from, wide);
	if (to != NULL)
		return sum_bytes(to + wide, from + wide, len_bytes - wide, sum);
	return sum_bytes(NULL, from + wide, len_bytes - wide, sum);
}

uint32_t checksum_partial(const void *bytes, size_t len_bytes, uint32_t sum)
{
	if (len_bytes >= WIDE_MIN_BYTES)
		return sum_long(NULL, bytes, len_bytes, sum);
	return sum_bytes(NULL, bytes, len_bytes, sum);
}

uint32_t checksum_copy(void *to, const void *from, size_t len_bytes, uint32_t sum)
{
	if (to == NULL)
		__builtin_unreachable(); // NULL is what says that nothing is copied
	if (len_bytes >= WIDE_MIN_BYTES)
		return sum_long(to, from, len_bytes, sum);
	return sum_bytes(to, from, len_bytes, sum);
}

// An IPv4 address may stay mapped: its ::ffff adds nothing to a sum modulo 0xffff.
uint32_t checksum_pseudo(const struct plx_addr *src, const struct plx_addr *dst, uint8_t protocol)
{
	uint64_t sum = be16_of(protocol);

	for (size_t at = 0; at < sizeof(src->bytes); at += sizeof(uint64_t)) {
		sum = add_around(sum, take(NULL, src->bytes, at, sizeof(uint64_t)));
		sum = add_around(sum, take(NULL, dst->bytes, at, sizeof(uint64_t)));
	}
	return checksum_narrow(sum);
}

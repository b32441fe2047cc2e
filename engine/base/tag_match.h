// SPDX-License-Identifier: BSD-3-Clause
//
// Compares one 16-bit tag with the eight of a bucket at once and answers with a bit per slot. SSE2 is
// part of every x86-64; other machines take the plain loop, which a test holds against it.
// Called by flow_table only; the one place of base/ that knows an instruction set.
#ifndef BASE_TAG_MATCH_H
#define BASE_TAG_MATCH_H

#include <stdint.h>

enum { TAG_SLOTS = 8 };

static inline unsigned tag_match_plain(const uint16_t tags[TAG_SLOTS], uint16_t tag)
{
	unsigned hits = 0;

	for (unsigned i = 0; i < TAG_SLOTS; i++)
		hits |= (unsigned)(tags[i] == tag) << i;
	return hits;
}

#ifdef __SSE2__
#include <emmintrin.h>

// `tags` is 16-byte aligned.
static inline unsigned tag_match(const uint16_t tags[TAG_SLOTS], uint16_t tag)
{
	__m128i all = _mm_load_si128((const __m128i *)(const void *)tags);
	__m128i equal = _mm_cmpeq_epi16(all, _mm_set1_epi16((short)tag));

	return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128()));
}
#else
static inline unsigned tag_match(const uint16_t tags[TAG_SLOTS], uint16_t tag)
{
	return tag_match_plain(tags, tag);
}
#endif

#endif
